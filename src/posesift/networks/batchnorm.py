"""BatchNorm on its running statistics: what a network says about an image depends on it alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm that stays in eval mode; its scale and shift are still trained."""

    def train(self, mode: bool = True) -> FrozenBatchNorm2d:
        """Stay in eval mode."""
        return super().train(False)


def freeze_batchnorm(module: nn.Module) -> None:
    """Keep every BatchNorm2d of ``module`` on its running statistics through ``.train()`` calls.

    For a trained network: the statistics of a fresh one (mean 0, variance 1) say nothing. With
    it a step on several ranks, or in several parts, is that on the whole batch. Copies of
    ``module`` are frozen too, and its ``state_dict`` keeps its names.

    >>> network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    >>> freeze_batchnorm(network)
    >>> [part.training for part in network.train()]
    [True, False]
    """
    for layer in module.modules():
        if type(layer) is nn.BatchNorm2d:
            layer.__class__ = FrozenBatchNorm2d
            layer.eval()


@contextmanager
def running_statistics_taken(module: nn.Module, times: int) -> Iterator[None]:
    """Let a pass in training mode move the running statistics of BatchNorm as ``times`` would.

    With 0 they stay as they are.

    >>> import torch
    >>> layer = nn.BatchNorm2d(1)
    >>> with running_statistics_taken(layer, 0):
    ...     _ = layer(torch.ones(2, 1, 2, 2))
    >>> layer.running_mean
    tensor([0.])
    >>> with running_statistics_taken(layer, 2):
    ...     _ = layer(torch.ones(2, 1, 2, 2))
    >>> layer.running_mean
    tensor([0.1900])
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        assert layer.momentum is not None, "a mean over all batches has no momentum to change"
        layer.momentum = 1 - (1 - layer.momentum) ** times
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
