"""The mean teacher: a moving average of the student that labels for it.

Tarvainen and Valpola, "Mean teachers are better role models", 2017. BatchNorm's running
statistics are averaged like the weights and the teacher predicts with them, in eval mode, so
what it says about an image does not depend on the other images of the batch.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

LONGEST = 0.9995  # weight of the past in a step; more would outlive any schedule


def decay_for(steps: int) -> float:
    """Choose the weight of the past that averages over about a third of a stage of ``steps``.

    A fixed 0.999 averages over a thousand steps: in a stage of 200 the teacher would still be
    the network that it began as.

    >>> decay_for(200), decay_for(100_000)
    (0.985, 0.9995)
    """
    return min(LONGEST, max(0.0, 1 - 3 / steps))


class MeanTeacher:
    """A copy of ``student`` that follows it.

    The average is bias corrected: after the first update the teacher is the student, and what
    it began as is forgotten, not faded out.

    Args:
        student: whose weights and buffers are averaged.
        decay: weight of the past in a step, in [0, 1).

    Attributes:
        network: the teacher; in eval mode, without gradients.

    >>> student = nn.Linear(1, 1, bias=False)
    >>> teacher = MeanTeacher(student, decay=0.5)
    >>> for weight in (1.0, 4.0):
    ...     _ = student.weight.data.fill_(weight)
    ...     teacher.update()
    >>> round(teacher.network.weight.item(), 4)  # (0.5 * 1 + 1 * 4) / 1.5
    3.0
    """

    def __init__(self, student: nn.Module, decay: float):
        if not 0 <= decay < 1:
            raise ValueError(f"expected a decay of the teacher in [0, 1), found {decay}")
        self.decay = decay
        self.updates = 0
        self.network = copy.deepcopy(student).requires_grad_(False).eval()
        pairs = list(zip(_state(self.network), _state(student), strict=True))
        self._averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self) -> None:
        """Take one step towards the student; a few fused kernels for all tensors."""
        past = self.decay * (1 - self.decay**self.updates) / (1 - self.decay ** (self.updates + 1))
        self.updates += 1
        mine, theirs = (list(side) for side in zip(*self._averaged, strict=True))
        get_ema_multi_avg_fn(past)(mine, theirs, self.updates)
        for copied, original in self._copied:
            copied.copy_(original)


def _state(module: nn.Module) -> Iterable[Tensor]:
    yield from module.parameters()
    yield from module.buffers()
