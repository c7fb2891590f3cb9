"""What adapting to unlabelled images changed, in plain words: never more than the interval says.

Every sentence has a version for each way the numbers can fall; see `sampling_finding`.
"""

from __future__ import annotations

from dataclasses import dataclass

from posesift.report.blocks import Finding
from posesift.report.facts import NAMES
from posesift.report.statement import Statement, amount, sentence
from posesift.report.wording import capitalised, listed, number, ordinal_part
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval


def adapted(comparison: Compared) -> Finding | None:
    """Adaptation with uniform sampling minus source-only training, on the target."""
    method, reference = methods.leading(comparison), by_seed.reference(comparison)
    called = methods.uniform(comparison, method) if method else None
    if called is None or called == reference or not methods.several(comparison):
        return None
    shown, seeds = methods.change(comparison, called, reference)
    question = "What did adaptation change?"
    base = by_seed.label(comparison, reference)
    if shown is None:
        return Finding(question, "Not known: no seed has both.", "")
    sentences = [
        f"PCK@0.05 on the whole target, {by_seed.label(comparison, called)} minus {base}, both "
        "with uniform sampling."
    ]
    if not methods.samples_differently(comparison):
        sentences.append(f"Pre-specified primary endpoint: {comparison['primary']['endpoint']}.")
    for other in methods.adapted(comparison):
        name = methods.uniform(comparison, other)
        if name and name != called:
            change, _ = methods.change(comparison, name, reference)
            if change:
                told = amount(change)
                sentences.append(f"{by_seed.label(comparison, name)} minus {base}: {told}.")
    name, where = by_seed.label(comparison, called), "PCK@0.05 on the target"
    answer = sentence(Statement(name, base, where, shown, seeds))
    if free := over_best(comparison, called):
        row, over, _ = free
        answer += (
            f" Over the best trivial baseline, {row.name} ({number(row.mean)}): {amount(over)}."
        )
        if others := [other for other in of(comparison) if other.name != row.name]:
            told = [f"{other.name} {number(other.mean)}" for other in others]
            sentences.append(f"Also: {listed(told)}.")
        if any(each.name == WARM_UP for each in of(comparison)):
            sentences.append(f"{WARM_UP_IS}.")
    return Finding(question, answer, " ".join(sentences))


def closed(comparison: Compared) -> Finding | None:
    """Return the share of the way from source-only training to the oracle that each method goes."""
    names = [methods.uniform(comparison, method) for method in methods.adapted(comparison)]
    method = methods.leading(comparison)
    first = methods.uniform(comparison, method) if method else None
    told = [
        told_share(comparison, name)
        for name in dict.fromkeys([first, *names])
        if name and methods.gap_closed(comparison, name)[0]
    ]
    if not told or not methods.several(comparison):
        return None
    others = [
        name
        for method in methods.adapted(comparison)
        for name in methods.arms_of(comparison, method)
        if name not in names
    ]
    shares = [
        f"{by_seed.label(comparison, name)} {amount(share, '%')}"
        for name in others
        if (share := methods.gap_closed(comparison, name)[0])
    ]
    sentences = [*told[1:]]
    if shares:
        sentences.append(f"With other sampling: {listed(shares)}.")
    sentences.append(
        "0 % is source-only training, 100 % an oracle trained on the target's own labels; "
        "PCK@0.05 on the whole target."
    )
    return Finding("How much of the gap is closed?", told[0], " ".join(sentences))


def told_share(comparison: Compared, called: str) -> str:
    """One sentence on the share of the gap that an arm closes."""
    share, _ = methods.gap_closed(comparison, called)
    name = capitalised(by_seed.label(comparison, called))
    if share is None:
        return f"{name}: not known."
    return f"{name} closes {amount(share, '%')} of the gap."


