"""The command line: ``posesift COMMAND``; a user's mistake is one message, never a trace."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any, Protocol

import posesift
from posesift import progress, spelling
from posesift.commands import COMMANDS
from posesift.commands.ending import heard, signal_of, swallowed, typed

EXIT_WRONG, EXIT_SIGNAL = 2, 128  # the latter and the number of the signal


class Command(Protocol):
    """What every command is: flags as fields, and `run`."""

    def run(self) -> None:
        """Do the work and print where the result is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: what stands behind ``posesift``; by default the process's own.

    Returns:
        0 when all was done; 2 for wrong usage or wrong data; 130 on Ctrl-C and 143 on SIGTERM,
        with what was done kept.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments in (["--version"], ["-V"]):
        progress.say(posesift.__version__)
        return 0
    progress.show(True)
    typed.set(arguments)
    if any("://" in word for word in arguments):
        from posesift.poses.store import trust

        trust(" ".join(arguments))
    try:
        with heard("SIGTERM"), warnings.catch_warnings():
            warnings.showwarning = _show_warning
            _parse(arguments).run()
        sys.stdout.flush()
    except SystemExit as stop:  # the parser's: --help, or wrong usage which it has explained
        return stop.code if isinstance(stop.code, int) else EXIT_WRONG
    except KeyboardInterrupt as stop:
        return _interrupted(stop)
    except MemoryError as error:
        progress.tell(f"posesift: not enough memory ({error}); use less data at a time")
        return EXIT_WRONG
    except Exception as error:
        if (stop := swallowed()) is not None:
            return _interrupted(stop)
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        if not isinstance(error, ValueError | OSError) or os.environ.get("POSESIFT_TRACEBACK"):
            raise
        progress.tell(f"posesift: {_in_words(error)}")
        return EXIT_WRONG
    finally:
        progress.show(False)
    return 0


def _nobody_reads() -> bool:
    """Whether the reader of the standard output has gone, as in ``posesift ... | head``.

    Another pipe that breaks, to a process that works for this one, is an error.
    """
    if not hasattr(select, "poll"):  # Windows, where no other pipe is told from this one
        return True
    output = select.poll()
    output.register(sys.stdout, 0)
    return bool(output.poll(0))


def _interrupted(stop: KeyboardInterrupt) -> int:
    """Say that the command ended before its time, and give its exit code."""
    ended = signal_of(stop)
    how = "interrupted" if ended.name == "SIGINT" else f"ended by {ended.name}"
    with contextlib.suppress(OSError):  # the terminal may be what has gone
        progress.tell(f"posesift: {how}; {str(stop) or 'nothing was left half-written'}")
    _let_go(stop)
    return EXIT_SIGNAL + ended


def _let_go(stop: BaseException | None) -> None:
    """Empty the frames that an exception keeps: loaders in them would keep their processes."""
    while stop is not None:
        traceback.clear_frames(stop.__traceback__)
        stop = stop.__context__


def _show_warning(message: Warning | str, *about: Any, **more: Any) -> None:
    """Print a warning as a line for people, without the place in the code that it comes from."""
    progress.tell(f"posesift: warning: {message}")


def _in_words(error: ValueError | OSError) -> str:
    if isinstance(error, UnicodeEncodeError):  # a file's name, of which Python kept the bytes
        return (
            f"expected names of files and folders in UTF-8, found {error.object[:300]!r}; rename it"
        )
    return str(error)


def _parse(arguments: list[str]) -> Command:
    import tyro

    from posesift.commands.help import shown

    first = arguments[0] if arguments else "--help"
    if not first.startswith("-") and first not in COMMANDS:
        raise ValueError(
            f"expected a command, found {first!r}{spelling.hint(first, COMMANDS)}; there are "
            f"{', '.join(COMMANDS)} (posesift --help says what they do)"
        )
    for word, following in itertools.pairwise(arguments):
        if ":" in word and word.endswith(",") and "=" in following:
            raise ValueError(f"an address holds no blanks: write {word}{following}")
    return tyro.extras.subcommand_cli_from_dict(
        {name: shown(command) for name, command in COMMANDS.items()},
        prog="posesift",
        description=(posesift.__doc__ or "").split("\n")[0].removeprefix("PoseSift: ").capitalize(),
        args=arguments or ["--help"],
        config=(tyro.conf.FlagCreatePairsOff,),
    )
