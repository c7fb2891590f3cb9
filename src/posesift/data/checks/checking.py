"""What is in a data set, and what is wrong with it: all findings, with sentences for people.

Shapes: N samples, M images.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from posesift.data.address import Address, parse
from posesift.data.checks.duplicates import Duplicates, find_duplicates, leaks
from posesift.data.checks.flips import find_flips
from posesift.data.checks.impossible import Impossible, find_impossible
from posesift.data.checks.looking import Looks, look_at_images
from posesift.data.checks.meaning import misreadings
from posesift.data.checks.statistics import label_statistics
from posesift.data.checks.suspects import suspects
from posesift.data.files.image_folder import told_of_turned
from posesift.data.readers import options, read
from posesift.poses.table import PoseTable

FEWEST = 4
"""Samples without which there is nothing to train on: the last quarter is the test."""

MOST_BAD = 0.05
"""Share of images that may be broken."""

PATIENCE = 20.0
"""Seconds that reading all labels may have taken, for the test's to be read once more."""

_LISTED = 1000  # samples that are named with one kind of fault; the counts count all
_SHOWN = 3  # examples in a sentence


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
          ``verdict``: whether it can, and what to look at first, in one sentence.
        - ``warnings``: what looks wrong with the set, in sentences. ``problems``: one line a bad
          sample or image: what the reader found, images that are missing or corrupt, impossible
          keypoints. ``notes``: how the reader understood what can be understood in two ways,
          which is not wrong.
        - ``suspects``: rows for the contact sheet, with a word on each.
        - counts: ``samples``, ``images`` and how many of them were ``looked_at``, ``clips``,
          ``modes`` by name, ``bad_images``, ``off_image``, ``one_point``, ``long_limbs``,
          ``without_labels``, ``boxes_of_no_size``, ``cut_by_box`` (keypoints that their box leaves
          out, in percent).
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
    warnings = [
        *misreadings(table),
        *flips.warnings,
        *_said_of_pictures(table, images, duplicates, shared),
    ]
    if impossible.long_N.any():
        count = int(impossible.long_N.sum())
        warnings.append(f"{count} samples have a limb that is too long for the person: see below")
    if empty := statistics["boxes_of_no_size"]:
        warnings.append(f"{empty} samples have a box of no size: there is nothing to crop")
    unusable = _unusable(table, images, labelled)
    kinds = [*unusable, *warnings, *_said_of_lines(table, impossible)]
    return {
        "address": table.address,
        "skeleton": table.skeleton.name,
        "ok": not (problems or warnings or unusable),
        "verdict": _verdict(table, labelled, not unusable, kinds),
        "unusable": unusable,
        "warnings": warnings,
        "problems": problems,
        "notes": _notes(table, images),
        "suspects": [
            {"row": suspect.row, "why": suspect.why}
            for suspect in suspects(table, impossible, flips)
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


def images_of_test(address: Address, seconds: float) -> set[str] | None:
    """Names of the test split's images.

    Args:
        address: as it was read.
        seconds: how long that took.

    Returns:
        None where the address names one split, the format has no ``all``, there are no images,
        the test split cannot be read, or it would take too long.
    """
    split = options(address.kind).get("split")
    chosen = address.options.get("split", None if split is None else split.default)
    if chosen != "all" or seconds > PATIENCE:
        return None
    test = dataclasses.replace(address, options=address.options | {"split": "test"})
    try:
        table = read(test)
    except ValueError:
        return None
    return None if table.image_N is None else set(map(str, table.image_N.tolist()))


def _notes(table: PoseTable, images: Looks) -> list[str]:
    """Return the reader's notes; and what EXIF does to images that a reader did not open."""
    turned = int(images.turned_M.sum())
    if not turned or any(note.startswith("EXIF turns") for note in table.notes):
        return table.notes
    return [*table.notes, told_of_turned(turned, len(images), table.exif)]


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


def _verdict(table: PoseTable, labelled: bool, is_usable: bool, kinds: Sequence[str]) -> str:
    """Say in one sentence what the data are good for, and which of their faults to see first.

    Args:
        table: what was looked at.
        labelled: whether the format has labels at all.
        is_usable: nothing forbids to use it.
        kinds: what was found, one line a kind, what matters most first.
    """
    if not is_usable:
        good_for = "These data cannot be trained on"
    elif not labelled:
        good_for = "These images can be adapted to, and have no labels to train on"
    elif not table.has_images:
        good_for = "These poses can be scored, and not trained on without their images"
    else:
        good_for = "These data can be trained on"
    if not kinds:
        return f"{good_for}: nothing suspicious found."
    many = f"{len(kinds)} kinds of finding, the first to look at"
    return f"{good_for}; {many if len(kinds) > 1 else '1 finding'}: {kinds[0].rstrip('.')}."


def _said_of_lines(table: PoseTable, impossible: Impossible) -> list[str]:
    """One line a kind of problem of which no warning speaks."""
    counts = {
        "samples with a visible keypoint off their image": int(impossible.off_N.sum()),
        "samples with all visible keypoints in one point": int(impossible.point_N.sum()),
        "things that were left out or mended on reading, see the problems": len(table.problems),
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def _said_of_pictures(
    table: PoseTable, images: Looks, duplicates: Duplicates, shared: Sequence[np.ndarray]
) -> list[str]:
    """Sentences on duplicates, and on what was not looked at."""

    def examples(groups: Sequence[np.ndarray]) -> str:
        shown = [" = ".join(map(str, images.name_M[group[:_SHOWN]])) for group in groups[:_SHOWN]]
        more = len(groups) - len(shown)
        return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")

    said = []
    if bad := int((~images.seen_M).sum()):
        said.append(
            f"{bad} of {len(images)} images {'is' if bad == 1 else 'are'} missing or broken: "
            "trainers stop at such a file; see below"
        )
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
        said.append(
            "there are no images: these poses can be scored, and not trained on" + _elsewhere(table)
        )
    return said


def _elsewhere(table: PoseTable) -> str:
    """Say how images are found that do not lie beside their labels, where the format has a way."""
    address = parse(table.address) if table.address else None
    if address is None or "images" in address.options or "images" not in options(address.kind):
        return ""
    return f". They were looked for beside {address.path}; images=FOLDER says where they lie"


def _over_clips(table: PoseTable, images: Looks, groups: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return groups that are not all of one clip, whose frames may well look the same."""
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


def _name(table: PoseTable, row: int) -> str:
    return f"row {row}" + ("" if table.image_N is None else f" ({table.image_N[row]})")


def _images(table: PoseTable, images: Looks) -> int:
    if table.image_N is None:
        return 0
    return images.images or len(set(table.image_N.tolist()))
