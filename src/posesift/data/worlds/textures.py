"""Cloth and a bank of cluttered backgrounds, made once in a process and cropped for each image.

Both are pure functions of the seed below, the same on every machine and in every worker.
Noise has mostly one luminance for all three colours: noise that is independent in each colour
gives garish purple and green that no camera sees.

Names: S side, H W pixels, 3 = (red, green, blue).
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from posesift.data.worlds.palette import hsv

_SIZE = (
    256  # px of cloth and of the bank's pictures at image side 64; larger images enlarge their crop
)
_BACKGROUNDS = 48
_SEED = 20_240


def cloth(rng: np.random.Generator, side: int) -> np.ndarray:
    """Return a random crop (S, S) of cloth: float32 factors of brightness about 1."""
    y, x = rng.integers(0, _SIZE - 64, 2)
    crop = _cloth()[y : y + 64, x : x + 64]
    if rng.random() < 0.5:
        crop = crop.T
    return crop if side == 64 else cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR)


def background(rng: np.random.Generator, side: int) -> np.ndarray:
    """Return a cluttered background (S, S, 3) uint8: a randomly zoomed crop of one of the bank."""
    picture = _background_bank()[int(rng.integers(_BACKGROUNDS))]
    size = int(rng.integers(72, 200))
    y, x = rng.integers(0, _SIZE - size, 2)
    crop = picture[y : y + size, x : x + size]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)


def noise(rng: np.random.Generator, size: int, roughness: float) -> np.ndarray:
    """Fractal noise (size, size), mean 0 and spread 1; roughness in (0, 1), 1 = all fine grain."""
    field = np.zeros((size, size), np.float32)
    cells = 8
    while cells <= size:
        grain = rng.standard_normal((cells, cells), np.float32)
        field += roughness ** np.log2(cells / 8) * cv2.resize(
            grain, (size, size), interpolation=cv2.INTER_CUBIC
        )
        cells *= 2
    return (field - field.mean()) / field.std()


@functools.cache
def _cloth() -> np.ndarray:
    rng = np.random.default_rng(_SEED)
    fine = noise(rng, _SIZE, 0.95)
    # Hair and skin once; what is drawn after them stays what it was.
    rng.standard_normal((_SIZE, _SIZE))
    noise(rng, _SIZE, 0.6)
    field = 1 + 0.11 * noise(rng, _SIZE, 0.75) + 0.04 * fine
    return np.clip(field, 0.4, 1.6).astype(np.float32)


@functools.cache
def _background_bank() -> list[np.ndarray]:
    rng = np.random.default_rng(_SEED + 1)
    return [_scene(rng) for _ in range(_BACKGROUNDS)]


def _scene(rng: np.random.Generator) -> np.ndarray:
    """One picture: tinted planes with soft noise, then things of all shapes on them."""
    picture = np.empty((_SIZE, _SIZE, 3), np.float32)
    edges = np.sort(rng.integers(50, _SIZE - 30, 2))
    for top, bottom in zip((0, *edges), (*edges, _SIZE), strict=True):
        picture[top:bottom] = _tint(rng)
    if rng.random() < 0.4:
        picture = picture.transpose(1, 0, 2).copy()
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 6))
    if rng.random() < 0.45:
        _windows(rng, picture)
    for _ in range(int(rng.integers(4, 45))):
        _thing(rng, picture)
    luminance = noise(rng, _SIZE, rng.uniform(0.55, 0.9))[..., None]
    tint = np.stack([noise(rng, _SIZE, 0.5) for _ in range(3)], -1)
    picture *= 1 + 0.11 * luminance + 0.025 * tint
    return np.clip(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6)), 0, 255).astype(
        np.uint8
    )


def _tint(rng: np.random.Generator) -> np.ndarray:
    """Mostly the greens, greys, browns and blues of outdoors and rooms."""
    hue, saturation = rng.choice(
        [(0.09, 0.35), (0.24, 0.34), (0.57, 0.28), (0.08, 0.12), (0.6, 0.06), (rng.random(), 0.3)],
        p=[0.2, 0.2, 0.2, 0.2, 0.12, 0.08],
    )
    hue += rng.normal(0, 0.025)
    return np.array(hsv(hue, saturation * rng.uniform(0.4, 1.2), rng.uniform(0.25, 0.88)))


def _thing(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Draw a box, a disc or a limb-like bar: clutter that a detector must learn to pass by."""
    tint = tuple(float(c) for c in _tint(rng))
    x, y = (int(v) for v in rng.integers(0, _SIZE, 2))
    kind = rng.random()
    if kind < 0.3:  # furniture, doors, posts: upright or lying
        size = rng.integers(3, 14), rng.integers(25, 110)
        w, h = (int(v) for v in (size if rng.random() < 0.6 else size[::-1]))
        cv2.rectangle(picture, (x, y), (x + w, y + h), tint, -1)
    elif kind < 0.65:  # bushes, crowns of trees, stones: a few discs of nearly one colour
        for _ in range(int(rng.integers(3, 9))):
            dx, dy = (int(v) for v in rng.normal(0, 11, 2))
            near = tuple(c * rng.uniform(0.8, 1.2) for c in tint)
            cv2.circle(picture, (x + dx, y + dy), int(rng.integers(3, 14)), near, -1, cv2.LINE_AA)
    else:
        angle, length = rng.uniform(0, np.pi), rng.uniform(15, 90)
        end = (int(x + length * np.cos(angle)), int(y + length * np.sin(angle)))
        cv2.line(picture, (x, y), end, tint, int(rng.integers(1, 11)), cv2.LINE_AA)


def _windows(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Draw the regular front of a building, a fence or shelves behind the figure."""
    tint = tuple(float(c) for c in _tint(rng))
    left, top = (int(v) for v in rng.integers(0, 120, 2))
    step_x, step_y = (int(v) for v in rng.integers(12, 48, 2))
    w, h = int(step_x * rng.uniform(0.3, 0.8)), int(step_y * rng.uniform(0.3, 0.9))
    for x in range(left, left + int(rng.integers(60, 250)), step_x):
        for y in range(top, top + int(rng.integers(40, 140)), step_y):
            cv2.rectangle(picture, (x, y), (x + w, y + h), tint, -1)
