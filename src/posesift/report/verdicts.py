"""What may be said of a number: a word from a fixed list, given by printed rules.

The sentence of a claim follows from its verdict, so that it never says more than the interval.
"""

from __future__ import annotations

from dataclasses import dataclass

from posesift.report.wording import between, capitalised, number, signed
from posesift.results.by_seed import Interval

SHOWN = "shown"
WORSE = "shown to be worse"
CORRECTED = "not after correction"
UNTOLD = "not told from zero"
LEAD = "one seed: a lead"
LEVEL = 0.05

RULES = {
    SHOWN: "The 95 % interval leaves out zero; where the number is one of many that were looked "
    "at, p with Holm's correction is below 0.05 too.",
    WORSE: "The same, against what was on trial.",
    CORRECTED: "The interval alone leaves out zero, but p with Holm's correction is not below "
    "0.05: among so many numbers, one like this is to be expected.",
    UNTOLD: "The interval includes zero. That is no proof of no difference: the interval's ends "
    "say what is still possible.",
    LEAD: "Measured with one seed only: nothing says how another would fall.",
}


def of(shown: Interval, seeds: int, p_holm: float | None = None) -> str:
    """The verdict on a difference whose gain is positive.

    >>> of(Interval(1.0, 0.2, 1.8), 5), of(Interval(1.0, 0.2, 1.8), 5, 0.07)
    ('shown', 'not after correction')
    >>> of(Interval(-1.0, -1.8, -0.2), 5), of(Interval(1.0, None, None), 1)
    ('shown to be worse', 'one seed: a lead')
    """
    if seeds < 2 or shown.clear is None:
        return LEAD
    if not shown.clear:
        return UNTOLD
    if p_holm is not None and p_holm >= LEVEL:
        return CORRECTED
    return SHOWN if shown.mean > 0 else WORSE


def sentence(one: str, other: str, where: str, shown: Interval, verdict: str) -> str:
    """What is claimed of ``one`` against ``other``.

    >>> sentence("UDAPE", "Source only", "in PCK", Interval(0.4, -0.1, 0.9), UNTOLD)
    'UDAPE and Source only cannot be told apart in PCK.'
    """
    gains = shown.mean > 0
    if verdict == UNTOLD:
        text = f"{one} and {other} cannot be told apart {where}"
    elif verdict == LEAD:
        place = "ahead of" if gains else "behind" if shown.mean < 0 else "level with"
        text = f"{one} is {place} {other} {where}, in one seed"
    elif verdict == CORRECTED:
        way = "better" if gains else "worse"
        text = f"{one} looks {way} than {other} {where}, but many such numbers were looked at"
    else:
        text = f"{one} is {'better' if gains else 'worse'} than {other} {where}"
    return capitalised(f"{text}.")


def sure(shown: Interval, seeds: int) -> str:
    """How sure a difference is: its interval, and whether that includes zero."""
    if seeds == 1 or shown.low is None:
        return "one seed, no interval"
    text = between(shown.low, shown.high)
    return text if shown.clear else f"{text}, includes zero"


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
