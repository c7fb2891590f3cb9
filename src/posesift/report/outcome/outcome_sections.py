"""The part of a page that says what came out: the table of methods, every paired difference."""

from __future__ import annotations

from typing import Any

from posesift.report.blocks import Block, Charts, Section, Table
from posesift.report.outcome import endpoint_table, method_table, result_figures, tables
from posesift.report.outcome.result_figures import Shown
from posesift.report.theme import Chart
from posesift.report.wording import capitalised, plural
from posesift.results import by_seed, evalpose_form, methods
from posesift.results.by_seed import Compared

ENDPOINTS = "Every endpoint"
SAMPLING = "What sampling changed"
COSINE = "The EvalPose cosine lies near 1 for any two poses, so none of it is bold."
HEADLINE = "pooled over the visible joints of the headline group"
Stated = dict[str, Any]


def sections(comparison: Compared) -> list[Section]:
    """Outcome first; where methods are compared, the paired differences follow on their own."""
    if methods.several(comparison):
        return [by_method(comparison), differences(comparison)]
    return [outcome(comparison)]


def by_method(comparison: Compared) -> Section:
    """The table of methods, published rows apart, all measures, what was trained."""
    blocks: list[Block] = [method_table.measured(comparison), *method_table.published(comparison)]
    blocks += [_overall(comparison), tables.arms(comparison)]
    lead = f"{_size(comparison)} Each method first with uniform sampling, then with the others."
    return Section("results", "What adaptation and sampling changed", lead, blocks)


def differences(comparison: Compared) -> Section:
    """Each arm against its own reference: adaptation in one figure, sampling in the others."""
    order = [n for m in methods.ordered(comparison) for n in methods.arms_of(comparison, m)]
    places = {name: place for place, name in enumerate(order)}
    stated = sorted(_stated(comparison), key=lambda row: places.get(row["arm"], len(places)))
    adaptation, sampling = _kinds(comparison, stated)
    seeds = len(comparison["seeds"])
    charts: list[Chart] = []
    drawn = _groups(comparison, adaptation, lambda row: row["endpoint"])
    if drawn and _sure(stated):
        charts.append(result_figures.forest(drawn, seeds, "Adaptation: method − source only"))
    for endpoint in dict.fromkeys(row["endpoint"] for row in sampling if _sure(stated)):
        rows = [row for row in sampling if row["endpoint"] == endpoint]
        if drawn := _groups(comparison, rows, lambda row: _pair(comparison, row)):
            charts.append(result_figures.forest(drawn, seeds, f"Sampling: {endpoint}"))
    blocks: list[Block] = [Charts(charts)] if charts else []
    grouped = [
        (methods.name(method), [row for row in stated if _method(comparison, row) == method])
        for method in _methods(comparison, stated)
    ]
    blocks.append(endpoint_table.endpoints(grouped, comparison, one_pair=False))
    lead = (
        "Each arm minus the one it is compared with: the same method with uniform sampling, and "
        "for a method with uniform sampling, source-only training; a strategy also minus its "
        "control, where that was trained. Named in advance: "
        f"{_pair(comparison, comparison['primary'])}, {comparison['primary']['endpoint']}."
    )
    return Section("differences", "How sure is that?", lead, blocks)


def outcome(comparison: Compared) -> Section:
    """One method: the endpoints with intervals, and the overall table with the free baselines."""
    stated = _stated(comparison)
    one_pair = len({(row["arm"], row["against"]) for row in stated}) == 1
    rows: list[Shown] = [
        (name, shown, row is comparison["primary"])
        for row in stated
        if (shown := by_seed.endpoint(row))
        and (name := row["endpoint"] if one_pair else _endpoint_name(comparison, row))
    ]
    pair = _pair(comparison, comparison["primary"])
    title = capitalised(f"{pair}, every endpoint") if one_pair else ENDPOINTS
    seeds = len(comparison["seeds"])
    blocks: list[Block] = []
    if rows and _sure(stated):
        blocks.append(Charts([result_figures.endpoints(rows, seeds, title)]))
    blocks += [
        endpoint_table.endpoints([("", stated)], comparison, one_pair),
        _overall(comparison),
        *method_table.published(comparison),
        tables.arms(comparison),
    ]
    named = _endpoint_name(comparison, comparison["primary"])
    return Section("results", SAMPLING, f"{_size(comparison)} Named in advance: {named}.", blocks)


def protocol(comparison: Compared) -> str:
    """The protocol of the numbers, in words."""
    return stated_protocol(by_seed.some_entry(comparison, "target"))


def stated_protocol(entry: dict[str, Any]) -> str:
    """The same of one set's figures."""
    name = entry.get("protocol", "pooled")
    return HEADLINE if name == "pooled" else str(name)


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


def _sure(stated: list[Stated]) -> bool:
    """Whether any difference has an interval: dots without one say no more than their table."""
    return any(row.get("low") is not None for row in stated)


def _kinds(comparison: Compared, stated: list[Stated]) -> tuple[list[Stated], list[Stated]]:
    """Differences between methods, and those within one."""
    between: list[Stated] = []
    within: list[Stated] = []
    for row in stated:
        theirs = methods.of(methods.arm(comparison, row["against"]))
        (within if _method(comparison, row) == theirs else between).append(row)
    return between, within


def _groups(comparison: Compared, rows: list[Stated], named: Any) -> list[tuple[str, list[Shown]]]:
    """Rows under their methods, as a forest draws them; methods without a row are left out."""
    found = []
    for method in _methods(comparison, rows):
        shown: list[Shown] = [
            (named(row), difference, row is comparison["primary"])
            for row in rows
            if _method(comparison, row) == method and (difference := by_seed.endpoint(row))
        ]
        found += [(methods.name(method), shown)] if shown else []
    return found


def _methods(comparison: Compared, rows: list[Stated]) -> list[str]:
    there = dict.fromkeys(_method(comparison, row) for row in rows)
    known = [method for method in methods.ordered(comparison) if method in there]
    return list(dict.fromkeys([*known, *there]))


def _method(comparison: Compared, row: Stated) -> str:
    return methods.of(methods.arm(comparison, row["arm"]))


def _size(comparison: Compared) -> str:
    arms, seeds = len(by_seed.arms(comparison, "arm")), len(comparison["seeds"])
    size = f"{plural(arms, 'arm')}, {plural(seeds, 'seed')}{tables.fewer_seeds(comparison)}."
    return capitalised(size)


def _endpoint_name(comparison: Compared, row: Stated) -> str:
    return f"{_pair(comparison, row)}: {row['endpoint']}"


def _pair(comparison: Compared, row: Stated) -> str:
    return f"{by_seed.label(comparison, row['arm'])} − {by_seed.label(comparison, row['against'])}"
