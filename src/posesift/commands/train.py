"""``posesift train RECIPE``: one training, from poses to figures."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from posesift import storage
from posesift.commands.flags import DeviceFlags, ResultFlags, number, table_text

if TYPE_CHECKING:
    from posesift.experiments.spec import Experiment


@dataclass(kw_only=True)
class Train(ResultFlags, DeviceFlags):
    """Train a pose network by a recipe; every flag replaces one of the recipe's settings."""

    recipe: Annotated[str, tyro.conf.Positional]
    """world-body, world-hand, photos, or the experiment.yaml of an earlier run."""
    source: str | None = None
    """Address of the labelled training data."""
    target: str | None = None
    """Address of the target data; only its train split is used in training."""
    test: str | None = None
    """Address of the test data (default: the target's test split)."""
    method: Literal["source-only", "oracle"] | None = None
    """source-only, or oracle: the same on the target's labels."""
    sampling: str | None = None
    """Sampling strategy: uniform, curriculum, hard-mining, ... and their controls."""
    sample_in: Literal["warm-up", "adaptation", "both"] | None = None
    """The stages that draw by --sampling."""
    warmup_steps: int | None = None
    """Steps of the first stage."""
    steps: int | None = None
    """Steps of the second stage."""
    start_from: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Start from the network of this finished run; skips the warm-up."""
    weights: Path | None = None
    """Backbone weights (.pth or .safetensors) from a local file."""
    network: Literal["small", "resnet18", "resnet34", "resnet50", "resnet101"] | None = None
    """The network."""
    side: int | None = None
    """Side of the square crops in pixels."""
    batch_size: int | None = None
    """Images a step."""
    scorer: Path | None = None
    """Score the source with the fit of this score folder."""
    bins: int | None = None
    """Number of difficulty bins."""
    seed: int = 0
    """Redraws the world, the scorer, the initialisation and every draw."""
    quick: bool = False
    """The recipe's small size."""
    resume: bool = False
    """Go on with the interrupted run in --out."""

    def run(self) -> None:
        """Train, evaluate, draw the page."""
        from posesift.experiments.run import train
        from posesift.report.page import write_report

        if self.resume and self.out is None:
            raise ValueError("--resume needs --out: the folder of the run to go on with")
        experiment = self.experiment()
        folder = storage.new_folder(
            self.folder(f"train-{experiment.recipe or 'own'}"),
            overwrite=self.overwrite,
            resume=self.resume,
            kind="run",
        )
        try:
            sets = train(experiment, folder)
        except KeyboardInterrupt:
            again = f"the same command with --out {folder} --resume goes on with it"
            raise KeyboardInterrupt(again) from None
        page = write_report(folder)
        storage.write_manifest(folder, "run", recipe=experiment.recipe)
        rows = [
            [
                experiment.labels.get(name, name),
                *(number(entry["pck"][a]["all"]) for a in ("0.05", "0.1")),
                number(entry["pck_auc"]),
                number(entry["evalpose_100"]),
                number(entry["angle_error_deg"]),
            ]
            for name, entry in sets.items()
        ]
        header = ["test set", "PCK@0.05", "PCK@0.1", "AUC", "EvalPose", "angle error"]
        self.finish(page, {"folder": str(folder), "sets": sets}, table_text(rows, header))

    def experiment(self) -> Experiment:
        """The recipe with the given flags in place of its settings."""
        from posesift.experiments.recipes import aimed, recipe
        from posesift.experiments.spec import Experiment

        if self.recipe.endswith((".yaml", ".yml")):
            base = Experiment.load(self.recipe)
        else:
            base = recipe(self.recipe, self.seed, self.quick)
        base = aimed(base, self.source, self.target, self.test)
        names = {item.name for item in dataclasses.fields(Experiment)}
        changes = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(self).items()
            if name in names - {"recipe", "source", "target", "test", "seed"}
            and value is not None
            and value != type(self).__dataclass_fields__[name].default
        }
        return dataclasses.replace(base, **changes)
