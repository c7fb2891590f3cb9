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


def classes(comparison: Compared, source: PoseSet | None, target: PoseSet | None,
            lacks: Lacking | str) -> Section | None:  # fmt: skip
    """Classes with their shares, PCK@0.05 of the reference and the best, and what is not covered.

    Args:
        comparison: of ``comparison.json``.
        source: the scored poses.
        target: the tested poses with every model's errors, of the first seed.
        lacks: of `uncovered.of`.

    Returns:
        None where one of the two sets is not available, or nothing splits both.
    """
    if source is None or target is None or not len(target):
        return None
    split, by_name = _split(source, target)
    if not split:
        return None
    shown = _shown(comparison, target)
    drawn = _pictures(split, target)
    rows = [_row(one, shown, lacks, picture) for one, picture in zip(split, drawn, strict=True)]
    columns = ["source %", "target %", *(f"PCK {one.label}" for one in shown), "not covered %"]
    seed = comparison["seeds"][0]
    of = f" of seed {seed}" * (len(comparison["seeds"]) > 1)
    caption = (
        "Shares of all poses of the source and of the target. PCK@0.05 in percent, over the "
        f"target images of the class{of}; – where there are fewer than {FEWEST}. Not covered: "
        "target poses without a similar source pose."
    )
    what = "pose class" if by_name else "bin of the score"
    table = Table("Pose classes" if by_name else "Bins of the score", what, columns, rows, caption)
    blocks: list[Block] = [table]
    if len(rows) > SHOWN:
        first, rest = rows[:SHOWN], rows[SHOWN:]
        blocks = [
            Table(table.title, what, columns, first, caption),
            Fold(f"{len(rest)} more", [Table("Further pose classes", what, columns, rest)]),
        ]
    lead = "Rarest in the source first." if by_name else (
        "The data name no classes, so poses are grouped by the difficulty score, hardest first."
    )  # fmt: skip
    return Section("classes", "Pose classes" if by_name else "Bins of the score", lead, blocks)


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
    return Row(one.name, [*cells, Cell(_uncovered(lacks, one.in_target_N), WHOLE)], picture=drawn)


def _pck(outcome: Outcome, inside_N: NDArray[np.bool_]) -> float | None:
    """PCK@0.05 pooled over the joints of a class, as tables have it."""
    weight_N = np.ones(len(inside_N)) if outcome.counted_N is None else outcome.counted_N
    known_N = inside_N & np.isfinite(outcome.pck_N) & (weight_N > 0)
    if known_N.sum() < FEWEST:
        return None
    return float(np.average(outcome.pck_N[known_N], weights=weight_N[known_N]))


def _uncovered(lacks: Lacking | str, inside_N: NDArray[np.bool_]) -> float | None:
    """Percent of a class's poses, of those looked at, that the source does not cover."""
    if isinstance(lacks, str):
        return None
    inside = inside_N[lacks.coverage.row_N]
    return 100 * float((~lacks.coverage.covered_N[inside]).mean()) if inside.any() else None


def _pictures(split: list[_Class], target: PoseSet) -> list[Picture | None]:
    """Return a pose of each class: of the target the one with the middle score."""
    found: list[Picture | None] = [None] * len(split)
    places, rows = [], []
    for place, one in enumerate(split):
        inside = np.flatnonzero(one.in_target_N & np.isfinite(target.score_N))
        if len(inside):
            order = inside[np.argsort(target.score_N[inside], kind="stable")]
            places.append(place)
            rows.append(int(order[len(order) // 2]))
    if rows:
        said = [(f"Target pose, {split[place].name}", []) for place in places]
        drawn, _ = pictures.labelled(target.table, np.array(rows), said)
        for place, picture in zip(places, drawn, strict=True):
            found[place] = picture
    return found
