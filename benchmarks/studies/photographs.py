"""Real photographs: what adaptation changes, and what drawing by difficulty changes. With controls.

    cd benchmarks/studies
    python photographs.py adaptation --target lspet:LSPET --seeds 10 11 12 13 14 --out runs/photos
    python photographs.py tail --target lspet:LSPET --seeds 10 11 12 13 14 --out runs/photos-tail
    python photographs.py adaptation --recipe hands --target coco:HANDS --seeds 10 --out runs/hands

``adaptation``: source-only, UDAPE, RegDA and the oracle from a source with all poses. ``tail``: a
source of usual poses with few rare ones; uniform draws, hard mining, shuffled scores, curriculum,
and as many images of all poses as the ceiling of what poses can give. ``adapted-tail`` adds UDAPE
and RegDA to it, with mining in the warm-up, in the adaptation, in both and in neither. A seed
redraws all but the photographs, and is a folder of its own: give two processes different seeds and
the same --out, with --threads 1 each. Interrupted, a seed goes on where it was. The tables are of
all seeds that are finished; --table trains nothing.

Primary endpoint of ``tail``, named in advance: PCK@0.1 on the hardest quarter of the photographs
(by distance to the source's poses in joint angles), hard mining minus uniform.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from posesift import folders, progress, storage
from posesift.evaluation.by_bin import quantile_bins
from posesift.evaluation.intervals import paired_interval, ratio_of_sums
from posesift.evaluation.pck import pck, pck_auc
from posesift.experiments.arms import Arm, Comparison
from posesift.experiments.compare import check_begun, compare
from posesift.experiments.plan import plan_of
from posesift.experiments.recipes import recipe
from posesift.results.predictions import read_predictions
from posesift.skeletons import Skeleton

FIGURES = ("0.05", "0.1", "0.2", "AUC", "hardest quarter 0.05", "hardest quarter 0.1")
Table = dict[str, dict[int, dict[str, float]]]
"""Arm, seed, figure: its value in percent."""


def adaptation(name: str, target: str, seed: int, changes: dict) -> Comparison:
    pairs = [(method, "uniform") for method in ("source-only", "udape", "regda")]
    return plan_of(name, pairs, (seed,), aim={"target": target}, changes=changes)


def tail(name: str, target: str, seed: int, changes: dict) -> Comparison:
    first = recipe(name, seed).training.warmup_steps
    arms = [
        Arm(name=sampling, sampling=sampling, warmup_steps=first)
        for sampling in ("uniform", "hard-mining", "shuffled", "curriculum")
    ]
    arms.append(Arm(name="all-poses", role="oracle", trained_on="poses", warmup_steps=first))
    return Comparison(
        recipe=name,
        arms=tuple(arms),
        seeds=(seed,),
        oracle_seeds=(seed,),
        aim={"target": target},
        changes=changes,
        primary=("hard-mining", "uniform"),
    )


def adapted_tail(name: str, target: str, seed: int, changes: dict) -> Comparison:
    whole, second = tail(name, target, seed, changes), recipe(name, seed).training.steps
    arms = [
        Arm(name=name.format(method), method=method, sampling=sampling, start=start, steps=second)
        for method in ("udape", "regda")
        for name, start, sampling in (
            ("{}", "uniform", "uniform"),
            ("mined-{}", "hard-mining", "uniform"),
            ("{}+hard-mining", "uniform", "hard-mining"),
            ("mined-{}+hard-mining", "hard-mining", "hard-mining"),
        )
    ]
    return dataclasses.replace(whole, arms=(*whole.arms, *arms))


STUDIES: dict[str, tuple[str, Callable[..., Comparison]]] = {
    "adaptation": ("photos", adaptation),
    "tail": ("photos-tail", tail),
    "adapted-tail": ("photos-tail", adapted_tail),
}


def figures(cell: Path) -> dict[str, float]:
    """Of one trained network on the test photographs, from its predictions."""
    found = read_predictions(cell, "target")
    assert found is not None, cell
    experiment = storage.read_json(cell / "environment.json")
    skeleton = Skeleton.from_json(experiment["skeleton_json"])
    bins = quantile_bins(found.difficulty_N)
    assert bins is not None, cell
    hardest_N = bins[0] == bins[0].max()
    values = {}
    for prefix, chosen_N in (("", np.ones_like(hardest_N)), ("hardest quarter ", hardest_N)):
        given = (found.predicted_NK2[chosen_N], found.keypoints_NK2[chosen_N],
                 found.visible_NK[chosen_N], found.side)  # fmt: skip
        for threshold in ("0.05", "0.1", "0.2"):
            values[prefix + threshold] = pck(*given, float(threshold), skeleton=skeleton)["all"]
        values[prefix + "AUC"] = pck_auc(*given, skeleton=skeleton)["all"]
    return values


def gathered(out: Path) -> Table:
    """All finished cells under a study's folder."""
    table: Table = {}
    for cell in sorted(out.glob("seed*/cells/*/seed*")):
        if folders.is_finished(cell):
            table.setdefault(cell.parent.name, {})[int(cell.name[4:])] = figures(cell)
    return table


