"""The part of a page about the target's difficulty: who gains where, by either measure."""

from __future__ import annotations

from functools import partial
from typing import Any

from posesift.report.blocks import Block, Charts, Fold, Note, Section, one_of
from posesift.report.figures import curves
from posesift.report.figures.curves import Parts
from posesift.report.pose_sets import PoseSet
from posesift.report.sections import source_bins
from posesift.report.wording import part_names
from posesift.results import by_seed, evalpose_form
from posesift.results.by_seed import Compared, Interval
from posesift.results.evalpose_form import LIMBS, Form

TITLE = "By difficulty"
BY = "Measured by"
AXIS = "difficulty of the target's poses"
NOT_SPLIT = (
    "Nothing is shown by difficulty: too few samples of a known difficulty were tested to be "
    "split, or no measure is defined on them."
)


def difficulty(comparison: Compared, target: PoseSet | None = None) -> Section:
    """Levels and differences over the target's difficulty bins, and over the scorer's own.

    Args:
        comparison: of ``comparison.json``.
        target: the tested poses with each arm's errors, None where they are not available.
    """
    options: list[tuple[str, list[Block]]] = []
    for key, measure, unit in _measures(evalpose_form.of_comparison(comparison)):
        bins = max(
            (len(by_seed.bin_levels(comparison, arm["name"])) for arm in comparison["arms"]),
            default=0,
        )
        blocks: list[Block] = []
        if bins:
            split = curves.Split(
                Parts(measure, unit, part_names(bins), AXIS),
                partial(by_seed.bin_levels, comparison, metric=key),
                partial(by_seed.bins_by_seed, comparison, metric=key),
                f"{_of(measure)} by difficulty",
                _bars(comparison, key),
            )
            blocks += curves.pairs(comparison, split)
        if target is not None:
            sampled = measure if key == "pck" else LIMBS.name
            blocks += source_bins.of_comparison(comparison, target, sampled, unit)
        if blocks:
            options.append((measure, blocks))
    if not options:
        return Section("difficulty", TITLE, "", [Note(NOT_SPLIT)])
    lead = (
        "Target samples in bins of equal size, easiest first. Their difficulty comes from an "
        "independent score (a world's own −log p, or the distance to the nearest source poses in "
        "angle space), never from the score that chose the training samples."
    )
    first = [(measure, blocks[:1]) for measure, blocks in options]
    rest = [(measure, blocks[1:]) for measure, blocks in options if blocks[1:]]
    shown = one_of(BY, first)
    if rest:
        shown.append(Fold("By sampling strategy and by bin of the score", one_of(BY, rest)))
    return Section("difficulty", TITLE, lead, shown)


def of_run(sets: dict[str, dict[str, Any]], target: PoseSet | None = None) -> Section:
    """One run: a curve a set over its difficulty bins, and over the scorer's own.

    Args:
        sets: of ``evaluation.json``, by their titles.
        target: the tested poses with the run's errors, None where they are not available.
    """
    options: list[tuple[str, list[Block]]] = []
    for key, measure, unit in _measures(evalpose_form.of(sets.values())):
        drawn = [(title, _levels(entry, key)) for title, entry in sets.items()]
        drawn = [(title, found) for title, found in drawn if any(found)]
        charts = []
        if drawn:
            names = part_names(max(len(found) for _, found in drawn))
            charts.append(
                curves.curves(
                    drawn,
                    Parts(measure, unit, names, "difficulty of the poses"),
                    title=f"{_of(measure)} by difficulty",
                    caption="Bars: 95 % intervals over images." if key == "pck" else "",
                )
            )
        if target is not None and (
            chart := source_bins.of_run(target, measure if key == "pck" else LIMBS.name, unit)
        ):
            charts.append(chart)
        if charts:
            options.append((measure, [Charts(charts)]))
    if not options:
        return Section("difficulty", TITLE, "", [Note(NOT_SPLIT)])
    lead = (
        "Samples of each set in bins of equal size, easiest first, by a score that chose no "
        "training sample."
    )
    return Section("difficulty", TITLE, lead, one_of(BY, options))


def _measures(form: Form) -> tuple[tuple[str, str, str], ...]:
    """Key in a row of ``by_bin``, name and unit."""
    return ("pck", "PCK@0.05", "%"), (form.key, form.name, "0–100")


def _levels(entry: dict[str, Any], key: str) -> list[Interval | None]:
    found: list[Interval | None] = []
    for row in entry.get("by_bin") or []:
        ends = (row.get("interval") or (None, None)) if key == "pck" else (None, None)
        found.append(None if row.get(key) is None else Interval(row[key], *ends))
    return found


def _of(measure: str) -> str:
    return "Accuracy" if measure == "PCK@0.05" else measure


def _bars(comparison: Compared, key: str) -> str:
    if len(comparison["seeds"]) > 1:
        return "Bars: 95 % intervals over seeds."
    return "Bars: 95 % intervals over images (one seed)." if key == "pck" else "One seed."
