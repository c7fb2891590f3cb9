"""Arms x seeds of one recipe, on one draw budget; a finished cell is never trained again."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from torch import Tensor

from posesift import folders, storage
from posesift.adaptation.training.hardware import gpus
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.appearance import normalise
from posesift.data.inputs import inputs_of
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.engines import Engine, Pool
from posesift.engines.processes import processes
from posesift.evaluation.baselines import reestimated_batchnorm
from posesift.evaluation.judge import judge, test_sets
from posesift.experiments.arms import (
    Arm,
    Comparison,
    cell_folder,
    rendered_file,
    seeded,
    seeds_of,
)
from posesift.experiments.findings import findings
from posesift.experiments.methods import METHODS
from posesift.experiments.rendered_arms import check_rendering, render
from posesift.experiments.resolved import runtime_of
from posesift.experiments.run import data_of, inputs_of_run, train
from posesift.experiments.score import Page, ScoreSettings, scored
from posesift.experiments.side_by_side import side_by_side
from posesift.experiments.spec import Experiment, read_yaml
from posesift.experiments.trained import load_method, style_of
from posesift.poses import PoseTable
from posesift.poses.store import trust, trusted
from posesift.progress import note
from posesift.results.comparison import write_comparison
from posesift.results.score import Score

DECIDED = ("device", "precision", "threads")
ADABN_IMAGES = 512  # unlabelled target images that re-estimate the BatchNorm statistics


class Task(NamedTuple):
    """A piece of a comparison.

    The score of a seed; a cell; what comes for free beside it; or the renderings that take the
    place of a part of the source.
    """

    seed: int
    arm: str | None = None
    beside: bool = False
    rendering: str | None = None


def compare(
    plan: Comparison,
    folder: Path,
    page: Page | None = None,
    jobs: int | None = None,
    engine: Engine | None = None,
) -> Path:
    """Train every arm for every seed and gather what was found in ``comparison.json``.

    Per seed the world, the scorer, the initialisation, the draws and the test images are drawn
    anew. Within a seed all arms share them, and arms with the same ``start`` begin from the same
    network; so differences between them are paired.

    Args:
        plan: what is compared.
        folder: claimed with `posesift.folders.claim`; what an earlier, interrupted call
            left there is kept.
        page: draws the report, before the comparison counts as finished.
        jobs: cells that are trained at the same time, each in a process of its own, on a GPU of
            its own where there are several. They share the threads of the machine unless the plan
            says how many each has; with the same number of threads the figures do not depend on
            it. None: one, here; on a cluster as many as it has room for.
        engine: a cluster that trains the cells; None: this machine.

    Returns:
        ``folder``, finished: with ``comparison.json`` and a manifest.

    Raises:
        ValueError: the folder belongs to another plan; the cluster cannot do a task, or lost the
            process of one again and again.
    """
    folder = folder.resolve()  # cells name each other by path
    plan = _decided(plan, folder, jobs, engine)
    needs = tasks_of(plan)
    do, begin = partial(_do, plan, folder, trusted()), partial(_tell, folder)
    with _pool(plan, folder, jobs, engine) as pool:
        _keep(plan, folder)  # once a cluster has let it in
        if pool is None:
            for task in needs:  # each behind what it needs
                begin(task)
                do(task)
        else:
            side_by_side(longest_first(plan, needs), do, pool, begin)
    write_comparison(folder, findings(plan, folder))
    if page is not None:
        page(folder)
    folders.write_manifest(folder, "comparison", recipe=plan.recipe, seeds=list(plan.seeds))
    return folder


def tasks_of(plan: Comparison) -> dict[Task, set[Task]]:
    """Give what there is to do, seed by seed, with the tasks that each task needs."""
    needs: dict[Task, set[Task]] = {}
    for seed in plan.seeds:
        score = Task(seed)
        needs[score] = set()
        for arm in plan.arms:
            if seed in seeds_of(plan, arm):
                starts = {Task(seed, arm.start)} if arm.start is not None else set()
                if arm.rendering is not None:
                    render = Task(seed, rendering=arm.rendering)
                    needs[render] = set() if arm.student is None else {Task(seed, arm.student)}
                    starts.add(render)
                needs[Task(seed, arm.name)] = {score, *starts}
        free = Task(seed, _reference(plan), beside=True)
        needs[free] = {free._replace(beside=False)} & needs.keys()
    return needs


def longest_first(plan: Comparison, needs: dict[Task, set[Task]]) -> dict[Task, set[Task]]:
    """Order tasks by the work that hangs on each, its own and what must follow, the most first.

    So that at the end no long task is left alone.
    """
    ahead: dict[Task, float] = {}

    def work(task: Task) -> float:
        if task not in ahead:
            own = 1.0
            if task.arm is not None and not task.beside:
                arm = plan.arm(task.arm)
                own = arm.warmup_steps + METHODS[arm.method].cost * arm.steps
            later = [work(other) for other, needed in needs.items() if task in needed]
            ahead[task] = own + max(later, default=0.0)
        return ahead[task]

    return {task: needs[task] for task in sorted(needs, key=work, reverse=True)}


def _pool(
    plan: Comparison, folder: Path, jobs: int | None, engine: Engine | None
) -> contextlib.AbstractContextManager[Pool | None]:
    """Give what does the tasks; None: this process, one after the other."""
    on_gpu = plan.changes["device"] == "cuda"
    if engine is not None:
        return engine.tasks(folder, plan.changes["threads"] + readers(plan), int(on_gpu), jobs)
    if jobs is None or jobs == 1:
        return contextlib.nullcontext()
    return processes(jobs, gpus() if on_gpu else ())


def readers(plan: Comparison) -> int:
    """Count the processes that read images for a cell: of its source and, to adapt, its target.

    Cells of a plan are taken for alike: whichever is begun finds the cores of the largest.
    """
    sets = 2 if any(METHODS[arm.method].needs_target for arm in plan.arms) else 1
    return sets * int(plan.changes.get("workers") or 0)


def _do(plan: Comparison, folder: Path, stores: str, task: Task) -> None:
    """Do one task; what is finished stays as it is."""
    trust(stores)  # whoever gave the task was let to look at them
    experiment = seeded(plan, task.seed)
    first = task.seed == plan.seeds[0]  # whose scores the report shows
    score = folder / ("score" if first else f"score-seed{task.seed}")
    if task.rendering is not None:
        arm = next(arm for arm in plan.arms if arm.rendering == task.rendering)
        render(experiment, arm, folder)
    elif task.arm is None:
        _scored(experiment, score, check=first)
    elif task.beside:
        _baselines(cell_folder(folder, task.arm, task.seed), experiment)
    elif not folders.is_finished(cell := cell_folder(folder, task.arm, task.seed)):
        arm = plan.arm(task.arm)
        own = arm.rendering is not None and arm.drawn != "uniform"
        known = None if own else _scored(experiment, score, check=first)
        train(of_arm(experiment, arm, folder), cell, known=known)


def _tell(folder: Path, task: Task) -> None:
    """Say which cell begins, if it is not finished."""
    if task.arm is None or task.beside:
        return
    if not folders.is_finished(cell_folder(folder, task.arm, task.seed)):
        note(f"seed {task.seed}: {task.arm}")


def check(plan: Comparison) -> list[str | Path | None]:
    """Open what every method needs once, so that a mistake shows before the first write.

    Returns:
        What is read, which must not be written over.

    Raises:
        ValueError: see `posesift.experiments.run.data_of`; a style that cannot be had; see
            `posesift.experiments.rendered_arms.check_rendering`.
    """
    experiment = seeded(plan, plan.seeds[0])
    style_of(experiment)  # though no arm may look at it
    inputs: list[str | Path | None] = [experiment.method.style_weights]
    for arm in {arm.rendering: arm for arm in plan.arms if arm.rendering is not None}.values():
        check_rendering(experiment, arm)
        if experiment.data.target is not None:
            inputs += inputs_of(experiment.data.target)
    for arm in {(arm.method, arm.role, arm.trained_on): arm for arm in plan.arms}.values():
        # nobody has trained what it starts from, or rendered what it is trained on
        alone = dataclasses.replace(arm, start=None, sampling=_drawn(arm))
        if not alone.warmup_steps + alone.steps:
            continue
        one = of_arm(experiment, alone, Path())
        data = data_of(one)
        inputs += inputs_of_run(one, data)
    return inputs


def of_arm(experiment: Experiment, arm: Arm, folder: Path) -> Experiment:
    """Give the experiment of an arm: method, sampling, budget, start; an oracle's labelled data."""
    changes: dict[str, Any] = {
        "method": arm.method,
        "sampling": _drawn(arm),
        "sample_in": arm.sample_in,
        "warmup_steps": arm.warmup_steps,
        "steps": arm.steps,
        "title": f"{experiment.title}: {arm.name}",
    }
    if arm.rendering is not None:
        changes["rendered"] = str(rendered_file(folder, arm.rendering, experiment.seed))
    if arm.start is not None:
        changes["start_from"] = str(cell_folder(folder, arm.start, experiment.seed))
    if arm.role == "oracle":
        assert arm.trained_on is not None
        changes |= {"method": "oracle", "target": experiment.data.oracles[arm.trained_on]}
    if arm.role == "warm-up":
        changes["choose_by"] = "last"
    if not METHODS[arm.method].styled:
        changes |= {"style": "none", "style_weights": None}  # nothing of the target is looked at
    return experiment.changed(**changes)


