"""CSV read back by the csv module holds what the page shows."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift import results
from posesift.report import contents
from posesift.report.blocks import (
    Cell,
    Claim,
    Claims,
    Patch,
    Row,
    Square,
    Squares,
    Table,
    inner,
)
from posesift.report.export import export
from posesift.report.export.tables import as_number, csv_text

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
            Row("a", [Cell("−1.5", "0.3", best=True), Cell("12", range="−3 to 20"),
                      Cell("+0.4 to +1.0"), Cell("=1+1")]),
            Row("two", [], "group"),
            Row("-b", [Cell("12\u202f000"), Cell("–"), Cell("–"), Cell("61 %")]),
        ],
    )  # fmt: skip
    assert read_back(table) == [
        {"group": "group, one", "row": "a", "PCK": "-1.5", "PCK spread": "0.3", "gap": "12",
         "gap low": "-3", "gap high": "20", "change low": "0.4", "change high": "1.0",
         "note": "'=1+1"},
        {"group": "two", "row": "'-b", "PCK": "12000", "PCK spread": "", "gap": "", "gap low": "",
         "gap high": "", "change low": "", "change high": "", "note": "61 %"},
    ]  # fmt: skip


def test_a_unit_that_all_share_goes_to_the_heading() -> None:
    rows = [Row("a", [Cell("22.7°"), Cell("5 %")]), Row("b", [Cell("–"), Cell("no")])]
    first, second = read_back(Table("t", "pose", ["nearest", "share"], rows))
    assert first == {"pose": "a", "nearest (°)": "22.7", "share": "5 %"}
    assert second == {"pose": "b", "nearest (°)": "", "share": "no"}


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5))
@settings(max_examples=200)
def test_any_text_comes_back_and_no_cell_is_a_formula(rows: list[tuple[str, str]]) -> None:
    table = Table("t", "x", ["y"], [Row(name, [Cell(text)]) for name, text in rows])
    found = list(csv.reader(io.StringIO(csv_text(table), newline="")))
    assert len(found) == 1 + len(rows)
    for (name, text), (shown, value) in zip(rows, found[1:], strict=True):
        assert shown.removeprefix("'") in (one_line(name), one_line(name).removeprefix("'"))
        for cell in (shown, value):
            assert not cell.lstrip().startswith(("=", "+", "@"))
            assert not cell.lstrip().startswith("-") or as_number(text) == cell
        if as_number(text) is None and text.strip() not in ("", "–"):
            plain = one_line(text)
            assert value in (plain, f"'{plain}", plain.removesuffix("°"), plain.removesuffix("%"))


def one_line(text: str) -> str:
    return "".join(c if c.isprintable() or c not in CONTROLS else " " for c in text)


@pytest.mark.parametrize("text", ["nan", "inf", "0x10", "1_000", "١٢", "1 to 2", "", "–", "1e"])
def test_what_is_no_number(text: str) -> None:
    assert as_number(text) is None


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
                plain = cell.text.replace("−", "-").replace("\u202f", "").lstrip("+")
                try:
                    expected = float(plain)
                except ValueError:
                    continue
                numbers += 1
                assert float(values[title]) == expected
                if cell.spread:
                    assert float(values[f"{title} spread"]) == float(cell.spread)
    assert numbers > 50


def test_squares_and_claims_are_tables() -> None:
    def patch(value: str, detail: str = "") -> Patch:
        return Patch(value, detail, "#ffffff", "#000000", "#000000", "#ffffff")

    cells = [[patch("50.0"), patch("40.0")], [patch("30.0"), patch("20.0", "regret +7.0")]]
    square = Square("UDAPE", "Interaction −1.0 points", ["p", "q"], ["x", "y"], cells)
    (table,) = export.of(Squares("gap", "how", [square]))
    group = "UDAPE. Interaction −1.0 points"
    assert read_back(table) == [
        {"group": group, "row": "p", "x": "50.0", "x, regret": "", "y": "40.0", "y, regret": ""},
        {"group": group, "row": "q", "x": "30.0", "x, regret": "", "y": "20.0", "y, regret": "7.0"},
    ]
    claim = Claim("It helps.", "+1.2", "points", "shown", [("95 % interval", "0.1 to 2.3")])
    claims, evidence = export.of(Claims("For all", [claim], [("seeds", "5")], []))
    assert read_back(claims) == [
        {"claim": "It helps.", "value": "1.2", "unit": "points", "verdict": "shown"}
    ]
    assert [list(row.values()) for row in read_back(evidence)] == [
        ["It helps.", "95 % interval", "0.1 to 2.3"],
        ["For all", "seeds", "5"],
    ]
