from __future__ import annotations

import json
import random

import numpy as np
import pytest
from tests.data.formats.freihand import save_numbers, write_freihand
from tests.data.formats.hand_dots import assert_dots, shown

from posesift.data.readers import read

VERSIONS = ["gs", "hom", "sample", "auto"]  # the order in which files are numbered


def numbers(table) -> list[int]:
    return [int(name[-12:-4]) for name in table.image_N]


def test_versions_follow_each_other_in_the_order_of_the_files(tmp_path):
    write_freihand(tmp_path, poses=4)
    table = read(f"freihand:{tmp_path}")
    for row in range(16):
        assert abs(shown(table, row)[2, 100].mean() - 40 * (row // 4)) < 6


@pytest.mark.parametrize("version", VERSIONS)
def test_one_version(tmp_path, version):
    write_freihand(tmp_path, poses=5)
    first = 5 * VERSIONS.index(version)
    assert numbers(read(f"freihand:{tmp_path},version={version}")) == list(range(first, first + 5))


def test_no_pose_is_in_both_halves(tmp_path):
    write_freihand(tmp_path)
    train, test = (read(f"freihand:{tmp_path},split={s}") for s in ("train", "test"))
    assert sorted(numbers(train) + numbers(test)) == list(range(32))
    poses = {n % 8 for n in numbers(train)}, {n % 8 for n in numbers(test)}
    assert poses == ({0, 1, 2, 3, 4, 5}, {6, 7})


def test_parity_is_the_published_split_leak_included(tmp_path):
    write_freihand(tmp_path)
    # as published: (version, pose) pairs in the order gs, auto, sample, hom; shuffled; cut
    pairs = [(v, p) for v in ("gs", "auto", "sample", "hom") for p in range(8)]
    state = random.getstate()
    random.seed(42)
    random.shuffle(pairs)
    random.setstate(state)
    cut = min(int(0.2 * 32), 3200)
    order = [VERSIONS.index(v) * 8 + p for v, p in pairs]
    address = f"freihand:{tmp_path},parity=true"
    assert numbers(read(f"{address},split=test")) == order[:cut]
    assert numbers(read(f"{address},split=train")) == order[cut:]
    assert numbers(read(address)) == order
    assert random.getstate() == state
    shared = {n % 8 for n in order[:cut]} & {n % 8 for n in order[cut:]}
    assert shared
    table = read(address)
    assert [assert_dots(table, row, range(21)) for row in range(0, 32, 5)] == [21] * 7


def test_the_evaluation_photographs_where_their_labels_are(tmp_path):
    write_freihand(tmp_path)
    with pytest.raises(ValueError, match=r"FreiHAND folder with .*, found no evaluation_xyz\.json"):
        read(f"freihand:{tmp_path},subset=evaluation")
    truth = write_freihand(tmp_path, poses=6, seed=3, subset="evaluation")
    table = read(f"freihand:{tmp_path},subset=evaluation,hands=stored")
    assert table.image_N[5] == "evaluation/rgb/00000005.jpg"
    np.testing.assert_allclose(table.keypoints_NK2, truth.keypoints_PK2, atol=1e-3)
    assert len(read(f"freihand:{tmp_path},subset=evaluation,split=test")) == 1


def test_joints_behind_the_camera_or_off_the_image_are_hidden_and_listed(tmp_path):
    write_freihand(tmp_path, poses=20)
    xyz = np.array(json.loads((tmp_path / "training_xyz.json").read_text()))
    xyz[3, 4, 2] *= -1
    xyz[5, 0, 0] += 0.5
    save_numbers(tmp_path / "training_xyz.json", xyz)
    table = read(f"freihand:{tmp_path},version=gs")
    assert np.argwhere(~table.visible_NK).tolist() == [[3, 4], [5, 0]]
    assert len(table.problems) == 2
    assert "00000003.jpg" in table.problems[0]
    assert "thumb_tip at (nan, nan)" in table.problems[0]


def test_versions_whose_images_are_missing(tmp_path):
    write_freihand(tmp_path, poses=24)
    for number in range(24, 96):
        (tmp_path / "training" / "rgb" / f"{number:08d}.jpg").unlink()
    with pytest.raises(
        ValueError, match=r"labels 24 poses, which makes 96 images .* 72 are missing"
    ):
        read(f"freihand:{tmp_path}")
    assert len(read(f"freihand:{tmp_path},version=gs")) == 24


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (np.ones((8, 20, 3)).tolist(), r"expected \(21, 3\) numbers for pose 0"),
        (np.ones((8, 1, 3)).tolist(), r"expected \(21, 3\) numbers for pose 0"),
        ([*np.ones((7, 21, 3)).tolist(), [[1.0]] * 21], "numbers for pose 7"),
        (np.ones((7, 21, 3)).tolist(), "found 7 and 8"),
    ],
)
def test_labels_of_another_form(tmp_path, content, told):
    write_freihand(tmp_path, images=False)
    (tmp_path / "training_xyz.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=told):
        read(f"freihand:{tmp_path}")
