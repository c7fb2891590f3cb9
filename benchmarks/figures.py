"""What every benchmark hands over: named figures with their repeats; and how they are timed.

A benchmark is a file with a generator ``rows`` of `Figure`, whose arguments are its flags. Run
alone it prints each figure once it is measured; `python benchmarks` runs all of them.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro

FLOOR = "x"  # unit of a ratio to a floor: comparable from machine to machine


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        name: what was measured, sizes included: figures of the same name are compared.
        repeats: its value in each repeat; their median is the figure, their range its noise.
        unit: ``x`` for a ratio to a floor of the same run, else that of the values.
        most: bound from above, if there is one.
        least: bound from below, if there is one.
        beside: what else was seen, in words.
    """

    name: str
    repeats: Sequence[float]
    unit: str = FLOOR
    most: float | None = None
    least: float | None = None
    beside: str = ""

    @property
    def value(self) -> float:
        """The median of the repeats."""
        return statistics.median(self.repeats)

    @property
    def noise(self) -> float:
        """How far the repeats lie apart."""
        return max(self.repeats) - min(self.repeats)

    @property
    def missed(self) -> bool:
        """Whether a bound is not kept."""
        over = self.most is not None and self.value > self.most
        return over or (self.least is not None and self.value < self.least)

    @property
    def bound(self) -> str:
        """Its bound in words, empty without one."""
        bounds = (("at most", self.most), ("at least", self.least))
        return ", ".join(f"{word} {short(value)}" for word, value in bounds if value is not None)


def short(value: float) -> str:
    """Three significant digits, thousands apart.

    >>> short(1.2345), short(0.012345), short(123456.0)
    ('1.23', '0.0123', '123,456')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line(figure: Figure) -> str:
    """One line of the table that a benchmark prints."""
    low, high = short(min(figure.repeats)), short(max(figure.repeats))
    spread = f"({low} to {high})" if len(figure.repeats) > 1 else ""
    bound = figure.bound + (" MISSED" if figure.missed else "")
    cells = f"{figure.name:48} {short(figure.value):>9} {figure.unit:9} {spread:21} {bound:20}"
    return f"{cells} {figure.beside}".rstrip()


def main(rows: Callable[..., Iterable[Figure]], **quick: Any) -> None:
    """Be the command line of a benchmark.

    Args:
        rows: measures; its arguments are the flags.
        quick: other defaults of these with ``--quick``, which only shows that all works.
    """
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--quick", action="store_true", help="the smallest sizes")
    own.add_argument("--into", type=Path, help="a file that gets each figure as a line of JSON")
    given, flags = own.parse_known_args()
    if given.quick:
        rows = functools.partial(rows, **quick)
    about = sys.modules["__main__"].__doc__
    for figure in tyro.cli(rows, args=flags, description=about):
        print(line(figure), flush=True)
        if given.into:
            with given.into.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(figure)) + "\n")


def in_turns(
    works: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, list[float]]:
    """Seconds of each work in each round.

    The works take turns, so that what else the machine does falls on all of them, and count
    processor time, so that it falls on them lightly.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = clock()
            work()
            seconds[name].append(clock() - began)
    return seconds


def over(seconds: Sequence[float], floor: Sequence[float]) -> list[float]:
    """Ratio to the floor in each round."""
    return [mine / bare for mine, bare in zip(seconds, floor, strict=True)]


def spent(*arguments: str, threads: int = 1) -> tuple[float, float]:
    """Processor seconds and peak memory in MB of Python with these arguments.

    Raises:
        SystemExit: it ended with an error.
    """
    command, quiet = [sys.executable, *arguments], subprocess.DEVNULL
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"python {' '.join(arguments)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT / 1e6


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Result of a function that runs in a process of its own, with a memory of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def peak_mb() -> float:
    """The most memory that this process has had."""
    try:  # of this process alone: what `getrusage` says begins with the peak of the parent
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1e3
    except (FileNotFoundError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6


_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
