"""RegDA's optimisers: one of the warm-up, three of the adaptation, and their rates.

Three, because the steps of the adaptation move different parts, each with its own momentum.
"""

from __future__ import annotations

from torch import nn
from torch.optim import SGD, Optimizer

from posesift.adaptation.optimisers import adamw, groups, set_rate
from posesift.adaptation.regda.settings import RegDASettings
from posesift.adaptation.regda.two_heads import TwoHeads


def warmup_optimisers(network: nn.Module, settings: RegDASettings) -> dict[str, Optimizer]:
    """``"network"``, in which a ``network.backbone`` has a rate of its own."""
    return {"network": _optimiser(network, settings, settings.backbone_speed)}


def adaptation_optimisers(network: TwoHeads, settings: RegDASettings) -> dict[str, Optimizer]:
    """``"features"``, ``"head"`` and ``"head_adv"``."""
    # the published adaptation has one rate for all features
    speed = 1.0 if settings.parity else settings.backbone_speed
    return {
        "features": _optimiser(network.features, settings, speed),
        "head": _optimiser(network.head, settings),
        "head_adv": _optimiser(network.head_adv, settings),
    }


def set_rates(optimisers: dict[str, Optimizer], settings: RegDASettings, t: float) -> None:
    """Give every optimiser its learning rate at progress ``t`` of its stage."""
    speeds = {"head": settings.head_speed, "head_adv": settings.adversarial_speed}
    for name, optimiser in optimisers.items():
        if name == "network":
            rate = settings.learning_rate * settings.warmup_factor(t)
        else:
            rate = settings.adaptation_learning_rate * settings.adaptation_factor(t, name)
        set_rate(optimiser, rate * speeds.get(name, 1.0))


def _optimiser(module: nn.Module, settings: RegDASettings, speed: float = 1.0) -> Optimizer:
    if settings.optimiser == "adamw":
        return adamw(module, 0.0, settings.weight_decay, backbone_speed=speed)
    decay = settings.weight_decay  # of all parameters alike, as published
    chosen = groups(module, decay, speed, vector_decay=decay)
    return SGD(chosen, 0.0, momentum=0.9, nesterov=True)
