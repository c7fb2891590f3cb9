"""``posesift render WORLD``: images of a world as files, with labels, joint angles and cameras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from posesift import folders
from posesift.commands.ending import heard
from posesift.commands.flags import saying_how_to_go_on, warn
from posesift.progress import say, say_json


@dataclass(kw_only=True)
class Render:
    """Render people or hands: images, COCO, a pose table, 3-D joint angles and cameras."""

    world: Annotated[str, tyro.conf.Positional]
    """The world, such as world:body or world:hand,poses=target,look=photo,seed=3."""
    n: int | None = None
    """How many images (default: the address's n, or 2000)."""
    angles: Path | None = None
    """Table of joint angles to render, Parquet or CSV, as an earlier rendering left it; cameras,
    builds and clothes that it lacks are those of the world's samples."""
    strict_limits: bool = False
    """Refuse angles of that table that joints cannot do (default: they are cut off and counted)."""
    format: Literal["coco", "yolo", "mmpose", "csv", "poses"] = "coco"
    """Labels as COCO keypoints, Ultralytics YOLO pose, MMPose, a CSV, or the pose table alone."""
    side: int | None = None
    """Side of the square images in px (default: the address's side, or 64)."""
    workers: int | None = None
    """Processes that paint (default: one a core); the result does not depend on it."""
    out: Path | None = None
    """Folder for the result (default: a dated folder under runs/)."""
    overwrite: bool = False
    """Replace the result in --out by the new one, once that is complete."""
    resume: bool = False
    """Go on with what an interrupted rendering left in --out."""
    json: bool = False
    """Print the result as JSON on the standard output, and nothing else there."""

    def run(self) -> None:
        """Render, and say where it is.

        Raises:
            ValueError: a wrong world or table, or --out cannot be used.
        """
        from posesift.data.rendering import SHEET, render

        if self.resume and self.out is None:
            raise ValueError("--resume needs --out: the folder to go on with")
        folder = self.out or folders.dated_folder("render")
        with saying_how_to_go_on(folder), heard("SIGUSR1"):
            facts = render(
                self.world,
                folder,
                n=self.n,
                side=self.side,
                angles=self.angles,
                strict_limits=self.strict_limits,
                form=self.format,
                workers=self.workers,
                overwrite=self.overwrite,
                resume=self.resume,
            )
        if facts["clipped"]:
            warn(
                f"{facts['clipped']} angles in {facts['clipped_rows']} of {facts['samples']} rows "
                f"of {facts['angles']} are beyond what joints can do, and were cut off there "
                "(--strict-limits refuses them)"
            )
        if self.json:
            say_json({"folder": str(folder), **facts})
            return
        if facts["lacking"]:
            say(f"{facts['angles']} lacks {', '.join(facts['lacking'])}: as the world's samples")
        say(f"Look at them: {folder / SHEET}")
        say(f"Read them as {facts['address']}")
        say(f"{facts['samples']:,} images: {folder}")
