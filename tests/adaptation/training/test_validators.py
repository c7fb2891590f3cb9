from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tests.adaptation.tiny import SIDE, TinyNet, batch, source_only
from torch import Tensor

from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.training.validators import Agreement, check_collapse, collapse, some_rows
from posesift.adaptation.udape.method import UDAPE, UDAPESettings
from posesift.data.readers import read
from posesift.experiments import choice
from posesift.networks.heatmaps import HeatmapCodec
from posesift.poses import geometry

BIG = 64


class Dots:
    """Finds the two white dots of `dots` by brightness; the one further left comes first."""

    def __init__(self) -> None:
        self.network: Any = None

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        found_B22 = torch.zeros(len(images_B3HW), 2, 2)
        for row, image_3HW in enumerate(images_B3HW.float()):
            grey_HW = image_3HW.mean(0)
            bright_P2 = (grey_HW > 0.6 * grey_HW.max()).nonzero().flip(1).float()
            left_P = bright_P2[:, 0] < (bright_P2[:, 0].min() + bright_P2[:, 0].max()) / 2
            for name, part_P in enumerate((left_P, ~left_P)):
                if part_P.any():
                    found_B22[row, name] = bright_P2[part_P].mean(0)
        return found_B22, torch.ones(found_B22.shape[:2])


class Constant(Dots):
    """Says the same pose about every image, as a collapsed network does."""

    def __init__(self, pose_K2: Tensor):
        super().__init__()
        self.pose_K2 = pose_K2

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        poses_BK2 = self.pose_K2.expand(len(images_B3HW), -1, -1)
        return poses_BK2, torch.ones(poses_BK2.shape[:2])


class Noise(Dots):
    """Says something else about every image, whatever it shows."""

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        count = len(images_B3HW)
        return torch.rand(count, 16, 2) * (BIG - 1), torch.ones(count, 16)


def dots(count: int = 96) -> Tensor:
    random = np.random.default_rng(3)
    images_N3HW = np.full((count, 3, BIG, BIG), 30, np.uint8)
    for image_3HW in images_N3HW:
        for low, high in ((14, 22), (42, 50)):
            x, y = random.integers(low, high), random.integers(26, 38)
            image_3HW[:, y - 3 : y + 4, x - 3 : x + 4] = 250
    return torch.from_numpy(images_N3HW)


def body_pose() -> Tensor:
    table = read("world:body,poses=target,n=400")
    to_crop = geometry.crop_matrices(table.crop_boxes_N4(), BIG)
    points_NK2 = geometry.apply(to_crop, table.keypoints_NK2)
    return torch.from_numpy(np.median(points_NK2, 0)).float()


def test_one_that_follows_the_image_agrees_with_itself_and_names_matter():
    found = Agreement(dots(), mirror=(1, 0), side=BIG)
    assert found(Dots()) > 80  # the rest is hidden by cut-outs
    found.mirror = None  # mirrored views are there still, the names are no longer exchanged
    assert found(Dots()) < 60


def test_views_are_mirrored_only_where_that_exchanges_names():
    for mirror in (None, (0, 1)):
        matrix_N23 = Agreement(dots(), mirror, BIG).matrix_N23
        assert (torch.linalg.det(matrix_N23[..., :2]) > 0).all()
    mirrored_N = torch.linalg.det(Agreement(dots(), (1, 0), BIG).matrix_N23[..., :2]) < 0
    assert 0.3 < mirrored_N.float().mean() < 0.7


def test_views_are_of_the_seed():
    first, second, other = (Agreement(dots(8), (1, 0), BIG, seed) for seed in (0, 0, 1))
    assert torch.equal(first.views_N3HW, second.views_N3HW)
    assert not torch.equal(first.views_N3HW, other.views_N3HW)


def test_a_constant_network_does_not_agree_with_itself():
    pose_K2 = body_pose()
    mirror = read("world:body,n=1").skeleton.mirror
    agreement = Agreement(torch.zeros(512, 3, BIG, BIG, dtype=torch.uint8), mirror, BIG)
    centre_K2 = torch.full((16, 2), (BIG - 1) / 2)
    assert agreement(Constant(centre_K2)) == 0
    assert agreement(Constant(pose_K2)) < 8
    assert agreement(Noise()) < 3


def look_for_brightness(network: TinyNet) -> None:
    """Weights with which every heatmap is the image's brightness."""
    for parameter in network.parameters():
        parameter.data.zero_()
    network.body[0].weight.data[0, :, 1, 1] = 1
    network.body[1].weight.data[:] = 1
    network.body[3].weight.data[0, 0, 1, 1] = 1
    network.head.weight.data[:, 0] = 1


