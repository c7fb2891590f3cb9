"""Light on people: a sky from all sides, a sun from one, folds of cloth.

Names: F fragments (pixels of a figure), 3 = (x, y, z) or (red, green, blue).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

_GRID = 32  # cells of the folds' noise, which then repeats itself: it fits a processor's cache


@dataclass(frozen=True)
class Light:
    """How one picture is lit."""

    towards_3: np.ndarray
    """float32, unit vector towards the sun, in the camera's frame."""

    sun: float
    sky: float
    """Brightness that each gives, of the colour's own."""

    folds: float
    """Depth of the folds of cloth."""

    wave: float
    """Size of the folds, as a share of what is usual on the mannequin."""

    start_3: np.ndarray
    """float32, where the folds' pattern begins, in its own grid."""


def draw(rng: np.random.Generator, look: str) -> Light:
    """Draw a light from above: even and mild in `"synthetic"`, any in `"photo"`."""
    aside, height, mix, depth, wave = rng.random(5)
    start_3 = (_GRID * rng.random(3)).astype(np.float32)
    angle = np.pi * (1.6 * aside - 0.3)  # mostly from the camera's side
    rise = np.deg2rad(20 + 55 * height)
    towards_3 = np.array([np.cos(angle) * np.cos(rise), np.sin(rise), np.sin(angle) * np.cos(rise)])
    photo = look == "photo"
    sky = 0.42 + 0.4 * mix if photo else 0.62
    return Light(
        towards_3.astype(np.float32), 1.22 - sky, sky,
        (0.25 + 0.5 * depth) if photo else 0.0, 0.6 + 0.8 * wave, start_3,
    )  # fmt: skip


def shade(
    colour_F3: np.ndarray,
    cloth_F: np.ndarray,
    light: Light,
    folds_F3: np.ndarray,
    normal_F3: np.ndarray,
    open_F: np.ndarray,
    shadow_F: np.ndarray,
) -> None:
    """Light base colours (F, 3) in place.

    Args:
        colour_F3: base colours.
        cloth_F: where cloth falls in folds.
        light: the light.
        folds_F3: places on the surface at rest, counted in folds.
        normal_F3: about unit vectors; x right, y up, z towards the camera.
        open_F: share of the sky that is seen at rest, 0 to 1.
        shadow_F: how far out of the sun, 0 to 1.
    """
    if light.folds:
        rows = np.flatnonzero(cloth_F)
        at = (folds_F3[rows] * (8 / light.wave) + light.start_3).astype(np.int32) % _GRID
        normal_F3[rows] += light.folds * _folds()[at[:, 0], at[:, 1], at[:, 2]]
    length_F = np.sqrt(np.einsum("fx,fx->f", normal_F3, normal_F3))
    lit_F = np.maximum(normal_F3 @ light.towards_3 / length_F, 0)
    lit_F *= light.sun * (1 - shadow_F)
    above_F = 0.8 + 0.2 * normal_F3[:, 1] / length_F
    lit_F += light.sky * above_F * (0.35 + 0.65 * open_F)
    colour_F3 *= lit_F[:, None]


@functools.cache
def _folds() -> np.ndarray:
    """Smooth noise of three colours in space, (G, G, G, 3) float32, that repeats itself."""
    rng = np.random.default_rng(20_241)
    waves = np.fft.fftfreq(_GRID)
    size = np.sqrt(waves[:, None, None] ** 2 * 2.2 + waves[:, None] ** 2 + waves**2)
    shape = np.exp(-((size - 0.10) ** 2) / (2 * 0.04**2))
    field = np.stack(
        [
            np.fft.ifftn(shape * np.fft.fftn(rng.standard_normal((_GRID,) * 3))).real
            for _ in range(3)
        ],
        -1,
    )
    return (field / field.std()).astype(np.float32)
