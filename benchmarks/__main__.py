"""All benchmarks as one command: a table of figures, and which of them moved since they were kept.

    python benchmarks                    # all, about 15 minutes on two idle cores
    python benchmarks --only loading steps
    python benchmarks --resume           # goes on where an interrupted run ended
    python benchmarks --resume --keep    # what was measured is what later runs are compared with

Each figure is written to ``runs/bench`` the moment it is measured. Those to compare with are the
table in docs/performance.md, with the machine and the date. A figure moved when it differs by more
than the repeats of either measurement lie apart; those that are no ratios are compared on the same
machine only.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from figures import FLOOR, Figure, short

from posesift.adaptation.training.hardware import device_name

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / "docs" / "performance.md"
MEASURED = HERE.parent / "runs" / "bench"
BEGIN, END = "<!-- make bench -->\n", "<!-- end of make bench -->\n"
COLUMNS = ("benchmark", "figure", "value", "repeats", "unit", "bound", "kept on")
MACHINE = f"{device_name(torch.device('cpu'))}, {os.cpu_count()} cores"
Key = tuple[str, str]
"""Benchmark and name of a figure."""


@dataclass(frozen=True)
class Kept:
    """A row of the table in docs/performance.md."""

    value: float
    low: float
    high: float
    row: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    known = sorted(path.stem for path in HERE.glob("*.py") if "\ndef rows(" in path.read_text())
    parser.add_argument("--only", nargs="+", choices=known, default=known, metavar="NAME")
    parser.add_argument(
        "--quick", action="store_true", help="the smallest sizes, to see that all works"
    )
    parser.add_argument(
        "--resume", action="store_true", help="measure only what has not been measured"
    )
    parser.add_argument(
        "--keep", action="store_true", help="write the table of docs/performance.md"
    )
    given = parser.parse_args()
    if given.quick and given.keep:
        parser.error("the smallest sizes are too noisy to be kept; leave out --quick or --keep")
    folder = MEASURED / ("quick" if given.quick else "full")
    folder.mkdir(parents=True, exist_ok=True)
    broken = []
    try:
        broken += [n for n in given.only if not measure(n, folder, given.quick, given.resume)]
    except KeyboardInterrupt:
        print("\ninterrupted; --resume goes on from here")
        broken.append("the rest")
    found = {(name, figure.name): figure for name in given.only for figure in read(folder, name)}
    machine, kept = read_kept(KEPT.read_text(encoding="utf-8"))
    if given.quick:
        print(f"{len(found)} figures, of sizes too small to judge by")
    else:
        print(compared(found, kept, same_machine=machine == MACHINE))
    if given.keep:
        keep(found, kept if machine == MACHINE else {})
    if broken:
        sys.exit(f"not measured to the end: {', '.join(broken)}")


def measure(name: str, folder: Path, quick: bool, resume: bool) -> bool:
    """Run one benchmark unless that was done; say whether it came to its end."""
    done, begun = folder / f"{name}.jsonl", folder / f"{name}.begun.jsonl"
    if resume and done.exists():
        return True
    for path in (done, begun):
        path.unlink(missing_ok=True)
    print(f"== {name}", flush=True)
    command = [sys.executable, str(HERE / f"{name}.py"), "--into", str(begun), *["--quick"] * quick]
    if subprocess.run(command, check=False).returncode:
        return False
    begun.rename(done)
    return True


def read(folder: Path, name: str) -> list[Figure]:
    """Read what was measured of a benchmark, also where it was interrupted."""
    for path in (folder / f"{name}.jsonl", folder / f"{name}.begun.jsonl"):
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            return [Figure(**json.loads(text)) for text in lines]
    return []


def read_kept(page: str) -> tuple[str, dict[Key, Kept]]:
    """Read the machine and the rows of the table in docs/performance.md."""
    machine, _, table = page.partition(BEGIN)[2].partition(END)[0].strip().partition("\n")
    kept = {}
    for row in table.strip().splitlines()[2:]:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        value, *ends = (
            float(text.replace(",", "")) for text in (cells[2], *cells[3].split(" to "))
        )
        kept[cells[0], cells[1]] = Kept(value, ends[0], ends[-1], row)
    return machine.removeprefix("Machine: ").removesuffix("."), kept


def compared(found: dict[Key, Figure], kept: dict[Key, Kept], *, same_machine: bool) -> str:
    """Say which figures moved, and which miss their bound."""
    said, looked_at = [], 0
    for (benchmark, name), figure in found.items():
        if figure.missed:
            said.append(f"missed: {benchmark}, {name}: {short(figure.value)}, {figure.bound}")
        before = kept.get((benchmark, name))
        if before is None or not (same_machine or figure.unit == FLOOR):
            continue
        looked_at += 1
        moved = abs(figure.value - before.value)
        noise = max(figure.noise, before.high - before.low)
        if moved > noise and short(figure.value) != short(before.value):
            said.append(
                f"moved: {benchmark}, {name}: {short(before.value)} -> {short(figure.value)} "
                f"{figure.unit} (noise {short(noise)})"
            )
    new = len(found) - looked_at
    said.append(f"{looked_at} figures compared with kept ones, {new} without one to compare with")
    return "\n".join(said)


def keep(found: dict[Key, Figure], kept: dict[Key, Kept]) -> None:
    """Put what was found into the table of docs/performance.md, in the place of its rows."""
    today = datetime.date.today().isoformat()
    rows = {key: before.row for key, before in kept.items()}
    for (benchmark, name), figure in found.items():
        ends = f"{short(min(figure.repeats))} to {short(max(figure.repeats))}"
        bound = figure.bound + (", missed" if figure.missed else "")
        cells = (benchmark, name, short(figure.value), ends, figure.unit, bound, today)
        rows[benchmark, name] = f"| {' | '.join(cells)} |"
    head = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"
    table = "\n".join([head, *(rows[key] for key in sorted(rows, key=lambda key: key[0]))])
    before, _, rest = KEPT.read_text(encoding="utf-8").partition(BEGIN)
    text = f"{before}{BEGIN}Machine: {MACHINE}.\n\n{table}\n{END}{rest.partition(END)[2]}"
    KEPT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
