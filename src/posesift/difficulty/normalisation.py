"""Poses without place and size, so that two of them can be compared.

The side of a person's box depends on the pose itself (on photographs the ratio of body scale to
box side runs from 1.07 to 2.38), so dividing by it inflates compact poses.  The default, `limb`,
takes the scale from the skeleton's limbs (see `limbs`).

Legend: N samples, B of them in a chunk, K keypoints, 2 = (x, y), 4 = (x, y, w, h).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from posesift.difficulty.limbs import (
    TINY,
    canonical_lengths,
    centred,
    limb_scale,
    rms,
    visible_mean,
)
from posesift.skeletons import Skeleton

HOW = ("limb", "crop", "rms", "torso", "upright")
CHUNK = 4_096  # poses at a time: bounds the memory, and stays in the processor's cache
_LOW_END = ("hip", "pelvis", "wrist", "tail")  # the torso's lower end, by the keypoints' names


@dataclass(frozen=True)
class Normaliser:
    """One way to normalise the poses of one skeleton.

    Attributes:
        skeleton: names the K keypoints, the limbs and the torso.
        how: `limb`: unit = canonical lengths of the skeleton, centre = mean of the visible torso
            keypoints.  `crop`: unit = the box's longer side, centre = the hips.  `rms`: root mean
            square distance to the centre = 1.  `torso`: distance between the torso's ends = 1.
            `upright`: as `limb`, then turned so that the torso points up.
        lengths: canonical length of each of the L limbs.
    """

    skeleton: Skeleton
    how: str
    lengths: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise ValueError(f"expected a normalisation of {', '.join(HOW)}; found '{self.how}'")
        if len(self.lengths) != len(self.skeleton.limbs) or min(self.lengths, default=1) <= 0:
            raise ValueError(
                f"expected {len(self.skeleton.limbs)} canonical limb lengths above 0 for "
                f"{self.skeleton.name}, found {self.lengths}"
            )
        if self.how in ("torso", "upright") and not (self._end(True) and self._end(False)):
            raise ValueError(
                f"normalisation '{self.how}' needs a torso with two ends, and tells the lower one "
                f"by a name with {', '.join(_LOW_END)}; found the torso keypoints "
                f"{', '.join(self.skeleton.keypoints[i] for i in self.skeleton.torso)}: use 'limb'"
            )

    def __call__(self, keypoints_BK2: Tensor, visible_BK: Tensor, box_B4: Tensor | None) -> Tensor:
        """Normalised float32 points (B, K, 2), zero where not visible."""
        points_BK2 = centred(keypoints_BK2, visible_BK, self.centre)
        scale_B = self._scale(points_BK2, visible_BK, box_B4)
        # Keypoints that all coincide have no size: the pose is a point, whatever rounding left.
        inverse_B = torch.where(scale_B > TINY, 1 / scale_B, 0.0)
        points_BK2 = points_BK2 * inverse_B[:, None, None]
        return self._turned(points_BK2, visible_BK) if self.how == "upright" else points_BK2

    @property
    def centre(self) -> tuple[int, ...]:
        """Keypoints whose visible mean is the origin."""
        return (self._end(True) if self.how == "crop" else ()) or self.skeleton.torso

    def _scale(self, points_BK2: Tensor, visible_BK: Tensor, box_B4: Tensor | None) -> Tensor:
        if self.how == "crop":
            if box_B4 is None:
                raise ValueError("normalisation 'crop' needs the box of each pose, found none")
            return box_B4[:, 2:].amax(1)
        if self.how == "rms":
            return rms(points_BK2, visible_BK)
        scale_B = limb_scale(points_BK2, visible_BK, self.skeleton, self.lengths)
        if self.how == "torso":
            axis_B2, whole_B = self._axis(points_BK2, visible_BK)
            length_B = axis_B2.norm(dim=1)  # a foreshortened torso can vanish: never below 1/4
            return torch.where(whole_B, torch.maximum(length_B, scale_B / 4), scale_B)
        return scale_B

    def _turned(self, points_BK2: Tensor, visible_BK: Tensor) -> Tensor:
        axis_B2, whole_B = self._axis(points_BK2, visible_BK)
        length_B = axis_B2.norm(dim=1)
        up_B2 = axis_B2.new_tensor([0.0, -1.0]).expand_as(axis_B2)
        known_B1 = (whole_B & (length_B > TINY))[:, None]
        unit_B2 = torch.where(known_B1, axis_B2 / length_B.clamp_min(TINY)[:, None], up_B2)
        sine_B1, cosine_B1 = (-unit_B2).split(1, dim=1)  # of the turn that takes it to (0, -1)
        x_BK, y_BK = points_BK2.unbind(-1)
        return torch.stack(
            [cosine_B1 * x_BK - sine_B1 * y_BK, sine_B1 * x_BK + cosine_B1 * y_BK], dim=-1
        )

    def _axis(self, points_BK2: Tensor, visible_BK: Tensor) -> tuple[Tensor, Tensor]:
        """From the torso's lower end to its upper one (B, 2), and whether both are visible (B,)."""
        weight_BK1 = visible_BK.to(points_BK2.dtype)[..., None]
        low_B2, low_B1 = visible_mean(points_BK2, weight_BK1, self._end(True))
        high_B2, high_B1 = visible_mean(points_BK2, weight_BK1, self._end(False))
        return high_B2 - low_B2, ((low_B1 > 0) & (high_B1 > 0)).squeeze(1)

    def _end(self, low: bool) -> tuple[int, ...]:
        names = self.skeleton.keypoints
        return tuple(
            i for i in self.skeleton.torso if any(part in names[i] for part in _LOW_END) == low
        )


