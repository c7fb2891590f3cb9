"""``posesift report FOLDER``: make the page of a result again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from posesift.commands.flags import show


@dataclass(kw_only=True)
class Report:
    """Draw report.html of a score folder, a run or a comparison (again)."""

    folder: Annotated[Path, tyro.conf.Positional]
    """The folder that posesift score, train, evaluate or demo left."""
    open: bool = False
    """Open the page in a browser."""

    def run(self) -> None:
        """Draw the page and name it."""
        from posesift.report.page import write_report

        page = write_report(self.folder)
        print(f"Report: {page}")
        if self.open:
            show(page)
