"""The part of a page that says what came out: the table of methods, every paired difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from operator import itemgetter
from typing import Any

from posesift.experiments.methods import label_of
from posesift.report import method_table, tables, trivial
from posesift.report.blocks import SIGNED, Block, Cell, Charts, Fold, Note, Row, Section, Table
from posesift.report.facts import protocol
from posesift.report.figures import forest
from posesift.report.figures.forest import Shown
from posesift.report.theme import Chart
from posesift.report.wording import capitalised, number, plural, signed
from posesift.results import by_seed, evalpose_form, methods
from posesift.results.by_seed import Compared

ENDPOINTS = "Every endpoint"
COSINE = "The EvalPose cosine lies near 1 for any two poses, so none of it is bold."
Stated = dict[str, Any]


def results(comparison: Compared, claims: Section | None = None) -> Section:
    """One table of all configurations, differences with intervals, and what stands behind, folded.

    Args:
        comparison: of ``comparison.json``.
        claims: the section that sets numbers beside their evidence.
    """
    paired = _of_methods if methods.several(comparison) else _of_sampling
    lead, charts, stated = paired(comparison)
    blocks: list[Block] = [method_table.results(comparison)]
    if told := trivial.as_well(comparison):
        blocks.append(Note(told))
    if charts and any(row.get("low") is not None for row in _stated(comparison)):
        blocks.append(Charts(charts))  # dots without an interval say no more than their table
    if claims:
        blocks.append(Fold(claims.title, claims.blocks, claims.anchor))
    blocks.append(Fold("Every difference", [Note(lead, strong=False), stated], "differences"))
    if by_group := groups(comparison):
        blocks.append(Fold("By joint group", by_group, "groups"))
    blocks.append(Fold("All measures", [_overall(comparison)]))
    blocks.append(Fold("What was trained", [tables.arms(comparison)]))
    if published := method_table.published(comparison):
        blocks.append(Fold("Published results", published))
    return Section("results", "Results", _size(comparison), blocks)


Paired = tuple[str, list[Chart], Table]
"""What the differences are of, their figures, and their table."""


def _of_methods(comparison: Compared) -> Paired:
    """Each arm against its own reference: adaptation in one figure, sampling in the others."""
    order = [n for m in methods.ordered(comparison) for n in methods.arms_of(comparison, m)]
    places = {name: place for place, name in enumerate(order)}
    stated = sorted(_stated(comparison), key=lambda row: places.get(row["arm"], len(places)))
    by_method: dict[str, list[Stated]] = {}
    for row in stated:
        by_method.setdefault(_method(comparison, row["arm"]), []).append(row)

    def within(row: Stated) -> bool:
        return _method(comparison, row["arm"]) == _method(comparison, row["against"])

    def forest_of(title: str, wanted: Callable[[Stated], bool], name: Callable) -> list[Chart]:
        found = []
        for method, rows in by_method.items():
            if shown := _shown(comparison, filter(wanted, rows), name):
                found.append((label_of(method), shown))
        return [forest.forest(found, len(comparison["seeds"]), title)] if found else []

    charts = forest_of(
        "Adaptation: method − source only", lambda row: not within(row), itemgetter("endpoint")
    )
    for endpoint in dict.fromkeys(row["endpoint"] for row in stated if within(row)):
        charts += forest_of(
            f"Sampling: {endpoint}",
            lambda row, endpoint=endpoint: within(row) and row["endpoint"] == endpoint,
            partial(_pair, comparison),
        )
    groups = [(label_of(method), rows) for method, rows in by_method.items()]
    primary = comparison["primary"]
    lead = (
        "Each configuration minus the one it is compared with: the same method with uniform "
        "sampling, and for a method with uniform sampling, source-only training; a strategy also "
        "minus its control, where that was trained. Pre-specified: "
        f"{_pair(comparison, primary)}, {primary['endpoint']}."
    )
    return lead, charts, tables.endpoints(groups, comparison, one_pair=False)


def _of_sampling(comparison: Compared) -> Paired:
    """One method: every endpoint in one figure."""
    stated, primary = _stated(comparison), comparison["primary"]
    one_pair = len({(row["arm"], row["against"]) for row in stated}) == 1
    name = itemgetter("endpoint") if one_pair else partial(_endpoint_name, comparison)
    title = capitalised(f"{_pair(comparison, primary)}, every endpoint") if one_pair else ENDPOINTS
    shown = _shown(comparison, stated, name)
    charts = [forest.forest([("", shown)], len(comparison["seeds"]), title)] if shown else []
    lead = f"{_size(comparison)} Pre-specified: {_endpoint_name(comparison, primary)}."
    return lead, charts, tables.endpoints([("", stated)], comparison, one_pair)


def _shown(comparison: Compared, rows: Iterable[Stated], name: Callable) -> list[Shown]:
    """Rows as a forest draws them, less those that no seed has."""
    return [
        (name(row), difference, row is comparison["primary"])
        for row in rows
        if (difference := by_seed.endpoint(row))
    ]


def _overall(comparison: Compared) -> Table:
    target = comparison["sets"].get("target", {}).get("label") or "target"
    return tables.compared(
        comparison,
        tables.overall(evalpose_form.of_comparison(comparison)),
        f"On {target}",
        f"{tables.spread_note(comparison)} {tables.bold_note(comparison)} "
        f"Protocol: {protocol(comparison)}. A constant pose is the median source pose; "
        "BatchNorm re-estimation uses unlabelled target training images and nothing else. "
        f"{COSINE}",
    )


def _stated(comparison: Compared) -> list[Stated]:
    """Primary and secondary endpoints; a secondary that repeats the primary is left out."""
    primary = comparison["primary"]
    same = ("arm", "against", "endpoint")
    rest = comparison.get("secondary") or []
    return [primary, *(row for row in rest if any(row[key] != primary[key] for key in same))]


def _method(comparison: Compared, called: str) -> str:
    return methods.of(methods.arm(comparison, called))


def _size(comparison: Compared) -> str:
    arms, seeds = len(by_seed.arms(comparison, "arm")), len(comparison["seeds"])
    size = (
        f"{plural(arms, 'configuration')}, {plural(seeds, 'seed')}{tables.fewer_seeds(comparison)}."
    )
    return capitalised(size)


def _endpoint_name(comparison: Compared, row: Stated) -> str:
    return f"{_pair(comparison, row)}: {row['endpoint']}"


def _pair(comparison: Compared, row: Stated) -> str:
    return f"{by_seed.label(comparison, row['arm'])} − {by_seed.label(comparison, row['against'])}"


def groups(comparison: Compared) -> list[Block]:
    """PCK@0.05 and the angle error by joint group."""
    entry = by_seed.some_entry(comparison, "target")
    note = f"{tables.spread_note(comparison)} {tables.bold_note(comparison)}"
    lead = (
        "“all” is the headline set of joints (the twelve limb joints of a body, every joint of a "
        "hand), not the mean of the columns."
    )
    found: list[Block] = []
    for title, columns in tables.by_group(entry, tables.PCK_05, tables.ANGLES):
        if "all" not in (column.title for column in columns):
            columns.insert(0, tables.Column("all", ("angle_error_deg",), higher=False))
        found.append(tables.compared(comparison, columns, title, note))
    return [Note(lead, strong=False), *found] if found else []


def gap(comparison: Compared) -> Section | None:
    """Poses by look: each model's four cells with its regret, the interaction, and headroom."""
    square = comparison.get("gap")
    if not square:
        return None
    starts = [] if methods.several(comparison) else by_seed.arms(comparison, "warm-up")
    names = [*(arm["name"] for arm in starts), *methods.representatives(comparison)]
    gaps = {name: found for name in names if (found := by_seed.gap(comparison, name))}
    every = [value for found in gaps.values() for row in found.cells for value in row]
    known = [value for value in every if value is not None]
    if not known:
        return None
    low, high = min(known), max(known)

    def cells(value: float | None, regret: float | None) -> list[Cell]:
        shade = 0.5 if value is None or high <= low else (high - value) / (high - low)
        return [Cell(value, shade=shade), Cell(regret, SIGNED)]

    rows = []
    for name, found in gaps.items():
        told = f"{by_seed.label(comparison, name)}: {_together(found.interaction)}"
        rows.append(Row(told, [], "group"))
        for poses, *both in zip(square["rows"], found.cells, found.regret, strict=True):
            pairs = map(cells, *both)
            rows.append(Row(poses, [one for pair in pairs for one in pair]))
    blocks: list[Block] = [
        Table(
            "Appearance x pose",
            "",
            [head for look in square["columns"] for head in (look, f"{look}, oracle")],
            rows,
            "PCK@0.05 (%) on that test set; the stronger the colour, the lower. Oracle: how "
            "many points a model of equal budget trained on that set's own labels scores above, "
            "which is what is left to gain there.",
        ),
        *([Note(told, strong=False)] if (told := _larger_part(comparison)) else []),
    ]
    lead = (
        "From source to target two things change at once: poses and look. Each group of rows shows "
        "one model in all four combinations: read along a row for what the look costs, down a "
        "column for what the poses cost."
    )
    return Section("gap", "Domain gap: appearance x pose", lead, blocks)


def _larger_part(comparison: Compared) -> str:
    """Say what changing the look and changing the poses cost the reference, each alone."""
    arm = by_seed.reference(comparison)
    square = by_seed.gap(comparison, arm)
    if square is None or square.interaction is None:
        return ""
    (source, look), (poses, both) = square.cells
    assert source is not None
    assert look is not None
    assert poses is not None
    larger = "look" if look < poses else "poses"
    together = square.interaction
    return (
        f"{capitalised(by_seed.label(comparison, arm))} goes from {number(source)} on its own "
        f"world to {number(both)} on the target: the new look alone changes PCK@0.05 by "
        f"{signed(look - source)} points, the new poses alone by {signed(poses - source)}, so the "
        f"larger part is the {larger}. Both together cost {number(abs(together))} points "
        f"{'less' if together > 0 else 'more'} than the sum of each alone (the interaction)."
    )


def _together(interaction: float | None) -> str:
    """By how much both changes together cost less (positive) than the sum of each alone.

    >>> _together(8.1)
    'interaction +8.1 points'
    """
    if interaction is None:
        return "not all four cells are known"
    return f"interaction {signed(interaction)} points"
