"""The looks: what is flat, what is not, and that people stand out."""

from __future__ import annotations

import numpy as np
import pytest

from posesift.data import worlds
from posesift.data.worlds import palette, textures


def test_the_synthetic_background_is_one_colour():
    images = worlds.paint(worlds.sample("body", n=20), "synthetic")
    for image in images:
        background = (image == image[0, 0]).all(-1)
        assert background.mean() > 0.4


def test_the_photo_background_is_not():
    images = worlds.paint(worlds.sample("body", n=20), "photo")
    assert min(len(np.unique(image[:8].reshape(-1, 3), axis=0)) for image in images) > 50


def test_people_stand_out_from_the_background():
    """Compare each synthetic figure's pixels with its background: a figure must be visible."""
    sample = worlds.sample("body", n=30)
    for image in worlds.paint(sample, "synthetic").astype(float):
        away = np.abs(image - image[0, 0]).sum(-1)
        assert (away > 60).mean() > 0.04


def test_no_photo_is_dark_or_washed_out():
    images = worlds.paint(worlds.sample("body", n=40), "photo").astype(float)
    mean_M, spread_M = images.mean((1, 2, 3)), images.std((1, 2, 3))
    assert 45 < np.median(mean_M) < 190
    assert mean_M.min() > 20
    assert spread_M.min() > 8


def test_backgrounds_have_mostly_shared_luminance():
    """Independent noise in each colour would give garish pictures; see `textures`."""
    rng = np.random.default_rng(0)
    pictures = np.stack([textures.background(rng, 64) for _ in range(40)]).astype(float)
    grey = pictures.mean(-1)
    chroma = pictures - grey[..., None]
    assert chroma.std() < 0.6 * grey.std()


@pytest.mark.parametrize("side", [64, 128])
def test_cloth_leaves_the_brightness_as_it_is(side):
    rng = np.random.default_rng(0)
    crops = np.stack([textures.cloth(rng, side) for _ in range(20)])
    assert crops.shape == (20, side, side)
    assert crops.mean() == pytest.approx(1, abs=0.06)
    assert crops.min() > 0


def test_palette():
    rng = np.random.default_rng(0)
    skins = np.array([palette.skin_tone(rng) for _ in range(300)])
    assert (skins[:, 0] > skins[:, 1]).all()  # skin is reddish, light or dark
    assert (skins[:, 1] > skins[:, 2]).all()
    assert skins[:, 0].max() > 230
    assert skins[:, 0].min() < 110
    assert palette.mix((0, 0, 0), (100, 50, 10), 0.5) == (50, 25, 5)
    assert palette.shade((200, 100, 50), 2) == (255, 200, 100)
    assert palette.hsv(0, 1, 1) == pytest.approx((255, 0, 0))
