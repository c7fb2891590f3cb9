"""The JSON layouts of Human3.6M, one part a video, and the samples of the reference code.

Shapes: N photographs of a subject, M chosen ones, K the 16 keypoints of ``body16``,
2 = (x, y).
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from posesift.data.files.uniform_images import uniform_sizes
from posesift.data.labels.cleaning import BAD_FRACTION
from posesift.data.readers.human36m.clips import Choice, clip_table, no_table
from posesift.data.readers.human36m.joints import ACTIONS
from posesift.data.readers.human36m.json_release import Subject
from posesift.data.readers.parts import LeftOut, Part
from posesift.poses.table import PoseTable
from posesift.storage import inside

_DRAWS = 3200  # of the published test
PUBLISHED_EVERY = 5

Load = Callable[[int], Subject]


def photograph_parts(
    load: Load,
    images: Path,
    choice: Choice,
    published: Mapping[int, np.ndarray] | None = None,
) -> Iterator[Part]:
    """One part a video: by subject, action, subaction and camera.

    Args:
        load: reads a subject. One is kept at a time, so reading parts out of order is slow.
        images: the folder of the images.
        choice: what the address asks for.
        published: rows of each subject, from `published_rows`; else every ``choice.every``-th
            frame of each video.
    """
    load = functools.lru_cache(maxsize=1)(load)
    for subject in choice.subjects:
        listed = load(subject)
        videos_V3, video_N = np.unique(listed.video_N3, axis=0, return_inverse=True)
        rows_N = np.lexsort((listed.frame_N, video_N))
        ends_V = np.cumsum(np.bincount(video_N, minlength=len(videos_V3)))
        chosen_V = [rows_M[:: choice.every] for rows_M in np.split(rows_N, ends_V[:-1])]
        if published is not None:
            rows_M = published[subject]
            chosen_V = [rows_M[video_N[rows_M] == v] for v in range(len(videos_V3))]
        left_out = LeftOut(len(videos_V3), "videos", f"{images}, subject {subject}")
        del listed  # or the next subject would be read beside it
        for (action, subaction, camera), rows_M in zip(videos_V3.tolist(), chosen_V, strict=True):
            if len(rows_M):
                clip = f"s_{subject:02}_act_{action:02}_subact_{subaction:02}_ca_{camera:02}"
                mode = ACTIONS.get(action, f"action {action}")
                chosen = (subject, rows_M, clip, mode)
                yield Part(
                    clip,
                    functools.partial(_video, load, images, choice, left_out, *chosen),
                )


def published_rows(
    load: Load, subjects: Sequence[int], *, test: bool, prepared: bool
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Return the samples of the reference code.

    It takes every 5th entry of each subject's list, whatever the video. Its test then draws 3,200
    of those *with replacement*, so some photographs come several times and most never.

    Args:
        load: reads a subject.
        subjects: in the order of the reference code.
        test: draw.
        prepared: the list holds every 5th entry already.

    Returns:
        Rows of each subject, with repetitions; and the names of all samples, in order.
    """
    step = 1 if prepared else PUBLISHED_EVERY
    name_of = {subject: load(subject).name_N for subject in subjects}
    subject_N = np.concatenate([np.full(len(n[::step]), s) for s, n in name_of.items()])
    row_N = np.concatenate([np.arange(0, len(name_N), step) for name_N in name_of.values()])
    if test and len(row_N):
        drawn = random.Random(42).choices(range(len(row_N)), k=_DRAWS)
        subject_N, row_N = subject_N[drawn], row_N[drawn]
    names = np.empty(len(row_N), object)
    for subject, name_N in name_of.items():
        names[subject_N == subject] = name_N[row_N[subject_N == subject]]
    return {subject: row_N[subject_N == subject] for subject in subjects}, names


def in_published_order(table: PoseTable, names: np.ndarray) -> PoseTable:
    """Return a table's samples in the reference code's order, without those left out."""
    assert table.image_N is not None
    row_of = {name: row for row, name in enumerate(table.image_N)}
    return table.select([row_of[name] for name in names if name in row_of])


def _video(
    load: Load,
    images: Path,
    choice: Choice,
    left_out: LeftOut,
    subject: int,
    rows_M: np.ndarray,
    clip: str,
    mode: str,
) -> PoseTable:
    """Return the table of the chosen photographs of one video."""
    listed = load(subject)
    name_M = listed.name_N[rows_M]
    for start in {name[: name.rfind("/") + 1] for name in name_M}:
        inside(images, start + "_")
    size_M2, bad = uniform_sizes(images, name_M.tolist())
    if len(bad) > BAD_FRACTION * len(rows_M):
        why = f"{clip}: {len(bad)} of {len(rows_M)} photographs are bad: {next(iter(bad.values()))}"
        return no_table(str(images), choice, left_out.add(clip, why))
    width, height = size_M2.max(0).tolist()
    points_MK2 = listed.points(rows_M)
    return clip_table(points_MK2, (width, height), name_M, clip, mode, str(images), choice, bad=bad)
