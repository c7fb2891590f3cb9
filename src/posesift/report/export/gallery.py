"""Galleries drawn for print, from the same block that the page shows as HTML.

Everything is laid out in points, top to bottom, on one pair of axes that fills the figure.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

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
    LINE,
    MARGIN,
    PAGE_WIDTH,
    POINTS,
    TALLEST,
    WIDE_COLUMN,
    printing,
    wrapped,
    write,
)
from posesift.report.theme import sheet

_LABEL = 66.0  # room for the name of a strip, left of its pictures
_GAP = 6.0  # between pictures
_SMALLEST_FRAME, _LARGEST_FRAME = 54.0, 100.0
_PER_ROW = 6  # pictures of a strip without columns, as on the page
_FRAME_ON_PAGE = 150.0  # CSS pixels, in which the page's lines are measured
_EMPTY = "#eff1f4"
_EMPTY_ROW = 4 * LINE  # points of a strip that says why it has no pictures


@dataclass(frozen=True)
class _Row:
    """Pictures side by side, and the words left of them."""

    name: str
    detail: str
    pictures: list[Picture]


@printing()
def gallery(block: Gallery) -> list[Figure]:
    """Return a gallery as figures of a fixed width, as many as it fills pages.

    Names of strips stand on the left, those of columns above, captions below their pictures.
    """
    rows = [row for strip in block.strips for row in _rows(strip, bool(block.columns))]
    columns = max((len(row.pictures) for row in rows), default=0)
    if columns == 0:
        return []
    inches = {1: COLUMN, 2: COLUMN, 3: WIDE_COLUMN}.get(columns, PAGE_WIDTH)
    pitch = (inches * POINTS - 2 * MARGIN - _LABEL) / columns
    words = [[wrapped(" · ".join(p.caption), pitch - 3) for p in row.pictures] for row in rows]
    headings = [wrapped(name, pitch - 3, 3) for name in block.columns]
    heading = LINE * max(map(len, headings), default=0) + 3.0 * bool(headings)
    below = [LINE * max(map(len, lines), default=0) + 3.0 for lines in words]
    room = TALLEST * POINTS - heading - 2 * MARGIN
    per_page, frame = _layout(len(rows), max(below), room, min(pitch - _GAP, _LARGEST_FRAME))
    figures = []
    for first in range(0, len(rows), per_page):
        part = range(first, min(first + per_page, len(rows)))
        tall = {i: frame + below[i] if rows[i].pictures else _EMPTY_ROW for i in part}
        height = heading + sum(tall[i] + _GAP for i in part) - _GAP + 2 * MARGIN
        figure, axes = sheet(inches * POINTS, height)
        for column, lines in enumerate(headings):
            x, y = MARGIN + _LABEL + column * pitch, MARGIN + heading - 3.0
            write(axes, x, y - LINE * len(lines), lines, colour=theme.MUTED)
        top = MARGIN + heading
        for i in part:
            _label(axes, rows[i], top, tall[i])
            for column, picture in enumerate(rows[i].pictures):
                left = MARGIN + _LABEL + column * pitch
                _draw(axes, picture, left, top, frame)
                write(axes, left, top + frame + 1.5, words[i][column])
            top += tall[i] + _GAP
        figures.append(figure)
    return figures


def _rows(strip: Strip, named: bool) -> list[_Row]:
    """Return a strip as it is printed: one row, or several where its columns have no names."""
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


def _label(axes: Axes, row: _Row, top: float, height: float) -> None:
    """Name and detail of a strip, cut where they would run into the next."""
    name = wrapped(row.name, _LABEL - 6, 3, bold=True)
    write(axes, MARGIN, top, name, bold=True)
    rest = max(int(height / LINE) - len(name), 0)
    detail = wrapped(row.detail, _LABEL - 6, rest)
    write(axes, MARGIN, top + LINE * len(name), detail, colour=theme.MUTED)


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
