"""``posesift report FOLDER``: make the page of a result again, and its figures for a paper."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from posesift import folders
from posesift.commands.flags import show
from posesift.progress import say

if TYPE_CHECKING:
    from posesift.results import Comparison, Run, Score


@dataclass(kw_only=True)
class Report:
    """Draw report.html of a score folder, a run or a comparison (again), and paper/ beside it."""

    folder: Annotated[Path, tyro.conf.Positional]
    """The folder that posesift score, train, evaluate or demo left."""
    target: str | None = None
    """Labelled poses to set beside those of a score, such as coco:ann.json (score folders only);
    the test split, where the address names none."""
    no_paper: bool = False
    """Leave out FOLDER/paper: each figure as SVG and PDF, each table as CSV and LaTeX."""
    open: bool = False
    """Open the page in a browser."""

    def run(self) -> None:
        """Draw the page and the paper's files, and name them."""
        from posesift.report import contents, page
        from posesift.report.export import export as paper

        found = self._read()
        if not os.access(self.folder, os.W_OK):
            raise ValueError(
                f"cannot write report.html into {self.folder}: it is read-only; change its rights, "
                "or copy it to a place of your own and give that"
            )
        if not self.no_paper:
            paper.check(self.folder)
        with folders.writing(self.folder):
            drawn = contents.of(found, self.target)
            if told := dict(drawn.terms).get("target"):
                told = told.replace("\u202f", ",")  # as numbers stand on a terminal
                say(f"Target: {told}")
            shown = page.save(drawn, self.folder)
            wrote = [shown.name]
            if not self.no_paper:
                made = paper.write(drawn, self.folder)
                wrote += [f"{paper.FOLDER}/{name}" for name in paper.names(made)]
                say(f"Figures and tables: {made}")
            folders.finish_with(self.folder, wrote)
        say(f"Report: {shown}")
        if self.open:
            show(shown)

    def _read(self) -> Score | Run | Comparison:
        """Say what the folder holds; half a result is named as such."""
        from posesift import results

        if not self.folder.exists() and folders.begun_in(self.folder) != self.folder:
            with folders.writing(self.folder):  # puts back what a killed --overwrite has moved
                pass
        try:
            return results.read(self.folder)
        except ValueError as error:
            if not folders.is_unfinished(self.folder):
                raise
            again = (
                "go on with the command that began it and --resume"
                if folders.resumable(self.folder)
                else "give the command that began it with --overwrite"
            )
            raise ValueError(f"{error}; the result is unfinished: {again}") from None
