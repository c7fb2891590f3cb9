"""Label Studio's exports, read back from tiny true ones."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.data.formats.csv import JOINTS
from tests.data.formats.cvat import box
from tests.data.formats.labelstudio import write_labelstudio

from posesift.data.readers import read


def changed(path, change):
    tasks = json.loads(path.read_text())
    change(tasks)
    path.write_text(json.dumps(tasks))


def regions(task):
    return task["annotations"][-1]["result"]


@pytest.mark.parametrize("form", ["parents", "relations", "min"])
def test_keypoints_go_to_their_rectangles(tmp_path, form):
    truth = write_labelstudio(tmp_path, 8, form)
    table = read(f"labelstudio:{truth.path},images={tmp_path}/photos")
    assert table.skeleton.keypoints == JOINTS
    boxes_N4 = np.array([box(truth, row) for row in range(8)])
    seen_NJ = truth.visible_NJ.copy()
    if form == "min":  # nothing says whose a keypoint in two rectangles is
        low_N2, high_N2 = boxes_N4[:, None, :2], boxes_N4[:, None, :2] + boxes_N4[:, None, 2:]
        names = np.array(truth.names)
        for row in range(8):
            others = (names == names[row]) & (np.arange(8) != row)
            points_J2 = truth.keypoints_NJ2[row] + 0.5
            within_NJ = ((points_J2 >= low_N2) & (points_J2 <= high_N2)).all(-1)
            seen_NJ[row] &= ~within_NJ[others].any(0)
        astray = int(truth.visible_NJ.sum() - seen_NJ.sum())
        assert 0 < astray < seen_NJ.sum()
        said = f"skipped: {astray} keypoints that lie in no rectangle or in several"
        assert table.problems == [said]
    kept = np.flatnonzero(seen_NJ.any(1))
    np.testing.assert_allclose(table.box_N4, boxes_N4[kept], atol=1e-3)
    np.testing.assert_array_equal(table.visible_NK, seen_NJ[kept])
    seen_NJ = seen_NJ[kept]
    np.testing.assert_allclose(
        table.keypoints_NK2[seen_NJ], truth.keypoints_NJ2[kept][seen_NJ], atol=1e-3
    )
    assert form == "min" or not table.problems


def test_names_of_uploads_with_and_without_what_they_are_given(tmp_path):
    truth = write_labelstudio(tmp_path, 8)
    stored = f"0a1b2c3d-{truth.names[0]}"
    (tmp_path / "photos" / truth.names[0]).rename(tmp_path / "photos" / stored)
    table = read(f"labelstudio:{truth.path},images={tmp_path}/photos")
    assert set(table.image_N) == {stored, *truth.names[2:]}


@pytest.mark.parametrize(
    "address",
    ["/data/local-files/?d=mnt/all/photos/{}", "https://there.org/photos/{}?Expires=5&x=/y.png"],
)
def test_names_of_synchronised_folders_and_of_servers(tmp_path, address):
    truth = write_labelstudio(tmp_path, 8)

    def rename(tasks):
        for task in tasks:
            name = task["data"]["image"].rpartition("-")[2]
            task["data"]["image"] = address.format(name)

    changed(truth.path, rename)
    for folder, before in (("", "photos/"), ("/photos", "")):
        table = read(f"labelstudio:{truth.path},images={tmp_path}{folder}")
        assert table.image_N.tolist() == [before + name for name in truth.names]


def test_without_rectangles_an_image_is_a_pose(tmp_path):
    truth = write_labelstudio(tmp_path, 8)

    def keep_first(tasks):
        for task in tasks:
            kept = [r for r in regions(task) if r["type"] == "keypointlabels"]
            owner = kept[0].pop("parentID")
            task["annotations"][-1]["result"] = [
                r for r in kept if r.pop("parentID", owner) == owner
            ]

    changed(truth.path, keep_first)
    table = read(f"labelstudio:{truth.path},images={tmp_path}/photos")
    assert table.image_N.tolist() == list(dict.fromkeys(truth.names))
    rows = [truth.names.index(name) for name in table.image_N]
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ[rows])
    assert table.boxes_from == "image"


def test_without_the_images_poses_are_read_with_the_sizes_of_the_file(tmp_path):
    truth = write_labelstudio(tmp_path / "a", 8)
    (tmp_path / "b").mkdir()
    file = truth.path.rename(tmp_path / "b" / "export.json")
    table = read(f"labelstudio:{file}")
    assert not table.has_images
    np.testing.assert_array_equal(table.width_N, truth.size_N2[:, 0])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r[1]["value"].__setitem__("x", "left"), "expected x and y in percent"),
        (lambda r: r[1].__setitem__("image_rotation", 90), "turned by 90 degrees"),
        (lambda r: r[0]["value"].__setitem__("rotation", 30.0), "rectangle is turned"),
        (lambda r: r.append(dict(r[1], id="again")), "the keypoint 'left_eye' twice"),
    ],
)
def test_a_bad_pose_costs_itself_alone(tmp_path, change, told):
    truth = write_labelstudio(tmp_path, 24)
    before = read(f"labelstudio:{truth.path},images={tmp_path}/photos")
    changed(truth.path, lambda tasks: change(regions(tasks[2])))
    table = read(f"labelstudio:{truth.path},images={tmp_path}/photos")
    assert len(table) == len(before) - 1
    (line,) = table.problems
    assert line.startswith("left out: task 2 (")
    assert told in line


def test_what_is_not_read_is_counted(tmp_path):
    truth = write_labelstudio(tmp_path, 24)

    def more(tasks):
        tasks[0]["annotations"].append({"id": 9, "result": [], "was_cancelled": False})
        tasks.append({"id": 99, "annotations": [], "data": {"image": "z.png"}})

    changed(truth.path, more)
    table = read(f"labelstudio:{truth.path},images={tmp_path}/photos")
    assert table.problems == [
        "skipped: 1 tasks without keypoints",
        "skipped: 1 further annotations of the same image",
    ]
    changed(truth.path, lambda tasks: [task["annotations"].clear() for task in tasks])
    with pytest.raises(ValueError, match=r"with keypoints \(KeyPointLabels\), found none"):
        read(f"labelstudio:{truth.path}")
