"""The part of a page about what the target has and the source lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from posesift.report.blocks import Block, Charts, Gallery, Note, Section, Strip
from posesift.report.coverage import coverage_figures, coverage_table
from posesift.report.coverage.lacking import SHOWN, Lacking
from posesift.report.wording import count, listed, number, percent, plural

ANCHOR = "coverage"
TITLE = "What the target has and the source lacks"
_OTHER_RADII = (10.0, 20.0)


def coverage(found: Lacking | str) -> Section | None:
    """Map, angle densities and what to render next.

    Args:
        found: of `lacking.of`: the comparison, or why there is none; "" leaves the section out.
    """
    if isinstance(found, str):
        return Section(ANCHOR, TITLE, "", [Note(found)]) if found else None
    blocks: list[Block] = [Note(text, strong=False) for text in _remarks(found)]
    blocks.append(Charts(_charts(found)))
    if found.coverage.lacking:
        if found.problem:
            blocks.append(Note(f"Skeletons without images: {found.problem}."))
        blocks += [_gallery(found), coverage_table.ranked(found, SHOWN)]
        blocks.append(coverage_table.download(found))
        if by_mode := coverage_table.by_mode(found):
            blocks.append(by_mode)
    return Section(ANCHOR, TITLE, lead(found), blocks)


def lead(found: Lacking) -> str:
    """How many target poses the source covers, and what that means."""
    c = found.coverage
    n, sources = len(c.row_N), count(c.source_used)
    enough = "" if c.needed == 1 else f"at least {c.needed} "
    rule = (
        f"{enough}of the {sources} source poses within {c.radius_deg:g} degrees of "
        "it, as the root mean square over the joint angles"
    )
    if not n:
        return "No target pose could be compared."
    if not c.lacking:
        return f"The source lacks none of the {count(n)} target poses: each has {rule}."
    covered, share = n - c.lacking, percent(100 * (c.covered_share or 0.0))
    return (
        f"The source covers {count(covered)} of {count(n)} target poses ({share}) and lacks "
        f"{count(c.lacking)}. Covered: a target pose with {'one ' if c.needed == 1 else ''}{rule}."
    )


def control(found: Lacking) -> str:
    """How much of this one would know without labels, from predictions alone; "" unknown."""
    c = found.coverage
    told = [
        f"by those of {one.label} the source seems to lack {count(one.lacking)} poses, among them "
        f"{count(one.found)} of the {count(c.lacking)} ({percent(100 * one.found / c.lacking)})"
        for one in found.controls
        if c.lacking
    ]
    if not told:
        return ""
    return f"Without labels, from predictions alone, this would look different: {'; '.join(told)}."


def _remarks(found: Lacking) -> list[str]:
    """What a reader must know of how the numbers came about."""
    c = found.coverage
    said = []
    if found.predicted_by:
        said.append(
            "The target has no labels. Its poses are those that the model predicted "
            f"({found.predicted_by}), so a bad prediction counts as a lacking pose."
        )
    if len(c.row_N) < c.target_total:
        said.append(
            f"{count(len(c.row_N))} of the {count(c.target_total)} target poses are looked at, a "
            "fixed random sample."
        )
    if c.source_used < c.source_total:
        said.append(
            f"{count(c.source_used)} of the {count(c.source_total)} source poses are compared "
            "with, a fixed random sample; beside all of them less would be lacking."
        )
    if c.undefined:
        poses = plural(c.undefined, "target pose")
        said.append(f"Left out: {poses} with fewer than three joint angles defined.")
    if c.needed == 1 and len(c.row_N):
        shares = [100 * float((c.nearest_deg_N <= r).mean()) for r in _OTHER_RADII]
        near = [f"within {r:g}° {percent(s)}" for r, s in zip(_OTHER_RADII, shares, strict=True)]
        said.append(
            f"How near is near is a choice: {listed(near)} of the target poses have a source pose."
        )
    return [" ".join(text) for text in (said, [control(found)]) if any(text)]


def _charts(found: Lacking) -> list:
    c = found.coverage
    target_NA = found.angles_NA[c.row_N]
    source_MA = found.source.angles_NA
    ranked = c.ranked_R[:SHOWN]
    charts = [
        coverage_figures.pose_map(source_MA, target_NA, c.covered_N, ranked),
        coverage_figures.angle_densities(
            source_MA, target_NA, found.target.table.skeleton.angle_names
        ),
    ]
    return [chart for chart in charts if chart]


def _gallery(found: Lacking) -> Gallery:
    """The first ranked poses, each beside its nearest source pose."""
    c = found.coverage
    strips = []
    for rank, (pose, nearest) in enumerate(zip(found.pictures, found.nearest, strict=True)):
        stands = f"stands for {plural(int(c.stands_for_R[rank]), 'pose')}"
        away = float(c.nearest_deg_N[c.ranked_R[rank]])
        if np.isfinite(away):
            stands += f", nearest source pose {number(away)}° away"
        pictures = [replace(pose, caption=["in the target"])]
        if nearest:
            pictures.append(replace(nearest, caption=["nearest in source"]))
        strips.append(Strip(" ".join(pose.caption), stands, pictures))
    reached = percent(100 * float(c.share_reached_R[len(strips) - 1]))
    half = found.first_to_half
    return Gallery(
        title="What to render next",
        caption=(
            "Left a target pose that the source lacks, right the source pose nearest to it. Each "
            "time the pose that stands for most of what is still lacking (all lacking poses within "
            f"{c.radius_deg:g}° of it), so the first come first; of equals the one farther from "
            f"the source. These {len(strips)} stand for {reached} of the {count(c.lacking)} "
            f"lacking poses; {plural(half, 'pose')} would stand for half of them, and "
            f"{plural(len(c.ranked_R), 'pose')} for all."
        ),
        strips=strips,
        pairs=True,
    )
