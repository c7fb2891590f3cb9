"""Optimisers: made, given their rate as a stage goes on, and taken up from a file exactly.

Schedules are functions of the progress t of a stage, from 0 to 1.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer


def adamw(
    module: nn.Module, rate: float, weight_decay: float, *, backbone_speed: float = 1.0
) -> AdamW:
    """Make an AdamW, fused into one kernel where that exists; see `groups`."""
    chosen = groups(module, weight_decay, backbone_speed)
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in module.parameters())
    optimiser = AdamW(chosen, lr=rate, fused=fused)
    set_rate(optimiser, rate)
    return optimiser


def groups(
    module: nn.Module,
    weight_decay: float,
    backbone_speed: float = 1.0,
    *,
    vector_decay: float = 0.0,
) -> list[dict[str, Any]]:
    """Put parameters in groups, as networks are fine-tuned.

    A child ``backbone`` learns at ``backbone_speed`` times the rate of the rest, for it was
    trained before. Weights decay by ``weight_decay``, vectors (scales and shifts of norms, and
    biases) by ``vector_decay``.
    """
    backbone = getattr(module, "backbone", None)
    slow = {id(p) for p in backbone.parameters()} if isinstance(backbone, nn.Module) else set()
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in module.parameters():
        speed = backbone_speed if id(parameter) in slow else 1.0
        decay = weight_decay if parameter.ndim > 1 else vector_decay
        found.setdefault((speed, decay), []).append(parameter)
    return [
        {"params": parameters, "speed": speed, "weight_decay": decay}
        for (speed, decay), parameters in found.items()
    ]


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Give every group the learning rate ``rate``, times its ``"speed"`` where it has one."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("speed", 1.0)


def load_optimiser(optimiser: Optimizer, state: dict[str, Any]) -> None:
    """Take up ``state`` so that the next step is bit for bit what it would have been.

    Tensors of a parameter's shape get its memory layout back: files keep them row by row, and a
    fused optimiser walks parameter and moments in step through memory.
    """
    optimiser.load_state_dict(state)
    for parameter, values in optimiser.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter).copy_(value)


def trapezoid(t: float, rise: float = 0.1, fall: float = 0.6) -> float:
    """Rise to 1 until ``rise``, stay until ``fall``, then follow a half cosine to 0.

    It stays up for long because a curriculum brings its hard poses late, and a rate that has
    fallen by then would hide what they can teach.

    Args:
        t: progress of the stage, in [0, 1].
        rise: end of the linear warm-up, which begins at a tenth (a rate of 0 wastes a step).
        fall: begin of the decline to 0.

    >>> [round(trapezoid(t), 3) for t in (0.0, 0.05, 0.1, 0.6, 0.8, 1.0)]
    [0.1, 0.55, 1.0, 1.0, 0.5, 0.0]
    """
    if t < rise:
        return 0.1 + 0.9 * t / rise
    if t <= fall:
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * (t - fall) / (1 - fall))


def ramp(t: float, end: float = 0.1) -> float:
    """Rise from 0 to 1 until ``end``, and stay there.

    >>> ramp(0.0), ramp(0.05), ramp(0.5), ramp(0.0, end=0)
    (0.0, 0.5, 1.0, 1.0)
    """
    return min(1.0, t / end) if end else 1.0
