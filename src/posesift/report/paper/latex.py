r"""Tables as LaTeX that plain pdflatex with booktabs sets, sized to fit a page."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from posesift.report.blocks import Cell, Row, Table
from posesift.report.paper.latex_text import escaped
from posesift.report.paper.printing import COLUMN, PAGE_WIDTH
from posesift.report.paper.spreadsheet import as_number
from posesift.report.wording import MISSING

_LONG = 34  # characters from which a column of text is broken into lines
_HEADING = 8  # characters that a heading may always have in one line


@dataclass(frozen=True)
class _Setting:
    """How a table is set; widths are of the 10 points of most papers.

    Attributes:
        environment: over one column of the paper or both.
        inches: its width.
        size: of the text, as a command.
        character: points of one, on average.
        gap: points on each side of a column.
    """

    environment: str
    inches: float
    size: str
    character: float
    gap: float

    def left(self, columns: list[_Column]) -> float:
        """Points that columns which are not broken into lines leave to those which are."""
        taken = sum(c.size * self.character for c in columns if not c.is_long)
        return 72.0 * self.inches - taken - 2 * self.gap * len(columns)

    def fits(self, columns: list[_Column]) -> bool:
        return self.left(columns) >= sum(_LONG * self.character for c in columns if c.is_long)


_SETTINGS = (  # the first that a table fits is taken
    _Setting("table", COLUMN, "", 5.0, 6.0),
    _Setting("table", COLUMN, r"\small", 4.6, 5.0),
    _Setting("table*", PAGE_WIDTH, "", 5.0, 6.0),
    _Setting("table*", PAGE_WIDTH, r"\small", 4.6, 5.0),
    _Setting("table*", PAGE_WIDTH, r"\footnotesize", 4.2, 4.0),
    _Setting("table*", PAGE_WIDTH, r"\scriptsize", 3.8, 3.0),
)


@dataclass(frozen=True)
class _Column:
    """One column: its heading in lines, and the texts that stand below it."""

    heading: list[str]
    texts: list[str]

    @property
    def size(self) -> int:
        """Characters of its longest line."""
        return max(map(len, [*self.heading, *self.texts]), default=0)

    @property
    def is_long(self) -> bool:
        return self.size > _LONG

    @property
    def is_numbers(self) -> bool:
        values = [text.split(" ± ")[0].split(" (")[0].strip() for text in self.texts]
        return bool(values) and all(v in ("", MISSING) or as_number(v) is not None for v in values)


def latex(table: Table, label: str) -> str:
    r"""A floating table with rules by booktabs, a caption and a label.

    Best values are bold, oracles slanted, and groups begin with a rule and their name. The text is
    as large as lets the table fit one column of a paper, else both.

    Args:
        table: of the page.
        label: behind ``tab:``; letters, digits and hyphens.
    """
    columns = _columns(table)
    width = len(columns)
    setting = next((s for s in _SETTINGS if s.fits(columns)), _SETTINGS[-1])
    deepest = max(len(column.heading) for column in columns)
    heads = [[""] * (deepest - len(column.heading)) + column.heading for column in columns]
    caption = " ".join(part for part in (f"{table.title}.", table.caption) if part)
    lines = [
        rf"\begin{{{setting.environment}}}[t]",
        r"\centering",
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{tab:{label}}}",
        *([setting.size, rf"\setlength{{\tabcolsep}}{{{setting.gap:g}pt}}"] * bool(setting.size)),
        rf"\begin{{tabular}}{{{_specification(columns, setting)}}}",
        r"\toprule",
        *(" & ".join(escaped(head[i]) for head in heads) + r" \\" for i in range(deepest)),
        r"\midrule",
    ]
    for place, row in enumerate(table.rows):
        if row.role == "group":
            lines += [r"\midrule"] if place else []
            lines.append(rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escaped(row.name)}}}}} \\")
        else:
            lines.append(_row(row, width))
    lines += [r"\bottomrule", r"\end{tabular}", rf"\end{{{setting.environment}}}"]
    return "\n".join(lines) + "\n"


def _columns(table: Table) -> list[_Column]:
    """The columns of a table, the first one that of its rows' names."""
    rows = [row for row in table.rows if row.role != "group"]
    found = [_Column([table.corner], [row.name for row in rows])]
    for place, heading in enumerate(table.columns):
        texts = [_told(row.cells[place]) for row in rows if place < len(row.cells)]
        room = max([_HEADING, *map(len, texts)])
        found.append(_Column(textwrap.wrap(heading, room, break_long_words=False) or [""], texts))
    return found


def _specification(columns: list[_Column], setting: _Setting) -> str:
    """Numbers to the right, text to the left, long text in lines that share what is left."""
    total = sum(min(c.size, 4 * _LONG) for c in columns if c.is_long)
    share = max(setting.left(columns) / (72.0 * setting.inches), 0.3)

    def kind(place: int, column: _Column) -> str:
        if column.is_long:
            return rf"p{{{share * min(column.size, 4 * _LONG) / total:.2f}\linewidth}}"
        return "r" if place and column.is_numbers else "l"

    return "".join(kind(place, column) for place, column in enumerate(columns))


def _told(cell: Cell) -> str:
    """About what a cell takes in width."""
    spread = f" ± {cell.spread}" if cell.spread else ""
    return f"{cell.text}{spread}{f' ({cell.range})' if cell.range else ''}"


def _row(row: Row, width: int) -> str:
    cells = [*row.cells, *[Cell("")] * (width - 1 - len(row.cells))]
    name = escaped(row.name)
    name = rf"\textit{{{name}}}" if row.role == "oracle" and name else name
    return " & ".join([name, *map(_cell, cells)]) + r" \\"


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    text = rf"\textbf{{{text}}}" if cell.best else text
    text += rf" $\pm$ {escaped(cell.spread)}" if cell.spread else ""
    return f"{text} ({escaped(cell.range)})" if cell.range else text
