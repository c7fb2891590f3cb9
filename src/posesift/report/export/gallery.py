"""Galleries drawn for print, from the same block that the page shows as HTML.

Everything is laid out in points, top to bottom, on one pair of axes that fills the figure.
"""

from __future__ import annotations

import base64
import textwrap

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from posesift.report import theme
from posesift.report.blocks import Gallery, Picture, Strip
from posesift.report.export.figures import (
    COLUMN,
    PAGE_WIDTH,
    SMALLEST,
    TALLEST,
    WIDE_COLUMN,
    printing,
)
from posesift.report.theme import sheet

_POINTS = 72.0  # in an inch
_LINE = 8.6  # points from one line of text to the next
_LETTER = 4.3  # points of a letter on average
_MARGIN = 1.0
_LABEL = 66.0  # room for the name of a strip, left of its pictures
_GAP = 6.0  # between pictures
_SMALLEST_FRAME, _LARGEST_FRAME = 54.0, 100.0
_PER_ROW = 6  # pictures of a strip without columns, as on the page
_FRAME_ON_PAGE = 150.0  # CSS pixels, in which the page's lines are measured
_EMPTY = "#eff1f4"
_EMPTY_ROW = 4 * _LINE  # points of a strip that says why it has no pictures

_Row = tuple[str, str, list[Picture]]
"""Name and detail of a strip, and pictures side by side."""


@printing()
def gallery(block: Gallery) -> list[Figure]:
    """Return a gallery as figures of a fixed width, as many as it fills pages.

    Names of strips stand on the left, those of columns above, captions below their pictures.
    """
    rows = [row for strip in block.strips for row in _rows(strip, bool(block.columns))]
    columns = max((len(pictures) for *_, pictures in rows), default=0)
    if columns == 0:
        return []
    inches = {1: COLUMN, 2: COLUMN, 3: WIDE_COLUMN}.get(columns, PAGE_WIDTH)
    pitch = (inches * _POINTS - 2 * _MARGIN - _LABEL) / columns
    headings = [_wrapped(name, pitch, 3) for name in block.columns]
    heading = _LINE * max(map(len, headings), default=0) + 3.0 * bool(headings)
    words = [
        [_wrapped(" · ".join(one.caption), pitch) for one in pictures] for *_, pictures in rows
    ]
    below = 3.0 + _GAP + _LINE * max(len(lines) for of_row in words for lines in of_row)
    room = TALLEST * _POINTS - heading - 2 * _MARGIN + _GAP
    on_one_page = max(room / len(rows) - below, _SMALLEST_FRAME)
    frame = min(pitch - _GAP, _LARGEST_FRAME, on_one_page)
    tall = [frame + below if pictures else _EMPTY_ROW + _GAP for *_, pictures in rows]
    per_page = max(int(room // (frame + below)), 1)
    figures = []
    for first in range(0, len(rows), per_page):
        part = slice(first, first + per_page)
        figure, axes = sheet(inches * _POINTS, heading + sum(tall[part]) - _GAP + 2 * _MARGIN)
        lefts = [_MARGIN + _LABEL + column * pitch for column in range(columns)]
        for left, lines in zip(lefts, headings, strict=False):
            _write(axes, left, _MARGIN + heading - 3.0 - _LINE * len(lines), lines, theme.MUTED)
        top = _MARGIN + heading
        for row, captions, height in zip(rows[part], words[part], tall[part], strict=True):
            _label(axes, row, top, height - _GAP)
            for left, picture, lines in zip(lefts, row[2], captions, strict=False):
                _draw(axes, picture, left, top, frame)
                _write(axes, left, top + frame + 1.5, lines)
            top += height
        figures.append(figure)
    return figures


def _rows(strip: Strip, named: bool) -> list[_Row]:
    """Return a strip as it is printed: one row, or several where its columns have no names."""
    step = max(len(strip.pictures), 1) if named else _PER_ROW
    first, *others = range(0, max(len(strip.pictures), 1), step)
    rows = [(strip.name, strip.detail, strip.pictures[first:step])]
    return rows + [("", "", strip.pictures[start : start + step]) for start in others]


def _label(axes: Axes, row: _Row, top: float, height: float) -> None:
    """Name and detail of a strip, cut where they would run into the next."""
    name = _wrapped(row[0], _LABEL, 3)
    _write(axes, _MARGIN, top, name, bold=True)
    detail = _wrapped(row[1], _LABEL, max(int(height / _LINE) - len(name), 1))
    _write(axes, _MARGIN, top + _LINE * len(name), detail, theme.MUTED)


def _wrapped(text: str, width: float, most: int = 4) -> list[str]:
    """Text in lines of about ``width`` points; what does not fit ends in an ellipsis."""
    return textwrap.wrap(text, int(width / _LETTER), max_lines=most, placeholder="…")


def _write(
    axes: Axes, x: float, y: float, lines: list[str], colour: str = theme.INK, *, bold: bool = False
) -> None:
    """Lines of the smallest text, the first one's top at ``y``."""
    weight = "bold" if bold else "normal"
    for i, line in enumerate(lines):
        at = (x, y + (i + 0.8) * _LINE)
        axes.text(*at, line, fontsize=SMALLEST, fontweight=weight, color=colour, va="baseline")


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


def _pixels(uri: str) -> np.ndarray:
    """Pixels (height, width, 3) of an image inside the page."""
    content = np.frombuffer(base64.b64decode(uri.split(",", 1)[1]), np.uint8)
    bgr_HW3 = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert bgr_HW3 is not None, "a page holds whole images"
    return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB)
