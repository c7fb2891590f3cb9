from __future__ import annotations

import numpy as np
import pytest

from posesift import skeletons
from posesift.data.labels.labelled import labelled, placed

BODY = skeletons.load("body16")


def poses(n: int = 40) -> dict:
    rng = np.random.default_rng(4)
    return {
        "skeleton": BODY,
        "keypoints_NK2": rng.uniform(5, 90, (n, 16, 2)),
        "visible_NK": np.ones((n, 16), bool),
        "size_N2": np.full((n, 2), 100),
        "names": [f"im{row}" for row in range(n)],
        "where": "/d/set",
    }


def test_joints_go_to_their_places_and_dropped_ones_nowhere():
    joints_NJ2 = np.arange(12.0).reshape(2, 3, 2)
    out = placed(joints_NJ2, (3, -1, 0), 5)
    assert out.shape == (2, 5, 2)
    np.testing.assert_array_equal(out[:, 3], joints_NJ2[:, 0])
    np.testing.assert_array_equal(out[:, 0], joints_NJ2[:, 2])
    assert not out[:, [1, 2, 4]].any()
    flags = placed(np.ones((2, 3), bool), (3, -1, 0), 5)
    assert flags.dtype == bool
    assert flags[0].tolist() == [True, False, False, True, False]


def test_bad_samples_leave_and_keep_their_names():
    found = poses()
    found["keypoints_NK2"][3] = np.nan
    table = labelled(**found, bad={3: "im3 is torn"}, problems=["before"])
    assert len(table) == 39
    assert table.problems == ["before", "left out: im3 is torn"]
    np.testing.assert_allclose(table.keypoints_NK2[3], found["keypoints_NK2"][4], rtol=1e-6)
    assert found["visible_NK"].all(), "what the reader holds is not changed"


def test_too_many_bad_samples_stop():
    with pytest.raises(ValueError, match="/d/set: 3 of 40 samples are bad"):
        labelled(**poses(), bad=dict.fromkeys((1, 2, 3), "torn"))


def test_hidden_points_off_the_image_are_neither_visible_nor_occluded():
    found = poses()
    found["keypoints_NK2"][5, 2] = (100.2, 50)
    found["keypoints_NK2"][6, 2] = (99.4, 50)
    table = labelled(**found, occluded_NK=np.ones((40, 16), bool))
    assert not table.visible_NK[5, 2]
    assert not table.occluded_NK[5, 2]
    assert table.visible_NK[6, 2]
    assert table.occluded_NK[6, 2]
    assert len(table.problems) == 1
    assert "im5, 100 x 100 px: right_hip at (100.2, 50.0)" in table.problems[0]


def test_boxes_of_labels_do_not_depend_on_the_split_or_on_bad_samples():
    found = poses()
    chosen_N = np.arange(40) >= 30
    whole = labelled(**found, boxes="labels")
    part = labelled(**found, boxes="labels", chosen_N=chosen_N, bad={2: "torn", 35: "torn"})
    assert len(part) == 9
    np.testing.assert_array_equal(part.box_N4, whole.box_N4[[*range(30, 35), *range(36, 40)]])
    assert part.boxes_from == "labels"


def test_other_columns_pass_and_follow_the_split():
    clip_N = np.array([f"clip{row // 10}" for row in range(40)], dtype=object)
    chosen_N = clip_N == "clip2"
    table = labelled(**poses(), clip_N=clip_N, chosen_N=chosen_N, root="/d")
    assert table.clip_N.tolist() == ["clip2"] * 10
    assert table.root == "/d"
    assert table.keypoints_NK2.dtype == np.float32
    assert table.width_N.dtype == np.int32
