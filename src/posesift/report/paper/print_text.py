"""A sheet measured in points, and words on it: what galleries and squares are printed with."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from posesift.report import theme
from posesift.report.paper.printing import SMALLEST

POINTS = 72.0  # in an inch
LINE = 8.6  # points from one line of text to the next
MARGIN = 1.0


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure whose one pair of axes is measured in points from its upper left corner."""
    figure = Figure(figsize=(width / POINTS, height / POINTS))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def write(
    axes: Axes,
    x: float,
    y: float,
    lines: Sequence[str],
    *,
    bold: bool = False,
    colour: str = theme.INK,
) -> None:
    """Lines of the smallest text, the first one's top at ``y``."""
    for i, line in enumerate(lines):
        axes.text(
            x,
            y + (i + 0.8) * LINE,
            line,
            fontsize=SMALLEST,
            fontweight="bold" if bold else "normal",
            color=colour,
            va="baseline",
        )


def wrapped(text: str, width: float, most: int = 4, *, bold: bool = False) -> list[str]:
    """Text in lines of at most ``width`` points; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    words = text.split(" ")  # not at the spaces inside a number
    for place, word in enumerate(words):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and _width(joined, bold) <= width:
            lines[-1] = joined
        elif len(lines) < most:
            lines.append(_cut(word, width, bold))
        elif lines:
            lines[-1] = _cut(" ".join([lines[-1], *words[place:]]), width, bold)
            break
    return lines


def _cut(text: str, width: float, bold: bool) -> str:
    """``text``, or as much of it as fits with an ellipsis behind."""
    if _width(text, bold) <= width:
        return text
    while text and _width(f"{text}…", bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


@functools.lru_cache(maxsize=4096)
def _width(text: str, bold: bool) -> float:
    """Of one line of the smallest text, in points."""
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=SMALLEST)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])
