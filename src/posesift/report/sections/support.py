"""The part of a page about support: errors on target poses that the source has similar ones of."""

from __future__ import annotations

from functools import partial
from typing import Any

from posesift.report.blocks import Block, Charts, Note, Section
from posesift.report.figures import curves
from posesift.report.figures.curves import Parts
from posesift.report.statement import amount
from posesift.report.wording import count, number, plural
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval, Supported

TITLE = "Accuracy vs number of similar source poses"
AXIS = "source poses close to the target pose"
SIMILAR = (
    "Close: within 15 degrees of root mean square difference over the joint angles, whichever way "
    "up the pose is."
)
NOT_MEASURED = "How much support the target's poses have in the source was not measured."


def support(comparison: Compared) -> Section:
    """Accuracy against the number of similar source poses: methods, then strategies of each."""
    measured = [
        found for a in comparison["arms"] if (found := by_seed.support(comparison, a["name"]))
    ]
    blocks: list[Block] = []
    if measured:
        most = max(measured, key=lambda rows: (len(rows), sum(row.samples for row in rows)))
        split = curves.Split(
            _parts([(row.low, row.high, row.samples) for row in most]),
            partial(_levels, comparison),
            lambda arm: [row.by_seed for row in by_seed.support(comparison, arm)],
            "Accuracy by support in the source",
            _caption(comparison, most),
        )
        if said := supported(comparison):
            blocks.append(Note(said, strong=False))
        blocks += curves.pairs(comparison, split)
    if not blocks:
        return Section("support", TITLE, "", [Note(NOT_MEASURED)])
    lead = (
        "The claim behind the method: a model fails on target poses although the source has "
        "similar ones. Each target sample is placed by how many source poses are close to it; "
        "what a model misses of 100 is its error there."
    )
    return Section("support", TITLE, lead, blocks)


def of_run(sets: dict[str, dict[str, Any]]) -> Section:
    """Accuracy of one run on each of its ``sets`` (of ``evaluation.json``, by their titles)."""
    drawn, sizes = [], []
    for title, entry in sets.items():
        rows = entry.get("by_support") or []
        found = [None if r["pck"] is None else Interval(r["pck"], None, None) for r in rows]
        if any(found):
            drawn.append((title, found))
            groups = [(r["neighbours_low"], r["neighbours_high"], r["samples"]) for r in rows]
            sizes = sizes or groups
    if not drawn:
        return Section("support", TITLE, "", [Note(NOT_MEASURED)])
    several = len(drawn) > 1
    chart = curves.curves(
        drawn,
        _parts([(low, high, None if several else size) for low, high, size in sizes]),
        title="Accuracy by support in the source",
        caption=SIMILAR if several else f"{SIMILAR} n: samples in the group.",
    )
    lead = "Each sample is placed by how many source poses are close to it."
    return Section("support", TITLE, lead, [Charts([chart])])


def _levels(comparison: Compared, arm: str) -> list[Interval | None]:
    return [row.level for row in by_seed.support(comparison, arm)]


def _parts(groups: list[tuple[int, int | None, int | None]]) -> Parts:
    names = []
    for low, high, samples in groups:
        close = f"≥ {low}" if high is None else f"{low}" if low == high else f"{low}–{high}"
        names.append(close if samples is None else f"{close}\nn = {count(samples)}")
    return Parts("PCK@0.05", "%", names, AXIS)


def _caption(comparison: Compared, rows: list[Supported]) -> str:
    if len(comparison["seeds"]) == 1:
        return f"{SIMILAR} n: samples in the group. Single seed: no intervals."
    bars = " Bars: 95 % intervals over seeds." if any(row.by_seed for row in rows) else ""
    return f"{SIMILAR} n: samples in the group, pooled over all seeds.{bars}"


_LEVEL = 2.0  # points; less is called no change


def supported(comparison: Compared) -> str:
    """Say how the reference does where the source has most similar poses, beside an oracle there.

    Accuracy that rises with the number of similar source poses says little alone, for such poses
    are also easier: what is left to an oracle at equal support says whether the model fails on
    them. "" where fewer than two groups were measured.
    """
    arm = by_seed.reference(comparison)
    rows = [row for row in by_seed.support(comparison, arm) if row.pck is not None]
    if len(rows) < 2:
        return ""
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
    beside = _oracle(comparison, few, many)
    if beside is None:
        return f"{read}. {missed} No oracle says how many of these anyone would miss."
    low, high = beside
    behind = [by_seed.apart(top.by_seed, mine.by_seed) for mine, top in ((many, high), (few, low))]
    moved = by_seed.difference(*behind)
    told = "From the least support to the most, the distance to the oracle changes by"
    easier = "so such poses are not easier for anyone"
    if (high.pck or 0.0) - (low.pck or 0.0) > _LEVEL:
        easier = "so a good part of it is that such poses are easier for anyone"
    return (
        f"{_verdict(label, (few, _behind(few, low)), (many, _behind(many, high)))} {read}; the "
        f"oracle's is {number(low.pck)} and {number(high.pck)}, {easier}. "
        f"{f'{told} {amount(moved)}. ' if moved else ''}{missed}"
    )


def _verdict(
    label: str, without: tuple[Supported, Interval], most: tuple[Supported, Interval]
) -> str:
    """Say what the model lacks to the oracle with support, and without."""
    (few, there), (many, shown) = without, most
    told = (
        f"with {_neighbours(many)} ({plural(many.samples, 'target pose')}) the oracle minus "
        f"{label} is {amount(shown)}, with {_neighbours(few)} {amount(there)}."
    )
    if shown.clear is False:
        return f"Not significantly: {told}"
    return f"{'Yes' if shown.mean > 0 else 'No'}: {told}"


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


def _behind(mine: Supported, oracle: Supported) -> Interval:
    """Oracle minus arm in one group, paired over seeds; pooled where seeds were not kept."""
    shown = by_seed.difference(oracle.by_seed, mine.by_seed)
    if shown is not None:
        return shown
    assert oracle.pck is not None
    assert mine.pck is not None
    return Interval(oracle.pck - mine.pck, None, None)


def _neighbours(row: Supported) -> str:
    """How many similar source poses the samples of a group have, in words."""
    if row.high is None:
        return f"at least {count(row.low)} similar source poses"
    if row.low == row.high == 0:
        return "no similar source pose"
    if row.low == row.high:
        return f"{count(row.low)} similar source poses"
    return f"{count(row.low)} to {count(row.high)} similar source poses"
