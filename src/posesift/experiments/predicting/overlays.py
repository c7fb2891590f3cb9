"""Predictions drawn on their pictures, and a sheet of crops by confidence.

Shapes: H W image height and width, K keypoints, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from posesift import progress
from posesift.data.checks.contact_sheet import Tile, write_sheet
from posesift.data.checks.tiles import TILE
from posesift.data.drawing import draw_pose
from posesift.data.files import video
from posesift.data.pixels import reduction_for, warp
from posesift.experiments.predicting.crops import Frame, Photograph, Picture
from posesift.experiments.predicting.named import Named
from posesift.experiments.predicting.rows import TABLE, Row, read_rows
from posesift.poses import geometry
from posesift.skeletons import Skeleton
from posesift.storage import atomic_path, write_bytes

FOLDER, SHEET = "overlays", "contact-sheet.jpg"
SHOWN = 48
"""Crops of the sheet."""

_QUALITY = 90
_INK, _PAPER = (24, 24, 27), (255, 255, 255)
HOLLOW = "less sure than usual"


def draw_overlays(folder: Path, named: Named, skeleton: Skeleton, low: float | None) -> None:
    """Draw all predictions: an image of each photograph, an mp4 of each video.

    Names begin with the number of the picture, so that none takes the place of another. What is
    there from an interrupted call is kept.

    Args:
        folder: with its rows.
        named: the pictures.
        skeleton: of the predictions.
        low: confidence below which a keypoint is drawn hollow; None: none is.
    """
    clips = set(named.videos)
    total = pq.ParquetFile(folder / TABLE).metadata.num_rows
    with progress.bar("drawing", total) as bar:
        for name, rows in itertools.groupby(read_rows(folder), lambda row: _file_of(row, clips)):
            if name in clips:
                _draw_video(folder, name, named.root / name, rows, skeleton, low, bar)
                continue
            people = list(rows)
            path = folder / FOLDER / _name(people[0].picture, name, ".jpg")
            if not path.is_file():
                image_HW3 = Photograph(name, named.root / name).pixels(1)
                drawn_HW3 = drawn(image_HW3[..., ::-1], people, skeleton, low)
                write_bytes(path, _jpeg(drawn_HW3))
            bar.advance(len(people))


def drawn(
    image_HW3: NDArray[np.uint8], people: Iterable[Row], skeleton: Skeleton, low: float | None
) -> NDArray[np.uint8]:
    """Return a picture (RGB) with the poses of people, their boxes and mean confidences."""
    people = list(people)
    for row in people:
        known_K = np.asarray(np.isfinite(row.keypoints_K2).all(-1))
        width = max(1.0, float(row.box_4[2:].max()) / 90)
        hollow_K = None if low is None else row.confidence_K < low
        image_HW3 = draw_pose(
            image_HW3, row.keypoints_K2, known_K, skeleton, occluded_K=hollow_K, width=width
        )
    image_HW3 = np.ascontiguousarray(image_HW3)
    scale = max(0.35, min(image_HW3.shape[:2]) / 900)
    for row in people:
        left, top, wide, high = (round(float(value)) for value in row.box_4)
        if row.size != (wide, high):
            corner = left + wide - 1, top + high - 1
            cv2.rectangle(image_HW3, (left, top), corner, _PAPER, max(1, round(scale)))
        _write(image_HW3, f"{row.score:.2f}", (max(left, 0) + 4, max(top, 0) + 4), scale)
    return image_HW3


def draw_sheet(folder: Path, named: Named, skeleton: Skeleton, low: float | None) -> Path:
    """Write a sheet of crops, the least sure first: all of them, or even steps of confidence."""
    score_N = pq.read_table(folder / TABLE, columns=["score"])["score"].to_numpy()
    order_N = np.argsort(score_N, kind="stable")
    steps_M = np.linspace(0, len(order_N) - 1, min(SHOWN, len(order_N))).round().astype(int)
    chosen = {int(row): place for place, row in enumerate(order_N[steps_M])}
    rows = [(n, row) for n, row in enumerate(read_rows(folder)) if n in chosen]
    found: list[tuple[int, Tile]] = []
    for picture, (number, row) in _pictures(named, rows):
        tile = _tile(picture, row, skeleton, low)
        found.append((chosen[number], Tile(tile, row.name, f"{row.score:.2f}")))
    found.sort(key=lambda pair: pair[0])
    shown = [tile for _, tile in found]
    title = f"{len(shown)} of {len(score_N):,} predictions, the least confident first"
    hollow = HOLLOW if low is not None else ""
    sections = [(title, shown)]
    facts = f"{skeleton.name}, mean confidence beside each name"
    return write_sheet(folder / SHEET, str(named.root), facts, skeleton, sections, hollow=hollow)


def _tile(picture: Picture, row: Row, skeleton: Skeleton, low: float | None) -> NDArray[np.uint8]:
    matrix_23 = geometry.crop_matrices(row.box_4, TILE)[0]
    reduction = reduction_for(matrix_23)
    tile_SS3 = warp(picture.pixels(reduction), matrix_23, TILE, reduction)[..., ::-1]
    points_K2 = geometry.apply(matrix_23, row.keypoints_K2.astype(np.float64))
    hollow_K = None if low is None else row.confidence_K < low
    known_K = np.asarray(np.isfinite(points_K2).all(-1))
    return draw_pose(tile_SS3, points_K2, known_K, skeleton, occluded_K=hollow_K, width=2)


def _pictures(
    named: Named, rows: list[tuple[int, Row]]
) -> Iterator[tuple[Picture, tuple[int, Row]]]:
    """Give the picture of each row; of a video all in one go."""
    clips = set(named.videos)
    for name, group in itertools.groupby(rows, lambda pair: _file_of(pair[1], clips)):
        if name not in clips:
            picture = Photograph(name, named.root / name)
            yield from ((picture, pair) for pair in group)
            continue
        wanted = list(group)
        by_frame = itertools.groupby(wanted, lambda pair: _frame_of(pair[1]))
        frames = enumerate(video.whole_frames(named.root / name))
        for frame, pairs in by_frame:
            image_HW3 = next(image for number, image in frames if number == frame)
            picture = Frame(f"{name}#{frame}", image_HW3)
            yield from ((picture, pair) for pair in pairs)


def _draw_video(
    folder: Path,
    name: str,
    path: Path,
    rows: Iterator[Row],
    skeleton: Skeleton,
    low: float | None,
    bar: progress.Bar,
) -> None:
    """Write one mp4 of a whole video, in which frames without a prediction are as they were."""
    import av

    first = next(rows)
    number = first.picture - _frame_of(first)  # of the first frame
    goal = folder / FOLDER / _name(number, name, ".mp4")
    if goal.is_file():
        bar.advance(1 + sum(1 for _ in rows))
        return
    waiting = itertools.groupby(itertools.chain([first], rows), _frame_of)
    frame, people = next(waiting)
    with (
        atomic_path(goal) as temporary,
        av.open(str(temporary), "w", options={"movflags": "faststart"}) as out,
    ):
        codec, how = _codec()
        stream = out.add_stream(codec, rate=video.rate(path), options=how)
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # the same bytes on any number of cores
        for place, image_HW3 in enumerate(_until_broken(path)):
            image_HW3 = image_HW3[..., ::-1]
            if place == frame:
                shown = list(people)
                image_HW3 = drawn(image_HW3, shown, skeleton, low)
                bar.advance(len(shown))
                frame, people = next(waiting, (None, iter(())))
            even_HW3 = _even(image_HW3)
            if place == 0:
                stream.height, stream.width = even_HW3.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(even_HW3), format="rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode())


def _until_broken(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Give the whole frames of a video; that it breaks off has been said."""
    try:
        yield from video.whole_frames(path)
    except ValueError:
        return


