from __future__ import annotations

import numpy as np
from tests.datasets import pose_table

from posesift.data.labels.boxes import with_boxes


def test_boxes_from_labels_are_squares_about_the_pose_that_say_so():
    table = pose_table(n=40)
    boxed = with_boxes(table, "labels")
    assert boxed.boxes_from == "labels"
    assert boxed.box_N4 is not None
    assert with_boxes(table, "file") is table
    np.testing.assert_allclose(boxed.box_N4[:, 2], boxed.box_N4[:, 3])
    for row in range(40):
        points_K2 = table.keypoints_NK2[row][table.visible_NK[row]].astype(float)
        extent = np.ptp(points_K2, axis=0).max()
        side = boxed.box_N4[row, 2]
        assert 1.3 * 0.85 * extent - 1e-3 <= side <= 1.3 * 1.15 * extent + 1e-3
        centre_2 = boxed.box_N4[row, :2] + boxed.box_N4[row, 2:] / 2
        middle_2 = (points_K2.min(0) + points_K2.max(0)) / 2
        assert (np.abs(centre_2 - middle_2) <= 0.15 * 1.3 * extent + 1e-3).all()
    assert np.ptp(boxed.box_N4[:, 2] / table.width_N) > 0.05  # jittered, not all alike


def test_a_pose_without_keypoints_gets_its_whole_image():
    table = pose_table(n=4)
    table.visible_NK[2] = False
    table.visible_NK[3] = np.arange(16) == 5
    boxed = with_boxes(table, "labels")
    assert boxed.box_N4 is not None
    for row in (2, 3):
        expected = [0, 0, table.width_N[row], table.height_N[row]]
        assert boxed.box_N4[row].tolist() == expected


def test_a_box_does_not_depend_on_how_many_follow():
    table = pose_table(n=12)
    few = with_boxes(table.select(np.arange(5)), "labels").box_N4
    many = with_boxes(table, "labels").box_N4
    assert few is not None
    assert many is not None
    np.testing.assert_array_equal(few, many[:5])
