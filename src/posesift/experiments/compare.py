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
from posesift.adaptation.source_only import SourceOnly
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.evaluation.baselines import reestimated_batchnorm
from posesift.experiments.findings import findings
from posesift.experiments.judge import judge, judge_constant_pose
from posesift.experiments.recipes import recipe
from posesift.experiments.run import train
from posesift.experiments.score import Scored, ScoreSettings, load_scored, score_poses
from posesift.experiments.spec import Arm, Comparison, Experiment, read_yaml
from posesift.experiments.trained import load_method
from posesift.poses import PoseTable
from posesift.progress import note

ADABN_IMAGES = 512  # unlabelled target images that re-estimate the BatchNorm statistics


def compare(plan: Comparison, folder: Path) -> Path:
    """Train every arm for every seed and gather what was found in ``comparison.json``.

    Per seed the world, the scorer, the initialisation, the draws and the test images are drawn
    anew. Within a seed all arms share them, and arms with the same ``start`` begin from the same
    network; so differences between them are paired.

    Args:
        plan: what is compared.
        folder: claimed with `posesift.storage.new_folder`; what an earlier, interrupted call
            left there is kept.

    Returns:
        ``folder``, finished: with ``comparison.json`` and a manifest.

    Raises:
        ValueError: the folder belongs to another plan.
    """
    _claim(plan, folder)
    for number, seed in enumerate(plan.seeds):
        experiment = seeded(plan, seed)
        scored = _scored(experiment, folder / ("score" if number == 0 else f"score-seed{seed}"))
        for arm in plan.arms:
            if arm.role == "oracle" and seed not in plan.oracle_seeds:
                continue
            cell = cell_folder(folder, arm.name, seed)
            if not storage.is_finished(cell):
                note(f"seed {seed}: {arm.name}")
                train(of_arm(experiment, arm, folder), cell, scored=scored)
        _baselines(plan, experiment, folder)
    storage.write_json(folder / "comparison.json", findings(plan, folder))
    storage.write_manifest(folder, "comparison", recipe=plan.recipe, seeds=list(plan.seeds))
    return folder


def seeded(plan: Comparison, seed: int) -> Experiment:
    """The experiment that all arms of one seed share."""
    return dataclasses.replace(recipe(plan.recipe, seed, plan.quick), **plan.changes)


def of_arm(experiment: Experiment, arm: Arm, folder: Path) -> Experiment:
    """The experiment of one arm: its sampling, budget, start; an oracle's labelled data."""
    changes: dict = {
        "sampling": arm.sampling,
        "warmup_steps": arm.warmup_steps,
        "steps": arm.steps,
        "title": f"{experiment.title}: {arm.name}",
    }
    if arm.start is not None:
        changes["start_from"] = str(cell_folder(folder, arm.start, experiment.seed))
    if arm.role == "oracle":
        assert arm.trained_on is not None
        changes |= {"method": "oracle", "target": experiment.oracles[arm.trained_on]}
    return dataclasses.replace(experiment, **changes)


def cell_folder(folder: Path, arm: str, seed: int) -> Path:
    """The run folder of one arm and seed."""
    return folder / "cells" / arm / f"seed{seed}"


def _claim(plan: Comparison, folder: Path) -> None:
    """Keep the plan in the folder; refuse a folder that was begun with another one."""
    wanted = storage.plain(dataclasses.asdict(plan))
    path = folder / "experiment.yaml"
    if path.is_file():
        begun = read_yaml(path)
        if different := [
            key for key in wanted if begun.get(key) != wanted[key] and key != "command"
        ]:
            raise ValueError(
                f"{folder} was begun with other settings ({', '.join(different)} differ); "
                "give the same ones to go on, or choose another --out"
            )
    storage.write_text(path, yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True))


def _scored(experiment: Experiment, folder: Path) -> Scored:
    table = read(experiment.source, default_split="train")
    if storage.is_finished(folder):
        return load_scored(folder, table)
    return score_poses(table, folder, ScoreSettings.of(experiment))


def _baselines(plan: Comparison, experiment: Experiment, folder: Path) -> None:
    """What comes for free, beside the first arm: a warm-up where there is one."""
    cell = cell_folder(folder, plan.arms[0].name, experiment.seed)
    if (cell / "baselines.json").is_file():
        return
    source = read(experiment.source, default_split="train")
    test, side = experiment.test, experiment.side
    found = {"constant pose": judge_constant_pose(test, side, source)}
    if experiment.target is not None:
        method = load_method(cell)
        target = read(experiment.target, default_split="train")
        target = target.select(np.arange(min(ADABN_IMAGES, len(target))))
        method.network = reestimated_batchnorm(method.network, _inputs(target, side, method))
        found["BatchNorm re-estimated"] = judge(method, test, side, source)
    rows = [
        {"name": name, "seed": experiment.seed, "inductive": True, "sets": sets}
        for name, sets in found.items()
    ]
    storage.write_json(cell / "baselines.json", rows)


def _inputs(table: PoseTable, side: int, method: SourceOnly) -> Iterator[Tensor]:
    """Normalised crops on the method's device, labels left behind."""
    dataset = PoseDataset(table, side)
    for first in range(0, len(table), 64):
        images_B3HW = dataset.batch(range(first, min(first + 64, len(table))))["image"]
        yield normalise(images_B3HW.to(method.runtime.device))