def normalise(
    keypoints_NK2: npt.NDArray,
    visible_NK: npt.NDArray[np.bool_],
    skeleton: Skeleton,
    how: str = "limb",
    box_N4: npt.NDArray | None = None,
    lengths: tuple[float, ...] | None = None,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Poses without place and size.

    Args:
        keypoints_NK2: pixels; whatever stands where a keypoint is not visible is never read.
        visible_NK: which coordinates may be used.
        skeleton: of these keypoints.
        how: one of `HOW`; see `Normaliser`.
        box_N4: person boxes in pixels; only `crop` needs them.
        lengths: canonical limb lengths; else the skeleton's, else estimated from these poses.

    Returns:
        Points (N, K, 2) float32, zero where not visible, and the (N, K) visibility.

    Raises:
        ValueError: for an unknown `how`, boxes missing, or shapes that do not fit the skeleton.
    """
    visible_NK = np.asarray(visible_NK, dtype=bool)
    lengths = lengths or canonical_lengths(keypoints_NK2, visible_NK, skeleton)
    normaliser = Normaliser(skeleton, how, lengths)
    points_NK2 = np.empty((len(visible_NK), len(skeleton), 2), dtype=np.float32)
    for rows, keypoints_BK2, visible_BK, box_B4 in chunks(keypoints_NK2, visible_NK, box_N4):
        points_NK2[rows] = normaliser(keypoints_BK2, visible_BK, box_B4).numpy()
    return points_NK2, visible_NK


def chunks(
    keypoints_NK2: npt.NDArray, visible_NK: npt.NDArray, box_N4: npt.NDArray | None
) -> Iterator[tuple[slice, Tensor, Tensor, Tensor | None]]:
    """Yield the table's columns as tensors, `CHUNK` poses at a time, with the slice they are of."""
    for first in range(0, len(visible_NK), CHUNK):
        rows = slice(first, min(first + CHUNK, len(visible_NK)))
        yield (
            rows,
            torch.from_numpy(np.ascontiguousarray(keypoints_NK2[rows], dtype=np.float32)),
            torch.from_numpy(np.ascontiguousarray(visible_NK[rows], dtype=bool)),
            None
            if box_N4 is None
            else torch.from_numpy(np.ascontiguousarray(box_N4[rows], dtype=np.float32)),
        )
