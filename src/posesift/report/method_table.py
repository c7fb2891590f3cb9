"""The table of methods: joint groups by arm, the share of the gap closed; published rows apart."""

from __future__ import annotations

from collections.abc import Mapping

from posesift.experiments.methods import label_of
from posesift.report.blocks import SIGNED, WHOLE, Block, Cell, Note, Row, Table
from posesift.report.facts import NAMES
from posesift.report.tables import Column, cell, embolden, fewer_seeds, group_columns, told_apart
from posesift.report.wording import plural
from posesift.results import by_seed, endpoints, evalpose_form, methods
from posesift.results.by_seed import Compared

GROUPS = ("pck", "0.05")
GAP = Column("gap closed %", (), form=WHOLE)
PCK = Column("PCK@0.05 %", (*GROUPS, "all"))


def results(comparison: Compared) -> Table:
    """Every configuration in one row: PCK with its interval, what it gains, the other measures.

    Trivial baselines first, then methods with uniform sampling before their strategies, the oracle
    last. With one seed nothing is bold.
    """
    form = evalpose_form.of_comparison(comparison)
    others = (
        Column("PCK@0.1 %", ("pck", "0.1", "all")),
        Column(f"{form.name} 0–100", (form.key,)),
        Column("angle error °", ("angle_error_deg",), higher=False),
    )
    rows = []
    for name in dict.fromkeys(row["name"] for row in comparison.get("baselines") or []):
        first, *rest = (
            _mean(by_seed.baseline_by_seed(comparison, name, "target", *column.keys))
            for column in (PCK, *others)
        )
        rows.append(Row(NAMES.get(name, str(name)), [first, *[Cell()] * 3, *rest], "baseline"))
    called = [n for m in methods.ordered(comparison) for n in methods.arms_of(comparison, m)]
    oracle = methods.target_oracle(comparison)
    for name in [*called, *([oracle["name"]] if oracle else [])]:
        bins = by_seed.bins_by_seed(comparison, name)
        cells = [
            cell(by_seed.level(comparison, name)),
            _gain(comparison, name),
            cell(methods.gap_closed(comparison, name)[0], WHOLE),
            _mean(bins[-1] if bins else {}),
            *(_mean(by_seed.values(comparison, name, "target", *c.keys)) for c in others),
        ]
        role = "oracle" if oracle and name == oracle["name"] else "arm"
        rows.append(Row(by_seed.label(comparison, name), cells, role))
    over = "over images" if len(comparison["seeds"]) == 1 else "over seeds"
    titles = [PCK.title, "difference", GAP.title, "hardest part %", *(c.title for c in others)]
    caption = (
        f"In brackets: 95 % CI, of PCK {over}, of differences and of the gap over seeds. "
        "Difference: in PCK@0.05, from unrounded values; a strategy minus its method with uniform "
        "sampling, a method with that minus source-only training. "
        "Gap closed: from source-only training (0) to the oracle (100), which is trained on "
        "the target's labels. Hardest part: PCK@0.05 on the hardest part of the target by an "
        "independent score."
    )
    return Table("Results on the target", "", titles, rows, caption)


def _gain(comparison: Compared, called: str) -> Cell:
    """Compute what a configuration gains over the one it is compared with."""
    against = methods.against(comparison, called)
    named = endpoints.ENDPOINTS["target"]
    row = endpoints.stated(comparison, called, against, named) if against else None
    return cell(by_seed.endpoint(row) if row else None, SIGNED)


def _mean(values: Mapping[int, float]) -> Cell:
    found = by_seed.spread(values.values())
    return Cell(found.mean if found else None)


def measured(comparison: Compared) -> Table:
    """Arms under their methods and the oracle: PCK@0.05 of all, the gap closed, joint groups."""
    groups = group_columns(by_seed.some_entry(comparison, "target"), *GROUPS)
    place = 1 if groups and groups[0].title == "all" else 0  # of the gap, right behind "all"
    closed = any(row.get("mean") is not None for row in comparison.get("gap_closed") or [])
    columns = [*groups[:place], *[GAP] * closed, *groups[place:]]
    rows: list[Row] = []
    contending: dict[int, str] = {}
    fewer = by_seed.with_fewer_seeds(comparison, "arm")
    for method in methods.ordered(comparison):
        rows.append(Row(label_of(method), [], "group"))
        for called in methods.arms_of(comparison, method):
            if called not in fewer and len(comparison["seeds"]) > 1:  # else nothing is bold
                contending[len(rows)] = called
            rows.append(_row(comparison, called, columns, "arm"))
    if oracle := methods.target_oracle(comparison):
        rows.append(Row("Trained on the target's labels", [], "group"))
        rows.append(_row(comparison, oracle["name"], columns, "oracle"))
    embolden(rows, columns, list(contending))
    values = [
        {n: by_seed.values(comparison, n, "target", *c.keys) for n in contending.values()}
        for c in groups
    ]
    apart = told_apart(groups, values, len(comparison["seeds"]))
    return Table(
        title="PCK@0.05 on the target (%)",
        corner="",
        columns=[column.title for column in columns],
        rows=rows,
        caption=f"{_caption(comparison, closed)} {apart}".strip(),
    )


def _row(comparison: Compared, called: str, columns: list[Column], role: str) -> Row:
    """Levels of an arm, that of all joints with its interval, and its share of the gap closed."""
    cells = []
    for column in columns:
        if column is GAP:
            cells.append(cell(methods.gap_closed(comparison, called)[0], WHOLE))
        elif column.title == "all":
            cells.append(cell(by_seed.level(comparison, called)))
        else:
            values = by_seed.values(comparison, called, "target", *column.keys)
            cells.append(cell(by_seed.spread(values.values())))
    return Row(by_seed.label(comparison, called), cells, role)


def published(comparison: Compared) -> list[Block]:
    """Rows from the literature, with what keeps them from being set beside the measured ones."""
    rows = comparison.get("published") or []
    if not rows:
        return []
    names = list(dict.fromkeys(group for row in rows for group in row.get("groups") or {}))
    shown = [
        Row(
            str(row["method"]),
            [
                Cell(row.get("all")),
                *(Cell((row.get("groups") or {}).get(group)) for group in names),
                Cell(str(row["trust"]) if row.get("trust") else None),
            ],
            "oracle" if "oracle" in str(row["method"]).lower() else "published",
        )
        for row in rows
    ]
    caption = (
        "Figures of other people's experiments, as printed there: other data, networks and "
        "budgets than those measured here, and no intervals. Nothing of this table is bold "
        "or compared with the table above."
    )
    table = Table("Published, PCK@0.05 (%)", "", ["all", *names, "trust"], shown, caption)
    said: dict[str, list[str]] = {}
    for row in rows:
        if row.get("note"):
            said.setdefault(str(row["note"]), []).append(str(row["method"]))
    notes = [Note(f"{'; '.join(of)}: {note}", strong=False) for note, of in said.items()]
    return [table, *notes]


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
