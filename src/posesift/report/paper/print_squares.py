"""2 x 2 heat tables drawn for print, from the block that the page shows as HTML."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from posesift.report import theme
from posesift.report.blocks import Patch, Square, Squares
from posesift.report.paper.print_text import LINE, MARGIN, POINTS, sheet, wrapped, write
from posesift.report.paper.printing import COLUMN, PAGE_WIDTH, SMALLEST


@theme.styled
def squares(block: Squares) -> Figure:
    """2 x 2 heat tables in one row or two, each value on its colour."""
    across = 1 if len(block.squares) == 1 else 2 if len(block.squares) in (2, 4) else 3
    inches = COLUMN if across == 1 else PAGE_WIDTH
    pitch = (inches * POINTS - 2 * MARGIN) / across
    tall = 118.0
    rows = -(-len(block.squares) // across)
    figure, axes = sheet(inches * POINTS, rows * tall)
    for i, square in enumerate(block.squares):
        _square(axes, square, MARGIN + (i % across) * pitch, (i // across) * tall, pitch - 10)
    return figure


def _square(axes: Axes, square: Square, left: float, top: float, width: float) -> None:
    """One heat table: its name and note, names of its columns and rows, its cells."""
    write(axes, left, top + 1, wrapped(square.name, width, 1, bold=True), bold=True)
    write(axes, left, top + 1 + LINE, wrapped(square.note, width, 1), colour=theme.MUTED)
    rows, columns = len(square.patches), max(map(len, square.patches), default=1)
    names = 0.3 * width
    cell_width, cell_height = (width - names) / columns, 72.0 / max(rows, 1)
    for j, name in enumerate(square.columns):
        lines = wrapped(name, cell_width - 3, 1)
        write(axes, left + names + j * cell_width + 1, top + 22, lines, colour=theme.MUTED)
    for i, patches in enumerate(square.patches):
        y = top + 33 + i * cell_height
        lines = wrapped(square.rows[i], names - 4, 3)
        write(axes, left, y + cell_height / 2 - LINE * len(lines) / 2, lines, colour=theme.MUTED)
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
