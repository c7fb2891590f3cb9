"""The demo's plan: what is compared, on what budget, and how long it will take."""

from __future__ import annotations

from typing import Any

from posesift.experiments.plan import Arm, Comparison
from posesift.experiments.recipes import recipe

SECONDS_A_STEP = {"bf16": 0.075, "fp32": 0.115}  # batch 32 at 64 px on two CPU cores
SECONDS_BESIDE = 120.0  # painting, scoring, evaluation and the report of two seeds


def demo_plan(
    seeds: tuple[int, ...] = (0, 1), quick: bool = False, changes: dict[str, Any] | None = None
) -> Comparison:
    """Uniform, curriculum and hard mining from one uniform warm start each seed; one oracle.

    Every arm has the same number of steps, hence of draws. The oracle's budget is the sum of both
    stages.

    >>> [arm.name for arm in demo_plan().arms]
    ['warm-up', 'uniform', 'curriculum', 'hard-mining', 'oracle']
    """
    experiment = recipe("world-body", seeds[0], quick)
    warm, steps = experiment.warmup_steps, experiment.steps
    arms = [Arm(name="warm-up", role="warm-up", warmup_steps=warm)]
    arms += [
        Arm(name=name, sampling=name, start="warm-up", steps=steps)
        for name in ("uniform", "curriculum", "hard-mining")
    ]
    arms.append(
        Arm(name="oracle", role="oracle", trained_on="target", warmup_steps=warm, steps=steps)
    )
    flags = "".join(
        [" --quick" if quick else "", f" --seeds {len(seeds)}" if len(seeds) != 2 else ""]
    )
    return Comparison(
        recipe="world-body",
        arms=tuple(arms),
        seeds=seeds,
        oracle_seeds=seeds[:1],
        quick=quick,
        changes=changes or {},
        command=f"posesift demo{flags}",
    )


def training_steps(plan: Comparison) -> int:
    """All optimiser steps of a plan."""
    return sum(
        (arm.warmup_steps + arm.steps)
        * len(plan.oracle_seeds if arm.role == "oracle" else plan.seeds)
        for arm in plan.arms
    )


def estimate(plan: Comparison) -> str:
    """One line before the work: how long it will take here, and what is shorter."""
    from posesift.adaptation.runtime import Runtime

    device, precision = (plan.changes.get(key) or "auto" for key in ("device", "precision"))
    runtime = Runtime.resolve(device, precision, plan.changes.get("threads")).describe()
    steps = training_steps(plan)
    seconds = steps * SECONDS_A_STEP[runtime["precision"]]
    seconds += SECONDS_BESIDE * len(plan.seeds) / 2 * (0.25 if plan.quick else 1.0)
    text = f"{steps} training steps on {runtime['device']} in {runtime['precision']}"
    if runtime["device"] != "cpu":
        return text
    text += f": about {max(1, round(seconds / 60))} min on two cores"
    if runtime["precision"] == "fp32" and not plan.quick:
        text += "; this machine has no fast bf16: --quick is the small demo"
    return text
