"""Make the mannequin of the worlds: `src/posesift/data/worlds/mannequin.npz`.

    python -m venv people && people/bin/pip install anny fast-simplification scipy
    people/bin/python tools/make_mannequin.py

Needs the Python packages anny (Apache-2.0), fast-simplification and scipy, and nothing of PoseSift
but its rasterizer; whoever uses PoseSift needs neither of the first two. Surfaces, weights and
shapes are those of MakeHuman's base mesh, which is CC0. The same versions write the same arrays;
`mannequin.CONTENT` is their checksum.

For the body and for the right hand with its forearm:

* adults are drawn at random, moved to one frame and one size;
* the mean surface is made of fewer triangles, whose corners are corners of MakeHuman's surface;
* corners and joints are fitted as polynomials of six traits: sex, age (young to old adult), muscle,
  weight, height and proportions;
* weights of MakeHuman's 104 bones are added up to those of the world's few.

Names: N people, V vertices, T triangles, D shape directions, B bones, J joints, 3 = (x, y, z).
"""

from __future__ import annotations

import itertools
from pathlib import Path

import anny
import numpy as np
import torch
from meshes import along, fitted, normals, openness, thinned

TARGET = Path(__file__).parents[1] / "src/posesift/data/worlds/mannequin.npz"
PEOPLE = 500
TRAITS = ("sex", "age", "muscle", "weight", "height", "proportions")
YOUNGEST = 2 / 3  # of anny's age: 25 years; 1 is 90
FRAME = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float32)  # to x left, y up, z front

# Ranges of vertices of MakeHuman's base mesh.
BODY, EYES, SKIRT, HAIR = (0, 13380), (14598, 14742), (18002, 18722), (18722, 19150)

# Groups of MakeHuman's bones: what their names begin with, and end with.
BODY_BONES = {
    "pelvis": (("root", "pelvis", "spine05"), ""),
    "waist": (("spine04", "spine03"), ""),
    "chest": (("spine02", "spine01", "clavicle"), ""),
    "neck": (("neck01",), ""),
    "nape": (("neck02",), ""),
    "head": (("neck03", "head", "eye"), ""),
} | {
    f"{side} {bone}": (names, f".{side[0].upper()}")
    for side in ("left", "right")
    for bone, names in {
        "shoulder": ("shoulder01",),
        "upper arm": ("upperarm01",),
        "lower upper arm": ("upperarm02",),
        "forearm": ("lowerarm",),
        "hand": ("wrist", "metacarpal", "finger"),
        "thigh": ("upperleg01",),
        "lower thigh": ("upperleg02",),
        "shin": ("lowerleg",),
        "foot": ("foot", "toe"),
    }.items()
}
THUMB_TURN = np.deg2rad(-75)  # of its ball about its last bone, from the palm's front
FINGERS = ("thumb", "index", "middle", "ring", "little")
HAND_BONES = {"forearm": (("lowerarm",), ".R"), "palm": (("wrist",), ".R")}
for _number, _finger in enumerate(FINGERS, 1):
    for _bone in (1, 2, 3):
        HAND_BONES[f"{_finger} {_bone}"] = ((f"finger{_number}-{_bone}",), ".R")
    if _number > 1:
        HAND_BONES[f"{_finger} root"] = ((f"metacarpal{_number - 1}",), ".R")


class People:
    """Adults of the whole mesh, with their bones."""

    def __init__(self, count: int) -> None:
        model = anny.Anny(topology="anny-full", phenotype_blendshapes="original")
        drawn = torch.rand(count, len(TRAITS), generator=torch.Generator().manual_seed(0))
        drawn[0] = 0.5
        self.traits_NT = (2 * drawn - 1).numpy()
        drawn[:, 1] = YOUNGEST + (1 - YOUNGEST) * drawn[:, 1]
        identity = torch.eye(4)[None, None].repeat(count, len(model.bone_labels), 1, 1)
        choice = {name: drawn[:, t] for t, name in enumerate(model.phenotype_labels)}
        with torch.no_grad():
            made = model(pose_parameters=identity, phenotype_kwargs=choice)
        self.vertices_NV3 = made["rest_vertices"].numpy() @ FRAME.T
        self.heads_NB3 = made["rest_bone_heads"].numpy() @ FRAME.T
        self.bones = list(model.bone_labels)
        self.faces_T3 = model.faces.numpy()
        self.weights_VB = np.zeros((self.vertices_NV3.shape[1], len(self.bones)), np.float32)
        rows = np.arange(len(self.weights_VB))[:, None]
        np.add.at(
            self.weights_VB,
            (rows, model.vertex_bone_indices.numpy()),
            model.vertex_bone_weights.numpy(),
        )

    def head(self, bone: str) -> np.ndarray:
        """Where a bone begins, (N, 3)."""
        return self.heads_NB3[:, self.bones.index(bone)]

    def grouped(self, groups: dict[str, tuple[tuple[str, ...], str]]) -> np.ndarray:
        """Weights (V, B) of groups of bones."""
        of_BX = [
            [bone.startswith(begin) and bone.endswith(end) for bone in self.bones]
            for begin, end in groups.values()
        ]
        return self.weights_VB @ np.array(of_BX, np.float32).T


