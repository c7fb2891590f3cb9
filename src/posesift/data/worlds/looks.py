"""The two looks: `synthetic`, a clean renderer, and `photo`, with what cameras and the world add.

Both colour the same stencil of the same pose. The synthetic look has flat colours on a plain
background. The photo look adds cloth and skin texture, clutter behind, things in front, light that
falls off to one side, a colour cast, contrast, blur, noise and JPEG.

Names: M images, S side, G materials, H W pixels, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

import cv2
import numpy as np

from posesift.data.worlds import textures
from posesift.data.worlds.figure import Surface
from posesift.data.worlds.painter import TONES
from posesift.data.worlds.palette import hsv

LOOKS = ("synthetic", "photo")

_RIM, _LIGHT = 0.55, 1.13
"""Brightness of the rim and of the lit side against the base."""


def light_direction(rng: np.random.Generator) -> tuple[float, float]:
    """Return a unit vector in the image towards the light: from above, left or right."""
    angle = rng.uniform(-0.85 * np.pi, -0.15 * np.pi)
    return (float(np.cos(angle)), float(np.sin(angle)))


def colour(
    rng: np.random.Generator, look: str, stencil: np.ndarray, surfaces: list[Surface], side: int
) -> np.ndarray:
    """Turn a stencil into an image (side, side, 3) uint8 RGB in one of `LOOKS`."""
    if look == "synthetic":
        return _synthetic(rng, stencil, surfaces, side)
    assert look == "photo", look
    return _photo(rng, stencil, surfaces, side)


def surround(
    rng: np.random.Generator, look: str, figure_HW3: np.ndarray, alpha_HW1: np.ndarray
) -> np.ndarray:
    """Put a painted figure into a picture (side, side, 3) uint8 RGB in one of `LOOKS`.

    Args:
        rng: of the picture.
        look: `"synthetic"`: on one colour; `"photo"`: in clutter, as a camera takes it.
        figure_HW3: its colours in 0-255, weighted with its coverage; float32.
        alpha_HW1: its coverage, 0 to 1; float32.
    """
    side = len(figure_HW3)
    if look == "synthetic":
        plain_3 = np.array(_plain(rng), np.float32)
        return np.rint(plain_3 * (1 - alpha_HW1) + figure_HW3).astype(np.uint8)
    image = textures.background(rng, side).astype(np.float32) * (1 - alpha_HW1) + figure_HW3
    if rng.random() < 0.3:
        image = _occlude(rng, image, side)
    return _degrade(rng, _expose(rng, image, side), side)


def _plain(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw the colour of a plain background: pale."""
    return hsv(rng.random(), rng.uniform(0.03, 0.18), rng.uniform(0.72, 0.95))


def _synthetic(rng, stencil, surfaces, side) -> np.ndarray:
    table_3 = _colours(surfaces, _RIM, _LIGHT)
    table_3[0] = _plain(rng)
    return _reduced(_looked_up(stencil, table_3), side)


def _photo(rng, stencil, surfaces, side) -> np.ndarray:
    rim, light = rng.uniform(0.55, 0.8), rng.uniform(1.06, 1.25)
    figure_HW3 = _reduced(_looked_up(stencil, _colours(surfaces, rim, light)), side)
    alpha_HW1 = _reduced(np.where(stencil > 0, np.uint8(255), np.uint8(0)), side)[..., None]
    alpha_HW1 = alpha_HW1 * np.float32(1 / 255)

    figure = figure_HW3.astype(np.float32)
    figure *= _texture(rng, stencil, surfaces, side)[..., None]
    # The stencil is black outside, so the colours are already weighted with alpha.
    return surround(rng, "photo", figure, alpha_HW1)


def _colours(surfaces: list[Surface], rim: float, light: float) -> np.ndarray:
    """Colour (256, 3) of each value of a stencil; black for the background."""
    base_G3 = np.array([surface.colour for surface in surfaces], np.float32)
    table_3 = np.zeros((256, 3), np.float32)
    for tone, factor in enumerate((rim, 1.0, light)):
        table_3[1 + tone : 1 + TONES * len(surfaces) : TONES] = factor * base_G3
    return table_3


