"""Folders of photographs: turned by EXIF, of every kind, and nothing passed over in silence."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.files.test_images import with_exif
from tests.datasets import coco_document, save_coco, write_coco, write_images

from posesift.data.checks.checking import check
from posesift.data.files import image_folder, pillow
from posesift.data.files import images as image_files
from posesift.data.pixels import read_image
from posesift.data.readers import read
from posesift.poses import PoseTable


def mark(path, orientation):
    path.write_bytes(with_exif(path.read_bytes(), orientation))


def test_unlabelled_photographs_are_read_as_viewers_show_them(tmp_path):
    truth = write_images(tmp_path, n=6, suffix=".jpg")
    lying = {
        str(name): read_image(read(f"images:{tmp_path}"), row)
        for row, name in enumerate(read(f"images:{tmp_path}").image_N)
    }
    for name in truth.names[:4]:
        mark(tmp_path / name, 6)
    table = read(f"images:{tmp_path}")
    assert table.notes == [
        "EXIF turns 4 of 6 images: read as viewers show them; exif=ignore reads them as they are "
        "stored"
    ]
    for row, name in enumerate(table.image_N):
        expected = np.rot90(lying[name], -1) if name in truth.names[:4] else lying[name]
        np.testing.assert_array_equal(read_image(table, row), expected)
        assert (table.height_N[row], table.width_N[row]) == expected.shape[:2]
    stored = read(f"images:{tmp_path},exif=ignore")
    for row, name in enumerate(stored.image_N):
        np.testing.assert_array_equal(read_image(stored, row), lying[name])
    found = check(table, labelled=False)
    assert found["ok"]
    assert found["notes"] == table.notes


def test_a_saved_table_keeps_its_view(tmp_path):
    write_images(tmp_path / "a", n=4, suffix=".jpg")
    mark(tmp_path / "a" / "photo000.jpg", 8)
    for view in ("apply", "ignore"):
        table = read(f"images:{tmp_path}/a,exif={view}")
        table.save(tmp_path / "t.parquet")
        again = PoseTable.load(tmp_path / "t.parquet")
        assert (again.exif, again.notes) == (view, table.notes)
        np.testing.assert_array_equal(read_image(again, 1), read_image(table, 1))


def test_files_that_are_not_taken_are_counted_by_kind(tmp_path, monkeypatch):
    write_images(tmp_path, n=4)
    for name in ("a.txt", "b.TXT", "more/c.mp4", "README", ".DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    table = read(f"images:{tmp_path}")
    (note,) = table.notes
    assert note == (
        "not taken, for they are no images: .txt (2), .mp4 (1), no ending (1), hidden (1)"
    ) or sorted(note.partition(": ")[2].split(", ")) == [
        ".mp4 (1)",
        ".txt (2)",
        "hidden (1)",
        "no ending (1)",
    ]
    assert table.problems == []
    for number in range(3):
        (tmp_path / f"IMG_{number}.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x18ftypavif")
    monkeypatch.setattr(pillow, "knows", lambda kind: False)
    monkeypatch.setattr(image_files.cv2, "haveImageWriter", lambda name: False)
    table = read(f"images:{tmp_path}")
    assert len(table) == 4
    (problem,) = table.problems
    assert problem.startswith("4 files that are no known image: .heic (3), .avif (1); install")
    assert "convert them to JPEG" in problem
    assert not check(table, labelled=False)["ok"]
    for path in tmp_path.rglob("photo*"):
        path.unlink()
    with pytest.raises(ValueError, match=r"found none; 4 files that are no known image: \.heic"):
        read(f"images:{tmp_path}")


@pytest.fixture
def lying(tmp_path):
    """A COCO set whose photographs were stored lying, with the mark; labels count upright."""
    truth = write_coco(tmp_path, n=8)
    upright = [read_image(read(f"coco:{truth.path},images={tmp_path}/photos"), r) for r in range(8)]
    for row, name in enumerate(truth.names):
        path = tmp_path / "photos" / name
        image_HW3 = upright[row][..., ::-1]
        stored = np.ascontiguousarray(np.rot90(image_HW3, 1))  # a viewer turns it clockwise
        path.write_bytes(image_files.cv2.imencode(".jpg", stored)[1].tobytes())
        mark(path, 6)
    return truth


def sizes_of(truth, swap):
    document = coco_document(truth)
    for image in document["images"]:
        if swap:
            image["width"], image["height"] = image["height"], image["width"]
    save_coco(truth.path, document)


def address(truth, more=""):
    return f"coco:{truth.path},images={truth.path.parent}/photos{more}"


@pytest.mark.parametrize("swap", [False, True])
def test_labels_made_on_the_turned_view_are_read_in_it(lying, swap):
    sizes_of(lying, swap)  # Label Studio writes those of the stored file
    table = read(address(lying))
    np.testing.assert_array_equal(table.width_N, lying.size_N2[:, 0])
    np.testing.assert_array_equal(table.visible_NK, lying.visible_NJ)
    assert table.notes[0].startswith("EXIF turns 8 of 8 images")
    assert any("width and height of the stored pixels" in note for note in table.notes) == swap
    for row in range(8):
        image_HW3 = read_image(table, row).astype(int)
        for k in np.flatnonzero(table.visible_NK[row]):
            x, y = np.round(table.keypoints_NK2[row, k]).astype(int)
            assert np.ptp(image_HW3[y, x]) > 60  # a dot's colour, not the grey around it


def test_labels_made_on_the_stored_pixels_are_found_out(lying):
    document = coco_document(lying)
    width_N = lying.size_N2[:, 0]
    for annotation, width in zip(document["annotations"], width_N.tolist(), strict=True):
        x, y = annotation["keypoints"][0::3], annotation["keypoints"][1::3]
        v = annotation["keypoints"][2::3]
        annotation["keypoints"][0::3] = y
        annotation["keypoints"][1::3] = [
            (width - 1 - a) * (b > 0) for a, b in zip(x, v, strict=True)
        ]
        del annotation["bbox"]
    save_coco(lying.path, document)
    sizes_of(lying, True)
    table = read(address(lying, ",exif=ignore"))
    np.testing.assert_array_equal(table.visible_NK, lying.visible_NJ)
    assert table.width_N.tolist() == lying.size_N2[:, 1].tolist()
    row = int(np.argmax(np.abs(np.diff(lying.size_N2, axis=1))))
    points_K2 = table.keypoints_NK2[row][table.visible_NK[row]]
    off = (points_K2 > lying.size_N2[row] - 0.5).any()
    if off:
        with pytest.raises(ValueError, match=r"fit the stored pixels .* add exif=ignore"):
            read(address(lying))


def test_the_view_that_labels_do_not_fit_is_told(tmp_path):
    truth = write_coco(tmp_path, n=24)
    document = coco_document(truth)
    for image, annotation in zip(document["images"], document["annotations"], strict=True):
        image["width"], image["height"] = 200, 100
        path = tmp_path / "photos" / image["file_name"]
        done, content = image_files.cv2.imencode(".jpg", np.full((100, 200, 3), 90, np.uint8))
        assert done
        path.write_bytes(with_exif(content.tobytes(), 6))
        annotation["keypoints"] = [50, 50, 2] * 17
    for annotation in document["annotations"][:3]:
        annotation["keypoints"][:2] = [150, 20]
    save_coco(truth.path, document)
    stored = read(address(truth, ",exif=ignore"))
    assert not any("add exif" in line for line in stored.problems)
    table = read(address(truth))
    assert any(
        "fit the stored pixels (0 keypoints off the image) and not the turned view (3 off): add "
        "exif=ignore" in line
        for line in table.problems
    )


def test_headers_are_read_by_threads_in_order(tmp_path, monkeypatch):
    truth = write_coco(tmp_path, n=23)
    mark(tmp_path / "photos" / truth.names[20], 6)
    whole = read(address(truth))
    monkeypatch.setattr(image_folder, "_TOGETHER", 4)
    parts = read(address(truth))
    np.testing.assert_array_equal(parts.width_N, whole.width_N)
    assert parts.notes == whole.notes
