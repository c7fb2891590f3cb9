from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.datasets import pose_table

from posesift.data.labels.cleaning import hide_impossible, leave_out
from posesift.data.readers.parts import LeftOut


@settings(max_examples=50)
@given(
    hnp.arrays(float, (30, 1, 2), elements=st.floats(0, 99)),
    st.sampled_from([np.nan, np.inf, -np.inf, -0.6, 99.6, 1e30]),
    st.integers(0, 1),
)
def test_one_impossible_keypoint_goes_and_no_other(points_NK2, value, axis):
    points_NK2[7, 0, axis] = value
    visible_NK = np.ones((30, 1), bool)
    size_N2 = np.full((30, 2), 100)
    names = [f"sample {n}" for n in range(30)]
    kept_NK, problems = hide_impossible(points_NK2, visible_NK, size_N2, ["nose"], names, "file")
    assert kept_NK[:, 0].tolist() == [n != 7 for n in range(30)]
    (problem,) = problems
    assert "sample 7, 100 x 100 px: nose at (" in problem
    assert visible_NK.all()


def test_the_border_reaches_half_a_pixel_around():
    points = np.array([[[-0.5, 0], [99.5, 49.5], [0, -0.5], [3, 3]]])
    kept, problems = hide_impossible(
        points, np.ones((1, 4), bool), np.array([[100, 50]]), list("abcd"), ["x"], "file"
    )
    assert kept.all()
    assert problems == []


def test_many_impossible_keypoints_mean_wrong_labels():
    points = np.full((10, 4, 2), -5.0)
    with pytest.raises(ValueError, match=r"file: 40 of 40 visible .*(.|\n)*and 5 more"):
        hide_impossible(
            points, np.ones((10, 4), bool), np.full((10, 2), 9), list("abcd"), ["x"] * 10, "file"
        )


@pytest.mark.parametrize(("samples", "bad", "stops"), [(20, 1, False), (19, 1, True)])
def test_the_run_goes_on_up_to_one_in_twenty(samples, bad, stops):
    table = pose_table(n=samples)
    chosen_N = np.ones(samples, bool)
    chosen_N[0] = False
    wrong = dict.fromkeys(range(3, 3 + bad), "it is torn")
    if stops:
        with pytest.raises(ValueError, match=r"file: 1 of 19 samples .*at most 5%(.|\n)*torn"):
            leave_out(table, wrong, "file", chosen_N)
    else:
        kept = leave_out(table, wrong, "file", chosen_N)
        np.testing.assert_array_equal(kept.width_N, np.delete(table.width_N, [0, 3]))
        assert kept.problems == ["left out: it is torn"]
        assert table.problems == []


def test_of_a_set_that_is_read_part_by_part_few_pieces_may_be_bad():
    left_out = LeftOut(40, "clips", "/folder")
    for _ in range(3):  # a part may be read again
        assert left_out.add("a", "a is broken") == "left out: a is broken"
    left_out.add("b", "b is short")
    with pytest.raises(
        ValueError, match=r"^/folder: 3 of 40 clips are bad so far; at most 5%"
    ) as e:
        left_out.add("c", "c is gone")
    assert str(e.value).splitlines()[1:] == ["  a is broken", "  b is short", "  c is gone"]
