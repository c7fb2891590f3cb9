"""Whether a score finds the rare poses, told only where it is known which poses are rare.

A built-in world knows. Data do not: a category with few rows may look like many others. Of such
categories it is told where the score puts them, which for most is no different from chance.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from posesift.difficulty.checks import FINDS, FINDS_PARTLY, rare_mode_auc
from posesift.poses.table import RARE_SHARE
from posesift.report.answers import rare_poses
from posesift.report.blocks import Finding
from posesift.report.pose_sets import PoseSet
from posesift.report.wording import (
    capitalised,
    count,
    listed,
    number,
    ordinal_part,
    spoken,
)
from posesift.results import by_seed

QUESTION = "Does the score find them?"
CHANCE = 0.5
_SURE = 3  # standard errors of an AUC without any relation
_LISTED = 5  # modes told one by one


def of_score(summary: dict[str, Any], source: PoseSet | None) -> Finding | None:
    """Return the answer for a score folder; None where it holds nothing that could be told."""
    varied = spread(summary)
    if known := of_world(summary):
        return known
    if source is not None and (few := of_few_rows(source)):
        return few
    if varied is None:
        return None
    unknown = "Not known: the data do not say which poses are rare."
    return Finding(QUESTION, f"{unknown} {varied}", rising(summary))


def of_world(summary: dict[str, Any]) -> Finding | None:
    """Share found and AUC where the generator knows its rare modes; else None."""
    auc = (summary.get("rare_mode_auc") or {}).get(summary["method"])
    rare = rare_counts(summary)
    if auc is None or rare is None:
        return None
    sizes = [row["samples"] for row in summary["variation"]]
    total, few = sum(sizes), max(round(sum(rare)), 1)
    answer = _answer(auc, few, total - few, rare[-1], sizes[-1] / total, len(sizes))
    told = [spread(summary), rising(summary)]
    return Finding(QUESTION, answer, " ".join(text for text in told if text))


def of_few_rows(source: PoseSet) -> Finding | None:
    """Where the score puts the modes that have few rows; None where the data name none."""
    few = rare_poses.few_rows(source.table)
    scored_N = np.isfinite(source.score_N)
    if not few or source.k < 2 or not scored_N.any():
        return None
    assert source.table.mode_N is not None
    mode_N = source.table.mode_N.astype(str)[scored_N]
    score_N, last_N = source.score_N[scored_N], source.bin_N[scored_N] == source.k - 1

    def told(few_N: np.ndarray) -> tuple[float | None, int, int]:
        return rare_mode_auc(score_N, few_N), int(few_N.sum()), int((few_N & last_N).sum())

    auc, some, held = told(np.isin(mode_N, list(few)))
    if auc is None:
        return None
    answer = _answer(auc, some, len(mode_N) - some, held, float(last_N.mean()), source.k)
    below = f"below {100 * RARE_SHARE:.0f} % of the rows"
    names = [spoken(mode) for mode in few]
    if len(names) > _LISTED:
        names[_LISTED:] = [f"{len(names) - _LISTED} more"]
    detail = [
        f"Asked of what the data name with few rows, {below}: {listed(names)}. Few rows do not "
        "make a pose rare: it may look like many others."
    ]
    if len(few) > 1:
        each = {mode: told(mode_N == mode) for mode in list(few)[:_LISTED]}
        detail.append(
            capitalised(
                "; ".join(
                    f"{spoken(mode)}: {count(inside)} of {count(rows)} there, AUC {number(one, 2)}"
                    for mode, (one, rows, inside) in each.items()
                )
            )
            + "."
        )
    return Finding(QUESTION, answer, " ".join(detail))


def _answer(auc: float, some: int, others: int, held: float, last_share: float, k: int) -> str:
    """Yes, in part or no, with the share in the hardest bin and the AUC beside chance.

    >>> _answer(0.29, 60, 2300, 0, 0.04, 25).partition(".")[0]
    'No: it takes them for easier than the others'
    >>> _answer(0.97, 60, 2300, 50, 0.1, 10)
    'Yes. The hardest tenth holds 83.3 % of them (by chance 10.0 %); AUC 0.97 (by chance 0.50).'
    """
    part = f"hardest {ordinal_part(k)}"
    figures = (
        f"{number(100 * held / some)} % of them (by chance {number(100 * last_share)} %); "
        f"AUC {number(auc, 2)} (by chance {number(CHANCE, 2)})"
    )
    if not finds(auc, some, others):
        easier = auc < CHANCE - margin(some, others)
        why = ": it takes them for easier than the others" if easier else ""
        return f"No{why}. The {part} holds {figures}."
    return f"{'Yes' if auc >= FINDS else 'In part'}. The {part} holds {figures}."


def finds(auc: float, some: int, others: int) -> bool:
    """Whether an AUC is above chance by more than luck, and by enough to speak of."""
    return auc >= max(FINDS_PARTLY, CHANCE + margin(some, others))


def margin(some: int, others: int) -> float:
    """Three standard errors of the AUC of a score that has nothing to do with the two groups."""
    return _SURE * math.sqrt((some + others + 1) / (12 * some * others))


def lacks(summary: dict[str, Any]) -> Finding | None:
    """Say what the source lacks: rare modes and spread of its hardest bin against the rest."""
    sentences = [text for text in (rare_share(summary), spread(summary)) if text]
    if not sentences:
        return None
    return Finding(rare_poses.QUESTION, sentences[0], " ".join([*sentences[1:], rising(summary)]))


def rare_counts(summary: dict[str, Any]) -> list[float] | None:
    """Poses of rare modes in each bin that holds poses; None where rare modes are not known."""
    rows = _filled(summary)
    if any(row.get("rare_share") is None for row in rows):
        return None
    return [row["rare_share"] * row["samples"] for row in rows]


def rare_share(summary: dict[str, Any]) -> str:
    """How much of the source and of its hardest bin shows rare modes; "" where it is not known."""
    if (rare := rare_counts(summary)) is None:
        return ""
    rows = _filled(summary)
    of_all = 100 * sum(rare) / sum(row["samples"] for row in rows)
    in_last, held = 100 * rows[-1]["rare_share"], 100 * rare[-1] / sum(rare) if sum(rare) else 0.0
    return (
        f"Rare modes make up {number(of_all)} % of the source and {number(in_last)} % of its "
        f"{_hardest(summary)}, which holds {number(held, 0)} % of them all."
    )


def spread(summary: dict[str, Any]) -> str:
    """How varied the poses of the hardest bin are beside the easiest; "" where not measured."""
    rows = _filled(summary)
    first, last = rows[0], rows[-1]
    if first is last or not (first["covariance_trace"] and last["covariance_trace"]):
        return ""
    times = last["covariance_trace"] / first["covariance_trace"]
    return (
        f"Poses of the {_hardest(summary)} are {number(times)} times as varied as those of the "
        f"easiest{', though each bin holds as many' if _equal(rows) else ''}."
    )


def rising(summary: dict[str, Any]) -> str:
    """Whether poses vary more from bin to bin, in one sentence; "" where not measured."""
    rho = by_seed.lookup(summary, "variation_spearman", "covariance")
    return "" if rho is None else f"Rank correlation of bin and spread of poses: {number(rho, 2)}."


def _filled(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in summary["variation"] if row["samples"]]


def _hardest(summary: dict[str, Any]) -> str:
    return (
        f"hardest {ordinal_part(len(summary['variation'])) if _equal(_filled(summary)) else 'bin'}"
    )


def _equal(rows: list[dict[str, Any]]) -> bool:
    sizes = [row["samples"] for row in rows]
    return max(sizes) - min(sizes) <= 0.02 * max(sizes) + 1
