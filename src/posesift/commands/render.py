"""``posesift render WORLD``: images of a world as files, with labels, joint angles and cameras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from posesift.commands.ending import heard
from posesift.commands.flags import FolderFlags, saying_how_to_go_on, warn
from posesift.progress import note, say, say_json

if TYPE_CHECKING:
    from posesift.data.rendering.world_address import WorldAddress
    from posesift.data.worlds.scene import Scene


@dataclass(kw_only=True)
class Render(FolderFlags):
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
    like: str | None = None
    """Render those of many proposed samples that stand for what a target has and the source lacks:
    folder of a run (its predictions, and what it was trained on), folder of scores, or labelled
    DATA."""
    source: str | None = None
    """With --like: what is there already (default: what the run was trained on, else nothing)."""
    where_failing: bool = False
    """With --like RUN: weigh the target's poses by where the network fails."""
    format: Literal["coco", "yolo", "mmpose", "csv", "poses"] = "coco"
    """Labels as COCO keypoints, Ultralytics YOLO pose, MMPose, a CSV, or the pose table alone."""
    side: int | None = None
    """Side of the square images in px (default: the address's side, or 64)."""
    workers: int | None = None
    """Processes that render (default: one a core); the result does not depend on it."""
    resume: bool = False
    """Go on with what an interrupted rendering left in --out."""

    def run(self) -> None:
        """Render, and say where it is.

        Raises:
            ValueError: a wrong world or table, or --out cannot be used.
        """
        from posesift.data.rendering import SHEET, render

        if self.like is None and (self.source is not None or self.where_failing):
            raise ValueError("--source and --where-failing say what to choose by: give --like, too")
        if self.like is not None and self.angles is not None:
            raise ValueError("--like chooses samples and --angles gives them: give one")
        folder = self.folder("render", self.resume)
        world, scene, told = self._chosen() if self.like else (self.world, None, "")
        with saying_how_to_go_on(folder), heard("SIGUSR1"):
            facts = render(
                world,
                folder,
                n=None if scene else self.n,
                side=None if scene else self.side,
                chosen=scene,
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
        if told:
            say(told)
        if facts["lacking"]:
            say(f"{facts['angles']} lacks {', '.join(facts['lacking'])}: as the world's samples")
        say(f"Look at them: {folder / SHEET}")
        say(f"Read them as {facts['address']}")
        say(f"{facts['samples']:,} images: {folder}")

    def _chosen(self) -> tuple[WorldAddress, Scene, str]:
        """Choose samples of the world; with a sentence on what they are worth.

        Raises:
            ValueError: nothing can be chosen by --like, or more are asked for than are proposed.
        """
        from posesift.data.rendering.world_address import WorldAddress
        from posesift.experiments.renderings.chosen import PROPOSALS, chosen

        world = WorldAddress.of(self.world, n=self.n, side=self.side)
        assert self.like is not None
        note(f"choosing among {PROPOSALS:,} poses that {world.root} proposes")
        found = chosen(
            world.root, self.like, self.source, world.n, where_failing=self.where_failing
        )
        before, after = found.found.lacking_before, found.found.lacking_after
        fewer = f" (no further one of {world.n} stands for anything)" * (
            len(found.number_R) < world.n
        )
        told = (
            f"{len(found.number_R)} poses{fewer} by {found.told}: of the target {before:.0%} was "
            f"lacking, {after:.0%} is"
        )
        return world, world.scene(found.number_R), told
