"""From the points of a figure to a stencil: which material is seen in every pixel, in which tone.

Every part is the hull of a few balls, seen as discs. The outline of a hull of discs is given by
its support function: in direction u the farthest disc is the one with the largest ``c.u + r``, and
the outline's point there is ``c + r u``. That is one vectorised expression for all parts of many
images; what is left per image is one `cv2.fillConvexPoly` a part and tone, without anti-aliasing,
on a canvas a few times finer than the image. A look turns the stencil into colours and averages
the canvas down.

Names: M images, G parts, P points, T tones, S spheres of a part, V vertices, 2 = (x, y).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from posesift.data.worlds.figure import Part

RIM, BASE, LIGHT = 0, 1, 2
TONES = 3
"""Tones of a material: its dark rim, itself, and its side towards the light."""

BACKGROUND = 0
"""The stencil's value where there is no figure; elsewhere ``1 + TONES * material + tone``."""

_VERTICES = 20
_ANGLES_V = (np.arange(_VERTICES) + 0.5) * (2 * np.pi / _VERTICES)
_DIRECTIONS_V2 = np.stack([np.cos(_ANGLES_V), np.sin(_ANGLES_V)], -1).astype(np.float32)
_BITS = 4  # of the fractional part of the canvas coordinates


def fineness(side: int) -> int:
    """Canvas px an image px: small images need more of them for smooth edges."""
    return 3 if side <= 96 else 2


def stencils(
    parts: tuple[Part, ...],
    materials: tuple[str, ...],
    points_MP2: np.ndarray,
    depth_MP: np.ndarray,
    scale_MP: np.ndarray,
    girth_MG: np.ndarray,
    light_M2: np.ndarray,
    side: int,
) -> Iterator[np.ndarray]:
    """Paint figures; the arguments are those of `WorldPoses` for M images.

    Args:
        parts: what the figures consist of.
        materials: the names that the stencil's values count.
        points_MP2: px, the centre of the image's top-left pixel at (0, 0).
        depth_MP: units from the camera.
        scale_MP: px a unit at that depth.
        girth_MG: factors on the parts' radii; 0 leaves the part out.
        light_M2: unit vectors in the image towards the light.
        side: of the image, px.

    Yields:
        For each image a (side * fineness, side * fineness) uint8 stencil, valid until the next.
    """
    fine = fineness(side)
    sizes = _spheres(parts)
    centre_MGS2 = points_MP2[:, sizes.points_GS]
    radius_MGS = scale_MP[:, sizes.points_GS] * sizes.radii_GS * girth_MG[..., None]
    depth_MG = (depth_MP[:, sizes.points_GS] * sizes.weight_GS).sum(-1) - sizes.lift_G
    order_MG = np.argsort(-depth_MG, axis=1)

    # Tones: the whole part is rim; inside lies the base, and inside that, off centre, the light.
    thickest_MG = radius_MGS.max(-1)
    rim_MG = np.where(sizes.rim_G, np.clip(0.20 * thickest_MG, 0.3, 0.012 * side), 0)[..., None]
    base_MGS = np.maximum(radius_MGS - rim_MG, 0.55 * radius_MGS)
    shift_MGS2 = (0.34 * base_MGS)[..., None] * light_M2[:, None, None]
    tones = (
        (centre_MGS2, radius_MGS),
        (centre_MGS2, base_MGS),
        (centre_MGS2 + shift_MGS2, 0.58 * base_MGS),
    )
    outline_MTGV2 = np.stack([hull(c, r) for c, r in tones], 1)

    # Where two parts are joined, a stub of the first painted covers the rim of the second.
    stub_c_MWS2 = centre_MGS2[:, sizes.stub_part_W]
    at_joint_MW2 = stub_c_MWS2[:, np.arange(len(sizes.stub_slot_W)), sizes.stub_slot_W]
    inward_MW2 = (stub_c_MWS2 * sizes.weight_GS[sizes.stub_part_W, :, None]).sum(2) - at_joint_MW2
    radius_MW = base_MGS[:, sizes.stub_part_W, sizes.stub_slot_W]
    length_MW = np.maximum(np.linalg.norm(inward_MW2, axis=-1), 1e-6)
    reach_MW = np.minimum(length_MW, 1.5 * radius_MW) / length_MW
    outline_MWV2 = hull(
        np.stack([at_joint_MW2, at_joint_MW2 + reach_MW[..., None] * inward_MW2], 2),
        np.stack([radius_MW, radius_MW], 2),
    )

    fixed_MTGV2, fixed_MWV2 = (
        np.rint(((outline + 0.5) * fine - 0.5) * (1 << _BITS)).astype(np.int32)
        for outline in (outline_MTGV2, outline_MWV2)
    )
    return _fill(fixed_MTGV2, fixed_MWV2, order_MG, girth_MG > 0, parts, materials, fine * side)


