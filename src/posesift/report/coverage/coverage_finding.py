"""The answer to "What should be rendered next?" for the top of a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from posesift.report.blocks import Finding
from posesift.report.coverage.coverage_section import ANCHOR, has_sides
from posesift.report.coverage.lacking import Lacking
from posesift.report.summary.rare_poses import spoken
from posesift.report.wording import capitalised, count, listed, number, percent, plural, signed
from posesift.similarity import plane

QUESTION = "What should be rendered next?"
_MODES = 5
_PICTURES = 6
_ANGLES = 3


def render_next(found: Lacking | str, headroom: dict[str, Any] | None = None) -> list[Finding]:
    """What the source lacks of the target, in words and pictures; empty where it is not known.

    Args:
        found: of `lacking.of`.
        headroom: of a comparison, what training on the target's own poses gains.
    """
    if isinstance(found, str) or not len(found.coverage.row_N):
        return []
    c = found.coverage
    n = len(c.row_N)
    near = f"within {c.radius_deg:g} degrees over the joint angles"
    turned = f"turned by at most {c.turn_deg:g} degrees"
    links = [("The list and its table", ANCHOR)]
    if not c.lacking:
        answer = (
            f"Nothing new by this measure: each of the {count(n)} target poses has a source pose "
            f"{near} and {turned}."
        )
        return [Finding(QUESTION, answer, "", links=[("Coverage", ANCHOR)])]
    share = percent(100 * c.lacking / n)
    similar = "no similar pose" if c.needed == 1 else f"fewer than {c.needed} similar poses"
    by = (
        f"as predicted by {found.predicted_by}, for the target has no labels"
        if found.predicted_by
        else "by the target's labels"
    )
    answer = (
        f"{_named(found)}: for {count(c.lacking)} of {count(n)} target poses ({share}) the source "
        f"has {similar}, {by}. {_gain(headroom)}"
    )
    detail = (
        f"{capitalised(plural(found.first_to_half, 'pose'))} of the ranked list would stand for "
        f"half of what is lacking. Similar: {near}, and {turned} in the picture"
        f"{', as it is or mirrored' if has_sides(found) else ''}."
    )
    if found.controls:
        telling = any(one.tells for one in found.controls)
        detail += (
            f" Predictions without labels {'tell in part' if telling else 'hardly tell'} which."
        )
    shown = len(found.pictured_modes[:_MODES]) or _PICTURES
    return [Finding(QUESTION, answer, detail, pictures=found.pictures[:shown], links=links)]


def without_target() -> Finding:
    """How a page of a score alone comes to know."""
    return Finding(
        QUESTION,
        "That depends on the target, which this page does not know.",
        "With labelled poses of the target it would be shown here: "
        "posesift report SCORES --target ADDRESS.",
    )


def _gain(headroom: dict[str, Any] | None) -> str:
    """What is known of how much rendering these poses would help."""
    if not headroom or headroom.get("mean") is None:
        return "Nothing on this page shows how much rendering them would gain."
    return (
        "How much rendering just these would gain was not measured; training on all of the "
        f"target's own poses in the source's look gains {signed(headroom['mean'])} points there."
    )


def _named(found: Lacking) -> str:
    """The poses to render in words: the modes that are pictured, else the joints."""
    if modes := found.pictured_modes[:_MODES]:
        told = [
            f"{spoken(one.mode)} ({count(one.lacking)} of {count(one.total)} lacking)"
            for one in modes
        ]
        return f"Poses like these, above all {listed(told)}"
    c = found.coverage
    lacking_NA = found.angles_NA[c.row_N[~c.covered_N]]
    shift_A = np.nan_to_num(plane.shift_deg(lacking_NA, found.source.angles_NA))
    most = np.argsort(-shift_A.round(9), kind="stable")[:_ANGLES]
    if not shift_A.any():
        return "Poses like these"
    names = found.target.table.skeleton.angle_names
    told = [f"{names[a]} ({number(float(shift_A[a]), 0)}°)" for a in most]
    return f"Poses like these, whose angles differ most from the source's at {listed(told)}"
