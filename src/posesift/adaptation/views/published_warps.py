"""Affine views and their undoing as the published UDAPE code does them, in batches.

Kim, Wang, Saenko, Betke, Sclaroff, "A Unified Framework for Domain Adaptive Pose Estimation",
ECCV 2022, with torchvision's conventions: images turn about their centre, labels about the pixel
side / 2; views take the nearest pixel and are 0 beyond the image.

Tensor names: B batch, C channels, K keypoints, H W rows and columns, P = H W cells,
2 = (x, y), 22, 23 = the linear part, the whole matrix of an affine map.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from posesift.adaptation.views import affine

PATCH = 10 / 256  # half a side of the occluding window, as a share of the image's


class Warp(NamedTuple):
    """The affine map from a crop to a view of it: sheared, turned, scaled, shifted.

    Attributes:
        angle_B: clockwise as seen, radians.
        shear_B: along x, radians.
        scale_B: factor.
        shift_B2: whole pixels.
    """

    angle_B: Tensor
    shear_B: Tensor
    scale_B: Tensor
    shift_B2: Tensor

    @property
    def linear_B22(self) -> Tensor:
        """Scale * rotation(angle) * [[1, -tan shear], [0, 1]]."""
        cos_B, sin_B = torch.cos(self.angle_B), torch.sin(self.angle_B)
        tan_B = torch.tan(self.shear_B)
        cells = [cos_B, -cos_B * tan_B - sin_B, sin_B, -sin_B * tan_B + cos_B]
        return torch.stack(cells, -1).view(-1, 2, 2) * self.scale_B[:, None, None]

    def image(self, images_BCHW: Tensor) -> Tensor:
        """Draw views of the images; 0 beyond them."""
        return nearest(images_BCHW, self.linear_B22, self.shift_B2)

    def points(self, points_BK2: Tensor, side: int) -> Tensor:
        """Labels in the view: A (p - c) + c + t about c = side / 2."""
        centre = side / 2
        matrix_B23 = torch.cat([self.linear_B22, self.shift_B2[..., None]], -1)
        return affine.apply(matrix_B23, points_BK2 - centre) + centre

    def divided(self, stride: int) -> Warp:
        """Give the same map between heatmaps of this stride."""
        return self._replace(shift_B2=self.shift_B2 / stride)

    def part(self, samples: slice) -> Warp:
        """Give the maps of some samples."""
        return Warp(*(values[samples] for values in self))


def draw_warp(
    count: int,
    side: int,
    generator: torch.Generator,
    *,
    rotation: float,
    shear: float,
    shift: float,
    scale: tuple[float, float],
) -> Warp:
    """Random maps: angles uniform up to these degrees, a shift up to this share of the side."""
    draw_5B = torch.rand(5, count, generator=generator, device=generator.device)
    either_5B = 2 * draw_5B - 1
    return Warp(
        angle_B=either_5B[0] * math.radians(rotation),
        shear_B=either_5B[1] * math.radians(shear),
        scale_B=scale[0] + (scale[1] - scale[0]) * draw_5B[2],
        shift_B2=torch.round(either_5B[3:].T * (shift * side)),
    )


def unwarp(maps_BCHW: Tensor, warp: Warp) -> Tensor:
    """Bring maps of a view back into the crop: shifted, then turned and scaled, then sheared.

    Each of the three takes the nearest cell, and 0 beyond the map, which costs the arg-max 0.8
    cells on average. The order makes the exact inverse of `Warp`, up to that.
    """
    count, channels, side, _ = maps_BCHW.shape
    none_B, one_B, none_B2 = 0 * warp.scale_B, torch.ones_like(warp.scale_B), 0 * warp.shift_B2
    # what becomes of the cells' numbers, from 1 on, tells where every cell comes from: the maps
    # themselves are read once
    cells = torch.arange(1.0, side * side + 1, device=maps_BCHW.device).view(1, 1, side, side)
    cells_B1HW = cells.expand(count, -1, -1, -1)
    for step in (
        Warp(none_B, none_B, one_B, -warp.shift_B2),
        Warp(-warp.angle_B, none_B, 1 / warp.scale_B, none_B2),
        Warp(none_B, -warp.shear_B, one_B, none_B2),
    ):
        cells_B1HW = step.image(cells_B1HW)
    source_B1P = cells_B1HW.long().flatten(2) - 1
    read_BCP = source_B1P.clamp(min=0).expand(-1, channels, -1)
    found_BCP = maps_BCHW.flatten(2).gather(2, read_BCP).masked_fill_(source_B1P < 0, 0)
    return found_BCP.view_as(maps_BCHW)


def nearest(maps_BCHW: Tensor, linear_B22: Tensor, shift_B2: Tensor) -> Tensor:
    """Resample by a map about the image's centre, the nearest cell, 0 beyond the image."""
    side = maps_BCHW.shape[-1]
    back_B23 = affine.invert(torch.cat([linear_B22, shift_B2[..., None]], -1))
    # -1 and 1 are the outer edges of the image; for sides that are powers of two nothing is
    # rounded here, so half a cell is a tie, as it is in torchvision
    axis = torch.arange(side, device=maps_BCHW.device) * (2 / side) + (1 / side - 1)
    x_BHW = axis[None, None, :] * back_B23[:, :1, :1] + axis[None, :, None] * back_B23[:, :1, 1:2]
    y_BHW = axis[None, None, :] * back_B23[:, 1:, :1] + axis[None, :, None] * back_B23[:, 1:, 1:2]
    grid_BHW2 = torch.stack([x_BHW, y_BHW], -1) + back_B23[:, None, None, :, 2] * (2 / side)
    return functional.grid_sample(
        maps_BCHW, grid_BHW2, mode="nearest", padding_mode="zeros", align_corners=False
    )


