"""One look for every figure: sizes, colours for light and dark, and the way out as a data URI.

A figure is a function of a `Look`: the page's here, the paper's in `posesift.report.export`.
On a page it is drawn once, in the light colours. On the way out each named colour becomes a CSS
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Concatenate, Literal, ParamSpec, overload

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from posesift.report.ticks import make_room, rule

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

_DARK |= {light: dark for light, dark, *_ in _SERIES}

_partners: ContextVar[dict[str, str]] = ContextVar("partners")
"""Light colours of the figure that is being drawn to those on a dark page.

They begin anew with each figure, whose bytes do not depend on what was drawn before it.
"""

FAMILY = "DejaVu Sans"
_FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
NOT_SAID = {"Date": None, "Creator": None, "Format": None, "Type": None}
"""What an SVG says of itself by default; without it, the same figure has the same bytes."""

P = ParamSpec("P")


@dataclass(frozen=True)
class Look:
    """The sizes that a figure is drawn in.

    Attributes:
        column: width of an ordinary figure in inches.
        wide: width of one that an ordinary column would be too narrow for.
        tall: of heights that are given as on the page.
        text: size of labels in points.
        small: of ticks and legends.
        tiny: of what stands among the marks.
        line: of widths of lines and sides of marks that are given as on the page.
    """

    column: float
    wide: float
    tall: float
    text: float
    small: float
    tiny: float
    line: float

    def canvas(self, height: float = 3.0) -> tuple[Figure, Axes]:
        """Return a figure one column wide, ``height`` inches tall on the page, with its axes."""
        figure = _figure(self.column, height * self.tall)
        # Larger than `finish` leaves them, so that no more ticks are found than have room.
        figure.subplots_adjust(left=0.1, right=0.98, bottom=0.12, top=0.97)
        return figure, figure.add_subplot()

    @contextmanager
    def worn(self, more: Mapping[Any, Any] | None = None) -> Iterator[None]:
        """Draw in this look; the caller's matplotlib settings stay as they were."""
        before = _partners.set(dict(_DARK))
        with matplotlib.rc_context({**self._settings(), **(more or {})}), warnings.catch_warnings():
            # the browser has fonts for the letters that matplotlib's own lacks
            warnings.filterwarnings("ignore", message=r"Glyph .*missing from font")
            try:
                yield
            finally:
                _partners.reset(before)

    def _settings(self) -> dict[Any, Any]:
        return {
            "font.family": FAMILY,
            "font.size": self.text,
            "text.color": INK,
            "text.parse_math": False,  # a label is a label: '$' in a user's name is a dollar
            "axes.edgecolor": MUTED,
            "axes.labelcolor": INK,
            "axes.facecolor": "none",
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.linewidth": 0.8 * self.line,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.labelsize": self.text,
            "grid.color": RULE,
            "grid.linewidth": 0.8 * self.line,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.labelsize": self.small,
            "ytick.labelsize": self.small,
            "xtick.major.size": 3.0 * self.line,
            "xtick.major.width": 0.8 * self.line,
            "ytick.major.size": 0.0,
            "legend.frameon": False,
            "legend.fontsize": self.small,
            "lines.linewidth": 1.8 * self.line,
            "lines.markersize": 5.0 * self.line,
            "figure.facecolor": "none",
            "savefig.facecolor": "none",
            "svg.fonttype": "none",
            "svg.hashsalt": "posesift",
        }


# 4.6 inches fill half a desktop page and a whole phone; text stays readable on both.
PAGE = Look(column=4.6, wide=4.6, tall=1.0, text=9.0, small=8.5, tiny=8.0, line=1.0)


