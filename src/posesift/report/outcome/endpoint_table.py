"""The table of paired differences: points, interval, p and Holm's p, the primary one marked."""

from __future__ import annotations

from typing import Any

from posesift.report.blocks import Cell, Row, Table
from posesift.report.outcome import results
from posesift.report.outcome.results import Comparison
from posesift.report.wording import number, p_value, signed

Stated = dict[str, Any]


def endpoints(
    groups: list[tuple[str, list[Stated]]], comparison: Comparison, one_pair: bool
) -> Table:
    """Primary and secondary endpoints: difference, interval, half-width, p, Holm's p.

    Args:
        groups: heading (or "") and rows as in ``comparison.json``.
        comparison: for the arms' labels and the primary endpoint.
        one_pair: whether all rows compare the same two arms, which then need no naming.
    """
    rows = []
    for heading, stated in groups:
        rows += [Row(heading, [], "group")] if heading else []
        rows += [_row(row, comparison, one_pair) for row in stated]
    return Table(
        "Endpoints",
        "" if one_pair else "difference of",
        ["points", "95 % interval", "half-width", "p", "p (Holm)"],
        rows,
        "Student intervals, paired over seeds. Only the shaded one was named in advance; the "
        "others are corrected for being many.",
    )


def _row(row: Stated, comparison: Comparison, one_pair: bool) -> Row:
    low, high = row.get("low"), row.get("high")
    primary = row is comparison["primary"]
    pair = f"{results.label(comparison, row['arm'])} − {results.label(comparison, row['against'])}"
    return Row(
        row["endpoint"] if one_pair else f"{pair}: {row['endpoint']}",
        [
            Cell(signed(row["mean"])),
            Cell("–" if low is None else f"{signed(low)} to {signed(high)}"),
            Cell(number(row.get("half_width"))),
            Cell(p_value(row.get("p"))),
            Cell("named in advance" if primary else p_value(row.get("p_holm"))),
        ],
        "primary" if primary else "arm",
    )
