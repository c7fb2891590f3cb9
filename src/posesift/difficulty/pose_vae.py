"""The Pose VAE of the poster: a small network that learns to say poses again.

What it says badly is rare.  Encoder and decoder are mirror images, 3K -> 128 -> 128 -> latent and
back; the third K of the input is the visibility, and random keypoints are dropped in training, so
that incomplete poses are in distribution.  The loss (poster, "Pose VAE") is

    L = sum_i |y_i - y'_i|^2 + lambda KL[N(mu, sigma), N(0, I)]

over the K keypoints, of which the missing are left out and the rest scaled up by K/visible.  Poses
are scored with the posterior mean, never a random draw.  Two scores: `reconstruction`, the first
term, is the poster's; `elbo` is the whole.  With a large network or long training the rare poses
are learned too, and the first term forgets them; the second does not.

Legend: N samples, B batch, K keypoints, D latent, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from posesift.difficulty.limbs import centred, squared_residual

LOG_VARIANCE = (-12.0, 6.0)
"""Bounds of the posterior's, beyond which its exponential says nothing any more."""


@dataclass(frozen=True)
class VAESettings:
    """What shapes and trains a Pose VAE."""

    latent: int = 16
    """Size D of the latent code."""
    width: int = 128
    """Units of each hidden layer."""
    kl_weight: float = 1e-2
    """Lambda: what a nat costs, in squared root mean square radii of a pose."""
    steps: int = 1500
    """Optimiser steps."""
    batch_size: int = 256
    """Poses a step, drawn without replacement from shuffled passes."""
    learning_rate: float = 5e-3
    """Peak of Adam's: it rises over the first tenth of the steps, then falls to 0 as a cosine."""
    incomplete: float = 0.3
    """Share of the training poses that lose keypoints."""
    dropout: float = 0.25
    """Probability, in those, that a keypoint is lost."""


class PoseVAE(nn.Module):
    """Variational autoencoder of normalised poses.

    Args:
        keypoints: K.
        centre: keypoints whose visible mean is the origin of a pose.
        settings: shape and training.
        unit: root mean square radius of the poses; dividing by it gives `kl_weight` the same
            meaning for every skeleton and normalisation.  Scores are in the poses' own unit.
        generator: draws the initial weights.
    """

    def __init__(
        self,
        keypoints: int,
        centre: tuple[int, ...],
        settings: VAESettings | None = None,
        unit: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings = settings or VAESettings()
        self.keypoints = keypoints
        self.centre = centre
        self.unit = unit
        width, latent = settings.width, settings.latent
        self.encoder = _mlp(3 * keypoints, width, 2 * latent)
        self.decoder = _mlp(latent, width, 2 * keypoints)
        for network in (self.encoder, self.decoder):
            layers = [layer for layer in network if isinstance(layer, nn.Linear)]
            for layer in layers:
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
                nn.init.zeros_(layer.bias)
            # Begin with a quiet code and near the mean pose: the scores of two seeds then end up
            # much closer together (rank correlation 0.96 instead of 0.92 on the body world).
            with torch.no_grad():
                layers[-1].weight.mul_(0.1)

    def encode(self, points_BK2: Tensor, visible_BK: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the posterior, both (B, D), of poses of unit radius."""
        mask_BK = visible_BK.to(points_BK2.dtype)
        code = self.encoder(torch.cat([points_BK2.flatten(1), mask_BK], dim=1))
        mean_BD, log_variance_BD = code.chunk(2, dim=1)
        return mean_BD, log_variance_BD.clamp(*LOG_VARIANCE)

    def decode(self, latent_BD: Tensor) -> Tensor:
        """Poses of unit radius (B, K, 2), up to a shift, which no loss or score looks at."""
        return self.decoder(latent_BD).unflatten(1, (self.keypoints, 2))

    def loss(self, points_BK2: Tensor, visible_BK: Tensor, generator: torch.Generator) -> Tensor:
        """Mean loss of a batch, some of whose poses lose keypoints at the input only.

        This is what training lowers; its gradient is written out in `vae_training`.
        """
        points_BK2 = points_BK2 / self.unit
        kept_BK = self.some_of(visible_BK, generator)
        mean_BD, log_variance_BD = self.encode(centred(points_BK2, kept_BK, self.centre), kept_BK)
        noise_BD = torch.randn(mean_BD.shape, generator=generator)
        said_BK2 = self.decode(mean_BD + noise_BD * (log_variance_BD / 2).exp())
        error_B = squared_residual(said_BK2 - points_BK2, visible_BK)
        return (error_B + self.settings.kl_weight * kl(mean_BD, log_variance_BD)).mean()

    @torch.inference_mode()
    def scores(
        self, points_BK2: Tensor, visible_BK: Tensor, clip_B: object = None
    ) -> dict[str, Tensor]:
        """`elbo` and `reconstruction` of each pose, (B,), from the posterior mean."""
        points_BK2 = points_BK2 / self.unit
        mean_BD, log_variance_BD = self.encode(points_BK2, visible_BK)
        error_B = squared_residual(self.decode(mean_BD).sub_(points_BK2), visible_BK)
        elbo_B = error_B + self.settings.kl_weight * kl(mean_BD, log_variance_BD)
        return {"elbo": elbo_B * self.unit**2, "reconstruction": error_B * self.unit**2}

    def some_of(self, visible_BK: Tensor, generator: torch.Generator) -> Tensor:
        """Draw which keypoints (B, K) a step of training shows; of a few poses three stay."""
        chance_B1 = torch.rand((len(visible_BK), 1), generator=generator)
        chance_BK = torch.rand(visible_BK.shape, generator=generator)
        return self.kept_of(visible_BK, chance_B1, chance_BK)

    def kept_of(self, visible_BK: Tensor, chance_B1: Tensor, chance_BK: Tensor) -> Tensor:
        """Which keypoints (B, K) a step shows by draws from [0, 1), of poses and of keypoints."""
        lost_BK = (chance_B1 < self.settings.incomplete) & (chance_BK < self.settings.dropout)
        kept_BK = visible_BK & ~lost_BK
        return torch.where((kept_BK.sum(1) >= 3)[:, None], kept_BK, visible_BK)

    # --- what a saved scorer needs ----------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """All but the weights, as JSON values."""
        own = {"keypoints": self.keypoints, "centre": list(self.centre), "unit": self.unit}
        return {**own, **asdict(self.settings)}

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights."""
        return dict(self.state_dict())

    @classmethod
    def restore(cls, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> PoseVAE:
        """Return the network that `facts` and `tensors` describe."""
        facts = dict(facts)
        keypoints, centre, unit = facts.pop("keypoints"), facts.pop("centre"), facts.pop("unit")
        network = cls(keypoints, tuple(centre), VAESettings(**facts), unit)
        network.load_state_dict(dict(tensors))
        return network.eval()


def kl(mean_BD: Tensor, log_variance_BD: Tensor) -> Tensor:
    """KL[N(mu, sigma), N(0, I)] of each sample, in nats (B,).

    >>> kl(torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2))
    tensor([2.])
    """
    return 0.5 * (mean_BD.square() + log_variance_BD.exp() - 1 - log_variance_BD).sum(1)


def _mlp(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.ReLU(inplace=True),
        nn.Linear(width, width),
        nn.ReLU(inplace=True),
        nn.Linear(width, outputs),
    )
