"""Making optimisers, turning their rate, and taking up their saved state exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer


def adamw(
    parameters: nn.Module | Iterable[nn.Parameter], rate: float, weight_decay: float
) -> AdamW:
    """AdamW, fused into one kernel where that exists."""
    chosen = list(parameters.parameters() if isinstance(parameters, nn.Module) else parameters)
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in chosen)
    return AdamW(chosen, lr=rate, weight_decay=weight_decay, fused=fused)


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Give every group the learning rate ``rate``."""
    for group in optimiser.param_groups:
        group["lr"] = rate


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
