"""``as=SKELETON`` in the address of every format, and what follows of keypoints never shown."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tests.datasets import (
    coco_document,
    pose_table,
    save_coco,
    write_coco,
    write_images,
    write_lspet,
)

from posesift import skeletons
from posesift.adaptation.source_only.method import SourceOnly, SourceOnlySettings
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.augment import NONE, generator
from posesift.data.labels.keypoint_names import own_skeleton
from posesift.data.labels.mapped import mapped, never_visible, warning_of_never_visible
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.evaluation.evaluate import evaluate
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec
from posesift.poses import PoseTable
from posesift.poses.angles import statistics_of

BODY, PEOPLE = skeletons.load("body16"), skeletons.load("coco17")


def column(table, name: str) -> np.ndarray:
    return table.keypoints_NK2[:, table.skeleton.keypoints.index(name)]


def test_coco_people_as_the_body(tmp_path):
    write_coco(tmp_path)
    address = f"coco:{tmp_path}/annotations.json,images={tmp_path}/photos"
    people = read(f"{address},skeleton=coco17")
    body = read(f"{address},as=body16")
    assert body.skeleton == BODY
    assert body.address == f"{address},as=body16"
    assert body.image_N.tolist() == people.image_N.tolist()
    np.testing.assert_array_equal(body.box_N4, people.box_N4)
    np.testing.assert_array_equal(column(body, "left_knee"), column(people, "left_knee"))
    both_N = people.visible_NK[:, 11] & people.visible_NK[:, 12]
    middle_N2 = (column(people, "left_hip") + column(people, "right_hip")) / 2
    np.testing.assert_allclose(column(body, "pelvis")[both_N], middle_N2[both_N], rtol=1e-6)
    assert both_N.any()
    np.testing.assert_array_equal(body.visible_NK[:, BODY.keypoints.index("pelvis")], both_N)
    assert never_visible(body) == ("upper_neck", "head_top")
    assert any("computed: pelvis (mean of right_hip" in line for line in body.problems)
    hips_N = people.occluded_NK[:, 11] | people.occluded_NK[:, 12]
    hidden_N = body.occluded_NK[:, BODY.keypoints.index("pelvis")]
    np.testing.assert_array_equal(hidden_N, hips_N & both_N)


def test_no_keypoint_of_the_file_is_lost_on_the_way(tmp_path):
    truth = write_coco(tmp_path)
    table = read(f"coco:{truth.path},images={tmp_path}/photos,as=coco17")
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)


def test_a_file_of_some_keypoints_is_read_for_what_it_has(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["categories"][0]["keypoints"] = [
        "L_Eye", "tail", "R-Eye", *(f"thing{number}" for number in range(14))
    ]  # fmt: skip
    for lines in ("nothing", None, [[1, 2], [2, 99], ["a", "b"], 7]):
        document["categories"][0]["skeleton"] = lines
        save_coco(truth.path, document)
        table = read(f"coco:{truth.path},as=animal14")
        assert len(never_visible(table)) == 12
        assert table.visible_NK[:, 0].tolist() == truth.visible_NJ[:, 0].tolist()
    with pytest.raises(ValueError, match="or as=body16 to take what is there"):
        read(f"coco:{truth.path},skeleton=body16")
    with pytest.raises(ValueError, match=r"annotations.json,as=hand21: no keypoint of hand21"):
        read(f"coco:{truth.path},as=hand21")


def test_the_skeleton_of_a_file_knows_left_from_right():
    own = own_skeleton(["Left Eye", "nose", "right-eye", "left ear"], [[1, 2], [2, 3]], "here")
    assert own.keypoints == ("left_eye", "nose", "right_eye", "left_ear")
    assert own.mirror == (0, 1, 2, 3)  # a flip would leave the left ear a left one
    own = own_skeleton(["Left Eye", "nose", "right-eye", "chin"], [[1, 2], [2, 3]], "here")
    assert own.mirror == (2, 1, 0, 3)
    assert own.limbs == ((0, 1), (1, 2))
    assert own_skeleton(["a", "b", "c"], None, "here").limbs == ((0, 1), (1, 2))


def test_the_leeds_set_gains_its_pelvis(tmp_path):
    write_lspet(tmp_path)
    plain, whole = read(f"lspet:{tmp_path}"), read(f"lspet:{tmp_path},as=body16")
    assert never_visible(plain) == ("pelvis", "thorax")
    assert never_visible(whole) == ()
    np.testing.assert_array_equal(column(whole, "left_wrist"), column(plain, "left_wrist"))
    assert read(f"lspet:{tmp_path},as=coco17", default_split="test").skeleton == PEOPLE


def test_a_saved_table_and_a_world(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    clips = np.array(list("aabbccdd"), dtype=object)
    kept = dataclasses.replace(
        pose_table(root=str(photos)),
        clip_N=clips,
        box_N4=np.tile(np.float32([1, 2, 30, 40]), (8, 1)),
        boxes_from="labels",
    )
    kept.save(tmp_path / "a.parquet")
    table = read(f"poses:{tmp_path}/a.parquet,images={photos},as=coco17")
    assert table.clip_N.tolist() == clips.tolist()
    assert table.image_N.tolist() == kept.image_N.tolist()
    assert (table.root, table.boxes_from) == (str(photos), "labels")
    np.testing.assert_array_equal(table.box_N4, kept.box_N4)
    world = read("world:body,n=20,as=coco17")
    assert world.rare_N is not None
    crops = PoseDataset(world).batch([3, 4])
    assert torch.equal(crops["image"], PoseDataset(read("world:body,n=20")).batch([3, 4])["image"])


def test_a_skeleton_of_ones_own(tmp_path):
    file = tmp_path / "arm.toml"
    file.write_text(
        'name = "arm"\nkeypoints = ["left_shoulder", "left_elbow", "left_wrist"]\n'
        'limbs = [{ from = "left_elbow", to = "left_wrist" }]\n'
    )
    assert read(f"world:body,n=5,as={file}").keypoints_NK2.shape == (5, 3, 2)
    with pytest.raises(ValueError, match="unknown skeleton 'bdoy16'"):
        read("world:body,n=5,as=bdoy16")


ROBOT = ("foot_l", "foot_r", "hip_a", "hip_b", "crown", "pelvis")
TABLE = """
[synonyms]
right_ankle = ["Foot R"]
left_ankle = ["somewhere", "foot-l"]
right_hip = ["hip_a"]
left_hip = ["hip_b"]
head_top = ["crown"]

