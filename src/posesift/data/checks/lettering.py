"""Words on a page of pixels, by Pillow in the font that Matplotlib brings along.

Matplotlib draws the same words, but takes a second to be imported and to draw a page of them.

Shapes: H W of the page, 3 = (red, green, blue).
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posesift.progress import printable

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

INK, FAINT, ALARM = "#18181B", "#71717A", "#B91C1C"
SMALL, LARGE = 8, 12  # pt
_DPI = 100
_FONT = "mpl-data/fonts/ttf/DejaVuSans.ttf"


class Words(NamedTuple):
    """Words in one line of a page.

    Attributes:
        left: where they begin, px.
        base: where they stand, px from the top of the page.
        words: letters that the font lacks are shown as boxes.
        colour: ``#RRGGBB``.
        size: pt.
        right: they end at ``left``.
    """

    left: float
    base: float
    words: str
    colour: str = INK
    size: int = SMALL
    right: bool = False


def written(page_HW3: np.ndarray, lines: Sequence[Words]) -> np.ndarray:
    """Return the page with words on it, which may be in any script that the font knows."""
    from PIL import Image, ImageDraw

    page = Image.fromarray(page_HW3)
    draw = ImageDraw.Draw(page)
    for line in lines:
        anchor = "rs" if line.right else "ls"
        place = round(line.left), round(line.base)  # between two pixels letters are blurred
        draw.text(place, printable(line.words), line.colour, _font(line.size), anchor=anchor)
    return np.asarray(page).copy()


@functools.cache
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    found = importlib.util.find_spec("matplotlib")  # is not imported by that
    assert found is not None
    assert found.origin is not None
    path = str(Path(found.origin).parent / _FONT)
    return ImageFont.truetype(path, size * _DPI / 72, layout_engine=ImageFont.Layout.BASIC)
