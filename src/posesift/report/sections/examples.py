"""The part of a page that shows single predictions beside the truth, chosen by a printed rule.

N samples of one set, K keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from posesift.report import pictures
from posesift.report.blocks import Block, Gallery, Note, Picture, Section, Strip, one_of
from posesift.report.pictures import by_gain, without_images
from posesift.report.pose_sets import PoseSet
from posesift.report.wording import capitalised, listed, number, signed
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared
from posesift.results.predictions import Predictions
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
Group = tuple[str, list[tuple[str, Predictions]], Chosen, str]
"""A label, the arms that are shown beside the truth, chosen rows and the rule that chose them."""


def of_comparison(comparison: Compared, target: PoseSet | None) -> Section:
    """Ground truth, baseline and arm: each arm beside what it is compared with, first seed."""
    label = partial(by_seed.label, comparison)
    pairs = pairs_of(comparison)
    alone = [arm["name"] for arm in by_seed.arms(comparison, "arm")]
    names = list(dict.fromkeys(name for pair in pairs for name in pair)) if pairs else alone
    found = predicted(target, names)
    shown = [pair for pair in pairs if pair[0] in found and pair[1] in found]
    groups = [
        (f"{label(arm)} against {label(against)}", *_gains(comparison, found, arm, against))
        for arm, against in shown[:PAIRS]
    ]
    lead = f"Single target images, seed {comparison['seeds'][0]}"
    if pairs:
        lead += ": the labels, and what two models made of them"
    else:
        groups = [(label(name), [(label(name), of)], *_extremes(of)) for name, of in found.items()]
    notes = []
    if missing := [label(name) for name in names if name not in found]:
        notes.append(f"Predictions that are not available: {listed(missing)}.")
    if len(shown) > PAIRS:
        notes.append(f"{PAIRS} of {len(shown)} pairs are shown, the pre-specified one first.")
    why = "" if groups else "the predictions are not available"
    return _section(f"{lead}.", target, groups, why, notes)


def of_run(folder: Run, target: PoseSet | None) -> Section | None:
    """Best, worst and random predictions of one run on the set that it is judged by."""
    name, entry = folder.headline
    if not entry:
        return None
    groups: list[Group] = [
        ("", [("prediction", of)], *_extremes(of)) for of in predicted(target, [""]).values()
    ]
    why = "" if groups else f"predictions.parquet has none of the set “{name}”, or is not available"
    return _section(f"Single images of the set “{name}”.", target, groups, why)


def _section(
    lead: str, target: PoseSet | None, groups: list[Group], why: str, notes: Sequence[str] = ()
) -> Section:
    """One group at a time, on images of which each is read once; else why there is none."""
    groups = [group for group in groups if any(len(rows) for _, rows in group[2])]
    if target is None or not groups:
        why = why or "no measure is defined on any of them"
        return Section("examples", TITLE, "", [Note(f"No single predictions are shown: {why}.")])
    rows = [row for _, _, chosen, _ in groups for _, some in chosen for row in some]
    images, problem = images_of(target, rows)
    options: list[tuple[str, list[Block]]] = [
        (label, [_gallery(arms, chosen, rule, images)]) for label, arms, chosen, rule in groups
    ]
    said = [Note(text, strong=False) for text in notes]
    return Section(
        "examples", TITLE, lead, [*without_images(problem), *said, *one_of("Shown", options)]
    )


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


def predicted(target: PoseSet | None, arms: Sequence[str]) -> dict[str, Predictions]:
    """Predictions of those arms that kept them, all on the same samples."""
    kept = {outcome.arm: outcome.kept for outcome in (target.outcomes if target else ())}
    return {arm: of for arm in arms if (of := kept.get(arm))}


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


def images_of(target: PoseSet, rows: Sequence[int]) -> tuple[dict[int, str | None], str]:
    """Crop some rows as the network saw them, each once, or say why that cannot be."""
    places = np.unique(np.array(rows, np.int64))
    crops = pictures.crops(target.table, places)
    return dict(zip(places.tolist(), crops.images, strict=True)), target.problem or crops.shortfall


def truth(of: Predictions, row: int, image: str | None) -> Picture:
    """Return the labels of one sample."""
    alt = f"Ground truth of sample {of.index_N[row]}"
    seen_K = of.visible_NK[row]
    return pictures.picture(
        of.skeleton, of.keypoints_NK2[row], seen_K, side=of.side, image=image, alt=alt
    )


def prediction(name: str, of: Predictions, row: int, image: str | None) -> Picture:
    """One prediction, joints that are off ringed, PCK and EvalPose below."""
    off_K = np.linalg.norm(of.predicted_NK2[row] - of.keypoints_NK2[row], axis=-1)
    measured = [number(float(values[row]), 0) for values in (of.pck_N, of.evalpose_N)]
    return pictures.picture(
        of.skeleton,
        of.predicted_NK2[row],
        of.visible_NK[row],
        side=of.side,
        image=image,
        missed_K=off_K >= THRESHOLD * of.side,
        alt=(
            f"Prediction of {name} on sample {of.index_N[row]}: "
            f"PCK {measured[0]}, EvalPose {measured[1]}"
        ),
        caption=[f"PCK {measured[0]} · EvalPose {measured[1]}"],
    )
