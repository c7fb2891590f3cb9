"""What the page's explorer reads: poses, scores, angles and errors as JSON.

One number in columns and pixels for source and target: a pose is a byte a coordinate in its own
square frame, and the picture, where there is one, shows the same frame. All poses up to `LISTED`
are there; `PICTURED` of them, spread over the bins, have pictures.

N poses of a set, M of them listed, K keypoints, A angles, k bins, 2 = (x, y),
4 = (x, y, width, height).
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift.difficulty import bins
from posesift.report import packing, theme, thumbnails
from posesift.report.pose_sets import UNBINNED, PoseSet
from posesift.report.wording import count

LISTED = 200_000  # poses of a set that a page holds
PICTURED = {"source": 720, "target": 360}  # pictures of a set
A_BIN = {"source": 24, "target": 96}  # of a bin, at most; a target crowds into the hardest bins
PICTURE_BYTES = {"source": 1_700_000, "target": 850_000}  # of all pictures of a set together
MOST_MODES = 65_534
LARGEST_MATRIX = 100  # rows of the bin similarity; neighbouring bins beyond that share one
BARS, MOST_BARS = 64, 160
_NO_MODE = 65_535


def explorer_json(
    source: PoseSet | None, target: PoseSet | None, similarity: dict[str, Any] | None = None
) -> str:
    """The explorer's data as JSON text that is safe inside HTML; same input, same bytes.

    Args:
        source: the scored poses; its edges are the bins of both.
        target: the tested poses; its own edges count where there is no source.
        similarity: of the source's bins, as ``summary.json`` has it.

    Raises:
        ValueError: both sets are missing, or they have different skeletons.
    """
    sets = [one for one in (source, target) if one is not None]
    if not sets:
        raise ValueError("expected poses of a source or of a target, found neither")
    first = sets[0]
    skeleton = first.table.skeleton
    if not all(one.table.skeleton.same_as(skeleton) for one in sets):
        raise ValueError(
            f"expected one skeleton, found {skeleton.difference(sets[-1].table.skeleton)}"
        )
    shared = [one for one in sets if np.array_equal(one.edges, first.edges)]
    logarithmic, bars = _bars(shared)
    models = [] if target is None else [outcome.label for outcome in target.outcomes]
    return packing.safe_json(
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
                "logarithmic": logarithmic,
                "ramp": [theme.ramp_pair(b / max(first.k - 1, 1)) for b in range(first.k)],
            },
            "similarity": _similarity(similarity) if source is not None else None,
            "models": models,
            "sets": [_set(one, first, bars, len(models)) for one in sets],
        }
    )


def fair_share(group_N: NDArray, most: int, each: int | None = None) -> NDArray[np.int64]:
    """Rows chosen at random (seed 0), the same number from each group as far as it has them.

    >>> chosen = fair_share(np.array([0] * 50 + [1] * 3 + [2] * 50), 21)
    >>> np.bincount(np.array([0] * 50 + [1] * 3 + [2] * 50)[chosen]).tolist()
    [9, 3, 9]

    Args:
        group_N: the group of each row.
        most: rows in all.
        each: rows of one group, at most.

    Returns:
        Rising rows; all of them where ``most`` and ``each`` allow.
    """
    if len(group_N) <= most and each is None:
        return np.arange(len(group_N))
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(group_N))
    order = shuffled[np.argsort(group_N[shuffled], kind="stable")]
    _, start, size = np.unique(group_N[order], return_index=True, return_counts=True)
    turn = np.arange(len(order)) - np.repeat(start, size)  # first of its group, second, ..
    if each is not None:
        order, turn = order[turn < each], turn[turn < each]
    # Who comes last in the round that is cut short is left to chance, not to the group's number.
    return np.sort(order[np.lexsort((rng.random(len(order)), turn))[:most]])


def _set(one: PoseSet, first: PoseSet, bars: NDArray, models: int) -> dict[str, Any]:
    """One set: what it is, its counts over all N, and the columns of the M that are listed."""
    n, k = len(one), first.k
    own = not np.array_equal(one.edges, first.edges)
    bin_N = _recut(one, k) if own else one.bin_N
    listed = fair_share(bin_N, LISTED)
    chosen = listed[fair_share(bin_N[listed], PICTURED[one.which], A_BIN[one.which])]
    pictured = thumbnails.thumbnails(
        one.table.select(chosen),
        one.title,
        min(thumbnails.LIMIT, PICTURE_BYTES[one.which] // max(len(chosen), 1)),
    )
    images = [image for image in pictured.images if image is not None]
    shown = chosen[[image is not None for image in pictured.images]]
    picture_N = np.full(n, -1, np.int64)
    picture_N[shown] = np.arange(len(images))
    modes, mode_N = _levels(one.table.mode_N, n, MOST_MODES)
    clips, clip_N = _levels(one.table.clip_N, n, n)
    if own:
        _, bars = _bars([one])
    score_N = one.score_N[np.isfinite(one.score_N)]
    counts, _ = np.histogram(np.clip(score_N, bars[0], bars[-1]), bars)
    part = one.table.select(listed)
    return {
        "which": one.which,
        "title": one.title,
        "address": one.table.address,
        "total": n,
        "listed": len(listed),
        "note": _note(one, len(listed), len(images), pictured, own),
        "histogram": {"edges": bars.tolist(), "counts": counts.tolist()},
        "bin_counts": np.bincount(bin_N[bin_N != UNBINNED], minlength=k).tolist(),
        "unscored": int((bin_N == UNBINNED).sum()),
        "modes": modes,
        "clips": clips,
        "columns": {
            "score": packing.column(one.score_N[listed], "f4"),
            "bin": packing.column(bin_N[listed], "i2"),
            "row": packing.column(one.row_N[listed], "i4"),
            "keypoints": packing.column(_framed(one, listed), "u1"),
            "visible": packing.column(part.visible_NK, "u1"),
            "angles": packing.column(packing.wholes(one.angles_NA[listed], 180), "u1"),
            "mode": packing.column(np.where(mode_N < 0, _NO_MODE, mode_N)[listed], "u2"),
            "clip": packing.column(clip_N[listed], "i4"),
            "picture": packing.column(picture_N[listed], "i4"),
            "pck": _outcomes(one, "pck_N", listed, models),
            "evalpose": _outcomes(one, "evalpose_N", listed, models),
        },
        "names": _names(one, listed),
        "pictures": [base64.b64encode(image).decode("ascii") for image in images],
    }


def _recut(one: PoseSet, k: int) -> NDArray[np.int64]:
    """At most k bins of a set that the other's scorer has not scored."""
    known_N = one.bin_N != UNBINNED
    bin_N = np.full(len(one), UNBINNED, np.int64)
    if known_N.any():
        score_N = one.score_N[known_N]
        edges = bins.bin_edges(score_N, min(k, len(np.unique(score_N))))
        bin_N[known_N] = bins.assign(score_N, edges)
    return bin_N


