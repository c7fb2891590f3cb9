"""CSV read back by the csv module holds what the page shows."""

from __future__ import annotations

import csv
import io
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from posesift import results
from posesift.report import contents
from posesift.report.blocks import (
    Cell,
    Claim,
    Claims,
    Row,
    Table,
    inner,
)
from posesift.report.export import export
from posesift.report.spreadsheet import csv_text

CONTROLS = "".join(map(chr, [*range(32), *range(127, 160), 0x2028, 0x2029]))


def read_back(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(table), newline="")))


def test_values_spreads_and_ranges_by_hand() -> None:
    table = Table(
        "t",
        "",
        ["PCK", "gap", "change", "note"],
        [
            Row("group, one", [], "group"),
            Row("a", [Cell(-1.5, spread=0.3, best=True), Cell(12, ".0f", ends=(-3, 20)),
                      Cell(None, "+.1f", ends=(0.4, 1.0)), Cell("=1+1")]),
            Row("two", [], "group"),
            Row("-b", [Cell(12_000, ",.0f"), Cell(), Cell(), Cell("61 %")]),
        ],
    )  # fmt: skip
    assert read_back(table) == [
        {"group": "group, one", "row": "a", "PCK": "-1.5", "PCK spread": "0.3", "gap": "12",
         "gap low": "-3", "gap high": "20", "change low": "0.4", "change high": "1.0",
         "note": "'=1+1"},
        {"group": "two", "row": "'-b", "PCK": "12000", "PCK spread": "", "gap": "", "gap low": "",
         "gap high": "", "change low": "", "change high": "", "note": "61 %"},
    ]  # fmt: skip


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5))
@settings(max_examples=200)
def test_any_text_comes_back_and_no_cell_is_a_formula(rows: list[tuple[str, str]]) -> None:
    table = Table("t", "x", ["y"], [Row(name, [Cell(text)]) for name, text in rows])
    found = list(csv.reader(io.StringIO(csv_text(table), newline="")))
    assert len(found) == 1 + len(rows)
    for written, cells in zip(rows, found[1:], strict=True):
        for text, cell in zip(written, cells, strict=True):
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert cell in (one_line(text), f"'{one_line(text)}")


def one_line(text: str) -> str:
    return "".join(c if c.isprintable() or c not in CONTROLS else " " for c in text)


@given(st.floats(width=32), st.sampled_from([".1f", "+.1f", ",.0f", ".3f"]))
def test_any_number_comes_back_rounded_as_it_is_shown(value: float, form: str) -> None:
    cell = Cell(value, form)
    (row,) = read_back(Table("t", "x", ["y"], [Row("a", [cell])]))
    if not math.isfinite(value):
        assert (row["y"], cell.text) == ("", "–")
    else:
        digits = int(form[-2])
        assert float(row["y"]) == round(value, digits)
        shown = cell.text.replace("\u202f", "").replace("−", "-")
        assert float(shown) == round(value, digits)
        assert shown.lstrip("+") == row["y"]


def tables_of(blocks: list) -> list[Table]:
    """Every table of some blocks, those inside choices and folds too."""
    found = []
    for block in blocks:
        found += [block] if isinstance(block, Table) else tables_of(inner(block))
    return found


def test_every_table_of_a_page_comes_back(comparison) -> None:
    page = contents.of(results.read(comparison))
    tables = [table for section in page.sections for table in tables_of(section.blocks)]
    assert len(tables) >= 4
    numbers = 0
    for table in tables:
        rows = [row for row in table.rows if row.role != "group"]
        found = read_back(table)
        assert len(found) == len(rows)
        for row, values in zip(rows, found, strict=True):
            assert row.name in [value.removeprefix("'") for value in values.values()]
            for title, cell in zip(table.columns, row.cells, strict=True):
                if cell.number is None:
                    continue
                numbers += 1
                assert float(values[title]) == float(format(cell.number, cell.form.strip("+,")))
                if cell.spread is not None:
                    assert values[f"{title} spread"] == format(cell.spread, cell.form)
    assert numbers > 50


def test_claims_are_tables() -> None:
    claim = Claim(
        "It helps.", Cell(1.2, "+.1f"), "points", "shown", [("95 % interval", "0.1 to 2.3")]
    )
    claims, evidence = export.of(Claims([claim], []))
    assert read_back(claims) == [
        {"claim": "It helps.", "value": "1.2", "unit": "points", "verdict": "shown"}
    ]
    assert [list(row.values()) for row in read_back(evidence)] == [
        ["It helps.", "95 % interval", "0.1 to 2.3"],
    ]
