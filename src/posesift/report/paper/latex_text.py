r"""Text of users as LaTeX that plain pdflatex sets as it is.

Nothing in it is a command, and characters that pdflatex does not know are named by their number
instead of stopping it.
"""

from __future__ import annotations

import re
import unicodedata

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
