"""A network, batches and loaders small enough to train in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from posesift.adaptation.source_only.method import SourceOnly, SourceOnlySettings
from posesift.adaptation.training.method import Batch, Batches, Stage
from posesift.adaptation.views.augment import NONE, Augmentation
from posesift.networks.heatmaps import HeatmapCodec

SIDE, KEYPOINTS, BATCH = 16, 3, 4


class TinyNet(nn.Module):
    """Two convolutions with BatchNorm between them; stride 2."""

    stride, channels = 2, 8

    def __init__(self, seed: int = 0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.body = nn.Sequential(
                nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1)
            )
            self.head = nn.Conv2d(8, KEYPOINTS, 1)

    def features(self, images_B3HW: Tensor) -> Tensor:
        return self.body(images_B3HW)

    def forward(self, images_B3HW: Tensor) -> Tensor:
        return self.head(self.features(images_B3HW))


def batch(number: int, visible: bool = True) -> Batch:
    random = torch.Generator().manual_seed(number)
    return {
        "image": torch.randint(0, 256, (BATCH, 3, SIDE, SIDE), dtype=torch.uint8, generator=random),
        "keypoints": torch.rand(BATCH, KEYPOINTS, 2, generator=random) * (SIDE - 1),
        "visible": torch.rand(BATCH, KEYPOINTS, generator=random) < (0.8 if visible else 0.0),
        "index": torch.arange(BATCH),
    }


def pair(source: Batch, target: Batch) -> Batches:
    """What a step of both domains gets."""
    return {"source": source, "target": target}


def loader(stage: Stage, start: int) -> Iterator[Batch]:
    first = {"warm-up": 0, "adaptation": 1000}[stage.name]
    for step in range(start, stage.steps):
        yield batch(first + step)


def stopping_loader(at: int, error: BaseException) -> Callable[[Stage, int], Iterator[Batch]]:
    """A loader that raises ``error`` when step ``at`` (over both stages) wants its batch."""
    before = {"warm-up": 0, "adaptation": 6}

    def load(stage: Stage, start: int) -> Iterator[Batch]:
        for step, values in enumerate(loader(stage, start), start):
            if before[stage.name] + step == at:
                raise error
            yield values

    return load


def source_only(
    augmentation: Augmentation = NONE, warmup_steps: int = 6, steps: int = 4, **settings: float
) -> SourceOnly:
    network = TinyNet()
    return SourceOnly(
        network,
        HeatmapCodec(SIDE, network.stride),
        SourceOnlySettings(
            warmup_steps=warmup_steps, steps=steps, augmentation=augmentation, **settings
        ),
    )
