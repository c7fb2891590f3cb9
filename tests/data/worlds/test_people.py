"""People and hands: they stand where the labels say, and are painted as they stand."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.data.worlds.slow_rasterizer import rasterize_slowly

from posesift.data import worlds
from posesift.data.worlds import (
    body,
    body_modes,
    body_outfit,
    body_shape,
    camera,
    hand,
    hiding,
    mannequin,
    people,
)
from posesift.data.worlds.body_outfit import BOTTOM, HAIR, SHOE, SKIN, SOLE, TOP
from posesift.data.worlds.figure import Figures, View
from posesift.data.worlds.rasterizer import rasterize

BY_NAME = {"body": body, "hand": hand}
FRONT = View((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (4.0, 4.0))


@pytest.fixture(scope="module", params=worlds.WORLDS)
def drawn(request):
    """Some figures in all modes, 64 px."""
    return worlds.sample(request.param, "target", n=40, seed=11)


def bare(drawn, rows) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Surfaces without clothes in px and units, and the triangles that face the camera."""
    world = BY_NAME[drawn.name]
    figures, cameras = drawn.figures[rows], drawn.cameras[rows]
    points_MV2, depth_MV = cameras.see(people.surfaces(world, figures)[0])
    model = mannequin.load(world.MANNEQUIN)
    skin_T3 = model.corners_T3[model.part_T == 0]
    facing = [
        skin_T3[people.facing(points_V2, skin_T3, mirrored)]
        for points_V2, mirrored in zip(points_MV2, figures.mirrored_N.tolist(), strict=True)
    ]
    return points_MV2, depth_MV, facing


# Labels


