"""How long a comparison will take: one line before the work begins."""

from __future__ import annotations

from pathlib import Path

from posesift import folders
from posesift.experiments.arms import Arm, Comparison, cell_folder, seeded, seeds_of
from posesift.experiments.methods import METHODS

SECONDS_A_STEP = {
    "small": {"bf16": 0.055, "fp32": 0.085},
    "efficientnet-lite0": {"bf16": 0.095, "fp32": 0.15},
}
"""A supervised step on 32 crops of 64 px, on two CPU cores, by network and precision. Measured:
`efficientnet-lite0` in bf16; the others are scaled from figures of one thread."""
SECONDS_BESIDE = 60.0  # painting, scoring, evaluation and the report of one seed
SEVERAL = 0.8
"""What two processes of one thread take of the time that one of two threads takes: the demo's."""


def training_steps(plan: Comparison, folder: Path | None = None) -> int:
    """All optimiser steps of a plan; those of cells that ``folder`` holds are done already."""
    return sum(arm.warmup_steps + arm.steps for arm, _ in _left(plan, folder))


def estimate(plan: Comparison, folder: Path | None = None, jobs: int = 1) -> str:
    """One line before the work: how long it will take here, and what is shorter.

    Args:
        plan: what is compared.
        folder: what it holds is done already.
        jobs: networks that are trained at the same time.
    """
    from posesift.adaptation.training.runtime import Runtime

    device, precision = (plan.changes.get(key) or "auto" for key in ("device", "precision"))
    runtime = Runtime.resolve(device, precision, plan.changes.get("threads")).describe()
    text = (
        f"{training_steps(plan, folder)} training steps on {runtime['device']} in "
        f"{runtime['precision']}"
    )
    experiment = seeded(plan, plan.seeds[0])
    if runtime["device"] != "cpu" or experiment.network.name not in SECONDS_A_STEP:
        return text
    work = sum(
        arm.warmup_steps + METHODS[arm.method].cost * arm.steps for arm, _ in _left(plan, folder)
    )
    size = experiment.training.batch_size / 32 * (experiment.network.side / 64) ** 2
    seconds = work * size * SECONDS_A_STEP[experiment.network.name][runtime["precision"]]
    seconds += SECONDS_BESIDE * len(plan.seeds) * (0.25 if plan.quick else 1.0)
    seconds *= SEVERAL if jobs > 1 else 1.0
    text += f": about {max(1, round(seconds / 60))} min on two cores"
    if runtime["precision"] == "fp32" and not plan.quick:
        text += "; this machine has no fast bf16: --quick is the small size"
    return text


def _left(plan: Comparison, folder: Path | None) -> list[tuple[Arm, int]]:
    """Arms and seeds that are still to be trained."""
    return [
        (arm, seed)
        for arm in plan.arms
        for seed in seeds_of(plan, arm)
        if folder is None or not folders.is_finished(cell_folder(folder, arm.name, seed))
    ]
