"""The few large numbers at the top of a comparison's page."""

from __future__ import annotations

from typing import Any

from posesift.report import results
from posesift.report.blocks import Figure
from posesift.report.results import Comparison
from posesift.report.sampling_finding import sure
from posesift.report.wording import number, signed


def figures(comparison: Comparison, summary: dict[str, Any] | None) -> list[Figure]:
    """The numbers at the top of the page."""
    row, seeds = comparison["primary"], len(comparison["seeds"])
    shown = results.endpoint(row)
    arm, against = (results.label(comparison, row[key]) for key in ("arm", "against"))
    what = f"{arm} minus {against}, {row['endpoint']}"
    if shown:
        what += f" · {sure(shown, seeds)}"
    found = [Figure(signed(shown and shown.mean), "points", what, strong=True)]
    levels = results.bin_levels(comparison, results.reference(comparison))
    if len(levels) > 1 and levels[0] and levels[-1]:
        fall = levels[-1].mean - levels[0].mean
        found.append(
            Figure(signed(fall), "points", f"PCK@0.05 from easy to hard target poses, {against}")
        )
    headroom = comparison.get("headroom") or {}
    if headroom.get("mean") is not None:
        what = "pose headroom: what any choice of poses could gain at most"
        found.append(Figure(signed(headroom["mean"]), "points", what))
    auc = (summary or {}).get("rare_mode_auc") or {}
    method = (summary or {}).get("method", "")
    if auc.get(method) is not None:
        found.append(Figure(number(auc[method], 2), "AUC", f"rare modes found by {method}"))
    return found
