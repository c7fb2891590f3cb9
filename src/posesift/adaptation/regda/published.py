"""RegDA's numbers and schedules as in its public reference code, by iteration of the stage.

They suit stages of 35,000 and 15,000 iterations of 32 images and a network that starts from
ImageNet weights; in a few hundred steps the adversarial weight below never leaves 0.
"""

from __future__ import annotations

import math
from typing import Any

SETTINGS: dict[str, Any] = {
    "optimiser": "sgd",  # Nesterov momentum 0.9
    "weight_decay": 1e-4,
    "learning_rate": 0.1,
    "backbone_speed": 0.1,
    "adaptation_learning_rate": 0.01,
    "head_speed": 10.0,
    "adversarial_speed": 10.0,
    "margin": 4.0,
    "trade_off": 1.0,
    "adversarial_weight": 0.1,
    "epsilon": 1e-7,
}
"""Fields of ``RegDASettings``."""

EPOCH = 500  # iterations
DROPS = (44 * EPOCH, 59 * EPOCH)  # milestones 45 and 60, but stepped before each epoch


def warmup_factor(i: int) -> float:
    """Give the factor on the warm-up's rate in iteration ``i``: a tenth after each drop.

    >>> [round(warmup_factor(i), 3) for i in (0, 21999, 22000, 29499, 29500)]
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """
    return 0.1 ** sum(i >= drop for drop in DROPS)


def adaptation_factor(i: int) -> float:
    """Give the factor on the learning rates in iteration ``i`` of the adaptation.

    >>> [round(adaptation_factor(i), 3) for i in (0, 15000)]
    [1.0, 0.503]
    """
    return (1 + 1e-4 * i) ** -0.75


def adversarial_share(i: int) -> float:
    """Give the share of the full adversarial weight in iteration ``i``: never negative.

    The reference's warm-start gradient layer, 2 / (1 + exp(-i / 1000)) - 1.

    >>> [round(0.1 * adversarial_share(i), 4) for i in (0, 500, 1000, 5000)]
    [0.0, 0.0245, 0.0462, 0.0987]
    """
    return math.tanh(i / 2000)