def helper_faces(first: int, last: int) -> np.ndarray:
    """Triangles (T, 3) of a helper surface of MakeHuman's base mesh."""
    path = Path(anny.__file__).parent / "data/mpfb2/3dobjs/base.obj"
    triangles = []
    for line in path.read_text().splitlines():
        if line.startswith("f "):
            corners = [int(token.split("/")[0]) - 1 for token in line.split()[1:]]
            if all(first <= corner < last for corner in corners):
                triangles += [(corners[0], b, c) for b, c in itertools.pairwise(corners[1:])]
    return np.array(triangles)


def pack(name, people, points_NV3, joints, faces_parts, weights_VB, fields, kept=16) -> dict:
    """Arrays of one mannequin: vertices in use alone, numbered anew."""
    faces_T3 = np.concatenate([f for f, _ in faces_parts])
    part_T = np.concatenate([np.full(len(f), p, np.uint8) for f, p in faces_parts])
    used = np.unique(faces_T3)
    faces_T3 = np.searchsorted(used, faces_T3)
    joint_NJ3 = np.stack(list(joints.values()), 1)
    both = np.concatenate([points_NV3[:, used], joint_NJ3], 1)
    mean, directions, exponents_DT = fitted(people.traits_NT, both, kept)
    split = len(used)
    order_V4 = np.argsort(-weights_VB[used], axis=1, kind="stable")[:, :4]
    best_V4 = np.take_along_axis(weights_VB[used], order_V4, 1)
    best_V4 /= np.maximum(best_V4.sum(1, keepdims=True), 1e-9)
    print(f"  {name}: {len(used)} vertices, {len(faces_T3)} triangles")
    arrays = {
        "rest": mean[:split].astype(np.float32).round(5),
        "shape": directions[:, :split].astype(np.float16),
        "joint": mean[split:].astype(np.float32).round(5),
        "joint_shape": directions[:, split:].astype(np.float32).round(5),
        "exponents": exponents_DT,
        "faces": faces_T3.astype(np.uint16),
        "part": part_T,
        "bone": order_V4.astype(np.uint8),
        "weight": np.rint(255 * best_V4).astype(np.uint8),
        "joint_names": np.array(list(joints)),
        "field_names": np.array(list(fields)),
        "fields": np.stack([f[used] for f in fields.values()], 1).astype(np.float16),
    }
    return {f"{name}/{key}": value for key, value in arrays.items()}