def _framed(one: PoseSet, rows: NDArray) -> NDArray[np.uint8]:
    """Keypoints as bytes across each pose's own frame, 0 at its left and upper edge."""
    part = one.table.select(rows)
    frame_M14 = thumbnails.frames(part)[:, None]
    with np.errstate(all="ignore"):  # of coordinates beyond all images
        # a frame begins at the outer corner of its first pixel, half a pixel before the centre
        across = (part.keypoints_NK2 + 0.5 - frame_M14[..., :2]) / frame_M14[..., 2:]
    return np.where(part.visible_NK[:, :, None], packing.wholes(across * 255, 255), 0)


def _outcomes(one: PoseSet, name: str, rows: NDArray, models: int) -> dict[str, Any]:
    """Percentages (M, models); undefined for a set that no model predicted."""
    values_MO = np.full((len(rows), models), np.nan)
    for column, outcome in enumerate(one.outcomes):
        values_MO[:, column] = getattr(outcome, name)[rows]
    return packing.column(packing.wholes(values_MO, 100), "u1")


def _levels(values_N: NDArray | None, n: int, most: int) -> tuple[list[str], NDArray]:
    if values_N is None:
        return [], np.full(n, -1, np.int64)
    return packing.levels(values_N, most)


def _names(one: PoseSet, rows: NDArray) -> dict[str, str] | None:
    """File names; a world's images are numbers, which the row says already."""
    if one.table.image_N is None or one.table.root.startswith("world:"):
        return None
    return packing.text([str(name) for name in one.table.image_N[rows]])


