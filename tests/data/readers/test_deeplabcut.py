"""DeepLabCut's CSV, one animal and several, read back from a tiny true project."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.deeplabcut import write_project

from posesift.data.pixels import read_image
from posesift.data.readers import read


@pytest.mark.parametrize("columns", [1, 3])
def test_one_animal(tmp_path, columns):
    file, points_FIJ2, seen_FIJ = write_project(tmp_path, columns=columns)
    table = read(f"deeplabcut:{file}")
    assert table.skeleton.mirror == (0, 2, 1, 3)
    np.testing.assert_array_equal(table.visible_NK, seen_FIJ[1:, 0])
    np.testing.assert_allclose(
        table.keypoints_NK2[table.visible_NK], points_FIJ2[1:, 0][seen_FIJ[1:, 0]], atol=1e-4
    )
    assert table.image_N.tolist() == [f"labeled-data/day/img{f:03d}.png" for f in range(1, 6)]
    assert table.problems == ["skipped: 1 frames without a labelled keypoint"]
    image_HW3 = read_image(table, 2)
    x, y = np.round(table.keypoints_NK2[2, 0]).astype(int)
    assert np.ptp(image_HW3[y, x].astype(int)) > 60
    assert len(read(f"deeplabcut:{file},split=test")) == 1


def test_several_animals(tmp_path):
    file, points_FIJ2, seen_FIJ = write_project(tmp_path, animals=("mouse1", "mouse2"))
    table = read(f"deeplabcut:{file}")
    rows = [(f, i) for f in range(6) for i in range(2) if seen_FIJ[f, i].any()]
    assert table.mode_N.tolist() == [f"mouse{i + 1}" for _, i in rows]
    for row, (frame, animal) in enumerate(rows):
        seen_J = seen_FIJ[frame, animal]
        np.testing.assert_array_equal(table.visible_NK[row], seen_J)
        np.testing.assert_allclose(
            table.keypoints_NK2[row][seen_J], points_FIJ2[frame, animal][seen_J], atol=1e-4
        )


def test_given_as_csv_it_is_named(tmp_path):
    file, *_ = write_project(tmp_path)
    with pytest.raises(ValueError, match=r"DeepLabCut's table of labels .* read it as deeplabcut:"):
        read(f"csv:{file}")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda lines: lines.__setitem__(5, lines[5].rpartition(",")[0] + ",x"),
            "line 6, .*number",
        ),
        (lambda lines: lines.__setitem__(5, lines[5] + ",1"), "line 6: expected 9 cells, found 10"),
        (lambda lines: lines.__setitem__(0, "image"), "whose first lines are scorer"),
        (lambda lines: lines.__delitem__(slice(3, None)), "expected labelled frames, found none"),
    ],
)
def test_a_spoilt_table_is_one_message(tmp_path, spoil, told):
    file, *_ = write_project(tmp_path)
    lines = file.read_text().splitlines()
    spoil(lines)
    file.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=told):
        read(f"deeplabcut:{file}")
    with pytest.raises(ValueError, match="found none"):
        read(f"deeplabcut:{tmp_path}/none.csv")
