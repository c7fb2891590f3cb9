"""What limits UDAPE on photographs: one of its settings changed at a time, from one warm-up.

    cd benchmarks/studies
    python ablations.py runs/photos/seed10

Takes a finished seed of ``photographs.py adaptation``: every row begins from its warm-up, adapts to
the same photographs for as many steps, and is tested on the same ones. The rows explain; none of
them is chosen by what they show. The last columns say what the teacher was worth at the end, by
labels of the training photographs that no training looked at: which share of the labels that it
trusts is right (within 0.1 of the crop), and of all.

One warm-up, so the intervals are over photographs alone, paired with the recipe's row.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch

from posesift import progress
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.udape import UDAPE
from posesift.adaptation.udape.pseudo_labels import confident
from posesift.adaptation.views.augment import NONE
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.evaluation.intervals import ratio_of_sums
from posesift.evaluation.pck import hits, relative_errors
from posesift.evaluation.predict import Predictions, predict
from posesift.experiments.loaders import loaders
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import copy_network, load_method, new_method, style_of
from posesift.sampling import make

ROWS: dict[str, dict[str, Any]] = {
    "as the recipe": {},
    "style: statistics": {"style": "statistics"},
    "style: Fourier": {"style": "fourier"},
    "one mask for all joints": {"mask": "batch"},
    "a quarter of the labels kept": {"keep": 0.25},
    "all labels kept": {"keep": 1.0},
    "teacher sees the crop itself": {"teacher": NONE},
    "student sees mild views": {"student": "teacher"},
    "nothing hidden": {"occlusion_rate": 0.0},
    "pseudo-labels weigh 3": {"consistency": 3.0},
    "BatchNorm over both domains": {"domain_statistics": False},
    "twice as long": {"steps": 2},
}


def made(cell: Path, changes: dict[str, Any]) -> tuple[Experiment, UDAPE]:
    """The cell's experiment and its method, changed and begun from the same network."""
    experiment = Experiment.load(cell / "experiment.yaml")
    experiment = experiment.changed(
        style=changes.get("style", experiment.method.style),
        steps=experiment.training.steps * changes.get("steps", 1),
    )
    source = read(experiment.data.source, default_split="train")
    method = new_method(experiment, source.skeleton)
    assert isinstance(method, UDAPE), cell
    own = {key: value for key, value in changes.items() if key not in ("style", "steps")}
    if own.get("student") == "teacher":
        own["student"] = method.settings.teacher
    settings = dataclasses.replace(method.settings, **own)
    method = UDAPE(method.student, method.codec, settings, style_of(experiment))
    assert experiment.training.start_from is not None
    copy_network(Path(experiment.training.start_from), method, source.skeleton, experiment)
    return experiment, method


def trained(cell: Path, changes: dict[str, Any], runtime: Runtime) -> UDAPE:
    experiment, method = made(cell, changes)
    data = experiment.data
    assert data.target is not None
    source = read(data.source, default_split="train")
    target = read(data.target, default_split="train")
    uniform = make("uniform", np.zeros(len(source)))
    drawn = {"warm-up": uniform, "adaptation": uniform}
    fit(method, loaders(experiment, source, target, drawn, runtime), runtime, seed=experiment.seed)
    return method


def teacher(method: UDAPE, found: Predictions) -> tuple[float, float]:
    """Percent of trusted and of all predictions within 0.1 of the crop; labelled joints only."""
    trusted_NK = confident(
        torch.from_numpy(found.confidence_NK), method.settings.keep, method.settings.mask
    ).numpy()
    error_NK = np.linalg.norm(found.keypoints_NK2 - found.true_NK2, axis=-1)
    right_NK = error_NK <= 0.1 * found.side
    visible_NK = found.visible_NK
    trusted, every = right_NK[visible_NK & trusted_NK].mean(), right_NK[visible_NK].mean()
    return 100 * float(trusted), 100 * float(every)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("seed", type=Path, help="folder of a finished seed of photographs.py")
    parser.add_argument("--rows", nargs="*", default=list(ROWS), help="these alone")
    given = parser.parse_args()
    progress.show()
    (cell,) = given.seed.resolve().glob("cells/udape/seed*")
    first = Experiment.load(cell / "experiment.yaml")
    runtime = Runtime.resolve("cpu", first.hardware.precision, first.hardware.threads)
    (address,) = first.data.test.values()
    assert first.data.target is not None
    test = PoseDataset(read(address, default_split="test"), first.network.side)
    seen = PoseDataset(read(first.data.target, default_split="train"), first.network.side)
    base_N = None
    print("| UDAPE | PCK@0.05 | @0.1 | @0.1 minus the recipe | trusted right | all right |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in dict.fromkeys(("as the recipe", *given.rows)):
        method = trained(cell, ROWS[name], runtime) if ROWS[name] else load_method(cell, runtime)
        assert isinstance(method, UDAPE)
        found = predict(method, test)
        errors_NK = relative_errors(
            found.keypoints_NK2, found.true_NK2, found.visible_NK, found.side
        )
        counts = {at: hits(errors_NK, at, found.skeleton.groups["all"]) for at in (0.05, 0.1)}
        cells = [f"{100 * right.sum() / counted.sum():.1f}" for right, counted in counts.values()]
        right_N, counted_N = counts[0.1]
        base_N = right_N if base_N is None else base_N
        change, half = ratio_of_sums(right_N - base_N, counted_N)
        cells.append(f"{100 * change:+.1f} (± {100 * half:.1f})")
        cells += [f"{share:.1f}" for share in teacher(method, predict(method, seen))]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
