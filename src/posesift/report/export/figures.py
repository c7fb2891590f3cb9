"""Figures for print: SVG and PDF of a fixed width, with text that stays readable in a column.

A page's figure is laid out anew at the width of a column (or, where it is wide, of two), with text
of at least `SMALLEST` points. Both files hold their font themselves: SVG as outlines, PDF as
embedded TrueType, so they look the same wherever they are opened. No date and no version goes in.
"""

from __future__ import annotations

import atexit
import functools
import io
import tempfile
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from posesift.report import theme
from posesift.report.blocks import Patch, Square, Squares

# Inches that fit the usual two-column papers; below the tallest there is room for a caption.
COLUMN, WIDE_COLUMN, PAGE_WIDTH, TALLEST = 3.25, 5.5, 6.875, 8.0
SMALLEST = 7.0  # points
_COLUMN_FITS = 5.2  # inches on the page from which a figure spreads over both columns
_SHRINK = 0.84  # of text that is drawn for a screen

FAMILY = "DejaVu Sans for print"
_fitted: weakref.WeakSet[Figure] = weakref.WeakSet()


def fitted(figure: Figure, *, wide: bool = False) -> Figure:
    """Return the same figure at its printed size, laid out once and for all.

    That is one column, or where it is ``wide`` or fills the page's width, more than one. A figure
    that was fitted before is left as it is.
    """
    if figure in _fitted:
        return figure
    _fitted.add(figure)
    width, height = figure.get_size_inches()
    printed, shrink = COLUMN, _SHRINK
    if width > _COLUMN_FITS:
        printed, shrink = PAGE_WIDTH, min(_SHRINK, PAGE_WIDTH / width)
    elif wide:
        printed, shrink = WIDE_COLUMN, 1.0
    with printing():
        FigureCanvasAgg(figure)
        _shrink(figure, shrink)
        figure.set_size_inches(printed, min(height * shrink, TALLEST))
        _break_labels(figure)  # before the layout, which would make room for the whole of them
        figure.draw_without_rendering()
        if _unspill(figure):
            figure.draw_without_rendering()
        if _trim(figure):
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure


def svg(figure: Figure, title: str) -> bytes:
    """Return a fitted figure as SVG, its text as outlines."""
    buffer = io.StringIO()
    with printing():
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        FigureCanvasSVG(figure).print_svg(buffer, metadata={**nothing, "Title": _plain(title)})
    return buffer.getvalue().encode()


def pdf(figure: Figure, title: str) -> bytes:
    """Return a fitted figure as a PDF of one page, its fonts embedded."""
    buffer = io.BytesIO()
    with printing():
        nothing = {"CreationDate": None, "Creator": None, "Producer": None}
        FigureCanvasPdf(figure).print_pdf(buffer, metadata={**nothing, "Title": _plain(title)})
    return buffer.getvalue()


@contextmanager
def printing() -> Iterator[None]:
    """Draw as print has it; letters that the font lacks are boxes, said once in the docs."""
    look: dict[Any, Any] = {
        **theme.STYLE,
        "font.family": _family(),
        "svg.fonttype": "path",
        "pdf.fonttype": 42,  # TrueType; many journals refuse matplotlib's default, type 3
        "image.composite_image": False,  # each picture keeps its own pixels
    }
    with matplotlib.rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@functools.cache
def _family() -> str:
    """Register the font without the tables of scripts that need shaping, and name it.

    Each PDF holds the letters that it shows, and cutting them out of those tables would take most
    of the time that a figure takes.
    """
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    for weight in (400, 700):
        whole = FontProperties(family=theme.STYLE["font.family"], weight=weight)
        found = font_manager.findfont(whole)
        font = TTFont(found, lazy=True, recalcTimestamp=False)  # the same bytes every time
        for table in {"GSUB", "GPOS", "GDEF", "MATH"} & set(font.keys()):
            del font[table]
        path = f"{folder.name}/{weight}.ttf"
        font.save(path)
        entry = font_manager.FontEntry(fname=path, name=FAMILY, weight=weight)
        font_manager.fontManager.ttflist.append(entry)
    return FAMILY


def _plain(title: str) -> str:
    """One line without control characters, which XML cannot hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())


def _shrink(figure: Figure, by: float) -> None:
    """Make text, lines and marks smaller, text not below `SMALLEST`."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set(fontsize=max(SMALLEST, float(text.get_fontsize()) * by), fontfamily=FAMILY)
    for axis in figure.findobj(Axis):
        assert isinstance(axis, Axis)
        for which in ("major", "minor"):  # for ticks that the smaller figure needs anew
            size = axis.get_tick_params(which).get("labelsize", theme.STYLE["xtick.labelsize"])
            if isinstance(size, int | float):
                axis.set_tick_params(which, labelsize=max(SMALLEST, size * by))
    for line in figure.findobj(Line2D):
        assert isinstance(line, Line2D)
        line.set_linewidth(line.get_linewidth() * by)
        line.set_markersize(line.get_markersize() * by)


def _break_labels(figure: Figure) -> None:
    """Break labels of axes that are longer than the smaller figure has room for."""
    width, height = figure.bbox.size
    for axes in figure.axes:
        for label, room in ((axes.yaxis.label, 0.62 * height), (axes.xaxis.label, 0.9 * width)):
            if max(label.get_window_extent().size) > room:
                label.set_text(_halved(label.get_text()))


def _unspill(figure: Figure) -> bool:
    """Give legends below axes that are wider than the figure one column; whether one was."""
    found = False
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is None or legend.get_label() != theme.BELOW:
            continue
        extent = legend.get_window_extent()
        if extent.x0 < 4 or extent.x1 > figure.bbox.width - 4:  # text in a PDF is a bit wider
            theme.legend_below(axes, 1, legend.get_texts()[0].get_fontsize())
            found = True
    return found


def _halved(text: str) -> str:
    r"""Two lines of about the same length.

    >>> _halved("spread of poses (covariance trace)")
    'spread of poses\n(covariance trace)'
    """
    spaces = [i for i, character in enumerate(text) if character == " "]
    if not spaces or "\n" in text:
        return text
    middle = min(spaces, key=lambda i: abs(i - len(text) / 2))
    return f"{text[:middle]}\n{text[middle + 1 :]}"


def _trim(figure: Figure) -> bool:
    """Cut off empty height, which a square picture leaves above and below itself."""
    used = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    slack = height - (used.y1 - used.y0)
    if slack > 0.25:
        figure.set_size_inches(width, height - slack + 0.1)
    return slack > 0.25


@printing()
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
    look = patch.colours
    shape = FancyBboxPatch(
        (x + 2.2, y + 2.2),
        width - 4.4,
        height - 4.4,
        boxstyle="round,pad=1,rounding_size=2",
        facecolor=look["light"],
        edgecolor="none",
    )
    axes.add_patch(shape)
    how: Any = {"ha": "center", "va": "center", "color": look["ink-light"]}
    up = 4.5 if patch.detail else 0.0
    axes.text(
        x + width / 2, y + height / 2 - up, patch.value.text, fontsize=9, weight="bold", **how
    )
    if patch.detail:
        axes.text(x + width / 2, y + height / 2 + 6.5, patch.detail, fontsize=SMALLEST, **how)


POINTS = 72.0  # in an inch
LINE = 8.6  # points from one line of text to the next
MARGIN = 1.0


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure whose one pair of axes is measured in points from its upper left corner."""
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
    font = FontProperties(family=_family(), weight="bold" if bold else "normal", size=SMALLEST)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])
