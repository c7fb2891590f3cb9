from __future__ import annotations

import base64
import re
import xml.dom.minidom

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.report import theme


def luminance(colour: str) -> float:
    """Relative luminance by the definition of WCAG 2."""
    total = 0.0
    for weight, i in ((0.2126, 1), (0.7152, 3), (0.0722, 5)):
        c = int(colour[i : i + 2], 16) / 255
        total += weight * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    return total


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def svg_of(chart: theme.Chart) -> str:
    return base64.b64decode(chart.uri.split(",")[1]).decode()


@theme.styled
def drawing(look: theme.Look, label: str = "x") -> theme.Drawing:
    figure, axis = look.canvas()
    axis.plot([0, 1], [0, 1], color=theme.ramp(3)[2], label=label)
    axis.set_xlabel(label)
    return theme.finish(figure, title="t", alt="a")


@pytest.mark.parametrize("k", [2, 4, 10, 25])
def test_the_ramp_reads_in_grey(k: int) -> None:
    """Harder is darker on paper, and lighter on a dark page, in every step."""
    pairs = [theme.ramp_pair(i / (k - 1)) for i in range(k)]
    light, dark = ([luminance(pair[side]) for pair in pairs] for side in (0, 1))
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    assert theme.ramp(k) == [pair[0] for pair in pairs]


@given(st.floats(0, 1))
@settings(max_examples=50)
def test_text_on_the_ramp_is_readable(at: float) -> None:
    for ground in theme.ramp_pair(at):
        assert contrast(ground, theme.on(ground)) >= 4.5


def test_series_differ_without_colour() -> None:
    looks = {(theme.series(i).dash, theme.series(i).marker) for i in range(6)}
    assert len(looks) == 6
    assert len({theme.series(i).colour for i in range(6)}) == 6


def test_a_figure_follows_the_colour_scheme_and_is_well_formed() -> None:
    svg = svg_of(drawing())
    xml.dom.minidom.parseString(svg)
    assert "@media(prefers-color-scheme:dark)" in svg
    body = svg[svg.index("</style>") :]
    assert theme.ramp(3)[2] not in body
    for name in set(re.findall(r"var\(--(c\d+)\)", body)):
        assert len(re.findall(rf"--{name}:#[0-9a-f]{{6}}", svg)) == 2  # light and dark


def test_the_same_figure_has_the_same_bytes() -> None:
    assert drawing().uri == drawing().uri


def test_a_figure_does_not_depend_on_what_was_drawn_before() -> None:
    shade = theme.ramp_pair(47 / 96)[0]

    @theme.styled
    def one_shade(look: theme.Look) -> theme.Drawing:
        figure, axis = look.canvas()
        axis.plot([0, 1], [0, 1], color=shade)
        return theme.finish(figure, title="t", alt="a")

    @theme.styled
    def all_shades(look: theme.Look) -> theme.Drawing:
        figure, axis = look.canvas()
        axis.scatter(range(97), range(97), c=theme.ramp(97))
        return theme.finish(figure, title="t", alt="a")

    before = one_shade().uri
    assert shade not in svg_of(all_shades()).partition("</style>")[2]  # a variable there
    assert one_shade().uri == before


def test_a_style_leaves_no_trace() -> None:
    before = dict(matplotlib.rcParams)
    drawing()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "$x_1$ & $", "#b93c0a", "a'\"b"])
def test_labels_are_text(label: str) -> None:
    document = xml.dom.minidom.parseString(svg_of(drawing(label)))
    assert not document.getElementsByTagName("script")
    shown = [node.firstChild.data for node in document.getElementsByTagName("text")]
    assert label in shown
