"""Which keypoints a figure hides with its own body: rays from the camera to each keypoint.

A keypoint lies inside its limb, under so much flesh. It counts as hidden where the surface that the
camera sees there, which is the depth buffer at that very place, is nearer than that flesh reaches.
Clothes hide nothing that the body does not: they belong to the look, labels do not.

Names: N figures, M of them at a time, K keypoints, V vertices, T triangles, H pairs of a keypoint
and a triangle, 2 = (x, y), 3 = corners.
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds import mannequin, people
from posesift.data.worlds.camera import Cameras
from posesift.data.worlds.figure import Figures, World

_TOGETHER = 64


def hidden(world: World, figures: Figures, cameras: Cameras) -> np.ndarray:
    """Whether each keypoint is hidden by the figure's own body: bool (N, K).

    Args:
        world: whose figures they are; `World.FLESH` has one value a keypoint.
        figures: N of them.
        cameras: their cameras.
    """
    model = mannequin.load(world.MANNEQUIN)
    skin_T3 = model.corners_T3[model.part_T == 0]
    flesh_K = np.array(world.FLESH, np.float32)
    hidden_NK = np.zeros((len(figures), len(flesh_K)), bool)
    for begin in range(0, len(hidden_NK), _TOGETHER):
        rows = slice(begin, begin + _TOGETHER)
        some, its = figures[rows], cameras[rows]
        points_MV2, depth_MV = its.see(people.surfaces(world, some)[0])
        keypoint_MK2, keypoint_depth_MK = its.see(some.points_NP3[:, : len(flesh_K)])
        limit_MK = 1 / np.maximum(keypoint_depth_MK - flesh_K, 1e-3)
        for m, mirrored in enumerate(some.mirrored_N.tolist()):
            front_T3 = skin_T3[people.facing(points_MV2[m], skin_T3, mirrored)]
            nearest_K = _nearest(keypoint_MK2[m], points_MV2[m], 1 / depth_MV[m], front_T3)
            hidden_NK[begin + m] = nearest_K > limit_MK[m]
    return hidden_NK


def _nearest(
    place_K2: np.ndarray, points_V2: np.ndarray, near_V: np.ndarray, corners_T3: np.ndarray
) -> np.ndarray:
    """Return one over the distance of the nearest triangle at each place (K,); 0 for none."""
    corner_3T2 = points_V2[corners_T3.T]
    low_T2, high_T2 = corner_3T2.min(0), corner_3T2.max(0)
    x_K1, y_K1 = place_K2[:, :1], place_K2[:, 1:]
    within_KT = (low_T2[:, 0] <= x_K1) & (x_K1 <= high_T2[:, 0])
    within_KT &= (low_T2[:, 1] <= y_K1) & (y_K1 <= high_T2[:, 1])
    k_H, t_H = np.nonzero(within_KT)
    (ax, ay), (bx, by), (cx, cy) = corner_3T2[:, t_H].transpose(0, 2, 1)
    x_H, y_H = place_K2[k_H].T
    area_H = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    first_H = ((bx - x_H) * (cy - y_H) - (by - y_H) * (cx - x_H)) / area_H
    second_H = ((cx - x_H) * (ay - y_H) - (cy - y_H) * (ax - x_H)) / area_H
    third_H = 1 - first_H - second_H
    hit_H = (first_H >= 0) & (second_H >= 0) & (third_H >= 0)
    near_3H = near_V[corners_T3[t_H].T]
    near_H = first_H * near_3H[0] + second_H * near_3H[1] + third_H * near_3H[2]
    nearest_K = np.zeros(len(place_K2), np.float32)
    np.maximum.at(nearest_K, k_H[hit_H], near_H[hit_H].astype(np.float32))
    return nearest_K
