from __future__ import annotations

import numpy as np
import pytest
import torch

from posesift.difficulty.cheap import MeanDistance, PCAResidual


def drawn(n=300, keypoints=9, rank=4, hidden=0.0, seed=0):
    """Poses on a plane of few dimensions, plus noise."""
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(rank, keypoints, 2))
    code = rng.normal(size=(n, rank)) * [3.0, 2.0, 1.5, 1.0][:rank]
    points = np.einsum("nr,rkd->nkd", code, basis) + 1 + rng.normal(0, 0.05, (n, keypoints, 2))
    visible = rng.random((n, keypoints)) >= hidden
    visible[:, :4] = True
    points = np.where(visible[..., None], points, 0)
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(visible)


def residual(difference, visible):
    seen = difference[visible]
    return ((seen - seen.mean(0)) ** 2).sum() * len(visible) / len(seen)


@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_mean_distance_agrees_with_a_loop(hidden):
    points, visible = drawn(hidden=hidden)
    scores = MeanDistance.fit(points, visible).scores(points, visible)["mean-distance"]
    p, v = points.numpy().astype(float), visible.numpy()
    mean = np.array([p[v[:, k], k].mean(0) for k in range(9)])
    slow = [residual(p[i] - mean, v[i]) for i in range(len(p))]
    np.testing.assert_allclose(scores, slow, rtol=1e-4)


def test_pca_of_complete_poses_is_that_of_a_singular_value_decomposition():
    points, visible = drawn()
    model = PCAResidual.fit(points, visible, components=4)
    flat = points.numpy().reshape(len(points), -1).astype(float)
    _, _, rows = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    ours = model.components_PK2.flatten(1).double().numpy()
    np.testing.assert_allclose(np.abs(np.sum(ours * rows[:4], 1)), 1, atol=1e-4)


@pytest.mark.parametrize("hidden", [0.0, 0.4])
def test_pca_residual_agrees_with_least_squares_pose_by_pose(hidden):
    points, visible = drawn(hidden=hidden)
    model = PCAResidual.fit(points, visible, components=4)
    scores = model.scores(points, visible)["pca"]
    basis = np.concatenate(
        [model.components_PK2.numpy(), np.tile(np.eye(2)[:, None], (1, 9, 1))]
    ).astype(float)
    ridge = np.sqrt(np.concatenate([model.penalty_P.numpy(), [1e-6, 1e-6]]))
    for i in range(0, 300, 7):
        seen = visible[i].numpy()
        wanted = (points[i] - model.mean_K2).numpy().astype(float)[seen].ravel()
        matrix = np.concatenate([basis[:, seen].reshape(6, -1).T, np.diag(ridge)])
        code, *_ = np.linalg.lstsq(matrix, np.concatenate([wanted, np.zeros(6)]), rcond=None)
        left = (points[i] - model.mean_K2).numpy() - np.einsum("p,pkd->kd", code, basis)
        assert float(scores[i]) == pytest.approx(residual(left, seen), rel=0.02, abs=1e-4)


def test_missing_keypoints_are_filled_in_by_the_model():
    complete, all_visible = drawn(2000)
    partial, visible = drawn(2000, hidden=0.4)
    model = PCAResidual.fit(partial, visible, components=4)
    reference = PCAResidual.fit(complete, all_visible, components=4)
    error = model.said(partial, visible) - complete
    assert error[~visible].square().mean().sqrt() < 0.3  # the poses' own spread is about 5
    overlap = model.components_PK2.flatten(1) @ reference.components_PK2.flatten(1).T
    assert torch.linalg.svdvals(overlap).min() > 0.99


def test_few_visible_keypoints_do_not_look_easy():
    points, visible = drawn(2000, hidden=0.0)
    model = PCAResidual.fit(points, visible, components=4)
    noisy = points + torch.randn(points.shape, generator=torch.Generator().manual_seed(0))
    few = visible.clone()
    few[:, 4:] = False
    assert model.scores(noisy, few)["pca"].median() > 20 * model.scores(points, few)["pca"].median()


def test_more_components_than_dimensions_are_not_asked_for():
    points, visible = drawn(50, keypoints=4)
    scores = PCAResidual.fit(points, visible, components=40).scores(points, visible)["pca"]
    assert torch.isfinite(scores).all()