def body(people: People) -> dict:
    """The whole figure: one unit is its height, the middle between the hips is the origin."""
    points, heads = people.vertices_NV3, people.head
    height_N11 = np.ptp(points[:, : BODY[1], 1], axis=1)[:, None, None]
    origin_N13 = ((heads("upperleg01.L") + heads("upperleg01.R")) / 2)[:, None]
    points = (points - origin_N13) / height_N11
    top = int(points[0, : BODY[1], 1].argmax())

    def at(bone: str) -> np.ndarray:
        return (heads(bone) - origin_N13[:, 0]) / height_N11[:, 0]

    joints: dict[str, np.ndarray] = {}
    for side, s in (("left", "L"), ("right", "R")):
        shoulder, below = at(f"upperarm01.{s}"), at(f"upperarm02.{s}")
        joints |= {
            f"{side} shoulder": shoulder + 0.12 * (below - shoulder),
            f"{side} elbow": at(f"lowerarm01.{s}"),
            f"{side} wrist": at(f"wrist.{s}"),
            f"{side} knuckle": at(f"finger3-1.{s}"),
            f"{side} hip": at(f"upperleg01.{s}"),
            f"{side} knee": at(f"lowerleg01.{s}"),
            f"{side} ankle": at(f"foot.{s}"),
            f"{side} toe": at(f"toe3-1.{s}"),
        }
    shoulders = (joints["left shoulder"] + joints["right shoulder"]) / 2
    crown = points[:, top].copy()
    crown[:, 0] = 0
    joints["thorax"] = shoulders + np.array([0, 0.022, 0])
    joints["pelvis"] = np.zeros_like(shoulders)
    joints["neck"] = at("neck01") + 0.35 * (at("neck03") - at("neck01"))
    joints["neck"][:, 1] = crown[:, 1] - 0.138
    joints["top"] = crown

    mean = points.mean(0)
    weights_VB = people.grouped(BODY_BONES)
    limbs = [b for b, bone in enumerate(BODY_BONES) if bone.split(" ", 1)[-1] in
             ("upper arm", "lower upper arm", "forearm", "hand")]  # fmt: skip
    arm_weight = weights_VB[:, limbs].sum(1)
    right = mean * [-1, 1, 1]
    chain = ("shoulder", "elbow", "wrist", "knuckle")
    path_J3 = np.stack([joints[f"left {j}"].mean(0) for j in chain])
    arm = along(np.where(mean[:, :1] > 0, mean, right), path_J3)
    shoulder_gap = (np.abs(mean[:, 0]) - joints["left shoulder"].mean(0)[0]) / 0.15
    arm = arm_weight * arm + (1 - arm_weight) * np.minimum(shoulder_gap, 0)
    heights = [joints[f"left {j}"].mean(0)[1] for j in ("hip", "knee", "ankle")]
    floor = mean[: BODY[1], 1].min()
    leg = np.interp(-mean[:, 1], [-1 + heights[0], *(-h for h in heights), -floor],
                    [-1 / (heights[0] - heights[1]), 0, 1, 2, 3])  # fmt: skip
    at_shoulder = np.interp(-joints["left shoulder"].mean(0)[1], [-1 + heights[0], -heights[0]],
                            [-1 / (heights[0] - heights[1]), 0])  # fmt: skip
    leg = arm_weight * at_shoulder + (1 - arm_weight) * leg

    head_low, head_high = joints["neck"].mean(0)[1] + 0.012, crown.mean(0)[1]
    middle = np.array([0, (head_low + head_high) / 2, joints["neck"].mean(0)[2] + 0.022])
    u = (mean - middle) / ((head_high - head_low) / 2)
    hair = 0.62 * u[:, 1] - 0.78 * u[:, 2] - 0.25 * np.abs(u[:, 0]) * (u[:, 1] < 0.5)

    shell, solid = np.arange(len(mean)), people.faces_T3
    whole = solid[(solid < BODY[1]).all(1) | ((solid >= EYES[0]) & (solid < EYES[1])).all(1)]
    open_V = openness(mean, whole)
    # Hands, feet and head have many small triangles: seen smaller, they keep fewer.
    smaller = mean.copy()
    for side, sign in (("left", 1), ("right", -1)):
        for joint, field, start, factor in (("wrist", arm, 2.0, 0.5), ("ankle", leg, 2.1, 0.45)):
            centre = joints[f"{side} {joint}"].mean(0)
            chosen = (field > start) & (mean[:, 0] * sign > 0)
            smaller[chosen] = centre + factor * (mean[chosen] - centre)
    chosen = mean[:, 1] > joints["neck"].mean(0)[1]
    smaller[chosen] = joints["neck"].mean(0) + 0.9 * (mean[chosen] - joints["neck"].mean(0))
    hair_faces = helper_faces(*HAIR)
    place = mean[hair_faces]
    front = (place[..., 2] > 0.03) & (place[..., 1] < crown.mean(0)[1] - 0.045)
    front |= (place[..., 2] > -0.005) & (place[..., 1] < crown.mean(0)[1] - 0.085)
    parts = [
        (thinned(smaller, whole, 4200), 0),
        (thinned(mean, helper_faces(*SKIRT), 420), 1),
        (hair_faces[~front.any(1)], 2),
    ]
    eye = ((shell >= EYES[0]) & (shell < EYES[1])).astype(float)
    open_V[BODY[1] :] = 1.0
    fields = {"arm": arm, "leg": leg, "hair": hair, "open": open_V, "eye": eye}
    return pack("body", people, points, joints, parts, weights_VB, fields)


