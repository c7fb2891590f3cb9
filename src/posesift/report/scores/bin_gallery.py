"""Bins in pictures: poses of the source, and of a target binned by the source's scorer.

N samples, k bins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from posesift.report import drawing, samples
from posesift.report.blocks import Block, Gallery, Note, Picture, Strip
from posesift.report.examples import examples
from posesift.report.pose_sets import UNBINNED, PoseSet
from posesift.report.scores.bin_axis import named, panel
from posesift.report.wording import capitalised, count, number

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
    drawn: dict[str, list[str | None]] = {one.which: [] for one in shown}
    first = {one.which: one.problem for one in shown}
    strips = []
    for pair in panel(summary["bins"]):
        for one in shown:
            strip, problem = _strip(one, pair, summary, several=target is not None)
            drawn[one.which] += [picture.image for picture in strip.pictures]
            first[one.which] = first[one.which] or problem
            strips.append(replace(strip, follows=one is not shown[0]))
    for one in shown:
        if problem := one.problem or samples.shortfall(drawn[one.which], first[one.which]):
            whose = f" of the {one.which}" if len(shown) > 1 else ""
            notes.append(Note(f"Skeletons{whose} without images: {problem}."))
    what = "bin" if all(first == last for first, last in panel(summary["bins"])) else "row"
    caption = f"Up to {PER_BIN} poses of each {what}, drawn at random (seed 0), not chosen."
    if target is not None:
        caption += " The target's poses were scored and binned by the scorer of the source."
    return [*notes, Gallery("Bins in pictures", caption, strips)]


def _strip(
    one: PoseSet, pair: tuple[int, int], summary: dict[str, Any], several: bool
) -> tuple[Strip, str]:
    """Some poses of the bins of ``pair``, and why they have no images, or ""."""
    first, last = pair
    bin_N = np.where((one.bin_N >= first) & (one.bin_N <= last), first, UNBINNED)
    rows = examples.of_bin(bin_N, first, PER_BIN)
    inside = int((bin_N == first).sum())
    low, high = summary["edges"][first], summary["edges"][last + 1]
    detail = f"{count(inside)} of {count(len(one))} {one.which} poses"
    if one.which == "source" or not several:
        detail = f"score {number(low, 2)} to {number(high, 2)}, {detail}"
    if not inside:
        detail = f"no {one.which} pose falls here"
    name = capitalised(named(pair)) + f", {one.which}" * several
    if not inside:
        return Strip(name, detail, []), ""
    crops = samples.crops(one.table, rows, near=True)
    what = f"{capitalised(one.which)} pose of {named(pair)}"
    pictures = [_picture(crops, i, what, float(one.score_N[row])) for i, row in enumerate(rows)]
    return Strip(name, detail, pictures), crops.problem


def _picture(crops: samples.Crops, i: int, what: str, score: float) -> Picture:
    mode, shown = crops.mode[i] if crops.mode else "", number(score, 2)
    alt = f"{what}, score {shown}{', ' + mode if mode else ''}"
    caption = [part for part in (mode, shown) if part]
    return drawing.on_crop(crops, i, alt=alt, caption=caption)