def _bars(sets: list[PoseSet]) -> tuple[bool, NDArray[np.float64]]:
    """Whether a logarithmic axis shows these scores better, and equal bars along it.

    At least `BARS` of them, and so many more (up to `MOST_BARS`) that the narrowest bin has one
    to itself. What lies far beyond all others belongs to the outermost bar.
    """
    score_N = np.concatenate([one.score_N for one in sets])
    score_N = score_N[np.isfinite(score_N)]
    edges = sets[0].edges
    score_N = score_N if len(score_N) else edges
    low, high = float(score_N.min()), float(score_N.max())
    if not low < high:
        return False, np.array([low - 0.5, low + 0.5])
    few, most = np.quantile(score_N, [0.001, 0.999])
    logarithmic = bool(low > 0 and most > 5 * few)
    scale, back = (np.log, np.exp) if logarithmic else (np.asarray, np.asarray)
    margin = max(float(scale(most) - scale(few)), 1e-12) / 4
    low, high = max(scale(low), scale(few) - margin), min(scale(high), scale(most) + margin)
    with np.errstate(all="ignore"):  # edges that no pose lies at may be 0 or less
        inner = scale(edges[1:-1])
    width = np.diff([low, *inner[(inner > low) & (inner < high)], high])
    wanted = np.ceil((high - low) / width[width > 0].min())
    return logarithmic, back(np.linspace(low, high, int(np.clip(wanted, BARS, MOST_BARS)) + 1))


def _similarity(similarity: dict[str, Any] | None) -> dict[str, Any] | None:
    """The bins' matrix with the bins of each row; neighbours share one where there are many."""
    if not similarity or not similarity.get("matrix"):
        return None
    matrix = np.array(similarity["matrix"], dtype=np.float64)  # null becomes NaN
    rows = similarity.get("bins") or [[b, b] for b in range(len(matrix))]
    if len(matrix) > LARGEST_MATRIX:
        start = np.unique(np.linspace(0, len(matrix), LARGEST_MATRIX, endpoint=False).astype(int))
        known, value = np.isfinite(matrix), np.nan_to_num(matrix)
        total, size = (
            np.add.reduceat(np.add.reduceat(part, start, 0), start, 1)
            for part in (value, known.astype(np.float64))
        )
        matrix = np.divide(total, size, out=np.full_like(total, np.nan), where=size > 0)
        ends = np.append(start[1:], len(rows)) - 1
        rows = [[rows[a][0], rows[b][1]] for a, b in zip(start, ends, strict=True)]
    # four digits are what a cell shows
    cells = [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in matrix]
    return {"matrix": cells, "bins": [[int(a), int(b)] for a, b in rows]}


def _note(
    one: PoseSet, listed: int, images: int, pictured: thumbnails.Thumbnails, own: bool
) -> str:
    """What is shown of a set, in sentences."""
    n = len(one)
    said = "one pose is" if n == 1 else f"all {count(n)} poses are"
    said = [f"{said} here.".capitalize()]
    if listed < n:
        said = [
            f"{count(listed)} of {count(n)} poses are here, drawn at random, the same number from "
            "each bin as far as bins have them; histogram and counts are of all."
        ]
    if images:
        rest = ", spread evenly over the bins; the others are drawn" if images < listed else ""
        said.append(f"{count(images)} with pictures{rest}.")
    else:
        said.append("Skeletons without pictures.")
    if reason := one.problem or pictured.shortfall:
        said.append(f"{reason[:1].upper()}{reason[1:]}.")
    if own:
        said.append(f"Bins are of this set alone, by the {one.scored_by}.")
    return " ".join(said)
