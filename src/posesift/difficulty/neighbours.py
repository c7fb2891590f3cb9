"""Rarity itself: the mean distance to the nearest neighbours.

Brute force in chunks against at most 20,000 reference poses, so the cost is linear in N and the
memory bounded.  Neighbours from the pose's own clip do not count (frames of a video are copies of
each other), nor does the pose itself.

Legend: N samples, B of them in a chunk, R reference poses, K keypoints, M nearest, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

REFERENCES = 20_000
_PAIRS = 4_000_000  # distances held at a time: 16 MB
_CACHED = 200_000  # of these looked through at a time
_SAME = 1e-4  # a distance that rounding explains, in units of the normalised pose
_SHARED = 3  # two poses that share fewer visible keypoints cannot be compared


class Neighbours:
    """Mean distance to the k nearest reference poses.

    The distance of two poses is sqrt(K/m sum |a - b|^2) over the m keypoints visible in both.

    Attributes:
        points_RK2: reference poses.
        visible_RK: their visibility.
        clips: names of the clips, sorted; empty where clips are not told apart.
        clip_R: index of each reference pose's clip.
        k: how many neighbours.
    """

    name = "knn"

    def __init__(
        self, points_RK2: Tensor, visible_RK: Tensor, clips: list[str], clip_R: Tensor, k: int
    ) -> None:
        self.points_RK2 = points_RK2
        self.visible_RK = visible_RK
        self.clips = clips
        self.clip_R = clip_R
        self.k = k

    @classmethod
    def fit(
        cls, points_RK2: Tensor, visible_RK: Tensor, clip_R: npt.NDArray | None = None, k: int = 10
    ) -> Neighbours:
        """Remember the reference poses; clips only if k neighbours can be found outside of each."""
        count = len(points_RK2)
        k = max(1, min(k, count - 1))
        clips, code_R = [], np.zeros(count, dtype=np.int64)
        if clip_R is not None:
            names, codes, sizes = np.unique(
                clip_R.astype(str), return_inverse=True, return_counts=True
            )
            if count - sizes.max() >= k:
                clips, code_R = names.tolist(), codes
        return cls(points_RK2, visible_RK, clips, torch.from_numpy(code_R), k)

    @torch.inference_mode()
    def scores(
        self, points_BK2: Tensor, visible_BK: Tensor, clip_B: npt.NDArray | None = None
    ) -> dict[str, Tensor]:
        """Return the score of each pose (B,); NaN where no reference pose can be compared to it."""
        code_B = self._codes(clip_B, len(points_BK2))
        rows = max(1, _PAIRS // len(self.points_RK2))
        # Written over block by block: fresh pages of the system would cost as much as the products.
        kept = torch.empty(2, min(rows, len(points_BK2)), len(self.points_RK2))
        parts = [
            self._mean_distance(
                points_BK2[i : i + rows], visible_BK[i : i + rows], code_B[i:][:rows], kept
            )
            for i in range(0, len(points_BK2), rows)
        ]
        return {self.name: torch.cat(parts)}

    def _mean_distance(
        self, points_BK2: Tensor, visible_BK: Tensor, code_B: Tensor, kept: Tensor
    ) -> Tensor:
        coarse_BM, nearest_BM = self._nearest(points_BK2, visible_BK, code_B, kept)
        # Products of matrices round off; the few that are kept are measured exactly, so that the
        # pose itself can be told from its neighbours.
        both_BMK = visible_BK[:, None] & self.visible_RK[nearest_BM]
        difference_BMK2 = points_BK2[:, None] - self.points_RK2[nearest_BM]
        exact_BM = (difference_BMK2.square().sum(-1) * both_BMK).sum(-1)
        exact_BM *= visible_BK.shape[1] / both_BMK.sum(-1).clamp_min(1)
        exact_BM = exact_BM.masked_fill(coarse_BM.isinf(), torch.inf).sort(dim=1).values
        exact_BM[:, 0].masked_fill_(exact_BM[:, 0] < _SAME**2, torch.inf)  # the pose itself
        distance_BM = exact_BM.sort(dim=1).values[:, : self.k].sqrt()
        found_BM = distance_BM.isfinite()
        return torch.where(found_BM, distance_BM, 0.0).sum(1) / found_BM.sum(1)

    def _nearest(
        self, points_BK2: Tensor, visible_BK: Tensor, code_B: Tensor, kept: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Coarse squared distances and numbers of the nearest references, both (B, M).

        One more than k: the pose itself may be among them. All that follows the products is done
        a few rows at a time, which stay in the processor's cache.
        """
        squared_BR, shared_BR = self._products(points_BK2, visible_BK, kept)
        wanted = min(self.k + 1, len(self.points_RK2))
        coarse_BM = squared_BR.new_empty((len(squared_BR), wanted))
        nearest_BM = torch.empty(coarse_BM.shape, dtype=torch.long)
        rows = max(1, _CACHED // len(self.points_RK2))
        for first in range(0, len(squared_BR), rows):
            here = slice(first, first + rows)
            squared_bR = squared_BR[here]
            if shared_BR is not None:
                few_bR = shared_BR[here] < _SHARED
                squared_bR.mul_(visible_BK.shape[1]).div_(shared_BR[here].clamp_min_(1))
                squared_bR.masked_fill_(few_bR, torch.inf)
            if self.clips:
                squared_bR.masked_fill_(code_B[here, None] == self.clip_R, torch.inf)
            torch.topk(
                squared_bR, wanted, dim=1, largest=False, out=(coarse_BM[here], nearest_BM[here])
            )
        return coarse_BM, nearest_BM

    def _products(
        self, points_BK2: Tensor, visible_BK: Tensor, kept: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Give sums of squares (B, R) over shared keypoints, and how many these are; None: all."""
        squared_BR, shared_BR = kept[:, : len(points_BK2)]
        a_BD, b_RD = points_BK2.flatten(1), self.points_RK2.flatten(1)
        if visible_BK.all() and self.visible_RK.all():
            torch.addmm(b_RD.square().sum(1), a_BD, b_RD.T, alpha=-2, out=squared_BR)
            return squared_BR.add_(a_BD.square().sum(1)[:, None]), None
        seen_BK, seen_RK = visible_BK.float(), self.visible_RK.float()
        left = torch.cat([a_BD.square(), seen_BK.repeat_interleave(2, 1), -2 * a_BD], 1)
        right = torch.cat([seen_RK.repeat_interleave(2, 1), b_RD.square(), b_RD], 1)
        torch.mm(left, right.T, out=squared_BR)
        torch.mm(seen_BK, seen_RK.T, out=shared_BR)
        return squared_BR, shared_BR

    def _codes(self, clip_B: npt.NDArray | None, count: int) -> Tensor:
        """Return the clip of each pose as an index into `clips`; -1 for any other."""
        if clip_B is None or not self.clips:
            return torch.full((count,), -1)
        known, names_B = np.array(self.clips), clip_B.astype(str)
        code_B = np.searchsorted(known, names_B).clip(max=len(known) - 1)
        return torch.from_numpy(np.where(known[code_B] == names_B, code_B, -1))

    def facts(self) -> dict[str, Any]:
        """All but the tensors, as JSON values."""
        return {"k": self.k, "clips": self.clips}

    def tensors(self) -> dict[str, Tensor]:
        """Return the reference poses."""
        return {"points": self.points_RK2, "visible": self.visible_RK, "clip": self.clip_R}

    @classmethod
    def restore(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Neighbours:
        """Return the model that `facts` and `tensors` describe."""
        return cls(
            tensors["points"], tensors["visible"], facts["clips"], tensors["clip"], facts["k"]
        )
