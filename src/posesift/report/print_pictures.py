"""Galleries and squares drawn for print, from the same blocks that the page shows as HTML.

Everything is laid out in points, top to bottom, on one pair of axes that fills the figure.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.textpath import text_to_path

from posesift.report import theme
from posesift.report.blocks import Gallery, Patch, Picture, Square, Squares, Strip
from posesift.report.printing import COLUMN, PAGE_WIDTH, SMALLEST, TALLEST, WIDE_COLUMN

POINTS = 72.0  # in an inch
_LINE = 8.6  # points from one line of text to the next
_MARGIN = 1.0
_LABEL = 66.0  # room for the name of a strip, left of its pictures
_GAP = 6.0  # between pictures
_SMALLEST_FRAME, _LARGEST_FRAME = 60.0, 100.0
_PER_ROW = 6  # pictures of a strip without columns, as on the page
_FRAME_ON_PAGE = 150.0  # CSS pixels, in which the page's lines are measured
_EMPTY = "#eff1f4"


@dataclass(frozen=True)
class _Row:
    """Pictures side by side, and the words left of them."""

    name: str
    detail: str
    pictures: list[Picture]


@theme.styled
def gallery(block: Gallery) -> list[Figure]:
    """A gallery as figures of a fixed width, as many as it fills pages.

    Names of strips stand on the left, those of columns above, captions below their pictures.
    """
    rows = [row for strip in block.strips for row in _rows(strip, bool(block.columns))]
    columns = max((len(row.pictures) for row in rows), default=0)
    if columns == 0:
        return []
    inches = {1: COLUMN, 2: COLUMN, 3: WIDE_COLUMN}.get(columns, PAGE_WIDTH)
    pitch = (inches * POINTS - 2 * _MARGIN - _LABEL) / columns
    words = [[_wrapped(" · ".join(p.caption), pitch - 3) for p in row.pictures] for row in rows]
    headings = [_wrapped(name, pitch - 3, 3) for name in block.columns]
    heading = _LINE * max(map(len, headings), default=0) + 3.0 * bool(headings)
    below = [_LINE * max(map(len, lines), default=0) + 3.0 for lines in words]
    room = TALLEST * POINTS - heading - 2 * _MARGIN
    per_page, frame = _layout(len(rows), max(below), room, min(pitch - _GAP, _LARGEST_FRAME))
    figures = []
    for first in range(0, len(rows), per_page):
        part = range(first, min(first + per_page, len(rows)))
        height = heading + sum(frame + below[i] + _GAP for i in part) - _GAP + 2 * _MARGIN
        figure, axes = _sheet(inches * POINTS, height)
        for column, lines in enumerate(headings):
            x, y = _MARGIN + _LABEL + column * pitch, _MARGIN + heading - 3.0
            _write(axes, x, y - _LINE * len(lines), lines, colour=theme.MUTED)
        top = _MARGIN + heading
        for i in part:
            _label(axes, rows[i], top, frame + below[i])
            for column, picture in enumerate(rows[i].pictures):
                left = _MARGIN + _LABEL + column * pitch
                _draw(axes, picture, left, top, frame)
                _write(axes, left, top + frame + 1.5, words[i][column])
            top += frame + below[i] + _GAP
        figures.append(figure)
    return figures


@theme.styled
def squares(block: Squares) -> Figure:
    """2 x 2 heat tables in one row or two, each value on its colour."""
    across = 1 if len(block.squares) == 1 else 2 if len(block.squares) in (2, 4) else 3
    inches = COLUMN if across == 1 else PAGE_WIDTH
    pitch = (inches * POINTS - 2 * _MARGIN) / across
    tall = 118.0
    rows = -(-len(block.squares) // across)
    figure, axes = _sheet(inches * POINTS, rows * tall)
    for i, square in enumerate(block.squares):
        _square(axes, square, _MARGIN + (i % across) * pitch, (i // across) * tall, pitch - 10)
    return figure


def _rows(strip: Strip, named: bool) -> list[_Row]:
    """A strip as it is printed: one row, or several where its columns have no names."""
    step = max(len(strip.pictures), 1) if named else _PER_ROW
    return [
        _Row(
            strip.name if i == 0 else "", strip.detail if i == 0 else "", strip.pictures[i:][:step]
        )
        for i in range(0, max(len(strip.pictures), 1), step)
    ]


def _layout(rows: int, below: float, room: float, widest: float) -> tuple[int, float]:
    """Rows on a page and the side of a picture: as few pages as leave pictures to be seen."""
    for pages in range(1, rows + 1):
        per_page = -(-rows // pages)
        frame = (room + _GAP) / per_page - below - _GAP
        if frame >= min(widest, _SMALLEST_FRAME):
            return per_page, min(widest, frame)
    return 1, widest


def _sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure whose one pair of axes is measured in points from its upper left corner."""
    figure = Figure(figsize=(width / POINTS, height / POINTS))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def _label(axes: Axes, row: _Row, top: float, height: float) -> None:
    """Name and detail of a strip, cut where they would run into the next."""
    name = _wrapped(row.name, _LABEL - 6, 3, bold=True)
    _write(axes, _MARGIN, top, name, bold=True)
    rest = max(int(height / _LINE) - len(name), 0)
    detail = _wrapped(row.detail, _LABEL - 6, rest)
    _write(axes, _MARGIN, top + _LINE * len(name), detail, colour=theme.MUTED)


