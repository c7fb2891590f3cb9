"""``posesift predict RUN IMAGES``: poses in pictures that nobody has labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from posesift.commands.flags import FolderFlags, saying_how_to_go_on, settings_flags, warn
from posesift.progress import say, say_json


@dataclass(kw_only=True)
@settings_flags("device", "precision", "threads")
class Predict(FolderFlags):
    """Find poses in images and videos: COCO results, CSV, Parquet, overlays, a contact sheet."""

    run_folder: Annotated[Path, tyro.conf.arg(name="run"), tyro.conf.Positional]
    """The folder that posesift train left."""
    images: Annotated[tuple[str, ...], tyro.conf.Positional]
    """A folder, images, videos, or a pattern such as 'photos/*.jpg'."""
    boxes: Path | None = None
    """File of boxes, several an image if need be: COCO, JSON or CSV (default: whole images)."""
    overlays: bool = False
    """Draw the predictions on every image, too; of a video one mp4."""
    batch_size: int = 64
    """Crops that the network takes at a time."""
    workers: int = 2
    """Threads that decode images; the result does not depend on it."""
    resume: bool = False
    """Go on with what an interrupted prediction left in --out."""

    def run(self) -> None:
        """Predict, write, and say where it is.

        Raises:
            ValueError: wrong data, or --out cannot be used; also where the result is whole but
                for images that could not be read.
        """
        from posesift.experiments.predicting import predict

        folder = self.folder("predict", self.resume)
        with saying_how_to_go_on(folder):
            facts = predict(
                self.run_folder.resolve(),
                self.images,
                folder,
                boxes=self.boxes,
                overlays=self.overlays,
                batch_size=self.batch_size,
                device=self.device or "auto",  # pyright: ignore[reportAttributeAccessIssue]
                precision=self.precision or "auto",  # pyright: ignore[reportAttributeAccessIssue]
                threads=self.threads,  # pyright: ignore[reportAttributeAccessIssue]
                workers=self.workers,
                overwrite=self.overwrite,
                resume=self.resume,
            )
        if facts["low"]:
            warn(
                f"{facts['low']} of {facts['samples']} predictions are less confident (below "
                f"{facts['low_below']:.3g}) than 99 % of those on the run's own test images: "
                "perhaps nobody is there. They are marked low"
            )
        if self.json:
            say_json({"folder": str(folder), **facts})
        else:
            for note in facts["notes"]:
                say(note)
            say(
                f"{facts['samples']} predictions on {facts['pictures']} images: "
                f"{folder / 'results.json'}"
            )
            say(f"Look at them: {folder / 'contact-sheet.jpg'}")
        if not facts["complete"]:
            problems = folder / "problems.txt"
            raise ValueError(
                f"{facts['left_out']} images or boxes are left out, {problems} names them; "
                f"everything else is in {folder}"
            )
