"""Does hard mining help on the body world? Shared warm starts and from scratch, with controls.

    .venv/bin/python benchmarks/studies/hard_mining.py --out runs/hard-mining

About 20 minutes on two cores with bf16; interrupted, it goes on where it was. Prints, for each
seed redrawing everything: hard mining and shuffled scores minus uniform, on the target (photo
look) and on target poses in the source's look, with 95 % intervals, and in % of the pose headroom
H, which no pose sampler can exceed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from posesift import folders, progress, storage
from posesift.evaluation.intervals import mean_interval, paired_interval
from posesift.experiments.arms import Arm, Comparison
from posesift.experiments.compare import compare
from posesift.experiments.differences import figure
from posesift.experiments.recipes import recipe
from posesift.report.page import write_report

ENDPOINTS = {
    "hardest": "target, hardest quarter",
    "target": "target",
    "target_poses": "target poses, source look",
}


def shared(seeds: range, quick: bool, world: str) -> Comparison:
    """Arms that differ in the second stage alone, from one uniform warm start a seed."""
    budget = recipe(world, 0, quick)
    arms = [Arm(name="warm-up", role="warm-up", warmup_steps=budget.training.warmup_steps)]
    arms += [
        Arm(name=name, sampling=name, start="warm-up", steps=budget.training.steps)
        for name in ("uniform", "hard-mining", "shuffled")
    ]
    arms.append(
        Arm(
            name="oracle-poses",
            role="oracle",
            trained_on="target_poses",
            warmup_steps=budget.training.warmup_steps,
            steps=budget.training.steps,
        )
    )
    return Comparison(
        recipe=world, arms=tuple(arms), seeds=tuple(seeds), oracle_seeds=tuple(seeds), quick=quick
    )


def scratch(seeds: range, quick: bool, world: str) -> Comparison:
    """Arms that sample in both stages, with common random numbers."""
    budget = recipe(world, 0, quick)
    arms = [
        Arm(
            name=name,
            sampling=name,
            warmup_steps=budget.training.warmup_steps,
            steps=budget.training.steps,
        )
        for name in ("uniform", "hard-mining")
    ]
    return Comparison(recipe=world, arms=tuple(arms), seeds=tuple(seeds), quick=quick)


def table(plan: Comparison, folder: Path, headroom: float | None) -> None:
    cells = storage.read_json(folder / "comparison.json")["cells"]
    for arm in (arm.name for arm in plan.arms if arm.role == "arm" and arm.name != "uniform"):
        for name, label in ENDPOINTS.items():
            pairs = [
                (figure(cells, arm, s, name), figure(cells, "uniform", s, name)) for s in plan.seeds
            ]
            found = paired_interval([a for a, _ in pairs], [b for _, b in pairs])
            share = f"{100 * found.mean / headroom:+6.0f} % of H" if headroom else ""
            print(f"  {arm:12} {label:26} {span(found)} {share}")


def span(found: Any) -> str:
    """A mean and its interval in words."""
    if found.low is None:
        return f"{found.mean:+.2f} (one seed)"
    return f"{found.mean:+.2f}  95 % interval {found.low:+.2f} to {found.high:+.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/hard-mining"))
    parser.add_argument("--world", default="world-body")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--scratch-seeds", type=int, default=4)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    progress.show()
    plans = {
        "shared": shared(range(given.seeds), given.quick, given.world),
        "scratch": scratch(range(given.scratch_seeds), given.quick, given.world),
    }
    for name, plan in plans.items():
        folder = given.out / name
        if plan.seeds and not folders.is_finished(folder):
            with folders.claim(folder, "comparison", resume=folder.exists()) as claimed:
                compare(plan, claimed.folder, write_report)
    found = storage.read_json(given.out / "shared" / "comparison.json")
    uniform = [figure(found["cells"], "uniform", s, "target_poses") for s in plans["shared"].seeds]
    print(f"\nuniform, target poses in the source's look: {span(mean_interval(uniform))}")
    print(f"pose headroom H at PCK@0.05: {span(mean_interval(found['headroom']['values']))}")
    for name, plan in plans.items():
        print(f"{name}, {len(plan.seeds)} seeds, minus uniform, points of PCK@0.05:")
        table(plan, given.out / name, found["headroom"]["mean"])
    print(f"Reports: {given.out}/shared/report.html, {given.out}/scratch/report.html")


if __name__ == "__main__":
    main()
