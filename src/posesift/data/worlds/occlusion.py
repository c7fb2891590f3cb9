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
    start_C, end_C, radius_C2, part_C, own_CK, margin_K = _capsules(parts, keypoints)
    # Samples last: every operation below runs along contiguous memory.
    x_PN, y_PN = np.ascontiguousarray(points_NP2.transpose(2, 1, 0))
    depth_PN, scale_PN, girth_GN = (
        np.ascontiguousarray(array.T) for array in (depth_NP, scale_NP, girth_NG)
    )
    along_x, along_y = x_PN[end_C] - x_PN[start_C], y_PN[end_C] - y_PN[start_C]
    inverse_CN = 1 / np.maximum(along_x**2 + along_y**2, 1e-6)
    radius_CN = radius_C2[:, :1] * girth_GN[part_C]
    taper_CN = radius_C2[:, 1:] * girth_GN[part_C] - radius_CN
    deeper_CN = depth_PN[end_C] - depth_PN[start_C]
    px_CN = 0.5 * (scale_PN[start_C] + scale_PN[end_C])

    hidden_KN = np.zeros((keypoints, len(points_NP2)), bool)
    for k in range(keypoints):
        others = np.flatnonzero(~own_CK[:, k])
        dx, dy = x_PN[k] - x_PN[start_C[others]], y_PN[k] - y_PN[start_C[others]]
        t = (dx * along_x[others] + dy * along_y[others]) * inverse_CN[others]
        np.clip(t, 0, 1, out=t)
        dx -= t * along_x[others]
        dy -= t * along_y[others]
        radius = radius_CN[others] + t * taper_CN[others]
        # How far the surface stands out towards the camera over this keypoint, in units.
        bulge2 = radius**2 - (dx**2 + dy**2) / px_CN[others] ** 2
        surface = depth_PN[start_C[others]] + t * deeper_CN[others] - np.sqrt(np.maximum(bulge2, 0))
        nearer = surface < depth_PN[k] - margin_K[k]
        hidden_KN[k] = (nearer & (bulge2 > 0)).any(0)
    return hidden_KN.T


@functools.cache
def _capsules(parts: tuple[Part, ...], keypoints: int) -> tuple[np.ndarray, ...]:
    """Capsules of all parts that hide; which keypoints they belong to; each keypoint's own depth.

    Returns start, end (C,), radii (C, 2), part (C,), own (C, K), and margin (K,) in units: the
    largest radius around the keypoint among the parts that it belongs to, plus `SLACK`.
    """
    rows = [
        (i, j, (r, s), g, [k in (i, j) for k in range(keypoints)])
        for g, part in enumerate(parts)
        if part.hides
        for (i, r), (j, s) in (
            combinations(zip(part.points, part.radii, strict=True), 2)
            if len(part.points) > 1
            else [((part.points[0], part.radii[0]), (part.points[0], part.radii[0]))]
        )
    ]
    start, end, radii, number, own = zip(*rows, strict=True)
    margin = [
        max((p.radii[p.points.index(k)] for p in parts if k in p.points and p.hides), default=0.0)
        + SLACK
        for k in range(keypoints)
    ]
    return (
        np.array(start),
        np.array(end),
        np.array(radii, np.float32),
        np.array(number),
        np.array(own),
        np.array(margin, np.float32),
    )
