"""The part of a page about a score: its spread, its bins in pictures, the scorers side by side."""

from __future__ import annotations

from posesift.difficulty.bins import panel_bins
from posesift.report import (
    drawing,
    examples,
    samples,
    score_figures,
    scorer_table,
    similarity_figure,
    theme,
)
from posesift.report.blocks import Block, Charts, Gallery, Note, Picture, Section, Strip
from posesift.report.folders import ScoreFolder
from posesift.report.wording import count, number

PER_BIN = 6


def sections(score: ScoreFolder) -> list[Section]:
    """Sections on the source's poses, in the order of the story."""
    found = [distribution(score), gallery(score), alike(score)]
    if table := scorer_table.scorers(score.summary):
        lead = "What the chosen score adds over reconstruction error and over cheap scores."
        found.append(Section("scorers", "Which score", lead, [table]))
    return found


def distribution(score: ScoreFolder) -> Section:
    """Histogram of the scores, box plots of both kinds of variation, rare modes."""
    summary = score.summary
    k = summary["bins"]
    held_out = (summary.get("agreement") or {}).get(summary["method"]) is not None
    charts: list[theme.Chart | None] = [
        score_figures.histogram(score.score_N, summary["edges"], list(panel_bins(k))),
        score_figures.score_boxes(summary["variation"]),
        score_figures.covariance(summary["variation"], held_out),
        score_figures.rare_share(summary["variation"]),
    ]
    binning = {
        "quantile": "bins of equal size",
        "width": "bins of equal width",
        "log-width": "bins of equal width in the logarithm of the score",
    }.get(summary.get("binning", ""), "bins")
    lead = (
        f"{count(summary['samples'])} poses scored with {summary['method']} and cut into {k} "
        f"{binning}, from easy (1) to hard ({k})."
    )
    blocks: list[Block] = [Charts([chart for chart in charts if chart])]
    return Section("poses", "How hard the poses are", lead, blocks)


def gallery(score: ScoreFolder) -> Section:
    """Samples of the panel bins with their skeletons."""
    summary = score.summary
    table, problem = samples.table_of(summary["address"], summary["samples"])
    lead = "One row a bin, from easy to hard: the eye is the first check of a difficulty score."
    title = "What the bins look like"
    if table is None:
        text = f"No poses are shown: {problem}."
        return Section("bins", title, lead, [Note(text)])
    strips, images, problem = [], [], ""
    for b in panel_bins(summary["bins"]):
        rows = examples.of_bin(score.bin_N, b, PER_BIN)
        crops = samples.crops(table, score.index_N[rows], near=True)
        images, problem = images + crops.images, problem or crops.problem
        low, high = summary["edges"][b], summary["edges"][b + 1]
        strips.append(
            Strip(
                name=f"Bin {b + 1}",
                detail=f"score {number(low, 2)} to {number(high, 2)}",
                pictures=[
                    _picture(crops, i, b, float(score.score_N[row])) for i, row in enumerate(rows)
                ],
            )
        )
    blocks: list[Block] = [
        Gallery(
            title="Bins in pictures",
            caption=f"Up to {PER_BIN} poses of each bin, drawn at random (seed 0), not chosen.",
            strips=strips,
        )
    ]
    if said := samples.shortfall(images, problem):
        blocks.insert(0, Note(f"Skeletons without images: {said}."))
    return Section("bins", title, lead, blocks)


def alike(score: ScoreFolder) -> Section:
    """Bin similarity heatmap."""
    similar = score.summary.get("similarity")
    lead = "Bins that differ from all others hold what the rest of the source cannot teach."
    if not similar:
        note = Note("The similarity of the bins was not measured.", strong=False)
        return Section("similarity", "How alike the bins are", lead, [note])
    chart = similarity_figure.similarity(similar["matrix"], similar["used"], similar["left_out"])
    return Section("similarity", "How alike the bins are", lead, [Charts([chart])])


def _picture(crops: samples.Crops, i: int, b: int, score: float) -> Picture:
    keypoints, side = crops.keypoints_MK2[i], float(crops.side)
    image = crops.images[i]
    if image is None:
        keypoints, side = drawing.framing(keypoints, crops.visible_MK[i])
    mode = crops.mode[i] if crops.mode else ""
    return drawing.picture(
        crops.skeleton,
        keypoints,
        crops.visible_MK[i],
        side=side,
        image=image,
        alt=f"Pose of bin {b + 1}, score {number(score, 2)}{', ' + mode if mode else ''}",
        caption=[part for part in (mode, number(score, 2)) if part],
    )
