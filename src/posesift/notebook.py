"""Small tables for notebooks: what a value says of itself through ``_repr_html_``.

Every string is shown as text. Colours are the notebook's own, so light and dark both work.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

MISSING = "–"
_CELL = "padding:.15em .7em;vertical-align:top;"
_SOFT = "opacity:.7;font-weight:normal;"


@dataclass(frozen=True)
class Bar:
    """A cell that shows a share of the largest as a bar, 0 to 1."""

    share: float


Value = str | int | float | Bar | None


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Value]], note: str = ""
) -> str:
    """Return a table with a heading: the first column flush left, the others flush right.

    >>> "&lt;b&gt;" in table("<b>", ["n"], [[3]])
    True
    """
    head = "".join(
        f'<th scope="col" style="{_CELL}{_SOFT}text-align:{_side(j)}">{escape(name)}</th>'
        for j, name in enumerate(columns)
    )
    body = "".join(
        "<tr>" + "".join(_cell(value, _side(j)) for j, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    return _whole(title, f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", note)


def facts(title: str, pairs: Iterable[tuple[str, Value]], note: str = "") -> str:
    """Names and values, one a line; what has no value is left out."""
    body = "".join(
        f'<tr><th scope="row" style="{_CELL}{_SOFT}text-align:left">{escape(name)}</th>'
        f"{_cell(value, 'left')}</tr>"
        for name, value in pairs
        if value not in (None, "")
    )
    return _whole(title, f"<tbody>{body}</tbody>", note)


def number(value: float | None, digits: int = 1) -> str:
    """Return a figure for people; a dash where there is none.

    >>> number(41.26), number(None), number(float("nan")), number(0.5, 3)
    ('41.3', '–', '–', '0.500')
    """
    return MISSING if value is None or math.isnan(value) else f"{value:.{digits}f}"


def bars(values: Sequence[float]) -> list[Bar]:
    """Each value as a bar, the largest the longest.

    >>> [bar.share for bar in bars([1, 2])], bars([0])
    ([0.5, 1.0], [Bar(share=0.0)])
    """
    top = max(values, default=0)
    return [Bar(value / top if top > 0 else 0.0) for value in values]


def _side(column: int) -> str:
    return "right" if column else "left"


def _cell(value: Value, side: str) -> str:
    if isinstance(value, Bar):
        long = 7 * min(max(value.share, 0.0), 1.0)
        bar = (
            f'<span style="display:inline-block;height:.65em;width:{long:.2f}em;'
            'background:currentColor;opacity:.5"></span>'
        )
        return f'<td style="{_CELL}text-align:left;min-width:7em">{bar}</td>'
    if isinstance(value, float):
        value = number(value)
    elif isinstance(value, int):
        value = f"{value:,}".replace(",", "\u202f")
    return (
        f'<td style="{_CELL}text-align:{side}">{escape(MISSING if value is None else value)}</td>'
    )


def _whole(title: str, inside: str, note: str) -> str:
    caption = "caption-side:top;text-align:left;font-weight:600;color:inherit;padding:.3em .7em"
    below = f'<p style="margin:.2em .7em;opacity:.7">{escape(note)}</p>' if note else ""
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;'
        'font-variant-numeric:tabular-nums">'
        f'<caption style="{caption}">{escape(title)}</caption>{inside}</table>{below}</div>'
    )
