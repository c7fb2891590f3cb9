"""Poses of body16 drawn by the tests: a narrow mode, and a heavy tail of rare ones."""

from __future__ import annotations

import numpy as np

from posesift import skeletons
from posesift.poses import PoseTable

BODY = skeletons.load("body16")

# A standing figure in units of the trunk, y down, in the skeleton's order.
STANDING = np.array(
    [
        *([-0.2, 1.64], [-0.2, 0.82], [-0.17, 0.0], [0.17, 0.0], [0.2, 0.82], [0.2, 1.64]),
        *([0.0, 0.0], [0.0, -0.9], [0.0, -1.0], [0.0, -1.5]),
        *([-0.5, 0.1], [-0.45, -0.35], [-0.4, -0.95], [0.4, -0.95], [0.45, -0.35], [0.5, 0.1]),
    ]
)


def poses(n: int, seed: int = 0, rare_share: float = 0.05, hidden: float = 0.0):
    """A table of n figures of any size and place; `mode` tells the rare ones."""
    rng = np.random.default_rng(seed)
    rare_N = rng.random(n) < rare_share
    spread_N = np.where(rare_N, 0.35, 0.05)
    bend_N4 = rng.normal(size=(n, 4)) * spread_N[:, None]
    points_NK2 = np.repeat(STANDING[None], n, 0)
    for joint, (moved, centre) in enumerate(
        [([0], 1), ([0, 1], 2), ([10], 11), ([10, 11], 12)]
    ):  # knee, hip, elbow and shoulder of the right side turn
        turn = bend_N4[:, joint] * 4
        cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
        x, y = np.moveaxis(points_NK2[:, moved] - points_NK2[:, [centre]], -1, 0)
        turned = np.stack([cosine * x - sine * y, sine * x + cosine * y], -1)
        points_NK2[:, moved] = points_NK2[:, [centre]] + turned
    points_NK2 += rng.normal(0, 0.01, points_NK2.shape)
    scale_N11 = rng.uniform(20, 200, (n, 1, 1))
    place_N12 = rng.uniform(200, 900, (n, 1, 2))
    return PoseTable(
        skeleton=BODY,
        keypoints_NK2=(points_NK2 * scale_N11 + place_N12).astype(np.float32),
        visible_NK=rng.random((n, 16)) >= hidden,
        width_N=np.full(n, 1200, np.int32),
        height_N=np.full(n, 1200, np.int32),
        mode_N=np.where(rare_N, "wild", "stand").astype(object),
        share={"stand": 1 - rare_share, "wild": 0.01},
        address="poses:drawn",
    )
