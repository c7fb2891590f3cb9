"""The part of a page about what the target has and the source lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from posesift.report.answers.rare_poses import differing
from posesift.report.blocks import (
    WHOLE,
    Block,
    Cell,
    Charts,
    Download,
    Finding,
    Fold,
    Gallery,
    Note,
    Row,
    Section,
    Strip,
    Table,
)
from posesift.report.figures import coverage as coverage_figures
from posesift.report.pictures import without_images
from posesift.report.spreadsheet import csv_text
from posesift.report.uncovered import TELLING, Lacking, away
from posesift.report.wording import (
    capitalised,
    count,
    listed,
    percent,
    plural,
    signed,
    spoken,
)

ANCHOR = "coverage"
TITLE = "What to render next"
_OTHER = ((2 / 3, "narrower"), (4 / 3, "wider"))  # factors of both limits


def coverage(found: Lacking | str, gained: Sequence[Block] = ()) -> Section | None:
    """Show what is lacking by mode, what to render next, a map and angle densities.

    Args:
        found: of `lacking.of`: the comparison, or why there is none; "" leaves the section out.
        gained: what renderings gained, of `renderings.gained`.
    """
    if isinstance(found, str):
        told = [Note(found)] if found else []
        return Section(ANCHOR, TITLE, "", [*told, *gained]) if told or gained else None
    blocks: list[Block] = [*gained]
    if found.coverage.lacking:
        blocks += [*without_images(found.problem), _gallery(found), download(found)]
    if remarks := _remarks(found):
        how: list[Block] = [Note(text, strong=False) for text in remarks]
        blocks.append(Fold("How coverage is decided, and how it changes with the limits", how))
    blocks.append(Fold("Map and joint angles", [Charts(_charts(found))]))
    return Section(ANCHOR, TITLE, lead(found), blocks)


def lead(found: Lacking) -> str:
    """How many target poses the source covers, and what that means."""
    c = found.coverage
    n, sources = len(c.row_N), count(c.source_used)
    mirror = ", as it is or mirrored," if has_sides(found) else ""
    rule = (
        f"one of the {sources} source poses{mirror} within {c.radius_deg:g} degrees of it, as "
        "the root mean square over the joint angles, and turned against it by at most "
        f"{c.turn_deg:g} degrees in the picture"
    )
    if not n:
        return "No target pose could be compared."
    if not c.lacking:
        return f"The source covers all of the {count(n)} target poses: each has {rule}."
    covered, share = n - c.lacking, percent(100 * (c.covered_share or 0.0))
    return (
        f"The source covers {count(covered)} of {count(n)} target poses ({share}) and not "
        f"{count(c.lacking)}. Covered: a target pose with {rule}."
    )


def has_sides(found: Lacking) -> bool:
    """Whether the skeleton has left and right, so that a mirror image is a pose too."""
    skeleton = found.target.table.skeleton
    return skeleton.mirror != tuple(range(len(skeleton)))


def control(found: Lacking) -> str:
    """How much of this one would know without labels, from predictions alone; "" unknown."""
    told = [
        f"by those of {one.label} {count(one.lacking)} poses would not be covered, and "
        f"{count(one.found)} of these ({percent(100 * one.precision)}) are"
        for one in found.controls
        if one.precision is not None
    ]
    if not told or not found.coverage.lacking:
        return ""
    base = percent(100 * found.controls[0].base)
    telling = [one.label for one in found.controls if one.tells]
    if not telling:
        verdict = "predictions hardly tell which poses are not covered"
    elif len(telling) == len(told):
        verdict = "predictions do tell something of which poses are not covered"
    else:
        verdict = f"only those of {listed(telling)} tell something of which poses are not covered"
    return (
        f"Without labels, from predictions alone: {'; '.join(told)}. Of all target poses {base} "
        f"are, so {verdict} (they tell something from {100 * TELLING:.0f} % of the way between "
        "that base rate and 100 % on)."
    )


def _remarks(found: Lacking) -> list[str]:
    """Say what a reader must know of how the numbers came about."""
    c = found.coverage
    said = []
    if found.predicted_by:
        said.append(
            "The target has no labels. Its poses are those that the model predicted "
            f"({found.predicted_by}), so a bad prediction counts as an uncovered pose."
        )
    if len(c.row_N) < c.target_total:
        said.append(
            f"{count(len(c.row_N))} of the {count(c.target_total)} target poses are looked at, a "
            "fixed random sample."
        )
    if c.source_used < c.source_total:
        said.append(
            f"{count(c.source_used)} of the {count(c.source_total)} source poses are compared "
            "with, a fixed random sample; beside all of them fewer would not be covered."
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
            f"would not be covered: {plural(only, 'pose is', 'poses are')} only turned "
            f"otherwise than in the source. The limit is {c.turn_deg:g} degrees "
            "since training turns pictures by up to 30 by default"
            + (", and mirrored poses count since it mirrors them too" if has_sides(found) else "")
            + ". Support, joint angles and the figures below are blind to orientation"
            + (" and to mirroring." if has_sides(found) else ".")
        )
    if n:
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
        coverage_figures.pose_map(
            found.source.angles_NA, target_NA, c, np.arange(len(found.pictures)), names
        ),
        coverage_figures.angle_densities(found.source.angles_NA, target_NA, names),
    ]
    return [chart for chart in charts if chart]


def _gallery(found: Lacking) -> Gallery:
    """Lacking poses, each beside its nearest source pose."""
    c = found.coverage
    strips = []
    for rank, (pose, nearest) in enumerate(zip(found.pictures, found.nearest, strict=True)):
        place = int(c.ranked_R[rank])
        detail = [f"stands for {plural(int(c.stands_for_R[rank]), 'pose')}"]
        if nearest:
            detail.append(f"nearest {away(c, place)}")
        pictures = [replace(pose, caption=["in the target"])]
        if nearest:
            pictures.append(nearest)
        strips.append(Strip(" ".join(pose.caption), "; ".join(detail), pictures))
    half = capitalised(plural(found.first_to_half, "pose"))
    return Gallery(
        title="What to render next",
        caption=(
            "Left a target pose that the source does not cover, right the source pose nearest to "
            "it; mirrored: its mirror image is that near, it is drawn as it is. These are the "
            "first of the list. It takes, each time, the pose that stands for most of what is "
            "still not covered, all uncovered poses similar to it; of several that stand for as "
            f"many, the one farthest from the source. {half} would stand for half of the "
            f"{count(c.lacking)} uncovered poses, {plural(len(c.ranked_R), 'pose')} for all."
        ),
        strips=strips,
        pairs=True,
    )


QUESTION = "What should be rendered next?"
_MODES = 5
_PICTURES = 6


def render_next(
    found: Lacking | str, headroom: dict[str, Any] | None = None, measured: str = ""
) -> list[Finding]:
    """Describe what the source lacks of the target, in words and pictures; empty where unknown.

    Args:
        found: of `lacking.of`.
        headroom: of a comparison, what training on the target's own poses gains.
        measured: what rendering such poses gained, where that was measured.
    """
    if isinstance(found, str) or not len(found.coverage.row_N):
        return []
    c = found.coverage
    n = len(c.row_N)
    links = [("The ranked list", ANCHOR)]
    if not c.lacking:
        return [Finding(QUESTION, f"Nothing new by this measure. {lead(found)}", "", links=links)]
    share = percent(100 * c.lacking / n)
    by = (
        f"as predicted by {found.predicted_by}, for the target has no labels"
        if found.predicted_by
        else "by the target's labels"
    )
    answer = (
        f"{_named(found)}: for {count(c.lacking)} of {count(n)} target poses ({share}) the source "
        f"has no similar pose, {by}. {measured or _gain(headroom)}"
    )
    telling = any(one.tells for one in found.controls)
    detail = f"Predictions without labels {'tell in part' if telling else 'hardly tell'} which."
    detail *= bool(found.controls)
    return [Finding(QUESTION, answer, detail, pictures=found.pictures[:_PICTURES], links=links)]


def without_target() -> Finding:
    """How a page of a score alone comes to know."""
    return Finding(
        QUESTION,
        "That depends on the target, which this page does not know.",
        "With labelled poses of the target it would be shown here: "
        "posesift report SCORES --target ADDRESS.",
    )


def _gain(headroom: dict[str, Any] | None) -> str:
    """Say what is known of how much rendering these poses would help."""
    if not headroom or headroom.get("mean") is None:
        return "Nothing on this page shows how much rendering them would gain."
    return (
        "How much rendering just these would gain was not measured; training on all of the "
        f"target's own poses in the source's appearance gains {signed(headroom['mean'])} points "
        "there."
    )


def _named(found: Lacking) -> str:
    """Return the poses to render in words: the modes that are pictured, else the joints."""
    if modes := found.by_mode[:_MODES]:
        told = [
            f"{spoken(one.mode)} ({count(one.lacking)} of {count(one.total)} not covered)"
            for one in modes
        ]
        return f"Poses like these, above all {listed(told)}"
    lacking_NA = found.angles_NA[found.coverage.row_N[~found.coverage.covered_N]]
    told = differing(lacking_NA, found.source)
    unlike = f", whose angles differ most from the source's at {told}" if told else ""
    return f"Poses like these{unlike}"


EXPORTED = 500  # rows of the CSV; some 100 kB
_COLUMNS = (
    "row", "file", "mode", "stands_for", "share_reached", "nearest_source_deg", "turned_deg",
    "mirrored", "nearest_source_row",
)  # fmt: skip


def download(found: Lacking) -> Download:
    """Return the list as CSV, most useful pose first; angles in degrees, empty where undefined."""
    c, table = found.coverage, found.target.table
    rows = []
    for rank, (place, row) in enumerate(zip(c.ranked_R[:EXPORTED], found.row_R, strict=False)):
        nearest = int(c.nearest_row_N[place])
        known = nearest >= 0
        cells = [
            Cell(int(found.target.row_N[row]), WHOLE),
            *(
                Cell("" if of_N is None else str(of_N[row]))
                for of_N in (table.image_N, table.mode_N)
            ),
            Cell(int(c.stands_for_R[rank]), WHOLE),
            Cell(float(c.share_reached_R[rank]), ".4f"),
            Cell(float(c.nearest_deg_N[place]), ".2f"),
            Cell(float(c.turned_deg_N[place]), ".2f"),
            Cell(int(c.mirrored_N[place]) if known else None, WHOLE),
            Cell(int(found.source.row_N[nearest]) if known else None, WHOLE),
            *(Cell(float(angle), ".2f") for angle in found.angles_NA[row]),
        ]
        rows.append(Row(str(rank + 1), cells))
    total = len(c.ranked_R)
    what = "all" if total <= EXPORTED else f"the first {count(EXPORTED)} of"
    columns = [*_COLUMNS, *table.skeleton.angle_names]
    return Download(
        name="render-next.csv",
        label=f"Save the list as CSV: {what} {count(total)} poses with their joint angles",
        content=csv_text(Table("", "rank", columns, rows)),
    )
