r"""Tables as LaTeX that plain pdflatex with booktabs sets, sized to fit a page."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass

from posesift.report.blocks import Cell, Row, Table
from posesift.report.export.figures import COLUMN, PAGE_WIDTH

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
    """One column: its heading in lines, and the cells that stand below it."""

    heading: list[str]
    cells: list[Cell]

    @property
    def size(self) -> int:
        """Characters of its longest line."""
        return max(map(len, [*self.heading, *map(_told, self.cells)]), default=0)

    @property
    def is_long(self) -> bool:
        return self.size > _LONG

    @property
    def is_numbers(self) -> bool:
        """Whether bare numbers stand below each other; a missing one is none the less."""
        return bool(self.cells) and not any(
            isinstance(cell.value, str) or (cell.value is None and cell.ends) for cell in self.cells
        )


def latex(table: Table, label: str) -> str:
    r"""Return a floating table with rules by booktabs, a caption and a label.

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
    """Return the columns of a table, the first one that of its rows' names."""
    rows = [row for row in table.rows if row.role != "group"]
    found = [_Column([table.corner], [Cell(row.name) for row in rows])]
    for place, heading in enumerate(table.columns):
        cells = [row.cells[place] for row in rows if place < len(row.cells)]
        room = max([_HEADING, *(len(_told(cell)) for cell in cells)])
        found.append(_Column(textwrap.wrap(heading, room, break_long_words=False) or [""], cells))
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
    spread = f" ± {cell.deviation}" if cell.deviation else ""
    return f"{cell.text}{spread}{f' ({cell.beside})' if cell.beside else ''}"


def _row(row: Row, width: int) -> str:
    cells = [*row.cells, *[Cell("")] * (width - 1 - len(row.cells))]
    name = escaped(row.name)
    name = rf"\textit{{{name}}}" if row.role == "oracle" and name else name
    return " & ".join([name, *map(_cell, cells)]) + r" \\"


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    text = rf"\textbf{{{text}}}" if cell.best else text
    text += rf" $\pm$ {escaped(cell.deviation)}" if cell.deviation else ""
    return f"{text} ({escaped(cell.beside)})" if cell.beside else text


_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": "$<$", ">": "$>$", "|": "$|$", '"': "''", "`": "{`}",
    "\0": "{}", "[": "{[}", "]": "{]}", "*": "{*}",  # else an option of the line break before them
    "\u2212": "$-$", "±": r"$\pm$", "×": r"$\times$", "÷": r"$\div$", "·": r"$\cdot$",
    "≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "≠": r"$\neq$", "→": r"$\to$",
    "←": r"$\leftarrow$", "°": r"$^\circ$", "µ": r"$\mu$", "∞": r"$\infty$",
    "²": "$^2$", "³": "$^3$", "½": r"$\frac{1}{2}$", "–": "--", "—": "---", "‑": "-", "‐": "-",
    "‘": "`", "’": "'", "“": "``", "”": "''", "„": ",,", "…": r"\ldots{}", "•": r"$\bullet$",
    "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,", "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}",
    "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}",
    "å": r"\aa{}", "Å": r"\AA{}", "ı": r"\i{}", "§": r"$\mathsection$", "€": "EUR", "√": r"$\surd$",
}  # fmt: skip
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi "
    "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip


def escaped(text: str) -> str:
    r"""Text that pdflatex sets as it is.

    >>> print(escaped("50 % & more_or_less, −0.3 ± 0.1°, Å, café, 中"))
    50 \% \& more\_or\_less, $-$0.3 $\pm$ 0.1$^\circ$, \AA{}, caf\'{e}, {[}U+4E2D{]}
    """
    kept = unicodedata.normalize("NFC", text)
    line = "".join(c if c.isprintable() or c in "\u00a0\u202f\u2009" else " " for c in kept)
    apart = re.sub("-(?=-)", "-\0", line)  # else two hyphens, of a flag say, become a dash
    return "".join(map(_character, apart))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character
    alphabet, _, name = unicodedata.name(character, "").partition(" LETTER ")
    name = name.replace("LAMDA", "LAMBDA").lower()
    letter = name if alphabet == "GREEK SMALL" else name.capitalize()
    if alphabet.startswith("GREEK") and letter in _GREEK.split():
        return rf"$\{letter}$"
    base, *marks = unicodedata.normalize("NFD", character)
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        if base in "ij" and marks[0] != "\u0327":
            base = rf"\{base}"
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return f"{{[}}U+{ord(character):04X}{{]}}"
