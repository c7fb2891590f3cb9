"""The table of results, a row a configuration; published rows apart."""

from __future__ import annotations

from collections.abc import Mapping

from posesift.report.blocks import SIGNED, WHOLE, Block, Cell, Note, Row, Table
from posesift.report.facts import NAMES
from posesift.report.tables import Column, cell
from posesift.results import by_seed, endpoints, evalpose_form, methods
from posesift.results.by_seed import Compared

PCK = Column("PCK@0.05 %", ("pck", "0.05", "all"))


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
    titles = [PCK.title, "difference", "gap closed %", "hardest part %", *(c.title for c in others)]
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
