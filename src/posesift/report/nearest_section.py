"""Failures of the reference arm beside their nearest source poses: is the support really there?

N target samples, M source poses, K keypoints, A angles, 2 = (x, y).
"""

from __future__ import annotations

import numpy as np

from posesift.evaluation.support import nearest
from posesift.poses.angles import joint_angles
from posesift.poses.table import PoseTable
from posesift.report import drawing, results, samples
from posesift.report.blocks import Block, Gallery, Note, Picture, Section, Strip
from posesift.report.example_sections import images_of, prediction, truth
from posesift.report.folders import ComparisonFolder, Predictions, read_predictions
from posesift.report.wording import number

EACH = 3  # failures of either kind
SHOWN = 3  # nearest source poses of each


def nearest_sources(folder: ComparisonFolder) -> Section | None:
    """The worst quarter's best and least supported samples; None where poses are not at hand."""
    comparison = folder.comparison
    seed, arm = comparison["seeds"][0], results.reference(comparison)
    cell = folder.cell(arm, seed)
    found = read_predictions(cell, "target") if cell else None
    if found is None or folder.score is None:
        return None
    summary = folder.score.summary
    source, problem = samples.table_of(summary["address"], summary["samples"])
    title = "Failures and their nearest source poses"
    lead = (
        f"Target images on which {results.label(comparison, arm)} (seed {seed}) does badly, each "
        "beside the source poses closest to its true pose."
    )
    if source is None or not source.skeleton.same_as(found.skeleton) or not len(source):
        why = problem or "source and target have different skeletons"
        return Section("failures", title, lead, [Note(f"No source poses are shown: {why}.")])
    rows, distance_MS, index_MS = failures(found, source)
    if len(rows) == 0:
        return None
    images, problem = images_of(found, rows)
    pictured = samples.crops(source, index_MS.ravel(), near=True)
    strips = []
    for i, row in enumerate(rows):
        supported = i < len(rows) - len(rows) // 2
        place = i if supported else i - (len(rows) - len(rows) // 2)
        name = f"{'With' if supported else 'Without'} support {place + 1}"
        near = [
            _source(pictured, i * index_MS.shape[1] + j, float(distance_MS[i, j]))
            for j in range(index_MS.shape[1])
        ]
        shown = [truth(found, row, images[i]), prediction("this arm", found, row, images[i])]
        strips.append(Strip(name, f"sample {found.index_N[row]}", [*shown, *near]))
    columns = ["ground truth", results.label(comparison, arm)]
    columns += [f"source pose {j + 1}" for j in range(index_MS.shape[1])]
    rule = (
        f"Rule: of the quarter of the target with the lowest PCK@0.05, the {EACH} samples whose "
        f"{SHOWN} nearest source poses are closest (with support) and the {EACH} whose are "
        "farthest (without). Below a source pose: root mean square difference of the joint "
        "angles, blind to position, size and orientation."
    )
    blocks: list[Block] = [Gallery("Failures", rule, strips, columns)]
    if problem := problem or pictured.shortfall:
        blocks.insert(0, Note(f"Skeletons without images: {problem}."))
    return Section("failures", title, lead, blocks)


def failures(found: Predictions, source: PoseTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of failures, best supported first, with distances and indices of their neighbours.

    Returns:
        Rows of ``found``, (M, S) degrees, and (M, S) rows of ``source``.
    """
    triplets = found.skeleton.triplets
    known = np.flatnonzero(np.isfinite(found.pck_N))
    order = known[np.lexsort((known, found.pck_N[known]))]
    worst = order[: max(len(order) // 4, min(len(order), 2 * EACH))]
    angles_NA = joint_angles(found.keypoints_NK2[worst], found.visible_NK[worst], triplets)
    source_MA = joint_angles(source.keypoints_NK2, source.visible_NK, triplets)
    distance_NS, index_NS = nearest(angles_NA, source_MA, SHOWN)
    whole = np.flatnonzero((index_NS >= 0).all(axis=1))
    near = whole[np.lexsort((whole, distance_NS[whole].mean(axis=1)))]
    half = min(EACH, len(near) // 2)
    chosen = np.concatenate([near[:half], near[len(near) - half :][::-1]])
    return worst[chosen], distance_NS[chosen], index_NS[chosen]


def _source(crops: samples.Crops, i: int, distance: float) -> Picture:
    keypoints, side = crops.keypoints_MK2[i], float(crops.side)
    if crops.images[i] is None:
        keypoints, side = drawing.framing(keypoints, crops.visible_MK[i])
    return drawing.picture(
        crops.skeleton,
        keypoints,
        crops.visible_MK[i],
        side=side,
        image=crops.images[i],
        alt=f"Source pose at {number(distance)} degrees",
        caption=[f"{number(distance)}° away"],
    )
