from __future__ import annotations

import json
import re
import shutil
import sys

import h5py
import numpy as np
import pytest
import scipy.io
from tests.data.formats.mpii import (
    MAT,
    NOTHING,
    documents,
    number,
    people,
    release,
    save_mat,
    struct,
    write_h5,
    write_json,
    write_mpii,
)
from tests.data.readers.layouts.bodies import MPII
from tests.telling import assert_told

from posesift.data.readers import read
from posesift.poses import geometry


def assert_people(table, truth, rows):
    """These people, with all their labelled joints."""
    assert table.image_N.tolist() == [truth.names[row] for row in rows]
    for joint, name in enumerate(MPII):
        k = table.skeleton.keypoints.index(name)
        seen_N = truth.visible_NJ[rows, joint]
        np.testing.assert_array_equal(table.visible_NK[:, k], seen_N)
        np.testing.assert_allclose(
            table.keypoints_NK2[seen_N, k], truth.keypoints_NJ2[rows, joint][seen_N], atol=1e-4
        )


@pytest.mark.parametrize("form", ["mat", "json", "h5", "h5 as is"])
def test_the_box_is_the_common_crop_around_the_person(tmp_path, form):
    truth = write_mpii(tmp_path, images=4, mat=form == "mat")
    if form == "json":
        write_json(tmp_path, truth)
    elif form != "mat":
        write_h5(tmp_path, truth, moved=form == "h5")
    table = read(f"mpii:{tmp_path}")
    assert table.boxes_from == "file"
    matrix_N23 = geometry.crop_matrices(table.box_N4, 256)
    for row in range(len(truth)):
        # the field's affine: centre, lowered by 15 scale, in the middle; 250 scale fill the crop
        middle_2 = truth.objpos_N2[row] + (0, 15 * truth.scale_N[row])
        np.testing.assert_allclose(geometry.apply(matrix_N23[row], middle_2), 127.5, atol=1e-3)
        np.testing.assert_allclose(table.box_N4[row, 2:], 250 * truth.scale_N[row], rtol=1e-5)


