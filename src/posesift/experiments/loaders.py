"""Batches for `training.loop.fit`: labelled ones of the source, bare ones of the target.

What a batch of a stage holds is a function of the experiment's seed, the stage and the step
alone, so a run that is resumed sees the batches it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from posesift.adaptation.training.loop import Loader
from posesift.adaptation.training.method import Batch, Stage
from posesift.data.loading import PoseDataset, begin_worker, collate
from posesift.experiments.methods import METHODS
from posesift.experiments.spec import Experiment
from posesift.poses import PoseTable
from posesift.progress import note
from posesift.results.score import Score
from posesift.sampling.sampler import StrategySampler
from posesift.sampling.strategies import Strategy, make

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

STAGES = ("warm-up", "adaptation")
LABELS = ("keypoints", "visible")
TARGET_DRAWS = 1_000_003  # added to the seed, so that the target is not drawn in step with it


def strategy(experiment: Experiment, stage: str, training: PoseTable, scored: Score) -> Strategy:
    """Give the strategy that draws the source in a stage.

    Raises:
        ValueError: the scores are those of other poses.
    """
    name = experiment.sampling.strategy_in(stage)
    if name == "uniform":
        return make("uniform", np.zeros(len(training)))
    if scored.summary["address"] != training.address:
        raise ValueError(
            f"the scores are those of {scored.summary['address']}, training is on "
            f"{training.address}"
        )
    k = int(scored.summary["bins"])
    return make(name, scored.score_N, bins=scored.bin_N, k=k, seed=experiment.seed)


def loaders(
    experiment: Experiment,
    training: PoseTable,
    target: PoseTable | None,
    drawn: dict[str, Strategy],
    runtime: Runtime,
) -> dict[str, Loader]:
    """Give the loaders of a run by domain.

    Args:
        experiment: says how large batches are, and seeds the draws.
        training: labelled poses, the domain ``"source"``.
        target: images of the target, or None for a method that does not look at them.
        drawn: what draws the source, by stage.
        runtime: each of its ranks gets its share of every batch.
    """
    found = {"source": _loader(experiment, training, drawn, runtime)}
    if target is not None:
        uniform = make("uniform", np.zeros(len(target)))
        found["target"] = _loader(
            experiment,
            target,
            dict.fromkeys(drawn, uniform),
            runtime,
            offset=TARGET_DRAWS,
            keep=_unlabelled(experiment),
        )
    return found


def check_target(experiment: Experiment, source: PoseTable, target: PoseTable) -> None:
    """Refuse a target that a method cannot adapt to, before any work is done.

    Raises:
        ValueError: it has no images; or the method's published formula uses which keypoints are
            visible, and the target has no labels or others than the source.
    """
    if not target.has_images:
        raise ValueError(
            f"the target {target.address} has poses but no images, and {needs_images(experiment)} "
            "images; add images=FOLDER to the address, or give --target images:FOLDER"
        )
    method = experiment.method.name
    if _looks_at_labels(experiment) and not target.visible_NK.any():
        raise ValueError(
            f"--parity: the published {method} weights its loss on the target by which "
            f"keypoints are labelled as visible, and {target.address} has no labels, so it would "
            "learn nothing there; leave --parity out"
        )
    if _looks_at_labels(experiment) and not target.skeleton.same_as(source.skeleton):
        raise ValueError(
            f"--parity: the published {method} reads which keypoints of the target are "
            f"visible, and {target.address} has others than {source.address}: "
            f"{source.skeleton.difference(target.skeleton)}; leave --parity out"
        )


def needs_images(experiment: Experiment) -> str:
    """Who it is that looks at images of the target, for a message."""
    if METHODS[experiment.method.name].needs_target:
        return f"{experiment.method.name} adapts to"
    return f"--choose-by {experiment.training.choose_by} looks at"


def _looks_at_labels(experiment: Experiment) -> bool:
    """Give the published RegDA weights its loss on the target by which labels are in the view."""
    return experiment.method.parity and METHODS[experiment.method.name].published_sees_labels


def _unlabelled(experiment: Experiment) -> Callable[[Batch], Batch]:
    """Take from a batch what adaptation must not see."""
    hidden = () if _looks_at_labels(experiment) else LABELS
    return lambda batch: {name: value for name, value in batch.items() if name not in hidden}


def _loader(
    experiment: Experiment,
    table: PoseTable,
    drawn: dict[str, Strategy],
    runtime: Runtime,
    *,
    offset: int = 0,
    keep: Callable[[Batch], Batch] | None = None,
) -> Loader:
    from torch.utils.data import DataLoader

    dataset = PoseDataset(table, experiment.network.side, published=experiment.method.parity)

    def load(stage: Stage, start: int) -> Iterable[Batch]:
        size = experiment.training.batch_size
        sampler = StrategySampler(
            drawn[stage.name],
            draws=stage.steps * size,
            batch_size=size,
            seed=experiment.seed * len(drawn) + list(drawn).index(stage.name) + offset,
            start=start * size,
            rank=runtime.rank,
            ranks=runtime.ranks,
        )
        if not offset:
            note(sampler.summary())
        batches = DataLoader(
            dataset,
            size // runtime.ranks,
            sampler=sampler,
            num_workers=experiment.hardware.workers,
            collate_fn=collate,
            worker_init_fn=begin_worker,
        )
        return map(keep, batches) if keep else batches

    return load
