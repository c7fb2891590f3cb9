"""Every method, small enough to train in milliseconds, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from tests.adaptation.tiny import BATCH, SIDE, TinyNet, batch, source_only

from posesift.adaptation.training.method import Batch, Method, Stage
from posesift.adaptation.views.augment import NONE, Augmentation
from posesift.networks.batchnorm import freeze_batchnorm
from posesift.networks.heatmaps import HeatmapCodec

WARMUP_STEPS, STEPS = 6, 4
TOTAL = WARMUP_STEPS + STEPS


def network(frozen: bool) -> TinyNet:
    made = TinyNet()
    if frozen:
        made.body[1].running_mean.normal_(generator=torch.Generator().manual_seed(1)).mul_(0.1)
        freeze_batchnorm(made)
    return made


def make_source_only(augmentation: Augmentation, frozen: bool) -> Method:
    method = source_only(augmentation, WARMUP_STEPS, STEPS)
    method.network = network(frozen)
    return method


def make_udape(augmentation: Augmentation, frozen: bool) -> Method:
    from posesift.adaptation.udape.method import UDAPE, UDAPESettings

    settings = UDAPESettings(
        warmup_steps=WARMUP_STEPS,
        steps=STEPS,
        augmentation=augmentation,
        student=augmentation,
        teacher=augmentation,
        ramp_up=0,
        occlusion_rate=0.5 if augmentation != NONE else 0,
    )
    return UDAPE(network(frozen), HeatmapCodec(SIDE, 2), settings)


def make_regda(augmentation: Augmentation, frozen: bool) -> Method:
    from posesift.adaptation.regda.method import RegDA
    from posesift.adaptation.regda.settings import RegDASettings

    class Frozen(RegDA):
        """With BatchNorm of the two heads, which it makes itself, frozen as well."""

        def start_stage(self, stage: Stage) -> None:
            super().start_stage(stage)
            if frozen:
                freeze_batchnorm(self.network)

    # The heads' biases are without effect under a softmax; AdamW would follow the rounding errors
    # that are their gradients.
    settings = RegDASettings(
        warmup_steps=WARMUP_STEPS,
        steps=STEPS,
        augmentation=augmentation,
        optimiser="sgd" if frozen else "adamw",
    )
    return Frozen(network(frozen), HeatmapCodec(SIDE, 2), settings)


_MAKERS = {"source_only": make_source_only, "udape": make_udape, "regda": make_regda}
NAMES = tuple(_MAKERS)


def make(name: str, augmentation: Augmentation = NONE, frozen: bool = False) -> Method:
    """A fresh method of two stages, 6 and 4 steps; the same one at every call."""
    return _MAKERS[name](augmentation, frozen)


def load(domain: str, stage: Stage, start: int, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
    """A rank's share of the batches of a domain; the target's without labels."""
    first = {"warm-up": 0, "adaptation": 1000}[stage.name] + 500 * (domain == "target")
    share = BATCH // ranks
    for step in range(start, stage.steps):
        values = batch(first + step)
        if domain == "target":
            values = {name: values[name] for name in ("image", "index")}
        yield {k: v[rank * share : (rank + 1) * share] for k, v in values.items()}


def loaders(rank: int = 0, ranks: int = 1) -> dict[str, Callable[[Stage, int], Iterator[Batch]]]:
    return {
        domain: lambda stage, start, domain=domain: load(domain, stage, start, rank, ranks)
        for domain in ("source", "target")
    }


def breaking(at: int, error: BaseException) -> dict[str, Callable[[Stage, int], Iterator[Batch]]]:
    """Loaders that raise ``error`` when step ``at`` (over both stages) wants its batches."""
    before = {"warm-up": 0, "adaptation": WARMUP_STEPS}

    def source(stage: Stage, start: int) -> Iterator[Batch]:
        for step, values in enumerate(load("source", stage, start), start):
            if before[stage.name] + step == at:
                raise error
            yield values

    return loaders() | {"source": source}
