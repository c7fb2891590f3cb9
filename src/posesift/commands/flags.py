"""Flags that several commands share, spelled once; and how a command ends."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from posesift import storage
from posesift.progress import note


@dataclass(kw_only=True)
class ResultFlags:
    """Where the result goes and how it is shown."""

    out: Path | None = None
    """Folder for the result (default: a dated folder under runs/)."""
    overwrite: bool = False
    """Replace a finished result in --out."""
    json: bool = False
    """Print the result as JSON on the standard output, and nothing else there."""
    open: bool = False
    """Open the report in a browser at the end."""

    def folder(self, name: str) -> Path:
        """The output folder: --out, or a dated one under runs/."""
        return self.out if self.out is not None else storage.dated_folder(name)

    def finish(self, page: Path, summary: dict[str, Any], text: str = "") -> None:
        """Print the result; the last line says where it is."""
        if self.json:
            print(json.dumps(summary, allow_nan=False))
            note(f"Report: {page}")
        else:
            if text:
                print(text)
            print(f"Report: {page}")
        if self.open:
            import webbrowser

            webbrowser.open(page.resolve().as_uri())


@dataclass(kw_only=True)
class DeviceFlags:
    """What the work runs on."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where networks run."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """bf16 where the hardware is fast at it, by default."""
    threads: int | None = None
    """CPU threads (default: every core)."""
    workers: int = 0
    """Processes that read images; 0 reads in the training process."""


def table_text(rows: list[list[str]], header: list[str]) -> str:
    """Columns of text, the first flush left, the others flush right.

    >>> print(table_text([["uniform", "41.0"]], ["arm", "PCK"]))
    arm       PCK
    uniform  41.0
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [header, *rows]
    )


def number(value: float | None, digits: int = 1) -> str:
    """A figure for people; a dash where it is undefined.

    >>> number(41.234), number(None)
    ('41.2', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def warn(text: str) -> None:
    """One line of warning on the standard error."""
    print(f"posesift: warning: {text}", file=sys.stderr)
