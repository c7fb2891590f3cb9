"""The two looks: `synthetic`, a clean renderer, and `photo`, with what cameras and the world add.

In the synthetic look figures stand on one pale colour. The photo look adds clutter behind, things
in front, light that falls off to one side, a colour cast, contrast, blur, noise and JPEG.

Names: H W pixels, 3 = (red, green, blue).
"""

from __future__ import annotations

import cv2
import numpy as np

from posesift.data.worlds import textures
from posesift.data.worlds.palette import hsv

LOOKS = ("synthetic", "photo")


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
        thing = textures.cloth(rng, side)[..., None] * np.array(
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
