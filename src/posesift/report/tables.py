"""Tables of results: rows are what was trained, columns what was measured, best value bold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from posesift.report.blocks import COUNT, SIGNED, Cell, Row, Table
from posesift.report.wording import listed, p_value, plural
from posesift.results import by_seed
from posesift.results.by_seed import Compared, Interval, Spread
from posesift.results.evalpose_form import Form

ROLES = ("warm-up", "arm", "oracle")


@dataclass(frozen=True)
class Column:
    """One measure: its heading, where it stands in an entry, and which way is better.

    ``ranked``: whether its best value is bold.
    """

    title: str
    keys: tuple[str, ...]
    form: str = ".1f"
    higher: bool = True
    ranked: bool = True


Columns = Sequence[Column]


def overall(form: Form) -> tuple[Column, ...]:
    """Return the measures of a whole test set, with EvalPose in the form that the page shows."""
    return (
        Column("PCK@0.05 %", ("pck", "0.05", "all")),
        Column("PCK@0.1 %", ("pck", "0.1", "all")),
        Column("PCK AUC %", ("pck_auc",)),
        Column(f"{form.name} 0–100", (form.key,)),
        Column("EvalPose cosine", ("evalpose_cosine",), form=".3f", ranked=False),
        Column("angle error °", ("angle_error_deg",), higher=False),
        Column("angles within 15° %", ("angle_at_15",)),
    )


Measure = tuple[str, tuple[str, ...], bool]
"""A table's title, where its groups stand in an entry, and whether higher is better."""
PCK_05: Measure = ("PCK@0.05 by joint group (%)", ("pck", "0.05"), True)
PCK_1: Measure = ("PCK@0.1 by joint group (%)", ("pck", "0.1"), True)
ANGLES: Measure = (
    "Angle error by joint group (degrees, lower is better)", ("angle_error_by_group",), False,
)  # fmt: skip
GROUPED = (PCK_05, PCK_1, ANGLES)


def by_group(entry: dict[str, Any], *measures: Measure) -> list[tuple[str, list[Column]]]:
    """Titles of the measures that ``entry`` has by joint group, and a column a group.

    The group ``all`` comes first: it is read first.
    """
    found = []
    for title, keys, higher in measures:
        groups: Any = entry
        for key in keys:
            groups = groups.get(key) if isinstance(groups, dict) else None
        if isinstance(groups, dict):
            names = ["all"] * ("all" in groups) + [name for name in groups if name != "all"]
            found.append((title, [Column(name, (*keys, name), higher=higher) for name in names]))
    return found


def cell(found: Spread | Interval | None, form: str = ".1f") -> Cell:
    """Give a mean with its deviation, or with its interval."""
    if found is None:
        return Cell(None, form)
    if isinstance(found, Spread):
        return Cell(found.mean, form, spread=found.deviation)
    return Cell(found.mean, form, ends=found.ends)


def compared(comparison: Compared, columns: Columns, title: str, caption: str) -> Table:
    """Arms, free baselines and oracles of a comparison, mean and deviation over seeds."""
    fewer = by_seed.with_fewer_seeds(comparison, *ROLES)
    free = dict.fromkeys(row["name"] for row in comparison.get("baselines") or [])
    shown: list[tuple[str, str, Any, str]] = [
        (name, "baseline", by_seed.baseline_by_seed, name) for name in free
    ]
    for arm in (a for role in ROLES for a in by_seed.arms(comparison, role)):
        if arm["role"] != "oracle" or arm["trained_on"] == "target":
            label = arm.get("label") or arm["name"]
            shown.append((label, arm["role"], by_seed.values, arm["name"]))
    rows: list[Row] = []
    contending: list[int] = []
    measured: list[dict[str, dict[int, float]]] = [{} for _ in columns]
    for label, role, read, key in shown:
        values = [read(comparison, key, "target", *column.keys) for column in columns]
        if role != "oracle" and key not in fewer:
            contending.append(len(rows))
            for by_name, found in zip(measured, values, strict=True):
                by_name[key] = found
        means = [by_seed.spread(found.values()) for found in values]
        cells = [cell(mean, c.form) for mean, c in zip(means, columns, strict=True)]
        rows.append(Row(label, cells, role))
    seeds = len(comparison["seeds"])
    embolden(rows, columns, contending if seeds > 1 else [])
    caption = f"{caption} {told_apart(columns, measured, seeds)}".strip()
    return Table(title, "", [column.title for column in columns], rows, caption)


def embolden(rows: list[Row], columns: Columns, contending: Sequence[int]) -> None:
    """Make the best of each ranked column bold among some rows, with all that read the same."""
    for j, column in enumerate(columns):
        known = {i: n for i in contending if (n := rows[i].cells[j].number) is not None}
        if len(known) < 2 or not column.ranked:
            continue
        best = rows[(max if column.higher else min)(known, key=known.__getitem__)].cells[j].text
        for i in known:
            rows[i].cells[j] = replace(rows[i].cells[j], best=rows[i].cells[j].text == best)


def arms(comparison: Compared) -> Table:
    """Describe each arm: method, sampling, and how unevenly it draws."""
    named = any("against" in arm for arm in comparison["arms"])
    rows = []
    for arm in comparison["arms"]:
        trained_on = arm.get("trained_on") or "source"
        cells = [
            Cell(arm.get("method")),
            Cell(sampling(arm) or None),
            Cell(arm.get("effective_sample_size"), COUNT),
            Cell(arm.get("largest_weight"), ".2g"),
            Cell(comparison["sets"].get(trained_on, {}).get("label") or trained_on),
        ]
        if named:
            other = arm.get("against")
            cells.append(Cell(by_seed.label(comparison, other) if other else None))
        rows.append(Row(arm.get("label") or arm["name"], cells, arm["role"]))
    columns = ["method", "sampling", "effective samples", "largest weight", "labels from"]
    caption = (
        "Effective samples: 1 / sum of squared draw weights, the number of equally weighted "
        "poses that would vary as much."
    )
    return Table("What was trained", "arm", columns + ["compared with"] * named, rows, caption)


