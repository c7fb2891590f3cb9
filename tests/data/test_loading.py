from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
import torch
from tests.datasets import RADIUS, pose_table, save_image, write_coco, write_lspet
from torch.utils.data import DataLoader

from posesift.data.loading import PoseDataset, collate
from posesift.data.pixels import read_image
from posesift.data.readers import read
from posesift.poses import geometry


@pytest.fixture
def table(tmp_path):
    truth = write_coco(tmp_path, n=8, suffix=".png")
    return read(f"coco:{truth.path},images={tmp_path}/photos,skeleton=coco17")


def dot_centre(image_HW3: np.ndarray, near_2: np.ndarray, radius: float) -> np.ndarray:
    """Mean position of what is coloured, not grey, within ``radius`` of a point."""
    colour_HW = np.ptp(image_HW3.astype(float), axis=-1)
    rows, columns = np.indices(colour_HW.shape)
    close_HW = np.hypot(columns - near_2[0], rows - near_2[1]) <= radius
    weight_HW = np.where(close_HW & (colour_HW > 12), colour_HW, 0)
    return np.array([(columns * weight_HW).sum(), (rows * weight_HW).sum()]) / weight_HW.sum()


@pytest.mark.parametrize("side", [32, 64, 200])
def test_keypoints_lie_on_their_dots_in_the_crop(table, side):
    batch = PoseDataset(table, side).batch([0, 3, 5])
    assert batch["image"].shape == (3, 3, side, side)
    assert batch["image"].dtype == torch.uint8
    assert batch["image"].is_contiguous()
    assert batch["keypoints"].dtype == torch.float32
    assert batch["visible"].dtype == torch.bool
    assert batch["index"].tolist() == [0, 3, 5]
    found = 0
    for b, row in enumerate((0, 3, 5)):
        image_HW3 = batch["image"][b].permute(1, 2, 0).numpy()
        scale = side / table.box_N4[row, 2:].max()
        for k in np.flatnonzero(batch["visible"][b]).tolist():
            point_2 = batch["keypoints"][b, k].numpy()
            if RADIUS * scale < point_2.min() and point_2.max() < side - 1 - RADIUS * scale:
                found += 1
                centre_2 = dot_centre(image_HW3, point_2, (RADIUS + 2) * scale)
                # A quarter of a photograph's pixel, or of the crop's where those are larger.
                assert np.abs(centre_2 - point_2).max() < 0.25 * max(1, scale)
    assert found > 20


def test_a_crop_is_the_whole_image_warped_once(table):
    """The reference: decode, one `cv2.warpAffine`, no reduction at these sizes."""
    dataset = PoseDataset(table, 128)
    matrices_N23 = geometry.crop_matrices(table.crop_boxes_N4(), 128)
    batch = dataset.batch(range(8))
    for row in range(8):
        expected = cv2.warpAffine(read_image(table, row), matrices_N23[row], (128, 128))
        np.testing.assert_array_equal(batch["image"][row].permute(1, 2, 0).numpy(), expected)
        visible_K = batch["visible"][row].numpy()
        np.testing.assert_allclose(
            batch["keypoints"][row].numpy()[visible_K],
            geometry.apply(matrices_N23[row], table.keypoints_NK2[row])[visible_K],
            atol=1e-3,
        )


def test_the_way_back_to_the_image(table):
    dataset = PoseDataset(table, 64)
    back_B23 = dataset.crop_to_image_B23([2, 6])
    points = geometry.apply(back_B23, dataset.batch([2, 6])["keypoints"].numpy())
    visible = dataset.visible_NK[[2, 6]]
    np.testing.assert_allclose(points[visible], table.keypoints_NK2[[2, 6]][visible], atol=1e-3)


def test_a_keypoint_that_the_box_cuts_off_is_not_visible_in_the_crop(table):
    box_N4 = table.box_N4
    box_N4[0] = [*(table.keypoints_NK2[0, 0] - 5), 10, 10]
    batch = PoseDataset(table, 64).batch([0])
    assert table.visible_NK[0].sum() > 5
    assert batch["visible"][0, 0]
    assert batch["visible"].sum() == 1
    assert (batch["keypoints"][0, 1:] == 0).all()


def test_published_labels_are_stretched_from_the_corner_and_never_hidden(table):
    """(keypoint - first pixel of the box) * side / its side, wherever that is."""
    table.box_N4[0] = [*(table.keypoints_NK2[0, 0] - 5), 10, 10]
    dataset = PoseDataset(table, 64, published=True)
    batch, exact = dataset.batch(range(8)), PoseDataset(table, 64)
    assert np.array_equal(dataset.visible_NK, exact.visible_NK), "what is measured is in the crop"
    beside = 0
    for row in range(8):
        x, y, width, height = table.box_N4[row]
        side = max(width, height)  # of the square about the box's centre
        corner = np.array([x + (width - side) / 2, y + (height - side) / 2])
        for k, point in enumerate(table.keypoints_NK2[row]):
            assert bool(batch["visible"][row, k]) == table.visible_NK[row, k]
            expected = (point - corner) * 64 / side if table.visible_NK[row, k] else np.zeros(2)
            np.testing.assert_allclose(batch["keypoints"][row, k], expected, atol=1e-2)
            if dataset.visible_NK[row, k]:
                np.testing.assert_allclose(dataset.keypoints_NK2[row, k], expected, atol=1e-2)
                shift = dataset.keypoints_NK2[row, k] - exact.keypoints_NK2[row, k]
                np.testing.assert_allclose(shift, (1 - 64 / side) / 2, atol=1e-2)
            elif table.visible_NK[row, k]:
                beside += 1
    assert beside > 5


