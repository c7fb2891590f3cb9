"""The claim behind the method: failure although the source has similar poses.

Accuracy that rises with the number of similar source poses says little alone, for such poses are
also easier: what is left to an oracle at equal support says whether the model fails on them.
"""

from __future__ import annotations

from posesift.report.blocks import Finding
from posesift.report.statement import amount
from posesift.report.wording import count, number, plural
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval, Supported

QUESTION = "Does it fail despite similar source poses?"
_LEVEL = 2.0  # points; less is called no change


def supported(comparison: Compared) -> Finding | None:
    """Return the reference where the source has most similar poses, beside an oracle there."""
    arm = by_seed.reference(comparison)
    rows = [row for row in by_seed.support(comparison, arm) if row.pck is not None]
    if len(rows) < 2:
        return None
    label = by_seed.label(comparison, arm)
    few, many = rows[0], rows[-1]
    assert few.pck is not None
    assert many.pck is not None
    rise = many.pck - few.pck
    way = "rises with" if rise > _LEVEL else "falls with" if rise < -_LEVEL else "hardly depends on"
    read = (
        f"Accuracy {way} support: PCK@0.05 of {label} is {number(few.pck)} for target "
        f"poses with {_neighbours(few)} and {number(many.pck)} for those with {_neighbours(many)}"
    )
    best = max(rows, key=lambda row: row.pck or 0.0)
    missed = (
        f"Where it does best, with {_neighbours(best)}, {number(100 - (best.pck or 0.0), 0)} % of "
        "the joints are missed."
    )
    links = [("By number of similar source poses", "support")]
    beside = _oracle(comparison, few, many)
    if beside is None:
        detail = f"{missed} No oracle says how many of these anyone would miss."
        return Finding(QUESTION, f"{read}.", detail, links=links)
    low, high = beside
    without, most = (_behind(comparison, *pair) for pair in ((few, low), (many, high)))
    change = _change(comparison, few, many)
    detail = (
        f"{read}; the oracle's is {number(low.pck)} and {number(high.pck)}, {_anyone(low, high)}. "
        f"{change}{missed}"
    )
    return Finding(QUESTION, _verdict(label, (few, *without), (many, *most)), detail, links=links)


def _verdict(
    label: str, without: tuple[Supported, Interval, int], most: tuple[Supported, Interval, int]
) -> str:
    """Say what the model lacks to the oracle with support, and without."""
    many, shown, _ = most
    few, there, _ = without
    told = (
        f"with {_neighbours(many)} ({plural(many.samples, 'target pose')}) the oracle minus "
        f"{label} is {amount(shown)}, with {_neighbours(few)} {amount(there)}."
    )
    if shown.clear is False:
        return f"Not significantly: {told}"
    return f"{'Yes' if shown.mean > 0 else 'No'}: {told}"


def _change(comparison: Compared, few: Supported, many: Supported) -> str:
    """Whether the distance to the oracle shrinks with support, as far as its seeds tell."""
    oracle = methods.target_oracle(comparison)
    rows = {row.low: row for row in by_seed.support(comparison, oracle["name"])} if oracle else {}
    behind = [
        {s: rows[mine.low].by_seed[s] - mine.by_seed[s] for s in shared}
        for mine in (many, few)
        if (shared := rows[mine.low].by_seed.keys() & mine.by_seed.keys())
    ]
    if len(behind) < 2 or (found := by_seed.difference(*behind)) is None:
        return ""
    return (
        f"From the least support to the most, the distance to the oracle changes by "
        f"{amount(found)}. "
    )


def _anyone(low: Supported, high: Supported) -> str:
    """Say what the oracle's own rise with support says."""
    rise = (high.pck or 0.0) - (low.pck or 0.0)
    if rise > _LEVEL:
        return "so a good part of it is that such poses are easier for anyone"
    return "so such poses are not easier for anyone"


def _oracle(
    comparison: Compared, few: Supported, many: Supported
) -> tuple[Supported, Supported] | None:
    """Return the oracle on the same two groups."""
    oracle = methods.target_oracle(comparison)
    rows = by_seed.support(comparison, oracle["name"]) if oracle else []
    by_low = {row.low: row for row in rows if row.pck is not None}
    if few.low not in by_low or many.low not in by_low:
        return None
    return by_low[few.low], by_low[many.low]


def _behind(comparison: Compared, mine: Supported, oracle: Supported) -> tuple[Interval, int]:
    """Oracle minus arm in one group, paired over seeds; pooled where seeds were not kept."""
    shown = by_seed.difference(oracle.by_seed, mine.by_seed)
    if shown is not None:
        return shown, len(oracle.by_seed.keys() & mine.by_seed.keys())
    assert oracle.pck is not None
    assert mine.pck is not None
    return Interval(oracle.pck - mine.pck, None, None), len(comparison["seeds"])


def _neighbours(row: Supported) -> str:
    """How many similar source poses the samples of a group have, in words."""
    if row.high is None:
        return f"at least {count(row.low)} similar source poses"
    if row.low == row.high == 0:
        return "no similar source pose"
    if row.low == row.high:
        return f"{count(row.low)} similar source poses"
    return f"{count(row.low)} to {count(row.high)} similar source poses"
