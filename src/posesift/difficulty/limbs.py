"""A pose's size and place: limb lengths tell the scale, visible keypoints the centre.

Foreshortening only ever shortens a projected limb, so the largest ratio of projected to canonical
length tells how large the body is; the second largest, since one mislabelled joint must not decide.

Legend: N samples, B of them in a chunk, J some of the K keypoints, L limbs, 2 = (x, y).
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from posesift.skeletons import Skeleton

TINY = 1e-4  # pixels; what is smaller has no size


def canonical_lengths(
    keypoints_NK2: npt.NDArray, visible_NK: npt.NDArray[np.bool_], skeleton: Skeleton
) -> tuple[float, ...]:
    """Canonical limb lengths: the skeleton's own, else estimated from poses.

    The estimate takes scale and lengths in turn: a pose's scale is the second largest ratio of
    projected to canonical length, a limb's length the 95 % quantile, over poses, of its projected
    length in that unit.  At most 20,000 poses, evenly spread, are looked at.  The longest limb
    has length 1.
    """
    if skeleton.limb_lengths is not None:
        return skeleton.limb_lengths
    step = -(-len(visible_NK) // 20_000) or 1
    points_BK2 = torch.from_numpy(np.ascontiguousarray(keypoints_NK2[::step], dtype=np.float32))
    visible_BK = torch.from_numpy(np.ascontiguousarray(visible_NK[::step], dtype=bool))
    points_BK2 = only_visible(points_BK2, visible_BK)
    lengths_L = np.ones(len(skeleton.limbs))
    projected_BL, seen_BL = _projected(points_BK2, visible_BK, skeleton, tuple(lengths_L))
    unseen_BL = (~seen_BL).numpy()
    for _ in range(10):
        scale_B = limb_scale(points_BK2, visible_BK, skeleton, tuple(lengths_L))
        ratio_BL = (projected_BL / scale_B.clamp_min(TINY)[:, None]).double().numpy()
        ratio_BL[unseen_BL | (scale_B <= TINY).numpy()[:, None]] = np.nan
        known_L = (~np.isnan(ratio_BL)).any(0)
        if not known_L.any():
            return tuple(lengths_L.tolist())
        lengths_L[known_L] = np.nanquantile(ratio_BL[:, known_L], 0.95, axis=0).clip(1e-3)
        lengths_L[~known_L] = np.median(lengths_L[known_L])
        lengths_L /= lengths_L.max()
    return tuple(lengths_L.tolist())


def limb_scale(
    points_BK2: Tensor, visible_BK: Tensor, skeleton: Skeleton, lengths: tuple[float, ...]
) -> Tensor:
    """Pixels per canonical unit (B,): second largest of projected over canonical limb length.

    With fewer than three visible limbs the largest, since the other may be foreshortened to
    nothing; with none, twice the keypoints' root mean square distance to their mean.
    """
    ratio_BL, seen_BL = _projected(points_BK2, visible_BK, skeleton, lengths)
    ratio_BL.masked_fill_(~seen_BL, -1.0)
    if ratio_BL.shape[1] == 0:
        return 2 * rms(centred(points_BK2, visible_BK, ()), visible_BK)
    largest_B, where_B = ratio_BL.max(dim=1)
    second_B = ratio_BL.scatter(1, where_B[:, None], -1.0).amax(dim=1)
    limbs_B = seen_BL.sum(1)
    scale_B = torch.where(limbs_B >= 3, second_B, largest_B)
    limbless_B = limbs_B == 0
    if limbless_B.any():
        rest_BK2, rest_BK = points_BK2[limbless_B], visible_BK[limbless_B]
        scale_B[limbless_B] = 2 * rms(centred(rest_BK2, rest_BK, ()), rest_BK)
    return scale_B


def centred(points_BK2: Tensor, visible_BK: Tensor, keypoints: tuple[int, ...]) -> Tensor:
    """Points less the mean of the visible ones among `keypoints`, else of all visible ones.

    Zero where not visible, whatever stood there.
    """
    weight_BK1 = visible_BK.to(points_BK2.dtype)[..., None]
    points_BK2 = only_visible(points_BK2, visible_BK)
    centre_B2, seen_B1 = visible_mean(points_BK2, weight_BK1, keypoints)
    if (seen_B1 == 0).any():
        all_B2, _ = visible_mean(points_BK2, weight_BK1, tuple(range(points_BK2.shape[1])))
        centre_B2 = torch.where(seen_B1 > 0, centre_B2, all_B2)
    return only_visible(shifted(points_BK2, -centre_B2), visible_BK)


def shifted(points_BK2: Tensor, by_B2: Tensor) -> Tensor:
    """Points, all K of a pose moved by the same; as complex numbers, see `only_visible`."""
    moved_BK = torch.view_as_complex(points_BK2) + torch.view_as_complex(by_B2)[:, None]
    return torch.view_as_real(moved_BK)


def only_visible(points_BK2: Tensor, visible_BK: Tensor) -> Tensor:
    """Points, zero where not visible; NaN goes too, which no product with 0 would achieve.

    A point is taken as one complex number: three times faster than as two real ones.
    """
    points_BK = torch.view_as_complex(points_BK2)
    return torch.view_as_real(torch.where(visible_BK, points_BK, points_BK.new_zeros(())))


def squared_residual(difference_BK2: Tensor, visible_BK: Tensor) -> Tensor:
    """Sum over visible keypoints of the squared difference left by the best shift, times K/visible.

    The shift makes the centre irrelevant: a pose that lacks a hip is centred elsewhere, and its
    residual is the same.  The factor makes poses with missing keypoints comparable.

    >>> squared_residual(torch.tensor([[[3.0, 0.0], [5.0, 0.0]]]), torch.ones(1, 2).bool())
    tensor([2.])
    """
    keypoints = visible_BK.shape[1]
    weight_BK1 = visible_BK.to(difference_BK2.dtype)[..., None]
    difference_BK2 = difference_BK2 * weight_BK1
    shift_B2, count_B1 = visible_mean(difference_BK2, weight_BK1, tuple(range(keypoints)))
    count_B = count_B1.squeeze(1).clamp_min(1)
    squared_B = difference_BK2.flatten(1).square().sum(1) - count_B * shift_B2.square().sum(1)
    return squared_B.clamp_min(0) * (keypoints / count_B)


def visible_mean(
    points_BK2: Tensor, weight_BK1: Tensor, keypoints: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Mean of the visible ones among `keypoints` (B, 2), and how many they are (B, 1).

    Points must be zero, and weights 0, where not visible (else 1): then the sum is one product
    with a matrix of zeros and ones, several times faster than picking columns.
    """
    chosen_K1, both_D2 = choosing(points_BK2.shape[1], keypoints, points_BK2.dtype)
    count_B1 = weight_BK1.squeeze(2) @ chosen_K1
    total_B2 = points_BK2.flatten(1) @ both_D2
    return total_B2 / count_B1.clamp_min(1), count_B1


