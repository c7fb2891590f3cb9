"""Occlusion against rays through balls, computed one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.data.worlds.figure import Part
from posesift.data.worlds.occlusion import SLACK, occluded

LIMB = Part("limb", (0,), (0.05,), "skin")
BALL = Part("ball", (1,), (0.1,), "skin")


def hidden(parts, points, depth, girth=None) -> list[bool]:
    """One figure at 100 px a unit; which of its first point(s) are hidden."""
    points = np.array(points, np.float32)[None]
    girth = np.ones(len(parts)) if girth is None else np.array(girth)
    return occluded(
        tuple(parts), 1, points, np.array(depth, np.float32)[None],
        np.full(points.shape[:2], 100, np.float32), girth.astype(np.float32)[None],
    )[0].tolist()  # fmt: skip


@pytest.mark.parametrize(
    ("offset", "depth", "expected"),
    [
        (0, 2.8, True),  # right in front
        (0, 3.2, False),  # right behind
        (9, 2.8, True),  # the ball's edge is at 10 px
        (11, 2.8, False),
        (0, 3.0 - 0.05 + 0.1 - SLACK - 0.001, True),  # its surface just stands out
        (0, 3.0 - 0.05 + 0.1 - SLACK + 0.001, False),
    ],
)
def test_a_ball_hides_what_is_behind_it(offset, depth, expected):
    assert hidden([LIMB, BALL], [[50, 50], [50 + offset, 50]], [3.0, depth]) == [expected]


def test_absent_and_transparent_parts_hide_nothing():
    points, depth = [[50, 50], [50, 50]], [3.0, 2.5]
    assert hidden([LIMB, BALL], points, depth) == [True]
    assert hidden([LIMB, BALL], points, depth, girth=[1, 0]) == [False]
    glass = Part("glass", (1,), (0.1,), "skin", hides=False)
    assert hidden([LIMB, glass], points, depth) == [False]


def test_a_limb_hides_along_its_whole_length_but_not_its_own_joint():
    rod = Part("rod", (1, 2), (0.05, 0.05), "skin")
    across = [[50, 50], [10, 50], [90, 50]]
    assert hidden([LIMB, rod], across, [3.0, 2.0, 3.0]) == [True]
    own = Part("own", (0, 1), (0.05, 0.05), "skin")
    assert hidden([own], [[50, 50], [50, 50]], [3.0, 2.5]) == [False]


@settings(max_examples=50)
@given(
    st.tuples(st.floats(20, 80), st.floats(20, 80), st.floats(2, 4)),
    st.tuples(st.floats(20, 80), st.floats(20, 80), st.floats(2, 4)),
    st.floats(0.03, 0.2),
    st.floats(0.03, 0.2),
)
def test_a_capsule_is_a_row_of_balls(start, end, r, s):
    """March a few hundred balls along the capsule and ask each whether it covers the keypoint."""
    keypoint = np.array([50.0, 50.0])
    t = np.linspace(0, 1, 2001)[:, None]
    axis = (1 - t) * np.array(start) + t * np.array(end)
    # The place nearest to the ray decides, as documented; not the most bulging one.
    away = np.linalg.norm(axis[:, :2] - keypoint, axis=1)
    nearest = away.argmin()
    radius = ((1 - t) * r + t * s)[nearest, 0]
    margin = radius - away[nearest] / 100
    surface = axis[nearest, 2] - np.sqrt(max(radius**2 - (away[nearest] / 100) ** 2, 0))
    gap = (3.0 - 0.05 - SLACK) - surface
    rod = Part("rod", (1, 2), (r, s), "skin")
    found = hidden([LIMB, rod], [keypoint, start[:2], end[:2]], [3.0, start[2], end[2]])
    parallel = np.hypot(start[0] - end[0], start[1] - end[1]) < 2
    if min(abs(margin), abs(gap)) > 0.01 and not parallel:
        assert found == [bool(margin > 0 and gap > 0)]
