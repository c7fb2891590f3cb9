"""Settings of RegDA, its optimisers, and how rates and weights change while its stages run.

By default as functions of a stage's progress t, so that a short stage sees the whole of them;
under `parity` by iteration, as in the public reference code (``regda.published``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from torch import nn
from torch.optim import SGD, Optimizer

from posesift.adaptation.published_views import BODIES, RegDAViews
from posesift.adaptation.regda import published
from posesift.adaptation.supervised import check_mirror
from posesift.adaptation.training.optimisers import adamw, groups, set_rate, trapezoid
from posesift.adaptation.views.augment import SUPERVISED, Augmentation

OPTIMISERS = ("adamw", "sgd")


@dataclass(frozen=True, kw_only=True)
class RegDASettings:
    """Settings of RegDA.

    Attributes:
        warmup_steps: of the first stage; 0 leaves it out.
        steps: of the second stage; 0 leaves it out.
        optimiser: ``"adamw"`` or ``"sgd"`` (with Nesterov momentum 0.9), of every part.
        weight_decay: of every part.
        learning_rate: highest rate of the warm-up.
        backbone_speed: rate of ``network.backbone``, where a network has one, as a multiple of
            the rest's; under `parity` in the warm-up alone.
        adaptation_learning_rate: highest rate of the features in the adaptation.
        head_speed: rate of the main head there, as a multiple of that.
        adversarial_speed: rate of the adversarial head, likewise.
        features_rise: share of the adaptation in which the features' rate rises.
        heads_rise: the same of the heads' rates; shorter, for the heads start blank, and until
            they have learned something they have nothing to teach the features.
        margin: weight of the disparity on the source in step A.
        trade_off: weight of all disparities.
        adversarial_weight: highest factor on the gradient from adversarial head to features.
        adversarial_rise: how soon it is reached: it grows like the tanh of this times t. The
            reference's curve is that of 7.5, over its 15,000 iterations.
        epsilon: added to each cell of a pseudo-label.
        augmentation: of the labelled views.
        target_augmentation: of the target's views; None: as the labelled ones.
        mirror: permutation that exchanges left and right keypoints; needed for flips.
        domain_statistics: what predicts has BatchNorm statistics of the target alone; else of
            both domains.
        seed: of the two heads' initial weights.
        parity: reproduce the public reference code instead: its optimisers, rates, weights and
            schedules (``regda.published``, in place of those given), its `views`, heatmaps by its
            rounding rule, pseudo-labels and predictions of logits below 0 at the corner (0, 0),
            BatchNorm statistics that take up the target twice a step, and the target's losses
            weighted by which of its joints are visible in the view. The last is a leak: it takes
            labels of the target.
        views: under `parity` in place of `augmentation`.
        target_views: of the target under `parity`; None: as `views`.
    """

    warmup_steps: int = 450
    steps: int = 200
    optimiser: str = "adamw"
    weight_decay: float = 1e-4
    learning_rate: float = 2e-3
    backbone_speed: float = 1.0
    adaptation_learning_rate: float = 1e-3
    head_speed: float = 2.0
    adversarial_speed: float = 2.0
    features_rise: float = 0.2
    heads_rise: float = 0.05
    margin: float = 4.0
    trade_off: float = 1.0
    adversarial_weight: float = 0.1
    adversarial_rise: float = 7.5
    epsilon: float = 1e-7
    augmentation: Augmentation = SUPERVISED
    target_augmentation: Augmentation | None = None
    mirror: tuple[int, ...] | None = None
    domain_statistics: bool = False
    seed: int = 0
    parity: bool = False
    views: RegDAViews = BODIES
    target_views: RegDAViews | None = None

    def __post_init__(self) -> None:
        check_mirror(self.augmentation, self.mirror)
        if self.optimiser not in OPTIMISERS:
            raise ValueError(
                f"unknown optimiser {self.optimiser!r} of RegDA, expected one of "
                f"{', '.join(OPTIMISERS)}"
            )
        for name in ("features_rise", "heads_rise"):
            if not 0 <= getattr(self, name) <= 0.6:
                raise ValueError(
                    f"expected {name} in [0, 0.6], for rates fall from 0.6 of the stage on, found "
                    f"{getattr(self, name)}"
                )
        for name in ("adversarial_weight", "margin", "trade_off", "epsilon"):
            if not getattr(self, name) >= 0:
                raise ValueError(
                    f"expected {name} of at least 0, found {getattr(self, name)}; in RegDA steps B "
                    "and C oppose each other by their losses, not by a sign"
                )

    def in_force(self) -> RegDASettings:
        """Put the reference's numbers in place of those given, under `parity`."""
        return replace(self, **published.SETTINGS) if self.parity else self

    def warmup_factor(self, t: float) -> float:
        """Give the factor on the learning rate of the warm-up at its progress ``t``."""
        if self.parity:
            return published.warmup_factor(round(t * self.warmup_steps))
        return trapezoid(t)

    def adaptation_factor(self, t: float, part: str) -> float:
        """Give that on the rate of ``"features"``, ``"head"`` or ``"head_adv"`` at ``t``."""
        if self.parity:
            return published.adaptation_factor(round(t * self.steps))
        return trapezoid(t, self.features_rise if part == "features" else self.heads_rise)

    def adversarial_factor(self, t: float) -> float:
        """Give that on the gradient from the adversarial head to the features at ``t``.

        By progress, not by iteration: 200 steps of the reference's curve end at a tenth of its
        height.

        >>> [round(RegDASettings().adversarial_factor(t), 3) for t in (0, 0.1, 0.2, 0.5, 1)]
        [0.0, 0.064, 0.091, 0.1, 0.1]
        """
        if self.parity:
            share = published.adversarial_share(round(t * self.steps))
        else:
            share = math.tanh(self.adversarial_rise * t)
        return self.adversarial_weight * share


def optimiser(module: nn.Module, settings: RegDASettings, part: str) -> Optimizer:
    """Make the optimiser of a part: ``"network"`` in the warm-up, else as in `set_rates`.

    The adaptation has three, because its steps move different parts, each with its own momentum.
    """
    # the published adaptation has one rate for all features
    slow = part == "network" or (part == "features" and not settings.parity)
    speed = settings.backbone_speed if slow else 1.0
    if settings.optimiser == "adamw":
        return adamw(module, 0.0, settings.weight_decay, backbone_speed=speed)
    decay = settings.weight_decay  # of all parameters alike, as published
    chosen = groups(module, decay, speed, vector_decay=decay)
    return SGD(chosen, 0.0, momentum=0.9, nesterov=True)


def set_rates(optimisers: dict[str, Optimizer], settings: RegDASettings, t: float) -> None:
    """Give ``"network"``, or ``"features"``, ``"head"`` and ``"head_adv"``, their rates."""
    speeds = {"head": settings.head_speed, "head_adv": settings.adversarial_speed}
    for part, moved in optimisers.items():
        if part == "network":
            rate = settings.learning_rate * settings.warmup_factor(t)
        else:
            rate = settings.adaptation_learning_rate * settings.adaptation_factor(t, part)
        set_rate(moved, rate * speeds.get(part, 1.0))