def rms(points_BK2: Tensor, visible_BK: Tensor) -> Tensor:
    """Root mean square distance of the visible points to the origin (B,)."""
    squared_BK = points_BK2.square().sum(-1) * visible_BK
    return (squared_BK.sum(1) / visible_BK.sum(1).clamp_min(1)).sqrt()


def _projected(
    points_BK2: Tensor, visible_BK: Tensor, skeleton: Skeleton, lengths: tuple[float, ...]
) -> tuple[Tensor, Tensor]:
    """Projected over canonical length of each limb (B, L), and whether both ends are visible."""
    shape = (len(skeleton), skeleton.limbs, lengths)
    difference_DE, ends_KL = _differences(*shape, points_BK2.dtype)
    x_BL, y_BL = (points_BK2.flatten(1) @ difference_DE).unflatten(1, (-1, 2)).unbind(-1)
    seen_BL = visible_BK.to(points_BK2.dtype) @ ends_KL == 2
    return x_BL.square().addcmul_(y_BL, y_BL).sqrt_(), seen_BL


# Products with these matrices are several times faster than picking columns.  They are made once a
# skeleton; D = 2K and E = 2L interleave x and y.


@functools.lru_cache(maxsize=64)
@torch.inference_mode(False)  # training may need them too
def choosing(keypoints: int, chosen: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Matrices that sum the chosen ones of K values (K, 1), and of K points (D, 2)."""
    chosen_K1 = torch.zeros(keypoints, 1, dtype=dtype)
    chosen_K1[list(chosen)] = 1
    return chosen_K1, torch.kron(chosen_K1, torch.eye(2, dtype=dtype))


@functools.lru_cache(maxsize=64)
@torch.inference_mode(False)
def _differences(
    keypoints: int,
    limbs: tuple[tuple[int, int], ...],
    lengths: tuple[float, ...],
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Matrices that take K points to L limbs over their lengths (D, E), and count ends (K, L)."""
    difference_KL = torch.zeros(keypoints, len(limbs), dtype=dtype)
    for number, (begin, end) in enumerate(limbs):
        difference_KL[begin, number], difference_KL[end, number] = -1, 1
    scaled_KL = difference_KL / torch.tensor(lengths, dtype=dtype)
    return torch.kron(scaled_KL, torch.eye(2, dtype=dtype)), difference_KL.abs()
