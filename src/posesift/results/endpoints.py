"""An endpoint by seed, and the control of a sampling strategy on it.

A control draws as unevenly as its strategy, but blindly: without it a gain says nothing about
difficulty.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared

HARDEST = "PCK@0.05 on the hardest quarter of the target"
ENDPOINTS = {
    "hardest": HARDEST,
    "target": "PCK@0.05, target",
    "target_poses": "PCK@0.05, target poses in the source's look",
}
CONTROLS = {
    "hard-mining": "shuffled",
    "curriculum": "random-pacing",
    "rendered-like-target": "rendered-at-random",
    "rendered-where-failing": "rendered-at-random",
}
"""Strategies, and what draws as unevenly without knowing which poses are hard; renderings that look
at the target, and as many that do not."""


class Credit(NamedTuple):
    """What a gain over a control may be attributed to, and the control, in words.

    Attributes:
        to: what makes the difference where the gain is clear.
        control: what the control is called.
        blindly: how it does without what the arm knows.
        unknowing: what an arm that is a control does not know.
    """

    to: str
    control: str
    blindly: str
    unknowing: str


DIFFICULTY = Credit(
    "difficulty",
    "shuffled-score control",
    "which draws as unevenly with shuffled scores",
    "which poses are hard",
)
CHOICE = Credit(
    "the choice of poses",
    "random-rendering control",
    "which has as many renderings that nothing chose",
    "which poses the source lacks",
)


def credit(comparison: Compared, called: str) -> Credit:
    """Say what a gain of an arm may be attributed to: how it draws, or what was rendered for it."""
    rendered = str(methods.arm(comparison, called).get("sampling")).startswith("rendered-")
    return CHOICE if rendered else DIFFICULTY


_NAMES = {words: name for name, words in ENDPOINTS.items()}


def figures(comparison: Compared, called: str, endpoint: str) -> dict[int, float]:
    """Return an arm's figure for an endpoint, by seed; empty for an endpoint that is not known."""
    name = _NAMES.get(endpoint)
    if name is None:
        return {}
    if name == "hardest":
        bins = by_seed.bins_by_seed(comparison, called)
        return bins[-1] if bins else {}
    return by_seed.values(comparison, called, name, "pck", "0.05", "all")


def paired(comparison: Compared, row: dict[str, Any]) -> dict[int, float]:
    """Return the differences of a stated endpoint by seed; empty where the seeds cannot be told."""
    values = row.get("values") or []
    mine, theirs = (figures(comparison, row[key], row["endpoint"]) for key in ("arm", "against"))
    seeds = [seed for seed in comparison["seeds"] if seed in mine and seed in theirs]
    if not seeds:
        one, other = (by_seed.seeds_of(comparison, row[key]) for key in ("arm", "against"))
        seeds = [seed for seed in comparison["seeds"] if seed in one and seed in other]
    return dict(zip(seeds, values, strict=True)) if len(seeds) == len(values) else {}


def stated(comparison: Compared, one: str, other: str, endpoint: str) -> dict[str, Any] | None:
    """``one`` minus ``other`` as the comparison states it, else from its cells; None without any.

    A row with ``endpoint``, ``arm``, ``against``, ``values``, ``mean``, ``low``, ``high``; ``p``
    and ``p_holm`` where the comparison holds them.
    """
    for row in (comparison["primary"], *(comparison.get("secondary") or [])):
        if (row["arm"], row["against"], row["endpoint"]) == (one, other, endpoint):
            return row if row.get("mean") is not None else None
    mine, theirs = (figures(comparison, called, endpoint) for called in (one, other))
    found = by_seed.difference(mine, theirs)
    if found is None:
        return None
    values = [
        mine[seed] - theirs[seed]
        for seed in comparison["seeds"]
        if seed in mine.keys() & theirs.keys()
    ]
    row = {"endpoint": endpoint, "arm": one, "against": other, "values": values}
    return row | {"mean": found.mean, "low": found.low, "high": found.high}


def control_of(comparison: Compared, called: str) -> str | None:
    """Return the arm that draws as ``called`` does, but blindly; None where there is none."""
    this = methods.arm(comparison, called)
    wanted = CONTROLS.get(str(this.get("sampling")))
    for arm in by_seed.arms(comparison, "arm") if wanted else ():
        alike = methods.of(arm) == methods.of(this) and all(
            arm.get(key) == this.get(key) for key in ("sample_in", "rendered", "drawn")
        )
        if alike and arm.get("sampling") == wanted:
            return arm["name"]
    return None


def beside_control(comparison: Compared, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return a row's arm minus its control on the same endpoint; None where there is no control."""
    control = control_of(comparison, row["arm"])
    if control is None or control == row["against"]:
        return None
    return stated(comparison, row["arm"], control, row["endpoint"])


def lacks_control(comparison: Compared, called: str) -> bool:
    """Whether an arm samples by difficulty, and nothing in the comparison does so blindly."""
    sampling = str(methods.arm(comparison, called).get("sampling"))
    return sampling in CONTROLS and control_of(comparison, called) is None