def _draw(axes: Axes, picture: Picture, left: float, top: float, frame: float) -> None:
    """One pose in its frame, with the line widths of the page."""
    place = Rectangle((left, top), frame, frame, facecolor=_EMPTY, edgecolor="none")
    axes.add_patch(place)
    if picture.image:
        shown = axes.imshow(
            _pixels(picture.image),
            extent=(left, left + frame, top + frame, top),
            interpolation="none",
            aspect="auto",
            zorder=1.5,  # above its ground, below the limbs
        )
        shown.set_clip_path(place)
    scale, px = frame / picture.side, frame / _FRAME_ON_PAGE

    def at(points: object) -> np.ndarray:
        return np.asarray(points, dtype=np.float64) * scale + (left, top)

    flat = [(line, colour) for colour, lines in picture.limbs for line in lines]
    if flat:
        ends = at([line for line, _ in flat])
        colours = [colour for _, colour in flat]
        looks = [(colours, 2.6 * px, 1.0)]
        if picture.image:
            looks.insert(0, (["#ffffff"], 4.6 * px, 0.85))
        for colour, width, alpha in looks:
            lines = LineCollection(
                list(ends), colors=colour, linewidths=width, alpha=alpha, capstyle="round"
            )
            axes.add_collection(lines, autolim=False)
            lines.set_clip_path(place)
    for points, looks in (
        (picture.joints, (("#10141c", 5.0), ("#ffffff", 3.0))),
        (picture.missed, (("#10141c", 11.0), ("#ffe14d", 7.5))),
    ):
        if not points:
            continue
        for colour, diameter in looks:
            x, y = at(points).T
            (dots,) = axes.plot(
                x, y, "o", color=colour, markersize=diameter * px, markeredgewidth=0, zorder=3
            )
            dots.set_clip_path(place)


def _square(axes: Axes, square: Square, left: float, top: float, width: float) -> None:
    """One heat table: its name and note, names of its columns and rows, its cells."""
    _write(axes, left, top + 1, _wrapped(square.name, width, 1, bold=True), bold=True)
    _write(axes, left, top + 1 + _LINE, _wrapped(square.note, width, 1), colour=theme.MUTED)
    rows, columns = len(square.patches), max(map(len, square.patches), default=1)
    names = 0.3 * width
    cell_width, cell_height = (width - names) / columns, 72.0 / max(rows, 1)
    for j, name in enumerate(square.columns):
        lines = _wrapped(name, cell_width - 3, 1)
        _write(axes, left + names + j * cell_width + 1, top + 22, lines, colour=theme.MUTED)
    for i, patches in enumerate(square.patches):
        y = top + 33 + i * cell_height
        lines = _wrapped(square.rows[i], names - 4, 3)
        _write(axes, left, y + cell_height / 2 - _LINE * len(lines) / 2, lines, colour=theme.MUTED)
        for j, patch in enumerate(patches):
            _cell(axes, patch, left + names + j * cell_width, y, cell_width, cell_height)


def _cell(axes: Axes, patch: Patch, x: float, y: float, width: float, height: float) -> None:
    shape = FancyBboxPatch(
        (x + 2.2, y + 2.2),
        width - 4.4,
        height - 4.4,
        boxstyle="round,pad=1,rounding_size=2",
        facecolor=patch.light,
        edgecolor="none",
    )
    axes.add_patch(shape)
    how: Any = {"ha": "center", "va": "center", "color": patch.ink_light}
    up = 4.5 if patch.detail else 0.0
    axes.text(x + width / 2, y + height / 2 - up, patch.value, fontsize=9, weight="bold", **how)
    if patch.detail:
        axes.text(x + width / 2, y + height / 2 + 6.5, patch.detail, fontsize=SMALLEST, **how)


def _write(
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
            y + (i + 0.8) * _LINE,
            line,
            fontsize=SMALLEST,
            fontweight="bold" if bold else "normal",
            color=colour,
            va="baseline",
        )


def _wrapped(text: str, width: float, most: int = 4, *, bold: bool = False) -> list[str]:
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


def _pixels(uri: str) -> np.ndarray:
    """Pixels (height, width, 3) of an image inside the page."""
    content = np.frombuffer(base64.b64decode(uri.split(",", 1)[1]), np.uint8)
    bgr_HW3 = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert bgr_HW3 is not None, "a page holds whole images"
    return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB)