def _even(image_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture whose sides are even, as H.264 wants them; an edge is repeated for it."""
    down, right = (side % 2 for side in image_HW3.shape[:2])
    if not (down or right):
        return image_HW3
    return np.pad(image_HW3, ((0, down), (0, right), (0, 0)), mode="edge")


def _codec() -> tuple[str, dict[str, str]]:
    """H.264 where FFmpeg was built with its encoder, which browsers play; else MPEG-4.

    The tree of macroblocks, which saves a few bits, makes x264 write other bytes now and then.
    """
    import av.codec

    if "libx264" in av.codec.codecs_available:
        return "libx264", {"x264-params": "mbtree=0"}
    return "mpeg4", {}


def _file_of(row: Row, clips: set[str]) -> str:
    """Return the file that a row is of: of a frame its video."""
    clip, sign, frame = row.name.rpartition("#")
    return clip if sign and frame.isdecimal() and clip in clips else row.name


def _frame_of(row: Row) -> int:
    return int(row.name.rpartition("#")[2])


def _name(number: int, name: str, suffix: str) -> str:
    """Return the name of an overlay: the number is its own, words tell where it comes from.

    >>> _name(12, "a b/Ä:1.JPG", ".jpg")
    '000012-1.jpg'
    """
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", PurePosixPath(name).stem).strip("-")[:48]
    return f"{number:06d}-{plain or 'x'}{suffix}"


def _jpeg(image_HW3: NDArray[np.uint8]) -> bytes:
    bgr_HW3 = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR)
    done, content = cv2.imencode(".jpg", bgr_HW3, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return content.tobytes()


def _write(image_HW3: NDArray[np.uint8], words: str, corner: tuple[int, int], scale: float) -> None:
    """Write a few plain characters, the upper left corner of the first at ``corner``."""
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(1.5 * scale))
    (_, high), _ = cv2.getTextSize(words, font, scale, thick)
    at = corner[0], corner[1] + high
    cv2.putText(image_HW3, words, at, font, scale, _INK, thick + 2, cv2.LINE_AA)
    cv2.putText(image_HW3, words, at, font, scale, _PAPER, thick, cv2.LINE_AA)