def print_levels(table: Table, figures: Sequence[str] = FIGURES) -> None:
    print(f"\n| PCK | {' | '.join(figures)} | seeds |\n|---|{'---|' * len(figures)}---|")
    for arm, seeds in table.items():
        means = [np.mean([values[name] for values in seeds.values()]) for name in figures]
        print(f"| {arm} | {' | '.join(f'{mean:.1f}' for mean in means)} | {len(seeds)} |")


def print_differences(
    table: Table, pairs: Iterable[tuple[str, str]], figures: Sequence[str] = FIGURES
) -> None:
    print(f"\n| minus | {' | '.join(figures)} | seeds |\n|---|{'---|' * len(figures)}---|")
    for one, other in pairs:
        seeds = sorted(set(table.get(one, ())) & set(table.get(other, ())))
        if not seeds:
            continue
        cells = []
        for name in figures:
            mine, theirs = ([table[arm][s][name] for s in seeds] for arm in (one, other))
            found = paired_interval(mine, theirs)
            ends = f" ({found.low:+.2f} to {found.high:+.2f})" if found.low is not None else ""
            cells.append(f"{found.mean:+.2f}{ends}")
        print(f"| {one} − {other} | {' | '.join(cells)} | {len(seeds)} |")


def print_shares(table: Table, floor: str, top: str, arms: Iterable[str]) -> None:
    """How much of the way from `floor` to `top` each arm goes."""
    for arm in arms:
        seeds = sorted(
            set(table.get(floor, ())) & set(table.get(top, ())) & set(table.get(arm, ()))
        )
        for name in FIGURES if len(seeds) > 1 else ():
            gain, gap = (
                [table[one][s][name] - table[floor][s][name] for s in seeds] for one in (arm, top)
            )
            share, half = ratio_of_sums(gain, gap)
            print(f"{arm}, {name}: {100 * share:.0f} % (± {100 * half:.0f}) from {floor} to {top}")


def _only(plan: Comparison, names: list[str] | None) -> Comparison:
    """The arms of these names and what they start from."""
    if names is None:
        return plan
    needed = {*names, *(arm.start for arm in plan.arms if arm.name in names)}
    return dataclasses.replace(plan, arms=tuple(arm for arm in plan.arms if arm.name in needed))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--target", default=None, help="address of the photographs")
    parser.add_argument("--recipe", default=None)
    parser.add_argument("--seeds", type=int, nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--precision", default=None)
    parser.add_argument("--arms", nargs="*", default=None, help="these alone; others may follow")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    progress.show()
    name, plan = STUDIES[given.study]
    changes = {"threads": given.threads, "precision": given.precision}
    for seed in () if given.table else given.seeds:
        whole = _only(plan(given.recipe or name, given.target, seed, changes), given.arms)
        folder = given.out / f"seed{seed}"
        with folders.claim(
            folder, "comparison", resume=folder.exists(), again=True,
            check=partial(check_begun, plan=whole),
        ) as claimed:  # fmt: skip
            compare(whole, claimed.folder)
    table = gathered(given.out)
    print_levels(table)
    if given.study == "adaptation":
        print_differences(table, [(arm, "source-only") for arm in ("udape", "regda", "oracle")])
        print_shares(table, "source-only", "oracle", ("udape", "regda"))
    else:
        uniform = "uniform"
        print_differences(
            table,
            [
                *((arm, uniform) for arm in ("hard-mining", "shuffled", "curriculum", "all-poses")),
                ("hard-mining", "shuffled"),
                *((method, uniform) for method in ("udape", "regda")),
                *((f"mined-{method}", "hard-mining") for method in ("udape", "regda")),
                *(
                    (name.format(method), method)
                    for method in ("udape", "regda")
                    for name in ("mined-{}", "{}+hard-mining", "mined-{}+hard-mining")
                ),
            ],
        )
        print_shares(table, uniform, "all-poses", ("hard-mining", "shuffled"))


if __name__ == "__main__":
    main()
