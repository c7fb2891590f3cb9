"""What a comparison is: arms x seeds on one draw budget; and the plan that a person asks for.

Methods x sampling strategies, with the warm-ups that they share. No torch here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from posesift.experiments.spec import ADAPTING, METHODS, SAMPLE_IN, Experiment, choose
from posesift.sampling.strategies import NAMES as STRATEGIES

LABELS = {
    "source-only": "Source only",
    "regda": "RegDA",
    "udape": "UDAPE",
    "oracle": "Oracle",
    "warm-up": "Warm-up",
}


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One row of a comparison.

    Attributes:
        name: short and unique.
        role: ``warm-up`` (trains what arms start from), ``arm``, or ``oracle``.
        method: what trains it.
        sampling: its strategy.
        sample_in: the stages that draw by ``sampling``.
        start: the warm-up arm whose network it starts from, or None: from scratch.
        trained_on: for an oracle, the name of the test set whose kind of labelled data it trains
            on (`Experiment.oracles`).
        warmup_steps: its budget before the second stage.
        steps: its budget in the second stage.
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

    @property
    def label(self) -> str:
        """What people call it.

        >>> Arm(name="udape+hard-mining", method="udape", sampling="hard-mining").label
        'UDAPE + hard mining'
        >>> Arm(name="hard-mining", sampling="hard-mining").label
        'Source only + hard mining'
        """
        if self.role == "oracle":
            label = LABELS["oracle"]
            return label if self.trained_on in (None, "target") else f"{label} ({self.trained_on})"
        label = LABELS[self.method]
        if self.role == "warm-up":
            label = LABELS["warm-up"]
            label += "" if self.method == "source-only" else f" ({LABELS[self.method]})"
        strategy = self.sampling.replace("-", " ")
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
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)


def compare_plan(
    experiment: Experiment,
    methods: tuple[str, ...] = ("source-only", "regda", "udape"),
    samplings: tuple[str, ...] = ("uniform", "curriculum", "hard-mining"),
    seeds: tuple[int, ...] = (0, 1, 2),
    *,
    sample_in: str = "both",
    oracle: bool = True,
    quick: bool = False,
    aim: dict[str, str] | None = None,
    changes: dict[str, Any] | None = None,
    command: str = "",
) -> Comparison:
    """Every method with every strategy, from shared warm-ups, and the oracle.

    All arms have one budget of draws: a warm-up of ``experiment.warmup_steps`` and then
    ``experiment.steps``. Source-only and UDAPE share the supervised warm-up; RegDA begins with
    another loss, hence with a warm-up of its own, and so does UDAPE with a style. Where the
    strategy draws in the warm-up too, each strategy has its own warm-ups; else all arms of a
    method start from the very same network.

    Args:
        experiment: the recipe's, with all that is to be changed.
        methods: without the oracle, in the order of the table.
        samplings: strategies; ``uniform``, which the others are compared with, is put first.
        seeds: a seed redraws everything.
        sample_in: the stages that draw by the strategies.
        oracle: also train on the target's labels, with the budget of both stages.
        quick: kept in the plan.
        aim: kept in the plan.
        changes: kept in the plan.
        command: kept in the plan.

    Raises:
        ValueError: an unknown method or strategy, nothing to compare, a method that adapts
            without a target.

    >>> from posesift.experiments.recipes import recipe
    >>> plan = compare_plan(recipe("world-body"), ("source-only", "udape"), ("hard-mining",))
    >>> [arm.name for arm in plan.arms if arm.role == "warm-up"]
    ['warm-up', 'warm-up+hard-mining']
    >>> [arm.name for arm in plan.arms if arm.role == "arm"]
    ['source-only', 'source-only+hard-mining', 'udape', 'udape+hard-mining']
    >>> plan.arms[-1].name, plan.primary
    ('oracle', ('udape+hard-mining', 'udape'))
    """
    known = tuple(name for name in METHODS if name != "oracle")
    methods = tuple(dict.fromkeys(choose("method", name, known) for name in methods))
    samplings = tuple(dict.fromkeys(("uniform", *samplings)))
    for name in samplings:
        choose("sampling strategy", name, STRATEGIES)
    choose("value for --sample-in", sample_in, SAMPLE_IN)
    if not methods or not seeds:
        raise ValueError("expected at least one method and one seed to compare")
    if experiment.warmup_steps < 1 or experiment.steps < 1:
        raise ValueError("a comparison needs at least one step in both stages")
    if experiment.target is None and set(methods) & set(ADAPTING):
        raise ValueError("methods that adapt need images of the target: give --target")
    warm: dict[str, Arm] = {}
    arms = []
    for method in methods:
        for sampling in samplings:
            start = _warm_up(experiment, method, sampling, sample_in)
            warm.setdefault(start.name, start)
            arms.append(
                Arm(
                    name=_name(method, sampling),
                    method=method,
                    sampling=sampling,
                    sample_in=sample_in,
                    start=start.name,
                    steps=experiment.steps,
                )
            )
    if oracle and "target" in experiment.oracles:
        arms.append(
            Arm(
                name="oracle",
                role="oracle",
                method="oracle",
                trained_on="target",
                warmup_steps=experiment.warmup_steps,
                steps=experiment.steps,
            )
        )
    return Comparison(
        recipe=experiment.recipe,
        arms=(*warm.values(), *arms),
        seeds=seeds,
        oracle_seeds=seeds,
        quick=quick,
        aim=aim or {},
        changes=changes or {},
        primary=_primary(methods, samplings),
        command=command,
    )


def against(plan: Comparison, arm: Arm) -> str | None:
    """The arm that ``arm`` is compared with: its method drawn uniformly, or source-only."""
    names = {other.name for other in plan.arms if other.role == "arm"}
    same = [
        other.name
        for other in plan.arms
        if other.role == "arm" and other.method == arm.method and other.sampling == "uniform"
    ]
    if arm.role == "oracle" or (arm.role == "arm" and arm.name in same):
        return "source-only" if arm.name != "source-only" and "source-only" in names else None
    return same[0] if same and arm.role == "arm" else None


def _warm_up(experiment: Experiment, method: str, sampling: str, sample_in: str) -> Arm:
    """The warm-up that an arm starts from."""
    sampling = sampling if sample_in in ("warm-up", "both") else "uniform"
    own = method == "regda" or (method == "udape" and experiment.style != "none")
    return Arm(
        name=_name(f"warm-up-{method}" if own else "warm-up", sampling),
        role="warm-up",
        method=method if own else "source-only",
        sampling=sampling,
        sample_in="warm-up",
        warmup_steps=experiment.warmup_steps,
    )


def _name(what: str, sampling: str) -> str:
    return what if sampling == "uniform" else f"{what}+{sampling}"


def _primary(methods: tuple[str, ...], samplings: tuple[str, ...]) -> tuple[str, str]:
    """Hard mining with the last method that adapts; without it, that method as such."""
    method = ([name for name in methods if name in ADAPTING] or list(methods))[-1]
    if "hard-mining" in samplings:
        return _name(method, "hard-mining"), method
    other = "source-only" if "source-only" in methods and method != "source-only" else methods[0]
    last = _name(method, samplings[-1])
    return (method, other) if method != other else (last, method)


def steps_of(plan: Comparison) -> int:
    """All optimiser steps of a plan."""
    return sum((arm.warmup_steps + arm.steps) * len(seeds_of(plan, arm)) for arm in plan.arms)


def seeds_of(plan: Comparison, arm: Arm) -> tuple[int, ...]:
    """The seeds that an arm is trained for."""
    return plan.oracle_seeds if arm.role == "oracle" else plan.seeds


def described(arm: Arm) -> dict[str, Any]:
    """The arm as plain values, with its label."""
    return {**dataclasses.asdict(arm), "label": arm.label}
