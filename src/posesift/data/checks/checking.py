"""What is in a data set, and what is wrong with it: counts, statistics, and lines for people.

Shapes: N samples, K keypoints, M images, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from posesift.data.checks.contact_sheet import Suspect, contact_sheet
from posesift.data.checks.duplicates import Duplicates, find_duplicates, leaks
from posesift.data.checks.flips import Flips, find_flips
from posesift.data.checks.impossible import Impossible, find_impossible
from posesift.data.checks.looking import Looks, look_at_images
from posesift.poses import boxes
from posesift.poses.table import PoseTable

__all__ = ["check", "contact_sheet"]

FEWEST = 4
"""Samples without which there is nothing to train on: the last quarter is the test."""

MOST_BAD = 0.05
"""Share of images that may be broken."""

_LISTED = 1000  # samples that are named with one kind of fault; the counts count all
_SHOWN = 3  # examples in a sentence
_DOUBT = 0.5
_SUSPECTS = 16
_BLOCK = 65_536


def check(
    table: PoseTable, *, labelled: bool = True, test_images: set[str] | None = None
) -> dict[str, Any]:
    """Look at every label and every image of a table.

    Args:
        table: what was read.
        labelled: whether the format has labels at all; without, none are missed.
        test_images: names of the images of the test split where the table holds all splits;
            then a picture on both sides is told.

    Returns:
        A dict that JSON can hold.

        - ``ok``: nothing is wrong. ``unusable``: why it cannot be trained on, empty when it can.
        - ``warnings``: what looks wrong with the set, in sentences. ``problems``: one line a bad
          sample or image: what the reader found, images that are missing or corrupt, impossible
          keypoints.
        - ``suspects``: rows for the contact sheet, with a word on each.
        - counts: ``samples``, ``images`` and how many of them were ``looked_at``, ``clips``,
          ``modes`` by name, ``bad_images``, ``off_image``, ``one_point``, ``long_limbs``,
          ``without_labels``, ``cut_by_box`` (keypoints that their box leaves out, in percent).
        - labels: ``never_visible``, ``visible_percent`` of each keypoint, ``occluded_percent``
          (None where the format does not tell), and as least, median and greatest
          ``keypoints_per_sample``, ``image_side``, ``box_over_labels``: longer side of the box
          over that of the labels' extent; ``image_sizes``, the most frequent.
        - ``sides``: see `posesift.data.checks.flips.Flips`; ``duplicates``: groups with names, see
          `posesift.data.checks.duplicates.Duplicates`, and ``in_both_splits``.
    """
    images = look_at_images(table)
    duplicates = find_duplicates(images)
    impossible = find_impossible(table)
    flips = find_flips(table)
    shared = [] if test_images is None else leaks(images, duplicates, test_images)
    statistics = label_statistics(table)

    problems = [*table.problems, *images.problems, *_lines(table, impossible)]
    warnings = [*flips.warnings, *_said_of_pictures(table, images, duplicates, shared)]
    if impossible.long_N.any():
        count = int(impossible.long_N.sum())
        warnings.append(f"{count} samples have a limb that is too long for the person: see below")
    unusable = _unusable(table, images, labelled)
    return {
        "address": table.address,
        "skeleton": table.skeleton.name,
        "ok": not (problems or warnings or unusable),
        "unusable": unusable,
        "warnings": warnings,
        "problems": problems,
        "suspects": [
            {"row": suspect.row, "why": suspect.why}
            for suspect in _suspects(table, impossible, flips)
        ],
        "samples": len(table),
        "images": _images(table, images),
        "looked_at": len(images),
        "clips": None if table.clip_N is None else len(set(table.clip_N.tolist())),
        "boxes_from": table.boxes_from,
        "bad_images": int((~images.seen_M).sum()),
        "off_image": int(impossible.off_N.sum()),
        "one_point": int(impossible.point_N.sum()),
        "long_limbs": int(impossible.long_N.sum()),
        **statistics,
        "sides": flips.facts(),
        "duplicates": duplicates.facts(images) | {"in_both_splits": len(shared)},
    }


def label_statistics(table: PoseTable) -> dict[str, Any]:
    """The part of `check` that is numbers alone; see there."""
    names = table.skeleton.keypoints
    visible_N = table.visible_NK.sum(1)
    visible_K = table.visible_NK.mean(0) if len(table) else np.zeros(len(names))
    occluded = table.occluded_NK
    size_M, count_M = np.unique(
        table.width_N.astype(np.int64) << 32 | table.height_N, return_counts=True
    )
    common = np.argsort(-count_M, kind="stable")[:5]
    extent_N, box_N4 = _extents(table), table.crop_boxes_N4()
    told_N = extent_N > 1
    modes = None if table.mode_N is None else dict(Counter(map(str, table.mode_N)).most_common())
    return {
        "without_labels": int((visible_N == 0).sum()),
        "never_visible": [name for name, share in zip(names, visible_K, strict=True) if not share],
        "visible_percent": {
            name: round(100 * float(share), 2) for name, share in zip(names, visible_K, strict=True)
        },
        "occluded_percent": round(100 * float(occluded[table.visible_NK].mean()), 2)
        if occluded is not None and table.visible_NK.any()
        else None,
        "keypoints_per_sample": _spread(visible_N),
        "image_side": _spread(np.maximum(table.width_N, table.height_N)),
        "image_sizes": [
            [int(size_M[i] >> 32), int(size_M[i] & 0xFFFFFFFF), int(count_M[i])] for i in common
        ],
        "box_over_labels": _spread(box_N4[told_N, 2:].max(1) / extent_N[told_N]),
        "cut_by_box": _cut_by_box(table, box_N4),
        "modes": modes,
    }


def _extents(table: PoseTable) -> np.ndarray:
    """The longer side of each pose's labels, in pixels; a block at a time."""
    extent_N = np.zeros(len(table), np.float32)
    for begin in range(0, len(table), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        extent_N4 = boxes.keypoint_boxes(table.keypoints_NK2[rows], table.visible_NK[rows])
        extent_N[rows] = extent_N4[:, 2:].max(1)
    return extent_N


def _cut_by_box(table: PoseTable, box_N4: np.ndarray) -> float | None:
    """Percent of the visible keypoints that lie outside their box."""
    if table.box_N4 is None or not (visible := table.visible_NK.sum()):
        return None
    low_N12, size_N12 = box_N4[:, None, :2] - 0.5, box_N4[:, None, 2:]
    within_NK2 = (table.keypoints_NK2 >= low_N12) & (table.keypoints_NK2 <= low_N12 + size_N12)
    cut_NK = table.visible_NK & ~(within_NK2[..., 0] & within_NK2[..., 1])
    return round(100 * float(cut_NK.sum() / visible), 2)


def _unusable(table: PoseTable, images: Looks, labelled: bool) -> list[str]:
    """Why nothing can be trained on these data."""
    reasons = []
    if len(table) < FEWEST:
        reasons.append(
            f"expected at least {FEWEST} samples, found {len(table)}; does the address "
            "(its split, category or every=) leave the rest out?"
        )
    if labelled and len(table) and not table.visible_NK.any():
        reasons.append(
            "no sample has a visible keypoint; read the folder with images:FOLDER if it is a "
            "target without labels"
        )
    bad = int((~images.seen_M).sum())
    if bad > MOST_BAD * max(len(images), 1):
        reasons.append(
            f"{bad} of {len(images)} images are missing or broken, more than {MOST_BAD:.0%}; copy "
            "them anew, or leave their samples out of the labels"
        )
    return reasons


def _said_of_pictures(
    table: PoseTable, images: Looks, duplicates: Duplicates, shared: Sequence[np.ndarray]
) -> list[str]:
    """Sentences on duplicates, and on what was not looked at."""

    def examples(groups: Sequence[np.ndarray]) -> str:
        shown = [" = ".join(map(str, images.name_M[group[:_SHOWN]])) for group in groups[:_SHOWN]]
        more = len(groups) - len(shown)
        return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")

    said = []
    if shared:
        said.append(
            f"training and test share {len(shared)} pictures under different names, so test "
            f"figures would be too good: {examples(shared)}"
        )
    if apart := _over_clips(table, images, duplicates.same):
        said.append(
            f"{sum(map(len, apart))} images have the pixels of another one, in {len(apart)} "
            f"groups: {examples(apart)}"
        )
    if apart := _over_clips(table, images, duplicates.near):
        said.append(
            f"{sum(map(len, apart))} images look nearly like another one, in {len(apart)} groups: "
            f"{examples(apart)}"
        )
    within = len(duplicates.same) - len(_over_clips(table, images, duplicates.same))
    if within:
        said.append(f"frames stand still (equal pixels) in {within} places of the clips")
    if not duplicates.compared:
        said.append(
            "too many images look alike (one fixed camera?) to compare them in pairs: only those "
            "with equal pixels are known"
        )
    if len(images) < images.images:
        said.append(
            f"of {images.images} images, {len(images)} were looked at, evenly spread: duplicates "
            "between the others are not known"
        )
    if not table.has_images and len(table):
        said.append("there are no images: these poses can be scored, and not trained on")
    return said


def _over_clips(table: PoseTable, images: Looks, groups: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Groups that are not all of one clip, whose frames may well look the same."""
    if table.clip_N is None:
        return list(groups)
    clip_M = table.clip_N[images.row_M]
    return [group for group in groups if (clip_M[group] != clip_M[group[0]]).any()]


def _lines(table: PoseTable, found: Impossible) -> list[str]:
    """One line for each sample with impossible keypoints."""
    names = table.skeleton.keypoints
    limbs = [" - ".join(names[k] for k in limb) for limb in table.skeleton.limbs]
    lines = []
    for mask_N, what in (
        (found.off_N, "a visible keypoint lies off its image"),
        (found.point_N, "all visible keypoints lie in one point"),
        (found.long_N, ""),
    ):
        rows = np.flatnonzero(mask_N).tolist()
        lines += [
            f"{_name(table, row)}: "
            + (
                what
                or f"the limb {limbs[found.limb_N[row]]} is {found.ratio_N[row]:.1f} times as "
                "long as the rest of the person allows"
            )
            for row in rows[:_LISTED]
        ]
        if len(rows) > _LISTED:
            lines.append(f"and {len(rows) - _LISTED} more of this kind")
    return lines


def _suspects(table: PoseTable, impossible: Impossible, flips: Flips) -> list[Suspect]:
    """The samples that most deserve a look, worst first, some of every kind."""
    names = table.skeleton.keypoints
    kinds = [
        [Suspect(row, "keypoints off the image") for row in _first(impossible.off_N)],
        [Suspect(row, "all in one point") for row in _first(impossible.point_N)],
        [Suspect(row, "sides change from frame before") for row in flips.jumps[:_SUSPECTS]],
    ]
    worst = np.argsort(-impossible.ratio_N * impossible.long_N, kind="stable")[:_SUSPECTS].tolist()
    kinds.append(
        [
            Suspect(
                row,
                f"{impossible.ratio_N[row]:.1f}x "
                + "-".join(names[k] for k in table.skeleton.limbs[impossible.limb_N[row]]),
            )
            for row in worst
            if impossible.long_N[row]
        ]
    )
    doubtful = np.argsort(-flips.doubt_N, kind="stable")[:_SUSPECTS].tolist()
    kinds.append(
        [Suspect(row, "sides contradict") for row in doubtful if flips.doubt_N[row] > _DOUBT]
    )
    chosen: dict[int, Suspect] = {}
    of_clip: Counter[Any] = Counter()  # frames beside each other tell the same
    for place in range(_SUSPECTS):  # in turn, so that no kind hides another
        for suspect in [kind[place] for kind in kinds if place < len(kind)]:
            clip = suspect.row if table.clip_N is None else table.clip_N[suspect.row]
            if suspect.row in chosen or of_clip[clip] == 2 or len(chosen) == _SUSPECTS:
                continue
            chosen[suspect.row] = suspect
            of_clip[clip] += 1
    return sorted(chosen.values(), key=lambda suspect: suspect.why)


def _first(mask_N: np.ndarray) -> list[int]:
    return np.flatnonzero(mask_N)[:_SUSPECTS].tolist()


def _name(table: PoseTable, row: int) -> str:
    return f"row {row}" + ("" if table.image_N is None else f" ({table.image_N[row]})")


def _images(table: PoseTable, images: Looks) -> int:
    if table.image_N is None:
        return 0
    return images.images or len(set(table.image_N.tolist()))


def _spread(values_N: np.ndarray) -> dict[str, float] | None:
    """Least, median and greatest."""
    if not len(values_N):
        return None
    low, middle, high = np.quantile(values_N, [0, 0.5, 1])
    return {"least": float(low), "median": float(middle), "greatest": float(high)}
