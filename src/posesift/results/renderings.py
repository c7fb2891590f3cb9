"""What took the place of a part of the source in a comparison's arms, and what of it was chosen by.

``comparison["renderings"]`` has a row for each such arm and seed (`schema.Rendering`).
"""

from __future__ import annotations

from typing import Any, Literal

from posesift.results import by_seed
from posesift.results.by_seed import Compared

_LACKING = {"before": "test_lacked_before", "after": "test_lack_after"}


def arms(comparison: Compared) -> list[str]:
    """Name the arms with renderings, those that look at the target first."""
    order = sorted(comparison.get("renderings") or [], key=lambda row: not row.get("looked_at"))
    return list(dict.fromkeys(row["arm"] for row in order))


def of(comparison: Compared, arm: str) -> list[dict[str, Any]]:
    """Give the rows of an arm, one a seed."""
    return [row for row in comparison["renderings"] if row["arm"] == arm]


def lacking(comparison: Compared, arm: str, when: Literal["before", "after"]) -> dict[int, float]:
    """Percent of the target's test poses that the source does not cover, by seed."""
    found = {row["seed"]: row.get(_LACKING[when]) for row in of(comparison, arm)}
    return {seed: value for seed, value in found.items() if value is not None}


def looked_at(comparison: Compared) -> list[str]:
    """Say what of the target was looked at to choose renderings, in the first seed, once each."""
    told = [
        f"{by_seed.label(comparison, row['arm'])}: {row['looked_at']}"
        for row in comparison.get("renderings") or []
        if row.get("looked_at") and row["seed"] == comparison["seeds"][0]
    ]
    return list(dict.fromkeys(told))