def _looked_up(stencil: np.ndarray, table_3: np.ndarray) -> np.ndarray:
    table = np.clip(table_3, 0, 255).astype(np.uint8)[None]
    return cv2.LUT(cv2.merge([stencil, stencil, stencil]), table)


def _reduced(canvas: np.ndarray, side: int) -> np.ndarray:
    """Average the canvas down to the image: this is the anti-aliasing."""
    return cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)


def _texture(rng, stencil, surfaces, side) -> np.ndarray:
    """Brightness factor (S, S) of every pixel from the texture of the material seen there."""
    step = len(stencil) // side
    seen_HW = stencil[step // 2 :: step, step // 2 :: step]
    material_HW = (np.maximum(seen_HW, 1) - 1) // TONES
    kinds = sorted({surface.texture for surface in surfaces})
    kind_of_G = np.array([kinds.index(surface.texture) for surface in surfaces], np.uint8)
    kind_HW = kind_of_G[np.minimum(material_HW, len(surfaces) - 1)]
    factor = np.ones((side, side), np.float32)
    for number, kind in enumerate(kinds):
        if kind != "plain":
            np.copyto(factor, textures.texture(rng, kind, side), where=kind_HW == number)
    return factor


def _occlude(rng, image: np.ndarray, side: int) -> np.ndarray:
    """Put one or two things in front: a pole, a beam, a box at the edge, a round something."""
    for _ in range(int(rng.integers(1, 3))):
        kind, at, size, angle = rng.random(4)
        centre = np.array([at, rng.random()]) * side
        if kind < 0.45:  # a pole or beam across the picture
            half = np.array([side, (0.015 + 0.035 * size) * side])
            angle = 0.5 + 0.12 * (angle - 0.5) if kind < 0.3 else 0.3 * (angle - 0.5)
        else:
            half = (0.06 + 0.10 * rng.random(2)) * side
            angle *= 0.5
        cosine, sine = np.cos(np.pi * angle), np.sin(np.pi * angle)
        if kind < 0.85:
            corners_42 = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        else:
            turn = np.arange(16) * (np.pi / 8)
            corners_42 = np.stack([np.cos(turn), np.sin(turn)], -1) * half
        outline = corners_42 @ np.array([[cosine, sine], [-sine, cosine]]) + centre
        mask = np.zeros((side, side), np.uint8)
        cv2.fillConvexPoly(mask, np.rint(outline * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
        thing = textures.texture(rng, "cloth", side)[..., None] * np.array(
            hsv(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.2, 0.85)), np.float32
        )
        alpha = mask[..., None] * np.float32(1 / 255)
        image = image * (1 - alpha) + thing * alpha
    return image


def _expose(rng, image: np.ndarray, side: int) -> np.ndarray:
    """Light that falls off to one side, brightness, colour cast and contrast."""
    direction, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.3)
    ramp = np.linspace(-1, 1, side, dtype=np.float32)
    light_HW = 1 + fall * (np.cos(direction) * ramp[None] + np.sin(direction) * ramp[:, None])
    cast_3 = rng.uniform(0.82, 1.15) * (1 + rng.normal(0, 0.05, 3))
    image = image * (light_HW[..., None] * cast_3.astype(np.float32))
    mean = image.mean()
    return (image - mean) * np.float32(rng.uniform(0.85, 1.2)) + mean


def _degrade(rng, image: np.ndarray, side: int) -> np.ndarray:
    """Blur of the lens, noise of the sensor, JPEG of the file."""
    blur = rng.uniform(0, 0.6) * side / 64
    if blur > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    noise = rng.standard_normal(image.shape, np.float32)
    image = np.clip(image + np.float32(rng.uniform(1, 5)) * noise, 0, 255).astype(np.uint8)
    quality = int(rng.integers(45, 96))
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded
