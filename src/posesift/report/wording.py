"""Numbers as people read them: signs, units, counts, intervals.

Everything that prints a number on a page goes through here, so a missing value is always an en
dash, a difference always carries its sign, and a percentage always has one decimal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

MISSING = "–"


def typeset(text: str) -> str:
    r"""Keep a number and its percent sign on one line.

    >>> typeset("a share of 16.6 % or more")
    'a share of 16.6\xa0% or more'
    """
    return re.sub(r"(?<=\d) %", "\u00a0%", text)


def written(value: float | None, form: str) -> str:
    r"""Return a value as `format` writes it, with a true minus and thin spaces; no sign of zero.

    >>> written(12000, ",.0f"), written(-0.3, "+.1f"), written(0.01, "+.1f"), written(None, ".1f")
    ('12\u202f000', '−0.3', '0.0', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = format(value, form)
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "−").replace(",", "\u202f")


def number(value: float | None, digits: int = 1) -> str:
    """Return a value, or an en dash where there is none.

    >>> number(44.04), number(None), number(-0.04), number(float("nan"))
    ('44.0', '–', '0.0', '–')
    """
    return written(value, f".{digits}f")


def signed(value: float | None, digits: int = 1) -> str:
    """Return a difference: always with its sign (a true minus), except zero.

    >>> signed(1.26), signed(-0.31), signed(0.01)
    ('+1.3', '−0.3', '0.0')
    """
    return written(value, f"+.{digits}f")


def percent(value: float | None) -> str:
    """Return a share in whole percent.

    >>> percent(61.4), percent(None)
    ('61 %', '–')
    """
    text = number(value, 0)
    return text if text == MISSING else f"{text} %"


def count(value: float) -> str:
    """Return a whole number with thin spaces between thousands.

    >>> count(12000)
    '12\u202f000'
    """
    return written(value, ",.0f")


def plural(value: int, noun: str, many: str | None = None) -> str:
    """Return a counted noun, in words up to nine.

    >>> plural(1, "seed"), plural(2, "seed"), plural(12, "seed")
    ('one seed', 'two seeds', '12 seeds')
    """
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    shown = words[value] if value < len(words) else count(value)
    return f"{shown} {noun if value == 1 else many or noun + 's'}"


def p_value(value: float | None) -> str:
    """Return a p value; a very small one is a bound, never zero.

    >>> p_value(0.0321), p_value(0.00002), p_value(None)
    ('0.032', '< 0.001', '–')
    """
    return "< 0.001" if value is not None and value < 0.001 else number(value, 3)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def shortened(text: str, length: int = 28) -> str:
    """Return a name cut to a figure's room.

    >>> shortened("hard mining"), shortened("a name that nobody wants to read", 12)
    ('hard mining', 'a name that…')
    """
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def spoken(mode: str) -> str:
    """Return a mode's name as a sentence has it.

    >>> spoken("arms_overhead")
    'arms overhead'
    """
    return mode.replace("_", " ")


def capitalised(text: str) -> str:
    """``text`` with a capital first letter, the rest untouched.

    >>> capitalised("k-NN finds PCA")
    'K-NN finds PCA'
    """
    return text[:1].upper() + text[1:]


def ordinal_part(bins: int) -> str:
    """Say what one of ``bins`` equal parts is called.

    >>> ordinal_part(4), ordinal_part(10), ordinal_part(7)
    ('quarter', 'tenth', 'bin')
    """
    names = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}
    return names.get(bins, "bin")


def part_names(bins: int) -> list[str]:
    r"""Names of difficulty bins from the easiest to the hardest, for axes.

    >>> part_names(4)
    ['easiest\nquarter', '2', '3', 'hardest\nquarter']
    """
    part = ordinal_part(bins)
    if bins == 1:
        return ["all"]
    middle = [str(i) for i in range(2, bins)]
    return [f"easiest\n{part}", *middle, f"hardest\n{part}"]
