"""What the sampling changed, in plain words: never more than the interval says.

Every sentence has a version for each way the numbers can fall: an interval that includes zero is
called that, one seed is called one seed, and a control that cannot be told apart is named.
"""

from __future__ import annotations

from posesift.report import evidence
from posesift.report.blocks import Finding
from posesift.report.statement import amount, sentence
from posesift.report.wording import number, signed
from posesift.results import by_seed, endpoints
from posesift.results.by_seed import Compared

CHANGED = "What did the sampling change?"


def changed(comparison: Compared) -> Finding:
    """Say what the sampling did to the endpoint named in advance, and how sure that is."""
    row = comparison["primary"]
    shown = by_seed.endpoint(row)
    arm, against = (by_seed.label(comparison, row[key]) for key in ("arm", "against"))
    what = f"{arm} minus {against}, {row['endpoint']}"
    if shown is None:
        answer = "Not known: no seed has this endpoint for both."
        return Finding(CHANGED, answer, f"Pre-specified primary endpoint: {what}.")
    sentences = [f"Pre-specified primary endpoint: {what}."]
    if share := headroom_share(comparison):
        sentences.append(share)
    sentences += _elsewhere(comparison)
    said = evidence.statement(comparison, row)
    assert said is not None
    return Finding(CHANGED, sentence(said), " ".join(sentences))


def _elsewhere(comparison: Compared) -> list[str]:
    """Compare these arms on the whole target, and where poses are new but the look is not."""
    places = {"target": "On the whole target"}
    if grid := comparison.get("gap"):
        places[grid["sets"][1][0]] = "On target poses in the source's appearance"
    sentences = []
    for name, where in places.items():
        one, other = _pair(comparison, name)
        if found := by_seed.difference(one, other):
            sentences.append(f"{where}: {amount(found)}{_beside(comparison, name, one, other)}.")
    if grid and not _has_oracle(comparison, grid["sets"][1][0]) and len(sentences) == len(places):
        sentences.append(
            "No oracle was trained in that cell, so the pose headroom, what any choice of poses "
            "could gain there, is not known."
        )
    return sentences


def _pair(comparison: Compared, name: str) -> tuple[dict[int, float], dict[int, float]]:
    """PCK@0.05 of the two arms of the primary endpoint on a set, by seed."""
    primary = comparison["primary"]
    one, other = (
        by_seed.values(comparison, primary[key], name, "pck", "0.05", "all")
        for key in ("arm", "against")
    )
    return one, other


def _beside(comparison: Compared, name: str, one: dict[int, float], other: dict[int, float]) -> str:
    """Return the levels behind a difference, and that of the reference where it is a third arm."""
    reference = by_seed.reference(comparison)
    levels = [by_seed.spread(values.values()) for values in (one, other)]
    assert levels[0] is not None
    assert levels[1] is not None
    told = f": {number(levels[0].mean)} against {number(levels[1].mean)} %"
    third = by_seed.values(comparison, reference, name, "pck", "0.05", "all")
    if reference != comparison["primary"]["against"] and (level := by_seed.spread(third.values())):
        told += f", beside {number(level.mean)} of {by_seed.label(comparison, reference)}"
    return told


def _has_oracle(comparison: Compared, name: str) -> bool:
    return any(arm.get("trained_on") == name for arm in by_seed.arms(comparison, "oracle"))


def headroom_share(comparison: Compared) -> str:
    """Say what the sampling changes where only the poses are new, in percent of the headroom there.

    "" where the comparison has no such test set or no headroom.
    """
    headroom, square = (comparison.get(key) for key in ("headroom", "gap"))
    if not headroom or headroom.get("mean") is None or not square:
        return ""
    poses_only = square["sets"][1][0]
    gain = by_seed.difference(*_pair(comparison, poses_only))
    if gain is None:
        return ""
    where = f"Where only the poses are new it changes PCK@0.05 by {signed(gain.mean)} points"
    if headroom["mean"] <= 0:
        return (
            f"{where}; training on those very poses is no better than that "
            f"(headroom {signed(headroom['mean'])}), so no sampler had anything to gain."
        )
    share = 100 * gain.mean / headroom["mean"]
    return f"{where}, {number(share, 0)} % of the pose headroom of {number(headroom['mean'])}."


def uncredited(comparison: Compared, called: str) -> str:
    """Say what an arm cannot claim without its control."""
    label, credit = by_seed.label(comparison, called), endpoints.credit(comparison, called)
    return (
        f"No {credit.control} of {label} was run, so its gain cannot be attributed to {credit.to}."
    )
