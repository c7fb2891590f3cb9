"""What the page's explorer reads: poses, scores, angles and errors as JSON.

One number in columns and pixels for source and target: a pose is a byte a coordinate in its own
square frame, and the picture, where there is one, shows the same frame. All poses up to `LISTED`
are there; some of them have pictures, and those of a target what the models predicted.

N poses of a set, M of them listed, K keypoints, A angles, k bins, 2 = (x, y),
4 = (x, y, width, height).
"""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from posesift.difficulty import bins
from posesift.report import theme
from posesift.report.blocks import Block, Explorer, Note, Section
from posesift.report.explorer import thumbnails
from posesift.report.explorer.outcomes import failing_model, fair_share, pictured, predicted
from posesift.report.explorer.thumbnails import UNDEFINED
from posesift.report.figures import axes
from posesift.report.figures.score import SIMILARITY
from posesift.report.pose_sets import UNBINNED, PoseSet
from posesift.report.uncovered import Lacking
from posesift.report.wording import count

LISTED = 200_000  # poses of a set that a page holds
PICTURE_BYTES = {"source": 1_600_000, "target": 800_000}  # of all pictures of a set together
MOST_MODES = 65_534
_ROWS = 1 << 14  # at a time: bounds the memory
_NO_MODE = 65_535


def explorer_json(
    source: PoseSet | None,
    target: PoseSet | None,
    similarity: dict[str, Any] | None = None,
    covered_N: NDArray | None = None,
) -> str:
    """Return the explorer's data as JSON text that is safe inside HTML; same input, same bytes.

    Args:
        source: the scored poses; its edges are the bins of both.
        target: the tested poses, of the same skeleton; its own edges count where there is no
            source. One of the two must be there.
        similarity: of the source's bins, as ``summary.json`` has it.
        covered_N: of the target: 1 where the source has a like pose, 0 where it lacks one,
            `thumbnails.UNDEFINED` where that is not known.
    """
    sets = [one for one in (source, target) if one is not None]
    first, skeleton = sets[0], sets[0].table.skeleton
    shared_N = np.concatenate([one.score_N for one in sets if one.binned_as(first.edges)])
    shared = axes.bars(shared_N, first.edges)
    models = [] if target is None else [outcome.label for outcome in target.outcomes]
    return thumbnails.safe_json(
        {
            "version": 1,
            "skeleton": {
                "keypoints": list(skeleton.keypoints),
                "limbs": [list(limb) for limb in skeleton.limbs],
                "colours": list(skeleton.colours),
                "triplets": [list(triplet) for triplet in skeleton.triplets],
                "angles": list(skeleton.angle_names),
            },
            "score": {
                "method": first.scored_by,
                "k": first.k,
                "edges": first.edges.tolist(),
                "logarithmic": shared[0],
                "ramp": [_colours(b / max(first.k - 1, 1)) for b in range(first.k)],
            },
            "similarity": _similarity(similarity) if source is not None else None,
            "models": models,
            "model": (failing_model(target) if target is not None else None) or 0,
            "sets": [_set(one, first, shared, covered_N) for one in sets],
        }
    )


