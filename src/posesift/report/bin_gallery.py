"""Bins in pictures: poses of the source, and of a target binned by the source's scorer.

N samples, k bins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from posesift.difficulty.bins import panel_bins
from posesift.report import drawing, examples, samples
from posesift.report.blocks import Block, Gallery, Note, Picture, Strip
from posesift.report.pose_sets import PoseSet
from posesift.report.wording import count, number

PER_BIN = 6


def comparable(target: PoseSet | None, summary: dict[str, Any]) -> bool:
    """Whether the target's bins are those of the score, and not cut by another measure."""
    return target is not None and np.array_equal(target.edges, np.asarray(summary["edges"]))


def gallery(
    summary: dict[str, Any], source: PoseSet | None, target: PoseSet | None, missing: str
) -> list[Block]:
    """The panel bins in rising order, the target's poses below the source's of the same bin.

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
    problems = {one.which: one.problem for one in shown}
    strips = []
    for b in panel_bins(summary["bins"]):
        for one in shown:
            strip, problem = _strip(one, b, summary, named=target is not None)
            problems[one.which] = problems[one.which] or problem
            strips.append(replace(strip, follows=one is not shown[0]))
    for which, problem in problems.items():
        if problem:
            whose = f" of the {which}" if len(shown) > 1 else ""
            notes.append(Note(f"Skeletons{whose} without images: {problem}."))
    caption = f"Up to {PER_BIN} poses of each bin, drawn at random (seed 0), not chosen."
    if target is not None:
        caption += " The target's poses were scored and binned by the scorer of the source."
    return [*notes, Gallery("Bins in pictures", caption, strips)]


def _strip(one: PoseSet, b: int, summary: dict[str, Any], named: bool) -> tuple[Strip, str]:
    """Some poses of bin ``b``, and why they have no images, or ""."""
    rows = examples.of_bin(one.bin_N, b, PER_BIN)
    inside = int((one.bin_N == b).sum())
    low, high = summary["edges"][b], summary["edges"][b + 1]
    parts = [f"{count(inside)} of {count(len(one))} {one.which} poses"]
    if one.which == "source" or not named:
        parts.insert(0, f"score {number(low, 2)} to {number(high, 2)}")
    if not inside:
        parts = ["no target pose falls into this bin" if one.which == "target" else "empty"]
    name = f"Bin {b + 1}{', ' + one.which if named else ''}"
    if not inside:
        return Strip(name, ", ".join(parts), []), ""
    crops = samples.crops(one.table, rows, near=True)
    pictures = [
        _picture(crops, i, f"{one.which.capitalize()} pose of bin {b + 1}", float(one.score_N[row]))
        for i, row in enumerate(rows)
    ]
    return Strip(name, ", ".join(parts), pictures), crops.problem


def _picture(crops: samples.Crops, i: int, what: str, score: float) -> Picture:
    keypoints, side = crops.keypoints_MK2[i], float(crops.side)
    image = crops.images[i]
    if image is None:
        keypoints, side = drawing.framing(keypoints, crops.visible_MK[i])
    mode = crops.mode[i] if crops.mode else ""
    shown = number(score, 2)
    return drawing.picture(
        crops.skeleton,
        keypoints,
        crops.visible_MK[i],
        side=side,
        image=image,
        alt=f"{what}, score {shown}{', ' + mode if mode else ''}",
        caption=[part for part in (mode, shown) if part],
    )
