"""What may be said of a number: a word from a fixed list, given by printed rules.

The sentence of a claim follows from its verdict, so that it never says more than the interval.
"""

from __future__ import annotations

from posesift.report.wording import between, capitalised
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