def test_the_last_quarter_of_the_videos_is_the_test(tmp_path):
    write_mpii(tmp_path, images=17)  # a quarter of the images would cut a video in two
    whole, test = read(f"mpii:{tmp_path}"), read(f"mpii:{tmp_path},split=test")
    clips = list(dict.fromkeys(whole.clip_N))
    assert set(test.clip_N) == set(clips[-(len(clips) // 4) :])


def test_only_people_apart(tmp_path):
    truth = write_mpii(tmp_path)
    table = read(f"mpii:{tmp_path},single=true")
    assert_people(table, truth, np.flatnonzero(truth.alone_N))
    parts = release(truth)
    parts["single_person"] = [[2] if name == truth.names[-1] else [] for name in parts["name"]]
    save_mat(tmp_path / MAT, parts)
    assert_people(read(f"mpii:{tmp_path},single=true"), truth, [len(truth) - 1])
    save_mat(tmp_path / MAT, parts, single_person=None)
    with pytest.raises(ValueError, match=r"needs RELEASE\.single_person"):
        read(f"mpii:{tmp_path},single=true")
    assert len(read(f"mpii:{tmp_path}")) == len(truth)


@pytest.mark.parametrize("count", [1, 2])
def test_one_image_of_one_person_is_read_although_nothing_is_an_array(tmp_path, count):
    truth = write_mpii(tmp_path, images=1)
    parts = {name: values[2 : 2 + count] for name, values in release(truth).items()}
    save_mat(tmp_path / MAT, parts)
    for option in ("", ",single=true"):
        assert_people(read(f"mpii:{tmp_path}{option}"), truth, range(len(truth)))


def test_two_people_apart_on_the_only_image(tmp_path):
    truth = write_mpii(tmp_path, images=2)
    parts = {name: values[3:4] for name, values in release(truth).items()}
    for alone in ([1, 2], [2]):
        save_mat(tmp_path / MAT, parts | {"single_person": [alone]})
        assert_people(read(f"mpii:{tmp_path},single=true"), truth, alone)
    save_mat(tmp_path / MAT, parts | {"single_person": [[]]})
    with pytest.raises(ValueError, match=r"needs RELEASE\.single_person"):
        read(f"mpii:{tmp_path},single=true")


def test_what_the_file_leaves_out_is_no_error(tmp_path):
    truth = write_mpii(tmp_path, images=40)
    parts = release(truth)
    first, second = (parts["annorect"][2 + at][0, 0] for at in (0, 2))
    first["objpos"] = NOTHING  # no position: no box
    parts["annorect"][4] = struct({"annopoints": second["annopoints"]})  # no fields for it
    # one of two people without joints; a structure without elements; a person of one joint
    parts["annorect"][3]["annopoints"][0, 1] = NOTHING
    parts["annorect"][5]["annopoints"][0, 1] = struct({"point": NOTHING})
    lone = struct({"x": number(31), "y": number(41), "id": number(9)})
    parts["annorect"][6][0, 0]["annopoints"] = struct({"point": lone})
    save_mat(tmp_path / MAT, parts, act=None, video_list=None)
    table = read(f"mpii:{tmp_path}")
    assert len(table) == len(truth) - 2
    assert_told(table.problems, "skipped|3|labelled joints")
    for row in (0, 2):
        assert table.box_N4[row].tolist() == [0, 0, table.width_N[row], table.height_N[row]]
    assert table.mode_N is None
    assert table.clip_N[0] == "video 1"
    row = table.image_N.tolist().index(parts["name"][6])
    assert np.flatnonzero(table.visible_NK[row]).tolist() == [MPII.index("head_top")]
    assert table.keypoints_NK2[row, MPII.index("head_top")].tolist() == [30, 40]


def test_small_integers_do_not_wrap_around_and_off_the_image_is_listed(tmp_path):
    truth = write_mpii(tmp_path, images=12)
    parts = release(truth)
    point = parts["annorect"][2][0, 0]["annopoints"][0, 0]["point"]
    point["x"][0, 0], point["y"][0, 0] = number(0), number(44)  # 0 counted from 1: off by one
    joint = int(point["id"][0, 0][0, 0])
    point["x"][0, 1] = np.array([[np.nan]])
    save_mat(tmp_path / MAT, parts)
    table = read(f"mpii:{tmp_path}")
    assert not table.visible_NK[0, joint]
    assert truth.visible_NJ[0].sum() - table.visible_NK[0].sum() == 2
    assert re.search(rf"{truth.names[0]}.*{MPII[joint]} at \(-1\.0, 43\.0\)", table.problems[1])


def test_an_unknown_joint_is_a_bad_person(tmp_path):
    truth = write_mpii(tmp_path, images=30)
    parts = release(truth)
    parts["annorect"][2][0, 0]["annopoints"][0, 0]["point"]["id"][0, 1] = number(16)
    save_mat(tmp_path / MAT, parts)
    table = read(f"mpii:{tmp_path}")
    assert len(table) == len(truth) - 1
    assert "person 1: a joint with the id 16" in table.problems[-1]


@pytest.mark.parametrize("write", [write_json, write_h5])
def test_the_json_and_the_h5_have_their_own_split(tmp_path, write):
    truth = write_mpii(tmp_path, mat=False)
    write(tmp_path / "annot", truth)
    last = len(truth) - 3
    assert read(f"mpii:{tmp_path},split=train").image_N.tolist() == truth.names[:last]
    assert read(f"mpii:{tmp_path},split=test").image_N.tolist() == truth.names[last:]
    with pytest.raises(ValueError, match="single=true needs the official"):
        read(f"mpii:{tmp_path},single=true")


def test_a_file_named_alone_is_that_part(tmp_path):
    truth = write_mpii(tmp_path, mat=False)
    write_json(tmp_path / "annot", truth)
    last = len(truth) - 3
    for address in (
        f"mpii:{tmp_path}/annot/valid.json",
        f"mpii:{tmp_path},annotations=annot/valid.json",
    ):
        for split in ("all", "test"):
            table = read(f"{address},split={split}")
            assert_people(table, truth, range(last, len(truth)))
        with pytest.raises(
            ValueError, match=r"valid\.json holds none of the train part.*name that"
        ):
            read(f"{address},split=train")
    (tmp_path / "annot" / "valid.json").unlink()
    trainval = read(f"mpii:{tmp_path},split=test")
    assert 0 < len(trainval) < len(truth) // 2
    (tmp_path / "annot" / "trainval.json").unlink()
    with pytest.raises(ValueError, match=r"none of the test part.* there is no such file"):
        read(f"mpii:{tmp_path},split=test")
    with pytest.raises(ValueError, match="is a file already"):
        read(f"mpii:{tmp_path}/annot/train.json,annotations=json")


@pytest.mark.parametrize("kind", ["text", "letters"])
def test_names_in_the_h5_as_text_or_as_numbers_of_letters(tmp_path, kind):
    truth = write_mpii(tmp_path, mat=False)
    write_h5(tmp_path, truth)
    for part, rows in (("train", slice(None, -3)), ("valid", slice(-3, None))):
        with h5py.File(tmp_path / f"{part}.h5", "r+") as file:
            del file["imgname"]
            names = truth.names[rows]
            letters = np.zeros((len(names), 16))
            letters[:, :13] = [list(name.encode()) for name in names]
            file["imgname"] = names if kind == "text" else letters
    assert read(f"mpii:{tmp_path}").image_N.tolist() == truth.names


def test_of_several_annotations_the_official_is_read_and_it_is_said(tmp_path):
    truth = write_mpii(tmp_path)
    write_json(tmp_path / "annot", truth)
    write_h5(tmp_path / "annot", truth)
    table = read(f"mpii:{tmp_path}")
    assert table.clip_N is not None
    assert_told(table.problems[:1], f"{MAT}|annotations=json|train.json, valid.json")
    assert_people(read(f"mpii:{tmp_path},annotations=mat"), truth, range(len(truth)))
    by_json = read(f"mpii:{tmp_path},annotations=json,split=test")
    assert (len(by_json), by_json.occluded_NK, by_json.problems) == (3, None, [])
    by_h5 = read(f"mpii:{tmp_path},annotations=h5")
    assert (by_h5.clip_N, by_h5.problems) == (None, [])
    assert by_h5.occluded_NK is not None


def test_images_elsewhere_beside_and_nowhere(tmp_path):
    truth = write_mpii(tmp_path / "a", images=4)
    shutil.move(tmp_path / "a" / "images", tmp_path / "photos")
    with pytest.raises(ValueError, match=r"expected the images in .*a/images"):
        read(f"mpii:{tmp_path}/a")
    for address in (f"{tmp_path}/a", f"{tmp_path}/a/{MAT}"):
        assert len(read(f"mpii:{address},images={tmp_path}/photos")) == len(truth)
    write_json(tmp_path / "photos", truth)
    assert_people(read(f"mpii:{tmp_path}/photos"), truth, range(len(truth)))
    unpacked = tmp_path / "b" / "mpii_human_pose_v1_u12_2"
    unpacked.mkdir(parents=True)
    shutil.move(tmp_path / "a" / MAT, unpacked)
    shutil.move(tmp_path / "photos", tmp_path / "b" / "images")
    assert len(read(f"mpii:{tmp_path}/b")) == len(truth)
    assert len(read(f"mpii:{unpacked}/{MAT}")) == len(truth)


def test_a_missing_image_is_everybody_on_it(tmp_path):
    truth = write_mpii(tmp_path, images=40)
    (tmp_path / "images" / truth.names[1]).unlink()  # two people
    table = read(f"mpii:{tmp_path}")
    assert len(table) == len(truth) - 2
    assert sum(truth.names[1] in line for line in table.problems) == 2
    for name in set(truth.names[3:12]):
        (tmp_path / "images" / name).write_bytes(b"no picture")
    with pytest.raises(ValueError, match="of 60 samples are bad"):
        read(f"mpii:{tmp_path}")


def test_annotations_that_are_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"expected the annotations at .*other\.json"):
        read(f"mpii:{tmp_path},annotations=other.json")
    write_json(tmp_path, people(3), valid=1)
    with pytest.raises(ValueError, match=r"expected h5 of MPII.* found train\.json, valid\.json"):
        read(f"mpii:{tmp_path},annotations=h5")


def test_another_mat(tmp_path):
    truth = write_mpii(tmp_path, images=2)
    parts = release(truth)
    scipy.io.savemat(tmp_path / MAT, {"annolist": np.zeros(3)})
    with pytest.raises(ValueError, match="expected a variable 'RELEASE', found annolist"):
        read(f"mpii:{tmp_path}")
    for other, told in ((np.zeros(3), "found ndarray"), (struct({"act": "x"}), "found act")):
        scipy.io.savemat(tmp_path / MAT, {"RELEASE": other})
        with pytest.raises(ValueError, match=f"structure with annolist and img_train, {told}"):
            read(f"mpii:{tmp_path}")
    save_mat(tmp_path / MAT, parts, img_train=np.ones((1, 3), np.uint8))
    with pytest.raises(ValueError, match=r"img_train to tell of each of the 6 images.*found 3"):
        read(f"mpii:{tmp_path}")
    save_mat(tmp_path / MAT, parts, img_train=np.zeros((1, 6), np.uint8))
    with pytest.raises(ValueError, match="expected people with joints on the 0 images"):
        read(f"mpii:{tmp_path}")
    parts["name"][3] = NOTHING
    save_mat(tmp_path / MAT, parts)
    with pytest.raises(ValueError, match=r"expected annolist\(4\)\.image\.name"):
        read(f"mpii:{tmp_path}")


def test_bad_json(tmp_path):
    truth = write_mpii(tmp_path, images=16, mat=False)
    entries = documents(truth)
    path = tmp_path / "train.json"

    def save(content) -> str:
        path.write_text(json.dumps(content))
        return f"mpii:{path}"

    with pytest.raises(ValueError, match="is JSON, but not a list of MPII people"):
        read(save([entries[0] | {"joints": "x"}]))
    bare = [{"image": entry["image"], "center": [1, 2], "scale": 1.0} for entry in entries]
    with pytest.raises(ValueError, match=r"found none among 24; the list of the test set"):
        read(save(bare))
    entries[1]["joints"] = entries[1]["joints"][:15]
    table = read(save(entries))
    assert len(table) == 23
    assert f"entry 1, {truth.names[1]}: expected 16 joints as pairs" in table.problems[0]
    entries[2]["joints"][3] = [1.0]
    with pytest.raises(ValueError, match="2 of 24 samples are bad"):
        read(save(entries))
    del entries[1], entries[1]
    for entry in entries:
        del entry["joints_vis"], entry["scale"]
    table = read(save(entries))
    seen_NK = truth.visible_NJ[[0, *range(3, 24)]]
    np.testing.assert_array_equal(table.visible_NK, seen_NK)
    assert table.box_N4[0].tolist() == [0, 0, table.width_N[0], table.height_N[0]]


def test_bad_h5(tmp_path):
    truth = write_mpii(tmp_path, images=4, mat=False)
    write_h5(tmp_path, truth, valid=1)
    path = tmp_path / "train.h5"
    with h5py.File(path, "r+") as file:
        values = file["part"][()]
        del file["part"]
        file["part"] = values.transpose(0, 2, 1)
    with pytest.raises(ValueError, match=r"part \(N, 16, 2\).* found part \(5, 2, 16\)"):
        read(f"mpii:{tmp_path}")
    with h5py.File(path, "r+") as file:
        del file["part"]
    with pytest.raises(ValueError, match="missing part"):
        read(f"mpii:{tmp_path}")


def test_without_h5py_the_way_to_it_is_named(tmp_path, monkeypatch):
    truth = write_mpii(tmp_path, images=2, mat=False)
    write_h5(tmp_path, truth, valid=1)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r"needs h5py: pip install 'posesift\[h5\]'"):
        read(f"mpii:{tmp_path}")
