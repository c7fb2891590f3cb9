"""The part of a page that shows single predictions beside the truth, chosen by a printed rule.

N samples of one set, K keypoints.
"""

from __future__ import annotations

import numpy as np

from posesift.report import drawing, examples, methods, results, samples
from posesift.report.blocks import Block, Gallery, Note, Picture, Section, Strip
from posesift.report.folders import ComparisonFolder, Predictions, RunFolder, read_predictions
from posesift.report.run_sections import headline
from posesift.report.wording import capitalised, number

THRESHOLD = 0.05
EACH = 3
COLUMNS = 4  # predictions beside the truth; more would not be seen on a phone
LEGEND = f"Yellow dots: joints off by more than {100 * THRESHOLD:.0f} % of the crop's side."


def of_comparison(folder: ComparisonFolder) -> Section:
    """Ground truth beside the predictions of the reference and other arms, first seed."""
    comparison = folder.comparison
    seed = comparison["seeds"][0]
    title, lead = "Seen one by one", f"Single target images, seed {seed}."
    names = results.shown_arms(comparison)[:COLUMNS]
    against = methods.against(comparison, names[1]) if len(names) > 1 else None
    if methods.several(comparison):
        names = list(dict.fromkeys(filter(None, [*names[:2], against])))
    found: list[tuple[str, Predictions]] = []
    for name in names:
        cell = folder.cell(name, seed)
        predictions = read_predictions(cell, "target") if cell else None
        if predictions is not None:
            found.append((results.label(comparison, name), predictions))
    if len(found) < 2:
        text = "No single predictions are shown: the run folders of the arms are not at hand."
        return Section("examples", title, lead, [Note(text)])
    (base_name, base), (arm_name, arm) = found[0], found[1]
    if methods.several(comparison):
        found.append(found.pop(1))  # what the challenger adds to, before the challenger
    for name, other in found[1:]:
        if not np.array_equal(other.index_N, base.index_N):
            raise ValueError(
                f"{folder.path}: the arms {base_name!r} and {name!r} predicted different target "
                f"samples for seed {seed}; make the comparison again"
            )
    chosen = examples.by_gain(arm.pck_N - base.pck_N, arm.evalpose_N - base.evalpose_N, EACH)
    rule = (
        f"Rule: the {EACH} samples with the largest gain and the {EACH} with the largest loss in "
        f"PCK@{THRESHOLD} of {arm_name} over {base_name} (ties: larger change of EvalPose), and "
        f"{EACH} drawn at random (seed 0) from the rest. {LEGEND}"
    )
    for kind, rows in chosen:
        if len(rows) == 0:
            rule += f" There was no {kind.split()[-1]}."
    blocks = _gallery(found, chosen, rule)
    return Section("examples", title, lead, blocks)


def of_run(folder: RunFolder) -> Section | None:
    """Best, worst and random predictions of one run on its first set."""
    name, _ = headline(folder)
    predictions = read_predictions(folder.path, name)
    if predictions is None:
        return None
    best, worst, random = examples.by_gain(
        predictions.pck_N - np.nanmedian(predictions.pck_N), predictions.evalpose_N, EACH
    )
    chosen = [("best", best[1]), ("worst", worst[1]), random]
    rule = (
        f"Rule: the {EACH} samples with the highest and the {EACH} with the lowest PCK@{THRESHOLD} "
        f"(ties: EvalPose), and {EACH} drawn at random (seed 0) from the rest. {LEGEND}"
    )
    blocks = _gallery([("prediction", predictions)], chosen, rule)
    return Section("examples", "Seen one by one", f"Single images of the set “{name}”.", blocks)


def _gallery(
    found: list[tuple[str, Predictions]], chosen: list[tuple[str, np.ndarray]], rule: str
) -> list[Block]:
    """Strips of truth and predictions, one a sample, on images where they are at hand."""
    first = found[0][1]
    rows = np.concatenate([rows for _, rows in chosen]).astype(np.int64)
    kinds = [f"{capitalised(kind)} {i + 1}" for kind, some in chosen for i in range(len(some))]
    images, problem = images_of(first, rows)
    strips = []
    for kind, row, image in zip(kinds, rows, images, strict=True):
        pictures = [truth(first, row, image)]
        pictures += [prediction(name, predictions, row, image) for name, predictions in found]
        detail = f"sample {first.index_N[row]}"
        if np.isfinite(first.difficulty_N[row]):
            detail += f", difficulty {number(float(first.difficulty_N[row]))}"
        strips.append(Strip(kind, detail, pictures))
    columns = ["ground truth", *(name for name, _ in found)]
    blocks: list[Block] = [Gallery("Examples", rule, strips, columns)]
    if problem:
        blocks.insert(0, Note(f"Skeletons without images: {problem}."))
    return blocks


def images_of(of: Predictions, rows: np.ndarray) -> tuple[list[str | None], str]:
    """The crops of some rows, or why there are none: data that moved, or that are others now."""
    nothing: list[str | None] = [None] * len(rows)
    table, problem = samples.table_of(of.address, split="test")
    if table is None or len(rows) == 0:
        return nothing, problem
    if of.index_N[rows].max() >= len(table) or not table.skeleton.same_as(of.skeleton):
        return nothing, f"{of.address} is not what the predictions were made on"
    crops = samples.crops(table, of.index_N[rows])
    # The labels of the same crop, in the pixels of the predictions, must be those kept with them.
    shrink = of.side / crops.side
    now_MK2 = (crops.keypoints_MK2 + 0.5) * shrink - 0.5
    away_MK = np.linalg.norm(now_MK2 - of.keypoints_NK2[rows], axis=-1)
    if (away_MK[of.visible_NK[rows]] > 0.02 * of.side).any():
        return nothing, f"the labels of {of.address} have changed since the predictions were made"
    return crops.images, crops.shortfall


def truth(of: Predictions, row: int, image: str | None) -> Picture:
    """The labels of one sample."""
    return drawing.picture(
        of.skeleton,
        of.keypoints_NK2[row],
        of.visible_NK[row],
        side=of.side,
        image=image,
        alt=f"Ground truth of sample {of.index_N[row]}",
    )


def prediction(name: str, of: Predictions, row: int, image: str | None) -> Picture:
    """One prediction, joints that are off ringed, PCK and EvalPose below."""
    off_K = np.linalg.norm(of.predicted_NK2[row] - of.keypoints_NK2[row], axis=-1)
    pck, similar = (
        None if np.isnan(values[row]) else float(values[row])
        for values in (of.pck_N, of.evalpose_N)
    )
    return drawing.picture(
        of.skeleton,
        of.predicted_NK2[row],
        of.visible_NK[row],
        side=of.side,
        image=image,
        missed_K=off_K >= THRESHOLD * of.side,
        alt=(
            f"Prediction of {name} on sample {of.index_N[row]}: "
            f"PCK {number(pck, 0)}, EvalPose {number(similar, 0)}"
        ),
        caption=[f"PCK {number(pck, 0)} · EvalPose {number(similar, 0)}"],
    )
