"""The summary of a comparison in plain words, written from its numbers.

Every sentence has a version for each way the numbers can fall: an interval that includes zero is
called that, one seed is called one seed, and a cheap score that does as well as the VAE is named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from posesift.report.blocks import Finding
from posesift.report.claims import headline
from posesift.report.summary import free_rows, support_finding
from posesift.report.summary.adaptation_finding import adapted, closed, later_bins
from posesift.report.summary.beside_oracle import Loss, verdict
from posesift.report.summary.sampling_finding import changed
from posesift.report.verdicts import sure
from posesift.report.wording import capitalised, number, ordinal_part, signed
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared

CHEAP = {
    "mean-distance": "the distance to the mean pose",
    "pca": "the PCA residual",
    "knn": "the k-NN distance",
}
_LEVEL = 0.01  # of AUC; closer than this, one seed cannot tell two scores apart


def of_comparison(comparison: Compared, summary: dict[str, Any] | None) -> list[Finding]:
    """What a comparison says beyond the opening questions, in the order of the page."""
    at = headline.anchors(comparison, summary)
    found = [_proven(adapted(comparison), at.get(headline.ADAPTATION))]
    found += [_proven(closed(comparison), at.get(headline.GAP))]
    if methods.samples_differently(comparison):
        found.append(_proven(changed(comparison), at.get(headline.SAMPLING)))
    found += [later_bins(comparison)]
    found += [gap(comparison), cheaper(summary) if summary else None]
    found += [support_finding.supported(comparison), free_rows.free(comparison)]
    return [finding for finding in found if finding]


def _proven(finding: Finding | None, anchor: str | None) -> Finding | None:
    """A finding with a link to its claim, where there are both."""
    return replace(finding, links=[("Evidence", anchor)]) if finding and anchor else finding


def lacks(
    summary: dict[str, Any], question: str = "Which poses are rare in the source?"
) -> Finding | None:
    """What the source lacks: rare modes and spread of its hardest bin against the rest."""
    sentences = [text for text in (rare_share(summary), spread(summary)) if text]
    if not sentences:
        return None
    return Finding(question, sentences[0], " ".join([*sentences[1:], rising(summary)]))


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


def fails(comparison: Compared) -> Finding | None:
    """Whether the reference loses more on hard target poses than an oracle does."""
    arm = by_seed.reference(comparison)
    levels = by_seed.bins_by_seed(comparison, arm)
    if len(levels) < 2 or (own := by_seed.difference(levels[-1], levels[0])) is None:
        return None
    part, name = ordinal_part(len(levels)), by_seed.label(comparison, arm)
    easy, hard = (by_seed.interval(levels[i].values()) for i in (0, -1))
    assert easy is not None
    assert hard is not None
    top = lack = None
    if oracle := methods.target_oracle(comparison):
        best = by_seed.bins_by_seed(comparison, oracle["name"])
        fall = by_seed.difference(best[-1], best[0]) if len(best) == len(levels) else None
        top = fall and Loss(fall, sure(fall, len(best[-1])))
        mine = _fall(levels)
        theirs = _fall(best) if fall else {}
        if rest := by_seed.difference(mine, theirs):
            lack = Loss(rest, sure(rest, len(mine.keys() & theirs.keys())))
    loss = Loss(own, sure(own, len(_fall(levels))))
    where = f"on the hardest {part} of the target than on the easiest"
    answer = verdict(name, where, loss, top, lack)
    detail = f"PCK@0.05: {number(hard.mean)} in the hardest and {number(easy.mean)} in the easiest."
    links = [("By difficulty", "difficulty")]
    return Finding("Does the model fail on hard poses?", answer, detail, links=links)


def _fall(levels: list[dict[int, float]]) -> dict[int, float]:
    """Points lost from the easiest bin to the hardest, by seed."""
    return {s: levels[0][s] - levels[-1][s] for s in levels[0].keys() & levels[-1].keys()}


def gap(comparison: Compared) -> Finding | None:
    """What changing the look and changing the poses cost, each alone."""
    arm = by_seed.reference(comparison)
    square = by_seed.gap(comparison, arm)
    if square is None or square.interaction is None:
        return None
    (source, look), (poses, both) = square.cells
    assert source is not None
    assert look is not None
    assert poses is not None
    assert both is not None
    answer = (
        f"From {number(source)} on its own world to {number(both)} on the target: the new look "
        f"alone changes PCK@0.05 by {signed(look - source)} points, the new poses alone by "
        f"{signed(poses - source)}."
    )
    larger = "look" if source - look > source - poses else "poses"
    apart = square.interaction
    beside = "as much as" if abs(apart) < 0.05 else f"{number(abs(apart))} points "
    beside += "" if abs(apart) < 0.05 else f"{'less' if apart > 0 else 'more'} than "
    detail = (
        f"For the {by_seed.label(comparison, arm)} arm the larger part is the {larger}. Both "
        f"changes together cost {beside}the sum of each alone. {_won_back(comparison, square)}"
    )
    return Finding("Is it the poses or the look?", answer, detail)


def _won_back(comparison: Compared, square: by_seed.Gap) -> str:
    """What an oracle makes of the cell where only the poses are new."""
    regret = square.regret[1][0]
    if regret is None:
        return (
            "No oracle was trained on the new poses in the source's look, so how much of the "
            "poses' part could be won back by other training poses is not known."
        )
    return (
        "An oracle trained on the new poses in the source's look is there "
        f"{number(abs(regret))} points {'better' if regret >= 0 else 'worse'}."
    )


def cheaper(summary: dict[str, Any]) -> Finding | None:
    """Whether a score without a network finds the rare poses as well."""
    auc = summary.get("rare_mode_auc") or {}
    cheap = {name: auc[name] for name in CHEAP if auc.get(name) is not None}
    method = summary["method"]
    if not cheap or auc.get(method) is None or method in CHEAP:
        return None
    best = max(cheap, key=lambda name: cheap[name])
    mine, theirs = auc[method], cheap[best]
    figures = f"(AUC {number(theirs, 2)} against {number(mine, 2)})"
    if theirs > mine + _LEVEL:
        answer = f"Yes. {capitalised(CHEAP[best])} finds rare modes better than the VAE {figures}."
    elif theirs > mine - _LEVEL:
        answer = f"Yes. {capitalised(CHEAP[best])} finds rare modes as well as the VAE {figures}."
    else:
        answer = (
            f"Not in finding rare modes: the best cheap score, {CHEAP[best]}, stays behind the "
            f"VAE {figures}."
        )
    detail = ""
    if method == "elbo" and auc.get("reconstruction") is not None:
        detail = (
            "The score as first proposed, reconstruction error alone, reaches "
            f"{number(auc['reconstruction'], 2)}."
        )
    return Finding("Would a cheaper score do?", answer, detail)


def _equal(rows: list[dict[str, Any]]) -> bool:
    sizes = [row["samples"] for row in rows]
    return max(sizes) - min(sizes) <= 0.02 * max(sizes) + 1
