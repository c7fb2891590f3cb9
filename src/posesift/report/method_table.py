"""The table of methods: joint groups by arm, the share of the gap closed; published rows apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from posesift.report.blocks import Block, Cell, Note, Row, Table
from posesift.report.tables import Column, fewer_seeds, group_columns, ties, told_apart
from posesift.report.wording import number, plural
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared

GROUPS = ("pck", "0.05")


def measured(comparison: Compared) -> Table:
    """Arms under their methods and the oracle: PCK@0.05 of all, the gap closed, joint groups."""
    entry = by_seed.some_entry(comparison, "target")
    columns = group_columns(entry, *GROUPS)
    place = 1 if columns and columns[0].title == "all" else 0  # of the gap, right behind "all"
    closed = any(row.get("mean") is not None for row in comparison.get("gap_closed") or [])
    rows: list[Row] = []
    contending: list[tuple[int, str]] = []
    fewer = by_seed.with_fewer_seeds(comparison, "arm")
    for method in methods.ordered(comparison):
        rows.append(Row(methods.name(method), [], "group"))
        for called in methods.arms_of(comparison, method):
            if called not in fewer:
                contending.append((len(rows), called))
            rows.append(_row(comparison, called, columns, place if closed else None, "arm"))
    if oracle := methods.target_oracle(comparison):
        rows.append(Row("Trained on the target's labels", [], "group"))
        name = oracle["name"]
        rows.append(_row(comparison, name, columns, place if closed else None, "oracle"))
    for j, column in enumerate(columns):
        means = {i: _mean(comparison, called, column.keys) for i, called in contending}
        _embolden(rows, j + (closed and j >= place), means, column.digits)
    if closed:
        shares = {
            i: found.mean
            for i, called in contending
            if (found := methods.gap_closed(comparison, called)[0])
        }
        _embolden(rows, place, shares, 0)
    titles = [column.title for column in columns]
    return Table(
        title="PCK@0.05 on the target (%)",
        corner="",
        columns=[*titles[:place], *["gap closed %"] * closed, *titles[place:]],
        rows=rows,
        caption=f"{_caption(comparison, closed)} {_apart(comparison, columns, contending)}".strip(),
    )


def published(comparison: Compared) -> list[Block]:
    """Rows from the literature, with what keeps them from being set beside the measured ones."""
    rows = comparison.get("published") or []
    if not rows:
        return []
    names = list(dict.fromkeys(group for row in rows for group in row.get("groups") or {}))
    table = Table(
        title="Published, PCK@0.05 (%)",
        corner="",
        columns=["all", *names, "trust"],
        rows=[
            Row(
                str(row["method"]),
                [
                    Cell(number(row.get("all"))),
                    *(Cell(number((row.get("groups") or {}).get(group))) for group in names),
                    Cell(str(row.get("trust") or "–")),
                ],
                "oracle" if "oracle" in str(row["method"]).lower() else "published",
            )
            for row in rows
        ],
        caption=(
            "Figures of other people's experiments, as printed there: other data, networks and "
            "budgets than those measured here, and no intervals. Nothing of this table is bold "
            "or compared with the table above."
        ),
    )
    said: dict[str, list[str]] = {}
    for row in rows:
        if row.get("note"):
            said.setdefault(str(row["note"]), []).append(str(row["method"]))
    notes = [Note(f"{'; '.join(of)}: {note}", strong=False) for note, of in said.items()]
    return [table, *notes]


def _row(
    comparison: Compared, called: str, columns: list[Column], gap: int | None, role: str
) -> Row:
    """Cells of an arm, its share of the gap closed at place ``gap``; None = in no column."""
    cells: list[Cell] = []
    for column in columns:
        values = by_seed.values(comparison, called, "target", *column.keys).values()
        found = by_seed.spread(values)
        deviation = found.deviation if found else None
        cell = Cell(
            number(found.mean if found else None),
            "" if deviation is None else number(deviation),
        )
        sure = by_seed.interval(values)
        if len(comparison["seeds"]) == 1:
            sure = by_seed.over_images(comparison, called, "target")
        if column.title == "all" and sure and sure.low is not None:
            cell = replace(cell, spread="", range=f"{number(sure.low)} to {number(sure.high)}")
        cells.append(cell)
    if gap is not None:
        share, _ = methods.gap_closed(comparison, called)
        ends = ""
        if share and share.low is not None:
            ends = f"{number(share.low, 0)} to {number(share.high, 0)}"
        cells.insert(gap, Cell(number(share.mean if share else None, 0), range=ends))
    return Row(by_seed.label(comparison, called), cells, role)


def _mean(comparison: Compared, called: str, keys: tuple[str, ...]) -> float | None:
    found = by_seed.spread(by_seed.values(comparison, called, "target", *keys).values())
    return found.mean if found else None


def _apart(comparison: Compared, columns: list[Column], contending: list[tuple[int, str]]) -> str:
    """In which columns the best arm is told apart from the next."""
    values = [
        {name: by_seed.values(comparison, name, "target", *c.keys) for _, name in contending}
        for c in columns
    ]
    return told_apart(columns, values, len(comparison["seeds"]))


def _embolden(rows: list[Row], j: int, values: Mapping[int, float | None], digits: int) -> None:
    """Make the largest of the values in column ``j`` bold, with all that read the same."""
    known = [value for value in values.values() if value is not None]
    if len(known) < 2:
        return
    for i, value in values.items():
        if ties(value, max(known), digits):
            rows[i].cells[j] = replace(rows[i].cells[j], best=True)


def _caption(comparison: Compared, closed: bool) -> str:
    seeds = len(comparison["seeds"])
    how = (
        "One seed: no spread over seeds is known; a range behind “all” is a 95 % interval over "
        "images."
        if seeds == 1
        else f"Joint groups: mean ± standard deviation over {plural(seeds, 'seed')}"
        f"{fewer_seeds(comparison)}; “all”: mean and 95 % interval over them."
    )
    told = "Bold: best of a column among the arms"
    told += " that have all seeds" if by_seed.with_fewer_seeds(comparison, "arm") else ""
    told += ", the oracle apart."
    if closed:
        told += (
            " Gap closed: an arm's way from source-only training (0) to the oracle (100) on the "
            "target, paired over the seeds that have both."
        )
    return f"{how} {told}"
