"""The part of a page that shows single predictions beside the truth, chosen by a printed rule.

N samples of one set, K keypoints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from posesift.report import pictures
from posesift.report.blocks import Block, Choice, Gallery, Note, Picture, Section, Strip
from posesift.report.pictures import by_gain
from posesift.report.wording import capitalised, listed, number, signed
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared
from posesift.results.comparison import Comparison
from posesift.results.predictions import Predictions, read_predictions
from posesift.results.run import Run

THRESHOLD = 0.05
EACH = 3
PAIRS = 6  # arms beside what each is compared with; the page has to stay small enough to mail
LEGEND = (
    f"Yellow dots: joints off by more than {100 * THRESHOLD:.0f} % of the crop's side. PCK counts "
    "the joints of the headline group, as the tables do."
)
TITLE = "Single predictions"

Chosen = list[tuple[str, np.ndarray]]
"""Kinds of samples, such as "largest gain", and the rows that are shown of each."""


def of_comparison(folder: Comparison) -> Section:
    """Ground truth, baseline and arm: each arm beside what it is compared with, first seed."""
    comparison = folder.comparison
    seed = comparison["seeds"][0]
    pairs = pairs_of(comparison)
    single = [a["name"] for a in by_seed.arms(comparison, "arm")] if not pairs else []
    names = list(dict.fromkeys([*(name for pair in pairs for name in pair), *single]))
    found = predicted(folder, names, seed)
    shown = [pair for pair in pairs if pair[0] in found and pair[1] in found]
    lead = f"Single target images, seed {seed}: the labels, and what two models made of them."
    groups = [
        (
            f"{by_seed.label(comparison, arm)} against {by_seed.label(comparison, against)}",
            *_gains(comparison, found, arm, against),
        )
        for arm, against in shown[:PAIRS]
    ]
    if not pairs:
        lead = f"Single target images, seed {seed}."
        groups = [
            (label, [(label, one)], *_extremes(one))
            for name, one in found.items()
            if (label := by_seed.label(comparison, name))
        ]
    groups = [group for group in groups if any(len(rows) for _, rows in group[2])]
    if not groups:
        why = (
            "the predictions are not available"
            if not (shown or (single and found))
            else "no measure is defined on any of them"
        )
        return Section("examples", TITLE, "", [Note(f"No single predictions are shown: {why}.")])
    blocks: list[Block] = []
    images, problem = _images(groups)
    if problem:
        blocks.append(Note(f"Skeletons without images: {problem}."))
    missing = [by_seed.label(comparison, name) for name in names if name not in found]
    if missing:
        blocks.append(Note(f"Predictions that are not available: {listed(missing)}.", strong=False))
    options: list[tuple[str, list[Block]]] = [
        (label, [_gallery(arms, chosen, rule, images)]) for label, arms, chosen, rule in groups
    ]
    blocks += [Choice("Shown", options)] if len(options) > 1 else options[0][1]
    if len(shown) > PAIRS:
        left = f"{PAIRS} of {len(shown)} pairs are shown, the pre-specified one first."
        blocks.append(Note(left, strong=False))
    return Section("examples", TITLE, lead, blocks)


def of_run(folder: Run) -> Section | None:
    """Best, worst and random predictions of one run on the set that it is judged by."""
    name, entry = folder.headline
    if not entry:
        return None
    found = read_predictions(folder.path, name)
    chosen, rule = _extremes(found) if found else ([], "")
    if found is None or not any(len(rows) for _, rows in chosen):
        why = (
            f"predictions.parquet has none of the set “{name}”, or is not available"
            if found is None
            else "no measure is defined on any of them"
        )
        return Section("examples", TITLE, "", [Note(f"No single predictions are shown: {why}.")])
    group = ("", [("prediction", found)], chosen, rule)
    images, problem = _images([group])
    blocks: list[Block] = [_gallery([("prediction", found)], chosen, rule, images)]
    if problem:
        blocks.insert(0, Note(f"Skeletons without images: {problem}."))
    return Section("examples", TITLE, f"Single images of the set “{name}”.", blocks)


def pairs_of(comparison: Compared) -> list[tuple[str, str]]:
    """Each arm with what it is compared with: the pair named in advance first.

    Then the arms that stand for their methods, then the others.
    """
    primary = comparison["primary"]
    named = [primary["arm"]] if primary.get("arm") and primary.get("against") else []
    others = [arm["name"] for arm in by_seed.arms(comparison, "arm")]
    order = dict.fromkeys([*named, *methods.representatives(comparison), *others])
    pairs = [(name, methods.against(comparison, name)) for name in order]
    if named:
        pairs[0] = (primary["arm"], primary["against"])
    return [(arm, against) for arm, against in pairs if against and against != arm]


def predicted(folder: Comparison, names: list[str], seed: int) -> dict[str, Predictions]:
    """Predictions on the target of those arms that kept them, all on the same samples.

    Where arms predicted different samples, those that most of them did count.
    """
    found: dict[str, Predictions] = {}
    for name in names:
        cell = folder.cell(name, seed)
        one = read_predictions(cell, "target") if cell else None
        if one is not None:
            found[name] = one
    common = Counter(one.index_N.tobytes() for one in found.values()).most_common(1)
    return {name: one for name, one in found.items() if one.index_N.tobytes() == common[0][0]}


Group = tuple[str, list[tuple[str, Predictions]], Chosen, str]
"""A label, the arms that are shown beside the truth, chosen rows and the rule that chose them."""


def _gains(
    comparison: Compared, found: dict[str, Predictions], arm: str, against: str
) -> tuple[list[tuple[str, Predictions]], Chosen, str]:
    """Both arms, what is shown of them, and the rule."""
    this, other = found[arm], found[against]
    chosen = by_gain(this.pck_N - other.pck_N, this.evalpose_N - other.evalpose_N, EACH)
    names = [by_seed.label(comparison, name) for name in (against, arm)]
    rule = (
        f"Rule: the {EACH} samples with the largest gain and the {EACH} with the largest loss in "
        f"PCK@{THRESHOLD} of {names[1]} over {names[0]} (ties: larger change of EvalPose), and "
        f"{EACH} drawn at random (seed 0) from the rest. {LEGEND}"
    )
    for kind, rows in chosen:
        if len(rows) == 0:
            rule += f" There was no {kind.split()[-1]}."
    return list(zip(names, (other, this), strict=True)), chosen, rule


def _extremes(found: Predictions) -> tuple[Chosen, str]:
    """Describe what is shown of one model alone, and the rule."""
    if not np.isfinite(found.pck_N).any():
        return [], ""
    above_N = found.pck_N - np.nanmedian(found.pck_N)
    best, worst, random = by_gain(above_N, found.evalpose_N, EACH)
    rule = (
        f"Rule: the {EACH} samples with the highest and the {EACH} with the lowest PCK@{THRESHOLD} "
        f"(ties: EvalPose), and {EACH} drawn at random (seed 0) from the rest. {LEGEND}"
    )
    return [("best", best[1]), ("worst", worst[1]), random], rule


def _images(groups: Sequence[Group]) -> tuple[dict[int, str | None], str]:
    """Return the crops of all rows that are shown, each read once, or why there are none."""
    rows = np.unique(np.concatenate([rows for _, _, chosen, _ in groups for _, rows in chosen]))
    rows = rows.astype(np.int64)
    images, problem = images_of(groups[0][1][0][1], rows)
    return dict(zip(rows.tolist(), images, strict=True)), problem


def _gallery(
    found: list[tuple[str, Predictions]], chosen: Chosen, rule: str, images: dict[int, str | None]
) -> Gallery:
    """Return strips of truth and predictions, one a sample, on images where they are at hand."""
    first = found[0][1]
    strips = []
    for kind, rows in chosen:
        for i, row in enumerate(rows.tolist()):
            pictures = [truth(first, row, images[row])]
            pictures += [prediction(name, of, row, images[row]) for name, of in found]
            detail = f"sample {first.index_N[row]}"
            if np.isfinite(first.difficulty_N[row]):
                detail += f", difficulty {number(float(first.difficulty_N[row]))}"
            if len(found) == 2:
                change = float(found[1][1].pck_N[row] - first.pck_N[row])
                detail += f", PCK {signed(change, 0)}"
            strips.append(Strip(f"{capitalised(kind)} {i + 1}", detail, pictures))
    return Gallery("Examples", rule, strips, ["ground truth", *(name for name, _ in found)])


def images_of(of: Predictions, rows: np.ndarray) -> tuple[list[str | None], str]:
    """Crop some rows, or say why there are none: data that moved, or that are others now."""
    nothing: list[str | None] = [None] * len(rows)
    table, problem = pictures.table_of(of.address, split="test")
    if table is None or len(rows) == 0:
        return nothing, problem
    if of.index_N[rows].max() >= len(table) or not table.skeleton.same_as(of.skeleton):
        return nothing, f"{of.address} is not what the predictions were made on"
    crops = pictures.crops(table, of.index_N[rows])
    # The labels of the same crop, in the pixels of the predictions, must be those kept with them.
    shrink = of.side / crops.side
    now_MK2 = (crops.keypoints_MK2 + 0.5) * shrink - 0.5
    away_MK = np.linalg.norm(now_MK2 - of.keypoints_NK2[rows], axis=-1)
    if (away_MK[of.visible_NK[rows]] > 0.02 * of.side).any():
        return nothing, f"the labels of {of.address} have changed since the predictions were made"
    return crops.images, crops.shortfall


def truth(of: Predictions, row: int, image: str | None) -> Picture:
    """Return the labels of one sample."""
    return pictures.picture(
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
    return pictures.picture(
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
