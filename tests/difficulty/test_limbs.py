from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.difficulty.skeletal import BODY, poses

from posesift.difficulty import limbs


def as_tensors(table):
    return torch.from_numpy(table.keypoints_NK2), torch.from_numpy(table.visible_NK)


def scale_slowly(keypoints, visible, skeleton, lengths):
    ratios = sorted(
        np.linalg.norm(keypoints[a] - keypoints[b]) / length
        for (a, b), length in zip(skeleton.limbs, lengths, strict=True)
        if visible[a] and visible[b]
    )
    if not ratios:
        seen = keypoints[visible]
        return 2 * np.sqrt(((seen - seen.mean(0)) ** 2).sum(1).mean())
    return ratios[-1] if len(ratios) < 3 else ratios[-2]


@pytest.mark.parametrize("hidden", [0.0, 0.3, 0.7])
def test_scale_agrees_with_a_loop(hidden):
    table = poses(60, hidden=hidden)
    table = table.select(table.visible_NK.sum(1) >= 1)
    scale = limbs.limb_scale(*as_tensors(table), BODY, BODY.limb_lengths)
    for i in range(len(table)):
        slow = scale_slowly(
            table.keypoints_NK2[i].astype(float), table.visible_NK[i], BODY, BODY.limb_lengths
        )
        assert float(scale[i]) == pytest.approx(slow, rel=1e-4, abs=1e-3)


def test_one_mislabelled_joint_does_not_decide_the_scale():
    keypoints, visible = as_tensors(poses(20, rare_share=0))
    before = limbs.limb_scale(keypoints, visible, BODY, BODY.limb_lengths)
    keypoints[:, BODY.keypoints.index("head_top")] += 5000
    after = limbs.limb_scale(keypoints, visible, BODY, BODY.limb_lengths)
    torch.testing.assert_close(after, before, rtol=0.15, atol=0)


def test_estimated_lengths_are_those_the_poses_were_drawn_with():
    unknown = dataclasses.replace(BODY, limb_lengths=None)
    table = poses(3000)
    estimated = np.array(limbs.canonical_lengths(table.keypoints_NK2, table.visible_NK, unknown))
    assert estimated.max() == pytest.approx(1)
    first = table.keypoints_NK2[table.mode_N == "stand"].astype(float)
    ends = np.array(BODY.limbs)
    drawn = np.linalg.norm(first[:, ends[:, 0]] - first[:, ends[:, 1]], axis=2)
    drawn = np.median(drawn / drawn.max(1, keepdims=True), 0)
    np.testing.assert_allclose(estimated, drawn / drawn.max(), atol=0.08)


def test_known_lengths_are_kept_and_unseen_limbs_get_the_median():
    table = poses(200)
    known = limbs.canonical_lengths(table.keypoints_NK2, table.visible_NK, BODY)
    assert known == BODY.limb_lengths
    visible = table.visible_NK.copy()
    visible[:, 0] = False  # the right ankle, an end of the first limb
    unknown = dataclasses.replace(BODY, limb_lengths=None)
    lengths = np.array(limbs.canonical_lengths(table.keypoints_NK2, visible, unknown))
    assert lengths[0] == pytest.approx(np.median(lengths[1:]))
    nothing = np.zeros_like(visible)
    assert set(limbs.canonical_lengths(table.keypoints_NK2, nothing, unknown)) == {1.0}


@given(st.integers(0, 1000), st.floats(0, 0.7))
@settings(max_examples=30)
def test_residual_is_what_the_best_shift_leaves(seed, hidden):
    rng = np.random.default_rng(seed)
    difference, visible = rng.normal(size=(5, 7, 2)), rng.random((5, 7)) >= hidden
    visible[:, 0] = True
    residual = limbs.squared_residual(torch.from_numpy(difference), torch.from_numpy(visible))
    for i in range(5):
        seen = difference[i][visible[i]]
        best = ((seen - seen.mean(0)) ** 2).sum()
        assert float(residual[i]) == pytest.approx(best * 7 / len(seen), rel=1e-6, abs=1e-12)
        other = ((seen - seen.mean(0) - 0.1) ** 2).sum()
        assert best < other
