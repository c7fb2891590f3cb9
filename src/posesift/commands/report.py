"""``posesift report FOLDER``: make the page of a result again, and its figures for a paper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from posesift.commands.flags import show


@dataclass(kw_only=True)
class Report:
    """Draw report.html of a score folder, a run or a comparison (again), and paper/ beside it."""

    folder: Annotated[Path, tyro.conf.Positional]
    """The folder that posesift score, train, evaluate or demo left."""
    target: str | None = None
    """Labelled poses to set beside those of a score, such as coco:ann.json (score folders only)."""
    paper: bool = True
    """Also write each figure as SVG and PDF and each table as CSV and LaTeX to FOLDER/paper."""
    open: bool = False
    """Open the page in a browser."""

    def run(self) -> None:
        """Draw the page and the paper's files, and name them."""
        from posesift.report import contents, folders, page, paper

        found = folders.read(self.folder)
        if self.paper:
            paper.check(self.folder)
        drawn = contents.of(found, self.target)
        shown = page.save(drawn, self.folder)
        if self.paper:
            print(f"Figures and tables: {paper.write(drawn, self.folder)}")
        print(f"Report: {shown}")
        if self.open:
            show(shown)
