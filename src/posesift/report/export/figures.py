"""Figures for print: SVG and PDF of a fixed width, with text that is readable in a column.

A page's figure is drawn anew in the `Look` of print, at the width of a column (or, where it is
wide, of two). Both files hold their font themselves: SVG as outlines, PDF as embedded TrueType, so
they look the same wherever they are opened. No date and no version goes in.
"""

from __future__ import annotations

import atexit
import functools
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from posesift.report import theme
from posesift.report.theme import Chart, Look

# Inches that fit the usual two-column papers; below the tallest there is room for a caption.
COLUMN, WIDE_COLUMN, PAGE_WIDTH, TALLEST = 3.25, 5.5, 6.875, 8.0
SMALLEST = 7.0  # points
PRINT = Look(
    column=COLUMN, wide=WIDE_COLUMN, tall=0.8, text=8.0, small=7.5, tiny=SMALLEST, line=0.75
)

FAMILY = "DejaVu Sans for print"


def printed(chart: Chart) -> Figure:
    """Return a page's figure as print has it."""
    with printing():
        return chart.draw(PRINT)


def svg(figure: Figure, title: str) -> bytes:
    """Return a figure as SVG, its text as outlines."""
    buffer = io.StringIO()
    with printing():
        said = {**theme.NOT_SAID, "Title": _plain(title)}
        FigureCanvasSVG(figure).print_svg(buffer, metadata=said)
    return buffer.getvalue().encode()


def pdf(figure: Figure, title: str) -> bytes:
    """Return a figure as a PDF of one page, its fonts embedded."""
    buffer = io.BytesIO()
    with printing():
        nothing = {"CreationDate": None, "Creator": None, "Producer": None}
        FigureCanvasPdf(figure).print_pdf(buffer, metadata={**nothing, "Title": _plain(title)})
    return buffer.getvalue()


@contextmanager
def printing() -> Iterator[None]:
    """Draw as print has it; letters that the font lacks are boxes, said once in the docs."""
    ours = {
        "font.family": _family(),
        "svg.fonttype": "path",
        "pdf.fonttype": 42,  # TrueType; many journals refuse matplotlib's default, type 3
        "image.composite_image": False,  # each picture keeps its own pixels
    }
    with PRINT.worn(ours):
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
        whole = FontProperties(family=theme.FAMILY, weight=weight)
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
