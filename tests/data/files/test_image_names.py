"""Names of images as other systems write them, and never out of the folder."""

from __future__ import annotations

import pytest
from tests.datasets import coco_document, save_coco, write_coco

from posesift.data.files.image_names import placed
from posesift.data.readers import read


def named(tmp_path, make):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    for image in document["images"]:
        image["file_name"] = make(image["file_name"])
    save_coco(truth.path, document)
    return truth


def address(truth, more=""):
    return f"coco:{truth.path},images={truth.path.parent}/photos{more}"


@pytest.mark.parametrize(
    "form", ["img\\{}", "..\\img\\{}", ".\\photos\\{}", "a\\b\\c\\{}", "..\\..\\{}"]
)
def test_backslashes_part_folders_and_the_last_part_is_tried(tmp_path, form):
    truth = named(tmp_path, form.format)
    table = read(address(truth))
    assert table.image_N.tolist() == truth.names
    assert any("last part of the names of 8 images" in note for note in table.notes)


def test_backslashes_that_lead_to_the_file_keep_its_folders(tmp_path):
    truth = named(tmp_path, "photos\\{}".format)
    table = read(f"coco:{truth.path},images={tmp_path}")
    assert table.image_N.tolist() == [f"photos/{name}" for name in truth.names]
    assert "backslashes part folders in the names of 8 images" in table.notes
    beside = read(f"coco:{truth.path}")  # without images=
    assert beside.image_N.tolist() == table.image_N.tolist()


def test_a_backslash_that_belongs_to_the_name_stays(tmp_path):
    (tmp_path / "a\\b.jpg").write_bytes(b"x")
    (tmp_path / "b.jpg").write_bytes(b"y")
    found = placed(["a\\b.jpg"], tmp_path)
    assert (found.names_M, found.told) == (["a\\b.jpg"], [])


OTHERS = [
    "C:\\Users\\ann\\img\\{}",
    "D:/img/{}",
    "\\\\server\\share\\{}",
    "/home/ann/img/{}",
    "s3://bucket/img/{}",
    "/data/local-files/?d=img/{}",
    "../img/{}",
]


@pytest.mark.parametrize("form", OTHERS)
def test_paths_of_another_computer_are_taken_on_request_alone(tmp_path, form):
    truth = named(tmp_path, form.format)
    with pytest.raises(ValueError, match=r"leads out of its folder .*; refused. names=file"):
        read(address(truth))
    table = read(address(truth, ",names=file"))
    assert table.image_N.tolist() == truth.names
    assert any("last part of the names of 8 images" in note for note in table.notes)


def test_a_folder_too_many_is_named_with_what_to_do(tmp_path):
    truth = named(tmp_path, "train/{}".format)
    with pytest.raises(ValueError, match="is there: add names=file"):
        read(address(truth))
    assert read(address(truth, ",names=file")).image_N.tolist() == truth.names


@pytest.mark.parametrize("more", ["", ",names=file"])
def test_two_names_that_end_alike_are_never_taken_for_one(tmp_path, more):
    truth = write_coco(tmp_path, n=24)
    document = coco_document(truth)
    document["images"][0]["file_name"] = "one\\" + truth.names[0]
    document["images"][1]["file_name"] = "two\\" + truth.names[0]
    save_coco(truth.path, document)
    with pytest.raises(ValueError, match="several images are called"):
        read(address(truth, more))


@pytest.mark.parametrize("name", ["..", "..\\..", "a\\..", "C:\\", "\\", "x/..", "\0a"])
def test_nothing_leads_out_of_the_folder(tmp_path, name):
    truth = named(tmp_path, lambda _: name)
    for more in ("", ",names=file"):
        with pytest.raises(ValueError, match=r"refused|found no file|bad"):
            read(address(truth, more))


@pytest.mark.parametrize(
    "form", [str.upper, lambda name: name.rpartition(".")[0], lambda name: name.replace("0", "%30")]
)
def test_a_name_that_is_almost_a_file_s_is_told(tmp_path, form):
    truth = named(tmp_path, form)
    with pytest.raises(ValueError, match=f"; {truth.names[0]} is there: write the name as"):
        read(address(truth))
