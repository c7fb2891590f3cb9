"""The summary of a comparison in plain words, written from its numbers.

Every sentence has a version for each way the numbers can fall: an interval that includes zero is
called that, one seed is called one seed, and a cheap score that does as well as the VAE is named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from posesift.report.blocks import Finding
from posesift.report.claims import headline
from posesift.report.outcome import methods, results
from posesift.report.outcome.results import Comparison
from posesift.report.summary.adaptation_finding import adapted, closed, later_bins
from posesift.report.summary.sampling_finding import changed
from posesift.report.wording import (
    capitalised,
    listed,
    number,
    ordinal_part,
    signed,
)

CHEAP = {
    "mean-distance": "the distance to the mean pose",
    "pca": "the PCA residual",
    "knn": "the k-NN distance",
}
FREE = {
    "constant pose": "a constant pose",
    "BatchNorm re-estimated": "re-estimating BatchNorm on unlabelled target images",
}
_LEVEL = 0.01  # of AUC; closer than this, one seed cannot tell two scores apart


def of_comparison(comparison: Comparison, summary: dict[str, Any] | None) -> list[Finding]:
    """What a comparison says beyond the opening questions, in the order of the page."""
    at = headline.anchors(comparison, summary)
    found = [_proven(adapted(comparison), at.get(headline.ADAPTATION))]
    found += [_proven(closed(comparison), at.get(headline.GAP))]
    if methods.samples_differently(comparison):
        found.append(_proven(changed(comparison), at.get(headline.SAMPLING)))
    found += [later_bins(comparison)]
    found += [gap(comparison), cheaper(summary) if summary else None, supported(comparison)]
    found += [free(comparison)]
    return [finding for finding in found if finding]


def _proven(finding: Finding | None, anchor: str | None) -> Finding | None:
    """A finding with a link to its claim, where there are both."""
    return replace(finding, links=[("Evidence", anchor)]) if finding and anchor else finding


def lacks(
    summary: dict[str, Any], question: str = "Which poses are rare in the source?"
) -> Finding | None:
    """What the source lacks: rare modes and spread of its hardest bin against the rest."""
    rows = [row for row in summary["variation"] if row["samples"]]
    first, last, k = rows[0], rows[-1], len(summary["variation"])
    part = f"hardest {ordinal_part(k) if _equal(rows) else 'bin'}"
    sentences = []
    if all(row.get("rare_share") is not None for row in rows):
        total = sum(row["samples"] for row in rows)
        rare = [100 * row["rare_share"] * row["samples"] for row in rows]
        of_all, in_last = sum(rare) / total, 100 * last["rare_share"]
        share = 100 * rare[-1] / sum(rare) if sum(rare) else 0.0
        sentences.append(
            f"Rare modes make up {number(of_all)} % of the source and {number(in_last)} % of its "
            f"{part}, which holds {number(share, 0)} % of them all."
        )
    if first["covariance_trace"] and last["covariance_trace"]:
        times = last["covariance_trace"] / first["covariance_trace"]
        sentences.append(
            f"Poses of the {part} are {number(times)} times as varied as those of the "
            f"easiest{', though each bin holds as many' if _equal(rows) else ''}."
        )
    if not sentences:
        return None
    rho = results.lookup(summary, "variation_spearman", "covariance")
    told = "" if rho is None else f"Rank correlation of bin and spread of poses: {number(rho, 2)}."
    return Finding(question, sentences[0], " ".join([*sentences[1:], told]))


def fails(comparison: Comparison) -> Finding | None:
    """Whether the reference model is worse on hard target poses, and an oracle too."""
    arm = results.reference(comparison)
    levels = results.bin_levels(comparison, arm)
    if len(levels) < 2 or levels[0] is None or levels[-1] is None:
        return None
    easy, hard = levels[0].mean, levels[-1].mean
    part = ordinal_part(len(levels))
    name = results.label(comparison, arm)
    if easy - hard > 1:
        answer = (
            f"Yes. PCK@0.05 of the {name} arm falls from {number(easy)} in the easiest {part} of "
            f"the target to {number(hard)} in the hardest."
        )
    else:
        answer = (
            f"No. PCK@0.05 of the {name} arm is {number(easy)} in the easiest {part} of the "
            f"target and {number(hard)} in the hardest."
        )
    detail = ""
    for oracle in results.arms(comparison, "oracle") if easy - hard > 1 else ():
        best = results.bin_levels(comparison, oracle["name"])
        if oracle["trained_on"] == "target" and best and best[0] and best[-1]:
            fall, mine = best[0].mean - best[-1].mean, easy - hard
            part_of = "All" if fall > 0.9 * mine else "Part" if fall > 0.1 * mine else "None"
            detail = (
                f"{part_of} of this is that hard poses are hard for anyone: an oracle trained on "
                f"the target's own labels changes by {signed(-fall)} points over the same range, "
                f"the {name} arm by {signed(-mine)}."
            )
    links = [("By difficulty", "difficulty")]
    return Finding("Does the model fail on hard poses?", answer, detail, links=links)


def gap(comparison: Comparison) -> Finding | None:
    """What changing the look and changing the poses cost, each alone."""
    arm = results.reference(comparison)
    square = results.gap(comparison, arm)
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
    detail = (
        f"For the {results.label(comparison, arm)} arm the larger part is the {larger}. A sampler "
        "of poses can act on the poses' part only; adaptation can act on both. "
        f"Interaction: {signed(square.interaction)} points."
    )
    return Finding("Is it the poses or the look?", answer, detail)


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


def supported(comparison: Comparison) -> Finding | None:
    """The claim behind the method: failure despite similar poses in the source."""
    arm = results.reference(comparison)
    rows = [row for row in (comparison.get("support") or {}).get(arm, []) if row["pck"] is not None]
    if len(rows) < 2:
        return None
    few, many = rows[0], rows[-1]
    gain = many["pck"] - few["pck"]
    name = results.label(comparison, arm)
    rises = "rises with" if gain > 1 else "falls with" if gain < -1 else "hardly depends on"
    answer = (
        f"Accuracy {rises} support: PCK@0.05 of the {name} arm is {number(few['pck'])} for target "
        f"poses with {_neighbours(few)} and {number(many['pck'])} for those with "
        f"{_neighbours(many)}."
    )
    missed = 100 - many["pck"]
    detail = (
        f"Support is not enough: where it is best, {number(missed, 0)} % of the joints are still "
        "missed."
        if missed > 20
        else f"Where support is best, {number(missed, 0)} % of the joints are missed."
    )
    return Finding("Does it fail despite support?", answer, detail)


def free(comparison: Comparison) -> Finding | None:
    """What costs nothing: a constant pose, re-estimated normalisation statistics."""
    arm = results.challenger(comparison)
    mine = results.spread(results.by_seed(comparison, arm, "target", "pck", "0.05", "all").values())
    reached: dict[str, float] = {}
    for name in dict.fromkeys(row["name"] for row in comparison.get("baselines") or []):
        values = results.baseline_by_seed(comparison, name, "target", "pck", "0.05", "all")
        if found := results.spread(values.values()):
            reached[name] = found.mean
    if not reached or mine is None:
        return None
    told = listed(
        [f"{FREE.get(name, name)} reaches {number(value)}" for name, value in reached.items()]
    )
    over = [str(FREE.get(name, name)) for name, value in reached.items() if value >= mine.mean]
    warning = ""
    if over:
        verb = "does" if len(over) == 1 else "do"
        warning = f" {capitalised(listed(over))} {verb} as well."
    return Finding(
        "What comes for free?",
        f"{capitalised(told)}; the {results.label(comparison, arm)} arm {number(mine.mean)}."
        f"{warning}",
        "PCK@0.05 on the target. Every method has to be read against these rows.",
    )


def _neighbours(row: dict[str, Any]) -> str:
    """How many similar source poses the samples of a support row have, in words."""
    low, high = row["neighbours_low"], row["neighbours_high"]
    if high is None:
        return f"at least {low:.0f} similar source poses"
    if low == high:
        return "no similar source pose" if low == 0 else f"{low:.0f} similar source poses"
    return f"{low:.0f} to {high:.0f} similar source poses"


def _equal(rows: list[dict[str, Any]]) -> bool:
    sizes = [row["samples"] for row in rows]
    return max(sizes) - min(sizes) <= 0.02 * max(sizes) + 1
