"""What is no table on the page but is one for who computes with it: squares and claims."""

from __future__ import annotations

from posesift.report.blocks import Block, Cell, Claims, Row, Squares, Table
from posesift.report.wording import MISSING


def of(block: Block) -> list[Table]:
    """The tables that one block gives; of what is a choice, a chart or a note, none."""
    if isinstance(block, Table):
        return [block]
    if isinstance(block, Squares):
        return [_squares(block)]
    if isinstance(block, Claims):
        return _claims(block)
    return []


def _squares(block: Squares) -> Table:
    """A group of rows for each square; what stands below a value gets a column of its own."""
    columns = list(dict.fromkeys(name for square in block.squares for name in square.columns))
    patches = [patch for square in block.squares for row in square.patches for patch in row]
    details = [patch.detail.rpartition(" ") for patch in patches if patch.detail]
    words = sorted({word for word, _, _ in details})
    heads = [head for name in columns for head in (name, *(f"{name}, {word}" for word in words))]
    rows = []
    for square in block.squares:
        rows.append(Row(f"{square.name}. {square.note}", [], "group"))
        for name, found in zip(square.rows, square.patches, strict=True):
            by_column = dict(zip(square.columns, found, strict=True))
            cells = []
            for column in columns:
                patch = by_column.get(column)
                cells.append(Cell(patch.value if patch else MISSING))
                said, _, number = (patch.detail if patch else "").rpartition(" ")
                cells += [Cell(number if number and said == word else MISSING) for word in words]
            rows.append(Row(name, cells))
    return Table(block.title, "", heads, rows, block.caption)


def _claims(block: Claims) -> list[Table]:
    """What is claimed, and, one line a term, what each claim rests on."""
    claimed = [
        Row(claim.sentence, [Cell(claim.value), Cell(claim.unit), Cell(claim.verdict)])
        for claim in block.claims
    ]
    evidence = []
    for title, terms in (
        *((claim.sentence, claim.evidence) for claim in block.claims),
        (block.title, block.shared),
    ):
        evidence.append(Row(title, [], "group"))
        evidence += [Row(name, [Cell(what)]) for name, what in terms]
    return [
        Table("Claims", "claim", ["value", "unit", "verdict"], claimed),
        Table("Evidence of the claims", "term", ["what it is"], evidence),
    ]