def hand(people: People) -> dict:
    """A right hand with its forearm: one unit is its palm, the wrist is the origin.

    x lies towards the thumb, y towards the middle knuckle, z out of the palm.
    """
    wrist, middle = people.head("wrist.R"), people.head("finger3-1.R")
    index, little = people.head("finger2-1.R"), people.head("finger5-1.R")
    y = middle - wrist
    palm_N1 = np.linalg.norm(y, axis=1, keepdims=True)
    y /= palm_N1
    x = index - little
    x -= (x * y).sum(1, keepdims=True) * y
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    turn_N33 = np.stack([x, y, np.cross(x, y)], 1)

    def placed(points_NP3: np.ndarray) -> np.ndarray:
        return np.einsum("nij,npj->npi", turn_N33, points_NP3 - wrist[:, None]) / palm_N1[:, None]

    points = placed(people.vertices_NV3)
    mean = points.mean(0)
    weights_VB = people.grouped(HAND_BONES)
    names = list(HAND_BONES)
    joints = {"wrist": placed(wrist[:, None])[:, 0]}
    joints["elbow"] = placed(people.head("lowerarm01.R")[:, None])[:, 0]
    solid = people.faces_T3
    whole = solid[(solid < BODY[1]).all(1)]
    out_V3 = normals(mean, whole)
    tip_field, nail_field = np.zeros(len(mean)), np.full(len(mean), -1.0)
    for number, finger in enumerate(FINGERS, 1):
        chain = [placed(people.head(f"finger{number}-{b}.R")[:, None])[:, 0] for b in (1, 2, 3)]
        last_V = np.flatnonzero(weights_VB[:, names.index(f"{finger} 3")] > 0.5)
        last_V = last_V[last_V < BODY[1]]
        step = chain[2] - chain[1]
        step /= np.linalg.norm(step, axis=1, keepdims=True)
        reach_NV = ((points[:, last_V] - chain[2][:, None]) * step[:, None]).sum(2)
        ends = last_V[np.argsort(-reach_NV.mean(0))[:12]]
        ball = points[:, ends].mean(1)
        length_N1 = ((ball - chain[2]) * step).sum(1, keepdims=True)
        side = ball - chain[2] - length_N1 * step  # the tip hangs where the ball of the finger is
        chain.append(chain[2] + 0.86 * length_N1 * step + 0.86 * side)
        for b, joint in enumerate(chain):
            joints[f"{finger} {b + 1}"] = joint
        t = reach_NV.mean(0) / length_N1.mean()
        tip_field[last_V] = t
        # A nail lies on the back of the finger.
        axis = (chain[3] - chain[2]).mean(0)
        axis /= np.linalg.norm(axis)
        front = np.array([0, 0, 1.0]) - axis[2] * axis
        front /= np.linalg.norm(front)
        if finger == "thumb":
            front = np.cos(THUMB_TURN) * front + np.sin(THUMB_TURN) * np.cross(axis, front)
        nail_field[last_V] = -out_V3[last_V] @ front
    arm_V = weights_VB.sum(1)
    chosen = solid[
        ((arm_V[solid] > 0.5) & (mean[solid][..., 1] > -2.1)).all(1) & (solid < BODY[1]).all(1)
    ]
    open_V = openness(mean, chosen, 900)
    fields = {"open": open_V, "tip": tip_field, "palm": out_V3[:, 2], "nail": nail_field}
    parts = [(thinned(mean, chosen, 2400), 0)]
    return pack("hand", people, points, joints, parts, weights_VB, fields, kept=10)


def main() -> None:
    """Write the file."""
    people = People(PEOPLE)
    arrays = body(people) | hand(people)
    arrays |= {"traits": np.array(TRAITS), "body/bones": np.array(list(BODY_BONES)),
               "hand/bones": np.array(list(HAND_BONES))}  # fmt: skip
    np.savez_compressed(TARGET, **arrays)
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
