from __future__ import annotations

import json
import re
import shutil
import sys

import h5py
import numpy as np
import pytest
import scipy.io
from tests.data.formats.dots import dots_found
from tests.data.formats.mpii import (
    HEAD,
    MAT,
    NOTHING,
    documents,
    flags_kept,
    number,
    people,
    release,
    save_mat,
    struct,
    write_h5,
    write_json,
    write_mpii,
)

from posesift.data.readers import read
from posesift.poses import geometry

# The joints by ``id``, as the set's page gives them: an independent reference.
JOINTS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head_top"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
)


def assert_same(table, truth, rows=None, occluded=True, atol=1e-4):
    rows = np.arange(len(truth)) if rows is None else np.asarray(rows)
    assert table.image_N.tolist() == [truth.names[row] for row in rows]
    assert table.width_N.tolist() == truth.size_N2[rows, 0].tolist()
    for joint, name in enumerate(JOINTS):
        k = table.skeleton.keypoints.index(name)
        seen_N = truth.visible_NJ[rows, joint]
        np.testing.assert_array_equal(table.visible_NK[:, k], seen_N)
        np.testing.assert_allclose(
            table.keypoints_NK2[seen_N, k], truth.keypoints_NJ2[rows, joint][seen_N], atol=atol
        )
        if occluded:
            np.testing.assert_array_equal(table.occluded_NK[:, k], truth.occluded_NJ[rows, joint])


def flagged(truth):
    """Some people have no flags in the ``.mat``: then nothing is said to be hidden."""
    kept_N = np.array([flags_kept(row) for row in range(len(truth))])
    truth.occluded_NJ &= kept_N[:, None]
    return truth


def test_the_official_file_joint_by_joint(tmp_path):
    truth = flagged(write_mpii(tmp_path))
    table = read(f"mpii:{tmp_path}")
    assert table.skeleton.name == "body16"
    assert_same(table, truth)
    assert truth.occluded_NJ.any()
    assert table.problems == ["skipped: 1 people without labelled joints"]
    assert table.root == str(tmp_path / "images")


@pytest.mark.parametrize("form", ["mat", "json", "h5"])
def test_the_dot_lies_under_every_labelled_joint(tmp_path, form):
    truth = write_mpii(tmp_path, images=4, mat=form == "mat")
    if form != "mat":
        {"json": write_json, "h5": write_h5}[form](tmp_path / "annot", truth)
    table = read(f"mpii:{tmp_path}")
    assert len(table) == 6
    for row in range(len(table)):
        # the second person of an image has dots of other colours
        colour_K = [
            16 * truth.person_N[row] + JOINTS.index(name) for name in table.skeleton.keypoints
        ]
        assert dots_found(table, row, colour_K) == truth.visible_NJ[row].sum()


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


def test_modes_are_activities_and_clips_are_videos(tmp_path):
    truth = write_mpii(tmp_path)
    table = read(f"mpii:{tmp_path}")
    assert table.mode_N.tolist() == [activity or "unknown" for activity in truth.activity]
    for clip, video, name in zip(table.clip_N, truth.video_N, truth.names, strict=True):
        assert clip == (name if video < 0 else f"video{video:03d}-_x")


