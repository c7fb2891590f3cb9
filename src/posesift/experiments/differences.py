"""Differences between the arms of a comparison, paired over seeds, with intervals.

Arms of one seed share the world, the draws of the test set and their initial network, so what is
compared is compared within a seed.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from posesift.evaluation.intervals import holm, mean_interval, paired_interval, ratio_of_sums
from posesift.experiments.arms import Arm, Comparison, against
from posesift.results.endpoints import CONTROLS, ENDPOINTS

Cells = list[dict[str, Any]]


def figure(cells: Cells, arm: str, seed: int, name: str) -> float | None:
    """One figure of one cell: ``"hardest"``, or a test set's name for its PCK@0.05."""
    for cell in cells:
        if cell["arm"] == arm and cell["seed"] == seed:
            if name == "hardest":
                bins = cell["sets"]["target"]["by_bin"]
                return bins[-1]["pck"] if bins else None
            return cell["sets"][name]["pck"]["0.05"]["all"] if name in cell["sets"] else None
    return None


def differences(plan: Comparison, cells: Cells) -> dict[str, Any]:
    """Give the ``primary`` endpoint, and all others as ``secondary``, with Holm's correction.

    The primary endpoint is hard mining against uniform draws, on the hardest quarter; where no
    strategy is compared, the method against its reference on the whole target. A strategy whose
    control was trained too is also set against that, on the hardest quarter.
    """
    one, other = plan.primary
    names = [arm.name for arm in plan.arms]
    sampled = one in names and other in names and plan.arm(one).sampling != plan.arm(other).sampling
    chosen = "hardest" if sampled else "target"
    primary = _difference(plan, cells, one, other, chosen)
    rows = []
    for name in ENDPOINTS:
        for arm in plan.arms:
            reference = against(plan, arm) or _common(plan, arm.name)
            if reference and (name, arm.name, reference) != (chosen, one, other):
                rows.append(_difference(plan, cells, arm.name, reference, name))
    for arm in plan.arms:
        control = _control(plan, arm)
        if control and ("hardest", arm.name, control) != (chosen, one, other):
            rows.append(_difference(plan, cells, arm.name, control, "hardest"))
    rows = [row for row in rows if row["values"]]
    for row, corrected in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = corrected
    return {"primary": primary, "secondary": rows}


def gap_closed(plan: Comparison, cells: Cells) -> list[dict[str, Any]]:
    """How much of the way from source-only to the oracle each arm goes, in percent, on the target.

    The mean is the mean gain over the mean gap, which one seed with a small gap cannot blow up;
    its interval is that of a ratio of paired sums, linearised (Cochran, "Sampling Techniques",
    6.4), over the seeds that have an oracle. ``values`` are each seed's own.
    """
    floor = next((a.name for a in plan.arms if _is_floor(a)), None)
    top = next((a.name for a in plan.arms if a.role == "oracle" and a.trained_on == "target"), None)
    found = []
    for arm in plan.arms:
        if floor is None or top is None or arm.role != "arm" or arm.name == floor:
            continue
        triples = [
            [figure(cells, name, seed, "target") for name in (floor, arm.name, top)]
            for seed in plan.seeds
        ]
        known = [(mine - low, best - low) for low, mine, best in triples
                 if low is not None and mine is not None and best is not None]  # fmt: skip
        if known and sum(gap for _, gap in known) > 0:
            mean, low, high = _share(*zip(*known, strict=True))
            values = [100 * gain / gap if gap > 0 else None for gain, gap in known]
            found.append(
                {"arm": arm.name, "mean": mean, "low": low, "high": high, "values": values}
            )
    return found


def headroom(plan: Comparison, cells: Cells) -> dict[str, Any] | None:
    """H = oracle of (target poses, source look) - uniform arm, both tested there."""
    oracle = next((arm.name for arm in plan.arms if arm.trained_on == "target_poses"), None)
    if oracle is None:
        return None
    uniform = plan.primary[1]
    values = [
        best - usual
        for seed in plan.seeds
        if (best := figure(cells, oracle, seed, "target_poses")) is not None
        and (usual := figure(cells, uniform, seed, "target_poses")) is not None
    ]
    return mean_interval(values)._asdict() | {"values": values} if values else None


def _is_floor(arm: Any) -> bool:
    return (arm.role, arm.method, arm.sampling) == ("arm", "source-only", "uniform")


def _control(plan: Comparison, arm: Arm) -> str | None:
    """Find the arm that draws as unevenly as ``arm`` in the same stages, but blindly."""
    wanted = dataclasses.replace(arm, sampling=CONTROLS.get(arm.sampling, ""))
    alike = ("role", "method", "sample_in", "rendered", "drawn", "sampling")
    for other in plan.arms:
        if all(getattr(other, name) == getattr(wanted, name) for name in alike):
            return other.name
    return None


def _common(plan: Comparison, name: str) -> str | None:
    """Give the primary endpoint's reference, for an arm that has none of its own."""
    one, other = plan.primary
    return other if name == one and name != other else None


def _difference(plan: Comparison, cells: Cells, one: str, other: str, name: str) -> dict[str, Any]:
    """Arm ``one`` minus arm ``other``, paired over seeds."""
    pairs = [(figure(cells, one, s, name), figure(cells, other, s, name)) for s in plan.seeds]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    row: dict[str, Any] = {"endpoint": ENDPOINTS[name], "arm": one, "against": other}
    if not known:
        nothing = dict.fromkeys(("mean", "low", "high", "half_width", "p"))
        return row | {"values": []} | nothing
    found = paired_interval([a for a, _ in known], [b for _, b in known])
    return row | {"values": [a - b for a, b in known]} | found._asdict()


def _share(
    gain: tuple[float, ...], gap: tuple[float, ...]
) -> tuple[float, float | None, float | None]:
    """Sum of gains over sum of gaps in percent, with the interval over seeds.

    >>> _share((5.0,), (10.0,))
    (50.0, None, None)
    """
    if len(gap) < 2:
        return 100 * sum(gain) / sum(gap), None, None
    share, half = ratio_of_sums(gain, gap)
    return 100 * share, 100 * (share - half), 100 * (share + half)
