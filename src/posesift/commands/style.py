"""``posesift style``: a style network from two sets of images, for ``--style adain``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from posesift.commands.flags import DeviceFlags, ResultFlags, given, settings_flags
from posesift.progress import say, say_json

if TYPE_CHECKING:
    from posesift.experiments.spec import Experiment

SETTINGS = ("parity", "batch_size", "side", "accumulate", "log_to")
"""Settings with a flag."""


@dataclass(kw_only=True)
@settings_flags(*SETTINGS, before="seed")
class Style(ResultFlags, DeviceFlags):
    """Train AdaIN's decoder between the looks of two sets of images; no labels are looked at."""

    experiment_file: Annotated[Path | None, tyro.conf.Positional] = None
    """The experiment.yaml of an earlier style, to train it again."""
    source: str | None = None
    """Address of the images of one domain."""
    target: str | None = None
    """Address of the images of the other domain."""
    style_weights: Path | None = None
    """The published encoder, vgg_normalised.pth or .safetensors, or the folder that it is in."""
    steps: int | None = None
    """Steps of the training (default: 20,000)."""
    seed: int | None = None
    """Redraws the decoder's first weights and every draw (default: 0)."""
    quick: bool = False
    """100 steps, for a look."""
    resume: bool = False
    """Go on with the interrupted training in --out."""

    def run(self) -> None:
        """Train the network, and draw examples."""
        from posesift.adaptation.training.trackers import check as check_trackers
        from posesift.data.inputs import inputs_of
        from posesift.experiments.train_style import opened, train_style

        self.check_resume(self.resume)
        experiment = self.experiment()
        check_trackers(experiment.training.log_to)
        source, target, encoder = opened(experiment)
        inputs = [*inputs_of(source.address, source), *inputs_of(target.address, target)]
        with self.claim(
            "style", "style", encoder, self.experiment_file, *inputs, resume=self.resume
        ) as claimed:
            train_style(experiment, claimed.folder)
        out = claimed.out
        if self.json:
            say_json({"folder": str(out)})
        else:
            say(f"Examples: {out / 'examples.jpg'}")
            say(f"Style: {out} (posesift train ... --style adain --style-weights {out})")

    def experiment(self) -> Experiment:
        """Describe the training, with the given flags in place of its settings."""
        from posesift.experiments.recipes import aimed
        from posesift.experiments.spec import Experiment
        from posesift.experiments.train_style import style_experiment

        if self.experiment_file is not None:
            if self.seed is not None or self.quick:
                raise ValueError(
                    f"{self.experiment_file} says which seed and size it has: leave out --seed "
                    "and --quick"
                )
            base = Experiment.load(self.experiment_file)
        else:
            base = style_experiment(self.seed or 0, self.quick)
        changes = given(self, (*SETTINGS, "style_weights", "steps")) | self.hardware()
        base = aimed(base, self.source, self.target, parity=bool(changes.get("parity")))
        return base.changed(**changes)
