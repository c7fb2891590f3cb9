"""Whether models fail on the target poses that are rare in the source, against the others.

PCK@0.05 pooled over the joints of the headline group, as in the tables; over seeds where the
data name what a pose shows, else for the first seed with intervals over images.

N samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from posesift.evaluation import intervals, pck
from posesift.report import pictures
from posesift.report.answers import rare_poses
from posesift.report.blocks import Finding
from posesift.report.pose_sets import PoseSet
from posesift.report.statement import amount, excess
from posesift.report.wording import number, signed
from posesift.results import by_seed, methods, ranking
from posesift.results.by_seed import Interval
from posesift.results.comparison import Comparison
from posesift.results.predictions import Predictions

QUESTION = "Does the model fail on them?"
THRESHOLD = 0.05
Side = tuple[np.ndarray, np.ndarray]
"""Correct and counted joints of each of some samples."""
Masks = dict[int, tuple[np.ndarray, np.ndarray]]
"""By seed: index of the tested samples, and which of them are rare in the source."""


@dataclass(frozen=True)
class Split:
    """PCK@0.05 of one arm on rare poses and on the others.

    Attributes:
        rare: percent, mean over seeds.
        others: likewise.
        change: rare minus others; over seeds, or for one over images.
        seeds: how many.
    """

    rare: float
    others: float
    change: Interval
    seeds: int


def failing(folder: Comparison, source: PoseSet | None, target: PoseSet | None) -> Finding | None:
    """Set the reference, the best arm and the oracle beside each other on rare poses, if known."""
    if source is None or target is None:
        return None
    comparison = folder.comparison
    modes = rare_poses.modes_of(source.table)
    masks = _masks(folder, source, target, set(modes or ()))
    reference = by_seed.reference(comparison)
    found = split(folder, reference, masks)
    if found is None:
        return None
    label = by_seed.label(comparison, reference)
    named = bool(modes) and target.table.mode_N is not None
    kind = "rare poses" if named else "target poses as hard as the source's hardest bin"
    oracle = methods.target_oracle(comparison)
    top = split(folder, oracle["name"], masks) if oracle else None
    lack = beyond(folder, reference, oracle["name"], masks) if oracle else None
    over = "" if found.seeds > 1 else "over images"
    answer = excess(label, f"on {kind}", found.change, top and top.change, lack, over)
    levels = f"{label} {_levels(found)}"
    if top:
        levels += f", the oracle {_levels(top)}, so {label} is {_behind(top, found)} it"
    detail = [f"PCK@0.05 on {kind} and on the others: {levels}."]
    best = ranking.lead(comparison)
    if best and best.best != reference and (theirs := split(folder, best.best, masks)):
        name = by_seed.label(comparison, best.best)
        told = f"The best configuration, {name}: {_levels(theirs)}"
        if more := beyond(folder, best.best, reference, masks):
            told += f"; its drop minus that of {label}: {amount(more, over=over)}"
        if oracle and (more := beyond(folder, best.best, oracle["name"], masks)):
            told += f", minus the oracle's: {amount(more, over=over)}"
        detail.append(f"{told}.")
    detail.append(f"A joint is found when it is within {100 * THRESHOLD:.0f} % of the crop's side.")
    links = [("By difficulty", "difficulty"), ("Failures", "failures")]
    return Finding(QUESTION, answer, " ".join(detail), links=links)


def split(folder: Comparison, called: str, masks: Masks) -> Split | None:
    """PCK@0.05 of an arm on rare and other poses; None where no predictions were kept."""
    rare: dict[int, float] = {}
    others: dict[int, float] = {}
    half = 0.0
    for seed, sides in _sides(folder, called, masks).items():
        rare[seed], others[seed] = (float(100 * c.sum() / n.sum()) for c, n in sides)
        half = math.hypot(*(_half(*side) for side in sides))
    change = _over_images(by_seed.difference(rare, others), half)
    if change is None:
        return None
    low, high = (float(np.mean(list(side.values()))) for side in (rare, others))
    return Split(low, high, change, len(rare))


def beyond(folder: Comparison, one: str, other: str, masks: Masks) -> Interval | None:
    """Points that ``one`` loses on rare poses beyond what ``other`` loses, paired.

    Over seeds; for one seed over its images, which both arms have predicted.
    """
    mine, theirs = (_sides(folder, called, masks) for called in (one, other))
    lost: tuple[dict[int, float], dict[int, float]] = ({}, {})
    half = 0.0
    for seed in mine.keys() & theirs.keys():
        for found, sides in zip(lost, (mine[seed], theirs[seed]), strict=True):
            rare, others = (float(100 * c.sum() / n.sum()) for c, n in sides)
            found[seed] = others - rare
        apart = zip(mine[seed], theirs[seed], strict=True)
        half = math.hypot(*(_half(a.astype(float) - b, n) for (a, n), (b, _) in apart))
    return _over_images(by_seed.difference(*lost), half)


def _sides(folder: Comparison, called: str, masks: Masks) -> dict[int, list[Side]]:
    """By seed: correct and counted joints of an arm on rare poses, and on the others."""
    found: dict[int, list[Side]] = {}
    for seed, (index_N, rare_N) in masks.items():
        of = folder.predictions(called, seed)
        if of is None or not np.array_equal(of.index_N, index_N):
            continue
        correct_N, counted_N = _hits(of)
        if counted_N[rare_N].sum() and counted_N[~rare_N].sum():
            found[seed] = [(correct_N[some], counted_N[some]) for some in (rare_N, ~rare_N)]
    return found


def _over_images(change: Interval | None, half: float) -> Interval | None:
    """Return a difference over seeds; that of one seed with its interval over images."""
    if change is None or change.low is not None:
        return change
    return Interval(change.mean, change.mean - half, change.mean + half)


def _hits(of: Predictions) -> Side:
    """Correct and counted joints of the headline group, a sample: (N,) each."""
    errors_NK = pck.relative_errors(of.predicted_NK2, of.keypoints_NK2, of.visible_NK, of.side)
    return pck.hits(errors_NK, THRESHOLD, of.skeleton.groups["all"])


def _masks(folder: Comparison, source: PoseSet, target: PoseSet, modes: set[str]) -> Masks:
    """By mode for every seed, else by the source's hardest bin for the first."""
    comparison = folder.comparison
    first = comparison["seeds"][0]
    if not modes or target.table.mode_N is None:
        if not target.binned_as(source.edges) or source.k < 2:
            return {}
        return {first: (target.row_N, target.bin_N == source.k - 1)}
    found: Masks = {}
    reference = by_seed.reference(comparison)
    for seed in comparison["seeds"]:
        of = folder.predictions(reference, seed)
        table, _ = pictures.table_of(of.address, split="test") if of else (None, "")
        if of is None or table is None or table.mode_N is None or of.index_N.max() >= len(table):
            continue
        found[seed] = (of.index_N, np.isin(table.mode_N[of.index_N].astype(str), list(modes)))
    return found


def _half(correct_N: np.ndarray, counted_N: np.ndarray) -> float:
    """Half the 95 % interval of a pooled share over images, in points."""
    some_N = counted_N > 0
    if some_N.sum() < 2:
        return math.inf
    return 100 * intervals.ratio_of_sums(correct_N[some_N], counted_N[some_N])[1]


def _levels(of: Split) -> str:
    return f"{number(of.rare)} and {number(of.others)} %"


def _behind(top: Split, of: Split) -> str:
    """How far an arm is from the oracle on rare poses, and on the others."""
    rare, others = top.rare - of.rare, top.others - of.others
    if min(rare, others) >= 0:
        return f"{number(rare)} and {number(others)} points behind"
    return f"{signed(-rare)} and {signed(-others)} points from"
