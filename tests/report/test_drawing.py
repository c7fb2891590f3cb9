from __future__ import annotations

import numpy as np

from posesift import skeletons
from posesift.report import pictures

BODY = skeletons.load("body16")


def draw(visible_K: np.ndarray, **changes: object) -> pictures.Picture:
    points = np.arange(32, dtype=float).reshape(16, 2)
    settings = {"side": 64, "image": None, "alt": "a"} | changes
    return pictures.picture(BODY, points, visible_K, **settings)  # type: ignore[arg-type]


def test_a_limb_needs_both_ends_and_a_joint_itself() -> None:
    visible_K = np.zeros(16, bool)
    visible_K[[0, 1, 5]] = True
    found = draw(visible_K)
    # joint i lies at (2i, 2i + 1); the first pixel's centre is at half a pixel
    assert found.limbs == [(BODY.colours[0], [((0.5, 1.5), (2.5, 3.5))])]
    assert found.joints == [(0.5, 1.5), (2.5, 3.5), (10.5, 11.5)]
    nothing = draw(np.zeros(16, bool))
    assert nothing.limbs == []
    assert nothing.joints == []


def test_only_drawn_joints_are_ringed() -> None:
    visible_K = np.ones(16, bool)
    visible_K[3] = False
    missed_K = np.zeros(16, bool)
    missed_K[[2, 3]] = True
    assert draw(visible_K, missed_K=missed_K).missed == [(4.5, 5.5)]


def test_all_limbs_of_a_whole_pose() -> None:
    found = draw(np.ones(16, bool))
    assert sum(len(lines) for _, lines in found.limbs) == len(BODY.limbs)
    assert [colour for colour, _ in found.limbs] == list(dict.fromkeys(BODY.colours))


def test_framing_holds_every_visible_joint() -> None:
    points = np.array([[1000.0, -500.0], [1200.0, -450.0], [9e9, 9e9]])
    moved, side = pictures.framing(points, np.array([True, True, False]))
    assert side == 250
    seen = moved[:2]
    assert ((seen > -0.5) & (seen < side - 0.5)).all()
    assert np.allclose((seen.min(0) + seen.max(0)) / 2, side / 2 - 0.5)
    assert np.allclose(seen[1] - seen[0], [200, 50])
    assert pictures.framing(points, np.zeros(3, bool))[1] == 1
