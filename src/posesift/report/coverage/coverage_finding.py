"""The answer to "What should be rendered next?" for the top of a page."""

from __future__ import annotations

import numpy as np

from posesift.evaluation import angle_space
from posesift.report.blocks import Finding
from posesift.report.coverage import coverage_table
from posesift.report.coverage.coverage_section import ANCHOR
from posesift.report.coverage.lacking import Lacking
from posesift.report.summary.rare_poses import spoken
from posesift.report.wording import count, listed, number, percent, plural

QUESTION = "What should be rendered next?"
_MODES = 4
_ANGLES = 3


def render_next(found: Lacking | str) -> list[Finding]:
    """What the source lacks of the target, in words and pictures; empty where it is not known."""
    if isinstance(found, str) or not len(found.coverage.row_N):
        return []
    c = found.coverage
    n = len(c.row_N)
    links = [("The list and its table", ANCHOR)]
    if not c.lacking:
        answer = (
            f"Nothing new by this measure: each of the {count(n)} target poses has a source pose "
            f"within {c.radius_deg:g} degrees."
        )
        return [Finding(QUESTION, answer, "", links=[("Coverage", ANCHOR)])]
    share = percent(100 * c.lacking / n)
    similar = "no similar pose" if c.needed == 1 else f"fewer than {c.needed} similar poses"
    answer = (
        f"{_named(found)}: for {count(c.lacking)} of {count(n)} target poses ({share}) the source "
        f"has {similar}."
    )
    shown = len(found.pictures)
    reached = percent(100 * float(c.share_reached_R[shown - 1]))
    detail = (
        f"The first {shown} of the ranked list stand for {reached} of what is lacking; "
        f"{plural(found.first_to_half, 'pose')} would stand for half. Similar: within "
        f"{c.radius_deg:g} degrees over the joint angles."
    )
    return [Finding(QUESTION, answer, detail, pictures=found.pictures[:6], links=links)]


def without_target() -> Finding:
    """How a page of a score alone comes to know."""
    return Finding(
        QUESTION,
        "That depends on the target, which this page does not know.",
        "With labelled poses of the target it would be shown here: "
        "posesift report SCORES --target ADDRESS.",
    )


def _named(found: Lacking) -> str:
    """The poses to render in words: their modes where these are known, else their joints."""
    if modes := coverage_table.modes(found)[:_MODES]:
        told = [
            f"{spoken(mode)} ({count(lacking)} of {count(total)} lacking)"
            for mode, lacking, total in modes
        ]
        return f"Poses like these, above all {listed(told)}"
    c = found.coverage
    lacking_NA = found.angles_NA[c.row_N[~c.covered_N]]
    shift_A = np.nan_to_num(angle_space.shift_deg(lacking_NA, found.source.angles_NA))
    most = np.argsort(-shift_A.round(9), kind="stable")[:_ANGLES]
    if not shift_A.any():
        return "Poses like these"
    names = found.target.table.skeleton.angle_names
    told = [f"{names[a]} ({number(float(shift_A[a]), 0)}°)" for a in most]
    return f"Poses like these, whose angles differ most from the source's at {listed(told)}"
