"""The part of a page about a score: its spread, its bins in pictures, the scorers side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from posesift.report import pictures, theme
from posesift.report.blocks import (
    Block,
    Cell,
    Charts,
    Gallery,
    Note,
    Row,
    Section,
    Strip,
    Table,
)
from posesift.report.facts import SCORES, VAE
from posesift.report.figures import kinematic_tree
from posesift.report.figures import score as score_figures
from posesift.report.figures import variation as variation_figures
from posesift.report.figures.axes import named, panel
from posesift.report.figures.shares import target_share
from posesift.report.pictures import of_bin
from posesift.report.pose_sets import UNBINNED, PoseSet
from posesift.report.sections import labels_first
from posesift.report.tables import Column, embolden
from posesift.report.wording import (
    capitalised,
    count,
    number,
    percent,
    plural,
)
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
        distribution(score),
        gallery(score, source, target, missing),
        alike(score, source),
    ]
    found[1:1] = [part for part in [beside_fit(score.summary)] if part]
    if first := labels_first.labels_first(source):
        found.append(first)
    if table := scorers(score.summary):
        lead = "What the chosen score adds over reconstruction error and over cheap scores."
        found.append(Section("scorers", "Scorer comparison", lead, [table]))
    return found


def distribution(score: Score) -> Section:
    """Histogram of the scores, and how much the poses of each bin vary."""
    summary = score.summary
    k = summary["bins"]
    held_out = (summary.get("agreement") or {}).get(summary["method"]) is not None
    rows = summary.get("variation_grouped") or summary["variation"]
    varied = variation_figures.pose_boxes(rows, held_out)
    charts = [score_figures.histogram(score.score_N, summary["edges"], panel(k)), varied]
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
    return Section("poses", "Score and bins", lead, blocks)


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
    chart = target_share(np.array(fit["source"]), np.array(fit["these"]), called)
    return Section("fit", "In the bins of the scorer's own poses", lead, [Charts([chart])])


def gallery(
    score: Score,
    source: PoseSet | None,
    target: PoseSet | None = None,
    missing: str = "",
) -> Section:
    """Show samples of the panel bins with their skeletons, and where a target's poses fall."""
    summary = score.summary
    lead = "From easy to hard: the eye is the first check of a difficulty score."
    blocks: list[Block] = []
    if target is not None and not target.binned_as(summary["edges"]):
        why = "the scorer was not kept, so the target's poses are in bins of another measure"
        blocks.append(Note(f"The target is not shown in these bins: {why}.", strong=False))
        target = None
    if target is not None:
        k = summary["bins"]
        target_k = np.bincount(target.bin_N[target.bin_N >= 0], minlength=k)
        if target_k.any():
            source_k = np.bincount(score.bin_N.astype(np.int64), minlength=k)
            blocks.append(Charts([target_share(source_k, target_k)]))
            lead = _hardest(score, target.score_N[target.bin_N >= 0])
        if silent := int((target.bin_N < 0).sum()):
            text = f"{count(silent)} target poses have too few visible keypoints to be scored."
            blocks.append(Note(text, strong=False))
    blocks += galleries(summary, source, target, missing)
    return Section("bins", "The bins in pictures", lead, blocks)


def _hardest(score: Score, target_M: np.ndarray) -> str:
    """How hard the target is beside the source, in two sentences."""
    inside, total = int((target_M > np.quantile(score.score_N, 0.9)).sum()), len(target_M)
    poses = f"{count(total)} target pose{'s' * (total != 1)}"
    share = percent(100 * inside / total)
    middle = [number(float(np.median(score_N)), 2) for score_N in (score.score_N, target_M)]
    return (
        f"{count(inside)} of {poses} ({share}) are harder than 90 % of the source. Median score: "
        f"{middle[0]} in the source, {middle[1]} in the target."
    )


def alike(score: Score, source: PoseSet | None = None) -> Section:
    """Return the angles that poses are compared by, and the heatmap of how alike two bins are."""
    similar = score.summary.get("similarity")
    lead = (
        "By the joint angles of the source's poses. Low on the diagonal: the poses of that bin "
        "differ among themselves. Low beside it: the two bins hold different poses on average."
    )
    charts: list[theme.Chart] = []
    notes: list[Block] = []
    if source is not None and (tree := kinematic_tree.of_set(source)):
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
            score_figures.similarity(similar["matrix"], similar["used"], similar["left_out"], pairs)
        )
    blocks: list[Block] = [Charts(charts)] if charts else []
    return Section("similarity", "Bin similarity", lead, [*blocks, *notes])


