"""Rendering what the target has and the source lacks: what does it gain, and how many does it take?

    cd benchmarks/studies
    python render_loop.py world --seeds 20 21 22 23 24 --out runs/loop-world
    python render_loop.py photographs --target lspet:LSPET --seeds 20 21 22 23 24 --out runs/loop

``world``: the body world's heavy-tailed source -> its photo-like target. ``photographs``: people in
usual poses with few rare ones -> photographs, with the pretrained network. Arms, from scratch, on
one budget of draws and one size of the source:

* ``uniform``, ``hard-mining`` and its control ``shuffled`` of the source as it is; ``all-poses``: a
  whole source of all poses equally often, what rendering can give at most;
* for each number of --rendered: so many poses of the source give way to renderings ``like-target``,
  ``where-failing``, ``at-random`` (from the source's own mixture) and ``flat`` (all poses equally
  often), drawn uniformly. The first two look at what the network of ``uniform`` says of the
  target's training images, without labels;
* for the largest number also ``like-target`` chosen by the labels of the target's training images,
  which is what perfect predictions would choose; and both of these and ``flat`` with the whole
  source drawn by hard mining.

A seed redraws all but photographs, and is a folder of its own: give two processes different seeds
and the same --out, with --threads 1 each. Interrupted, a seed goes on where it was. The tables are
of all seeds that are finished; --table trains nothing.

Primary endpoint, named in advance: PCK@0.1 on the hardest quarter of the target, ``like-target``
minus ``uniform`` at the largest number of --rendered; its control is ``at-random``.
"""

from __future__ import annotations

import argparse
import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from photographs import Table, gathered, print_differences, print_levels

from posesift import folders, progress, storage
from posesift.experiments.arms import Arm, Comparison, seeded
from posesift.experiments.compare import check, check_begun, compare
from posesift.report.page import write_report

STUDIES = {"world": ("world-body", "target_poses"), "photographs": ("photos-tail", "poses")}
"""Recipe, and its oracle that trains on all poses equally often in the source's look."""

SAMPLINGS = ("uniform", "hard-mining", "shuffled")
KINDS = ("like-target", "where-failing", "at-random", "flat")
NUMBERS = (150, 300, 600, 1200)
SETS = {
    "source's poses, its look": "source",
    "target's poses, source's look": "target_poses",
    "source's poses, target's look": "target_look",
    "target": "target",
}
REACHED = ("0.05", "0.1", "hardest quarter 0.1")


def plan_of(
    study: str, seed: int, numbers: tuple[int, ...], steps: int | None, **more: Any
) -> Comparison:
    """Plan all arms of one seed."""
    recipe, all_poses = STUDIES[study]
    plan = Comparison(recipe=recipe, arms=(), seeds=(seed,), oracle_seeds=(seed,), **more)
    training = seeded(plan, seed).training
    usual = training.warmup_steps + (training.steps if study == "world" else 0)
    budget = usual if steps is None else steps
    arms = [Arm(name=name, sampling=name, warmup_steps=budget) for name in SAMPLINGS]
    for n in numbers:
        for kind in KINDS:
            arm = Arm(name=f"{kind}-{n}", sampling=f"rendered-{kind}", rendered=n)
            student = "uniform" if kind in KINDS[:2] else None
            arms.append(dataclasses.replace(arm, student=student, warmup_steps=budget))
    named = {arm.name: arm for arm in arms}
    like, flat = named[f"like-target-{max(numbers)}"], named[f"flat-{max(numbers)}"]
    known = dataclasses.replace(
        like, name=f"{like.name}-by-labels", looks_at="labels", student=None
    )
    arms.append(known)
    arms += [
        dataclasses.replace(arm, name=f"{arm.name}+hard-mining", drawn="hard-mining")
        for arm in (like, known, flat)
    ]
    best = Arm(name="all-poses", role="oracle", trained_on=all_poses, warmup_steps=budget)
    primary = (f"like-target-{max(numbers)}", "uniform")
    return dataclasses.replace(plan, arms=(*arms, best), primary=primary)


def by_set(out: Path) -> Table:
    """PCK@0.1 of all finished cells on each test set of the world: poses and looks apart."""
    table: Table = {}
    for cell in sorted(out.glob("seed*/cells/*/seed*")):
        if folders.is_finished(cell):
            sets = storage.read_json(cell / "evaluation.json")["sets"]
            found = {name: sets[key]["pck"]["0.1"]["all"] for name, key in SETS.items()}
            table.setdefault(cell.parent.name, {})[int(cell.name[4:])] = found
    return table


def print_reached(table: Table, numbers: tuple[int, ...]) -> None:
    """How many renderings of each kind reach what a whole source of all poses reaches."""
    print("\n| renderings that reach all-poses, of the means | " + " | ".join(REACHED) + " |")
    print("|---|" + "---|" * len(REACHED))
    for kind in KINDS:
        cells = []
        for name in REACHED:
            levels = [_mean(table, f"{kind}-{n}", name) for n in numbers]
            cells.append(reached([0, *numbers], [_mean(table, "uniform", name), *levels],
                                 _mean(table, "all-poses", name)))  # fmt: skip
        print(f"| {kind} | " + " | ".join(cells) + " |")