def later_bins(comparison: Compared) -> Finding | None:
    """Whether the hardest poses gain more than the easiest: hard mining's own claim."""
    if not methods.several(comparison):
        return None
    arm = by_seed.challenger(comparison)
    against = methods.against(comparison, arm)
    if against is None:
        return None
    gains = bin_gains(comparison, arm, against)
    if len(gains) < 2 or not gains[0] or not gains[-1]:
        return None
    more = by_seed.difference(gains[-1], gains[0])
    if more is None:
        return None
    seeds = len(gains[-1].keys() & gains[0].keys())
    part = ordinal_part(len(gains))
    hard, easy = (by_seed.interval(gains[i].values()) for i in (-1, 0))
    assert hard is not None
    assert easy is not None
    one, other = (by_seed.label(comparison, name) for name in (arm, against))
    where = f"its gain in PCK@0.05 over {other}"
    said = Statement(
        f"{one} on the hardest {part} of the target", "itself on the easiest", where, more, seeds
    )
    detail = f"Gain over {other}: {amount(easy)} on the easiest, {amount(hard)} on the hardest."
    return Finding(f"Does it help more in the hardest {part}?", sentence(said), detail)


def bin_gains(comparison: Compared, one: str, other: str) -> list[dict[int, float]]:
    """For each difficulty bin, easiest first, PCK@0.05 of ``one`` minus ``other`` by seed."""
    pairs = zip(
        by_seed.bins_by_seed(comparison, one), by_seed.bins_by_seed(comparison, other), strict=False
    )
    return [{s: mine[s] - theirs[s] for s in mine.keys() & theirs.keys()} for mine, theirs in pairs]


WARM_UP = "the warm-up network"
WARM_UP_IS = (
    "The warm-up is the first stage of training, on source images alone, from which all methods "
    "start"
)
_KEYS = ("target", "pck", "0.05", "all")


@dataclass(frozen=True)
class FreeRow:
    """PCK@0.05 on the target without adaptation.

    Attributes:
        name: what is done, in words.
        by_seed: in percent.
        mean: over seeds.
    """

    name: str
    by_seed: dict[int, float]
    mean: float


def of(comparison: Compared) -> list[FreeRow]:
    """Return the free rows that were measured, baselines first, then the warm-up of `start`."""
    found: list[tuple[str, dict[int, float]]] = []
    for name in dict.fromkeys(row["name"] for row in comparison.get("baselines") or []):
        values = by_seed.baseline_by_seed(comparison, name, *_KEYS)
        if None in values:  # one that no seed changes
            values = dict.fromkeys(comparison["seeds"], next(iter(values.values())))
        found.append((NAMES.get(name, str(name)), values))
    if start := _start(comparison):
        found.append((WARM_UP, by_seed.values(comparison, start, *_KEYS)))
    return [
        FreeRow(name, values, level.mean)
        for name, values in found
        if (level := by_seed.spread(values.values()))
    ]


def over_best(comparison: Compared, called: str) -> tuple[FreeRow, Interval, int] | None:
    """Return the best trivial baseline, an arm minus it (paired), and over how many seeds."""
    rows = of(comparison)
    if not rows:
        return None
    best = max(rows, key=lambda row: row.mean)
    mine = by_seed.values(comparison, called, *_KEYS)
    shown = by_seed.difference(mine, best.by_seed)
    return (best, shown, len(mine.keys() & best.by_seed.keys())) if shown else None


def free(comparison: Compared) -> Finding | None:
    """Say what costs nothing, beside the arm of the endpoint named in advance."""
    arm = by_seed.challenger(comparison)
    mine = by_seed.spread(by_seed.values(comparison, arm, *_KEYS).values())
    rows = of(comparison)
    if not rows or mine is None:
        return None
    told = listed([f"{row.name} reaches {number(row.mean)}" for row in rows])
    over = [row.name for row in rows if row.mean >= mine.mean]
    warning = ""
    if over:
        warning = f" {capitalised(listed(over))} {'does' if len(over) == 1 else 'do'} as well."
    return Finding(
        "What do trivial baselines reach?",
        f"{capitalised(told)}; {by_seed.label(comparison, arm)} {number(mine.mean)}.{warning}",
        "PCK@0.05 on the target. Every method has to be read against these rows.",
    )


def _start(comparison: Compared) -> str | None:
    """Return the network that source-only training starts from; where only sampling differs, none.

    There the warm-up is what the page calls source only, and stands beside the arms.
    """
    if not methods.several(comparison):
        return None
    start = methods.arm(comparison, by_seed.reference(comparison)).get("start")
    known = {arm["name"] for arm in by_seed.arms(comparison, "warm-up")}
    return start if start in known else None
