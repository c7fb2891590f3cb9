from __future__ import annotations

import numpy as np
import pytest
import scipy.io
from tests.data.formats.tigdog import SHOTS, SIZE, save_landmarks, save_lists, write_tigdog
from tests.data.readers.layouts.animals import TIGDOG
from tests.telling import assert_told

from posesift.data.readers import read


def test_one_animal_and_the_boxes_of_whole_frames(tmp_path):
    truth = write_tigdog(tmp_path)
    table = read(f"tigdog:{tmp_path},animal=tiger,boxes=file")
    assert table.image_N.tolist() == [name for name in truth.names if "tiger" in name]
    assert table.boxes_from == "image"


def test_as_the_published_code_reads_it(tmp_path):
    truth = write_tigdog(tmp_path / "data" / "behaviorDiscovery2.0")
    horses = truth.animals.count("horse")
    save_lists(tmp_path / "data", "horse", [5, 0, 2], [7])
    save_lists(tmp_path / "data", "tiger", [1], [2])
    address = f"tigdog:{tmp_path}/data/behaviorDiscovery2.0,parity=true"
    wanted = {
        "train": [5, 0, 2, horses + 1],
        "test": [7, horses + 2],
        "all": [5, 0, 2, 7, horses + 1, horses + 2],
    }
    for half, rows in wanted.items():
        table = read(f"{address},split={half}")
        assert table.image_N.tolist() == [truth.names[row] for row in rows]
    assert table.boxes_from == "labels"
    for row, source in enumerate(wanted["all"]):
        seen_J = truth.visible_NJ[source, :18]
        points_J2 = truth.keypoints_NJ2[source, :18][seen_J] + 1  # as the files count
        order = TIGDOG[truth.animals[source]]
        k_J = [table.skeleton.keypoints.index(order[j]) for j in np.flatnonzero(seen_J)]
        np.testing.assert_allclose(table.keypoints_NK2[row, k_J], points_J2, atol=1e-4)
        low_2 = np.maximum(points_J2.min(0) - 15, 0)
        high_2 = np.minimum(points_J2.max(0) + 15, SIZE)
        side = 1.25 * (high_2 - low_2).max()
        expected_4 = [*((low_2 + high_2) / 2 - side / 2), side, side]
        np.testing.assert_allclose(table.box_N4[row], expected_4, atol=1e-3)


def test_parity_without_the_lists_says_which_they_are(tmp_path):
    write_tigdog(tmp_path)
    with pytest.raises(ValueError, match=r"train_idxs_by_video\.npy and valid_.* in .*cached_data"):
        read(f"tigdog:{tmp_path},parity=true,animal=horse")
    save_lists(tmp_path, "horse", [0, 9], [1])
    with pytest.raises(ValueError, match=r"numbers of the 9 horse frames .*, found 0 to 9"):
        read(f"tigdog:{tmp_path},parity=true,animal=horse")


def test_frames_and_shots_without_landmarks_are_skipped_and_counted(tmp_path):
    truth = write_tigdog(tmp_path)
    (tmp_path / "landmarks/horse/2.mat").unlink()
    seen_FJ = truth.visible_NJ[2:5].copy()
    seen_FJ[1] = False
    save_landmarks(tmp_path / "landmarks/horse/7.mat", truth.keypoints_NJ2[2:5], seen_FJ)
    table = read(f"tigdog:{tmp_path}")
    assert len(table) == 10
    assert_told(table.problems, "skipped|1|horse|landmark file|2", "skipped|1|visible landmark")
    # an empty cell, and NaN for what was not marked
    cell = scipy.io.loadmat(tmp_path / "landmarks/horse/7.mat")["landmarks"]
    cell[0, 0] = np.zeros((0, 0))
    cell[2, 0]["positions"][0, 0][~truth.visible_NJ[4]] = np.nan
    scipy.io.savemat(tmp_path / "landmarks/horse/7.mat", {"landmarks": cell})
    table = read(f"tigdog:{tmp_path}")
    assert len(table) == 9
    assert np.isfinite(table.keypoints_NK2).all()


def test_a_shot_of_one_frame_and_other_names_of_the_fields(tmp_path):
    truth = write_tigdog(tmp_path, shots={"horse": ((1, 5, 5),)})
    cell = np.empty((1, 1), object)
    fields = truth.keypoints_NJ2[0] + 1, truth.visible_NJ[0][:, None].astype(float)
    cell[0, 0] = {"p": fields[0], "v": fields[1], "note": "by hand"}
    scipy.io.savemat(tmp_path / "landmarks/horse/1.mat", {"landmarks": cell})
    table = read(f"tigdog:{tmp_path},animal=horse")
    assert table.visible_NK[0].sum() == truth.visible_NJ[0, :18].sum()


def test_a_landmark_file_cut_short(tmp_path):
    truth = write_tigdog(tmp_path)
    path = tmp_path / "landmarks/horse/7.mat"
    save_landmarks(path, truth.keypoints_NJ2[2:4], truth.visible_NJ[2:4])
    with pytest.raises(ValueError, match=r"7\.mat: .* the 3 frames 12 to 14 of shot 7, found 2"):
        read(f"tigdog:{tmp_path}")
    for content in (np.zeros((3, 1)), [{"positions": np.zeros((19, 3))}] * 3):
        scipy.io.savemat(path, {"landmarks": np.array(content, object)})
        with pytest.raises(ValueError, match="expected frame 1 of 'landmarks' to be a structure"):
            read(f"tigdog:{tmp_path}")


@pytest.mark.parametrize(
    "ranges",
    [np.zeros((2, 2)), np.array([[1.5, 1, 2]]), np.array([[1, 9, 2]]), np.array([[-1, 1, 2]]), "x"],
)
def test_ranges_of_another_form(tmp_path, ranges):
    write_tigdog(tmp_path)
    scipy.io.savemat(tmp_path / "ranges/horse/ranges.mat", {"ranges": ranges})
    with pytest.raises(ValueError, match=r"ranges\.mat: expected 'ranges' with a row of whole"):
        read(f"tigdog:{tmp_path}")


def test_parts_that_are_missing(tmp_path):
    write_tigdog(tmp_path, shots={"horse": SHOTS["horse"]})
    with pytest.raises(
        ValueError, match=r"ranges of the tigers at .* animal=horse or animal=tiger"
    ):
        read(f"tigdog:{tmp_path}")
    for path in (tmp_path / "landmarks/horse").glob("*.mat"):
        path.unlink()
    with pytest.raises(ValueError, match="expected a landmark file for each shot"):
        read(f"tigdog:{tmp_path},animal=horse")