def test_it_is_measured_against_the_student_of_a_mean_teacher():
    images_N3HW = torch.full((64, 3, SIDE, SIDE), 140, dtype=torch.uint8)
    for number, image_3HW in enumerate(images_N3HW):
        x, y = 4 + number % 8, 4 + number // 8
        image_3HW[:, y - 1 : y + 2, x - 1 : x + 2] = 255
    method = UDAPE(
        TinyNet(), HeatmapCodec(SIDE, TinyNet.stride), UDAPESettings(warmup_steps=0, steps=2)
    )
    look_for_brightness(method.student)
    method.prepare(Runtime.resolve("cpu", "fp32"))
    agreement = Agreement(images_N3HW, None, SIDE)
    alone = agreement(method)
    assert alone > 40  # of one sharp corner of three pixels, seen at half resolution
    method.start_stage(method.stages[0])
    assert agreement(method, "adaptation") == alone, "teacher and student begin as the same"
    method.student.head.weight.data.neg_()
    assert method.student.training
    assert agreement(method) < alone / 2
    assert method.student.training, "measuring must not change how training goes on"


def test_images_of_another_side_are_refused():
    with pytest.raises(ValueError, match="expected images of 32 x 32 pixels"):
        Agreement(dots(2), None, 32)
    with pytest.raises(ValueError, match="give target images"):
        Agreement(dots(2)[:0], None, BIG)


@pytest.mark.parametrize(("spread", "told"), [(0.0, True), (0.015, True), (0.025, False)])
def test_collapse_is_a_small_spread_over_images(spread, told):
    random = np.random.default_rng(0)
    keypoints_NK2 = 30 + random.normal(0, spread * BIG / np.sqrt(2), (4000, 5, 2))
    found = collapse(keypoints_NK2, BIG, "teacher")
    assert (found is not None) == told
    if told:
        assert f"vary by {100 * spread:.1f} % of the side" in str(found)


def test_some_keypoints_may_keep_still():
    random = np.random.default_rng(0)
    keypoints_NK2 = random.uniform(0, BIG, (50, 5, 2))
    keypoints_NK2[:, :2] = 30
    assert collapse(keypoints_NK2, BIG) is None
    keypoints_NK2[:, :3] = 30
    assert collapse(keypoints_NK2, BIG) is not None
    assert collapse(keypoints_NK2[:1], BIG) is None, "one image says nothing"


@pytest.mark.parametrize("address", ["world:body,n=600", "world:hand,n=600"])
def test_labels_of_real_poses_are_no_collapse(address):
    table = read(address)
    to_crop = geometry.crop_matrices(table.crop_boxes_N4(), BIG)
    points_NK2 = geometry.apply(to_crop, table.keypoints_NK2)
    assert collapse(points_NK2, BIG) is None
    if "body" in address:  # the narrowest kind of picture there is
        standing_NK2 = points_NK2[table.mode_N == "stand"]
        assert collapse(standing_NK2, BIG) is None


def test_a_network_that_has_lost_its_input_is_found():
    method = source_only()
    method.prepare(Runtime.resolve("cpu", "fp32"))
    images = torch.cat([batch(number)["image"] for number in range(6)])
    assert check_collapse(method, images, SIDE) is None
    with torch.no_grad():
        method.network.body[0].weight.zero_()
    assert str(check_collapse(method, images, SIDE)).startswith("the network has collapsed")
    taught = UDAPE(method.network, method.codec, UDAPESettings(warmup_steps=0, steps=2))
    taught.prepare(method.runtime)
    taught.start_stage(taught.stages[0])
    assert str(check_collapse(taught, images, SIDE)).startswith("the teacher has collapsed")


def test_rows_are_few_and_of_the_seed():
    assert some_rows(40).tolist() == list(range(40))
    first, again, other = some_rows(5000), some_rows(5000), some_rows(5000, seed=1)
    assert len(set(first.tolist())) == 256
    assert first.tolist() == again.tolist() != other.tolist()


def test_every_choice_is_described_and_the_leak_is_called_one():
    for name in choice.CHOICES:
        assert ("Leak" in choice.describe(name)) == choice.is_leak(name)
        assert ("no labels of the target chose it" in choice.describe(name)) != choice.is_leak(name)
    with pytest.raises(ValueError, match="expected one of last, agreement, best-on-target-test"):
        choice.describe("best")
