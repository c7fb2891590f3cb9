"""Arms x seeds of one recipe, on one draw budget; a finished cell is never trained again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml
from torch import Tensor

from posesift import storage
from posesift.adaptation.appearance import normalise
from posesift.adaptation.runtime import Runtime
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.evaluation.baselines import reestimated_batchnorm
from posesift.experiments.findings import findings
from posesift.experiments.judge import judge, test_sets
from posesift.experiments.plan import Arm, Comparison, seeds_of
from posesift.experiments.recipes import aimed, recipe
from posesift.experiments.run import train
from posesift.experiments.score import Page, Scored, ScoreSettings, load_scored, score_poses
from posesift.experiments.spec import Experiment, read_yaml
from posesift.experiments.trained import load_method
from posesift.poses import PoseTable
from posesift.progress import note

ADABN_IMAGES = 512  # unlabelled target images that re-estimate the BatchNorm statistics


def compare(plan: Comparison, folder: Path, page: Page | None = None) -> Path:
    """Train every arm for every seed and gather what was found in ``comparison.json``.

    Per seed the world, the scorer, the initialisation, the draws and the test images are drawn
    anew. Within a seed all arms share them, and arms with the same ``start`` begin from the same
    network; so differences between them are paired.

    Args:
        plan: what is compared.
        folder: claimed with `posesift.storage.new_folder`; what an earlier, interrupted call
            left there is kept.
        page: draws the report, before the comparison counts as finished.

    Returns:
        ``folder``, finished: with ``comparison.json`` and a manifest.

    Raises:
        ValueError: the folder belongs to another plan.
    """
    folder = folder.resolve()  # cells name each other by path
    plan = _claimed(plan, folder)
    for number, seed in enumerate(plan.seeds):
        experiment = seeded(plan, seed)
        first = number == 0  # whose scores the report shows
        where = folder / ("score" if first else f"score-seed{seed}")
        scored = _scored(experiment, where, check=first)
        for arm in plan.arms:
            if seed not in seeds_of(plan, arm):
                continue
            cell = cell_folder(folder, arm.name, seed)
            if not storage.is_finished(cell):
                note(f"seed {seed}: {arm.name}")
                train(of_arm(experiment, arm, folder), cell, scored=scored)
        _baselines(plan, experiment, folder)
    storage.write_json(folder / "comparison.json", findings(plan, folder))
    if page is not None:
        page(folder)
    storage.write_manifest(folder, "comparison", recipe=plan.recipe, seeds=list(plan.seeds))
    return folder


def seeded(plan: Comparison, seed: int) -> Experiment:
    """The experiment that all arms of one seed share."""
    experiment = recipe(plan.recipe, seed, plan.quick)
    if plan.aim:
        experiment = aimed(experiment, **plan.aim)
    return dataclasses.replace(experiment, **plan.changes)


def of_arm(experiment: Experiment, arm: Arm, folder: Path) -> Experiment:
    """The experiment of one arm: method, sampling, budget, start; an oracle's labelled data."""
    changes: dict = {
        "method": arm.method,
        "sampling": arm.sampling,
        "sample_in": arm.sample_in,
        "warmup_steps": arm.warmup_steps,
        "steps": arm.steps,
        "title": f"{experiment.title}: {arm.name}",
    }
    if arm.start is not None:
        changes["start_from"] = str(cell_folder(folder, arm.start, experiment.seed))
    if arm.role == "oracle":
        assert arm.trained_on is not None
        changes |= {"method": "oracle", "target": experiment.oracles[arm.trained_on]}
    if arm.method != "udape":
        changes |= {"style": "none", "style_weights": None}  # nothing of the target is looked at
    return dataclasses.replace(experiment, **changes)


def cell_folder(folder: Path, arm: str, seed: int) -> Path:
    """The run folder of one arm and seed."""
    return folder / "cells" / arm / f"seed{seed}"


def _claimed(plan: Comparison, folder: Path) -> Comparison:
    """The plan with nothing ``auto`` left, kept in the folder.

    A folder that was begun before decides: all its cells run on one device, in one precision.

    Raises:
        ValueError: the folder was begun with another plan.
    """
    path = folder / "experiment.yaml"
    begun = read_yaml(path) if path.is_file() else None
    changes = {key: value for key, value in plan.changes.items() if value not in (None, "auto")}
    decided = dict.fromkeys(("device", "precision", "threads"))
    if begun is not None:
        decided = {key: begun["changes"].get(key) for key in decided}
    else:
        wanted = {key: changes.get(key) for key in decided}
        runtime = Runtime.resolve(
            wanted["device"] or "auto", wanted["precision"] or "auto", wanted["threads"]
        )
        decided = {key: runtime.describe()[key] for key in decided}
    plan = dataclasses.replace(plan, changes=decided | changes)
    wanted = storage.plain(dataclasses.asdict(plan))
    if begun is not None:
        for theirs, mine in ((begun, wanted), (begun["changes"], wanted["changes"])):
            for key in mine:
                if key not in ("changes", "command", "workers") and theirs.get(key) != mine[key]:
                    raise ValueError(
                        f"{folder} was begun with {key} = {theirs.get(key)}, found {mine[key]}; "
                        "give the same settings to go on, or choose another --out"
                    )
    storage.write_text(path, yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True))
    return plan


def _scored(experiment: Experiment, folder: Path, check: bool) -> Scored:
    table = read(experiment.source, default_split="train")
    if storage.is_finished(folder):
        return load_scored(folder, table)
    return score_poses(
        table, folder, dataclasses.replace(ScoreSettings.of(experiment), check=check)
    )


def _baselines(plan: Comparison, experiment: Experiment, folder: Path) -> None:
    """What comes for free, beside the arm that the others are compared with."""
    names = [arm.name for arm in plan.arms]
    reference = plan.primary[1] if plan.primary[1] in names else names[0]
    cell = cell_folder(folder, reference, experiment.seed)
    if (cell / "baselines.json").is_file():
        return
    side = experiment.side
    source = read(experiment.source, default_split="train")
    tests = test_sets(experiment.test, side, source)
    found = {
        "constant pose": storage.read_json(cell / "evaluation.json")["baselines"]["constant pose"]
    }
    if experiment.target is not None:
        runtime = Runtime.resolve(experiment.device, experiment.precision, experiment.threads)
        method = load_method(cell, runtime)
        target = read(experiment.target, default_split="train")
        target = target.select(np.arange(min(ADABN_IMAGES, len(target))))
        images = _inputs(target, side, runtime)
        method.load_network(reestimated_batchnorm(method.network, images).state_dict())
        found["BatchNorm re-estimated"] = judge(method, tests, source)["sets"]
    rows = [
        {"name": name, "seed": experiment.seed, "inductive": True, "sets": sets}
        for name, sets in found.items()
    ]
    storage.write_json(cell / "baselines.json", rows)


def _inputs(table: PoseTable, side: int, runtime: Runtime) -> Iterator[Tensor]:
    """Normalised crops on the device, labels left behind."""
    dataset = PoseDataset(table, side)
    for first in range(0, len(table), 64):
        images_B3HW = dataset.batch(range(first, min(first + 64, len(table))))["image"]
        yield normalise(images_B3HW.to(runtime.device))