[means]
pelvis = ["hip_a", "left_hip"]
thorax = ["hip_a", "crown"]
"""


def robots() -> PoseTable:
    random = np.random.default_rng(0)
    visible_NK = np.ones((5, 6), bool)
    visible_NK[1, 3] = False
    return PoseTable(
        skeleton=own_skeleton(ROBOT, None, "here"),
        keypoints_NK2=random.uniform(0, 60, (5, 6, 2)).astype(np.float32),
        visible_NK=visible_NK,
        width_N=np.full(5, 64, np.int32),
        height_N=np.full(5, 64, np.int32),
    )


def test_a_table_of_ones_own_says_what_is_what(tmp_path):
    table = robots()
    table.save(tmp_path / "robots.parquet")
    (tmp_path / "robot.toml").write_text(TABLE)
    address = f"poses:{tmp_path}/robots.parquet,as=body16"
    body = read(f"{address},map={tmp_path}/robot.toml")
    assert body.address == f"{address},map={tmp_path}/robot.toml"
    for name, own in (("right_ankle", "foot_r"), ("left_ankle", "foot_l"), ("head_top", "crown")):
        np.testing.assert_array_equal(column(body, name), column(table, own))
    middle_N2 = (column(table, "hip_a") + column(table, "hip_b")) / 2
    np.testing.assert_allclose(column(body, "pelvis")[[0, 2, 3, 4]], middle_N2[[0, 2, 3, 4]])
    pelvis_N = body.visible_NK[:, BODY.keypoints.index("pelvis")]
    assert pelvis_N.tolist() == [True, False, True, True, True], "a mean of what is visible"
    trunk_N2 = (column(table, "hip_a") + column(table, "crown")) / 2
    np.testing.assert_allclose(column(body, "thorax"), trunk_N2)
    without = read(address)
    np.testing.assert_array_equal(column(without, "pelvis"), column(table, "pelvis"))
    assert without.visible_NK.sum() == 5, "nothing else has a name that is known"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("right_ankle", "right_ancle", r"synonyms: expected a keypoint of body16, found 'right_anc"
         r"le' \(is it 'right_ankle'\?\)"),
        ('"Foot R"', '"foot_q"', r"synonyms.right_ankle: expected a keypoint of file, "
         r"found 'foot_q'; it has foot_l, foot_r"),
        ('["crown"]', '["corwn"]', r"found 'corwn' \(is it 'crown'\?\)"),
        ('["hip_a", "crown"]', '["hip_a", "x"]', "means.thorax: expected a keypoint of file"),
        ('["crown"]', '"crown"', "synonyms.head_top: expected a list, found text"),
        ('["crown"]', '["hip_b"]', "'hip_b' is a synonym of both left_hip and head_top"),
        ("[means]", "[mean]", r"expected \[synonyms\] and \[means\] and .* found 'mean'"),
        ("[means]", "[means", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_table_is_found(tmp_path, old, new, told):
    robots().save(tmp_path / "robots.parquet")
    assert old in TABLE
    (tmp_path / "robot.toml").write_text(TABLE.replace(old, new))
    with pytest.raises(ValueError, match=f"robot.toml.*{told}"):
        read(f"poses:{tmp_path}/robots.parquet,as=body16,map={tmp_path}/robot.toml")


def test_a_table_needs_a_skeleton_and_a_file(tmp_path):
    with pytest.raises(ValueError, match=r"map= says what keypoints are called; add as=SKELETON"):
        read(f"world:body,n=5,map={tmp_path}/x.toml")
    with pytest.raises(ValueError, match=r"expected a table of keypoint names .*x.toml, found no"):
        read(f"world:body,n=5,as=body16,map={tmp_path}/x.toml")


def test_images_have_nothing_to_map(tmp_path):
    write_images(tmp_path)
    with pytest.raises(ValueError, match="images data have no option 'as'"):
        read(f"images:{tmp_path},as=hand21")


def test_training_data_without_a_keypoint_are_warned_about():
    table = pose_table(n=6)
    table.visible_NK[:, 9] = False
    line = warning_of_never_visible(dataclasses.replace(table, address="lspet:/d"))
    assert line is not None
    assert "lspet:/d never shows head_top" in line
    assert "\n" not in line
    table.visible_NK[:] = False
    assert warning_of_never_visible(table) is None, "no labels at all: not for training"


def test_what_is_never_visible_is_trained_around_and_has_no_figure():
    table = mapped(read("world:body,n=24"), PEOPLE)
    assert set(never_visible(table)) == {"nose", "left_eye", "right_eye", "left_ear", "right_ear"}
    dataset = PoseDataset(table)
    true_NK2, visible_NK = dataset.keypoints_NK2, dataset.visible_NK
    constants = statistics_of(PEOPLE, table)
    found = evaluate(true_NK2 + 1, true_NK2, visible_NK, 64, PEOPLE, statistics=constants)
    percent = found.entry["pck"]["0.05"]
    assert percent["head"] is None
    assert percent["all"] == percent["knee"] == 100

    network = build("small", len(PEOPLE))
    method = SourceOnly(
        network, HeatmapCodec(64, network.stride), SourceOnlySettings(augmentation=NONE)
    )
    method.prepare(Runtime.resolve("cpu", "fp32"))
    method.start_stage(method.stages[0])
    loss = method.step({"source": dataset.batch(range(8))}, 0.5, generator("cpu", 0)).losses[
        "supervised"
    ]
    assert loss.isfinite()
    assert loss > 0
    *_, last = (module for module in network.modules() if isinstance(module, torch.nn.Conv2d))
    moved_K = last.weight.grad.abs().flatten(1).sum(1) > 0
    assert moved_K.tolist() == [name not in never_visible(table) for name in PEOPLE.keypoints]


def test_a_target_without_images_is_named():
    target = dataclasses.replace(pose_table(), address="coco:/d/val.json")
    with pytest.raises(ValueError, match=r"coco:/d/val.json .*no images.* add images=FOLDER"):
        PoseDataset(target)
