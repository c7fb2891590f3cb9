"""``posesift check``: what it prints, what it leaves, how it ends."""

from __future__ import annotations

import json
import os

import cv2
import numpy as np
import pytest
from tests.datasets import coco_document, save_coco, write_coco, write_images, write_lspet

from posesift import cli
from posesift.data.readers import READERS
from posesift.data.readers.lspet import ABOUT


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def check(capsys, *arguments) -> tuple[int, str, str]:
    code = cli.main(["check", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_sound_set(capsys, tmp_path):
    write_lspet(tmp_path / "set")
    code, out, _ = check(capsys, f"lspet:{tmp_path}/set")
    assert code == 0
    assert out.startswith("8 samples of body16, 8 images, boxes from image")
    assert "never visible: pelvis, thorax" in out
    assert f"Terms: {ABOUT.terms}" in out
    assert "Contact sheet: contact-sheet.jpg" in out
    assert cv2.imread("contact-sheet.jpg").shape[1] == 1600
    verdict = out.splitlines()[-1]
    assert verdict.startswith("These data can be trained on")


def test_json_holds_everything(capsys, tmp_path):
    write_lspet(tmp_path / "set")
    code, out, _ = check(capsys, f"lspet:{tmp_path}/set", "--json", "--sheet", "a/sheet.png")
    found = json.loads(out)
    assert code == 0
    assert found["samples"] == 8
    assert found["terms"] == ABOUT.terms
    assert found["sheet"] == "a/sheet.png"
    assert (tmp_path / "a" / "sheet.png").exists()
    assert found["duplicates"]["in_both_splits"] == 0
    assert {"sides", "warnings", "problems", "suspects", "unusable", "modes"} <= set(found)


def test_a_swapped_joint_of_a_coco_file_is_named(capsys, tmp_path):
    """Labels of a world's frontal people, hips exchanged by whoever wrote the file."""
    from posesift import skeletons
    from posesift.data.readers import read

    body = read("world:body,n=200")
    names = [*body.skeleton.keypoints]
    left, right = names.index("left_hip"), names.index("right_hip")
    names[left], names[right] = names[right], names[left]
    assert skeletons.load("body16").keypoints != tuple(names)
    points_NJ3 = np.concatenate([body.keypoints_NK2, 2 * body.visible_NK[..., None]], -1)
    annotations = [
        {"id": row, "image_id": row, "category_id": 1, "keypoints": points_J3.ravel().tolist()}
        for row, points_J3 in enumerate(points_NJ3)
    ]
    images = [{"id": n, "file_name": f"{n}.png", "width": 64, "height": 64} for n in range(200)]
    category = {"id": 1, "name": "person", "keypoints": names}
    document = {"images": images, "annotations": annotations, "categories": [category]}
    save_coco(tmp_path / "a.json", document)
    code, out, _ = check(capsys, f"coco:{tmp_path}/a.json")
    assert code == 0
    assert "warning: left and right hip look swapped by the mapping" in out
    assert "warning: there are no images" in out
    assert f"looked for beside {tmp_path}/a.json; images=FOLDER says where" in out
    verdict = out.splitlines()[-1]
    assert verdict.startswith("These poses can be scored, and not trained on without their images")
    assert "kinds of finding, the first to look at: left and right hip look swapped" in verdict


def test_the_same_picture_in_both_splits_is_told(capsys, tmp_path):
    truth = write_lspet(tmp_path / "set", n=8)
    images = tmp_path / "set" / "images"
    (images / truth.names[7]).write_bytes((images / truth.names[0]).read_bytes())
    code, out, _ = check(capsys, f"lspet:{tmp_path}/set,boxes=labels")
    assert code == 0
    assert "warning: training and test share 1 pictures under different names" in out
    assert f"images/{truth.names[0]} = images/{truth.names[7]}" in out
    code, out, _ = check(capsys, f"lspet:{tmp_path}/set,split=train")
    assert "share" not in out


def test_broken_images_end_with_2(capsys, tmp_path):
    truth = write_lspet(tmp_path / "set", n=12)
    broken = tmp_path / "set" / "images" / truth.names[4]
    broken.write_bytes(broken.read_bytes()[:-200])
    code, out, err = check(capsys, f"lspet:{tmp_path}/set", "--sheet", "s.png")
    assert code == 2
    assert "is a JPEG that is cut short" in out
    assert "cannot be trained on: 1 of 12 images are missing or broken" in err
    verdict = out.splitlines()[-1]
    assert verdict.startswith("These data cannot be trained on; ")
    assert "the first to look at: 1 of 12 images are missing or broken" in verdict
    assert (tmp_path / "s.png").exists()
    code, out, _ = check(capsys, f"lspet:{tmp_path}/set", "--json")
    assert code == 2
    assert json.loads(out)["bad_images"] == 1


def test_no_labels_end_with_2_but_a_target_needs_none(capsys, tmp_path):
    truth = write_coco(tmp_path / "set")
    document = coco_document(truth)
    for annotation in document["annotations"]:
        annotation["keypoints"][2::3] = [0] * (len(annotation["keypoints"]) // 3)
    save_coco(truth.path, document)
    code, _, err = check(capsys, f"coco:{truth.path},images={tmp_path}/set/photos,skeleton=coco17")
    assert code == 2
    assert err.startswith("posesift: ")
    write_images(tmp_path / "photos")
    code, out, _ = check(capsys, f"images:{tmp_path}/photos")
    assert code == 0
    assert "samples without a visible keypoint: 8" in out
    assert out.splitlines()[-1].startswith("These images can be adapted to, and have no labels")


def test_few_samples_end_with_2(capsys, tmp_path):
    write_lspet(tmp_path / "set", n=3)
    code, _, err = check(capsys, f"lspet:{tmp_path}/set")
    assert code == 2
    assert "expected at least 4 samples, found 3" in err


def test_the_tree_expected_stands_beside_the_tree_found(capsys, tmp_path):
    (tmp_path / "lspet" / "images").mkdir(parents=True)
    (tmp_path / "lspet" / "readme.txt").touch()
    code, out, err = check(capsys, f"lspet:{tmp_path}/lspet")
    assert code == 2
    assert out == ""
    lines = err.splitlines()
    assert lines[0].startswith("posesift: expected an LSP-extended folder with joints.mat")
    assert f"Where: {ABOUT.page}" in lines
    assert f"Download: {ABOUT.get}" in lines
    assert f"Terms: {ABOUT.terms}" in lines
    expected, found = lines.index("Expected:"), lines.index("Found:")
    assert "  joints.mat" in lines[expected:found]
    assert [line.strip() for line in lines[found + 2 :]] == ["images/", "(empty)", "readme.txt"]


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("person_keypoints_val2017.json", True), ("annotations.json", False), ("mine.json", False)],
)
def test_terms_of_coco_are_those_of_cocos_own_file(capsys, tmp_path, name, theirs):
    truth = write_coco(tmp_path / "set")
    file = truth.path.rename(truth.path.with_name(name))
    address = f"coco:{file},images={tmp_path}/set/photos,skeleton=coco17"
    code, out, _ = check(capsys, address)
    assert code == 0
    assert ("Terms: annotations CC BY 4.0" in out) == theirs
    code, out, _ = check(capsys, address, "--json")
    assert (json.loads(out)["terms"] is not None) == theirs
    code, _, err = check(capsys, address.replace("coco17", "hand21"))
    assert code == 2
    assert ("Terms: " in err) == ("cocodataset.org" in err) == theirs
    assert ("Expected:" in err) == theirs
    code, _, err = check(capsys, f"coco:{file.with_name('x' + file.name)}")
    assert code == 2
    assert f"did you mean {file.name!r}?" in err
    assert "Expected:" not in err
    code, _, err = check(capsys, f"coco:{tmp_path}/nowhere.json")  # somebody may look for COCO
    assert "cocodataset.org" in err


def test_a_path_that_is_not_there_shows_what_lies_beside_it(capsys, tmp_path):
    (tmp_path / "lspet_dataset" / "images").mkdir(parents=True)
    code, _, err = check(capsys, f"lspet:{tmp_path}/lspet")
    assert code == 2
    found = [line.strip() for line in err.partition("Found:")[2].splitlines()[1:]]
    assert found == [f"nothing at {tmp_path}/lspet", str(tmp_path), "lspet_dataset/"]


@pytest.mark.parametrize("option", ["splitt=train", "split=none"])
def test_a_wrong_option_does_not_blame_the_folder(capsys, tmp_path, option):
    code, _, err = check(capsys, f"lspet:{tmp_path},{option}")
    assert code == 2
    assert "split=all|train|test" in err
    assert "Found:" not in err


def test_a_world_has_no_tree(capsys):
    code, _, err = check(capsys, "world:boddy")
    assert code == 2
    assert "did you mean 'body'?" in err
    assert "Expected:" not in err


@pytest.mark.parametrize("word", ["lspet", "lspet:"])
def test_a_format_alone_says_where_it_is_to_be_had(capsys, word):
    code, out, err = check(capsys, word)
    assert (code, err) == (0, "")
    assert out.strip() == ABOUT.text()
    code, out, _ = check(capsys, word, "--json")
    assert json.loads(out)["page"] == ABOUT.page


@pytest.mark.parametrize("word", ["images", "poses", "world"])
def test_own_formats_say_what_they_are(capsys, word):
    code, out, _ = check(capsys, word)
    assert code == 0
    assert "Terms: " in out
    assert "Expected:\n\n" not in out


@pytest.mark.parametrize("word", ["lspt", "lspt:", "lspt:/data/lspet", "/data/lspet"])
def test_an_unknown_format_lists_all(capsys, word):
    code, _, err = check(capsys, word)
    assert code == 2
    if word == "/data/lspet":
        assert "expected a data address like" in err
        return
    assert "did you mean 'lspet'?" in err
    for kind in READERS:
        assert kind in err


def test_the_sheet_takes_no_place_of_data(capsys, tmp_path):
    truth = write_coco(tmp_path / "set")
    address = f"coco:{truth.path},images={tmp_path}/set/photos,skeleton=coco17"
    for place in (tmp_path / "set" / "photos" / truth.names[0], truth.path):
        before = place.read_bytes()
        code, _, err = check(capsys, address, "--sheet", place)
        assert code == 2
        assert "choose a" in err
        assert place.read_bytes() == before
    for beside in ("contact-sheet.jpg", "new.png"):  # which would be a photograph the next time
        code, _, err = check(capsys, address, "--sheet", tmp_path / "set" / "photos" / beside)
        assert code == 2
        assert "would lie among the images" in err
    write_images(tmp_path / "folder")
    code, _, err = check(capsys, "images:.")
    assert code == 2
    assert "would lie among the images" in err
    assert not (tmp_path / "contact-sheet.jpg").exists()


def test_the_sheet_takes_the_place_of_earlier_sheets_alone(capsys, tmp_path):
    truth = write_coco(tmp_path / "set")
    address = f"coco:{truth.path},images={tmp_path}/set/photos,skeleton=coco17"
    for name in ("precious.jpg", "empty.png"):
        mine = tmp_path / name
        mine.write_bytes(truth.path.read_bytes() if name == "precious.jpg" else b"")
        before = mine.read_bytes()
        code, _, err = check(capsys, address, "--sheet", mine)
        assert code == 2
        assert "is no contact sheet of PoseSift's" in err
        assert mine.read_bytes() == before
        assert check(capsys, address, "--sheet", mine, "--overwrite")[0] == 0
        assert cv2.imread(str(mine)).shape[1] == 1600
        assert check(capsys, address, "--sheet", mine)[0] == 0  # now it is one
    os.mkfifo(tmp_path / "pipe.jpg")  # nobody will ever write to it
    code, _, err = check(capsys, address, "--sheet", tmp_path / "pipe.jpg")
    assert code == 2
    assert "is no contact sheet of PoseSift's" in err


def test_names_do_not_steer_the_terminal(capsys, tmp_path):
    truth = write_coco(tmp_path / "set", n=24)
    document = coco_document(truth)
    document["images"][3]["file_name"] = "a\x1b[31mred\nb.jpg"
    save_coco(truth.path, document)
    code, out, _ = check(capsys, f"coco:{truth.path},images={tmp_path}/set/photos,skeleton=coco17")
    assert code == 0
    assert "\x1b" not in out
    assert r"a\x1b[31mred\nb.jpg" in out
