r"""Tables as LaTeX that plain pdflatex with booktabs sets, sized to fit a page."""

from __future__ import annotations

import csv
import io
import re
import textwrap
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from posesift.report.blocks import Cell, Row, Table
from posesift.report.export.figures import COLUMN, PAGE_WIDTH
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
_GREEK = {
    "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "δ": r"$\delta$", "ε": r"$\epsilon$",
    "ζ": r"$\zeta$", "η": r"$\eta$", "θ": r"$\theta$", "ι": r"$\iota$", "κ": r"$\kappa$",
    "λ": r"$\lambda$", "μ": r"$\mu$", "ν": r"$\nu$", "ξ": r"$\xi$", "π": r"$\pi$",
    "ρ": r"$\rho$", "σ": r"$\sigma$", "τ": r"$\tau$", "φ": r"$\phi$", "χ": r"$\chi$",
    "ψ": r"$\psi$", "ω": r"$\omega$", "Γ": r"$\Gamma$", "Δ": r"$\Delta$", "Θ": r"$\Theta$",
    "Λ": r"$\Lambda$", "Ξ": r"$\Xi$", "Π": r"$\Pi$", "Σ": r"$\Sigma$", "Φ": r"$\Phi$",
    "Ψ": r"$\Psi$", "Ω": r"$\Omega$",
}  # fmt: skip
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
    if character in _GREEK:
        return _GREEK[character]
    if character.isascii():
        return character
    base, *marks = unicodedata.normalize("NFD", character)
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        if base in "ij" and marks[0] != "\u0327":
            base = rf"\{base}"
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return f"{{[}}U+{ord(character):04X}{{]}}"


Reader = Callable[[Cell], str]
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_RANGE = re.compile(r"(.+) to (.+)")
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # what a spreadsheet would compute


def csv_text(table: Table) -> str:
    """Return a table as CSV: a column for its groups, and for what stands beside a value.

    Minus signs are hyphens, thousands are not set apart, a missing value is empty. Text that a
    spreadsheet would take for a formula gets an apostrophe in front.
    """
    grouped = any(row.role == "group" for row in table.rows)
    cells = [row.cells for row in table.rows if row.role != "group"]
    header = [*(["group"] * grouped), table.corner or "row"]
    parts: list[list[Reader]] = []
    for place, title in enumerate(table.columns):
        column = [row[place] for row in cells if place < len(row)]
        names, readers = _parts(title, column)
        header += names
        parts.append(readers)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(_harmless, header))
    group = ""
    for row in table.rows:
        if row.role == "group":
            group = row.name
            continue
        lead = [group] * grouped + [row.name]
        writer.writerow([*map(_harmless, lead), *_values(row, parts)])
    return buffer.getvalue()


def as_number(text: str) -> str | None:
    r"""Return a number as computers write it, or None for anything else.

    >>> as_number("\u22120.3"), as_number("12\u202f000"), as_number("+1.3"), as_number("2 of 3")
    ('-0.3', '12000', '1.3', None)
    """
    bare = re.sub("[\u202f\u2009\u00a0]", "", text.strip()).replace("\u2212", "-")
    return bare.removeprefix("+") if _NUMBER.fullmatch(bare) else None


def _parts(title: str, column: list[Cell]) -> tuple[list[str], list[Reader]]:
    """Headings that one column of the page becomes, and how each is read from a cell."""
    names, readers = _split(title, [cell.text for cell in column], lambda cell: cell.text)
    if any(cell.spread for cell in column):
        names.append(f"{title} spread")
        readers.append(lambda cell: _shown(cell.spread))
    if any(cell.range for cell in column):
        more = _split(f"{title} range", [cell.range for cell in column], lambda cell: cell.range)
        names += [
            name.replace(" range low", " low").replace(" range high", " high") for name in more[0]
        ]
        readers += more[1]
    return names, readers


def _split(title: str, texts: list[str], of: Reader) -> tuple[list[str], list[Reader]]:
    """Two columns for ranges of numbers, one without its unit where all have the same."""
    known = [text for text in texts if text.strip() not in ("", MISSING)]
    if known and all(map(_ends, known)):
        return [f"{title} low", f"{title} high"], [
            lambda cell: (_ends(of(cell)) or ("", ""))[0],
            lambda cell: (_ends(of(cell)) or ("", ""))[1],
        ]
    for unit in ("°", "%"):
        if known and all(t.endswith(unit) and as_number(t.removesuffix(unit)) for t in known):
            return [f"{title} ({unit})"], [_without(unit, of)]
    return [title], [lambda cell: _shown(of(cell))]


def _without(unit: str, of: Reader) -> Reader:
    return lambda cell: _shown(of(cell).removesuffix(unit))


def _values(row: Row, parts: list[list[Reader]]) -> list[str]:
    padded = [*row.cells, *[Cell("")] * (len(parts) - len(row.cells))]
    return [read(cell) for cell, some in zip(padded, parts, strict=True) for read in some]


def _ends(text: str) -> tuple[str, str] | None:
    """Both ends of a range of numbers."""
    found = _RANGE.fullmatch(text)
    ends = [as_number(end) for end in found.groups()] if found else [None]
    return (ends[0], ends[1]) if None not in ends else None  # type: ignore[return-value]


def _shown(text: str) -> str:
    if text.strip() == MISSING:
        return ""
    number = as_number(text)
    return _harmless(text) if number is None else number


def _harmless(text: str) -> str:
    """``text`` in one line, with an apostrophe where a spreadsheet would run it."""
    line = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line
