"""The part of a page about a score: its spread, its bins in pictures, the scorers side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from posesift.report import theme
from posesift.report.blocks import Block, Charts, Note, Section
from posesift.report.pose_sets import PoseSet
from posesift.report.scores import (
    bin_gallery,
    kinematic_figure,
    labels_first,
    score_figures,
    scorer_table,
    similarity_figure,
    variation_figures,
)
from posesift.report.scores.bin_axis import panel
from posesift.report.wording import capitalised, count, number, ordinal_part, percent, plural
from posesift.results.score import Score


def sections(
    score: Score,
    source: PoseSet | None = None,
    target: PoseSet | None = None,
    missing: str = "",
) -> list[Section]:
    """Sections on the source's poses, in the order of the story.

    Args:
        score: what was scored.
        source: its poses, or None.
        target: the poses that a model is tested on, or None.
        missing: why there is no source, or "".
    """
    found = [
        distribution(score, target),
        gallery(score, source, target, missing),
        alike(score, source),
    ]
    found[1:1] = [part for part in [beside_fit(score.summary)] if part]
    if first := labels_first.labels_first(source):
        found.append(first)
    if table := scorer_table.scorers(score.summary):
        lead = "What the chosen score adds over reconstruction error and over cheap scores."
        found.append(Section("scorers", "Which score", lead, [table]))
    return found


def distribution(score: Score, target: PoseSet | None = None) -> Section:
    """Histogram of the scores, box plots of both kinds of variation, rare modes.

    Args:
        score: what was scored.
        target: poses that are drawn into the histogram where the same scorer scored them.
    """
    summary = score.summary
    k = summary["bins"]
    held_out = (summary.get("agreement") or {}).get(summary["method"]) is not None
    rows = summary.get("variation_grouped") or summary["variation"]
    varied = variation_figures.pose_boxes(rows, held_out)
    scored_M = _scored(target, summary)
    charts: list[theme.Chart | None] = [
        score_figures.histogram(score.score_N, summary["edges"], panel(k))
        if scored_M is None
        else score_figures.both_spreads(score.score_N, scored_M),
        variation_figures.score_boxes(rows),
        varied,
        variation_figures.rare_share(rows),
    ]
    binning = {
        "quantile": "bins of equal size",
        "width": "bins of equal width",
        "log-width": "bins of equal width in the logarithm of the score",
    }.get(summary.get("binning", ""), "bins")
    cut = f"cut into {count(k)} {binning}, from easy (1) to hard ({count(k)})"
    scored = f"{capitalised(plural(summary['samples'], 'pose'))} scored with {summary['method']}"
    lead = f"{scored} and {cut}." if k > 1 else f"{scored}, in one bin."
    blocks: list[Block] = [Charts([chart for chart in charts if chart])]
    if varied is None:
        few = "How much the poses of a bin vary is not shown: no bin holds 8 of them to measure it."
        blocks.append(Note(few, strong=False))
    return Section("poses", "How hard the poses are", lead, blocks)


def beside_fit(summary: dict[str, Any]) -> Section | None:
    """Where the poses fall in the bins of those that their scorer was fitted on.

    None where the scorer was fitted to these poses, or its own are not known.
    """
    fit = summary.get("beside_source")
    if not fit or not sum(fit["these"]):
        return None
    total = sum(fit["these"])
    lead = (
        f"The scorer was fitted on {count(fit['samples'])} poses of {fit['address']}. "
        f"{count(fit['in_hardest_tenth'])} of {count(total)} poses here "
        f"({percent(100 * fit['in_hardest_tenth'] / total)}) are harder than 90 % of those; "
        "the bins of this page are cut from the poses here."
    )
    called = ("scored set", "set of the fit")
    chart = score_figures.target_share(np.array(fit["source"]), np.array(fit["these"]), called)
    return Section("fit", "In the bins of the scorer's own poses", lead, [Charts([chart])])


def gallery(
    score: Score,
    source: PoseSet | None,
    target: PoseSet | None = None,
    missing: str = "",
) -> Section:
    """Samples of the panel bins with their skeletons, and where a target's poses fall."""
    summary = score.summary
    lead = "From easy to hard: the eye is the first check of a difficulty score."
    blocks: list[Block] = []
    if target is not None and not bin_gallery.comparable(target, summary):
        why = "the scorer was not kept, so the target's poses are in bins of another measure"
        blocks.append(Note(f"The target is not shown in these bins: {why}.", strong=False))
        target = None
    if target is not None:
        k = summary["bins"]
        target_k = np.bincount(target.bin_N[target.bin_N >= 0], minlength=k)
        if target_k.any():
            source_k = np.bincount(score.bin_N.astype(np.int64), minlength=k)
            blocks.append(Charts([score_figures.target_share(source_k, target_k)]))
            lead = _hardest(score, target.score_N[target.bin_N >= 0])
        if silent := int((target.bin_N < 0).sum()):
            text = f"{count(silent)} target poses have too few visible keypoints to be scored."
            blocks.append(Note(text, strong=False))
    blocks += bin_gallery.gallery(summary, source, target, missing)
    return Section("bins", "What the bins look like", lead, blocks)


def _scored(target: PoseSet | None, summary: dict[str, Any]) -> np.ndarray | None:
    """A target's scores by the scorer of the source; None where there are none."""
    if target is None or not bin_gallery.comparable(target, summary):
        return None
    scored_M = target.score_N[target.bin_N >= 0]
    return scored_M if len(scored_M) else None


def _hardest(score: Score, target_M: np.ndarray) -> str:
    """How much of the target is as hard as the hardest part of the source, in one sentence."""
    summary = score.summary
    k, total = summary["bins"], len(target_M)
    poses = f"{count(total)} target pose{'s' * (total != 1)}"
    part = ordinal_part(k) if summary.get("binning", "quantile") == "quantile" else "bin"
    if k == 1 or part == "bin":
        inside = int((target_M > np.quantile(score.score_N, 0.9)).sum())
        return f"{count(inside)} of {poses} are harder than 90 % of the source."
    inside = int((target_M >= summary["edges"][-2]).sum())
    share = 100 * float((score.bin_N == k - 1).mean())
    held = f"{number(share, 0 if share >= 9.95 else 1)} % of the source"
    return f"{count(inside)} of {poses} lie in the source's hardest {part}, which holds {held}."


def alike(score: Score, source: PoseSet | None = None) -> Section:
    """The angles that poses are compared by, and the heatmap of how alike two bins are."""
    similar = score.summary.get("similarity")
    lead = (
        "By the joint angles of the source's poses. Low on the diagonal: the poses of that bin "
        "differ among themselves. Low beside it: the two bins hold different poses on average."
    )
    charts: list[theme.Chart] = []
    notes: list[Block] = []
    if source is not None and (tree := kinematic_figure.of_set(source)):
        charts.append(tree)
    if not similar:
        notes.append(Note("The similarity of the bins was not measured.", strong=False))
    elif len(similar["matrix"]) < 2:
        value = number(similar["matrix"][0][0], 2) if similar["matrix"] else number(None)
        text = f"One bin has no other to be compared with. Mean cosine within it: {value}."
        notes.append(Note(text, strong=False))
    else:
        pairs = [(int(first), int(last)) for first, last in similar.get("bins") or []]
        charts.append(
            similarity_figure.similarity(
                similar["matrix"], similar["used"], similar["left_out"], pairs
            )
        )
    blocks: list[Block] = [Charts(charts)] if charts else []
    return Section("similarity", "How alike the bins are", lead, [*blocks, *notes])