def _set(
    one: PoseSet, first: PoseSet, shared: tuple[bool, NDArray], covered_N: NDArray | None
) -> dict[str, Any]:
    """One set: what it is, its counts over all N, and the columns of the M that are listed."""
    n, k = len(one), first.k
    own = not one.binned_as(first.edges)
    bin_N, edges = _bins(one, k)
    listed = fair_share(bin_N, LISTED)
    chosen = listed[pictured(one, bin_N[listed], listed)]
    pictures, shortfall = thumbnails.thumbnails(
        one.table.select(chosen),
        one.title,
        min(thumbnails.LIMIT, PICTURE_BYTES[one.which] // max(len(chosen), 1)),
    )
    images = [image for image in pictures if image is not None]
    shown = chosen[[image is not None for image in pictures]]
    picture_N = np.full(n, -1, np.int64)
    picture_N[shown] = np.arange(len(images))
    modes, mode_N = _levels(one.table.mode_N, n, MOST_MODES)
    clips, clip_N = _levels(one.table.clip_N, n, n)
    logarithmic, bars = axes.bars(one.score_N, edges) if own else shared
    score_N = one.every_score[np.isfinite(one.every_score)]
    every_bin = bin_N if one.whole is None else one.every_bin
    counts, _ = np.histogram(np.clip(score_N, bars[0], bars[-1]), bars)
    part = one.table.select(listed)
    predictions, with_them = predicted(one, listed, np.isin(listed, chosen))
    if covered_N is not None and one.which == "target":
        predictions["covered"] = thumbnails.column(covered_N[listed], "u1")
    return {
        "which": one.which,
        "title": one.title,
        "address": one.table.address,
        "total": one.total,
        "listed": len(listed),
        "note": _note(one, len(listed), len(images), shortfall, own, with_them),
        "histogram": {
            "edges": bars.tolist(),
            "counts": counts.tolist(),
            "ticks": axes.score_ticks(logarithmic, bars),
        },
        "bin_counts": np.bincount(every_bin[every_bin != UNBINNED], minlength=k).tolist(),
        "unscored": int((every_bin == UNBINNED).sum()),
        "modes": modes,
        "clips": clips,
        **({"edges": edges.tolist()} if own else {}),
        "columns": {
            "score": thumbnails.column(one.score_N[listed], "f4"),
            "bin": thumbnails.column(bin_N[listed], "i2"),
            "row": thumbnails.column(one.row_N[listed], "i4"),
            "keypoints": thumbnails.column(_framed(one, listed), "u1"),
            "visible": thumbnails.column(part.visible_NK, "u1"),
            "angles": thumbnails.column(thumbnails.wholes(one.angles_NA[listed], 180), "u1"),
            "mode": thumbnails.column(np.where(mode_N < 0, _NO_MODE, mode_N)[listed], "u2"),
            "clip": thumbnails.column(clip_N[listed], "i4"),
            "picture": thumbnails.column(picture_N[listed], "i4"),
            "pck": _outcomes(one, "pck_N", listed),
            "evalpose": _outcomes(one, "evalpose_N", listed),
            **predictions,
        },
        "names": _names(one, listed),
        "pictures": [base64.b64encode(image).decode("ascii") for image in images],
    }


def _colours(at: float) -> list[str]:
    """Give a place on the ramp on a light and on a dark page, and the ink read on each."""
    pair = theme.ramp_pair(at)
    return [*pair, *map(theme.on, pair)]


def _bins(one: PoseSet, k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the bin of each pose and the edges, at most k bins; a score of NaN has none."""
    known_N = (one.bin_N != UNBINNED) & ~np.isnan(one.score_N)
    bin_N = np.where(known_N, one.bin_N, UNBINNED)
    if one.k <= k:
        return bin_N, one.edges
    score_N = one.score_N[known_N]
    edges = bins.bin_edges(score_N, min(k, len(np.unique(score_N))))
    bin_N[known_N] = bins.assign(score_N, edges)
    return bin_N, edges


def _framed(one: PoseSet, rows: NDArray) -> NDArray[np.uint8]:
    """Keypoints as bytes across each pose's own frame, 0 at its left and upper edge."""
    found = np.empty((len(rows), len(one.table.skeleton), 2), np.uint8)
    for start in range(0, len(rows), _ROWS):
        part = one.table.select(rows[start : start + _ROWS])
        frame_M14 = thumbnails.frames(part)[:, None]
        with np.errstate(all="ignore"):  # of coordinates beyond all images
            # a frame begins at the outer corner of its first pixel, half a pixel before the centre
            across = (part.keypoints_NK2 + 0.5 - frame_M14[..., :2]) / frame_M14[..., 2:]
        shown = thumbnails.wholes(across * 255, 255)
        found[start : start + _ROWS] = np.where(part.visible_NK[:, :, None], shown, 0)
    return found


def _outcomes(one: PoseSet, name: str, rows: NDArray) -> dict[str, Any]:
    """Percentages of each model (M, models); no columns for a set that none predicted."""
    values_MO = np.empty((len(rows), len(one.outcomes)))
    for column, outcome in enumerate(one.outcomes):
        values_MO[:, column] = getattr(outcome, name)[rows]
    return thumbnails.column(thumbnails.wholes(values_MO, 100), "u1")


def _levels(values_N: NDArray | None, n: int, most: int) -> tuple[list[str], NDArray]:
    if values_N is None:
        return [], np.full(n, -1, np.int64)
    return thumbnails.levels(values_N, most)


def _names(one: PoseSet, rows: NDArray) -> dict[str, str] | None:
    """File names; a world's images are numbers, which the row says already."""
    if one.table.image_N is None or one.table.root.startswith("world:"):
        return None
    return thumbnails.text([str(name) for name in one.table.image_N[rows]])


def _similarity(similarity: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the bins' matrix, four digits of a cell, its picture, and the bins of each row."""
    if not similarity or not similarity.get("matrix"):
        return None
    value_GG = np.array(similarity["matrix"], float)  # None is NaN
    known = value_GG[np.isfinite(value_GG)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    share_GG = (value_GG - low) / (high - low) if high > low else value_GG - low + 1
    colours = LinearSegmentedColormap.from_list("similarity", SIMILARITY)
    rgba_GG4 = colours(np.ma.masked_invalid(share_GG), bytes=True)
    _, picture = cv2.imencode(".png", cv2.cvtColor(rgba_GG4, cv2.COLOR_RGBA2BGRA))
    return {
        "matrix": [
            [None if v is None else round(v, 4) for v in row] for row in similarity["matrix"]
        ],
        "bins": similarity.get("bins") or [[b, b] for b in range(len(value_GG))],
        "range": [round(low, 4), round(high, 4)] if known.size else [None, None],
        "stops": list(SIMILARITY),
        "picture": theme.data_uri(picture.tobytes(), "image/png"),
    }


def _note(
    one: PoseSet,
    listed: int,
    images: int,
    shortfall: str,
    own: bool,
    predictions: int,
) -> str:
    """Describe what is shown of a set, in sentences."""
    n = one.total
    begin = "One pose is here" if n == 1 else f"All {count(n)} poses are here"
    if listed < n:
        begin = (
            f"Histogram and counts are of all {count(n)} poses; {count(listed)} of them, drawn at "
            "random, the same number from each bin as far as bins have them, are here"
        )
    model = failing_model(one)
    of = "the hardest of each bin, and as many at random"
    if model is not None:
        label = one.outcomes[model].label
        of = f"the hardest of each bin, those of lowest PCK by {label}, some at random"
    if images == 0:
        said = [f"{begin}, drawn as skeletons."]
    elif images == listed:
        said = [f"{begin}, each with a picture."]
    else:
        said = [f"{begin}: {count(images)} with pictures ({of}), the rest drawn."]
    if 0 < predictions < listed:
        said.append(f"Predictions are kept for the {count(predictions)} poses chosen for pictures.")
    if reason := one.problem or shortfall:
        said.append(f"{reason[:1].upper()}{reason[1:]}.")
    if own:
        said.append(f"Bins are of this set alone, by the {one.scored_by}.")
    return " ".join(said)


TITLE = "Explorer"
FALLBACK = (
    "Looking through the poses needs a script, which does not run here. The sections below show "
    "the same poses in chosen bins."
)


def explore(
    source: PoseSet | None,
    target: PoseSet | None,
    missing: str,
    similarity: dict[str, Any] | None = None,
    lacks: Lacking | str = "",
) -> Section:
    """Return the explorer over source and target; a note where neither is at hand.

    Args:
        source: the scored poses.
        target: the tested poses.
        missing: why the source is not available, or "".
        similarity: of the source's bins, as ``summary.json`` has it.
        lacks: which of the target's poses the source covers, where that was worked out.
    """
    lead = (
        "Choose a bin to see its poses, two bins to set them side by side, or one pose to find "
        "those nearest to it in joint angles."
    )
    notes: list[Block] = []
    if missing:
        notes.append(Note(f"The source's poses are not shown: {missing}."))
    if source and target and not target.table.skeleton.same_as(source.table.skeleton):
        notes.append(Note("The target's poses are not shown: they have another skeleton."))
        target = None
    if source is None and target is None:
        if not missing:
            text = "No poses are shown: neither a score nor predictions were kept in this folder."
            notes.append(Note(text, strong=False))
        return Section("explore", TITLE, "Every pose, by how hard it is.", notes)
    data = explorer_json(source, target, similarity, _covered(target, lacks))
    return Section("explore", TITLE, lead, [*notes, Explorer(data, FALLBACK)])


def _covered(target: PoseSet | None, lacks: Lacking | str) -> NDArray[np.uint8] | None:
    """Whether the source covers each pose of the target; None where nobody asked."""
    if target is None or isinstance(lacks, str):
        return None
    covered_N = np.full(len(target), UNDEFINED, np.uint8)
    covered_N[lacks.coverage.row_N] = lacks.coverage.covered_N
    return covered_N