def reached(numbers: list[int], levels: list[float], wanted: float) -> str:
    """The number at which a rising line through the levels comes to the wanted one.

    >>> reached([0, 100, 200], [10.0, 14.0, 20.0], 17.0)
    '150'
    >>> reached([0, 100, 200], [10.0, 14.0, 16.0], 17.0)
    'more than 200 (86 % of the way)'
    >>> reached([0, 100], [10.0, 14.0], 9.0)
    'nothing to reach'
    """
    highest = np.maximum.accumulate(levels)
    if not np.isfinite(wanted) or not np.isfinite(highest).all():
        return "–"
    if wanted <= levels[0]:
        return "nothing to reach"
    if highest[-1] < wanted:
        way = 100 * (highest[-1] - levels[0]) / (wanted - levels[0])
        return f"more than {numbers[-1]} ({way:.0f} % of the way)"
    return f"{np.interp(wanted, highest, numbers):.0f}"


def _mean(table: Table, arm: str, name: str) -> float:
    values = [found[name] for found in table.get(arm, {}).values()]
    return float(np.mean(values)) if values else float("nan")


def print_coverage(out: Path) -> None:
    """Share of the target's test poses that the source lacks, before and after, over seeds."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(out.glob("seed*/comparison.json")):
        for row in storage.read_json(path)["renderings"]:
            lacked = row["test_lacked_before"], row["test_lack_after"]
            rows.setdefault(row["arm"], []).append(lacked)
    print("\n| not covered, % | before | after | seeds |\n|---|---|---|---|")
    for arm, pairs in rows.items():
        before, after = np.mean(pairs, axis=0)
        print(f"| {arm} | {before:.1f} | {after:.1f} | {len(pairs)} |")


def print_times(out: Path) -> None:
    """Wall time of each arm, mean over its cells: from its settings to its manifest."""
    seconds: dict[str, list[float]] = {}
    for cell in sorted(out.glob("seed*/cells/*/seed*")):
        if folders.is_finished(cell):
            begun, ended = (
                (cell / name).stat().st_mtime for name in ("experiment.yaml", "manifest.json")
            )
            seconds.setdefault(cell.parent.name, []).append(ended - begun)
    print("\n| time | seconds an arm and seed |\n|---|---|")
    for arm, values in seconds.items():
        print(f"| {arm} | {np.mean(values):.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--target", default=None, help="address of the photographs")
    parser.add_argument("--seeds", type=int, nargs="*", default=[])
    parser.add_argument("--rendered", type=int, nargs="+", default=list(NUMBERS))
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--precision", default=None)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    progress.show()
    numbers = tuple(sorted(given.rendered))
    aim = {} if given.target is None else {"target": given.target}
    changes = {
        name: value
        for name, value in (("threads", given.threads), ("precision", given.precision))
        if value is not None
    }
    for seed in () if given.table else given.seeds:
        plan = plan_of(given.study, seed, numbers, given.steps,
                       quick=given.quick, aim=aim, changes=changes)  # fmt: skip
        folder = given.out / f"seed{seed}"
        check(plan)
        with folders.claim(
            folder, "comparison", resume=folder.exists(), again=True,
            check=partial(check_begun, plan=plan),
        ) as claimed:  # fmt: skip
            compare(plan, claimed.folder, write_report)
    table = gathered(given.out)
    print_levels(table)
    others = [f"{kind}-{n}" for n in numbers for kind in KINDS]
    like, flat, random = (f"{kind}-{max(numbers)}" for kind in ("like-target", "flat", "at-random"))
    known, mined = f"{like}-by-labels", "+hard-mining"
    others += [known, *(arm + mined for arm in (like, known, flat))]
    to_uniform = [(arm, "uniform") for arm in (*SAMPLINGS[1:], *others, "all-poses")]
    to_controls = [
        ("hard-mining", "shuffled"),
        *((known, control) for control in (random, flat)),
        *((arm + mined, "hard-mining") for arm in (like, known, flat)),
        *((arm + mined, "all-poses") for arm in (known, flat)),
        (known + mined, flat + mined),
    ]
    print_differences(table, to_uniform)
    print_differences(table, to_controls)
    if given.study == "world":
        apart = by_set(given.out)
        print_levels(apart, tuple(SETS))
        print_differences(apart, [*to_uniform, *to_controls], tuple(SETS))
    chosen = [(f"{kind}-{n}", n) for n in numbers for kind in KINDS[:2]]
    print_differences(
        table, [(arm, f"{control}-{n}") for arm, n in chosen for control in KINDS[2:]]
    )
    print_reached(table, numbers)
    print_coverage(given.out)
    print_times(given.out)


if __name__ == "__main__":
    main()