PER_BIN = 6


def galleries(
    summary: dict[str, Any], source: PoseSet | None, target: PoseSet | None, missing: str
) -> list[Block]:
    """Return the panel bins in rising order, the target's poses below the source's of the same bin.

    Args:
        summary: of the score.
        source: the scored poses, or None.
        target: the tested poses in bins of the same score, or None.
        missing: why there is no source, or "".
    """
    shown = [one for one in (source, target) if one is not None]
    notes: list[Block] = []
    if source is None:
        what = "poses" if target is None else "poses of the source"
        notes.append(Note(f"No {what} are shown: {missing or 'they were not kept'}."))
    if not shown:
        return notes
    pairs = panel(summary["bins"])
    by_set: list[list[Strip]] = []
    for one in shown:
        groups = [_group(one, pair, summary, several=target is not None) for pair in pairs]
        strips, problem = pictures.strips(one.table, one.score_N, groups)
        whose = f" of the {one.which}" * (len(shown) > 1)
        notes += pictures.without_images(one.problem or problem, whose)
        by_set.append([replace(strip, follows=one is not shown[0]) for strip in strips])
    strips = [strip for both in zip(*by_set, strict=True) for strip in both]
    what = "bin" if all(first == last for first, last in pairs) else "row"
    caption = f"Up to {PER_BIN} poses of each {what}, drawn at random (seed 0), not chosen."
    if target is not None:
        caption += " The target's poses were scored and binned by the scorer of the source."
    return [*notes, Gallery("Bins in pictures", caption, strips)]


def _group(
    one: PoseSet, pair: tuple[int, int], summary: dict[str, Any], several: bool
) -> pictures.Group:
    """Choose poses of the bins of ``pair``, and say how many these hold."""
    first, last = pair
    inside_N = (one.bin_N >= first) & (one.bin_N <= last)
    rows = of_bin(np.where(inside_N, first, UNBINNED), first, PER_BIN)
    inside = int(((one.every_bin >= first) & (one.every_bin <= last)).sum())
    detail = f"{count(inside)} of {count(one.total)} {one.which} poses"
    if one.which == "source" or not several:
        low, high = summary["edges"][first], summary["edges"][last + 1]
        detail = f"score {number(low, 2)} to {number(high, 2)}, {detail}"
    name = capitalised(named(pair)) + f", {one.which}" * several
    called = f"{capitalised(one.which)} pose of {named(pair)}"
    return name, detail if inside else f"no {one.which} pose falls here", called, rows


def scorers(summary: dict[str, Any]) -> Table | None:
    """Tabulate what each score finds, and whether it repeats; None where nothing was measured."""
    found = summary.get("rare_mode_auc") or {}
    repeats = summary.get("agreement") or {}
    alike = summary.get("rank_correlation_with_default") or {}
    names = list(dict.fromkeys([*found, *repeats, *alike]))
    if not names:
        return None
    method = summary["method"]
    measured = {"rare modes (AUC)": found, "two fits agree": repeats, f"like {method}": alike}
    columns = [
        Column(title, (), ranked=values is found) for title, values in measured.items() if values
    ]
    rows = []
    for name in names:
        itself = name == method
        cells = [Cell(v.get(name), ".2f") for v in measured.values() if v]
        if alike and itself:
            cells[-1] = Cell("itself")
        shown = SCORES.get(name, name) + " (used here)" * itself
        rows.append(Row(shown, cells, "arm" if itself else "baseline"))
    embolden(rows, columns, range(len(rows)))
    told = [
        "Rare modes: how well a score tells them from common ones (0.5 = not at all, 1 = "
        "perfectly)." * bool(found),
        "Two fits agree: rank correlation of fits with different seeds." * bool(repeats),
        f"Like {method}: rank correlation with the score in use." * bool(alike),
        "Reconstruction is the score as first proposed." * ("reconstruction" in names),
        "Only the VAE's scores need a network." * any(name not in VAE for name in names),
    ]
    return Table(
        title="Scorers side by side",
        corner="score",
        columns=[column.title for column in columns],
        rows=rows,
        caption=" ".join(part for part in told if part),
    )
