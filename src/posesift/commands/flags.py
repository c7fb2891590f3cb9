"""Flags that several commands share, spelled once; and how a command ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from posesift import folders
from posesift.commands.ending import heard, saying
from posesift.progress import note, printable, say, say_json, tell

WEIGHTS = ("imagenet", "none")
"""Words of --weights, beside files."""


@dataclass(kw_only=True)
class ResultFlags:
    """Where the result goes and how it is shown."""

    out: Path | None = None
    """Folder for the result (default: a dated folder under runs/)."""
    overwrite: bool = False
    """Replace the result in --out by the new one, once that is complete."""
    json: bool = False
    """Print the result as JSON on the standard output, and nothing else there."""
    open: bool = False
    """Open the report in a browser at the end."""

    def check_resume(self, resume: bool) -> None:
        """Refuse flags that contradict each other, before anything in --out is touched."""
        if resume and self.out is None:
            raise ValueError("--resume needs --out: the folder to go on with")
        if resume and self.overwrite:
            raise ValueError("--resume keeps what is there and --overwrite replaces it: give one")

    @contextlib.contextmanager
    def claim(
        self,
        kind: str,
        name: str,
        *inputs: str | Path | None,
        resume: bool = False,
        again: bool = False,
        check: Callable[[Path], object] | None = None,
    ) -> Iterator[folders.Claim]:
        """Hold the output folder while the block fills it: --out, or a dated one under runs/.

        A command that knows --resume says how to go on when it is interrupted, which SIGUSR1 can
        do, too: batch systems send it before the time is up.

        Args:
            kind: of the result.
            name: of a dated folder.
            *inputs: what the work reads, which --overwrite must not remove.
            resume: go on with what is in --out.
            again: take up a finished result, too.
            check: see `posesift.folders.claim`.
        """
        self.check_resume(resume)
        out = self.out if self.out is not None else folders.dated_folder(name)
        with contextlib.ExitStack() as ends:
            if kind in folders.RESUMABLE:
                ends.enter_context(saying(going_on(out)))
                ends.enter_context(heard("SIGUSR1"))
            yield ends.enter_context(
                folders.claim(
                    out,
                    kind,
                    overwrite=self.overwrite,
                    resume=resume,
                    again=again,
                    inputs=inputs,
                    check=check,
                )
            )

    def finish(self, folder: Path, summary: dict[str, Any], text: str) -> None:
        """Print the result; the last line says where it is."""
        page = folder / "report.html"
        if self.json:
            say_json({"folder": str(folder), **summary})
            note(f"Report: {page}")
        else:
            say(text)
            say(f"Report: {page}")
        if self.open:
            show(page)


@dataclass(kw_only=True)
class DeviceFlags:
    """What the work runs on."""

    device: Literal["auto", "cpu", "cuda", "mps"] | None = None
    """Where networks run (default: auto, a GPU if there is one)."""
    precision: Literal["auto", "fp32", "bf16"] | None = None
    """Default: auto, bf16 where it is faster (posesift doctor says why), else fp32."""
    threads: int | None = None
    """CPU threads (default: PyTorch's choice)."""
    workers: int | None = None
    """Processes that read images (default: 0, the training process reads)."""


def going_on(out: Path) -> str:
    """How the work on the result in ``out`` goes on after an interruption."""
    return f"the same command with --out {out} --resume goes on with it"


def weights_given(text: str | None) -> str | None:
    """``--weights``: a word, or the absolute path of a file.

    >>> weights_given("imagenet"), weights_given(None)
    ('imagenet', None)
    """
    if text is None or text in WEIGHTS:
        return text
    return str(Path(text).expanduser().resolve())


def show(page: Path) -> None:
    """Open a page in the browser; where there is none, say so."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        warn(f"found no browser to open {page} in; open it by hand")


def table_text(rows: list[list[str]], header: list[str]) -> str:
    """Columns of text, the first flush left, the others flush right.

    >>> print(table_text([["uniform", "41.0"]], ["arm", "PCK"]))
    arm       PCK
    uniform  41.0
    """
    rows, header = [list(map(printable, row)) for row in rows], list(map(printable, header))
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
    tell(f"posesift: warning: {text}")
