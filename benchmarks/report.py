"""The page over many poses: how long it takes to write, how large it is, how it feels.

    python benchmarks/report.py [--samples 20000 200000]

A painted world is scored (without the second fit that checks a score) and its page written to a
temporary folder. Where Chromium is installed it opens the page: the time from navigation until
the page is loaded and its explorer ready (the median of a few times), and from a click on a bin
until the second frame after it, which is when the new poses are on the screen.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from posesift.data.readers import read
from posesift.experiments.score import ScoreSettings, score_poses
from posesift.report.page import write_report

sys.path.insert(0, str(Path(__file__).parents[1]))  # where `tests` is
from tests.report.browser import CHROMIUM, chromium_browser, click, opened, until

GOALS = {"MB": 8.0, "opens, s": 2.0, "bin, ms": 100.0}  # over 20,000 poses
OPENED, CLICKED = 3, 12  # times
WATCH = """
document.addEventListener("pointerdown", (event) => {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    performance.measure("bin", {start: event.timeStamp, end: performance.now()});
  }));
}, true)"""
TOOK = 'performance.getEntriesByName("bin").map((entry) => entry.duration)'
READY = 'document.documentElement.dataset.explorer === "ready"'


def page_of(samples: int, folder: Path) -> tuple[Path, float, float]:
    """A page, the seconds of its scoring and those of its writing."""
    table = read(f"world:body,n={samples},seed=0")
    began = time.perf_counter()
    score_poses(table, folder, ScoreSettings(check=False))
    scored = time.perf_counter()
    return write_report(folder), scored - began, time.perf_counter() - scored


def felt(path: Path) -> tuple[float, float]:
    """Seconds until the page can be used, and milliseconds until a chosen bin is seen."""
    with chromium_browser() as browser:
        times = []
        for _ in range(OPENED):
            began = time.perf_counter()
            page = opened(browser, path)
            until(page, READY)
            times.append(time.perf_counter() - began)
        page.evaluate(WATCH)
        for turn in range(CLICKED):
            click(page, ".x-histogram", (turn * 5 % CLICKED + 0.5) / CLICKED)
        return statistics.median(times), statistics.median(page.evaluate(TOOK))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[20_000, 200_000])
    given = parser.parse_args()
    if CHROMIUM is None:
        print("no Chromium here: nothing is opened", file=sys.stderr)
    columns = ("poses", "scoring, s", "page, s", *GOALS)
    print("".join(f"{name:>12}" for name in columns))
    for samples in given.samples:
        with tempfile.TemporaryDirectory() as place:
            page, scoring, writing = page_of(samples, Path(place) / "score")
            row = [scoring, writing, page.stat().st_size / 1e6]
            row += felt(page) if CHROMIUM else [float("nan")] * 2
        print(f"{samples:12d}" + "".join(f"{value:12.2f}" for value in row), flush=True)
    print(f"{'goal':>12}{'':24}" + "".join(f"{goal:12.2f}" for goal in GOALS.values()))


if __name__ == "__main__":
    main()
