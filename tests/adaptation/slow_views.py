"""RegDA's published views and labels once more, image by image and pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import torch
from tests.adaptation.udape.test_published import slow_crop, slow_jitter, slow_matrix, slow_nearest
from torch import Tensor

from posesift.adaptation.published_views import RegDAViews
from posesift.adaptation.training.method import Batch
from posesift.adaptation.views.published import draw_crop
from posesift.adaptation.views.published_warps import draw_warp
from posesift.networks import MEAN, SPREAD


def slow_blur(image: np.ndarray, spread: float) -> np.ndarray:
    """Three boxes along each axis, each with a third of the variance; image (C, H, W)."""
    # a box of one cell and a share of both neighbours has the variance 2 share / (1 + 2 share)
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        low, high = (low, share) if 2 * share / (1 + 2 * share) > spread**2 / 3 else (share, high)
    for axis in (2, 1):
        for _ in range(3):
            last = image.shape[axis] - 1
            blurred = np.zeros_like(image)
            for place in range(last + 1):
                window = [max(place - 1, 0), place, min(place + 1, last)]
                columns = np.take(image, window, axis)
                weights = np.array([share, 1, share]) / (1 + 2 * share)
                mean = np.tensordot(columns, weights, axes=([axis], [0]))
                blurred[(slice(None),) * axis + (place,)] = mean
            image = blurred
    return image


class Draws:
    """What `RegDAViews` draws for a batch, as plain numbers; moves the generator as it does."""

    def __init__(self, views: RegDAViews, count: int, side: int, random: torch.Generator):
        turn = draw_warp(
            count, side, random, rotation=views.rotation, shear=0, shift=0, scale=(1, 1)
        )
        crop = draw_crop(count, side, views.area, random)
        colours = torch.rand(2, 3, count, generator=random)
        spreads = torch.rand(count, generator=random)
        self.side = side
        self.angle = turn.angle_B.tolist()
        self.corner, self.size = crop.corner_B2.tolist(), crop.size_B.tolist()
        self.factors = [
            [1 + views.colour * (2 * float(draw) - 1) for draw in colours[0, :, b]]
            for b in range(count)
        ]
        self.order = [np.argsort(colours[1, :, b].numpy()) for b in range(count)]
        self.spread = [views.blur * float(draw) for draw in spreads]

    def image(self, b: int, image: np.ndarray) -> np.ndarray:
        """A view in [0, 1] of one image (3, H, W)."""
        turned = slow_nearest(image.astype(float), slow_matrix(self.angle[b], 0, 1), (0, 0))
        view = slow_crop(turned, self.corner[b], int(self.size[b])) / 255
        return slow_blur(slow_jitter(view, self.factors[b], self.order[b]), self.spread[b])

    def point(self, b: int, x: float, y: float) -> tuple[float, float]:
        """A label in the view: turned about side / 2, then counted from the crop's corner."""
        cos, sin, half = math.cos(self.angle[b]), math.sin(self.angle[b]), self.side / 2
        x, y = x - half, y - half
        x, y = cos * x - sin * y + half, sin * x + cos * y + half
        factor = self.side / self.size[b]
        return (x - self.corner[b][0]) * factor, (y - self.corner[b][1]) * factor


def slow_views(
    batch: Batch, views: RegDAViews, stride: int, sigma: int, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalised images, heatmaps and weights of a labelled batch."""
    count, side = len(batch["image"]), batch["image"].shape[-1]
    cells, joints = side // stride, batch["keypoints"].shape[1]
    draws = Draws(views, count, side, random)
    images = np.zeros((count, 3, side, side))
    heatmaps, weights = torch.zeros(count, joints, cells, cells), torch.zeros(count, joints)
    for b in range(count):
        view = draws.image(b, batch["image"][b].numpy())
        for c in range(3):
            images[b, c] = (view[c] - MEAN[c]) / SPREAD[c]
        for k in range(joints):
            point = draws.point(b, *batch["keypoints"][b, k].tolist())
            x, y = (int(value / stride + 0.5) for value in point)
            if not batch["visible"][b, k] or not (0 <= x < cells and 0 <= y < cells):
                continue
            weights[b, k] = 1
            for i in range(max(0, y - 3 * sigma), min(cells, y + 3 * sigma + 1)):
                for j in range(max(0, x - 3 * sigma), min(cells, x + 3 * sigma + 1)):
                    square = (j - x) ** 2 + (i - y) ** 2
                    heatmaps[b, k, i, j] = math.exp(-square / (2 * sigma**2))
    return torch.from_numpy(images).float(), heatmaps, weights
