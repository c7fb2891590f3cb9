"""The part of a page about a comparison: endpoints, tables, difficulty, the gap, support."""

from __future__ import annotations

from typing import Any

from posesift.report import result_figures, results, tables, theme
from posesift.report.blocks import Block, Charts, Note, Patch, Section, Square, Squares
from posesift.report.results import Comparison, Interval
from posesift.report.tables import spread_note
from posesift.report.wording import between, capitalised, number, plural, signed

ENDPOINTS = "Every endpoint"
SIMILAR = (
    "Close: within 15 degrees of root mean square difference over the joint angles. "
    "n: samples in the group, over all seeds."
)


def sections(comparison: Comparison) -> list[Section]:
    """Sections on the results, in the order of the story; what was not measured is left out."""
    found = [outcome(comparison), groups(comparison), difficulty(comparison)]
    found += [gap(comparison), support(comparison)]
    return [section for section in found if section]


def outcome(comparison: Comparison) -> Section:
    """The endpoints with intervals, and the overall table with the free baselines."""
    seeds = len(comparison["seeds"])
    primary = comparison["primary"]
    stated = [primary, *(comparison.get("secondary") or [])]
    one_pair = len({(row["arm"], row["against"]) for row in stated}) == 1
    rows: list[tuple[str, Interval, bool]] = [
        (row["endpoint"] if one_pair else _endpoint_name(comparison, row), shown, row is primary)
        for row in stated
        if (shown := results.endpoint(row))
    ]
    title = capitalised(f"{_pair(comparison, primary)}, every endpoint") if one_pair else ENDPOINTS
    blocks: list[Block] = [Charts([result_figures.endpoints(rows, seeds, title)])] if rows else []
    blocks += [
        tables.endpoints(stated, comparison, one_pair),
        tables.compared(
            comparison,
            tables.OVERALL,
            f"On {_set(comparison, 'target')}",
            f"{spread_note(seeds)} Bold: best of a column, oracles apart. "
            f"Protocol: {protocol(comparison)}. A constant pose is the median source pose; "
            "BatchNorm re-estimation uses unlabelled target training images and nothing else "
            "(inductive).",
        ),
        tables.arms(comparison),
    ]
    size = f"{plural(len(results.arms(comparison, 'arm')), 'arm')}, {plural(seeds, 'seed')}. "
    lead = f"{size.capitalize()}Named in advance: {_endpoint_name(comparison, primary)}."
    return Section("results", "What sampling changed", lead, blocks)


def groups(comparison: Comparison) -> Section | None:
    """PCK at both thresholds and the angle error by joint group."""
    entry = _some_entry(comparison, "target")
    measures = (
        ("PCK@0.05 by joint group (%)", ("pck", "0.05"), True),
        ("PCK@0.1 by joint group (%)", ("pck", "0.1"), True),
        ("Angle error by joint group (degrees, lower is better)", ("angle_error_by_group",), False),
    )
    note = spread_note(len(comparison["seeds"]))
    blocks: list[Block] = []
    for title, keys, higher in measures:
        if columns := tables.group_columns(entry, *keys, higher=higher):
            if "all" not in (column.title for column in columns):
                columns.append(tables.Column("all", ("angle_error_deg",), higher=False))
            blocks.append(tables.compared(comparison, columns, title, note))
    if not blocks:
        return None
    lead = (
        "“all” is the headline set of joints (the twelve limb joints of a body, every joint of a "
        "hand), not the mean of the columns."
    )
    return Section("groups", "By joint group", lead, blocks)


def difficulty(comparison: Comparison) -> Section | None:
    """Levels and differences over the target's difficulty bins."""
    names = results.shown_arms(comparison)
    curves = [(_label(comparison, n), results.bin_levels(comparison, n)) for n in names]
    curves = [(name, levels) for name, levels in curves if levels]
    if not curves:
        return None
    oracle = None
    for arm in results.arms(comparison, "oracle"):
        if arm["trained_on"] == "target":
            oracle = (
                arm.get("label") or arm["name"],
                results.bin_levels(comparison, arm["name"]),
            )
    seeds = len(comparison["seeds"])
    bars = "over seeds" if seeds > 1 else "over images (one seed)"
    charts = [
        result_figures.difficulty_curves(
            curves, oracle, caption=f"Bars: 95 % intervals {bars}. Dotted: trained on the labels."
        )
    ]
    base, *others = names
    reference = results.bins_by_seed(comparison, base)
    gains = []
    for name in others:
        mine = results.bins_by_seed(comparison, name)
        pairs = zip(mine, reference, strict=False)
        gains.append((_label(comparison, name), [results.difference(a, b) for a, b in pairs]))
    if gains:
        how = (
            "Bars: 95 % intervals, paired over seeds. A bar across zero: no clear difference."
            if seeds > 1
            else "One seed: differences without an interval."
        )
        charts.append(result_figures.difficulty_gains(gains, _label(comparison, base), caption=how))
    lead = (
        f"Target samples in {len(curves[0][1])} bins of equal size. Their difficulty comes from an "
        "independent score (a world's own −log p, or the distance to the nearest source poses in "
        "angle space), never from the score that chose the training samples."
    )
    return Section("difficulty", "Where it helped", lead, [Charts(charts)])