def occlude(
    views_B3HW: Tensor,
    warp: Warp,
    keypoints_BK2: Tensor,
    candidate_BK: Tensor,
    rate: float,
    generator: torch.Generator,
) -> Tensor:
    """Cover a joint of some views with another window of the same image.

    The view goes back to the crop's frame, gets its patch there, and comes again, both ways with
    ``warp``. The published code gives its shift in heatmap cells, so the patch lands beside the
    joint by the rest of the shift.

    Args:
        views_B3HW: normalised; what leaves the frame on the way becomes 0, the mean colour.
        warp: from the crop to the view.
        keypoints_BK2: whole pixels of the crop.
        candidate_BK: joints that may be covered; one of them is drawn.
        rate: probability for each view with a candidate.
        generator: on the device of the views.
    """
    count, side = len(views_B3HW), views_B3HW.shape[-1]
    joints = candidate_BK.shape[1]
    draw_BN = torch.rand(count, joints + 3, generator=generator, device=generator.device)
    joint_B = torch.where(candidate_BK, draw_BN[:, :joints], -1).argmax(-1)
    happens_B = candidate_BK.any(-1) & (draw_BN[:, joints] <= rate)

    index_B12 = joint_B[:, None, None].expand(-1, 1, 2)
    centre_B2 = keypoints_BK2.gather(1, index_B12)[:, 0].long()
    half = max(1, round(PATCH * side))
    low_B2, high_B2 = (centre_B2 - half).clamp(min=0), (centre_B2 + half).clamp(max=side)
    room_B2 = side - (high_B2 - low_B2) + 1
    other_B2 = (draw_BN[:, joints + 1 :] * room_B2).long()
    axis = torch.arange(side, device=views_B3HW.device)
    inside_B2W = (axis >= low_B2[..., None]) & (axis < high_B2[..., None])
    read_B2W = torch.where(inside_B2W, axis + (other_B2 - low_B2)[..., None], axis)

    crops_B3HW = unwarp(views_B3HW, warp)
    columns_B11W, rows_B1H1 = read_B2W[:, 0, None, None, :], read_B2W[:, 1, None, :, None]
    moved_B3HW = crops_B3HW.gather(2, rows_B1H1.expand_as(crops_B3HW))
    moved_B3HW = moved_B3HW.gather(3, columns_B11W.expand_as(crops_B3HW))
    window_B1HW = inside_B2W[:, 1, None, :, None] & inside_B2W[:, 0, None, None, :]
    covered_B3HW = warp.image(torch.where(window_B1HW, moved_B3HW, crops_B3HW))
    return torch.where(happens_B[:, None, None, None], covered_B3HW, views_B3HW)
