"""SLEAP's labels and analysis files, read back from tiny true ones."""

from __future__ import annotations

import json

import cv2
import h5py
import numpy as np
import pytest
from tests.data.formats.csv import JOINTS
from tests.data.formats.dots import dots_found
from tests.data.formats.sleap import described, embed, save_analysis, save_slp, write_sleap
from tests.data.formats.surreal import save_video
from tests.datasets import photograph

from posesift.data.checks.looking import look_at_images
from posesift.data.pixels import read_image
from posesift.data.readers import read


def clips(folder, names, frames=6):
    """A clip a name, all moving alike, with a dot under each keypoint; points (F, J, 2)."""
    start_J2 = np.array([[20.0, 20], [45, 22], [70, 60], [30, 70]])
    points_FJ2 = start_J2 + np.arange(frames)[:, None, None] * [3, 1.5]
    shown_J = np.ones(len(JOINTS), bool)
    folder.mkdir(exist_ok=True)
    for name in names:
        save_video(folder / name, [photograph(p, shown_J, 320, 240) for p in points_FJ2])
    return points_FJ2


def test_lines_flips_and_what_is_not_visible(tmp_path):
    truth = write_sleap(tmp_path, 8)
    table = read(f"sleap:{truth.path},images={tmp_path}/photos")
    assert table.skeleton.keypoints == JOINTS
    assert table.skeleton.mirror == (1, 0, 2, 3)
    assert set(table.skeleton.limbs) == {(0, 2), (1, 2), (2, 3)}
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    assert table.occluded_NK is None
    # the file's own folder, and folders further down, are found from a path of another computer
    assert read(f"sleap:{truth.path}").image_N.tolist() == [f"photos/{n}" for n in truth.names]


def test_a_flip_is_told_by_the_file_where_names_tell_no_side(tmp_path):
    truth = write_sleap(tmp_path, 8)
    with h5py.File(truth.path, "r+") as file:
        text = file["metadata"].attrs["json"].decode()
        text = text.replace("left_eye", "eye one").replace("right_eye", "eye two")
        file["metadata"].attrs["json"] = np.bytes_(text)
    table = read(f"sleap:{truth.path}")
    assert table.skeleton.keypoints[:2] == ("eye_one", "eye_two")
    assert table.skeleton.mirror == (1, 0, 2, 3)
    assert table.notes == []


@pytest.mark.parametrize("version", [1.0, 1.1, 1.2])
def test_older_labels_count_from_the_corner(tmp_path, version):
    truth = write_sleap(tmp_path, 8, version=version)  # which writes them so
    table = read(f"sleap:{truth.path}")
    seen_NJ = truth.visible_NJ
    np.testing.assert_allclose(
        table.keypoints_NK2[seen_NJ], truth.keypoints_NJ2[seen_NJ], atol=1e-4
    )


def test_predictions_are_asked_for(tmp_path):
    truth = write_sleap(tmp_path, 8)
    assert len(read(f"sleap:{truth.path}")) == 8
    predicted = read(f"sleap:{truth.path},instances=predicted")
    assert len(predicted) == len(set(truth.names))
    np.testing.assert_allclose(predicted.keypoints_NK2[0], [[1, 2], [2, 2], [3, 2], [4, 2]])
    truth = write_sleap(tmp_path / "more", 8, predicted=True)
    with pytest.raises(ValueError, match=r"found 0 that people .* 8 predictions .*=predicted"):
        read(f"sleap:{truth.path}")


def test_frames_of_videos(tmp_path):
    names = [f"day{k}.mp4" for k in range(5)]
    points_FJ2 = clips(tmp_path / "clips", names)
    frame_N, video_N = [1, 5, 2, 0, 3], [0, 1, 2, 3, 4]
    videos = [
        {"filename": f"/home/me/{name}", "backend": {"filename": f"/home/me/{name}"}}
        for name in names
    ]
    seen_NJ = np.ones((5, 4), bool)
    save_slp(tmp_path / "a.slp", points_FJ2[frame_N], seen_NJ, frame_N, videos, video_N)
    table = read(f"sleap:{tmp_path}/a.slp,images={tmp_path}/clips")
    expected = [f"day{v}.mp4#{f}" for v, f in zip(video_N, frame_N, strict=True)]
    assert table.image_N.tolist() == expected
    assert table.width_N.tolist() == [320] * 5
    assert table.clip_N.tolist() == names
    assert all(dots_found(table, row, range(4)) == 4 for row in range(5))
    test = read(f"sleap:{tmp_path}/a.slp,images={tmp_path}/clips,split=test")
    assert test.clip_N.tolist() == ["day4.mp4"]
    (tmp_path / "clips" / "day1.mp4").unlink()
    (line,) = read(f"sleap:{tmp_path}/a.slp,images={tmp_path}/clips").problems
    assert line.startswith("left out: day1.mp4, frame 5: expected its video at")


