"""Maps, boxes and the pixel convention."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.poses import boxes, geometry

number = st.floats(-500, 500)
size = st.floats(1, 500)


@settings(max_examples=50)
@given(x=number, y=number, width=size, height=size, side=st.integers(8, 256))
def test_crop_maps_invert_and_fill_the_crop(x, y, width, height, side):
    box = np.array([[x, y, width, height]])
    matrix = geometry.crop_matrices(box, side)
    corners = np.array([[[x - 0.5, y - 0.5], [x - 0.5 + width, y - 0.5 + height]]])
    mapped = geometry.apply(matrix, corners)[0]
    long = 0 if width >= height else 1
    assert mapped[0, long] == pytest.approx(-0.5, abs=1e-6)
    assert mapped[1, long] == pytest.approx(side - 0.5, abs=1e-6)
    assert mapped.mean(axis=0) == pytest.approx([(side - 1) / 2] * 2, abs=1e-6)
    back = geometry.apply(geometry.invert(matrix), mapped[None])
    np.testing.assert_allclose(back, corners, atol=1e-6)
    both = geometry.compose(geometry.invert(matrix), matrix)[0]
    np.testing.assert_allclose(both, [[1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_a_warp_with_a_crop_map_puts_a_dot_where_the_map_says():
    image = np.zeros((80, 100), np.float32)
    cv2.circle(image, (62, 33), 3, 1.0, -1, cv2.LINE_AA)
    box = np.array([[30, 10, 50, 50]])
    matrix = geometry.crop_matrices(box, 100)
    crop = cv2.warpAffine(image, matrix[0], (100, 100), flags=cv2.INTER_LINEAR)
    y, x = np.indices(crop.shape)
    centroid = [(x * crop).sum() / crop.sum(), (y * crop).sum() / crop.sum()]
    said = geometry.apply(matrix, np.array([[[62.0, 33.0]]]))[0, 0]
    np.testing.assert_allclose(centroid, said, atol=0.05)


@given(st.integers(1, 32), st.integers(0, 100))
def test_cells_and_pixels_are_inverse(stride, cell):
    assert geometry.to_cell(geometry.cell_centre(cell, stride), stride) == pytest.approx(cell)
    # The centre of a cell is the mean of the pixels it covers.
    assert (
        geometry.cell_centre(cell, stride) == np.arange(stride * cell, stride * (cell + 1)).mean()
    )


def test_boxes_ignore_what_is_not_visible():
    points = np.array([[[5.0, 6.0], [9.0, 16.0], [-1e9, np.nan]], [[1.0, 1.0]] * 3])
    visible = np.array([[True, True, False], [False] * 3])
    found = boxes.keypoint_boxes(points, visible)
    assert found.tolist() == [[5, 6, 4, 10], [0, 0, 0, 0]]
    assert boxes.square(found, 2.0)[0].tolist() == [-3, 1, 20, 20]


def test_jitter_is_bounded_and_depends_on_the_sample_alone():
    box = np.tile(np.array([[10.0, 20.0, 100.0, 100.0]], np.float32), (200, 1))
    moved = boxes.jitter(box, 0.15, seed=3)
    centre = moved[:, :2] + moved[:, 2:] / 2 - [60, 70]
    assert 0.1 * 100 < np.abs(centre).max() <= 15.001
    assert np.all((moved[:, 2] >= 84.99) & (moved[:, 2] <= 115.01))
    np.testing.assert_array_equal(boxes.jitter(box[:7], 0.15, seed=3), moved[:7])
    np.testing.assert_array_equal(
        boxes.jitter(box[50:60], 0.15, 3, np.arange(50, 60)), moved[50:60]
    )
