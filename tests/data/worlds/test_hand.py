"""The hand world against anatomy, a slow reference, and its own promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from posesift.data import worlds
from posesift.data.worlds import camera, hand, hand_bones, hand_modes, hiding
from posesift.data.worlds.figure import View

COMMON = [mode for mode, share in hand.SHARES["source"].items() if share >= 0.03]
TIPS = [4, 8, 12, 16, 20]


def right_hands(angles_NA: np.ndarray) -> np.ndarray:
    """Keypoints (N, 21, 3) of right hands of standard proportions."""
    count = len(angles_NA)
    base = np.tile(hand_bones.BASE_F3, (count, 1, 1))
    length = np.tile(hand_bones.LENGTH_FB, (count, 1, 1))
    return hand_bones.pose(angles_NA.astype(np.float32), base, length).keypoints_NK3


def typical(mode: str, count: int = 1) -> np.ndarray:
    return np.tile(hand_modes.MODES[mode].mean_A(), (count, 1))


# What hands do


@pytest.mark.parametrize("poses", ["source", "target"])
def test_no_joint_bends_beyond_its_limits(poses):
    angles_NA, _, _ = hand_modes.draw_angles(np.random.default_rng(0), poses, 20_000)
    low_A, high_A = hand_modes.LIMITS_A2.T
    assert (angles_NA >= low_A).all()
    assert (angles_NA <= high_A).all()
    cut = (angles_NA == low_A) | (angles_NA == high_A)
    assert 0 < cut.mean() < 0.05, "limits must bite, but not shape the poses"


@pytest.mark.parametrize("mode", hand_modes.MODES)
def test_typical_poses_lie_within_the_limits(mode):
    low_A, high_A = hand_modes.LIMITS_A2.T
    assert (low_A <= typical(mode)[0]).all()
    assert (typical(mode)[0] <= high_A).all()


def test_source_is_heavy_tailed_and_target_flat():
    source, target = hand.SHARES["source"], hand.SHARES["target"]
    assert tuple(source) == tuple(target) == hand.MODES
    assert sum(source.values()) == pytest.approx(1)
    assert sum(target.values()) == pytest.approx(1)
    assert COMMON == ["open", "relaxed", "spread", "grasp"]
    assert 0.03 <= sum(source[mode] for mode in hand.MODES if mode not in COMMON) <= 0.05
    assert max(target.values()) < 1.5 * min(target.values())


@pytest.mark.parametrize("poses", ["source", "target"])
def test_modes_are_drawn_by_their_shares(poses):
    _, mode_N, _ = hand_modes.draw_angles(np.random.default_rng(1), poses, 40_000)
    share_M = np.array(list(hand.SHARES[poses].values()))
    seen_M = np.bincount(mode_N, minlength=len(share_M)) / len(mode_N)
    spread_M = np.sqrt(share_M * (1 - share_M) / len(mode_N))
    assert (abs(seen_M - share_M) < 4.5 * spread_M).all()


def test_density_agrees_with_a_sum_of_normals():
    angles_NA, _, neg_log_p_N = hand_modes.draw_angles(np.random.default_rng(2), "target", 40)
    share = hand.SHARES["source"]
    density_N = np.zeros(len(angles_NA))
    for name, mode in hand_modes.MODES.items():
        spread_A = mode.spread_A()
        covariance_AA = hand_modes._correlation_AA() * np.outer(spread_A, spread_A)
        density_N += share[name] * multivariate_normal(mode.mean_A(), covariance_AA).pdf(angles_NA)
    np.testing.assert_allclose(neg_log_p_N, -np.log(density_N), rtol=1e-4)


def test_rare_modes_are_improbable():
    _, mode_N, neg_log_p_N = hand_modes.draw_angles(np.random.default_rng(3), "source", 40_000)
    mean = {name: neg_log_p_N[mode_N == number].mean() for number, name in enumerate(hand.MODES)}
    hardest_common = max(mean[mode] for mode in COMMON)
    assert all(mean[mode] > hardest_common + 3 for mode in hand.MODES if mode not in COMMON)
    rare_N = np.isin(mode_N, [hand.MODES.index(m) for m in hand.MODES if m not in COMMON])
    rank_N = neg_log_p_N.argsort().argsort()
    positives = rare_N.sum()
    auc = (rank_N[rare_N].sum() - positives * (positives - 1) / 2) / (positives * (~rare_N).sum())
    assert auc > 0.97


# How hands bend


def test_a_flat_hand_is_flat_and_straight():
    points_K3 = right_hands(np.zeros((1, 21)))[0]
    for finger in range(1, 5):
        base, *rest = points_K3[1 + 4 * finger : 5 + 4 * finger]
        length_B = hand_bones.LENGTH_FB[finger]
        for joint, reach in zip(rest, np.cumsum(length_B), strict=True):
            np.testing.assert_allclose(joint, base + np.array([0, reach, 0]), atol=1e-6)


def test_a_right_angle_at_one_joint():
    angles_NA = np.zeros((1, 21))
    angles_NA[0, hand_modes.ANGLES.index("middle PIP flexion")] = 90
    points_K3 = right_hands(angles_NA)[0]
    proximal, middle, distal = hand_bones.LENGTH_FB[2]
    knuckle = hand_bones.BASE_F3[2]
    np.testing.assert_allclose(points_K3[10], knuckle + np.array([0, proximal, 0]), atol=1e-6)
    np.testing.assert_allclose(
        points_K3[12], knuckle + np.array([0, proximal, middle + distal]), atol=1e-6
    )


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_bones_keep_their_lengths_and_joints_their_angles(seed):
    rng = np.random.default_rng(seed)
    angles_NA, _, _ = hand_modes.draw_angles(rng, "target", 8)
    broad_N, length_NFB = hand_bones.draw_proportions(rng, 8)
    base_NF3 = hand_bones.bases(broad_N)
    points_NK3 = hand_bones.pose(angles_NA, base_NF3, length_NFB).keypoints_NK3
    bones_NFB3 = np.diff(points_NK3[:, 1:].reshape(8, 5, 4, 3), axis=2)
    np.testing.assert_allclose(np.linalg.norm(bones_NFB3, axis=-1), length_NFB, atol=1e-5)

    unit_NFB3 = bones_NFB3 / length_NFB[..., None]
    cosine_NF2 = (unit_NFB3[:, :, 1:] * unit_NFB3[:, :, :-1]).sum(-1)
    bend_NF2 = np.stack(
        [
            np.column_stack([angles_NA[:, 3], angles_NA[:, hand_modes.PIP]]),
            np.column_stack([angles_NA[:, 4], angles_NA[:, hand_modes.DIP]]),
        ],
        axis=-1,
    )
    np.testing.assert_allclose(cosine_NF2, np.cos(np.deg2rad(bend_NF2)), atol=1e-4)


def test_what_the_modes_look_like():
    """Distances in palms that make a pose what it is called."""

    def apart(mode: str, first: int, second: int) -> float:
        points_K3 = right_hands(typical(mode))[0]
        return float(np.linalg.norm(points_K3[first] - points_K3[second]))

    assert apart("pinch", 4, 8) < 0.2 < apart("open", 4, 8)
    assert apart("ok sign", 4, 8) < 0.2
    assert apart("ok sign", 0, 20) > 1.4
    assert all(apart("fist", 0, tip) < 1 < apart("open", 0, tip) for tip in TIPS[1:])
    assert apart("victory", 8, 12) > 2 * apart("crossed", 8, 12)
    crossed_K3 = right_hands(typical("crossed"))[0]
    assert crossed_K3[12, 0] > crossed_K3[8, 0], "the middle finger lies on the index's far side"
    assert apart("spread", 8, 20) > 1.3 * apart("open", 8, 20)
    for mode, up in {
        "pointing": (8,),
        "horns": (8, 20),
        "call me": (4, 20),
        "thumb up": (4,),
    }.items():
        reach = {tip: apart(mode, tip, 9) for tip in TIPS}
        assert min(reach[tip] for tip in up) > max(reach[tip] for tip in TIPS if tip not in up)


# What a world promises


def test_half_of_the_hands_are_left_hands():
    drawn = hand.draw(np.random.default_rng(4), "source", 4000)
    figures = hand.figures(drawn.angles_NA, drawn.shape)
    points_NK3 = figures.points_NP3[:, :21]
    palm_N3 = np.cross(points_NK3[:, 5] - points_NK3[:, 17], points_NK3[:, 9])
    right_N = palm_N3[:, 2] > 0  # thumb side x fingers points out of a right hand's palm
    assert 0.46 < right_N.mean() < 0.54
    # Mirrored back, left hands are spread as right hands are.
    points_NK3[~right_N, :, 0] *= -1
    np.testing.assert_allclose(points_NK3[right_N].mean(0), points_NK3[~right_N].mean(0), atol=0.02)


def test_a_hand_is_one_unit_long():
    """From the wrist to the middle finger's tip."""
    flat_K3 = right_hands(np.zeros((1, 21)))[0] / hand._PALMS_A_UNIT
    assert np.linalg.norm(flat_K3[12]) == pytest.approx(1, abs=0.02)


