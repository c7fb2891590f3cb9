"""Predictions over real images on disk, in every batch size; both Parquet files read back."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from posesift.data.loading import PoseDataset
from posesift.evaluation.predict import Predictions, predict
from posesift.poses.table import PoseTable
from posesift.skeletons import load

BODY = replace(load("body16"), angle_mean_deg=(110.0,) * 12, angle_spread_deg=(35.0,) * 12)


@pytest.fixture
def dataset(tmp_path):
    """Seven images of one bright pixel each; every keypoint is labelled there."""
    rng = np.random.default_rng(0)
    spot = rng.integers(4, 28, (7, 2))
    names = np.array([f"{i}.png" for i in range(7)], object)
    for name, (x, y) in zip(names, spot, strict=True):
        image = np.zeros((32, 32, 3), np.uint8)
        image[y, x] = 255
        cv2.imwrite(str(tmp_path / name), image)
    points = np.repeat(spot[:, None], 16, axis=1).astype(np.float32)
    visible = rng.random((7, 16)) < 0.8
    visible[:, 0] = True
    size = np.full(7, 32, np.int32)
    table = PoseTable(BODY, points, visible, size, size, image_N=names, root=str(tmp_path))
    return PoseDataset(table, side=32)


def brightest(images):
    """Finds the bright pixel."""
    best = images.float().mean(1).flatten(1).argmax(1)
    point = torch.stack([best % 32, best // 32], -1).float()
    return point[:, None].expand(-1, 16, -1), torch.full((len(images), 16), 0.5)


class Method:
    def predict(self, images):
        return brightest(images)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("predictor", [brightest, Method()])
def test_the_result_does_not_depend_on_the_batch(dataset, predictor, batch_size):
    found = predict(predictor, dataset, batch_size)
    assert found.index_N.tolist() == list(range(7))
    np.testing.assert_allclose(
        found.keypoints_NK2, dataset.table.keypoints_NK2[:, :1].repeat(16, 1)
    )
    seen = found.visible_NK
    np.testing.assert_array_equal(seen, dataset.table.visible_NK)
    np.testing.assert_allclose(found.true_NK2[seen], found.keypoints_NK2[seen])
    assert found.confidence_NK.shape == (7, 16)
    assert len(found) == 7


def test_predictions_read_back(dataset, tmp_path):
    want = predict(brightest, dataset)
    want.save(tmp_path / "p.parquet")
    found = Predictions.load(tmp_path / "p.parquet")
    for name in ("keypoints_NK2", "confidence_NK", "index_N", "true_NK2", "visible_NK"):
        np.testing.assert_array_equal(getattr(found, name), getattr(want, name))
    assert found.side == 32
    assert found.skeleton == BODY


def test_mistakes_are_explained(dataset, tmp_path):
    with pytest.raises(ValueError, match="found no file"):
        Predictions.load(tmp_path / "none.parquet")
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(ValueError, match="not a readable Parquet"):
        Predictions.load(tmp_path / "x.parquet")
    dataset.table.save(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="does not hold predictions"):
        Predictions.load(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="found none"):
        predict(brightest, PoseDataset(dataset.table.select(np.arange(0)), 32))