def _drawn(arm: Arm) -> str:
    """Name the strategy that draws what an arm is trained on."""
    return arm.sampling if arm.rendering is None else arm.drawn


def _decided(
    plan: Comparison, folder: Path, jobs: int | None = None, engine: Engine | None = None
) -> Comparison:
    """Give the plan with nothing ``auto`` left; ``jobs`` share the threads.

    A folder that was begun before decides: all its cells run on one device, in one precision.
    On a cluster a cell has one core or, on GPUs, its share of the cores of a machine like this,
    besides those of the processes that read its images.

    Raises:
        ValueError: the folder was begun with another plan.
    """
    begun = check_begun(folder, plan)
    changes = _given(plan)
    if begun is not None:
        decided = {key: begun["changes"].get(key) for key in DECIDED}
        # the endpoint was named before anything was known, and arms that are added do not move it
        plan = dataclasses.replace(plan, primary=tuple(begun["primary"]))
    else:
        wanted = {key: changes.get(key) for key in DECIDED}
        runtime = Runtime.resolve(
            wanted["device"] or "auto", wanted["precision"] or "auto", wanted["threads"]
        )
        decided = {key: runtime.describe()[key] for key in DECIDED}
        beside, read_by = jobs or 1, 0
        if engine is not None:
            beside = len(gpus()) if decided["device"] == "cuda" else decided["threads"]
            read_by = readers(plan)
        decided["threads"] = max(1, decided["threads"] // beside - read_by)
    return dataclasses.replace(plan, changes=decided | changes)


def _keep(plan: Comparison, folder: Path) -> None:
    """Write down what the folder is begun with."""
    document = storage.plain(dataclasses.asdict(plan))
    storage.write_text(
        folder / "experiment.yaml", yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    )


def check_begun(folder: Path, plan: Comparison) -> dict[str, Any] | None:
    """Say what the folder was begun with, if it was. Seeds and arms may be added, no more.

    Raises:
        ValueError: it was begun with another plan, or holds a finished result of another kind.
    """
    if folders.is_finished(folder):
        folders.read_manifest(folder, "comparison")
    path = folder / "experiment.yaml"
    if not path.is_file():
        return None
    begun = read_yaml(path)
    defaults = {item.name: item.default for item in dataclasses.fields(Arm)}  # of older folders
    begun["arms"] = [storage.plain({**defaults, **arm}) for arm in begun["arms"]]
    wanted = storage.plain(dataclasses.asdict(dataclasses.replace(plan, changes=_given(plan))))
    asked = {key: begun["changes"].get(key) for key in DECIDED} | wanted["changes"]
    for theirs, mine in ((begun, wanted), (begun["changes"], asked)):
        for key in dict.fromkeys((*theirs, *mine)):
            if key in ("changes", "command", "workers", "primary", "title", "labels"):
                continue
            was, now = theirs.get(key), mine.get(key)
            grown = key in ("seeds", "oracle_seeds") and now[: len(was)] == was
            if key == "arms":
                key, was, now = _arms_differ(was, now)
            if was != now and not grown:
                raise ValueError(
                    f"{folder} was begun with {key} = {was}, found {now}; give the same settings "
                    "to go on (seeds and arms may be added), or choose another --out"
                )
    return begun


def _arms_differ(was: list[dict[str, Any]], now: list[dict[str, Any]]) -> tuple[str, Any, Any]:
    """Say what an arm was begun with and is not any more; arms that are new do not differ."""
    mine = {arm["name"]: arm for arm in now}
    for arm in was:
        other = mine.get(arm["name"])
        if other is None:
            return "the arm", arm["name"], "none of that name"
        for key in arm:
            began, given = arm[key], other[key]
            more = key == "seeds" and began and given and given[: len(began)] == began
            if began != given and not more:
                return f"{key} of {arm['name']}", began, given
    return "arms", None, None


def _given(plan: Comparison) -> dict[str, Any]:
    """Give the changes that say something."""
    return {key: value for key, value in plan.changes.items() if value not in (None, "auto")}


def _scored(experiment: Experiment, folder: Path, check: bool) -> Score:
    settings = dataclasses.replace(ScoreSettings.of(experiment), check=check)
    return scored(read(experiment.data.source, default_split="train"), folder, settings)


def _reference(plan: Comparison) -> str:
    """Name the arm beside which is measured what comes for free: source-only training, if it is."""
    arms = [arm for arm in plan.arms if arm.role == "arm"]
    plain = [arm.name for arm in arms if (arm.method, arm.sampling) == ("source-only", "uniform")]
    names = [name for name in (*plain, plan.primary[1]) if name in {arm.name for arm in arms}]
    return names[0] if names else plan.arms[0].name


def _baselines(cell: Path, experiment: Experiment) -> None:
    """Measure what comes for free, beside the network of a cell."""
    if (cell / "baselines.json").is_file() or not folders.is_finished(cell):
        return
    side = experiment.network.side
    source = read(experiment.data.source, default_split="train")
    tests = test_sets(experiment.data.test, side, source, published=experiment.method.parity)
    found = {
        "constant pose": storage.read_json(cell / "evaluation.json")["baselines"]["constant pose"]
    }
    if experiment.data.target is not None:
        runtime = runtime_of(experiment, alone=True)
        method = load_method(cell, runtime)
        target = read(experiment.data.target, default_split="train")
        target = target.select(np.arange(min(ADABN_IMAGES, len(target))))
        images = _inputs(target, side, runtime)
        method.load_network(reestimated_batchnorm(method.network, images).state_dict())
        found["BatchNorm re-estimated"] = judge(method, tests, source).document["sets"]
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
