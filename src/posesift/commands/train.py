"""``posesift train RECIPE``: one training, from poses to figures."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from posesift import folders
from posesift.commands.flags import (
    AimFlags,
    DeviceFlags,
    ResultFlags,
    given,
    number,
    settings_flags,
    table_text,
    warn,
)

if TYPE_CHECKING:
    from posesift.experiments.spec import Experiment

SETTINGS = (
    "method", "sampling", "sample_in", "style", "style_weights", "parity", "choose_by",
    "warmup_steps", "steps", "start_from", "weights", "network", "batchnorm", "side",
    "batch_size", "accumulate", "devices", "log_to", "scorer", "bins",
)  # fmt: skip
"""Settings with a flag."""


@dataclass(kw_only=True)
@settings_flags(*SETTINGS, before="seed", start_from="from")
class Train(ResultFlags, DeviceFlags, AimFlags):
    """Train a pose network by a recipe; every flag replaces one of the recipe's settings."""

    recipe: Annotated[str, tyro.conf.Positional]
    """What is trained on and adapted to: photos or hands (rendered, or --source, to --target),
    photos-tail (few rare poses), world-body or world-hand (built-in data alone), a task of the
    field (surreal-to-lsp, surreal-to-human36m, rhd-to-h3d, rhd-to-freihand, synthetic-to-tigdog,
    synthetic-to-animalpose), or the experiment.yaml of an earlier run."""
    seed: int | None = None
    """Redraws the world, the scorer, the initialisation and every draw (default: 0)."""
    quick: bool = False
    """Little data and few steps: to see that all is in place, not for conclusions."""
    resume: bool = False
    """Go on with the interrupted run in --out."""

    def run(self) -> None:
        """Train, evaluate, draw the page."""
        from posesift.adaptation.training.trackers import check as check_trackers
        from posesift.experiments.run import data_of, foreseen, inputs_of_run, train
        from posesift.report.page import write_report

        self.check_resume(self.resume)
        experiment = self.experiment()
        check_trackers(experiment.training.log_to)
        data = data_of(experiment)  # a mistake shows before anything is touched
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

    def _file(self) -> str | None:
        """Give the experiment.yaml that was given in place of a recipe."""
        return self.recipe if self.recipe.endswith((".yaml", ".yml")) else None

    @contextlib.contextmanager
    def _claimed(
        self, experiment: Experiment, inputs: list[str | Path | None]
    ) -> Iterator[folders.Claim]:
        """Give the folder; of several ranks the first claims it, and all fill it together."""
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
        from posesift.experiments.resolved import runtime_of

        runtime = runtime_of(experiment)
        if runtime.rank:
            try:
                runtime.barrier()
            except RuntimeError as error:
                raise ValueError(
                    "the first of these processes ended before training began; its own message "
                    "says why"
                ) from error
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
        """Give the recipe with the given flags in place of its settings."""
        from posesift.experiments.recipes import aimed, recipe
        from posesift.experiments.spec import Experiment

        if self._file():
            if self.seed is not None or self.quick:
                raise ValueError(
                    f"{self.recipe} says which seed and size it has; --seed and --quick are for "
                    "recipes"
                )
            base = Experiment.load(self.recipe)
            self._check_style(base.recipe)
        else:
            self._check_style(self.recipe)
            base = recipe(self.recipe, self.seed or 0, self.quick)
        changes = given(self, SETTINGS) | self.hardware()
        base = aimed(base, self.source, self.target, self.test, parity=bool(changes.get("parity")))
        method = changes.get("method", base.method.name)
        own = base.training.steps_of.get(method)
        if own is not None:
            changes = dict(zip(("warmup_steps", "steps"), own, strict=True)) | changes
        return base.changed(**changes)

    def _check_style(self, recipe: str) -> None:
        """Name the command that trains a style network, which once was a recipe.

        Raises:
            ValueError: ``recipe`` is the style.
        """
        if recipe != "style":
            return
        parts = ["posesift", "style", *([self.recipe] if self._file() else [])]
        named = {"source": self.source, "target": self.target, "out": self.out}
        named |= given(self, ("style_weights", "steps", "batch_size", "side"))
        for name, value in named.items():
            if value is not None:
                parts += [f"--{name.replace('_', '-')}", str(value)]
        parts += ["--parity"] if given(self, ["parity"]) else []
        raise ValueError("a style network is trained by a command of its own: " + shlex.join(parts))


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
