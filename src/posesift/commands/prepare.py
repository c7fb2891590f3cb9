"""``posesift prepare KIND RAW``: raw data become crops of one size and a pose table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from posesift.commands.flags import FolderFlags, saying_how_to_go_on, warn
from posesift.progress import say, say_json


@dataclass(kw_only=True)
class Prepare(FolderFlags):
    """Cut raw data into crops of one size: read many times faster, and small enough to carry."""

    kind: Annotated[str, tyro.conf.Positional]
    """Format of the raw data, for instance surreal or coco."""
    raw: Annotated[str, tyro.conf.Positional]
    """Where they are, with options behind commas as in an address: /d/SURREAL,split=train."""
    side: int = 256
    """Side of the crops in pixels."""
    scale: float = 1.0
    """Side of the square that is cut out, over the longer side of the sample's box."""
    every: int = 1
    """Take every n-th frame of each clip, or every n-th sample."""
    workers: int | None = None
    """Threads (default: one a core); the result does not depend on it."""
    engine: Literal["local", "ray"] = "local"
    """This process, or a cluster by Ray (RAY_ADDRESS, else this machine): the same result."""
    resume: bool = False
    """Go on with what an interrupted preparation left in --out."""

    def run(self) -> None:
        """Cut, write, and say where it is.

        Raises:
            ValueError: the data cannot be read, or --out cannot be used.
        """
        from posesift.data.address import Address, parse
        from posesift.data.prepare import prepare
        from posesift.data.readers import UNLABELLED
        from posesift.engines import started

        folder = self.folder(f"prepare-{self.kind}", self.resume)
        with saying_how_to_go_on(folder), started(self.engine) as engine:
            facts = prepare(
                parse(f"{self.kind}:{self.raw}"),
                folder,
                side=self.side,
                scale=self.scale,
                every=self.every,
                workers=self.workers,
                overwrite=self.overwrite,
                resume=self.resume,
                engine=engine,
            )
        problems = folder / "problems.txt"
        if facts["left_out"]:
            warn(f"{facts['left_out']} samples have no readable image and are left out: {problems}")
        if self.json:
            found = {"folder": str(folder), **facts}
            say_json({**found, "problems": str(problems) if problems.exists() else None})
            return
        say(f"{facts['samples']} crops of {self.side} px from {facts['address']}")
        if problems.exists():
            say(f"What was found in the raw data: {problems}")
        result = Address("poses", str(folder / "poses.parquet"))
        if self.kind in UNLABELLED:  # nothing to check, but something to adapt to
            result = Address("images", str(folder / "images"))
        say(f"Look at them: posesift check {result}")
