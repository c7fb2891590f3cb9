"""Training a Pose VAE: the gradient of its loss written out, and Adam over one flat vector.

A step is seventeen small matrix products. Recorded and replayed by autograd, what stands between
them takes longer than they do, so the gradient is written out here: the same operations in the same
order, which give the same weights as `PoseVAE.loss` and autograd to the last bit, in about half the
time. What weights do not change is made ready by `vae_batches`.

Legend: B batch, K keypoints, D latent, E = 2K coordinates, W weights, 2 = (x, y).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from posesift.difficulty.limbs import choosing, shifted
from posesift.difficulty.pose_vae import LOG_VARIANCE, PoseVAE, VAESettings
from posesift.difficulty.vae_batches import Batch, Batches


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
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # products this small are no faster on more, and cost twice the power
    try:
        optimiser = Adam(network)
        gradient, batches = Gradient(network), Batches(network, points_NK2, visible_NK)
        with torch.inference_mode():
            for step, batch in enumerate(batches.drawn(settings.steps, generator)):
                gradient.of(batch)
                optimiser.step(settings.learning_rate * _pace(step / settings.steps))
    finally:
        torch.set_num_threads(threads)
    return network.requires_grad_(False).eval()


class Layer(NamedTuple):
    """A linear layer at hand, with places for its gradients: looking it up costs as much as a sum.

    Attributes:
        weight_OI: from I inputs to O outputs.
        weight_IO: the same, transposed.
        bias_O: of the outputs.
        to_weight_OI: where the gradient of the weights goes.
        to_bias_O: where that of the bias goes.
    """

    weight_OI: Tensor
    weight_IO: Tensor
    bias_O: Tensor
    to_weight_OI: Tensor
    to_bias_O: Tensor


class Gradient:
    """Gradients of `PoseVAE.loss`.

    Args:
        network: whose weights have gradients to write to (`Adam` gives them).
    """

    def __init__(self, network: PoseVAE) -> None:
        self.kl_weight = network.settings.kl_weight
        self.encoder, self.decoder = _layers(network.encoder), _layers(network.decoder)
        keypoints = network.keypoints
        _, self.sums_E2 = choosing(keypoints, tuple(range(keypoints)), torch.float32)

    @torch.no_grad()
    def of(self, batch: Batch) -> None:
        """Write the gradients of a batch over the last ones."""
        encoded = _forward(self.encoder, batch.inputs_BI)
        mean_BD, raw_BD = encoded[-1].chunk(2, dim=1)
        log_variance_BD = raw_BD.clamp(*LOG_VARIANCE)
        deviation_BD = (log_variance_BD / 2).exp_()
        decoded = _forward(self.decoder, mean_BD + batch.noise_BD * deviation_BD)

        share = torch.ones(()) / len(mean_BD)  # of a pose in the mean
        wrong_BE = self._of_residual(decoded[-1], batch, share)
        to_code_BD = _backward(self.decoder, decoded, wrong_BE, onwards=True)
        nat = share * self.kl_weight * 0.5
        to_code_B2D = torch.empty_like(encoded[-1])
        to_mean_BD, to_log_variance_BD = to_code_B2D.chunk(2, dim=1)
        torch.add(to_code_BD, mean_BD * (2 * nat), out=to_mean_BD)
        torch.sub(log_variance_BD.exp().mul_(nat), nat, out=to_log_variance_BD)
        to_log_variance_BD += to_code_BD.mul_(batch.noise_BD).mul_(deviation_BD).div_(2)
        to_log_variance_BD.masked_fill_(log_variance_BD != raw_BD, 0.0)
        _backward(self.encoder, encoded, to_code_B2D)

    def _of_residual(self, said_BE: Tensor, batch: Batch, share: Tensor) -> Tensor:
        """Give that of ``share`` x `squared_residual` by the poses that were said (B, E)."""
        count_B1 = batch.count_B1
        difference_BE = (said_BE - batch.points_BE).mul_(batch.weight_BE)
        shift_B2 = (difference_BE @ self.sums_E2).div_(count_B1)
        squared_B1 = difference_BE.square().sum(1, keepdim=True)
        squared_B1 -= shift_B2.square().sum(1, keepdim=True).mul_(count_B1)
        twice_B1 = (len(self.sums_E2) / count_B1).mul_(share)  # E = 2K: exact, as doubling is
        twice_B1.masked_fill_(squared_B1 < 0, 0.0)
        by_shift_B2 = shift_B2.mul_(twice_B1 * -count_B1).div_(count_B1)
        by_points_BE = difference_BE.mul_(twice_B1)
        by_points_BK2 = shifted(by_points_BE.unflatten(1, (-1, 2)), by_shift_B2)
        return by_points_BK2.flatten(1).mul_(batch.weight_BE)


def _layers(network: nn.Module) -> list[Layer]:
    """Give the linear layers of a network whose weights have gradients."""
    found = []
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            weight, bias = layer.weight.detach(), layer.bias.detach()
            to_weight, to_bias = layer.weight.grad, layer.bias.grad
            assert to_weight is not None
            assert to_bias is not None
            found.append(Layer(weight, weight.T, bias, to_weight, to_bias))
    return found


def _forward(layers: list[Layer], inputs: Tensor) -> list[Tensor]:
    """Give what goes into each layer, and what comes out of the last."""
    passed = [inputs]
    for layer in layers:
        if layer is not layers[0]:
            passed[-1].relu_()
        passed.append(torch.addmm(layer.bias_O, passed[-1], layer.weight_IO))
    return passed


def _backward(
    layers: list[Layer], passed: list[Tensor], gradient: Tensor, *, onwards: bool = False
) -> Tensor:
    """Write the gradients of the layers; ``onwards``: give that of what goes into the first."""
    for layer, inputs in zip(reversed(layers), reversed(passed[:-1]), strict=True):
        torch.mm(gradient.T, inputs, out=layer.to_weight_OI)
        torch.sum(gradient, 0, out=layer.to_bias_O)
        if layer is not layers[0]:
            gradient = torch.mm(gradient, layer.weight_OI)
            torch.ops.aten.threshold_backward.grad_input(gradient, inputs, 0, grad_input=gradient)
        elif onwards:
            gradient = torch.mm(gradient, layer.weight_OI)
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
