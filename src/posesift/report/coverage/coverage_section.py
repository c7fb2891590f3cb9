"""The part of a page about what the target has and the source lacks."""

from __future__ import annotations

from dataclasses import replace

from posesift.report.blocks import Block, Charts, Gallery, Note, Section, Strip
from posesift.report.coverage import coverage_figures, coverage_table
from posesift.report.coverage.lacking import TELLING, Lacking, away
from posesift.report.wording import capitalised, count, listed, percent, plural

ANCHOR = "coverage"
TITLE = "What the target has and the source lacks"
_OTHER = ((2 / 3, "narrower"), (4 / 3, "wider"))  # factors of both limits


def coverage(found: Lacking | str) -> Section | None:
    """What is lacking by mode, what to render next, a map and angle densities.

    Args:
        found: of `lacking.of`: the comparison, or why there is none; "" leaves the section out.
    """
    if isinstance(found, str):
        return Section(ANCHOR, TITLE, "", [Note(found)]) if found else None
    blocks: list[Block] = []
    if by_mode := coverage_table.by_mode(found):
        blocks.append(by_mode)
    if found.coverage.lacking:
        if found.problem:
            blocks.append(Note(f"Skeletons without images: {found.problem}."))
        blocks += [_gallery(found), coverage_table.download(found)]
    blocks += [Note(text, strong=False) for text in _remarks(found)]
    blocks.append(Charts(_charts(found)))
    return Section(ANCHOR, TITLE, lead(found), blocks)


def lead(found: Lacking) -> str:
    """How many target poses the source covers, and what that means."""
    c = found.coverage
    n, sources = len(c.row_N), count(c.source_used)
    enough = "" if c.needed == 1 else f"at least {c.needed} "
    mirror = ", as it is or mirrored," if has_sides(found) else ""
    rule = (
        f"{enough}of the {sources} source poses{mirror} within {c.radius_deg:g} degrees of it, as "
        "the root mean square over the joint angles, and turned against it by at most "
        f"{c.turn_deg:g} degrees in the picture"
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


def has_sides(found: Lacking) -> bool:
    """Whether the skeleton has left and right, so that a mirror image is a pose too."""
    skeleton = found.target.table.skeleton
    return skeleton.mirror != tuple(range(len(skeleton)))


def control(found: Lacking) -> str:
    """How much of this one would know without labels, from predictions alone; "" unknown."""
    told = [
        f"by those of {one.label} {count(one.lacking)} poses would be lacking, and "
        f"{count(one.found)} of these ({percent(100 * one.precision)}) are"
        for one in found.controls
        if one.precision is not None
    ]
    if not told or not found.coverage.lacking:
        return ""
    base = percent(100 * found.controls[0].base)
    telling = [one.label for one in found.controls if one.tells]
    if not telling:
        verdict = "predictions hardly tell which poses are lacking"
    elif len(telling) == len(told):
        verdict = "predictions do tell something of which poses are lacking"
    else:
        verdict = f"only those of {listed(telling)} tell something of which poses are lacking"
    return (
        f"Without labels, from predictions alone: {'; '.join(told)}. Of all target poses {base} "
        f"are, so {verdict} (they tell something from {100 * TELLING:.0f} % of the way between "
        "that base rate and 100 % on)."
    )


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
    turned = []
    if n := len(c.row_N):
        alone = int((~c.by_angles_N).sum())
        only = c.lacking - alone
        turned.append(
            f"By joint angles alone {count(alone)} of {count(n)} ({percent(100 * alone / n)}) "
            f"would be lacking: {plural(only, 'pose is', 'poses are')} only turned "
            f"otherwise than in the source. The limit is {c.turn_deg:g} degrees "
            "since training turns pictures by up to 30 by default"
            + (", and mirrored poses count since it mirrors them too" if has_sides(found) else "")
            + ". Support, joint angles and the figures below are blind to orientation"
            + (" and to mirroring." if has_sides(found) else ".")
        )
    if c.needed == 1 and n:
        shares = [100 * float((c.distance_deg_N <= f * c.radius_deg).mean()) for f, _ in _OTHER]
        near = [
            f"with both limits a third {word} ({f * c.radius_deg:g}° and {f * c.turn_deg:g}°) "
            f"{percent(share)}"
            for (f, word), share in zip(_OTHER, shares, strict=True)
        ]
        turned.append(f"How near is near is a choice: {listed(near)} of the poses are covered.")
    return [" ".join(text) for text in (said, turned, [control(found)]) if any(text)]


def _charts(found: Lacking) -> list:
    c = found.coverage
    target_NA = found.angles_NA[c.row_N]
    names = found.target.table.skeleton.angle_names
    charts = [
        coverage_figures.pose_map(found.source.angles_NA, target_NA, c, found.shown_P, names),
        coverage_figures.angle_densities(found.source.angles_NA, target_NA, names),
    ]
    return [chart for chart in charts if chart]


def _gallery(found: Lacking) -> Gallery:
    """Lacking poses, each beside its nearest source pose."""
    c = found.coverage
    modes = {one.mode: one for one in found.by_mode}
    strips = []
    shown = zip(found.shown_P.tolist(), found.pictures, found.nearest, strict=True)
    for rank, pose, nearest in shown:
        place = int(c.ranked_R[rank])
        detail = [f"stands for {plural(int(c.stands_for_R[rank]), 'pose')}"]
        if found.mode_N is not None:
            one = modes[found.mode_N[place]]
            detail = [f"{count(one.lacking)} of {count(one.total)} lacking", f"number {rank + 1}"]
        if nearest:
            detail.append(f"nearest {away(c, place)}")
        pictures = [replace(pose, caption=["in the target"])]
        if nearest:
            pictures.append(nearest)
        strips.append(Strip(" ".join(pose.caption), "; ".join(detail), pictures))
    order = (
        "Of each mode the first in the list, whose number is given, the modes that lack most "
        "before the others. "
        if modes
        else "These are the first of the list. "
    )
    half = capitalised(plural(found.first_to_half, "pose"))
    near = f"{c.radius_deg:g}° in the joint angles and {c.turn_deg:g}° of turn"
    return Gallery(
        title="What to render next",
        caption=(
            "Left a target pose that the source lacks, right the source pose nearest to it; "
            "mirrored: its mirror image is that near, it is drawn as it is. "
            f"{order}The list takes, each time, the pose that stands for most of what is still "
            f"lacking: all lacking poses within {near} of it; of several that stand for as "
            f"many, the one farthest from the source. {half} would "
            f"stand for half of the {count(c.lacking)} lacking poses, "
            f"{plural(len(c.ranked_R), 'pose')} for all."
        ),
        strips=strips,
        pairs=True,
    )
