"""Tables of results: rows are what was trained, columns what was measured, best value bold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from posesift.report.blocks import Cell, Row, Table
from posesift.report.wording import count, listed, number, p_value, plural, signed
from posesift.results import by_seed
from posesift.results.by_seed import Compared, Spread
from posesift.results.evalpose_form import Form

Source = Callable[..., dict[int, float]]


@dataclass(frozen=True)
class Column:
    """One measure: its heading, where it stands in an entry, and which way is better.

    ``ranked``: whether its best value is bold.
    """

    title: str
    keys: tuple[str, ...]
    digits: int = 1
    higher: bool = True
    ranked: bool = True


def overall(form: Form) -> tuple[Column, ...]:
    """Return the measures of a whole test set, with EvalPose in the form that the page shows."""
    return (
        Column("PCK@0.05 %", ("pck", "0.05", "all")),
        Column("PCK@0.1 %", ("pck", "0.1", "all")),
        Column("PCK AUC %", ("pck_auc",)),
        Column(f"{form.name} 0–100", (form.key,)),
        Column("EvalPose cosine", ("evalpose_cosine",), digits=3, ranked=False),
        Column("angle error °", ("angle_error_deg",), higher=False),
        Column("angles within 15° %", ("angle_at_15",)),
    )


def group_columns(entry: dict[str, Any], *keys: str, higher: bool = True) -> list[Column]:
    """One column a joint group that ``entry`` has a number for, ``all`` first: it is read first."""
    groups: Any = entry
    for key in keys:
        groups = groups.get(key) if isinstance(groups, dict) else None
    if not isinstance(groups, dict):
        return []
    names = ["all"] * ("all" in groups) + [name for name in groups if name != "all"]
    return [Column(name, (*keys, name), higher=higher) for name in names]


def compared(
    comparison: Compared,
    columns: list[Column] | tuple[Column, ...],
    title: str,
    caption: str,
    set_name: str = "target",
) -> Table:
    """Arms, free baselines and oracles of a comparison, mean and deviation over seeds."""
    rows: list[tuple[str, str, Source, str]] = []
    fewer = by_seed.with_fewer_seeds(comparison, "warm-up", "arm", "oracle")
    free = dict.fromkeys(row["name"] for row in comparison.get("baselines") or [])
    rows += [(name, "baseline", by_seed.baseline_by_seed, name) for name in free]
    for role in ("warm-up", "arm", "oracle"):
        for arm in by_seed.arms(comparison, role):
            if role == "oracle" and arm["trained_on"] != set_name:
                continue
            rows.append((arm.get("label") or arm["name"], role, by_seed.values, arm["name"]))
    measured = [
        (
            shown,
            role,
            [by_seed.spread(read(comparison, key, set_name, *c.keys).values()) for c in columns],
            role != "oracle" and key not in fewer,
        )
        for shown, role, read, key in rows
    ]
    values = [
        {
            key: read(comparison, key, set_name, *column.keys)
            for _, role, read, key in rows
            if role != "oracle" and key not in fewer
        }
        for column in columns
    ]
    apart = told_apart(columns, values, len(comparison["seeds"]))
    return Table(
        title=title,
        corner="",
        columns=[column.title for column in columns],
        rows=_bold_best(columns, measured, bold=len(comparison["seeds"]) > 1),
        caption=f"{caption} {apart}".strip(),
    )


def single(
    sets: dict[str, dict[str, Any]], columns: list[Column] | tuple[Column, ...], title: str,
    caption: str, roles: dict[str, str] | None = None,
) -> Table:  # fmt: skip
    """One run: a row a set (or baseline), no spread and nothing in bold."""
    rows = [
        Row(
            name,
            [Cell(number(by_seed.lookup(entry, *c.keys), c.digits)) for c in columns],
            (roles or {}).get(name, "arm"),
        )
        for name, entry in sets.items()
    ]
    return Table(title, "", [column.title for column in columns], rows, caption)


def arms(comparison: Compared) -> Table:
    """Describe each arm: method, sampling, and how unevenly it draws."""
    rows = []
    named = any("against" in arm for arm in comparison["arms"])
    for arm in comparison["arms"]:
        size, largest = arm.get("effective_sample_size"), arm.get("largest_weight")
        against = by_seed.label(comparison, arm["against"]) if arm.get("against") else "–"
        rows.append(
            Row(
                arm.get("label") or arm["name"],
                [
                    Cell(arm.get("method") or "–"),
                    Cell(_sampling(arm)),
                    Cell("–" if size is None else count(size)),
                    Cell("–" if largest is None else f"{largest:.2g}"),
                    Cell(_set_label(comparison, arm.get("trained_on") or "source")),
                    *([Cell(against)] if named else []),
                ],
                arm["role"],
            )
        )
    columns = ["method", "sampling", "effective samples", "largest weight", "labels from"]
    columns += ["compared with"] * named
    return Table(
        "What was trained",
        "arm",
        columns,
        rows,
        "Effective samples: 1 / sum of squared draw weights, the number of equally weighted "
        "poses that would vary as much.",
    )


def _sampling(arm: dict[str, Any]) -> str:
    """Return a strategy, and the stage it is used in where it is used in one only."""
    strategy, stage = arm.get("sampling") or "–", arm.get("sample_in") or "both"
    return strategy if stage == "both" or strategy == "uniform" else f"{strategy} ({stage})"


def spread_note(comparison: Compared, set_name: str = "target") -> str:
    """How to read the ± of a table of arms, and which of them have fewer seeds."""
    if len(comparison["seeds"]) == 1:
        return "Single seed: no spread."
    over = plural(len(comparison["seeds"]), "seed")
    return f"Mean ± standard deviation over {over}{fewer_seeds(comparison, set_name)}."


def fewer_seeds(comparison: Compared, set_name: str = "target") -> str:
    """Behind a number of seeds: the arms of a table that have fewer; "" where none has."""
    found = by_seed.with_fewer_seeds(comparison, "warm-up", "arm", "oracle")
    told = [
        f"{by_seed.label(comparison, arm['name'])} {found[arm['name']]}"
        for arm in comparison["arms"]
        if arm["name"] in found and (arm["role"] != "oracle" or arm["trained_on"] == set_name)
    ]
    return f" (fewer: {listed(told)})" if told else ""


def bold_note(comparison: Compared) -> str:
    """Say what the bold of a table of arms is the best of."""
    fewer = by_seed.with_fewer_seeds(comparison, "warm-up", "arm")
    apart = "oracles and configurations of fewer seeds" if fewer else "oracles"
    return f"Bold: best of a column, {apart} apart."


def _set_label(comparison: Compared, name: str) -> str:
    return comparison["sets"].get(name, {}).get("label") or name


def _bold_best(
    columns: list[Column] | tuple[Column, ...],
    measured: list[tuple[str, str, list[Spread | None], bool]],
    bold: bool,
) -> list[Row]:
    """Rows of cells; where ``bold``, the best of those that contend (the last value) is it."""
    rows = [
        Row(
            name,
            [
                Cell(
                    number(s.mean if s else None, c.digits),
                    "" if s is None or s.deviation is None else number(s.deviation, c.digits),
                )
                for s, c in zip(found, columns, strict=True)
            ],
            role,
        )
        for name, role, found, _ in measured
    ]
    for j, column in enumerate(columns):
        values = [
            s.mean if contends and (s := found[j]) is not None else None
            for _, _, found, contends in measured
        ]
        known = [value for value in values if value is not None]
        if len(known) < 2 or not column.ranked or not bold:
            continue
        best = max(known) if column.higher else min(known)
        for row, value in zip(rows, values, strict=True):
            if ties(value, best, column.digits):
                row.cells[j] = replace(row.cells[j], best=True)
    return rows


def told_apart(
    columns: Sequence[Column], values: Sequence[dict[str, dict[int, float]]], seeds: int
) -> str:
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
    if not contested:
        return ""
    if seeds == 1:
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


def ties(value: float | None, best: float | None, digits: int) -> bool:
    """Whether a reader, who sees rounded numbers, would call this the best."""
    return value is not None and best is not None and number(value, digits) == number(best, digits)


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
    low, high = row.get("low"), row.get("high")
    primary = row is comparison["primary"]
    pair = f"{by_seed.label(comparison, row['arm'])} − {by_seed.label(comparison, row['against'])}"
    cells = [Cell(signed(row["mean"]))]
    if sure:
        cells += [
            Cell("–" if low is None else f"{signed(low)} to {signed(high)}"),
            Cell(number(row.get("half_width"))),
            Cell(p_value(row.get("p"))),
            Cell("pre-specified" if primary else p_value(row.get("p_holm"))),
        ]
    name = row["endpoint"] if one_pair else f"{pair}: {row['endpoint']}"
    return Row(name, cells, "primary" if primary else "arm")