def hidden_from(yaw_deg: float, mode: str) -> np.ndarray:
    """Which keypoints (24, 21) of hands of a mode are hidden, seen from one side."""
    rng = np.random.default_rng(6)
    drawn = hand.draw(rng, "target", 1000)
    figures = hand.figures(drawn.angles_NA, drawn.shape)
    chosen = figures[np.flatnonzero(drawn.mode_N == hand.MODES.index(mode))[:24]]
    view = View((yaw_deg, yaw_deg), (0.0, 1.0), (0.0, 1.0), (3.0, 3.0))
    cameras = camera.aim(camera.draw(rng, view, len(chosen)), chosen.points_NP3, 64)
    return hiding.hidden(hand, chosen, cameras)


def test_the_back_of_a_fist_hides_the_fingertips():
    assert hidden_from(180, "fist")[:, TIPS[1:]].mean() > 0.9
    assert hidden_from(0, "fist")[:, [6, 10, 14]].mean() < 0.4
    for yaw in (0, 180):
        assert hidden_from(yaw, "spread").mean() < 0.03
    assert hidden_from(90, "open").mean() > 0.2


@pytest.mark.parametrize("poses", ["source", "target"])
def test_a_sample_depends_on_its_number_and_not_on_how_many_there_are(poses):
    few = worlds.sample("hand", poses, 30, seed=3, split="train", side=64)
    many = worlds.sample("hand", poses, 3000, seed=3, split="train", side=64)
    first = np.arange(30)
    for name in ("keypoints_NK2", "occluded_NK", "neg_log_p_N", "mode_N"):
        np.testing.assert_array_equal(
            getattr(few.table, name), getattr(many.table.select(first), name)
        )
    other = worlds.sample("hand", poses, 30, seed=3, split="test", side=64)
    assert not np.array_equal(few.table.keypoints_NK2, other.table.keypoints_NK2)
    for look in ("synthetic", "photo"):
        np.testing.assert_array_equal(
            worlds.paint(few, look, np.arange(4)), worlds.paint(many, look, np.arange(4))
        )
