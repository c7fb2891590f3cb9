"""The part of a page about the target's difficulty: who gains where, panel by panel."""

from __future__ import annotations

from posesift.report import difficulty_figures, methods, results
from posesift.report.blocks import Block, Charts, Section
from posesift.report.difficulty_figures import Curve
from posesift.report.results import Comparison, Interval
from posesift.report.theme import Chart


def difficulty(comparison: Comparison) -> Section | None:
    """Levels and differences over the target's difficulty bins."""
    curves = _curves(comparison, results.shown_arms(comparison))
    if not curves:
        return None
    blocks: list[Block] = (
        list(_by_method(comparison))
        if methods.several(comparison)
        else [Charts(_one_method(comparison))]
    )
    lead = (
        f"Target samples in {len(curves[0][1])} bins of equal size. Their difficulty comes from an "
        "independent score (a world's own −log p, or the distance to the nearest source poses in "
        "angle space), never from the score that chose the training samples."
    )
    return Section("difficulty", "Where it helped", lead, blocks)


def _one_method(comparison: Comparison) -> list[Chart]:
    """Strategies of one method as curves, and their differences to the reference."""
    base, *others = results.shown_arms(comparison)
    curves = _curves(comparison, [base, *others])
    charts = [
        difficulty_figures.difficulty_curves(
            curves, _oracle(comparison), caption=_bars(comparison, "Dotted: trained on the labels.")
        )
    ]
    if gains := [(results.label(comparison, n), _gain(comparison, n, base)) for n in others]:
        against = results.label(comparison, base)
        how = _paired(comparison)
        charts.append(difficulty_figures.difficulty_gains(gains, against, caption=how))
    return charts


def _by_method(comparison: Comparison) -> list[Charts]:
    """A pair of panels for the methods, then one a method that has several strategies."""
    oracle = _oracle(comparison)
    everything = _curves(comparison, [a["name"] for a in results.arms(comparison, "arm")])
    top = _top([*everything, *([oracle] if oracle else [])])
    reference = results.reference(comparison)
    plain = [name for m in methods.ordered(comparison) if (name := methods.uniform(comparison, m))]
    levels = difficulty_figures.difficulty_curves(
        _curves(comparison, plain),
        oracle,
        title="Methods, uniform sampling",
        caption=_bars(comparison, "Dotted: trained on the target's labels."),
        top=top,
    )
    gains = [(results.label(comparison, n), _gain(comparison, n, reference)) for n in plain]
    gains = [gain for gain, name in zip(gains, plain, strict=True) if name != reference]
    pairs = [[levels]]
    if gains:
        pairs[0].append(
            difficulty_figures.difficulty_gains(
                gains, results.label(comparison, reference), caption=_paired(comparison)
            )
        )
    within = {}
    for method in methods.ordered(comparison):
        base, names = methods.uniform(comparison, method), methods.arms_of(comparison, method)
        if base and len(names) > 1:
            others = [name for name in names if name != base]
            within[method] = base, [(n, _gain(comparison, n, base)) for n in others]
    span = _span([gain for _, gains in within.values() for gain in gains])
    for method, (base, gained) in within.items():
        names = [base, *(name for name, _ in gained)]
        named = [(results.label(comparison, name), gain) for name, gain in gained]
        looks = _looks(comparison, names)
        pairs.append(
            [
                difficulty_figures.difficulty_curves(
                    _curves(comparison, names),
                    None,
                    title=f"{methods.name(method)}, by sampling",
                    caption=_bars(comparison, ""),
                    looks=looks,
                    top=top,
                ),
                difficulty_figures.difficulty_gains(
                    named,
                    results.label(comparison, base),
                    caption=_paired(comparison),
                    looks=looks[1:],
                    span=span,
                ),
            ]
        )
    return [Charts(pair) for pair in pairs]


def _curves(comparison: Comparison, names: list[str]) -> list[Curve]:
    found = [(results.label(comparison, n), results.bin_levels(comparison, n)) for n in names]
    return [(name, levels) for name, levels in found if levels]


def _oracle(comparison: Comparison) -> Curve | None:
    arm = methods.target_oracle(comparison)
    if arm is None:
        return None
    return arm.get("label") or arm["name"], results.bin_levels(comparison, arm["name"])


def _gain(comparison: Comparison, one: str, other: str) -> list[Interval | None]:
    pairs = zip(
        results.bins_by_seed(comparison, one), results.bins_by_seed(comparison, other), strict=False
    )
    return [results.difference(mine, theirs) for mine, theirs in pairs]


def _looks(comparison: Comparison, names: list[str]) -> list[int]:
    """A strategy looks alike in every panel, unless two arms of a panel share one."""
    places = methods.strategies(comparison)
    found = [places.index(str(methods.arm(comparison, n).get("sampling"))) for n in names]
    return found if len(set(found)) == len(found) else list(range(len(names)))


def _top(curves: list[Curve]) -> float | None:
    """A common upper end of the axes, with room for the bars."""
    ends = [v.mean if v.high is None else v.high for _, levels in curves for v in levels if v]
    return min(105.0, 1.05 * max(ends)) if ends else None


def _span(gains: list[Curve]) -> tuple[float, float] | None:
    """Common ends of the axes of differences, zero among them."""
    known = [v for _, levels in gains for v in levels if v]
    ends = [end for v in known for end in (v.mean, v.low, v.high) if end is not None]
    if not ends:
        return None
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _bars(comparison: Comparison, more: str) -> str:
    over = "over seeds" if len(comparison["seeds"]) > 1 else "over images (one seed)"
    return f"Bars: 95 % intervals {over}. {more}".strip()


def _paired(comparison: Comparison) -> str:
    if len(comparison["seeds"]) == 1:
        return "One seed: differences without an interval."
    return "Bars: 95 % intervals, paired over seeds. A bar across zero: no clear difference."
