"""DeepLabCut's CSV and HDF5, one animal and several, read back from a tiny true project."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from tests.data.formats.deeplabcut import save_hdf5, write_hdf5, write_project

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


@pytest.mark.parametrize("animals", [("",), ("mouse1", "mouse2")])
@pytest.mark.parametrize("columns", [1, 3])
def test_the_hdf5_beside_it_holds_the_same(tmp_path, animals, columns):
    of_csv, *_ = write_project(tmp_path / "csv", animals, columns=columns)
    of_hdf5, *_ = write_hdf5(tmp_path / "hdf5", animals, columns=columns)
    table, expected = read(f"deeplabcut:{of_hdf5}"), read(f"deeplabcut:{of_csv}")
    assert table.skeleton == expected.skeleton
    assert table.problems == expected.problems
    for column in ("keypoints_NK2", "visible_NK", "image_N", "width_N", "box_N4", "mode_N"):
        one, other = getattr(table, column), getattr(expected, column)
        assert one is None if other is None else one.tolist() == other.tolist(), column
    image_HW3 = read_image(table, 2)
    np.testing.assert_array_equal(image_HW3, read_image(expected, 2))


def test_several_blocks_of_columns_and_a_table_of_pandas_own(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("tables")
    file, points_FIJ2, _ = write_hdf5(tmp_path)
    heads = [("ann", part, axis) for part in ("snout", "leftear", "rightear") for axis in "xy"]
    columns = pandas.MultiIndex.from_tuples(heads, names=["scorer", "bodyparts", "coords"])
    values = points_FIJ2[:, 0, :3].reshape(6, 6)
    rows = [("labeled-data", "day", f"img{frame:03d}.png") for frame in range(6)]
    frame = pandas.DataFrame(values, pandas.MultiIndex.from_tuples(rows), columns)
    frame[("ann", "snout", "x")] = frame[("ann", "snout", "x")].astype(np.float32)
    frame.to_hdf(file, key="df_with_missing", mode="w")
    table = read(f"deeplabcut:{file}")
    np.testing.assert_allclose(table.keypoints_NK2, points_FIJ2[:, 0, :3], atol=1e-4)


def _link_away(file):
    with h5py.File(file, "r+") as opened:
        del opened["df_with_missing/block0_values"]
        opened["df_with_missing/block0_values"] = h5py.ExternalLink("/other.h5", "/x")


def _number_beyond(file):
    with h5py.File(file, "r+") as opened:
        opened["df_with_missing/axis0_label1"][0] = 99


def _other_shape(file):
    with h5py.File(file, "r+") as opened:
        del opened["df_with_missing/block0_values"]
        opened["df_with_missing/block0_values"] = np.zeros((3, 3))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_link_away, "as a link to another place"),
        (_number_beyond, "axis0_label1: expected numbers below 4"),
        (_other_shape, "block0_values: expected 6 rows of 8 numbers"),
        (lambda file: file.write_bytes(file.read_bytes()[:900]), "cannot be read"),
        (lambda file: h5py.File(file, "w").close(), "expected DeepLabCut's CollectedData"),
        (
            lambda file: save_hdf5(file, ["a.png"], [("a", "b"), ("a", "c")], np.zeros((1, 2))),
            "expected columns of scorer",
        ),
    ],
)
def test_a_spoilt_hdf5_is_one_message(tmp_path, spoil, told):
    file, *_ = write_hdf5(tmp_path)
    spoil(file)
    with pytest.raises(ValueError, match=told) as error:
        read(f"deeplabcut:{file}")
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


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
