"""One look for every figure: fonts, colours for light and dark, and the way out as a data URI.

Figures are drawn once, in the light colours. On the way out each named colour becomes a CSS
variable with a dark partner, so the same picture follows the reader's colour scheme. Text stays
text (small files, searchable, the reader's own font). Colours differ in lightness as well as in
hue, and lines in dash and marker, so that a grey print and colour-blind eyes lose nothing.
"""

from __future__ import annotations

import base64
import functools
import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

INK, MUTED, RULE, PAPER = "#1b2433", "#5a6577", "#dfe3ea", "#fefefd"
SIGNAL = "#b93c0a"
_DARK = {
    INK: "#e8ebf1",
    MUTED: "#a3adbc",
    RULE: "#333c4a",
    PAPER: "#151a22",
    SIGNAL: "#ff9a5c",
}

# Easy to hard: pale blue to burnt orange, lightness falling (rising on a dark page) throughout.
_RAMP_LIGHT = ("#bcd3e3", "#8fb0cf", "#a78bb0", "#c2634a", "#8a2b0e")
_RAMP_DARK = ("#33506b", "#5a6f96", "#8f76a0", "#d98a6a", "#ffc39a")

# Series in the order in which they are given out; the first is the one compared against.
_SERIES = (
    ("#626d7d", "#a9b3c1", "--", "o"),
    ("#c2450f", "#ff9350", "-", "s"),
    ("#0b68ad", "#5ab4f5", "-", "^"),
    ("#118a6c", "#43cda8", "-.", "D"),
    ("#9c3f88", "#e08ccd", ":", "v"),
    ("#a97b00", "#e8c14d", "-", "P"),
)

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a label is a label: '$' in a user's name is a dollar
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 9.0,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.0,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "posesift",
}
BELOW = "below the axes"  # label of such a legend, which print may have to make narrower
_FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Chart:
    """A finished figure, ready for a page.

    Attributes:
        title: a short heading that says what is seen.
        uri: the picture as a ``data:`` URI.
        alt: the same in words, for who cannot see it.
        caption: how to read it; plain text.
        width: in CSS pixels, for a page that does not jump while it opens.
        height: in CSS pixels.
        figure: what was drawn, so that it can also be written for print.
        wide: whether one column of a paper would be too narrow for it.
    """

    title: str
    uri: str
    alt: str
    caption: str
    width: int
    height: int
    figure: Figure = field(repr=False, compare=False)
    wide: bool = False


@dataclass(frozen=True)
class Line:
    """How one series is drawn."""

    colour: str
    dash: str
    marker: str

    def plot(self) -> dict[str, Any]:
        """Keyword arguments for ``Axes.plot`` and ``Axes.errorbar``."""
        return {"color": self.colour, "linestyle": self.dash, "marker": self.marker}


def series(position: int) -> Line:
    """Return the look of the series at ``position``; 0 is the one that others are compared with."""
    light, dark, dash, marker = _SERIES[position % len(_SERIES)]
    _DARK[light] = dark
    return Line(light, dash, marker)


def ramp(count: int) -> list[str]:
    """``count`` colours from easy (pale) to hard (strong), usable in figures.

    >>> ramp(2)
    ['#bcd3e3', '#8a2b0e']
    """
    colours = []
    for i in range(count):
        at = i / max(count - 1, 1)
        light, dark = _blend(_RAMP_LIGHT, at), _blend(_RAMP_DARK, at)
        _DARK[light] = dark
        colours.append(light)
    return colours


def ramp_pair(at: float) -> tuple[str, str]:
    """Give the ramp's colours at ``at`` in [0, 1] on a light and on a dark page, as CSS."""
    return _blend(_RAMP_LIGHT, at), _blend(_RAMP_DARK, at)


def on(ground: str) -> str:
    """Black or white, whichever is read better on ``ground`` (WCAG relative luminance).

    >>> on("#bcd3e3"), on("#8a2b0e")
    ('#000000', '#ffffff')
    """
    parts = [int(ground[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if luminance > 0.179 else "#ffffff"  # where both contrast equally, 4.6 : 1


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run ``draw`` under this style; the caller's matplotlib settings stay as they were."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            # the browser has fonts for the letters that matplotlib's own lacks
            warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from font")
            return draw(*args, **kwargs)

    return wrapper


def canvas(width: float = 4.6, height: float = 3.0) -> tuple[Figure, Axes]:
    """Return a figure of ``width`` x ``height`` inches with one pair of axes.

    4.6 inches fill half a desktop page and a whole phone; text stays readable on both.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def logarithmic(axes: Axes, which: Literal["x", "y"]) -> None:
    """Make one axis logarithmic, with plain numbers (0.2, 0.5, 1 ..) at its ticks."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_below(axis: Axes, entries: int, fontsize: float | str | None = None) -> None:
    """Put a legend under the axes, so that it never covers a curve."""
    legend = axis.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.27),
        ncols=2 if entries > 1 else 1,
        handlelength=2.6,
        columnspacing=1.2,
        fontsize=fontsize,
    )
    legend.set_label(BELOW)


def finish(figure: Figure, *, title: str, alt: str, caption: str = "", wide: bool = False) -> Chart:
    """Turn a drawn figure into a `Chart`; the same figure always gives the same bytes."""
    for line in figure.findobj(Line2D):
        if isinstance(line, Line2D) and not np.size(line.get_xdata()):
            line.set_in_layout(False)  # else room is kept down to the corner for nothing
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(
        buffer, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    width, height = (round(side * 96) for side in figure.get_size_inches())
    uri = data_uri(adaptive(buffer.getvalue()).encode(), "image/svg+xml")
    return Chart(title, uri, alt, caption, width, height, figure, wide)


def adaptive(svg: str) -> str:
    """Rewrite an SVG drawn in light colours so that it follows the reader's colour scheme."""
    svg = svg[svg.index("<svg") :]  # the XML prologue and doctype say nothing in a data URI
    svg = svg.replace("'DejaVu Sans'", _FONTS)
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        colour = found[0].lower()
        if colour not in _DARK:
            return found[0]
        return f"var(--{names.setdefault(colour, f'c{len(names)}')})"

    svg = re.sub(r"(?<=(?:fill|roke): )#[0-9a-fA-F]{6}\b", name, svg)
    light = ";".join(f"--{short}:{colour}" for colour, short in names.items())
    dark = ";".join(f"--{short}:{_DARK[colour]}" for colour, short in names.items())
    style = f"<style>:root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    return svg.replace("<defs>", f"{style}<defs>", 1)


def data_uri(content: bytes, kind: str) -> str:
    """``content`` as a ``data:`` URI of MIME type ``kind``.

    >>> data_uri(b"hello", "text/plain")
    'data:text/plain;base64,aGVsbG8='
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _blend(stops: tuple[str, ...], at: float) -> str:
    """Return the colour at ``at`` in [0, 1] along evenly spaced ``stops``."""
    place = min(max(at, 0.0), 1.0) * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    share = place - low
    ends = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in stops[low : low + 2]]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))
