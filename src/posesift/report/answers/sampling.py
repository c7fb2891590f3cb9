"""What the sampling changed, in plain words: never more than the interval says.

Every sentence has a version for each way the numbers can fall: an interval that includes zero is
called that, one seed is called one seed, and a control that cannot be told apart is named.
"""

from __future__ import annotations

from posesift.report.blocks import Finding
from posesift.report.verdicts import sure
from posesift.report.wording import between, capitalised, number, plural, signed
from posesift.results import by_seed, endpoints
from posesift.results.by_seed import Compared, Interval

CHANGED = "What did the sampling change?"


def changed(comparison: Compared) -> Finding:
    """What the sampling did to the endpoint named in advance, and how sure that is."""
    row = comparison["primary"]
    shown, values = by_seed.endpoint(row), row.get("values") or []
    arm, against = (by_seed.label(comparison, row[key]) for key in ("arm", "against"))
    what = f"{arm} minus {against}, {row['endpoint']}"
    if shown is None:
        answer = "Not known: no seed has this endpoint for both arms."
        return Finding(CHANGED, answer, f"Endpoint named in advance: {what}.")
    sentences = [f"Endpoint named in advance: {what}."]
    if share := headroom_share(comparison):
        sentences.append(share)
    sentences += _elsewhere(comparison)
    sentences += _controls(comparison, shown)
    return Finding(CHANGED, verdict(shown, arm, len(values)), " ".join(sentences))


def _elsewhere(comparison: Compared) -> list[str]:
    """The same two arms on the whole target, and where the poses are new but the look is not."""
    places = {"target": "On the whole target"}
    if grid := comparison.get("gap"):
        places[grid["sets"][1][0]] = "On target poses in the source's look"
    sentences = []
    for name, where in places.items():
        one, other = _pair(comparison, name)
        if found := by_seed.difference(one, other):
            pairs = len(one.keys() & other.keys())
            sentences.append(
                f"{where}: {signed(found.mean)} points ({sure(found, pairs)})"
                f"{_beside(comparison, name, one, other)}."
            )
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
    """The levels behind a difference, and that of the reference where it is a third arm."""
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


def verdict(shown: Interval, arm: str, seeds: int, over: str = "") -> str:
    """One sentence on a difference (``over`` another arm) that claims no more than its interval.

    >>> verdict(Interval(0.4, -0.3, 1.1), "hard mining", 3)
    'No clear change: +0.4 points, but the interval of −0.3 to +1.1 includes zero.'
    """
    if seeds == 1 or shown.clear is None:
        return (
            f"One seed: {signed(shown.mean)} points with {arm}. That is a lead, not a result; "
            "nothing here says how it would fall with another seed."
        )
    if not shown.clear:
        return (
            f"No clear change: {signed(shown.mean)} points, but the interval of "
            f"{signed(shown.low)} to {signed(shown.high)} includes zero."
        )
    verb = "gains" if shown.mean > 0 else "loses"
    pair = f"{'over' if shown.mean > 0 else 'against'} {over} " if over else ""
    return (
        f"{capitalised(arm)} {verb} {number(abs(shown.mean))} points {pair}"
        f"({between(shown.low, shown.high)}, {plural(seeds, 'seed')})."
    )


def headroom_share(comparison: Compared) -> str:
    """What the sampling changes where only the poses are new, in percent of the headroom there.

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


def _controls(comparison: Compared, shown: Interval) -> list[str]:
    """What the control of the sampling says, which draws as unevenly but blindly.

    ``shown`` is the primary endpoint. Said by the interval of the sampling minus its control.
    """
    row = endpoints.beside_control(comparison, comparison["primary"])
    apart = by_seed.endpoint(row) if row else None
    if row is None or apart is None:
        missing = endpoints.lacks_control(comparison, comparison["primary"]["arm"])
        return [uncredited(comparison, comparison["primary"]["arm"])] if missing else []
    arm, control = (by_seed.label(comparison, row[key]) for key in ("arm", "against"))
    by = f"{signed(apart.mean)} points, {sure(apart, len(row.get('values') or []))}"
    if apart.clear is None:
        return [f"{capitalised(arm)} minus its control {control}: {by}."]
    if not apart.clear:
        return [
            f"{capitalised(arm)} cannot be told apart from its control {control} ({by}), so "
            "nothing here says that difficulty makes the difference."
        ]
    if apart.mean > 0:
        return [f"{capitalised(arm)} is better than its control {control} ({by})."]
    if shown.mean > 0:
        return [
            f"The control {control} gains more ({arm} minus the control: {by}), so the gain "
            "is not due to difficulty."
        ]
    return [f"{capitalised(arm)} is worse than its control {control} ({by})."]


def uncredited(comparison: Compared, called: str) -> str:
    """What an arm that samples by difficulty cannot claim without its control."""
    label = capitalised(by_seed.label(comparison, called))
    return (
        f"{label} has no control here that draws as unevenly but blindly (shuffled), so no gain of "
        "it can be credited to difficulty."
    )
