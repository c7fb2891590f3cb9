"""The few large numbers at the top of a comparison's page."""

from __future__ import annotations

from typing import Any

from posesift.report import methods, results
from posesift.report.blocks import Figure
from posesift.report.results import Comparison
from posesift.report.sampling_finding import sure
from posesift.report.wording import number, signed


def figures(comparison: Comparison, summary: dict[str, Any] | None) -> list[Figure]:
    """The numbers at the top of the page."""
    row = comparison["primary"]
    shown = results.endpoint(row)
    arm, against = (results.label(comparison, row[key]) for key in ("arm", "against"))
    what = f"{arm} minus {against}, {row['endpoint']}"
    if shown:
        what += f" · {sure(shown, len(row['values']))}"
    primary = Figure(signed(shown and shown.mean), "points", what, strong=True)
    found = [*_adaptation(comparison), primary]
    reference = results.reference(comparison)
    levels = results.bin_levels(comparison, reference)
    if len(levels) > 1 and levels[0] and levels[-1]:
        fall = levels[-1].mean - levels[0].mean
        what = f"PCK@0.05 from easy to hard target poses, {results.label(comparison, reference)}"
        found.append(Figure(signed(fall), "points", what))
    headroom = comparison.get("headroom") or {}
    if headroom.get("mean") is not None:
        what = "pose headroom: what any choice of poses could gain at most"
        found.append(Figure(signed(headroom["mean"]), "points", what))
    auc = (summary or {}).get("rare_mode_auc") or {}
    method = (summary or {}).get("method", "")
    if auc.get(method) is not None:
        found.append(Figure(number(auc[method], 2), "AUC", f"rare modes found by {method}"))
    return found


def _adaptation(comparison: Comparison) -> list[Figure]:
    """What adaptation gains, and how much of the gap each method closes."""
    if not methods.several(comparison):
        return []
    found = []
    reference, leading = results.reference(comparison), methods.leading(comparison)
    called = methods.uniform(comparison, leading) if leading else None
    told = (comparison["primary"]["arm"], comparison["primary"]["against"])  # stands there already
    if called and called != reference and (called, reference) != told:
        change, seeds = methods.change(comparison, called, reference)
        if change:
            pair = (results.label(comparison, name) for name in (called, reference))
            what = f"{' minus '.join(pair)}, PCK@0.05 on the target · {sure(change, seeds)}"
            found.append(Figure(signed(change.mean), "points", what))
    for method in methods.adapted(comparison):
        name = methods.uniform(comparison, method)
        share, seeds = methods.gap_closed(comparison, name) if name else (None, 0)
        if name and share:
            base = results.label(comparison, reference)
            what = f"of the gap from {base} to the oracle, closed by {methods.name(method)}"
            how = "one seed, no interval"
            if seeds > 1 and share.low is not None:
                how = f"95 % interval {number(share.low, 0)} to {number(share.high, 0)} %"
                how += "" if share.clear else ", includes zero"
            found.append(Figure(number(share.mean, 0), "%", f"{what} · {how}"))
    return found