@pytest.mark.parametrize("dims", [None, ["frame", "track", "node", "xy"]])
def test_an_analysis_file(tmp_path, dims):
    points_FJ2 = clips(tmp_path, ["day.mp4"])
    tracks_FTJ2 = np.full((6, 2, 4, 2), np.nan)
    tracks_FTJ2[:, 0] = points_FJ2
    tracks_FTJ2[2:4, 1] = points_FJ2[2:4] + 10
    tracks_FTJ2[1, 0, 3] = np.nan
    save_analysis(tmp_path / "a.h5", tracks_FTJ2, "D:\\videos\\day.mp4")
    if dims:
        with h5py.File(tmp_path / "a.h5", "r+") as file:
            del file["tracks"]
            file["tracks"] = tracks_FTJ2
            file["tracks"].attrs["dims"] = json.dumps(dims)
    table = read(f"sleap:{tmp_path}/a.h5")
    assert table.image_N.tolist() == [f"day.mp4#{f}" for f in (0, 1, 2, 2, 3, 3, 4, 5)]
    assert table.mode_N.tolist() == ["one", "one", "one", "two", "one", "two", "one", "one"]
    seen_NK = np.ones((8, 4), bool)
    seen_NK[1, 3] = False
    np.testing.assert_array_equal(table.visible_NK, seen_NK)
    assert set(table.skeleton.limbs) == {(0, 2), (1, 2), (2, 3)}
    assert dots_found(table, 0, range(4)) == 4
    (tmp_path / "day.mp4").unlink()
    with pytest.raises(ValueError, match="the file gives no width and height"):
        read(f"sleap:{tmp_path}/a.h5")


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize(("order", "version"), [("RGB", 1.4), ("BGR", 1.4), ("BGR", 1.2)])
def test_embedded_frames_are_read_from_the_file(tmp_path, order, version, fixed):
    truth = write_sleap(tmp_path, 8)
    size_N2 = truth.size_N2.tolist()
    with h5py.File(truth.path, "r+") as file:  # frames of a video are of one size
        source = json.loads(file["videos_json"][0])
        for name in source["backend"]["filenames"]:
            place = tmp_path / "photos" / name.rpartition("\\")[2]
            canvas_HW3 = np.full((210, 210, 3), 90, np.uint8)
            image_HW3 = cv2.imread(str(place))
            canvas_HW3[: len(image_HW3), : image_HW3.shape[1]] = image_HW3
            cv2.imwrite(str(place), canvas_HW3)
        source["backend"]["shape"] = [len(set(truth.names)), 210, 210, 3]
        _replace("videos_json", [np.bytes_(json.dumps(source))])(file)
    embed(truth.path, order, fixed, version=version)
    table = read(f"sleap:{truth.path}")
    assert size_N2 != [[210, 210]] * 8
    assert table.image_N[0] == "labels.slp/video0#0"
    assert table.width_N.tolist() == [210] * 8
    for row, name in enumerate(truth.names):
        image_HW3 = cv2.imread(str(tmp_path / "elsewhere" / name))
        np.testing.assert_array_equal(read_image(table, row)[..., ::-1], image_HW3)
    assert dots_found(table, 0, range(4)) == table.visible_NK[0].sum()
    table.save(tmp_path / "saved.parquet")
    again = read(f"poses:{tmp_path}/saved.parquet")
    np.testing.assert_array_equal(read_image(again, 3), read_image(table, 3))
    assert look_at_images(table).problems == []
    # the images that they were taken from are read where they are asked for
    outside = read(f"sleap:{truth.path},images={tmp_path}/elsewhere")
    assert outside.image_N.tolist() == truth.names


