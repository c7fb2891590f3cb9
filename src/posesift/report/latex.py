r"""Tables as LaTeX that plain pdflatex with booktabs sets, whatever stands in them.

Text of users is text: nothing in it is a command, and characters that pdflatex does not know are
named by their number instead of stopping it.
"""

from __future__ import annotations

import re
import unicodedata

from posesift.report.blocks import Cell, Row, Table
from posesift.report.spreadsheet import as_number
from posesift.report.wording import MISSING

_LONG = 34  # characters from which a column of text is broken into lines
_ONE_COLUMN, _TIGHT = 52, 100  # characters of a whole row: for one column, for ordinary text

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": "$<$", ">": "$>$", "|": "$|$", '"': "''", "`": r"\textasciigrave{}",
    "\0": "{}", "[": "{[}", "]": "{]}", "*": "{*}",  # else an option of the line break before them
    "\u2212": "$-$", "±": r"$\pm$", "×": r"$\times$", "÷": r"$\div$", "·": r"$\cdot$",
    "≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "≠": r"$\neq$", "→": r"$\to$",
    "←": r"$\leftarrow$", "°": r"$^\circ$", "µ": r"$\mu$", "∞": r"$\infty$",
    "²": "$^2$", "³": "$^3$", "½": r"$\frac{1}{2}$", "–": "--", "—": "---", "‑": "-", "‐": "-",
    "‘": "`", "’": "'", "“": "``", "”": "''", "„": ",,", "…": r"\ldots{}", "•": r"$\bullet$",
    "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,", "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}",
    "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}",
    "å": r"\aa{}", "Å": r"\AA{}", "ı": r"\i{}", "§": r"\S{}", "€": "EUR", "√": r"$\surd$",
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


def latex(table: Table, label: str) -> str:
    r"""A floating table with rules by booktabs, a caption and a label.

    Best values are bold, oracles slanted, and groups begin with a rule and their name.

    Args:
        table: of the page.
        label: behind ``tab:``; letters, digits and hyphens.
    """
    width = len(table.columns) + 1
    rows = [row for row in table.rows if row.role != "group"]
    columns = [[row.name for row in rows]]
    columns += [
        [_length(row.cells[j]) for row in rows if j < len(row.cells)] for j in range(width - 1)
    ]
    heads = [table.corner, *table.columns]
    sizes = [max(map(len, [head, *column])) for head, column in zip(heads, columns, strict=True)]
    specification = "".join(
        _column(column, size, first=j == 0)
        for j, (column, size) in enumerate(zip(columns, sizes, strict=True))
    )
    total = sum(min(size, _LONG) + 2 for size in sizes)
    float_name = "table" if total <= _ONE_COLUMN else "table*"
    caption = " ".join(part for part in (f"{table.title}.", table.caption) if part)
    lines = [
        rf"\begin{{{float_name}}}[t]",
        r"\centering",
        *([r"\footnotesize"] if total > _TIGHT else [r"\small"] if total > _ONE_COLUMN else []),
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{specification}}}",
        r"\toprule",
        " & ".join(escaped(head) for head in heads) + r" \\",
        r"\midrule",
    ]
    begun = False
    for row in table.rows:
        if row.role == "group":
            lines += [r"\midrule"] if begun else []
            lines.append(rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escaped(row.name)}}}}} \\")
        else:
            lines.append(_row(row, width))
        begun = True
    lines += [r"\bottomrule", r"\end{tabular}", rf"\end{{{float_name}}}"]
    return "\n".join(lines) + "\n"


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


def _length(cell: Cell) -> str:
    """About what a cell takes in width, as text."""
    return cell.text + (f" ± {cell.spread}" if cell.spread else "") + cell.range


def _column(column: list[str], size: int, *, first: bool) -> str:
    """Numbers to the right, text to the left, long text broken into lines."""
    if size > _LONG:
        return rf"p{{{0.3 if first else 0.22}\linewidth}}"
    numbers = [
        text.strip() in ("", MISSING) or as_number(text.split(" ± ")[0].split(" (")[0]) is not None
        for text in column
    ]
    return "l" if first or not column or not all(numbers) else "r"


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
