"""Training a Pose VAE: the gradient of its loss written out, and Adam over one flat vector.

A step is eighteen small matrix products. Recorded and replayed by autograd, what stands between
them takes longer than they do, so the gradient is written out here: the same operations in the same
order, which give the same weights as `PoseVAE.loss` and autograd to the last bit, a fifth sooner.

Legend: N samples, B batch, K keypoints, D latent, E = 2K coordinates, W weights, 2 = (x, y).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from posesift.difficulty.limbs import centred, visible_mean
from posesift.difficulty.pose_vae import LOG_VARIANCE, PoseVAE, VAESettings


def fit(
    points_NK2: Tensor,
    visible_NK: Tensor,
    centre: tuple[int, ...],
    settings: VAESettings,
    seed: int,
) -> PoseVAE:
    """Train a Pose VAE; the same seed gives the same network.

    Args:
        points_NK2: normalised poses, zero where not visible.
        visible_NK: which keypoints count.
        centre: see `PoseVAE`.
        settings: shape and training.
        seed: of initial weights, batches, dropout and noise.
    """
    generator = torch.Generator().manual_seed(seed)
    squared_radius = points_NK2.square().sum(-1)[visible_NK].mean()
    unit = float(squared_radius.clamp_min(1e-12).sqrt())
    network = PoseVAE(points_NK2.shape[1], centre, settings, unit, generator)
    batch_size = min(settings.batch_size, len(points_NK2))
    order_N, done = torch.randperm(len(points_NK2), generator=generator), 0
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # products this small are no faster on more, and cost twice the power
    try:
        optimiser, gradient = Adam(network), Gradient(network, points_NK2, visible_NK)
        for step in range(settings.steps):
            if done + batch_size > len(order_N):
                order_N, done = torch.randperm(len(points_NK2), generator=generator), 0
            batch_B = order_N[done : done + batch_size]
            done += batch_size
            gradient.of(batch_B, generator)
            optimiser.step(settings.learning_rate * _pace(step / settings.steps))
    finally:
        torch.set_num_threads(threads)
    return network.requires_grad_(False).eval()


class Gradient:
    """Gradients of `PoseVAE.loss` for batches of one table of poses.

    Args:
        network: whose weights have gradients to write to (`Adam` gives them).
        points_NK2: normalised poses, zero where not visible.
        visible_NK: which keypoints count.
    """

    def __init__(self, network: PoseVAE, points_NK2: Tensor, visible_NK: Tensor) -> None:
        self.network, self.visible_NK = network, visible_NK
        self.encoder, self.decoder = (
            [layer for layer in part if isinstance(layer, nn.Linear)]
            for part in (network.encoder, network.decoder)
        )
        self.points_NK2 = points_NK2 / network.unit
        self.weight_NK1 = visible_NK.to(points_NK2.dtype)[..., None]

    @torch.no_grad()
    def of(self, batch_B: Tensor, generator: torch.Generator) -> None:
        """Write the gradients of a batch over the last ones; draws as `PoseVAE.loss` does."""
        network, visible_BK = self.network, self.visible_NK[batch_B]
        points_BK2, weight_BK1 = self.points_NK2[batch_B], self.weight_NK1[batch_B]
        kept_BK = network.some_of(visible_BK, generator)
        shown_BK2 = centred(points_BK2, kept_BK, network.centre)
        inputs = torch.cat([shown_BK2.flatten(1), kept_BK.to(points_BK2.dtype)], dim=1)
        encoded = _forward(self.encoder, inputs)
        mean_BD, raw_BD = encoded[-1].chunk(2, dim=1)
        log_variance_BD = raw_BD.clamp(*LOG_VARIANCE)
        noise_BD = torch.randn(mean_BD.shape, generator=generator)
        deviation_BD = (log_variance_BD / 2).exp()
        decoded = _forward(self.decoder, mean_BD + noise_BD * deviation_BD)

        share = torch.ones(()) / len(batch_B)  # of a pose in the mean
        wrong_BE = _residual_gradient(decoded[-1], points_BK2, weight_BK1, share)
        to_code_BD = _backward(self.decoder, decoded, wrong_BE)
        nat = share * network.settings.kl_weight * 0.5
        to_mean_BD = to_code_BD + nat * (2 * mean_BD)
        to_log_variance_BD = nat * log_variance_BD.exp() - nat
        to_log_variance_BD += to_code_BD * noise_BD * deviation_BD / 2
        to_log_variance_BD.masked_fill_(log_variance_BD != raw_BD, 0.0)
        _backward(self.encoder, encoded, torch.cat([to_mean_BD, to_log_variance_BD], dim=1))


def _residual_gradient(
    said_BE: Tensor, points_BK2: Tensor, weight_BK1: Tensor, share: Tensor
) -> Tensor:
    """Give that of ``share`` x `squared_residual` by the poses that were said (B, E)."""
    keypoints = points_BK2.shape[1]
    difference_BK2 = (said_BE.view_as(points_BK2) - points_BK2) * weight_BK1
    shift_B2, count_B1 = visible_mean(difference_BK2, weight_BK1, tuple(range(keypoints)))
    count_B1 = count_B1.clamp_min(1)
    difference_BE = difference_BK2.flatten(1)
    squared_B1 = difference_BE.square().sum(1, keepdim=True)
    squared_B1 -= count_B1 * shift_B2.square().sum(1, keepdim=True)
    scale_B1 = (share * (keypoints / count_B1)).masked_fill_(squared_B1 < 0, 0.0)
    by_shift_B2 = -scale_B1 * count_B1 * (2 * shift_B2) / count_B1
    by_points_BK2 = (scale_B1 * (2 * difference_BE)).view_as(points_BK2) + by_shift_B2[:, None]
    return (by_points_BK2 * weight_BK1).flatten(1)


def _forward(layers: list[nn.Linear], inputs: Tensor) -> list[Tensor]:
    """Give what goes into each layer, and what comes out of the last."""
    passed = [inputs]
    for layer in layers:
        if layer is not layers[0]:
            passed[-1].relu_()
        passed.append(torch.addmm(layer.bias, passed[-1], layer.weight.T))
    return passed


def _backward(layers: list[nn.Linear], passed: list[Tensor], gradient: Tensor) -> Tensor:
    """Write the gradients of the layers, and give that of their first linear input."""
    for layer, inputs in zip(reversed(layers), reversed(passed[:-1]), strict=True):
        torch.mm(gradient.T, inputs, out=layer.weight.grad)
        torch.sum(gradient, 0, out=layer.bias.grad)
        gradient = gradient @ layer.weight
        if layer is not layers[0]:
            gradient = torch.ops.aten.threshold_backward(gradient, inputs, 0)
    return gradient


class Adam:
    """Adam (Kingma & Ba 2015) over one flat vector of all weights.

    `torch.optim` takes 1.7 s to import what it needs, half as long as the whole fit.
    """

    def __init__(self, network: nn.Module, beta1: float = 0.9, beta2: float = 0.999) -> None:
        weights = list(network.parameters())
        self.betas = (beta1, beta2)
        self.value_W = torch.cat([weight.detach().flatten() for weight in weights])
        self.gradient_W = torch.zeros_like(self.value_W)
        self.first_W, self.second_W = torch.zeros_like(self.value_W), torch.zeros_like(self.value_W)
        self.steps = 0
        place = 0
        for weight in weights:  # from here on, each weight and its gradient are windows
            window = slice(place, place + weight.numel())
            weight.data = self.value_W[window].view_as(weight)
            weight.grad = self.gradient_W[window].view_as(weight)
            place = window.stop

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Follow the gradients."""
        beta1, beta2 = self.betas
        self.steps += 1
        self.first_W.lerp_(self.gradient_W, 1 - beta1)
        self.second_W.mul_(beta2).addcmul_(self.gradient_W, self.gradient_W, value=1 - beta2)
        root_W = (self.second_W / (1 - beta2**self.steps)).sqrt_().add_(1e-8)
        rate = learning_rate / (1 - beta1**self.steps)
        self.value_W.addcdiv_(self.first_W, root_W, value=-rate)


def _pace(t: float) -> float:
    """Share of the peak learning rate at progress t: a rise over the first tenth, then a cosine."""
    return t / 0.1 if t < 0.1 else 0.5 * (1 + math.cos(math.pi * (t - 0.1) / 0.9))
