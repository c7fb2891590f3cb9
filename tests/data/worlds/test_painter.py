"""The painter: hulls by brute force, the pixel convention, order, and joints where they are."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.data import worlds
from posesift.data.worlds import body, painter
from posesift.data.worlds.figure import Part


def stencil(parts, points, radii_px=1.0, depth=None, side=64, girth=None):
    """Paint one figure whose points are given in px; radii of parts are in px."""
    points = np.array(points, np.float32)
    materials = tuple(dict.fromkeys(part.material for part in parts))
    depth = np.full(len(points), 3.0) if depth is None else np.array(depth, float)
    girth = np.ones(len(parts)) if girth is None else np.array(girth, float)
    (canvas,) = painter.stencils(
        tuple(parts), materials, points[None], depth[None].astype(np.float32),
        np.full((1, len(points)), radii_px, np.float32), girth[None].astype(np.float32),
        np.array([[0.0, -1.0]], np.float32), side,
    )  # fmt: skip
    return canvas.copy(), materials


discs = st.lists(
    st.tuples(st.floats(0, 60), st.floats(0, 60), st.floats(1, 12)), min_size=1, max_size=5
)


def brute_force_hull(discs) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 400)
    rim = [np.stack([x + r * np.cos(turn), y + r * np.sin(turn)], -1) for x, y, r in discs]
    return cv2.convexHull(np.concatenate(rim).astype(np.float32))[:, 0]


@settings(max_examples=50)
@given(discs)
def test_a_hull_lies_inside_the_convex_hull_of_its_discs_and_touches_it(discs):
    centres, radii = np.array(discs, np.float32)[:, :2], np.array(discs, np.float32)[:, 2]
    outline, expected = painter.hull(centres, radii), brute_force_hull(discs)
    for x, y in outline.astype(float):
        assert cv2.pointPolygonTest(expected, (x, y), measureDist=True) > -0.02
    for angle, vertex in zip(painter._ANGLES_V, outline, strict=True):
        direction = np.array([np.cos(angle), np.sin(angle)])
        assert vertex @ direction == pytest.approx((expected @ direction).max(), abs=0.02)
    if len(discs) <= 2:
        assert cv2.contourArea(outline.astype(np.float32)) >= 0.95 * cv2.contourArea(expected)


@pytest.mark.parametrize("side", [64, 128])
def test_a_ball_is_painted_about_the_pixel_it_is_at(side):
    ball = Part("ball", (0,), (5.0,), "skin")
    canvas, _ = stencil([ball], [[20.0, 41.5]], side=side)
    seen = cv2.resize((canvas > 0).astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[:side, :side]
    centre = (seen * x).sum() / seen.sum(), (seen * y).sum() / seen.sum()
    assert centre == pytest.approx((20.0, 41.5), abs=0.1)
    assert seen.sum() == pytest.approx(np.pi * 25, rel=0.08)


def test_tones_go_from_the_rim_inwards_and_the_light_to_its_side():
    canvas, _ = stencil([Part("ball", (0,), (15.0,), "skin")], [[32.0, 32.0]])
    fine = painter.fineness(64)
    row = canvas[:, 32 * fine + 1]
    present = row[row > 0]
    assert present[0] == present[-1] == 1 + painter.RIM
    assert 1 + painter.LIGHT in present
    y = {tone: np.argwhere(canvas == 1 + tone)[:, 0].mean() for tone in range(3)}
    assert y[painter.LIGHT] < y[painter.RIM]  # the light of this test is above


def test_the_nearer_part_covers_the_farther_and_lift_decides_ties():
    a, b = Part("a", (0,), (6.0,), "red"), Part("b", (1,), (6.0,), "blue")
    centre = 32 * painter.fineness(64) + 1
    for depth, winner in (([2, 3], "red"), ([3, 2], "blue")):
        canvas, materials = stencil([a, b], [[32, 32], [32, 32]], depth=depth)
        assert materials[(canvas[centre, centre] - 1) // painter.TONES] == winner
    lifted = Part("b", (1,), (6.0,), "blue", lift=0.1)
    canvas, materials = stencil([a, lifted], [[32, 32], [32, 32]], depth=[2.95, 3])
    assert materials[(canvas[centre, centre] - 1) // painter.TONES] == "blue"


def test_an_absent_part_is_not_painted():
    a, b = Part("a", (0,), (6.0,), "red"), Part("b", (1,), (6.0,), "blue")
    canvas, _ = stencil([a, b], [[12, 12], [50, 50]], girth=[1, 0])
    assert canvas[:90, :90].any()
    assert not canvas[96:, 96:].any()


def test_joined_parts_have_no_rim_between_them():
    upper = Part("upper", (0, 1), (5.0, 5.0), "skin")
    points = [[10, 32], [32, 32], [54, 32]]
    dark = {}
    for joins in ((), ("upper",)):
        lower = Part("lower", (1, 2), (5.0, 5.0), "skin", joins=joins)
        canvas, _ = stencil([upper, lower], points)
        fine = painter.fineness(64)
        line = canvas[32 * fine + 1, 20 * fine : 44 * fine]
        dark[joins] = (line == 1 + painter.RIM).any()
    assert dark == {(): True, ("upper",): False}


def test_no_light_off_the_canvas():
    canvas, _ = stencil([Part("a", (0, 1), (6.0, 2.0), "skin")], [[-500, -90], [900, 4000]])
    assert canvas.shape == (192, 192)  # far outside is no error


def test_joints_seen_are_painted_on_their_own_limbs():
    """Paint every part in a colour of its own and look under each limb joint.

    The painter orders whole parts by depth and the occlusion test compares surfaces, so they need
    not agree on every joint, but they must on nearly all.
    """
    count, side = 300, 96
    sample = worlds.sample("body", "target", n=count, side=side)
    names = tuple(part.name for part in body.PARTS)
    parts = tuple(dataclasses.replace(part, material=part.name) for part in body.PARTS)
    canvases = painter.stencils(
        parts, names, sample.points_NP2, sample.depth_NP, sample.scale_NP, sample.girth_NG,
        np.tile(np.float32([0, -1]), (count, 1)), side,
    )  # fmt: skip
    limb_joints = sample.table.skeleton.groups["all"]
    own_seen, other_seen, background = [], [], 0
    for i, canvas in enumerate(canvases):
        for k in limb_joints:
            if not sample.table.visible_NK[i, k]:
                continue
            x, y = np.rint((sample.points_NP2[i, k] + 0.5) * 3 - 0.5).astype(int)
            value = canvas[min(y, 287), min(x, 287)]
            background += value == painter.BACKGROUND
            part = parts[(value - 1) // painter.TONES] if value else None
            # The shoe reaches over the ankle; a trunk hides the joints on its own far side.
            on_own = part is not None and (
                k in part.points or (k in (0, 5) and "shoe" in part.name)
            )
            if sample.table.occluded_NK[i, k]:
                other_seen.append(on_own and part.name not in ("shirt", "trousers"))
            else:
                own_seen.append(on_own)
    assert background < 0.005 * len(own_seen)
    assert np.mean(own_seen) > 0.98
    assert np.mean(other_seen) < 0.15
    assert len(other_seen) > 300
