"""One table by class of poses: how rare it is, how well models do on it, whether it is covered.

Classes are what the data name, else bins of the source's scorer. It answers at once which poses
are rare, which fail, and which to render.

N target poses, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesift.difficulty.bins import groups
from posesift.report import pictures
from posesift.report.blocks import WHOLE, Block, Cell, Fold, Picture, Row, Section, Table
from posesift.report.pose_sets import Outcome, PoseSet
from posesift.report.uncovered import Lacking
from posesift.report.wording import spoken
from posesift.results import by_seed, ranking
from posesift.results.by_seed import Compared

SHOWN = 12  # classes that stand open
FEWEST = 10  # poses of a class, below which its PCK is not shown
BINS = 10


@dataclass(frozen=True)
class _Class:
    name: str
    in_source_N: NDArray[np.bool_]
    in_target_N: NDArray[np.bool_]


def classes(
    source: PoseSet | None,
    target: PoseSet | None,
    lacks: Lacking | str,
    comparison: Compared | None = None,
) -> Section | None:
    """Classes with their shares, PCK@0.05 of models, and what is not covered.

    Args:
        source: the scored poses.
        target: the poses to be predicted, with the errors of models where any predicted them.
        lacks: of `uncovered.of`.
        comparison: of ``comparison.json``, whose first seed the target is of: the reference and
            the best configuration are shown.

    Returns:
        None where one of the two sets is not available, or nothing splits both.
    """
    if source is None or target is None or not len(target):
        return None
    split, by_name = _split(source, target)
    if not split:
        return None
    shown = _shown(comparison, target) if comparison else target.outcomes
    drawn = _pictures(split, target)
    rows = [_row(one, shown, lacks, picture) for one, picture in zip(split, drawn, strict=True)]
    columns = ["source %", "target %", *(f"PCK {one.label}" for one in shown)]
    columns += ["not covered %", "covered up to rotation %"]
    seeds = comparison["seeds"] if comparison else []
    of = f" of seed {seeds[0]}" if len(seeds) > 1 else ""
    caption = "Shares of all poses of the source and of the target. "
    if shown:
        caption += (
            f"PCK@0.05 in percent, over the target images of the class{of}; – where there are "
            f"fewer than {FEWEST}. "
        )
    caption += (
        "Not covered: target poses without a similar source pose; up to rotation: those of them "
        "whose joint angles the source has, but turned otherwise."
    )
    what = "pose class" if by_name else "bin of the score"
    title = "Pose classes" if by_name else "Bins of the score"
    blocks: list[Block] = [Table(title, what, columns, rows[:SHOWN], caption)]
    if rest := rows[SHOWN:]:
        more = Table("Further pose classes", what, columns, rest)
        blocks.append(Fold(f"{len(rest)} more", [more]))
    lead = "Rarest in the source first." if by_name else (
        "The data name no classes, so poses are grouped by the difficulty score, hardest first."
    )  # fmt: skip
    return Section("classes", title, lead, blocks)


def _split(source: PoseSet, target: PoseSet) -> tuple[list[_Class], bool]:
    """Classes by name where both sets have names, rarest in the source first; else bins."""
    if source.table.mode_N is not None and target.table.mode_N is not None:
        mine, theirs = source.table.mode_N.astype(str), target.table.mode_N.astype(str)
        found = [_Class(spoken(str(n)), mine == n, theirs == n) for n in np.unique(theirs) if n]
        return sorted(found, key=lambda one: (one.in_source_N.mean(), one.name)), True
    if not target.binned_as(source.edges) or source.k < 2:
        return [], False
    pairs = groups(source.k, BINS).tolist()
    found = [
        _Class(
            f"{first + 1}" if first == last else f"{first + 1} to {last + 1}",
            (source.bin_N >= first) & (source.bin_N <= last),
            (target.bin_N >= first) & (target.bin_N <= last),
        )
        for first, last in pairs
    ]
    return found[::-1], False


def _shown(comparison: Compared, target: PoseSet) -> list[Outcome]:
    """Return the reference and the best configuration, as far as their predictions were kept."""
    best = ranking.ranked(comparison)
    names = [by_seed.reference(comparison), *([best[0][0]] if best else [])]
    labels = [by_seed.label(comparison, name) for name in dict.fromkeys(names)]
    of = {one.label: one for one in target.outcomes}
    return [of[label] for label in labels if label in of]


def _row(one: _Class, shown: list[Outcome], lacks: Lacking | str, drawn: Picture | None) -> Row:
    cells = [Cell(100 * float(inside_N.mean())) for inside_N in (one.in_source_N, one.in_target_N)]
    cells += [Cell(_pck(outcome, one.in_target_N)) for outcome in shown]
    cells += [Cell(share, WHOLE) for share in _uncovered(lacks, one.in_target_N)]
    return Row(one.name, cells, picture=drawn)


def _pck(outcome: Outcome, inside_N: NDArray[np.bool_]) -> float | None:
    """PCK@0.05 pooled over the joints of a class, as tables have it."""
    weight_N = np.ones(len(inside_N)) if outcome.counted_N is None else outcome.counted_N
    known_N = inside_N & np.isfinite(outcome.pck_N) & (weight_N > 0)
    if known_N.sum() < FEWEST:
        return None
    return float(np.average(outcome.pck_N[known_N], weights=weight_N[known_N]))


def _uncovered(lacks: Lacking | str, inside_N: NDArray[np.bool_]) -> list[float | None]:
    """Percent of a class's poses looked at that the source lacks, and lacks only so turned."""
    if isinstance(lacks, str) or not (inside := inside_N[lacks.coverage.row_N]).any():
        return [None, None]
    lacking_N = ~lacks.coverage.covered_N[inside]
    turned_N = lacking_N & lacks.coverage.by_angles_N[inside]
    return [100 * float(some_N.mean()) for some_N in (lacking_N, turned_N)]


def _pictures(split: list[_Class], target: PoseSet) -> list[Picture | None]:
    """Return a pose of each class: of the target the one with the middle score."""
    middle = [target.middle(one.in_target_N) for one in split]
    known = [row for row in middle if row is not None]
    said = [
        (f"Target pose, {one.name}", [])
        for one, row in zip(split, middle, strict=True)
        if row is not None
    ]
    drawn = iter(pictures.labelled(target.table, np.array(known, np.int64), said)[0])
    return [None if row is None else next(drawn) for row in middle]
