"""RegDA's optimisers: one of the warm-up, three of the adaptation, and their rates.

Three, because the steps of the adaptation move different parts, each with its own momentum.
"""

from __future__ import annotations

from torch import nn
from torch.optim import SGD, Optimizer

from posesift.adaptation.optimisers import adamw
from posesift.adaptation.regda_settings import RegDASettings
from posesift.adaptation.two_heads import TwoHeads


def warmup_optimisers(network: nn.Module, settings: RegDASettings) -> dict[str, Optimizer]:
    """``"network"``, in which a ``network.backbone`` is a group of its own."""
    backbone = getattr(network, "backbone", None)
    slow = list(backbone.parameters()) if isinstance(backbone, nn.Module) else []
    numbers = {id(parameter) for parameter in slow}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in numbers]
    optimiser = _optimiser(rest, 1.0, settings)
    if slow:
        optimiser.add_param_group({"params": slow, "speed": settings.backbone_speed})
    return {"network": optimiser}


def adaptation_optimisers(network: TwoHeads, settings: RegDASettings) -> dict[str, Optimizer]:
    """``"features"``, ``"head"`` and ``"head_adv"``."""
    speeds = {"head": settings.head_speed, "head_adv": settings.adversarial_speed}
    return {
        name: _optimiser(list(getattr(network, name).parameters()), speeds.get(name, 1.0), settings)
        for name in ("features", "head", "head_adv")
    }


def set_rates(optimisers: dict[str, Optimizer], settings: RegDASettings, t: float) -> None:
    """Give every group its learning rate at progress ``t`` of its stage."""
    for name, optimiser in optimisers.items():
        if name == "network":
            rate = settings.learning_rate * settings.warmup_factor(t)
        else:
            rate = settings.adaptation_learning_rate * settings.adaptation_factor(t, name)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["speed"]


def _optimiser(parameters: list[nn.Parameter], speed: float, settings: RegDASettings) -> Optimizer:
    decay = settings.weight_decay
    if settings.optimiser == "adamw":
        optimiser = adamw(parameters, 0.0, decay)
    else:
        optimiser = SGD(parameters, 0.0, momentum=0.9, nesterov=True, weight_decay=decay)
    optimiser.param_groups[0]["speed"] = speed
    return optimiser
