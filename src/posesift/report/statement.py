"""One statement about a difference, its verdict, and the one grammar that says it.

Captions, claims and answers are views of a `Statement`: each asks `amount` for the number with its
interval, `sentence` for all of it, or `verdict` for the word alone. Nothing else on a page says
whether a difference is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from posesift.report.wording import capitalised, number, plural, signed
from posesift.results.by_seed import Interval
from posesift.results.endpoints import CHOICE, DIFFICULTY, Credit

BETTER = "better"
WORSE = "worse"
INCONCLUSIVE = "inconclusive (95 % CI includes 0)"
UNCORRECTED = "not significant after Holm's correction"
SINGLE = "single seed: no confidence interval"
UNATTRIBUTED = "better, but not attributable to difficulty"
UNCHOSEN = "better, but not attributable to the choice of poses"
LEVEL = 0.05

RULES = {
    BETTER: "The 95 % confidence interval over seeds lies above 0; of one number among many, p "
    "with Holm's correction is below 0.05 too.",
    WORSE: "The 95 % confidence interval lies below 0.",
    UNATTRIBUTED: "The interval lies above 0, but a control that draws as unevenly with shuffled "
    "scores was not run, or the gain over it is not significant.",
    UNCHOSEN: "The interval lies above 0, but a control with as many renderings that nothing chose "
    "was not run, or the gain over it is not significant.",
    UNCORRECTED: "The interval alone leaves out 0, but p with Holm's correction is not below 0.05.",
    INCONCLUSIVE: "The interval includes 0. That is no proof of no difference: its ends say what "
    "is still possible.",
    SINGLE: "Measured with one seed; another may turn out otherwise.",
}

Control = Literal["none needed", "not run"]


@dataclass(frozen=True)
class Statement:
    """How much better a subject is than what it is compared with.

    Attributes:
        subject: what is on trial, for people.
        against: what it is compared with.
        where: the measure and the set.
        interval: subject minus ``against``; positive is better.
        seeds: how many the difference was measured with.
        control: subject minus the control that draws as unevenly but blindly; or that none is
            needed, since nothing draws by difficulty; or that it was not run.
        p_holm: corrected for many comparisons; None for the endpoint named in advance.
        unit: of the difference.
        credit: what a gain over the control is attributed to.
    """

    subject: str
    against: str
    where: str
    interval: Interval
    seeds: int
    control: Interval | Control = "none needed"
    p_holm: float | None = None
    unit: str = "points"
    credit: Credit = DIFFICULTY


def verdict(of: Statement) -> str:
    """Give the one word of `RULES` that holds.

    >>> verdict(Statement("a", "b", "PCK", Interval(1.0, 0.2, 1.8), 5))
    'better'
    >>> verdict(Statement("a", "b", "PCK", Interval(1.0, 0.2, 1.8), 5, control="not run"))
    'better, but not attributable to difficulty'
    """
    shown = of.interval
    if of.seeds < 2 or shown.clear is None:
        return SINGLE
    if not shown.clear:
        return INCONCLUSIVE
    if of.p_holm is not None and of.p_holm >= LEVEL:
        return UNCORRECTED
    if shown.mean < 0:
        return WORSE
    if of.control == "none needed":
        return BETTER
    if of.control == "not run" or not (of.control.clear and of.control.mean > 0):
        return UNCHOSEN if of.credit is CHOICE else UNATTRIBUTED
    return BETTER


def amount(shown: Interval, unit: str = "points", over: str = "") -> str:
    """Give a difference with its interval and whether that includes 0.

    >>> amount(Interval(0.4, -0.3, 1.1))
    '+0.4 points (95 % CI −0.3 to +1.1, not significant)'
    >>> amount(Interval(0.4, None, None))
    '+0.4 points'
    """
    told = f"{signed(shown.mean)} {unit}".strip()
    if shown.low is None:
        return told
    ends = f"95 % CI{f' {over}' * bool(over)} {signed(shown.low)} to {signed(shown.high)}"
    return f"{told} ({ends}{'' if shown.clear else ', not significant'})"


def sentence(of: Statement) -> str:
    """Say a statement, never more of it than its verdict.

    >>> sentence(Statement("UDAPE", "RegDA", "PCK@0.05", Interval(2.0, 1.0, 3.0), 5))
    'UDAPE is better than RegDA in PCK@0.05: +2.0 points (95 % CI +1.0 to +3.0), five seeds.'
    """
    told, found = amount(of.interval, of.unit), verdict(of)
    if found == SINGLE:
        way = {1: "ahead of", -1: "behind", 0: "level with"}[_sign(of.interval.mean)]
        text = f"{of.subject} is {way} {of.against} in {of.where}: {told}, single seed"
    else:
        seeds = plural(of.seeds, "seed")
        text = {
            INCONCLUSIVE: f"{of.subject} and {of.against} do not differ significantly in",
            UNCORRECTED: f"{of.subject} differs from {of.against}, but not significantly after "
            "Holm's correction, in",
            WORSE: f"{of.subject} is worse than {of.against} in",
        }.get(found, f"{of.subject} is better than {of.against} in")
        text += f" {of.where}: {told}, {seeds}"
    return capitalised(f"{text}.{_attributed(of)}")


def excess(
    subject: str,
    where: str,
    own: Interval,
    oracle: Interval | None,
    more: Interval | None,
    over: str = "",
) -> str:
    """Say whether a subject's drop on some poses is larger than the oracle's there.

    Args:
        subject: what drops.
        where: "on rare poses".
        own: its change there, in points; negative is worse.
        oracle: the oracle's; None without one.
        more: the subject's drop minus the oracle's.
        over: what the intervals are over, where that is not seeds.

    >>> excess("UDAPE", "on rare poses", Interval(-15.9, None, None), None, None)[:64]
    'Yes: PCK@0.05 of UDAPE drops by 15.9 points on rare poses. Witho'
    """
    if own.clear is False:
        return (
            f"Not significantly: PCK@0.05 of {subject} changes by {amount(own, over=over)} {where}."
        )
    if own.mean >= 0:
        return f"No: PCK@0.05 of {subject} is {number(own.mean)} points higher {where}."
    told = f"PCK@0.05 of {subject} drops by {number(-own.mean)} points {where}"
    if oracle is None or more is None:
        return (
            f"Yes: {told}. Without an oracle, trained on the target's labels, it is not known "
            "whether these poses are hard for any model."
        )
    beside = f"{told}, that of the oracle by {number(-oracle.mean)}"
    if oracle.mean >= 0:
        beside = f"{told}, that of the oracle by none"
    beside += f". Difference {amount(more, over=over)}"
    if more.mean > 0 and more.clear is False:
        return f"Yes, but so does an oracle: {beside}."
    if more.mean > 0:
        so = ": so much comes from missing source poses" if more.clear else ""
        return f"Yes: {beside}{so}."
    return f"Yes, but no more than an oracle: {beside}, so missing source poses do not explain it."


def _attributed(of: Statement) -> str:
    """Say whether a gain may be attributed to difficulty, or to the choice of poses."""
    if of.control == "none needed" or of.interval.mean <= 0:
        return ""
    to, control = of.credit.to, of.credit.control
    if of.control == "not run":
        return f" No {control} was run, so the gain cannot be attributed to {to}."
    told = f" Against its {control}: {amount(of.control, of.unit)}"
    if of.control.clear is None:
        return f"{told}."
    if not (of.control.clear and of.control.mean > 0):
        return f"{told}, so the gain cannot be attributed to {to}."
    return f"{told}, so {to} makes the difference."


def _sign(value: float) -> int:
    """Return the sign of a difference as a reader sees it, rounded."""
    shown = round(value, 1)
    return (shown > 0) - (shown < 0)
