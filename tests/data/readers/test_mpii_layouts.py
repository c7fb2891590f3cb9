"""MPII as other code lays it out: MMPose's names, and the list of pytorch-pose and Datumaro."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.data.formats.mpii import write_json, write_mpii

from posesift.data.readers import read


@pytest.mark.parametrize("folder", ["annotations", "annot", ""])
def test_the_names_of_mmpose(tmp_path, folder):
    truth = write_mpii(tmp_path / "mine", mat=False)
    write_json(tmp_path / "mine" / "annot", truth)
    expected = read(f"mpii:{tmp_path}/mine")
    place = tmp_path / "theirs" / folder
    place.mkdir(parents=True, exist_ok=True)
    (tmp_path / "theirs" / "images").symlink_to(tmp_path / "mine" / "images")
    for ours, theirs in (("train", "mpii_train"), ("valid", "mpii_val")):
        content = (tmp_path / "mine" / "annot" / f"{ours}.json").read_bytes()
        (place / f"{theirs}.json").write_bytes(content)
    table = read(f"mpii:{tmp_path}/theirs")
    np.testing.assert_array_equal(table.keypoints_NK2, expected.keypoints_NK2)
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    assert len(read(f"mpii:{tmp_path}/theirs,split=test")) == 3
    assert len(read(f"mpii:{place}/mpii_val.json,images={tmp_path}/mine/images,split=test")) == 3
    (place / "mpii_val.json").unlink()
    with pytest.raises(ValueError, match=r"none of the test part, which is mpii_val\.json"):
        read(f"mpii:{tmp_path}/theirs,split=test")


def joint_self(truth, valid=3):
    """The list of pytorch-pose and Datumaro: 1 seen, 0 hidden, (0, 0) not labelled."""
    people = []
    for row in range(len(truth)):
        seen_J1 = ~truth.occluded_NJ[row, :, None]
        joints_J3 = np.concatenate([truth.keypoints_NJ2[row] + 1, seen_J1], 1)
        people.append(
            {
                "dataset": "MPI",
                "isValidation": float(row >= len(truth) - valid),
                "img_paths": truth.names[row],
                "objpos": (truth.objpos_N2[row] + 1).tolist(),
                "scale_provided": float(truth.scale_N[row]),
                "joint_self": np.where(truth.visible_NJ[row, :, None], joints_J3, 0).tolist(),
                "joint_others": [],
            }
        )
    return people


def test_the_list_of_pytorch_pose(tmp_path):
    truth = write_mpii(tmp_path, mat=False)
    (tmp_path / "annotations").mkdir()
    people = joint_self(truth)
    file = tmp_path / "annotations" / "mpii_annotations.json"
    file.write_text(json.dumps(people))
    table = read(f"mpii:{tmp_path}")
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    np.testing.assert_array_equal(table.occluded_NK, truth.occluded_NJ)
    np.testing.assert_allclose(
        table.keypoints_NK2[truth.visible_NJ], truth.keypoints_NJ2[truth.visible_NJ], atol=1e-4
    )
    write_json(tmp_path / "annot", truth)
    np.testing.assert_allclose(table.box_N4, read(f"mpii:{tmp_path},annotations=json").box_N4)
    test = read(f"mpii:{file},images={tmp_path}/images,split=test")
    assert test.image_N.tolist() == truth.names[-3:]
    spoilt = people[2] | {"joint_self": people[2]["joint_self"][1:]}
    file.write_text(json.dumps([spoilt, *people * 8]))
    (left_out,) = read(f"mpii:{file},images={tmp_path}/images").problems
    assert "expected 16 joints of x, y, visible" in left_out
