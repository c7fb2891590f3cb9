"""Flags that several commands share, spelled once; and how a command ends."""

from __future__ import annotations

import contextlib
import shlex
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from posesift import folders
from posesift.commands.ending import Ended, heard, signal_of, typed
from posesift.experiments.settings import GROUPS, PLACES
from posesift.progress import note, printable, say, say_json, tell

WEIGHTS = ("imagenet", "none")
"""Words of --weights, beside files."""


Command = TypeVar("Command", bound=type)


def settings_flags(
    *names: str, before: str | None = None, **renamed: str
) -> Callable[[Command], Command]:
    """Add a flag for each of some settings of an experiment to a command; left out, it is None.

    Type, choices and help are those of the setting. A flag that is on or off is off when left out.

    Args:
        *names: of settings, see `posesift.experiments.settings.PLACES`.
        before: the field of the command that they come before in the help; None: at the end.
        **renamed: setting to what its flag is called.
    """

    def add(command: Command) -> Command:
        own = dict(command.__annotations__)
        later = list(own)[list(own).index(before) :] if before else []
        flags = {name: own.pop(name) for name in list(own) if name not in later}
        for name in names:
            group, item = PLACES[name]
            kind = typing.get_type_hints(GROUPS[group])[item.name]
            about: dict[str, Any] = {"help": item.metadata["text"]}
            if name in renamed:
                about["name"] = renamed[name]
            flags[name] = Annotated[_flag_type(kind, item.metadata), tyro.conf.arg(**about)]
            default = False if kind is bool else () if isinstance(item.default, tuple) else None
            setattr(command, name, default)
        command.__annotations__ = flags | own
        return command

    return add


def _flag_type(kind: Any, about: Mapping[str, Any]) -> Any:
    """Give the type of a setting's flag: with its choices, and None for what is left out."""
    if kind is bool:
        return bool
    among = about.get("among")
    if about.get("path"):
        kind = Path
    elif among and not callable(among) and about.get("closed", True):
        kind = (
            tuple[Literal[tuple(among)], ...]
            if kind == tuple[str, ...]
            else (Literal[tuple(among)])
        )
    return kind if typing.get_origin(kind) is tuple else kind | None


def given(command: Any, names: Iterable[str]) -> dict[str, Any]:
    """Give the settings that flags of a command say; paths as absolute text.

    >>> given(DeviceFlags(threads=2), ("device", "threads"))  # pyright: ignore
    {'threads': 2}
    """
    found = {}
    for name in names:
        value = getattr(command, name)
        if value is None or value is False or value == ():
            continue  # 0 steps are something to say; a flag left out is not
        if name == "weights" and value not in WEIGHTS:
            value = Path(value)
        found[name] = str(value.expanduser().resolve()) if isinstance(value, Path) else value
    return found


@dataclass(kw_only=True)
class FolderFlags:
    """Where the result goes and how it is told."""

    out: Path | None = None
    """Folder for the result (default: a dated folder under runs/)."""
    overwrite: bool = False
    """Replace the result in --out by the new one, once that is complete."""
    json: bool = False
    """Print the result as JSON on the standard output, and nothing else there."""

    def check_resume(self, resume: bool) -> None:
        """Refuse flags that contradict each other, before anything in --out is touched."""
        if resume and self.out is None:
            raise ValueError("--resume needs --out: the folder to go on with")
        if resume and self.overwrite:
            raise ValueError("--resume keeps what is there and --overwrite replaces it: give one")

    def folder(self, name: str, resume: bool = False) -> Path:
        """Give --out, or a dated folder of this name under runs/, once flags go together."""
        self.check_resume(resume)
        return self.out if self.out is not None else folders.dated_folder(name)


@dataclass(kw_only=True)
class ResultFlags(FolderFlags):
    """Where the result goes and how it is shown."""

    open: bool = False
    """Open the report in a browser at the end."""

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
        out = self.folder(name, resume)
        with contextlib.ExitStack() as ends:
            if kind in folders.RESUMABLE:
                ends.enter_context(saying_how_to_go_on(out))
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
@settings_flags("device", "precision", "threads", "workers")
class DeviceFlags:
    """What the work runs on."""

    def hardware(self) -> dict[str, Any]:
        """Give those of these flags that say something."""
        return given(self, ("device", "precision", "threads", "workers"))


@dataclass(kw_only=True)
class AimFlags:
    """What a recipe is aimed at, in place of its own data."""

    source: str | None = None
    """Address of the labelled training data."""
    target: str | None = None
    """Address of the target data: its train split is adapted to (without its labels) or trains
    the oracle, its test split is the test."""
    test: str | None = None
    """Address of the test data (default: the target's test split)."""


@contextlib.contextmanager
def saying_how_to_go_on(out: Path) -> Iterator[None]:
    """Say, when the block is ended by Ctrl-C or a signal, how to go on; if there is with what."""
    try:
        yield
    except KeyboardInterrupt as stop:
        begun = folders.resumable(folders.begun_in(out))
        raise Ended(signal_of(stop), going_on(out) if begun else "") from None


def going_on(out: Path) -> str:
    """Say by which command the work on the result in ``out`` goes on after an interruption.

    >>> from posesift.commands.ending import typed
    >>> typed.set(["compare", "world-body", "--out=c", "--overwrite"]) and going_on(Path("c"))
    'posesift compare world-body --out c --resume goes on with it'
    """
    words, given_words = [], iter(typed.get())
    for word in given_words:
        if word == "--out":
            next(given_words, None)
        elif not word.startswith("--out=") and word not in ("--overwrite", "--resume"):
            words.append(word)
    again = shlex.join(["posesift", *words, "--out", str(out), "--resume"])
    return f"{again} goes on with it"


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
    """Give a figure for people; a dash where it is undefined.

    >>> number(41.234), number(None)
    ('41.2', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def warn(text: str) -> None:
    """One line of warning on the standard error."""
    tell(f"posesift: warning: {text}")
