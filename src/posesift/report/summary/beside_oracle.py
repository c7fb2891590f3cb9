"""A loss beside that of an oracle: what of it is the source's lack, and what is hard for anyone.

An arm that is worse on some poses than on others tells nothing of its training data while an
oracle, trained on the target's own labels, is as much worse on them.
"""

from __future__ import annotations

from dataclasses import dataclass

from posesift.report.wording import capitalised, number, signed
from posesift.results.by_seed import Interval

ORACLE = "an oracle trained on the target's own labels"


@dataclass(frozen=True)
class Loss:
    """How much better (or worse, negative) an arm is on some poses than on others, in points.

    Attributes:
        change: with its interval, where there is one.
        sure: the interval in words.
    """

    change: Interval
    sure: str


def verdict(who: str, where: str, own: Loss, oracle: Loss | None, lack: Loss | None) -> str:
    """Whether an arm fails somewhere for want of training data, in one or two sentences.

    Args:
        who: the arm.
        where: "on rare poses".
        own: its loss there.
        oracle: the loss of an oracle there; None without one.
        lack: points that the arm loses beyond the oracle, paired.
    """
    told = f"{capitalised(who)} is {way(own.change.mean)} {where} ({own.sure})"
    if own.change.clear is False:
        beside = f"; {ORACLE}: {way(oracle.change.mean)}" if oracle else ""
        return f"Not clearly. {told}{beside}."
    if own.change.mean >= 0:
        return f"No. {told}."
    if oracle is None or lack is None:
        return (
            f"It does worse there, but nothing tells why. {told}, and without an oracle trained on "
            "the target's labels that may be because they are hard for anyone."
        )
    same = oracle.change.mean < 0
    rest, points = lack.change, number(abs(lack.change.mean))
    beside = f"{ORACLE} is too ({number(abs(oracle.change.mean))} points)"
    if not same:
        beside = f"{ORACLE} is not ({way(oracle.change.mean)})"
    if rest.clear is None:
        if rest.mean > 0:
            return f"In one seed. {told}; {beside}, so {points} points look like the source's lack."
        return f"Not more than an oracle, in one seed. {told}; {beside}: none of it is its."
    if not rest.clear:
        return (
            f"Worse, but not clearly more so than an oracle. {told}; {beside}, which leaves "
            f"{signed(rest.mean)} points to the source's lack ({lack.sure})."
        )
    if rest.mean > 0:
        start = "Yes, in part." if same else "Yes."
        return f"{start} {told}; {beside}, so {points} points are the source's lack ({lack.sure})."
    return (
        f"Not more than an oracle. {told}; {beside}, so none of it is the source's lack: the "
        f"oracle loses {points} points more ({lack.sure})."
    )


def way(points: float) -> str:
    """A difference in words.

    >>> way(-14.91), way(0.3)
    ('14.9 points worse', '0.3 points better')
    """
    return f"{number(abs(points))} points {'worse' if points < 0 else 'better'}"
