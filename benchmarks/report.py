"""The page over many poses: how long it takes to write, how large it is, how it feels.

    python benchmarks/report.py --samples 20000 200000

A painted world is scored (without the second fit that checks a score) and its page written to a
temporary folder. Where Chromium is installed it opens the page: the time from navigation until
the page is loaded and its explorer ready, and from a click on a bin
until the second frame after it, which is when the new poses are on the screen.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, main

from posesift.data.readers import read
from posesift.experiments.score import ScoreSettings, score_poses
from posesift.report.page import write_report

sys.path.insert(0, str(Path(__file__).parents[1]))  # where `tests` is
from tests.report.browser import CHROMIUM, chromium_browser, click, opened, until

GOAL_MB, GOAL_OPEN, GOAL_BIN = 8.0, 2.0, 100.0  # over 20,000 poses; megabytes, s, ms
GOALS_OF = 20_000
OPENED, CLICKED = 3, 12  # times
WATCH = """
document.addEventListener("pointerdown", (event) => {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    performance.measure("bin", {start: event.timeStamp, end: performance.now()});
  }));
}, true)"""
TOOK = 'performance.getEntriesByName("bin").map((entry) => entry.duration)'
READY = 'document.documentElement.dataset.explorer === "ready"'
SINCE = 'performance.getEntriesByName("explorer ready")[0].startTime'  # ms since navigation


def page_of(samples: int, folder: Path) -> tuple[Path, float, float]:
    """A page, the seconds of its scoring and those of its writing."""
    table = read(f"world:body,n={samples},seed=0")
    began = time.perf_counter()
    score_poses(table, folder, ScoreSettings(check=False))
    scored = time.perf_counter()
    return write_report(folder), scored - began, time.perf_counter() - scored


def felt(path: Path) -> tuple[list[float], list[float]]:
    """Seconds until the page can be used, and milliseconds until a chosen bin is seen."""
    with chromium_browser() as browser:
        times = []
        for _ in range(OPENED):
            page = opened(browser, path)
            until(page, READY)
            times.append(page.evaluate(SINCE) / 1000)
        page.evaluate(WATCH)
        for turn in range(CLICKED):
            click(page, ".x-histogram", (turn * 5 % CLICKED + 0.5) / CLICKED)
        return times, page.evaluate(TOOK)


def rows(samples: tuple[int, ...] = (GOALS_OF, 10 * GOALS_OF)) -> Iterator[Figure]:
    """Seconds to write, size, and what a reader feels, of pages of so many poses."""
    if CHROMIUM is None:
        print("no Chromium here: nothing is opened", file=sys.stderr)
    for count in samples:
        with tempfile.TemporaryDirectory() as place:
            page, scoring, writing = page_of(count, Path(place) / "score")
            bounds = (GOAL_MB, GOAL_OPEN, GOAL_BIN) if count <= GOALS_OF else (None,) * 3
            name, scored = f"page of {count:,} poses", f"scored in {scoring:.1f} s before"
            yield Figure(f"{name}: written", [writing], "s", beside=scored)
            yield Figure(f"{name}: size", [page.stat().st_size / 1e6], "MB", most=bounds[0])
            if CHROMIUM:
                opens, clicks = felt(page)
                yield Figure(f"{name}: open and ready", opens, "s", most=bounds[1])
                yield Figure(f"{name}: a bin chosen", clicks, "ms", most=bounds[2])


if __name__ == "__main__":
    main(rows, samples=(500,))