def test_a_large_photograph_is_averaged_not_skipped(tmp_path):
    """One-pixel stripes at a quarter of the size must come out grey, in every format."""
    stripes_HW3 = np.zeros((256, 256, 3), np.uint8)
    stripes_HW3[:, ::2] = 255
    for suffix in (".png", ".jpg"):
        save_image(tmp_path / suffix / f"a{suffix}", stripes_HW3)
        crop = PoseDataset(read(f"images:{tmp_path / suffix}"), 64).batch([0])["image"]
        assert crop.float().std() < 4
        assert abs(crop.float().mean() - 127) < 4


@pytest.mark.parametrize("workers", [0, 2])
def test_a_data_loader_gives_the_same_batches(table, workers):
    dataset = PoseDataset(table, 32)
    loader = DataLoader(dataset, batch_size=3, collate_fn=collate, num_workers=workers)
    for _ in range(2):  # the second time from what the workers kept
        for batch, start in zip(loader, (0, 3, 6), strict=True):
            expected = PoseDataset(table, 32, keep=False).batch(range(start, min(start + 3, 8)))
            for name, column in expected.items():
                assert torch.equal(batch[name], column)


def test_forked_workers_fill_the_cache_of_their_parent(table):
    dataset = PoseDataset(table, 32)
    loader = DataLoader(
        dataset, batch_size=4, collate_fn=collate, num_workers=2, multiprocessing_context="fork"
    )
    images = torch.cat([batch["image"] for batch in loader])
    table.root = "/nowhere"  # from here on only what was kept can be given
    assert torch.equal(dataset.batch(range(8))["image"], images)


def test_a_pickled_data_set_gives_the_same(table):
    dataset = PoseDataset(table, 32)
    again = pickle.loads(pickle.dumps(dataset))
    assert torch.equal(again.batch([1, 7])["image"], dataset.batch([1, 7])["image"])


def test_single_samples_join_as_torch_does(table):
    dataset = PoseDataset(table, 32)
    assert dataset[2]["image"].shape == (3, 32, 32)
    joined = collate([dataset[2], dataset[-1]])
    expected = dataset.batch([2, 7])
    assert torch.equal(joined["image"], expected["image"])
    assert joined["index"].tolist() == [2, 7]
    with pytest.raises(IndexError):
        dataset[8]


def test_a_truncated_photograph_is_named_when_its_batch_is_loaded(tmp_path):
    write_lspet(tmp_path)
    table = read(f"lspet:{tmp_path}")
    path = tmp_path / "images" / "im00003.jpg"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    dataset = PoseDataset(table)
    dataset.batch([0, 1])
    with pytest.raises(ValueError, match=r"im00003\.jpg is a JPEG that is cut short; .*check"):
        dataset.batch([1, 2])
    path.unlink()
    with pytest.raises(ValueError, match=r"expected an image at .*im00003\.jpg, found no file"):
        dataset.batch([2])


def test_poses_without_images_are_refused():
    with pytest.raises(ValueError, match="add images=FOLDER"):
        PoseDataset(pose_table())


def test_a_sample_without_visible_keypoints_makes_no_nan(table):
    table.visible_NK[1] = False
    batch = PoseDataset(table, 32).batch(range(8))
    assert not batch["visible"][1].any()
    assert torch.isfinite(batch["keypoints"]).all()


@pytest.mark.parametrize("side", [32, 48])
def test_worlds_load_their_pictures(tmp_path, monkeypatch, side):
    monkeypatch.setenv("POSESIFT_CACHE", str(tmp_path))
    table = read("world:body,n=6,side=32").select([5, 0, 2])
    dataset = PoseDataset(table, side)
    again = pickle.loads(pickle.dumps(dataset))
    for batch in (dataset.batch([2, 0]), again.batch([2, 0])):
        for b, row in enumerate((2, 0)):
            expected = cv2.warpAffine(
                read_image(table, row), dataset.to_crop_N23[row], (side, side)
            )
            np.testing.assert_array_equal(batch["image"][b].permute(1, 2, 0), expected)
        points = batch["keypoints"].numpy() * 32 / side + (32 / side - 1) / 2
        visible = batch["visible"].numpy()
        np.testing.assert_allclose(points[visible], table.keypoints_NK2[[2, 0]][visible], atol=1e-3)
