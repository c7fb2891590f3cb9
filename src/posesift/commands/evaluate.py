"""``posesift evaluate RUN DATA``: measure a trained network on other data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from posesift.commands.flags import DeviceFlags, ResultFlags, number, table_text


@dataclass(kw_only=True)
class Evaluate(ResultFlags, DeviceFlags):
    """Measure the network of a finished run on other data: PCK, AUC, EvalPose, by group."""

    run_folder: Annotated[Path, tyro.conf.arg(name="run"), tyro.conf.Positional]
    """The folder that posesift train left."""
    data: Annotated[str, tyro.conf.Positional]
    """Data address; its test split unless it says otherwise."""
    protocol: Literal["pooled", "reference"] = "pooled"
    """PCK over all visible joints pooled, or with the arithmetic of the public codebases."""

    def run(self) -> None:
        """Evaluate, write the folder, draw the page."""
        from posesift.experiments.run import evaluate_run, inputs_of_run, trained_run
        from posesift.report.page import write_report

        trained = trained_run(
            self.run_folder.resolve(),
            self.data,
            protocol=self.protocol,
            **self.hardware(),
        )
        inputs = inputs_of_run(trained.experiment, trained.data)
        with self.claim("evaluation", "evaluate", self.run_folder, *inputs) as claimed:
            found = evaluate_run(trained, claimed.folder, write_report)
        entry = found["sets"]["target"]
        constant = found["baselines"]["constant pose"]["target"]
        rows = [
            [
                group,
                *(number(entry["pck"][a][group]) for a in ("0.05", "0.1")),
                number(constant["pck"]["0.05"][group]),
            ]
            for group in entry["pck"]["0.05"]
        ]
        text = table_text(rows, ["joints", "PCK@0.05", "PCK@0.1", "constant pose @0.05"])
        text += "".join(
            f"\n{name} {number(entry[key])} (constant pose {number(constant[key])})"
            for name, key in (
                ("EvalPose", "evalpose_limbs"),
                ("angle error", "angle_error_deg"),
                ("AUC", "pck_auc"),
            )
        )
        sideless = entry["pck_either_side"]["0.05"]
        text += f"\nPCK@0.05 if left and right did not matter {number(sideless)}"
        self.finish(claimed.out, found, text)