def test_a_frame_that_is_not_embedded_costs_itself(tmp_path):
    truth = write_sleap(tmp_path, 24)
    with h5py.File(truth.path, "r+") as file:
        source = json.loads(file["videos_json"][0])
        source["backend"]["shape"] = [16, 210, 210, 3]
        _replace("videos_json", [np.bytes_(json.dumps(source))])(file)
    embed(truth.path, "RGB", True, version=1.4)
    last = len(set(truth.names)) - 1
    with h5py.File(truth.path, "r+") as file:
        file["video0/frame_numbers"][0] = 999  # it was the last one
    lost = truth.names.count(truth.names[-1])
    table = read(f"sleap:{truth.path}")
    assert len(table) == 24 - lost
    assert sum(f"frame {last} is not among those" in line for line in table.problems) == lost
    with h5py.File(truth.path, "r+") as file:
        del file["video0/frame_numbers"]
    with pytest.raises(ValueError, match="expected the numbers of its frames"):
        read(f"sleap:{truth.path}")


def test_a_file_that_sleap_io_writes(tmp_path):
    sleap_io = pytest.importorskip("sleap_io")
    truth = write_sleap(tmp_path, 8)
    names = list(dict.fromkeys(truth.names))
    skeleton = sleap_io.Skeleton(
        list(JOINTS), edges=[("nose", "tail")], symmetries=[("left_eye", "right_eye")]
    )
    video = sleap_io.Video.from_filename([str(tmp_path / "photos" / name) for name in names])
    shown_NJ2 = np.where(truth.visible_NJ[..., None], truth.keypoints_NJ2, np.nan)
    frames = []
    for frame, name in enumerate(names):
        rows = [row for row, other in enumerate(truth.names) if other == name]
        found = [sleap_io.Instance.from_numpy(shown_NJ2[row], skeleton=skeleton) for row in rows]
        frames.append(sleap_io.LabeledFrame(video=video, frame_idx=frame, instances=found))
    sleap_io.Labels(frames).save(str(tmp_path / "theirs.slp"))
    table = read(f"sleap:{tmp_path}/theirs.slp")
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    np.testing.assert_allclose(
        table.keypoints_NK2[table.visible_NK], truth.keypoints_NJ2[truth.visible_NJ], atol=1e-4
    )
    assert table.skeleton.mirror == (1, 0, 2, 3)


def _metadata(change):
    def spoil(file):
        document = described()
        change(document)
        file["metadata"].attrs["json"] = np.bytes_(json.dumps(document))

    return spoil


def _replace(name, values):
    def spoil(file):
        del file[name]
        file[name] = values

    return spoil


def _cell(table, field, value):
    def spoil(file):
        rows = file[table][()]
        rows[field][0] = value
        file[table][()] = rows

    return spoil


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda file: file.__delitem__("points"), "missing points"),
        (_replace("frames", np.zeros(3)), "frames: expected rows of video"),
        (_replace("frames", h5py.ExternalLink("/other.slp", "/frames")), "link to another place"),
        (_cell("frames", "instance_id_end", 10**9), "frames: expected parts of a table"),
        (_cell("frames", "video", 7), "of 1 videos"),
        (_cell("instances", "point_id_start", 1), "expected 4 points each"),
        (_metadata(lambda d: d["nodes"].pop()), "a skeleton of node 3, of 3"),
        (_metadata(lambda d: d.pop("skeletons")), "expected the field `?skeletons"),
        (lambda file: file["metadata"].attrs.__delitem__("json"), "found no skeletons"),
        (_replace("videos_json", [b"{"]), "videos_json is not valid JSON"),
    ],
)
def test_a_spoilt_file_is_one_message(tmp_path, spoil, told):
    truth = write_sleap(tmp_path, 8)
    with h5py.File(truth.path, "r+") as file:
        spoil(file)
    with pytest.raises(ValueError, match=told) as error:
        read(f"sleap:{truth.path}")
    assert "labels.slp" in str(error.value)
    assert "\n" not in str(error.value)


def test_parts_of_a_table_are_used_once(tmp_path):
    """A small file whose frames all name the same instances would stand for any number of poses."""
    truth = write_sleap(tmp_path, 8)
    with h5py.File(truth.path, "r+") as file:
        rows = np.repeat(file["frames"][:1], 10_000)
        rows["instance_id_start"], rows["instance_id_end"] = 0, len(file["instances"])
        _replace("frames", rows)(file)
    with pytest.raises(ValueError, match="each used once"):
        read(f"sleap:{truth.path}")