def hull(centre_S2: np.ndarray, radius_S: np.ndarray) -> np.ndarray:
    """Return the outline (..., V, 2) of the convex hull of discs (..., S, 2) with radii (..., S).

    A polygon inside the hull that touches it in V directions. For one or two discs it lacks at
    most 4 % of the area; of three or more, one that hardly stands out may be cut off.
    """
    support_SV = centre_S2 @ _DIRECTIONS_V2.T + radius_S[..., None]
    best_V = support_SV.argmax(-2)
    centre_V2 = np.take_along_axis(centre_S2, best_V[..., None], -2)
    radius_V = np.take_along_axis(radius_S, best_V, -1)
    return centre_V2 + radius_V[..., None] * _DIRECTIONS_V2


def _fill(outline_MTGV2, stub_MWV2, order_MG, present_MG, parts, materials, width):
    """Fill the polygons of each image, from the farthest part to the nearest."""
    canvas = np.empty((width, width), np.uint8)
    first_G = [1 + TONES * materials.index(part.material) for part in parts]
    neighbours = _spheres(parts).neighbours
    for outline_TGV2, stub_WV2, order_G, present_G in zip(
        outline_MTGV2, stub_MWV2, order_MG.tolist(), present_MG.tolist(), strict=True
    ):
        canvas[:] = BACKGROUND
        painted = set()
        for g in order_G:
            if not present_G[g]:
                continue
            first = first_G[g]
            if parts[g].rim:
                cv2.fillConvexPoly(canvas, outline_TGV2[RIM, g], first + RIM, cv2.LINE_8, _BITS)
            cv2.fillConvexPoly(canvas, outline_TGV2[BASE, g], first + BASE, cv2.LINE_8, _BITS)
            for other, stub in neighbours[g]:
                if other in painted:
                    cv2.fillConvexPoly(
                        canvas, stub_WV2[stub], first_G[other] + BASE, cv2.LINE_8, _BITS
                    )
            if parts[g].rim:
                cv2.fillConvexPoly(canvas, outline_TGV2[LIGHT, g], first + LIGHT, cv2.LINE_8, _BITS)
            painted.add(g)
        yield canvas


@dataclass(frozen=True)
class _Spheres:
    """The parts as arrays; short ones repeat their last sphere up to S."""

    points_GS: np.ndarray
    radii_GS: np.ndarray
    weight_GS: np.ndarray  # of a sphere in the part's mean point
    lift_G: np.ndarray
    rim_G: np.ndarray
    stub_part_W: np.ndarray  # part whose stub it is
    stub_slot_W: np.ndarray  # its sphere at the joint
    neighbours: list[list[tuple[int, int]]]  # of each part: (joined part, that part's stub)


@functools.cache
def _spheres(parts: tuple[Part, ...]) -> _Spheres:
    longest = max(len(part.points) for part in parts)

    def padded(values: tuple) -> list:
        return [*values, *[values[-1]] * (longest - len(values))]

    number = {part.name: g for g, part in enumerate(parts)}
    stubs: list[tuple[int, int]] = []
    neighbours: list[list[tuple[int, int]]] = [[] for _ in parts]
    for g, part in enumerate(parts):
        for name in part.joins:
            other = parts[number[name]]
            for joint in set(part.points) & set(other.points):
                neighbours[g].append((number[name], len(stubs)))
                stubs.append((number[name], other.points.index(joint)))
                neighbours[number[name]].append((g, len(stubs)))
                stubs.append((g, part.points.index(joint)))
    stub_part, stub_slot = np.array(stubs, int).reshape(-1, 2).T
    return _Spheres(
        np.array([padded(part.points) for part in parts]),
        np.array([padded(part.radii) for part in parts], np.float32),
        np.array([[s < len(p.points) for s in range(longest)] for p in parts], np.float32)
        / np.array([[len(part.points)] for part in parts], np.float32),
        np.array([part.lift for part in parts], np.float32),
        np.array([part.rim for part in parts]),
        stub_part,
        stub_slot,
        neighbours,
    )