def sampling(of: dict[str, Any]) -> str:
    """Name a strategy, and the stage that it is used in where it is used in one only.

    >>> sampling({"sampling": "curriculum", "sample_in": "adaptation"}), sampling({})
    ('curriculum (adaptation)', '')
    """
    strategy, stage = str(of.get("sampling") or ""), of.get("sample_in") or "both"
    return strategy if stage == "both" or strategy in ("", "uniform") else f"{strategy} ({stage})"


def spread_note(comparison: Compared) -> str:
    """How to read the ± of a table of arms, and which of them have fewer seeds."""
    if len(comparison["seeds"]) == 1:
        return "Single seed: no spread."
    over = plural(len(comparison["seeds"]), "seed")
    return f"Mean ± standard deviation over {over}{fewer_seeds(comparison)}."


def fewer_seeds(comparison: Compared) -> str:
    """Behind a number of seeds: the arms of a table that have fewer; "" where none has."""
    found = by_seed.with_fewer_seeds(comparison, *ROLES)
    told = [
        f"{by_seed.label(comparison, arm['name'])} {found[arm['name']]}"
        for arm in comparison["arms"]
        if arm["name"] in found and (arm["role"] != "oracle" or arm["trained_on"] == "target")
    ]
    return f" (fewer: {listed(told)})" if told else ""


def bold_note(comparison: Compared) -> str:
    """Say what the bold of a table of arms is the best of."""
    fewer = by_seed.with_fewer_seeds(comparison, "warm-up", "arm")
    apart = "oracles and configurations of fewer seeds" if fewer else "oracles"
    return f"Bold: best of a column, {apart} apart."


def told_apart(columns: Columns, values: Sequence[dict[str, dict[int, float]]], seeds: int) -> str:
    """In which columns the best differs from the next by more than chance over seeds would give.

    Args:
        columns: of the table.
        values: of each column, by contender and seed.
        seeds: of the comparison.

    Returns:
        A sentence, or "" where no column has two contenders.
    """
    contested = [
        (column, measured)
        for column, by_name in zip(columns, values, strict=True)
        if column.ranked and len(measured := [found for found in by_name.values() if found]) > 1
    ]
    if not contested or seeds == 1:
        return ""
    clear = [column.title for column, measured in contested if _best_is_clear(column, measured)]
    how = "the paired 95 % interval over seeds"
    if not clear:
        return f"In no column is the best told apart from the next: {how} includes zero."
    if len(clear) == len(contested):
        return f"In every column {how} tells the best apart from the next."
    return (
        f"Told apart from the next by {how}: the best of {listed(clear)}; that of the other "
        "columns may be chance."
    )


def _best_is_clear(column: Column, measured: list[dict[int, float]]) -> bool:
    """Whether the interval of best minus next leaves out zero."""
    sign = 1.0 if column.higher else -1.0
    measured = sorted(measured, key=lambda of: -sign * sum(of.values()) / len(of))
    apart = by_seed.difference(measured[0], measured[1])
    return bool(apart and apart.clear and sign * apart.mean > 0)


Stated = dict[str, Any]


def endpoints(
    groups: list[tuple[str, list[Stated]]], comparison: Compared, one_pair: bool
) -> Table:
    """Primary and secondary endpoints: difference, interval, half-width, p, Holm's p.

    Where no difference has an interval, as over one seed, the differences stand alone.

    Args:
        groups: heading (or "") and rows as in ``comparison.json``.
        comparison: for the arms' labels and the primary endpoint.
        one_pair: whether all rows compare the same two arms, which then need no naming.
    """
    every = [row for _, stated in groups for row in stated]
    sure = any(row.get("low") is not None for row in every)
    rows = []
    for heading, stated in groups:
        rows += [Row(heading, [], "group")] if heading else []
        rows += [_row(row, comparison, one_pair, sure) for row in stated]
    return Table(
        "Endpoints",
        "" if one_pair else "difference of",
        ["points", "95 % interval", "half-width", "p", "p (Holm)"] if sure else ["points"],
        rows,
        "Student intervals, paired over seeds. Only the shaded one was pre-specified; Holm's p "
        "of the others is corrected for their being many."
        if sure
        else "Single seed: no interval and no p. Only the shaded one was pre-specified.",
    )


def _row(row: Stated, comparison: Compared, one_pair: bool, sure: bool) -> Row:
    shown = by_seed.endpoint(row)
    primary = row is comparison["primary"]
    pair = f"{by_seed.label(comparison, row['arm'])} − {by_seed.label(comparison, row['against'])}"
    cells = [Cell(row["mean"], SIGNED)]
    if sure:
        cells += [
            Cell(None, SIGNED, ends=shown.ends if shown else None),
            Cell(row.get("half_width")),
            _p(row.get("p")),
            Cell("pre-specified") if primary else _p(row.get("p_holm")),
        ]
    name = row["endpoint"] if one_pair else f"{pair}: {row['endpoint']}"
    return Row(name, cells, "primary" if primary else "arm")


def _p(value: float | None) -> Cell:
    """Give a p value; a very small one is a bound."""
    return Cell(p_value(value)) if value is not None and value < 0.001 else Cell(value, ".3f")
