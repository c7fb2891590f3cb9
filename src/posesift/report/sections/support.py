"""The part of a page about support: errors on target poses that the source has similar ones of."""

from __future__ import annotations

from functools import partial
from typing import Any

from posesift.report.answers.support import supported
from posesift.report.blocks import Block, Charts, Note, Section
from posesift.report.figures import curves
from posesift.report.figures import curves as part_figures
from posesift.report.figures.curves import Parts
from posesift.report.wording import count
from posesift.results import by_seed
from posesift.results.by_seed import Compared, Interval, Supported

TITLE = "Accuracy vs number of similar source poses"
AXIS = "source poses close to the target pose"
SIMILAR = (
    "Close: within 15 degrees of root mean square difference over the joint angles, whichever way "
    "up the pose is."
)
NOT_MEASURED = "How much support the target's poses have in the source was not measured."


def support(comparison: Compared) -> Section:
    """Accuracy against the number of similar source poses: methods, then strategies of each."""
    measured = [
        found for a in comparison["arms"] if (found := by_seed.support(comparison, a["name"]))
    ]
    blocks: list[Block] = []
    if measured:
        most = max(measured, key=lambda rows: (len(rows), sum(row.samples for row in rows)))
        split = curves.Split(
            _parts([(row.low, row.high, row.samples) for row in most]),
            partial(_levels, comparison),
            lambda arm: [row.by_seed for row in by_seed.support(comparison, arm)],
            "Accuracy by support in the source",
            _caption(comparison, most),
        )
        if said := supported(comparison):
            blocks.append(Note(f"{said.answer} {said.detail}", strong=False))
        blocks += curves.pairs(comparison, split)
    if not blocks:
        return Section("support", TITLE, "", [Note(NOT_MEASURED)])
    lead = (
        "The claim behind the method: a model fails on target poses although the source has "
        "similar ones. Each target sample is placed by how many source poses are close to it; "
        "what a model misses of 100 is its error there."
    )
    return Section("support", TITLE, lead, blocks)


def of_run(sets: dict[str, dict[str, Any]]) -> Section:
    """Accuracy of one run on each of its ``sets`` (of ``evaluation.json``, by their titles)."""
    curves, sizes = [], []
    for title, entry in sets.items():
        rows = entry.get("by_support") or []
        found = [None if r["pck"] is None else Interval(r["pck"], None, None) for r in rows]
        if any(found):
            curves.append((title, found))
            groups = [(r["neighbours_low"], r["neighbours_high"], r["samples"]) for r in rows]
            sizes = sizes or groups
    if not curves:
        return Section("support", TITLE, "", [Note(NOT_MEASURED)])
    several = len(curves) > 1
    chart = part_figures.levels(
        curves,
        None,
        _parts([(low, high, None if several else size) for low, high, size in sizes]),
        title="Accuracy by support in the source",
        caption=SIMILAR if several else f"{SIMILAR} n: samples in the group.",
    )
    lead = "Each sample is placed by how many source poses are close to it."
    return Section("support", TITLE, lead, [Charts([chart])])


def _levels(comparison: Compared, arm: str) -> list[Interval | None]:
    return [row.level for row in by_seed.support(comparison, arm)]


def _parts(groups: list[tuple[int, int | None, int | None]]) -> Parts:
    names = []
    for low, high, samples in groups:
        close = f"≥ {low}" if high is None else f"{low}" if low == high else f"{low}–{high}"
        names.append(close if samples is None else f"{close}\nn = {count(samples)}")
    return Parts("PCK@0.05", "%", names, AXIS)


def _caption(comparison: Compared, rows: list[Supported]) -> str:
    if len(comparison["seeds"]) == 1:
        return f"{SIMILAR} n: samples in the group. Single seed: no intervals."
    bars = " Bars: 95 % intervals over seeds." if any(row.by_seed for row in rows) else ""
    return f"{SIMILAR} n: samples in the group, pooled over all seeds.{bars}"
