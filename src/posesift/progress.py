"""What a command says: lines on the terminal, and bars and notes over long work.

Every line goes out here (`say`, `say_json`, `tell`, `note`), with what would steer the terminal
written out: names and words come from data that somebody else made. Bars and notes are silent
unless a command turns them on.

Library code calls `track`, `bar` and `note` freely; a notebook or a trainer that imports
PoseSift sees nothing. Commands call `show`. On a terminal there are bars with the time left;
elsewhere (a log file, CI) a plain line at the start and at the end of long work.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 30.0
SECONDS_WORTH_A_LINE = 2.0

_shown = False
_live: Any = None  # the one rich.Progress on screen; bars nest in it


def show(on: bool = True) -> None:
    """Turn bars and notes on (commands do) or off. They go to the standard error."""
    global _shown
    _shown = on


class Bar:
    """What `bar` gives: call `advance` after each piece of work."""

    def advance(self, count: float = 1, note: str = "") -> None:
        """Say that ``count`` more pieces are done; ``note`` is shown behind the bar."""


class _Drawn(Bar):
    """A bar on a terminal."""

    def __init__(self, task: Any):
        self._task = task

    def advance(self, count: float = 1, note: str = "") -> None:
        if _live is not None:
            _live.update(self._task, advance=count, note=printable(note))


class _Lines(Bar):
    """Where there is no terminal: now and then a line with the time left."""

    def __init__(self, description: str, total: float | None):
        self._description, self._total = description, total
        self._done = 0.0
        self._began = self._said = time.monotonic()

    def advance(self, count: float = 1, note: str = "") -> None:
        self._done += count
        now = time.monotonic()
        if now - self._said < SECONDS_BETWEEN_LINES or not self._total or self._done <= 0:
            return
        self._said = now
        left = (now - self._began) * (self._total / self._done - 1)
        share = 100 * self._done / self._total
        _print_line(
            f"{self._description}: {share:.0f} %, about {left:.0f} s left; {note}".rstrip("; ")
        )

    def end(self) -> None:
        """Say how long it took, if it took long."""
        seconds = time.monotonic() - self._began
        if seconds > SECONDS_WORTH_A_LINE:
            _print_line(f"{self._description}: {seconds:.0f} s")


@contextlib.contextmanager
def bar(description: str, total: float | None = None) -> Iterator[Bar]:
    """Yield a bar over ``total`` pieces of work, gone when the block ends."""
    global _live
    if not _shown:
        yield Bar()
        return
    if not sys.stderr.isatty():
        lines = _Lines(description, total)
        yield lines
        lines.end()
        return
    outermost = _live is None
    if outermost:
        _live = _progress()
        _live.start()
    task = _live.add_task(printable(description), total=total, note="")
    try:
        yield _Drawn(task)
    finally:
        _live.remove_task(task)
        if outermost:
            _live.stop()
            _live = None


def track(
    items: Iterable[Item], description: str, total: float | None = None
) -> Generator[Item, None, None]:
    """Iterate over ``items`` under a bar; the length is taken from ``items`` when it has one."""
    if total is None and hasattr(items, "__len__"):
        total = len(items)  # pyright: ignore[reportArgumentType]
    with bar(description, total) as running:
        for item in items:
            yield item
            running.advance()


def say(text: str) -> None:
    """Lines on the standard output: the result of a command."""
    print(printable(text, keep="\n"))


def say_json(value: Any) -> None:
    """Print a value as one line of JSON on the standard output."""
    # plain ASCII; of what steers a terminal, JSON itself leaves one character as it is
    print(json.dumps(value, allow_nan=False).replace("\x7f", "\\u007f"))


def tell(text: str) -> None:
    """Lines on the standard error, above any running bar: warnings and errors."""
    _print_line(text)


def note(text: str) -> None:
    """As `tell`, where a command has turned notes on."""
    if _shown:
        tell(text)


def printable(text: str, keep: str = "") -> str:
    r"""Return the text with what would steer a terminal (names in data may hold it) written out.

    >>> print(printable("a\x1b[31m\nb"))
    a\x1b[31m\nb

    Args:
        text: anything.
        keep: characters that are meant, such as line ends.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


def _print_line(text: str) -> None:
    text = printable(text, keep="\n")
    if _live is not None:
        _live.console.print(text, highlight=False, markup=False)
    else:
        with contextlib.suppress(BrokenPipeError):  # work goes on when nobody watches any more
            print(text, file=sys.stderr, flush=True)


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