def test_the_last_quarter_is_the_test_and_videos_stay_whole(tmp_path):
    write_mpii(tmp_path, images=17)  # a quarter of the images would cut a video in two
    whole, train, test = (
        read(f"mpii:{tmp_path}{option}") for option in ("", ",split=train", ",split=test")
    )
    assert len(train) + len(test) == len(whole)
    assert not set(train.clip_N) & set(test.clip_N)
    assert not set(train.image_N) & set(test.image_N)
    clips = list(dict.fromkeys(whole.clip_N))
    assert set(test.clip_N) == set(clips[-(len(clips) // 4) :])
    boxed = read(f"mpii:{tmp_path},split=test,boxes=labels")
    np.testing.assert_array_equal(
        boxed.box_N4, read(f"mpii:{tmp_path},boxes=labels").box_N4[-len(test) :]
    )


def test_only_people_apart(tmp_path):
    truth = write_mpii(tmp_path)
    table = read(f"mpii:{tmp_path},single=true")
    assert_same(table, truth, rows=np.flatnonzero(truth.alone_N), occluded=False)
    parts = release(truth)
    parts["single_person"] = [[2] if name == truth.names[-1] else [] for name in parts["name"]]
    save_mat(tmp_path / MAT, parts)
    assert_same(read(f"mpii:{tmp_path},single=true"), truth, rows=[len(truth) - 1], occluded=False)
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
        assert_same(read(f"mpii:{tmp_path}{option}"), flagged(truth))


def test_two_people_apart_on_the_only_image(tmp_path):
    truth = write_mpii(tmp_path, images=2)
    parts = {name: values[3:4] for name, values in release(truth).items()}
    for alone in ([1, 2], [2]):
        save_mat(tmp_path / MAT, parts | {"single_person": [alone]})
        assert_same(read(f"mpii:{tmp_path},single=true"), flagged(truth), alone)
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
    assert table.problems == ["skipped: 3 people without labelled joints"]
    for row in (0, 2):
        assert table.box_N4[row].tolist() == [0, 0, table.width_N[row], table.height_N[row]]
    assert table.mode_N is None
    assert table.clip_N[0] == "video 1"
    row = table.image_N.tolist().index(parts["name"][6])
    assert np.flatnonzero(table.visible_NK[row]).tolist() == [JOINTS.index("head_top")]
    assert table.keypoints_NK2[row, JOINTS.index("head_top")].tolist() == [30, 40]


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
    assert re.search(rf"{truth.names[0]}.*{JOINTS[joint]} at \(-1\.0, 43\.0\)", table.problems[1])


def test_an_unknown_joint_is_a_bad_person(tmp_path):
    truth = write_mpii(tmp_path, images=30)
    parts = release(truth)
    parts["annorect"][2][0, 0]["annopoints"][0, 0]["point"]["id"][0, 1] = number(16)
    save_mat(tmp_path / MAT, parts)
    table = read(f"mpii:{tmp_path}")
    assert len(table) == len(truth) - 1
    assert "person 1: a joint with the id 16" in table.problems[-1]


def test_the_json_has_its_own_split(tmp_path):
    truth = write_mpii(tmp_path, mat=False)
    write_json(tmp_path / "annot", truth)
    last = len(truth) - 3
    assert_same(read(f"mpii:{tmp_path}"), truth, occluded=False)
    assert read(f"mpii:{tmp_path}").occluded_NK is None
    assert read(f"mpii:{tmp_path}").problems == []
    assert_same(read(f"mpii:{tmp_path},split=train"), truth, range(last), occluded=False)
    test = read(f"mpii:{tmp_path},split=test,boxes=labels")
    assert_same(test, truth, range(last, len(truth)), occluded=False)
    np.testing.assert_array_equal(test.box_N4, read(f"mpii:{tmp_path},boxes=labels").box_N4[last:])


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
            assert_same(table, truth, range(last, len(truth)), occluded=False)
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


def test_the_h5_has_hidden_joints_and_whole_numbers(tmp_path):
    truth = write_mpii(tmp_path, mat=False)
    write_h5(tmp_path / "annot", truth)
    truth.keypoints_NJ2 = np.floor(truth.keypoints_NJ2)
    assert_same(read(f"mpii:{tmp_path}"), truth)
    assert_same(read(f"mpii:{tmp_path},split=test"), truth, range(len(truth) - 3, len(truth)))
    with pytest.raises(ValueError, match="single=true needs the official"):
        read(f"mpii:{tmp_path},single=true")


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
    truth = flagged(write_mpii(tmp_path))
    write_json(tmp_path / "annot", truth)
    write_h5(tmp_path / "annot", truth)
    table = read(f"mpii:{tmp_path}")
    assert table.clip_N is not None
    assert table.problems[0] == (
        f"several annotations: {MAT} was read; annotations=json reads train.json, valid.json"
    )
    assert_same(read(f"mpii:{tmp_path},annotations=mat"), truth)
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
    with pytest.raises(ValueError, match=r"expected the folder of the images at .*/nowhere"):
        read(f"mpii:{tmp_path}/a,images={tmp_path}/nowhere")
    for address in (f"{tmp_path}/a", f"{tmp_path}/a/{MAT}"):
        assert len(read(f"mpii:{address},images={tmp_path}/photos")) == len(truth)
    write_json(tmp_path / "photos", truth)
    assert_same(read(f"mpii:{tmp_path}/photos"), truth, occluded=False)
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


@pytest.mark.parametrize("form", ["mat", "json", "h5"])
@pytest.mark.parametrize("name", ["../out.jpg", "/etc/x.jpg", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path, form, name):
    truth = write_mpii(tmp_path, images=3, mat=False)
    truth.names[0] = name
    if form == "mat":
        save_mat(tmp_path / MAT, release(truth))
    else:
        {"json": write_json, "h5": write_h5}[form](tmp_path, truth, valid=1)
    expected = r"image\.name, found" if form == "mat" and not name else "leads out of its folder"
    with pytest.raises(ValueError, match=expected):
        read(f"mpii:{tmp_path}")


def test_an_empty_folder_and_none(tmp_path):
    with pytest.raises(ValueError, match=r"annot/train\.json and valid\.json.* found none of them"):
        read(f"mpii:{tmp_path}")
    with pytest.raises(ValueError, match="which is no folder"):
        read(f"mpii:{tmp_path}/nowhere")
    with pytest.raises(ValueError, match=r"expected the annotations at .*other\.json"):
        read(f"mpii:{tmp_path},annotations=other.json")
    write_json(tmp_path, people(3), valid=1)
    with pytest.raises(ValueError, match=r"expected h5 of MPII.* found train\.json, valid\.json"):
        read(f"mpii:{tmp_path},annotations=h5")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.4, 0.95])
@pytest.mark.parametrize("compress", [False, True])
def test_a_mat_cut_short(tmp_path, share, compress):
    truth = write_mpii(tmp_path, images=2)
    path = tmp_path / MAT
    save_mat(path, release(truth), compress=compress)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"\.mat (is not a MATLAB file|: expected a variable)"):
        read(f"mpii:{tmp_path}")


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
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return f"mpii:{path}"

    with pytest.raises(ValueError, match=r"train\.json is not valid JSON.*cut short"):
        read(save(json.dumps(entries)[:-200]))
    for other in ({"images": []}, [{"joints": []}], [entries[0] | {"joints": "x"}]):
        with pytest.raises(ValueError, match="is JSON, but not a list of MPII people"):
            read(save(other))
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
    content = path.read_bytes()
    for share in (0.0, 0.1, 0.8):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ValueError, match=r"train\.h5 cannot be read"):
            read(f"mpii:{tmp_path}")
    path.write_bytes(content)
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


def test_heads_have_fractions_and_no_flag(tmp_path):
    truth = write_mpii(tmp_path)
    table = read(f"mpii:{tmp_path}")
    assert not table.occluded_NK[:, HEAD].any()
    assert (truth.keypoints_NJ2[:, HEAD] % 1 != 0).all()
