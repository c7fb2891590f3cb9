"""Which keypoints a figure hides with its own body, from geometry alone: nothing is painted.

A part is opaque along every segment between two of its spheres: a capsule. A keypoint lies inside
its own limb, so it counts as occluded where the surface of another capsule is nearer to the camera
than the surface of the limb around it.

Names: N samples, K keypoints, P points, C capsules, G parts, 2 = (x, y).
"""

from __future__ import annotations

import functools
from itertools import combinations

import numpy as np

from posesift.data.worlds.figure import Part

SLACK = 0.02
"""Units by which another surface must be nearer; less is a touch, not an occlusion."""

SOLID = 3
"""A part of up to so many balls (a limb, a head) is one lump about its joints and hides none of
them; a larger hull (a trunk, a palm) hides the joints on its far side."""

_ROWS = 512


def occluded(
    parts: tuple[Part, ...],
    keypoints: int,
    points_NP2: np.ndarray,
    depth_NP: np.ndarray,
    scale_NP: np.ndarray,
    girth_NG: np.ndarray,
) -> np.ndarray:
    """Whether each of the first `keypoints` points is hidden by another part: bool (N, K).

    Arguments are those of `WorldPoses`: crop px, units, px a unit, and factors on the radii.
    """
    rows = len(points_NP2)
    if rows > _ROWS:  # a few hundred figures at a time stay in the processor's cache
        arrays = points_NP2, depth_NP, scale_NP, girth_NG
        pieces = [slice(at, at + _ROWS) for at in range(0, rows, _ROWS)]
        return np.concatenate(
            [occluded(parts, keypoints, *(array[piece] for array in arrays)) for piece in pieces]
        )
    start_C, end_C, radius_C2, part_C, other_CK, around_K, inside_K = _capsules(parts, keypoints)
    # Samples last: every operation below runs along contiguous memory.
    x_PN, y_PN = np.ascontiguousarray(points_NP2.transpose(2, 1, 0))
    depth_PN, scale_PN, girth_GN = (
        np.ascontiguousarray(array.T) for array in (depth_NP, scale_NP, girth_NG)
    )
    x_CN, y_CN, depth_CN = x_PN[start_C], y_PN[start_C], depth_PN[start_C]
    along_x_CN, along_y_CN = x_PN[end_C] - x_CN, y_PN[end_C] - y_CN
    inverse_CN = 1 / np.maximum(along_x_CN**2 + along_y_CN**2, np.float32(1e-6))
    unit_x_CN, unit_y_CN = along_x_CN * inverse_CN, along_y_CN * inverse_CN
    # Radii in px, so that distances need no conversion; only the bulge is turned into units.
    units_CN = 2 / (scale_PN[start_C] + scale_PN[end_C])
    radius_CN = radius_C2[:, :1] * girth_GN[part_C] / units_CN
    taper_CN = radius_C2[:, 1:] * girth_GN[part_C] / units_CN - radius_CN
    deeper_CN = depth_PN[end_C] - depth_CN

    hidden_KN = np.empty((keypoints, rows), bool)
    work_CN = np.empty_like(x_CN)
    for k in range(keypoints):
        # The nearest place on the capsule's axis, seen from the camera: t of the way along it.
        dx_CN, dy_CN = x_PN[k] - x_CN, y_PN[k] - y_CN
        t_CN = dx_CN * unit_x_CN
        t_CN += np.multiply(dy_CN, unit_y_CN, out=work_CN)
        np.clip(t_CN, 0, 1, out=t_CN)
        dx_CN -= np.multiply(t_CN, along_x_CN, out=work_CN)
        dy_CN -= np.multiply(t_CN, along_y_CN, out=work_CN)
        # How far its surface stands out towards the camera there (squared, px).
        bulge_CN = np.multiply(t_CN, taper_CN, out=work_CN)
        bulge_CN += radius_CN
        bulge_CN *= bulge_CN
        bulge_CN -= np.square(dx_CN, out=dx_CN)
        bulge_CN -= np.square(dy_CN, out=dy_CN)
        covers_CN = bulge_CN > 0
        covers_CN &= other_CK[:, k, None]
        # Is that surface nearer than the surface of the keypoint's own limb?
        t_CN *= deeper_CN
        t_CN += depth_CN
        np.sqrt(np.maximum(bulge_CN, 0, out=bulge_CN), out=bulge_CN)
        t_CN -= np.multiply(bulge_CN, units_CN, out=bulge_CN)
        own_N = depth_PN[k] - inside_K[k] * girth_GN[around_K[k]] - np.float32(SLACK)
        covers_CN &= t_CN < own_N
        hidden_KN[k] = covers_CN.any(0)
    return hidden_KN.T


@functools.cache
def _capsules(parts: tuple[Part, ...], keypoints: int) -> tuple[np.ndarray, ...]:
    """Capsules of all parts that hide; which keypoints they can hide; how deep each lies.

    Returns start, end (C,), radii (C, 2), part (C,), whether another
    keypoint's (C, K); and for each keypoint the part
    around it (K,) and its radius there (K,), 0 for a keypoint that is in no part.
    """
    rows: list[tuple] = []
    for g, part in enumerate(parts):
        balls = list(zip(part.points, part.radii, strict=True))
        for (i, r), (j, s) in combinations(balls, 2) if len(balls) > 1 else [(balls[0], balls[0])]:
            if part.hides:
                own = part.points if len(balls) <= SOLID else (i, j)
                rows.append((i, j, (r, s), g, [k not in own for k in range(keypoints)]))
    start, end, radii, number, other = zip(*rows, strict=True)
    inside = [
        max(
            ((p.radii[p.points.index(k)], g) for g, p in enumerate(parts) if k in p.points),
            default=(0.0, 0),
        )
        for k in range(keypoints)
    ]
    depth, around = zip(*inside, strict=True)
    return (
        np.array(start),
        np.array(end),
        np.array(radii, np.float32),
        np.array(number),
        np.array(other),
        np.array(around),
        np.array(depth, np.float32),
    )
