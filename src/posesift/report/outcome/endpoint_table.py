"""The table of paired differences: points, interval, p and Holm's p, the primary one marked."""

from __future__ import annotations

from typing import Any

from posesift.report.blocks import Cell, Row, Table
from posesift.report.wording import number, p_value, signed
from posesift.results import by_seed
from posesift.results.by_seed import Compared

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
        "Student intervals, paired over seeds. Only the shaded one was named in advance; Holm's p "
        "of the others is corrected for their being many."
        if sure
        else "Over one seed: no interval and no p. Only the shaded one was named in advance.",
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
            Cell("named in advance" if primary else p_value(row.get("p_holm"))),
        ]
    name = row["endpoint"] if one_pair else f"{pair}: {row['endpoint']}"
    return Row(name, cells, "primary" if primary else "arm")
