"""``posesift export RUN``: a trained network for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from posesift.commands.flags import FolderFlags, number, settings_flags, table_text
from posesift.progress import say, say_json


@dataclass(kw_only=True)
@settings_flags("threads")
class Export(FolderFlags):
    """Write a trained network that runs without PoseSift: ONNX (fp32, int8) or PyTorch."""

    run_folder: Annotated[Path, tyro.conf.arg(name="run"), tyro.conf.Positional]
    """The folder that posesift train left."""
    to: Literal["onnx", "torch"] = "onnx"
    """onnx (needs the extra posesift[onnx]), or torch: a program, its weights, a loader."""
    preprocess: bool = False
    """The model takes uint8 RGB crops and normalises them itself."""
    decode: bool = False
    """The model gives keypoints and confidence in the place of heatmaps."""
    int8: bool = False
    """Write a second ONNX file with weights in int8, and say what that costs."""
    data: str | None = None
    """Address of labelled data to measure accuracy on (default for int8: the run's test data)."""

    def run(self) -> None:
        """Export, compare with PyTorch, and say where it is.

        Raises:
            ValueError: see `posesift.experiments.exporting.export`.
        """
        from posesift.experiments.exporting import export

        folder = self.folder("export")
        facts = export(
            self.run_folder.resolve(),
            folder,
            to=self.to,
            preprocess=self.preprocess,
            decode=self.decode,
            int8=self.int8,
            data=self.data,
            threads=self.threads,  # pyright: ignore[reportAttributeAccessIssue]
            overwrite=self.overwrite,
        )
        if self.json:
            say_json({"folder": str(folder), **facts})
            return
        opset = f", opset {facts['opset']}" if "opset" in facts else ""
        say(f"takes {facts['input']}")
        say(f"gives {facts['output']}{opset}")
        say(f"largest difference from PyTorch: {facts['largest_difference']:.1e}")
        if "pck" in facts:
            rows = [
                [name, *(number(found[a]) for a in ("0.05", "0.1"))]
                for name, found in facts["pck"].items()
            ]
            say(f"on {facts['measured_samples']} samples of {facts['measured_on']}:")
            say(table_text(rows, ["model", "PCK@0.05", "PCK@0.1"]))
        for name, size in facts["bytes"].items():
            say(f"{folder / name}: {size / 1e6:.1f} MB")
