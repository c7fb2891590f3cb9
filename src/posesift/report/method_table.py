"""The table of methods: joint groups by arm, the share of the gap closed; published rows apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from posesift.report.blocks import Block, Cell, Note, Row, Table
from posesift.report.facts import NAMES
from posesift.report.tables import Column, fewer_seeds, group_columns, ties, told_apart
from posesift.report.wording import number, plural, signed
from posesift.results import by_seed, endpoints, evalpose_form, methods
from posesift.results.by_seed import Compared, Interval

GROUPS = ("pck", "0.05")
WHOLE = ("pck", "0.05", "all")


def results(comparison: Compared) -> Table:
    """Every configuration in one row: PCK with its interval, what it gains, the other measures.

    Trivial baselines first, then methods with uniform sampling before their strategies, the oracle
    last. With one seed nothing is bold.
    """
    form = evalpose_form.of_comparison(comparison)
    columns = (
        Column("PCK@0.1 %", ("pck", "0.1", "all")),
        Column(f"{form.name} 0–100", (form.key,)),
        Column("angle error °", ("angle_error_deg",), higher=False),
    )
    rows = [
        Row(
            NAMES.get(name, str(name)),
            [
                Cell(_level(by_seed.baseline_by_seed(comparison, name, "target", *WHOLE))),
                *[Cell("–")] * 3,
                *(
                    Cell(_level(by_seed.baseline_by_seed(comparison, name, "target", *c.keys)))
                    for c in columns
                ),
            ],
            "baseline",
        )
        for name in dict.fromkeys(row["name"] for row in comparison.get("baselines") or [])
    ]
    arms = [n for m in methods.ordered(comparison) for n in methods.arms_of(comparison, m)]
    oracle = methods.target_oracle(comparison)
    for called in [*arms, *([oracle["name"]] if oracle else [])]:
        values = by_seed.values(comparison, called, "target", *WHOLE)
        level = by_seed.interval(values.values())
        if len(comparison["seeds"]) == 1:
            level = by_seed.over_images(comparison, called, "target") or level
        bins = by_seed.bins_by_seed(comparison, called)
        share, _ = methods.gap_closed(comparison, called)
        cells = [
            Cell(number(level.mean if level else None), range=_ends(level, number)),
            _gain(comparison, called),
            Cell(number(share.mean if share else None, 0), range=_ends(share, _whole)),
            Cell(_level(bins[-1] if bins else {})),
            *(
                Cell(_level(by_seed.values(comparison, called, "target", *column.keys)))
                for column in columns
            ),
        ]
        role = "oracle" if oracle and called == oracle["name"] else "arm"
        rows.append(Row(by_seed.label(comparison, called), cells, role))
    over = "over images" if len(comparison["seeds"]) == 1 else "over seeds"
    titles = ["PCK@0.05 %", "difference", "gap closed %", "hardest part %"]
    return Table(
        title="Results on the target",
        corner="",
        columns=[*titles, *(column.title for column in columns)],
        rows=rows,
        caption=(
            f"In brackets: 95 % CI, of PCK {over}, of differences and of the gap over seeds. "
            "Difference: in PCK@0.05, from unrounded values; a strategy minus its method with "
            "uniform "
            "sampling, a method with that minus source-only training. "
            "Gap closed: from source-only training (0) to the oracle (100), which is trained on "
            "the target's labels. Hardest part: PCK@0.05 on the hardest part of the target by an "
            "independent score."
        ),
    )


def _gain(comparison: Compared, called: str) -> Cell:
    """Compute what a configuration gains over the one it is compared with."""
    against = methods.against(comparison, called)
    row = (
        endpoints.stated(comparison, called, against, endpoints.ENDPOINTS["target"])
        if (against)
        else None
    )
    if against is None or row is None:
        return Cell("–")
    shown = by_seed.endpoint(row)
    return Cell(signed(shown.mean if shown else None), range=_ends(shown, signed))


def _level(values: Mapping[int, float]) -> str:
    found = by_seed.spread(values.values())
    return number(found.mean if found else None)


def _ends(shown: Interval | None, told: Callable[[float | None], str]) -> str:
    return "" if shown is None or shown.low is None else f"{told(shown.low)} to {told(shown.high)}"


def _whole(value: float | None) -> str:
    return number(value, 0)


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
    if len(comparison["seeds"]) == 1:
        contending = []  # nothing tells the best: nothing is bold
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
        "Single seed. A range behind “all” is a 95 % interval over images."
        if seeds == 1
        else f"Joint groups: mean ± standard deviation over {plural(seeds, 'seed')}"
        f"{fewer_seeds(comparison)}; “all”: mean and 95 % interval over them."
    )
    told = "Bold: best of a column among configurations"
    told += " that have all seeds" if by_seed.with_fewer_seeds(comparison, "arm") else ""
    told += ", the oracle apart."
    if closed:
        told += (
            " Gap closed: the way from source-only training (0) to the oracle (100) on the "
            "target, paired over the seeds that have both."
        )
    return f"{how} {told}"
