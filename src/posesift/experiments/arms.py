"""What a comparison is: arms x seeds of one recipe. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from posesift.experiments.methods import METHODS
from posesift.experiments.recipes import aimed, recipe
from posesift.experiments.renderings import CHOOSING, RENDERINGS, LooksAt
from posesift.experiments.spec import Experiment


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One row of a comparison.

    Attributes:
        name: short and unique.
        role: ``warm-up`` (trains what arms start from), ``arm``, or ``oracle``.
        method: what trains it.
        sampling: its strategy, or one of `renderings.RENDERINGS`: what takes the place of a part of
            the source.
        sample_in: the stages that draw by ``sampling``.
        start: the warm-up arm whose network it starts from, or None: from scratch.
        trained_on: for an oracle, the name of the test set whose kind of labelled data it trains
            on (`Experiment.oracles`).
        warmup_steps: its budget before the second stage.
        steps: its budget in the second stage.
        seeds: those it is trained for, if not all of the comparison's.
        rendered: how many renderings take the place of poses of the source.
        drawn: the strategy that draws a source with renderings; other than ``uniform`` it has
            scores and bins of its own.
        looks_at: how the target's poses are known by which they are chosen.
        student: the arm whose network predicts them, and fails where it does.
    """

    name: str
    role: Literal["warm-up", "arm", "oracle"] = "arm"
    method: str = "source-only"
    sampling: str = "uniform"
    sample_in: str = "both"
    start: str | None = None
    trained_on: str | None = None
    warmup_steps: int = 0
    steps: int = 0
    seeds: tuple[int, ...] | None = None
    rendered: int = 0
    drawn: str = "uniform"
    looks_at: LooksAt = "predictions"
    student: str | None = None

    @property
    def rendering(self) -> str | None:
        """Name the renderings that it shares with arms that have the same; None without any.

        >>> Arm(name="a", sampling="rendered-flat", rendered=250).rendering
        'rendered-flat-250'
        """
        if self.sampling not in RENDERINGS:
            return None
        named = f"{self.sampling}-{self.rendered}"
        if self.sampling not in CHOOSING:
            return named
        return f"{named}-{self.looks_at}{f'-{self.student}' if self.student else ''}"

    @property
    def label(self) -> str:
        """What people call it.

        >>> Arm(name="udape+hard-mining", method="udape", sampling="hard-mining").label
        'UDAPE + hard mining'
        >>> Arm(name="hard-mining", sampling="hard-mining").label
        'Source only + hard mining'
        >>> Arm(name="flat", sampling="rendered-flat", rendered=250).label
        'Source only + 250 rendered flat'
        >>> Arm(
        ...     name="like", sampling="rendered-like-target", rendered=9, looks_at="labels"
        ... ).label
        'Source only + 9 rendered like target by labels'
        """
        if self.role == "oracle":
            label = METHODS["oracle"].label
            return label if self.trained_on in (None, "target") else f"{label} ({self.trained_on})"
        label = METHODS[self.method].label
        if self.role == "warm-up":
            label = "Warm-up" if self.method == "source-only" else f"Warm-up ({label})"
        strategy = self.sampling.replace("-", " ")
        if self.rendering is not None:
            strategy = f"{self.rendered} {strategy}"
            if self.sampling in CHOOSING and self.looks_at == "labels":
                strategy += " by labels"
            if self.drawn != "uniform":
                strategy += f" + {self.drawn.replace('-', ' ')}"
        return label if self.sampling == "uniform" else f"{label} + {strategy}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Arms x seeds of one recipe, on one draw budget. A seed redraws everything.

    Attributes:
        recipe: the recipe's name.
        arms: what is compared; warm-ups stand before the arms that start from them.
        seeds: at least one.
        oracle_seeds: seeds that oracles are trained for.
        quick: the recipe's small size.
        aim: data addresses instead of the recipe's: ``source``, ``target``, ``test``.
        changes: fields of the recipe's experiment that are replaced.
        primary: the arm of the one primary endpoint and the arm it is compared with.
        command: what a person types to make it again.
    """

    recipe: str
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...] = (0,)
    oracle_seeds: tuple[int, ...] = (0,)
    quick: bool = False
    aim: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    primary: tuple[str, str] = ("hard-mining", "uniform")
    command: str = ""

    def arm(self, name: str) -> Arm:
        """Give the arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)


def seeded(plan: Comparison, seed: int) -> Experiment:
    """Give the experiment that all arms of one seed share."""
    experiment = recipe(plan.recipe, seed, plan.quick)
    if plan.aim or not experiment.data.test:
        experiment = aimed(experiment, **plan.aim, parity=plan.changes.get("parity", False))
    return experiment.changed(**plan.changes)


def against(plan: Comparison, arm: Arm) -> str | None:
    """Give the arm that ``arm`` is compared with: its method drawn uniformly, or source-only.

    >>> one, other = Arm(name="source-only"), Arm(name="source-only+easy", sampling="easy")
    >>> plan = Comparison(recipe="world-body", arms=(one, other, Arm(name="udape", method="udape")))
    >>> [against(plan, arm) for arm in plan.arms]
    [None, 'source-only', 'source-only']
    """
    uniform = {o.method: o.name for o in plan.arms if o.role == "arm" and o.sampling == "uniform"}
    other = uniform.get("source-only" if arm.sampling == "uniform" else arm.method)
    return other if arm.role == "arm" and other != arm.name else None


def seeds_of(plan: Comparison, arm: Arm) -> tuple[int, ...]:
    """Give the seeds that an arm is trained for."""
    if arm.seeds is not None:
        return arm.seeds
    return plan.oracle_seeds if arm.role == "oracle" else plan.seeds


def rendered_file(folder: Path, rendering: str, seed: int) -> Path:
    """Give the pose table of the source with renderings, of one seed."""
    return folder / "rendered" / rendering / f"seed{seed}.parquet"


def cell_folder(folder: Path, arm: str, seed: int) -> Path:
    """Give the run folder of one arm and seed."""
    return folder / "cells" / arm / f"seed{seed}"