def gap(comparison: Comparison) -> Section | None:
    """Poses by look: each model's four cells with its regret, the interaction, and headroom."""
    square = comparison.get("gap")
    if not square:
        return None
    names = [arm["name"] for arm in results.arms(comparison, "warm-up")]
    names += results.shown_arms(comparison)
    gaps = [(name, results.gap(comparison, name)) for name in names]
    known = [
        value
        for _, found in gaps
        if found
        for row in found.cells
        for value in row
        if value is not None
    ]
    if not known:
        return None
    low, high = min(known), max(known)
    drawn = []
    for name, found in gaps:
        if found is None:
            continue
        patches = [
            [
                _patch(found.cells[i][j], found.regret[i][j], low, high)
                for j in range(len(found.cells[i]))
            ]
            for i in range(len(found.cells))
        ]
        note = (
            f"Interaction {signed(found.interaction)} points"
            if found.interaction is not None
            else "Interaction not known"
        )
        drawn.append(
            Square(_label(comparison, name), note, square["rows"], square["columns"], patches)
        )
    blocks: list[Block] = [
        Squares(
            "Poses by look",
            "PCK@0.05 (%) in the four test sets. Regret: an oracle of equal budget, trained on "
            "that cell's labels, minus the model. Interaction: points by which both changes "
            "together differ from the sum of each alone.",
            drawn,
        ),
        Note(_headroom(comparison), strong=False),
    ]
    lead = (
        "A model leaves its source in two ways at once: new poses and a new look. The square "
        "takes them apart."
    )
    return Section("gap", "The gap, taken apart", lead, blocks)


def support(comparison: Comparison) -> Section | None:
    """Accuracy against the number of similar source poses, per arm."""
    measured = comparison.get("support") or {}
    names = [name for name in results.shown_arms(comparison) if measured.get(name)]
    if not names:
        return None
    chart = result_figures.support(
        {_label(comparison, name): measured[name] for name in names},
        caption=SIMILAR,
    )
    lead = (
        "The claim behind the method: a model fails on target poses although the source has "
        "similar ones. Each target sample is placed by how many source poses are close to it."
    )
    return Section("support", "Does support help?", lead, [Charts([chart])])


def protocol(comparison: Comparison) -> str:
    """The protocol of the numbers, in words."""
    entry = _some_entry(comparison, "target")
    name = entry.get("protocol", "pooled")
    if name == "pooled":
        return "pooled over all visible joints"
    return str(name)


def _headroom(comparison: Comparison) -> str:
    headroom = comparison.get("headroom")
    if not headroom or headroom.get("mean") is None:
        return "The pose headroom was not measured."
    shown = results.endpoint(headroom)
    assert shown is not None
    sure = between(shown.low, shown.high) if shown.low is not None else "one seed"
    return (
        f"Pose headroom H: {signed(shown.mean)} points ({sure}). That is what training on the "
        "target's own poses in the source's look gives at equal size; no pose sampler can gain "
        "more in that cell."
    )


def _patch(value: float | None, regret: float | None, low: float, high: float) -> Patch:
    at = 0.5 if value is None or high <= low else (high - value) / (high - low)
    light, dark = theme.ramp_pair(at)
    detail = "" if regret is None else f"regret {signed(regret)}"
    return Patch(number(value), detail, light, dark, theme.on(light), theme.on(dark))


def _endpoint_name(comparison: Comparison, row: dict[str, Any]) -> str:
    return f"{_pair(comparison, row)}: {row['endpoint']}"


def _pair(comparison: Comparison, row: dict[str, Any]) -> str:
    return f"{_label(comparison, row['arm'])} − {_label(comparison, row['against'])}"


def _label(comparison: Comparison, name: str) -> str:
    return results.label(comparison, name)


def _set(comparison: Comparison, name: str) -> str:
    return comparison["sets"].get(name, {}).get("label") or name


def _some_entry(comparison: Comparison, set_name: str) -> dict[str, Any]:
    return next((c["sets"][set_name] for c in comparison["cells"] if set_name in c["sets"]), {})
