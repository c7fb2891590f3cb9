"""The demo's plan: the poster's story on the built-in body world.

The poster that PoseSift grew out of sets RegDA and UDAPE, with and without a curriculum and hard
mining by difficulty, beside source-only training and an oracle; the demo does so in minutes.
"""

from __future__ import annotations

from typing import Any

from posesift.experiments.arms import Comparison
from posesift.experiments.plan import plan_of

PAIRS = (
    ("source-only", "uniform"),
    ("regda", "uniform"),
    ("udape", "uniform"),
    ("udape", "curriculum"),
    ("udape", "hard-mining"),
    ("udape", "shuffled"),  # the control: without it no gain could be credited to difficulty
)


def demo_plan(
    seeds: tuple[int, ...] = (0,),
    quick: bool = False,
    changes: dict[str, Any] | None = None,
    sample_in: str = "both",
) -> Comparison:
    """Give the arms of the poster's table, RegDA without its sampling; a control; one oracle.

    Every arm has the same number of steps, hence of draws. The oracle's budget is the sum of both
    stages.

    >>> [arm.name for arm in demo_plan().arms if arm.role == "warm-up"]
    ['warm-up', 'warm-up+curriculum', 'warm-up+hard-mining', 'warm-up+shuffled']
    >>> [arm.name for arm in demo_plan().arms if arm.role == "arm"][2:]
    ['udape', 'udape+curriculum', 'udape+hard-mining', 'udape+shuffled']
    """
    flags = "".join(
        [
            " --quick" if quick else "",
            f" --seeds {len(seeds)}" if len(seeds) != 1 else "",
            f" --sample-in {sample_in}" if sample_in != "both" else "",
        ]
    )
    return plan_of(
        "demo",
        PAIRS,
        seeds,
        sample_in,
        quick,
        changes=changes,
        command=f"posesift demo{flags}",
    )