def test_keypoints_lie_on_the_bodies(drawn):
    """Under each keypoint the bare surface is seen, in pictures of 256 px within a pixel."""
    world, rows = BY_NAME[drawn.name], np.arange(24)
    points_MV2, depth_MV, facing = bare(drawn, rows)
    for m in rows:
        near_P, _ = rasterize_fast(points_MV2[m], depth_MV[m], facing[m], 64, 4)
        covered = cv2.dilate((near_P > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
        place_K2 = np.rint((drawn.table.keypoints_NK2[m] + 0.5) * 4 - 0.5).astype(int)
        inside_K = ((place_K2 >= 0) & (place_K2 < 256)).all(1)
        assert covered[place_K2[inside_K, 1], place_K2[inside_K, 0]].all()
    assert len(world.FLESH) == len(drawn.table.skeleton)


def rasterize_fast(points_V2, depth_V, corners_T3, side, fine):
    found = rasterize((points_V2 + 0.5) * fine - 0.5, 1 / depth_V, corners_T3, side * fine)
    near, triangle = np.zeros((side * fine) ** 2), np.full((side * fine) ** 2, -1)
    near[found.pixel_F], triangle[found.pixel_F] = found.near_F, found.triangle_F
    return near.reshape(side * fine, -1), triangle.reshape(side * fine, -1)


def test_each_keypoint_lies_in_its_own_limb():
    """Where nothing hides a limb, the vertices about its keypoint follow that limb's bones."""
    sample = worlds.sample("body", "source", n=24, seed=2)
    model = mannequin.load("body")
    surface_NV3 = people.surfaces(body, sample.figures)[0][:, model.place.part_P == 0]
    follows_V = model.weight_VB[model.place.part_P == 0].argmax(1)
    for k, bones in own_bones(sample.table.skeleton.keypoints).items():
        apart_NV = np.linalg.norm(surface_NV3 - sample.figures.points_NP3[:, k, None], axis=2)
        nearest_N = follows_V[apart_NV.argmin(1)]
        assert np.isin(nearest_N, bones).mean() > 0.9, sample.table.skeleton.keypoints[k]


def own_bones(keypoints: tuple[str, ...]) -> dict[int, list[int]]:
    """The mannequin's bones on either side of each joint of arms and legs."""
    known = mannequin.load("body").bones
    beside = {
        "wrist": ("forearm", "hand"), "elbow": ("forearm", "lower upper arm"),
        "knee": ("lower thigh", "shin"), "ankle": ("shin", "foot"),
    }  # fmt: skip
    sided = [name.partition("_")[::2] for name in keypoints]
    return {
        k: [known.index(f"{side} {bone}") for bone in beside[joint]]
        for k, (side, joint) in enumerate(sided)
        if joint in beside
    }


def test_joints_are_seen_on_their_own_limbs_where_they_are_not_occluded():
    """Look at the picture of the bare mesh: whose skin is there, right at each joint?"""
    sample = worlds.sample("body", "target", n=60, seed=3)
    model = mannequin.load("body")
    points_MV2, depth_MV, facing = bare(sample, np.arange(60))
    own = own_bones(sample.table.skeleton.keypoints)
    found: dict[bool, list[bool]] = {False: [], True: []}
    for m, hidden_K in enumerate(sample.table.occluded_NK):
        _, triangle_HW = rasterize_fast(points_MV2[m], depth_MV[m], facing[m], 64, 3)
        for k in filter(sample.table.visible_NK[m].__getitem__, own):
            x, y = np.rint((sample.table.keypoints_NK2[m, k] + 0.5) * 3 - 0.5).astype(int)
            t = triangle_HW[min(y, 191), min(x, 191)]
            bone = model.weight_VB[facing[m][t]].sum(0).argmax()
            found[bool(hidden_K[k])].append(t >= 0 and bone in own[k])
    assert np.mean(found[False]) > 0.97
    assert np.mean(found[True]) < 0.4  # where a limb points at the camera it hides its own joint
    assert len(found[True]) > 60


def test_left_and_right_are_not_exchanged():
    """The mirror image of a pose is painted as the mirror image of the body."""
    angles_NA = np.zeros((1, len(body_modes.ANGLES)))
    angles_NA[0, body_modes.ANGLES.index("left_arm_out")] = 80
    angles_NA[0, body_modes.ANGLES.index("right_hip_flex")] = 60
    lengths = {name: np.array([length]) for name, length in body_shape.BONES.items()}
    covered = []
    for angles in (angles_NA, body_modes.mirrored(angles_NA)):
        figures = still(body_shape.pose(angles, lengths), angles)
        cameras = aimed(figures, 96)
        centred = replace(cameras, corner_N2=np.full((1, 2), -48 / cameras.zoom_N[0], np.float32))
        points_MV2, depth_MV = centred.see(people.surfaces(body, figures)[0])
        model = mannequin.load("body")
        near_P, _ = rasterize_fast(points_MV2[0], depth_MV[0], model.worn(())[0], 96, 2)
        covered.append(near_P > 0)
        keypoints_K2, _ = centred.see(figures.points_NP3[:, :16])
        left = keypoints_K2[0, body_shape.L_WRIST, 0] > keypoints_K2[0, body_shape.R_WRIST, 0]
        assert left  # seen from the front, the own left is on the right
    overlap = covered[0] & covered[1][:, ::-1]
    assert overlap.sum() / (covered[0] | covered[1][:, ::-1]).sum() > 0.93
    exchanged = covered[0] & covered[1]
    assert exchanged.sum() / (covered[0] | covered[1]).sum() < 0.8


def still(points_NP3, angles_NA) -> Figures:
    traits_NT = np.zeros((len(points_NP3), len(mannequin.TRAITS)), np.float32)
    mirrored_N = np.zeros(len(points_NP3), bool)
    return Figures(
        points_NP3.astype(np.float32), angles_NA.astype(np.float32), traits_NT, mirrored_N
    )


def aimed(figures: Figures, side: int) -> camera.Cameras:
    """Cameras in front of the figures."""
    cameras = camera.draw(np.random.default_rng(0), FRONT, len(figures))
    return camera.aim(cameras, figures.points_NP3, side)


def test_left_hands_are_mirrored_right_hands():
    made = hand.draw(np.random.default_rng(0), "target", 64)
    right = hand.figures(made.angles_NA, made.shape)
    right = replace(right, mirrored_N=np.zeros(64, bool))
    right.points_NP3[..., 0] = np.abs(right.points_NP3[..., 0])  # any hand will do
    left = replace(
        right, points_NP3=right.points_NP3 * np.float32([-1, 1, 1]), mirrored_N=np.ones(64, bool)
    )
    mirrored = people.surfaces(hand, left)[0] * np.float32([-1, 1, 1])
    np.testing.assert_allclose(mirrored, people.surfaces(hand, right)[0], atol=1e-5)


# Occlusion


def test_occluded_is_what_a_ray_from_the_camera_meets_first(drawn):
    """Rays in space (Möller and Trumbore), in the figures' own frames, without any picture."""
    world = BY_NAME[drawn.name]
    model = mannequin.load(world.MANNEQUIN)
    corners_T3 = model.corners_T3[model.part_T == 0]
    surface_NV3 = people.surfaces(world, drawn.figures)[0].astype(float)
    _, depth_NK = drawn.cameras.see(drawn.figures.points_NP3[:, : len(world.FLESH)])
    agree, shares = [], []
    for n in range(12):
        turn_33 = drawn.cameras.turn_N33[n].astype(float)
        eye_3 = drawn.cameras.centre_N3[n] + drawn.cameras.distance_N[n] * turn_33[2]
        for k, flesh in enumerate(world.FLESH):
            t = first_hit(eye_3, drawn.figures.points_NP3[n, k] - eye_3, surface_NV3[n], corners_T3)
            agree.append(
                (t * depth_NK[n, k] < depth_NK[n, k] - flesh) == drawn.table.occluded_NK[n, k]
            )
            shares.append(drawn.table.occluded_NK[n, k])
    assert np.mean(agree) > 0.99
    assert 0.05 < np.mean(shares) < 0.6


def first_hit(eye_3, way_3, surface_V3, corners_T3) -> float:
    """How much of the way it is to the first triangle; inf where there is none."""
    a_T3, b_T3, c_T3 = surface_V3[corners_T3].swapaxes(0, 1)
    one_T3, two_T3 = b_T3 - a_T3, c_T3 - a_T3
    across_T3 = np.cross(way_3, two_T3)
    det_T = (one_T3 * across_T3).sum(1)
    start_T3 = eye_3 - a_T3
    u_T = (start_T3 * across_T3).sum(1) / det_T
    turned_T3 = np.cross(start_T3, one_T3)
    v_T = turned_T3 @ way_3 / det_T
    t_T = (two_T3 * turned_T3).sum(1) / det_T
    hit_T = (u_T >= 0) & (v_T >= 0) & (u_T + v_T <= 1) & (t_T > 0)
    return float(t_T[hit_T].min(initial=np.inf))


def test_a_hand_behind_the_back_is_hidden_and_one_in_front_is_not():
    lengths = {name: np.array([length] * 2) for name, length in body_shape.BONES.items()}
    angles_NA = np.zeros((2, len(body_modes.ANGLES)))
    for name, value in (("left_arm_flex", 45), ("left_elbow_flex", 100), ("left_arm_rot", -70)):
        angles_NA[:, body_modes.ANGLES.index(name)] = value
    figures = still(body_shape.pose(angles_NA, lengths), angles_NA)
    cameras = aimed(figures, 64)
    behind = camera.rotation(np.array([0.0, 180.0]), np.zeros(2), np.zeros(2))
    hidden_NK = hiding.hidden(body, figures, replace(cameras, turn_N33=behind))
    assert hidden_NK[:, body_shape.L_WRIST].tolist() == [False, True]
    assert not hidden_NK[:, [body_shape.R_KNEE, body_shape.R_ANKLE, body_shape.R_WRIST]].any()


# Pictures


def test_silhouettes_agree_with_a_slow_rasterizer(drawn):
    world, side = BY_NAME[drawn.name], 48
    sample = worlds.sample(drawn.name, "target", n=3, seed=11, side=side)
    model = mannequin.load(world.MANNEQUIN)
    rngs = [np.random.default_rng(i) for i in range(3)]
    painted = list(people.paint(world, sample.figures, sample.cameras, rngs, "synthetic", side))
    outfits = [world.outfit(np.random.default_rng(i), "synthetic") for i in range(3)]
    off_MV = np.stack([outfit.stand_off(model.place) for outfit in outfits])
    points_MV2, depth_MV = sample.cameras.see(people.surfaces(world, sample.figures, off_MV)[0])
    for m, (figure_HW3, alpha_HW1) in enumerate(painted):
        corners_T3, _ = model.worn(outfits[m].parts)
        near_P, _ = rasterize_slowly(points_MV2[m], 1 / depth_MV[m], corners_T3, side)
        covered, alpha = near_P.reshape(side, side) > 0, alpha_HW1[..., 0] > 0.5
        assert (covered & alpha).sum() / (covered | alpha).sum() > 0.95
        assert np.isfinite(figure_HW3).all()
        assert (figure_HW3 <= 255 * alpha_HW1 + 0.01).all()


def test_figures_stand_out_and_differ(drawn):
    images = worlds.paint(drawn, "synthetic", range(12)).astype(float)
    ground = images[:, :1, :1]
    shown = np.abs(images - ground).max(3) > 12
    assert (shown.mean((1, 2)) > 0.03).all()
    assert images.std(0).mean() > 10


# The mannequins and what they wear


def test_the_data_are_those_that_the_tool_wrote():
    assert mannequin.DATA.stat().st_size < 1_000_000
    assert mannequin.DATA.with_suffix(".md").exists()  # says whose they are
    digest = hashlib.sha256()
    with np.load(mannequin.DATA) as data:
        for key in sorted(data.files):
            digest.update(key.encode() + np.ascontiguousarray(data[key]).tobytes())
    assert digest.hexdigest() == mannequin.CONTENT


@pytest.mark.parametrize("name", ["body", "hand"])
def test_a_mannequin_is_sound(name):
    model = mannequin.load(name)
    assert model.corners_T3.max() == len(model.rest_V3) - 1
    np.testing.assert_allclose(model.weight_VB.sum(1), 1, atol=1e-5)
    for traits in (np.zeros(6), np.ones(6), -np.ones(6)):
        surface_NV3, joint_NJ3 = model.shaped(traits[None])
        assert np.isfinite(surface_NV3).all()
        assert np.isfinite(joint_NJ3).all()
    low, high = model.rest_V3.min(0), model.rest_V3.max(0)
    if name == "body":
        assert high[1] - low[1] == pytest.approx(1.0, abs=0.01)
        assert model.joint_J3[model.joints.index("left wrist"), 0] > 0.1


def test_women_and_men_old_and_heavy_people_have_other_shapes():
    model = mannequin.load("body")
    skin = model.place.part_P == 0

    def width(**traits: float) -> float:
        row = np.array([[traits.get(t, 0.0) for t in mannequin.TRAITS]])
        surface = model.shaped(row)[0][0][skin]
        belly = np.abs(surface[:, 1] - 0.1) < 0.03
        belly &= np.abs(surface[:, 0]) < 0.15
        return float(np.ptp(surface[belly, 2]))

    assert width(weight=1) > width() + 0.02 > width(weight=-1) + 0.02


@pytest.mark.parametrize("world", worlds.WORLDS)
def test_the_build_of_a_scene_makes_the_traits(world):
    scene, module = worlds.draw(world, "source", range(50)), worlds.world_module(world)
    traits_NT = module.figures(scene.angles_NA, scene.shape).traits_NT
    assert np.abs(traits_NT).max() <= 1
    assert (traits_NT.std(0) > 0.1).all()
    for t, (name, trait) in enumerate(mannequin.TRAITS.items()):
        column = name if name in scene.shape else "stout"
        shape = scene.shape | {column: np.full(50, module.SHAPE[column].high, trait.kind)}
        most_NT = module.figures(scene.angles_NA, shape).traits_NT
        assert (most_NT[:, t] == 1).all(), name
        others = np.arange(len(mannequin.TRAITS)) != t
        assert np.array_equal(most_NT[:, others], traits_NT[:, others])


def test_clothes_lie_where_they_belong():
    place = mannequin.load("body").place
    arm, leg = place.field_P["arm"], place.field_P["leg"]
    height = place.rest_P3[:, 1]
    for seed in range(60):
        outfit = body_outfit.draw(np.random.default_rng(seed), "photo")
        found = outfit.covering(place)
        skin = place.part_P == 0
        top, bottom = (found == TOP) & skin, (found == BOTTOM) & skin
        assert not top[arm > max(outfit.sleeve, 0.3)].any()
        assert not bottom[(leg > max(outfit.length, outfit.skirt)) | (arm > 0.5)].any()
        assert np.isin(found[(arm > 2.1) & skin], [SKIN]).all()  # hands are bare
        assert (height[(found == HAIR) & skin] > 0.3).all()
        shoes = np.isin(found, [SHOE, SOLE])
        assert (leg[shoes] > 1.5).all()
        trunk = skin & (np.abs(leg + 0.2) < 0.15) & (arm < 0)
        assert (found[trunk] != SKIN).mean() > (0.2 if outfit.sleeve < -1 else 0.9)
        off = outfit.stand_off(place)
        assert (off >= 0).all()
        assert off.max() < 0.05


def test_patterns_are_worn_in_the_photo_look_alone():
    kinds = [
        {body_outfit.draw(np.random.default_rng(s), look).top.pattern for s in range(80)}
        for look in worlds.LOOKS
    ]
    assert kinds == [{"plain"}, set(body_outfit.PATTERNS)]
