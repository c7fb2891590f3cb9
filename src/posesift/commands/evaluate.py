"""``posesift evaluate RUN DATA``: measure a trained network on other data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from posesift import storage
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
        from posesift.experiments.run import evaluate_run
        from posesift.report.page import write_report

        storage.read_manifest(self.run_folder, "run")
        folder = storage.new_folder(self.folder("evaluate"), overwrite=self.overwrite, kind="run")
        sets = evaluate_run(
            self.run_folder,
            self.data,
            folder,
            protocol=self.protocol,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            workers=self.workers,
        )
        page = write_report(folder)
        storage.write_manifest(folder, "run", of=str(self.run_folder), data=self.data)
        entry = sets["target"]
        rows = [
            [group, *(number(entry["pck"][a][group]) for a in ("0.05", "0.1"))]
            for group in entry["pck"]["0.05"]
        ]
        text = table_text(rows, ["joints", "PCK@0.05", "PCK@0.1"])
        text += f"\nEvalPose {number(entry['evalpose_100'])}, AUC {number(entry['pck_auc'])}"
        self.finish(page, {"folder": str(folder), "sets": sets}, text)
