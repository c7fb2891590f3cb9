"""What can be known of a network on the target without its labels: agreement, and collapse.

Nothing here sees a label of the target, so a checkpoint that `Agreement` chooses is chosen
without a leak.

Tensor names: N images, B of them at a time, K keypoints, H W rows and columns, 2 = (x, y),
3 = (r, g, b), 23 = the matrix of an affine map.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posesift.adaptation.training.method import Method
from posesift.adaptation.views.affine import apply, draw_affine, invert, move, rename, warp
from posesift.adaptation.views.appearance import MEAN, SPREAD, normalise
from posesift.adaptation.views.augment import STRONG, generator, view

IMAGES = 256
"""Unlabelled images to look at, two predictions each. With as many, two draws of the views differ
by one or two points of agreement."""

TOLERANCE = 0.05
"""Distance, as a share of the side, within which two predictions agree: that of PCK@0.05."""

LEAST_SPREAD = 0.02
"""Share of the side; see `collapse`."""

_SHIFT = 0.1  # share of the side; see `Agreement`
_CHUNK = 64  # images predicted at a time
_LOOK = replace(STRONG, rotation=0, scale=0, shift=0)


def some_rows(count: int, seed: int = 0, most: int = IMAGES) -> NDArray[np.int64]:
    """Rows of a table of ``count`` images to look at: all, or ``most`` of them, in order.

    >>> some_rows(3)
    array([0, 1, 2])
    >>> len(some_rows(100_000)), len(set(some_rows(100_000)))
    (256, 256)
    """
    chosen = np.random.default_rng([seed, 77]).choice(count, min(most, count), replace=False)
    return np.sort(chosen).astype(np.int64)


class Agreement:
    """How well two views of the same unlabelled target images agree: a validator without labels.

    What `method.predict` says about a plain crop is compared with what is said about a strong
    view of it (mirrored, turned, scaled, shifted, recoloured, partly hidden), mapped back to the
    crop in closed form. The strong view is the student's where the method has a mean teacher,
    else it is predicted by the same network. The views are drawn once, so figures of the
    checkpoints of one run can be compared.

    A network that says the same about every image agrees with itself only where the map moves
    its keypoints by less than the tolerance. So that a collapsed network does not win, every view
    is shifted by one tenth of the side, twice the tolerance over the largest scale and more, in a
    random direction: keypoints that have all gone to the centre agree nowhere, and a constant
    pose in one keypoint of twenty. (A shift of *up to* a tenth would leave one in five.) What
    agreement cannot see is a network that is wrong in the same way about both views.

    Args:
        images_N3HW: uint8 crops of the target's training images; see `some_rows`.
        mirror: permutation that exchanges left and right keypoints. Views are mirrored where
            there is one that exchanges anything.
        side: of the crops, pixels.
        seed: of the views.

    Raises:
        ValueError: there are no images, or they have another side.
    """

    def __init__(
        self, images_N3HW: Tensor, mirror: tuple[int, ...] | None, side: int, seed: int = 0
    ):
        if not len(images_N3HW) or images_N3HW.shape[-2:] != (side, side):
            raise ValueError(
                f"expected images of {side} x {side} pixels to measure agreement on, found "
                f"{tuple(images_N3HW.shape)}; give target images, at the side of the crops"
            )
        self.images_N3HW = images_N3HW.cpu()
        self.side = side
        self.mirror = None if mirror is None or list(mirror) == sorted(mirror) else mirror
        count = len(images_N3HW)
        random = generator("cpu", seed, 78)
        self.matrix_N23 = draw_affine(
            count,
            side,
            random,
            rotation=STRONG.rotation,
            scale=STRONG.scale,
            flip=0.5 if self.mirror else 0.0,
        )
        direction_N = 2 * math.pi * torch.rand(count, generator=random)
        shift_N2 = torch.stack([torch.cos(direction_N), torch.sin(direction_N)], -1)
        self.matrix_N23[..., 2] += _SHIFT * side * shift_N2
        self.views_N3HW = torch.cat(
            [
                _strong(self.images_N3HW[part], self.matrix_N23[part], random)
                for part in _parts(count)
            ]
        )

    def __call__(self, method: Method, stage: str = "") -> float:
        """Percent of the keypoints within 0.05 of the side of each other; higher is better.

        Keypoints that the map takes out of the view are not counted. ``stage`` is what
        `loop.fit` says; it changes nothing.
        """
        plain_NK2 = _predicted(method, self.images_N3HW, by_student=False)
        viewed_NK2 = _predicted(method, self.views_N3HW, by_student=True)
        seen_NK = torch.ones(plain_NK2.shape[:2], dtype=torch.bool)
        _, within_NK = move(plain_NK2, seen_NK, self.matrix_N23, self.side, self.mirror)
        back_NK2 = apply(invert(self.matrix_N23), viewed_NK2)
        # `move` names keypoints as the view does
        back_NK2 = rename(back_NK2, self.matrix_N23, self.mirror)
        within_NK = rename(within_NK, self.matrix_N23, self.mirror)
        close_NK = torch.linalg.vector_norm(back_NK2 - plain_NK2, dim=-1) <= TOLERANCE * self.side
        counted = int(within_NK.sum())
        return 100 * int((close_NK & within_NK).sum()) / counted if counted else 0.0


def collapse(
    keypoints_NK2: NDArray[np.floating], side: int, network: str = "network"
) -> str | None:
    """Give a sentence where predictions hardly depend on the image, else None.

    The measure is the standard deviation over images of each keypoint's place (both axes
    together), its median over keypoints. The threshold, 2 % of the side, is a fraction of what
    different images give: labels vary by 11 to 22 % of the side over the built-in worlds and by
    8 % over nothing but people who stand upright in tight crops, while a collapsed network
    varies by less than a heatmap cell (which is 2 to 6 % of the side).

    It sees constant predictions only: keypoints scattered over empty heatmaps vary, and show in a
    low `Agreement`.

    Args:
        keypoints_NK2: predictions for different images, crop pixels.
        side: of the crops, pixels.
        network: what to call it, say ``"teacher"``.

    >>> collapse(np.full((10, 3, 2), 31.5), side=64, network="teacher")[:25]
    'the teacher has collapsed'
    """
    if len(keypoints_NK2) < 2:
        return None
    variance_K2 = np.asarray(keypoints_NK2, np.float64).var(0)
    spread = float(np.median(np.sqrt(variance_K2.sum(-1)))) / side
    if spread >= LEAST_SPREAD:
        return None
    return (
        f"the {network} has collapsed: over {len(keypoints_NK2)} unlabelled target images its "
        f"keypoints vary by {100 * spread:.1f} % of the side (median over keypoints), and "
        f"different images give at least {100 * LEAST_SPREAD:g} %, so it says nearly the same "
        "about every image; warm up for longer (--warmup-steps), or adapt with other settings"
    )


def check_collapse(method: Method, images_N3HW: Tensor, side: int) -> str | None:
    """`collapse` of what ``method`` predicts; for the end of a training.

    Args:
        method: trained, on its device.
        images_N3HW: uint8 crops of different target training images; see `some_rows`.
        side: of the crops, pixels.
    """
    keypoints_NK2 = _predicted(method, images_N3HW, by_student=False)
    name = "network" if _student(method) is None else "teacher"
    return collapse(keypoints_NK2.numpy(), side, name)


def _strong(images_N3HW: Tensor, matrix_N23: Tensor, random: torch.Generator) -> Tensor:
    """uint8 views: the given geometry, then the colour, grain and cut-outs of `STRONG`."""
    moved_N3HW = warp(images_N3HW, matrix_N23).round().to(torch.uint8)
    normalised_N3HW, _ = view(moved_N3HW, _LOOK, random)
    spread_311 = torch.tensor(SPREAD).view(3, 1, 1)
    mean_311 = torch.tensor(MEAN).view(3, 1, 1)
    pixels_N3HW = 255 * (normalised_N3HW * spread_311 + mean_311)
    return pixels_N3HW.round().clamp(0, 255).to(torch.uint8)


def _predicted(method: Method, images_N3HW: Tensor, *, by_student: bool) -> Tensor:
    """keypoints_NK2 on the CPU."""
    student = _student(method) if by_student else None
    taught: Any = method
    found = []
    for part in _parts(len(images_N3HW)):
        images_B3HW = images_N3HW[part]
        if student is None:
            keypoints_BK2, _ = method.predict(images_B3HW)
        else:
            images_B3HW = normalise(images_B3HW.to(taught.runtime.device))
            keypoints_BK2, _ = taught.codec.decode(taught.runtime.infer(student, images_B3HW))
        found.append(keypoints_BK2.float().cpu())
    return torch.cat(found)


def _student(method: Method) -> Any:
    """Give the network that a mean teacher follows, where there is one beside the teacher."""
    student = getattr(method, "student", None)
    return None if student is method.network else student


def _parts(count: int) -> Iterable[slice]:
    return (slice(first, first + _CHUNK) for first in range(0, count, _CHUNK))
