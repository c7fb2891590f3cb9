"""What does adaptation change, and what does sampling by difficulty add to it? With controls.

    python benchmarks/studies/adaptation.py --world world-body --seeds 5 --out runs/adaptation-body

Source-only, RegDA and UDAPE, these two drawn uniformly, by hard mining, by shuffled scores and by
curriculum and random pacing, in warm-up and adaptation; an oracle. A seed redraws everything. The
seeds are fresh: `sampling_grid.py`, which chose the settings, used 0 and 1. Several hours on two
cores; `--fewer` gives the arms beside UDAPE's main ones fewer seeds. Interrupted, it goes on where
it was, and more seeds may be added. The page in `--out` holds every figure.
"""

from __future__ import annotations

import argparse
import dataclasses
from functools import partial
from pathlib import Path

from posesift import folders, progress
from posesift.experiments.arms import Comparison
from posesift.experiments.compare import check_begun, compare
from posesift.experiments.plan import plan_of
from posesift.report.page import write_report

FIRST_SEED = 10
CHOSEN = ("uniform", "hard-mining", "shuffled")
STRATEGIES = ("uniform", "hard-mining", "shuffled", "curriculum", "random-pacing")
MAIN = ("source-only", "udape", "udape+hard-mining", "udape+shuffled", "oracle")
"""Arms that every seed has; they are trained first."""


def plan(
    world: str,
    seeds: int,
    fewer: int,
    pairs: list[tuple[str, str]],
    first: int,
    threads: int | None,
) -> Comparison:
    chosen = range(first, first + seeds)
    whole = plan_of(world, pairs, chosen, "both", changes={"threads": threads})
    starts = {arm.start for arm in whole.arms if arm.name in MAIN}
    some = tuple(chosen)[:fewer] if fewer < seeds else None
    return dataclasses.replace(
        whole,
        arms=tuple(
            arm if arm.name in MAIN or arm.name in starts else dataclasses.replace(arm, seeds=some)
            for arm in whole.arms
        ),
        command=f"python benchmarks/studies/adaptation.py --world {world} --seeds {seeds}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--world", default="world-body")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--fewer", type=int, default=None, help="seeds of the other arms")
    parser.add_argument("--methods", nargs="+", default=["regda", "udape"])
    parser.add_argument("--samplings", nargs="+", default=list(STRATEGIES))
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    progress.show()
    pairs = [("source-only", "uniform")]
    pairs += [(method, name) for method in given.methods for name in given.samplings]
    fewer = given.seeds if given.fewer is None else given.fewer
    main_pairs = [(m, s) for m, s in pairs if m == "source-only" or (m == "udape" and s in CHOSEN)]
    rounds = [main_pairs, [*main_pairs, *(pair for pair in pairs if pair not in main_pairs)]]
    for some in rounds if len(main_pairs) > 1 else rounds[1:]:
        whole = plan(given.world, given.seeds, fewer, some, given.first_seed, given.threads)
        begun = given.out.exists()
        check = partial(check_begun, plan=whole)
        with folders.claim(
            given.out, "comparison", resume=begun, again=True, check=check
        ) as claimed:
            compare(whole, claimed.folder, write_report)
        print(f"Report: {given.out / 'report.html'}")


if __name__ == "__main__":
    main()
