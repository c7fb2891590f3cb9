"""Scores in closed form, to hold the Pose VAE against.

The distance to the mean pose is what a collapsed VAE measures; the residual of principal components
is a linear VAE's.  (Rarity itself is in `neighbours`.)

Legend: N samples, B of them in a chunk, K keypoints, P components, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from posesift.difficulty.limbs import squared_residual


class MeanDistance:
    """Squared distance to the mean pose."""

    name = "mean-distance"

    def __init__(self, mean_K2: Tensor) -> None:
        self.mean_K2 = mean_K2

    @classmethod
    def fit(cls, points_NK2: Tensor, visible_NK: Tensor) -> MeanDistance:
        """Return the mean over the poses in which a keypoint is visible."""
        return cls(_visible_mean(points_NK2, visible_NK))

    @torch.inference_mode()
    def scores(
        self, points_BK2: Tensor, visible_BK: Tensor, clip_B: object = None
    ) -> dict[str, Tensor]:
        """Return the score of each pose (B,)."""
        return {self.name: squared_residual(points_BK2 - self.mean_K2, visible_BK)}

    def facts(self) -> dict[str, Any]:
        """All but the tensors, as JSON values."""
        return {}

    def tensors(self) -> dict[str, Tensor]:
        """Return the mean pose."""
        return {"mean": self.mean_K2}

    @classmethod
    def restore(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> MeanDistance:
        """Return the model that `facts` and `tensors` describe."""
        return cls(tensors["mean"])


class PCAResidual:
    """Squared residual of the best fit with the mean pose, a shift and P principal components.

    The fit is to the visible coordinates alone, a ridge regression whose penalty is that of
    probabilistic PCA (Tipping & Bishop 1999): noise variance over the component's variance.
    Without it, few visible coordinates would be fitted perfectly and an incomplete pose would
    always look easy.
    """

    name = "pca"

    def __init__(self, mean_K2: Tensor, components_PK2: Tensor, penalty_P: Tensor) -> None:
        self.mean_K2 = mean_K2
        self.components_PK2 = components_PK2
        self.penalty_P = penalty_P

    @classmethod
    def fit(cls, points_NK2: Tensor, visible_NK: Tensor, components: int = 8) -> PCAResidual:
        """Principal components; the model itself fills in what is missing, ten times over."""
        count, keypoints = visible_NK.shape
        components = min(components, 2 * keypoints - 3, max(count - 1, 1))
        mean_K2 = _visible_mean(points_NK2, visible_NK)
        filled_NK2 = torch.where(visible_NK[..., None], points_NK2, mean_K2)
        model = cls._of_complete(filled_NK2, components)
        for _ in range(0 if visible_NK.all() else 10):
            said_NK2 = model.said(points_NK2, visible_NK)
            filled_NK2 = torch.where(visible_NK[..., None], points_NK2, said_NK2)
            model = cls._of_complete(filled_NK2, components)
        return model

    @classmethod
    def _of_complete(cls, points_NK2: Tensor, components: int) -> PCAResidual:
        mean_K2 = points_NK2.mean(0)
        centred_ND = (points_NK2 - mean_K2).flatten(1).double()
        variance_D, basis_DD = torch.linalg.eigh(centred_ND.T @ centred_ND / len(points_NK2))
        variance_D = variance_D.clamp_min(1e-12).flip(0)
        components_PD = basis_DD.flip(1).T[:components].float()
        penalty_P = variance_D[components:].mean() / variance_D[:components]
        return cls(mean_K2, components_PD.unflatten(1, mean_K2.shape), penalty_P.float())

    def said(self, points_BK2: Tensor, visible_BK: Tensor) -> Tensor:
        """Return the best fit (B, K, 2), at all keypoints."""
        shifts_2K2 = torch.eye(2)[:, None].expand(2, self.mean_K2.shape[0], 2)
        basis_QD = torch.cat([self.components_PK2, shifts_2K2]).flatten(1)
        penalty_Q = torch.cat([self.penalty_P, self.penalty_P.new_full((2,), 1e-6)])
        weight_BD = visible_BK[..., None].expand_as(points_BK2).flatten(1).to(points_BK2.dtype)
        wanted_BD = (points_BK2 - self.mean_K2).flatten(1) * weight_BD
        products_QQD = basis_QD[:, None] * basis_QD
        gram_BQQ = torch.einsum("bd,pqd->bpq", weight_BD, products_QQD) + torch.diag(penalty_Q)
        code_BQ = torch.linalg.solve(gram_BQQ, wanted_BD @ basis_QD.T)
        return self.mean_K2 + (code_BQ @ basis_QD).unflatten(1, self.mean_K2.shape)

    @torch.inference_mode()
    def scores(
        self, points_BK2: Tensor, visible_BK: Tensor, clip_B: object = None
    ) -> dict[str, Tensor]:
        """Return the score of each pose (B,)."""
        difference_BK2 = points_BK2 - self.said(points_BK2, visible_BK)
        return {self.name: squared_residual(difference_BK2, visible_BK)}

    def facts(self) -> dict[str, Any]:
        """All but the tensors, as JSON values."""
        return {"components": len(self.penalty_P)}

    def tensors(self) -> dict[str, Tensor]:
        """Mean pose, components and their penalties."""
        return {
            "mean": self.mean_K2,
            "components": self.components_PK2,
            "penalty": self.penalty_P,
        }

    @classmethod
    def restore(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> PCAResidual:
        """Return the model that `facts` and `tensors` describe."""
        return cls(tensors["mean"], tensors["components"], tensors["penalty"])


def _visible_mean(points_NK2: Tensor, visible_NK: Tensor) -> Tensor:
    weight_NK1 = visible_NK[..., None].to(points_NK2.dtype)
    return (points_NK2 * weight_NK1).sum(0) / weight_NK1.sum(0).clamp_min(1)
