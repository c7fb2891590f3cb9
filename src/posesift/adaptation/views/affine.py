"""Affine maps of a batch: drawn, applied to keypoints and to images, inverted, composed.

A map is a 2 x 3 matrix from one image's pixels to another's, x right, y down, the centre of the
top-left pixel at (0, 0); images turn about (side - 1) / 2. Nothing here waits for the device.

Tensor names: B batch, K keypoints, H W rows and columns, 2 = (x, y), 3 = (r, g, b),
23 = the matrix of an affine map.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def draw_affine(
    count: int,
    side: int,
    generator: torch.Generator,
    *,
    rotation: float = 0.0,
    scale: float = 0.0,
    shift: float = 0.0,
    flip: float = 0.0,
) -> Tensor:
    """Random maps from crop pixels to view pixels: mirror, turn and scale about the centre, shift.

    Args:
        count: B, maps to draw.
        side: of crop and view, pixels.
        generator: its device is that of the result.
        rotation: up to this many degrees either way.
        scale: up to this factor minus one, larger or smaller.
        shift: up to this share of the side along each axis.
        flip: probability of a mirror image.

    Returns:
        matrix_B23, float32. A mirrored one has a negative determinant (see `is_mirrored`).
    """
    draw_5B = torch.rand(5, count, generator=generator, device=generator.device)
    angle_B, size_B, right_B, down_B = 2 * draw_5B[:4] - 1
    angle_B = angle_B * math.radians(rotation)
    size_B = torch.exp(size_B * math.log1p(scale))
    mirror_B = torch.where(draw_5B[4] < flip, -1.0, 1.0)
    cos_B, sin_B = size_B * torch.cos(angle_B), size_B * torch.sin(angle_B)
    linear_B22 = torch.stack([cos_B * mirror_B, -sin_B, sin_B * mirror_B, cos_B], -1).view(-1, 2, 2)
    centre = (side - 1) / 2
    shift_B2 = torch.stack([right_B, down_B], -1) * (shift * side)
    shift_B2 = shift_B2 + centre - linear_B22.sum(-1) * centre
    return torch.cat([linear_B22, shift_B2[..., None]], -1)


def apply(matrix_B23: Tensor, points_BK2: Tensor) -> Tensor:
    """Points after the map.

    >>> turn = torch.tensor([[[0.0, -1.0, 63.0], [1.0, 0.0, 0.0]]])
    >>> apply(turn, torch.tensor([[[10.0, 0.0]]]))
    tensor([[[63., 10.]]])
    """
    return points_BK2 @ matrix_B23[..., :2].mT + matrix_B23[..., None, :, 2]


def invert(matrix_B23: Tensor) -> Tensor:
    """Give the inverse maps, in closed form (a library's solver would wait for the device)."""
    (a, b), (c, d) = (row.unbind(-1) for row in matrix_B23[..., :2].unbind(-2))
    linear_B22 = torch.stack([d, -b, -c, a], -1).unflatten(-1, (2, 2))
    linear_B22 = linear_B22 / (a * d - b * c)[..., None, None]
    return torch.cat([linear_B22, -linear_B22 @ matrix_B23[..., 2:]], -1)


def compose(outer_B23: Tensor, inner_B23: Tensor) -> Tensor:
    """Give the map that applies ``inner`` first, then ``outer``."""
    linear_B22 = outer_B23[..., :2] @ inner_B23[..., :2]
    shift_B21 = outer_B23[..., :2] @ inner_B23[..., 2:] + outer_B23[..., 2:]
    return torch.cat([linear_B22, shift_B21], -1)


def is_mirrored(matrix_B23: Tensor) -> Tensor:
    """Whether each map turns left into right; (B,) bool."""
    (a, b), (c, d) = (row.unbind(-1) for row in matrix_B23[..., :2].unbind(-2))
    return a * d < b * c


def move(
    keypoints_BK2: Tensor,
    visible_BK: Tensor,
    matrix_B23: Tensor,
    side: int,
    mirror: tuple[int, ...] | None = None,
) -> tuple[Tensor, Tensor]:
    """Keypoints in the view: mapped, renamed where mirrored, invisible where outside of it.

    Coordinates of invisible keypoints may be anything, NaN included; they come out as 0.

    Args:
        keypoints_BK2: crop pixels.
        visible_BK: bool.
        matrix_B23: crop pixels to view pixels.
        side: of the view, pixels.
        mirror: permutation of the K keypoints that exchanges left and right. Without it,
            mirrored maps keep the names.

    Returns:
        keypoints_BK2 in view pixels, visible_BK bool.
    """
    visible_BK = visible_BK.bool()
    points_BK2 = torch.where(visible_BK[..., None], keypoints_BK2.float(), 0)
    points_BK2 = apply(matrix_B23, points_BK2)
    points_BK2 = rename(points_BK2, matrix_B23, mirror)
    visible_BK = rename(visible_BK, matrix_B23, mirror)
    inside_BK = ((points_BK2 >= -0.5) & (points_BK2 < side - 0.5)).all(-1)
    visible_BK = visible_BK & inside_BK
    return torch.where(visible_BK[..., None], points_BK2, 0), visible_BK


def rename(values_BK: Tensor, matrix_B23: Tensor, mirror: tuple[int, ...] | None) -> Tensor:
    """Values of keypoints, left and right exchanged in the samples that the map mirrors.

    Args:
        values_BK: (B, K) or (B, K, ...).
        matrix_B23: crop pixels to view pixels.
        mirror: permutation of the K keypoints; without it names stay.
    """
    if mirror is None:
        return values_BK
    # slices and stacks, not an index from the host: that would wait for the device
    columns = values_BK.unbind(1)
    renamed_BK = torch.stack([columns[k] for k in mirror], 1)
    mirrored_B = is_mirrored(matrix_B23).view(-1, *[1] * (values_BK.ndim - 1))
    return torch.where(mirrored_B, renamed_BK, values_BK)


def warp(images_B3HW: Tensor, matrix_B23: Tensor, padding: str = "border") -> Tensor:
    """Resample images into their views, bilinear, one call for the batch.

    Args:
        images_B3HW: uint8 or float; square.
        matrix_B23: image pixels to view pixels; the view has the image's size.
        padding: what lies beyond the image: its ``"border"`` continued, ``"zeros"`` or
            ``"reflection"``. Black corners would tell source from target, so not zeros.

    Returns:
        views_B3HW, float32, in the units of ``images_B3HW``.
    """
    side = images_B3HW.shape[-1]
    assert images_B3HW.shape[-2] == side, images_B3HW.shape
    # grid_sample counts from -1 at the centre of the first pixel to 1 at that of the last
    half = (side - 1) / 2
    back_B23 = invert(matrix_B23)
    shift_B2 = (back_B23[..., 2] + back_B23[..., :2].sum(-1) * half) / half - 1
    axis = torch.linspace(-1, 1, side, device=images_B3HW.device)
    x_BHW = axis[None, None, :] * back_B23[:, :1, :1] + axis[None, :, None] * back_B23[:, :1, 1:2]
    y_BHW = axis[None, None, :] * back_B23[:, 1:, :1] + axis[None, :, None] * back_B23[:, 1:, 1:2]
    grid_BHW2 = torch.stack([x_BHW, y_BHW], -1) + shift_B2[:, None, None, :]
    return functional.grid_sample(
        images_B3HW.float(), grid_BHW2, mode="bilinear", padding_mode=padding, align_corners=True
    )
