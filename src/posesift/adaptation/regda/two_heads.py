"""A pose network with a second head beside the first, on the same features.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021:
the main head predicts, the adversarial one finds out where features mislead it.

Tensor names: B batch, K keypoints, C channels, H W image rows and columns, h w heatmap rows and
columns.
"""

from __future__ import annotations

from torch import Tensor, nn

from posesift.networks.heads import pose_head
from posesift.networks.seeded import seeded


class Features(nn.Module):
    """A pose network without its head: the same modules, not copies.

    As a module of its own its parameters can be given to an optimiser, and several ranks can
    average its gradients, apart from the heads.

    Args:
        network: with ``features(images)`` and a child ``head``.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        assert not list(network.parameters(recurse=False)), "parameters outside of children"
        for name, child in network.named_children():
            if name != "head":
                self.add_module(name, child)
        self._features = network.features  # a bound method: nothing that a module registers

    def forward(self, images_B3HW: Tensor) -> Tensor:
        """features_BChw of normalised images."""
        return self._features(images_B3HW)  # type: ignore[operator]


class TwoHeads(nn.Module):
    """The features of ``network`` with a fresh main head and a fresh adversarial head.

    Each head is [3 x 3 convolution, BatchNorm, ReLU] and a 1 x 1 convolution. ``forward`` takes
    normalised images_B3HW and gives the main head's logits_BKhw.

    Args:
        network: gives its features, trained as they are; its head says how many keypoints.
        seed: of the heads' weights. The global random state is left as it was.

    >>> import torch
    >>> from posesift.networks.build import build
    >>> network = build("small", keypoints=16)
    >>> TwoHeads(network)(torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1, 16, 32, 32])
    """

    def __init__(self, network: nn.Module, seed: int = 0):
        super().__init__()
        self.stride, self.channels = network.stride, network.channels
        keypoints = _outputs(network.head)  # type: ignore[arg-type]
        self.features = Features(network)
        with seeded(seed):
            self.head = pose_head(self.channels, keypoints, layers=2)  # type: ignore[arg-type]
            self.head_adv = pose_head(self.channels, keypoints, layers=2)  # type: ignore[arg-type]
        self.to(next(network.parameters()).device)

    def forward(self, images_B3HW: Tensor) -> Tensor:
        """logits_BKhw of the main head."""
        return self.head(self.features(images_B3HW))


def _outputs(head: nn.Module) -> int:
    """How many channels a head gives."""
    return [m for m in head.modules() if isinstance(m, nn.Conv2d)][-1].out_channels