@dataclass(frozen=True)
class Drawing:
    """A figure in one look, with what is said of it. Attributes as of `Chart`."""

    figure: Figure
    title: str
    alt: str
    caption: str


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
        draw: draws it anew in another look, whose settings are in force.
    """

    title: str
    uri: str
    alt: str
    caption: str
    width: int
    height: int
    draw: Callable[[Look], Figure] = field(repr=False, compare=False)


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
    light, _, dash, marker = _SERIES[position % len(_SERIES)]
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
        _partners.get({})[light] = dark
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


@overload
def styled(draw: Callable[Concatenate[Look, P], Drawing]) -> Callable[P, Chart]: ...
@overload
def styled(draw: Callable[Concatenate[Look, P], Drawing | None]) -> Callable[P, Chart | None]: ...
def styled(draw: Callable[Concatenate[Look, P], Drawing | None]) -> Callable[P, Chart | None]:
    """Make of a function that draws in a `Look` one that gives the page's `Chart`."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Chart | None:
        def anew(look: Look) -> Figure:
            drawn = draw(look, *args, **kwargs)
            assert drawn is not None, "what is drawn on a page can be drawn again"
            return drawn.figure

        with PAGE.worn():
            made = draw(PAGE, *args, **kwargs)
            if made is None:
                return None
            svg = adaptive(_svg(made.figure))
        width, height = (round(side * 96) for side in made.figure.get_size_inches())
        uri = data_uri(svg.encode(), "image/svg+xml")
        return Chart(made.title, uri, made.alt, made.caption, width, height, anew)

    return wrapper


class _Canvas(FigureCanvasSVG):
    """Measures text with the renderer that draws it, which remembers what it has measured."""

    def get_renderer(self) -> RendererSVG:
        """Return the figure's one renderer; it writes to its ``text``."""
        return self._renderer

    @functools.cached_property
    def _renderer(self) -> RendererSVG:
        self.text = io.StringIO()
        return RendererSVG(*self.figure.bbox.size, self.text, metadata=NOT_SAID)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=72)
    _Canvas(figure)
    return figure


def _svg(figure: Figure) -> str:
    canvas = figure.canvas
    assert isinstance(canvas, _Canvas)
    renderer = canvas.get_renderer()
    figure.draw(renderer)
    renderer.finalize()
    return canvas.text.getvalue()


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure whose one pair of axes is measured in points from its upper left corner."""
    figure = _figure(width / 72, height / 72)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def logarithmic(axes: Axes, which: Literal["x", "y"]) -> None:
    """Make one axis logarithmic, with plain numbers (0.2, 0.5, 1 ..) at its ticks."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_below(axis: Axes, handles: Sequence[Artist] | None = None) -> None:
    """Put a legend under the axes, so that it never covers a curve; in two columns if they fit."""
    figure = axis.get_figure()
    assert isinstance(figure, Figure)
    handles = axis.get_legend_handles_labels()[0] if handles is None else handles
    for columns in (2, 1) if len(handles) > 1 else (1,):
        for legend in [*figure.legends]:
            legend.remove()
        legend = figure.legend(
            handles=handles, loc="lower center", ncols=columns, handlelength=2.6, columnspacing=1.2,
            borderaxespad=0.0,
        )  # fmt: skip
        if legend.get_window_extent().width <= figure.bbox.width:
            break


def finish(figure: Figure, *, title: str, alt: str, caption: str = "") -> Drawing:
    """Give a drawn figure its margins, and what is said of it."""
    axis = figure.axes[0]
    if axis.get_subplotspec() is not None:
        axis.apply_aspect()
        rule(axis, "x")
        rule(axis, "y")
        make_room(figure, axis)
    return Drawing(figure, title, alt, caption)


def adaptive(svg: str) -> str:
    """Rewrite an SVG drawn in light colours so that it follows the reader's colour scheme."""
    svg = svg[svg.index("<svg") :]  # the XML prologue and doctype say nothing in a data URI
    svg = svg.replace(f"'{FAMILY}'", _FONTS)
    names: dict[str, str] = {}
    partners = _partners.get(_DARK)

    def name(found: re.Match[str]) -> str:
        colour = found[0].lower()
        if colour not in partners:
            return found[0]
        return f"var(--{names.setdefault(colour, f'c{len(names)}')})"

    svg = re.sub(r"(?<=(?:fill|roke): )#[0-9a-fA-F]{6}\b", name, svg)
    light = ";".join(f"--{short}:{colour}" for colour, short in names.items())
    dark = ";".join(f"--{short}:{partners[colour]}" for colour, short in names.items())
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
