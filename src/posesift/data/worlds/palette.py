"""Colours that people, their hair and their clothes have (red, green, blue in 0-255)."""

from __future__ import annotations

import colorsys

import numpy as np

Colour = tuple[float, float, float]

# From light to dark; a skin lies anywhere on the line between two neighbours.
_SKIN = ["#FADCC4", "#ECBE9E", "#D69E78", "#B07652", "#805238", "#5C3A2A"]
_HAIR = ["#261E1C", "#3E2A1E", "#684226", "#9E703E", "#CCA66C", "#8C8A88", "#964428"]


def skin_tone(rng: np.random.Generator) -> Colour:
    """Return a natural skin colour, light to dark with equal chance."""
    place = rng.uniform(0, len(_SKIN) - 1)
    first = min(int(place), len(_SKIN) - 2)
    return mix(from_hex(_SKIN[first]), from_hex(_SKIN[first + 1]), place - first)


def hair_colour(rng: np.random.Generator) -> Colour:
    """Return a natural hair colour, with a little variation in brightness."""
    return shade(from_hex(_HAIR[int(rng.integers(len(_HAIR)))]), rng.uniform(0.8, 1.2))


def cloth_colour(rng: np.random.Generator) -> Colour:
    """Return a colour of clothes: mostly muted, sometimes vivid, sometimes white, grey or black."""
    hue, kind, light = rng.random(3)
    if kind < 0.3:  # white, grey, black
        return hsv(hue, 0.06, 0.15 + 0.8 * light)
    if kind < 0.5:  # jeans and navy
        return hsv(0.58 + 0.05 * hue, 0.45 + 0.2 * hue, 0.22 + 0.5 * light)
    saturation = 0.30 + 0.35 * rng.random() if kind < 0.85 else 0.78
    return hsv(hue, saturation, 0.35 + 0.5 * light)


def from_hex(text: str) -> Colour:
    """Return the colour that ``#RRGGBB`` names.

    >>> from_hex("#FF8000")
    (255.0, 128.0, 0.0)
    """
    red, green, blue = bytes.fromhex(text[1:])
    return (float(red), float(green), float(blue))


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Hue, saturation and value in [0, 1] as red, green and blue in 0-255."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return (255 * red, 255 * green, 255 * blue)


def mix(first: Colour, second: Colour, t: float) -> Colour:
    """Return the colour at `t` in [0, 1] on the line from `first` to `second`."""
    return tuple((1 - t) * a + t * b for a, b in zip(first, second, strict=True))  # pyright: ignore[reportReturnType]


def shade(colour: Colour, factor: float) -> Colour:
    """`colour` made darker (factor < 1) or lighter (> 1), within 0-255."""
    return tuple(min(255.0, factor * value) for value in colour)  # pyright: ignore[reportReturnType]
