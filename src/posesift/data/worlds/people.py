"""Skinned people and hands: from figures and their cameras to pictures.

For a chunk of figures at once the mannequin takes their shape, is dressed, follows its bones and
is photographed. Each picture is then rasterized on a finer canvas, coloured, lit and averaged down;
what lies in the figure's own shadow is told by a second, small picture of it, from the sun.

Names: M images, V vertices, T triangles, F fragments (see `rasterizer`), X values of each, S side,
H W of the shadow, 2 = (x, y), 3 = (x, y, z), corners of a triangle, or (red, green, blue).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from posesift.data.worlds import lighting, mannequin
from posesift.data.worlds.camera import Cameras
from posesift.data.worlds.figure import Figures, Place, World
from posesift.data.worlds.rasterizer import Fragments, rasterize

_SHADOW_SIDE = 96
_SHADOW_GAP = (
    0.012  # shares of the figure's extent: what is nearer to a surface casts no shadow on it
)


def fineness(side: int) -> int:
    """Canvas px an image px: small images need more of them for smooth edges."""
    return 3 if side <= 96 else 2


def surfaces(
    world: World, figures: Figures, stand_off_MV: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the surfaces of figures in their own frames.

    Args:
        world: whose figures they are.
        figures: M of them.
        stand_off_MV: how far cloth and hair stand off the skin, units of the mannequin; None: bare.

    Returns:
        Points (M, V, 3), units, and normals (M, V, 3) of any length; float32.
    """
    model = mannequin.load(world.MANNEQUIN)
    rest_MV3, joint_MJ3 = model.shaped(figures.traits_NT)
    if stand_off_MV is not None:
        rest_MV3 += stand_off_MV[..., None] * model.normal_V3
    return model.bent(rest_MV3, world.bones(figures, joint_MJ3))


def facing(points_V2: np.ndarray, corners_T3: np.ndarray, mirrored: bool) -> np.ndarray:
    """Which triangles (T,) turn their outside to the camera; points in px, y down."""
    x_3T, y_3T = points_V2[:, 0][corners_T3.T], points_V2[:, 1][corners_T3.T]
    area_T = (x_3T[1] - x_3T[0]) * (y_3T[2] - y_3T[0]) - (y_3T[1] - y_3T[0]) * (x_3T[2] - x_3T[0])
    return area_T > 0 if mirrored else area_T < 0


def paint(
    world: World,
    figures: Figures,
    cameras: Cameras,
    rngs: Sequence[np.random.Generator],
    look: str,
    side: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Paint figures without what is around them.

    Args:
        world: whose figures they are.
        figures: M of them.
        cameras: their cameras.
        rngs: one a figure, of its appearance.
        look: `"synthetic"` or `"photo"`.
        side: of the images, px.

    Yields:
        For each figure its colours (S, S, 3) in 0-255, weighted with its coverage, and the
        coverage (S, S, 1) in 0 to 1; float32.
    """
    model = mannequin.load(world.MANNEQUIN)
    outfits = [world.outfit(rng, look) for rng in rngs]
    lights = [lighting.draw(rng, look) for rng in rngs]
    stand_off_MV = np.stack([outfit.stand_off(model.place) for outfit in outfits])
    points_MV3, normal_MV3 = surfaces(world, figures, stand_off_MV)
    fine = fineness(side)
    seen_MV2, depth_MV = cameras.see(points_MV3)
    seen_MV2 = (seen_MV2 + 0.5) * fine - 0.5
    for m, (outfit, light) in enumerate(zip(outfits, lights, strict=True)):
        mirrored = bool(figures.mirrored_N[m])
        corners_T3, part_T = model.worn(outfit.parts)
        sun_V3 = _towards_sun(points_MV3[m], cameras.turn_N33[m].T @ light.towards_3)
        shadow_HW = _shadow(sun_V3, corners_T3, mirrored)
        shown_T = facing(seen_MV2[m], corners_T3, mirrored)
        corners_T3, part_T = corners_T3[shown_T], part_T[shown_T]
        found = rasterize(seen_MV2[m], 1 / depth_MV[m], corners_T3, fine * side)

        normal_V3 = normal_MV3[m] @ cameras.turn_N33[m].T
        value_VX = np.concatenate([model.values_VX, normal_V3, sun_V3], axis=1)
        value_FX = _at(found, corners_T3, value_VX)
        rest_F3, field_FX, normal_F3, sun_F3 = np.split(value_FX, [3, -6, -3], axis=1)
        field_F = dict(zip(model.fields, field_FX.T, strict=True))
        place = Place(rest_F3, field_F, part_T[found.triangle_F])
        colour_F3, cloth_F = outfit.colour(place)
        folds_F3 = rest_F3 / outfit.fold
        shaded_F = _in_shadow(shadow_HW, sun_F3)
        lighting.shade(colour_F3, cloth_F, light, folds_F3, normal_F3, field_F["open"], shaded_F)
        canvas = np.zeros(((fine * side) ** 2, 4), np.float32)
        canvas[found.pixel_F, :3] = np.minimum(colour_F3, 255)
        canvas[found.pixel_F, 3] = 1
        canvas = canvas.reshape(fine * side, fine * side, 4)
        image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
        yield image[..., :3], image[..., 3:]


def _at(found: Fragments, corners_T3: np.ndarray, value_VX: np.ndarray) -> np.ndarray:
    """Give what the surface has at each fragment (F, X), of what vertices have (V, X)."""
    corners_3F = corners_T3.T[:, found.triangle_F]
    total_FX = value_VX[corners_3F[0]]
    total_FX *= found.share_3F[0][:, None]
    for corner in (1, 2):
        more_FX = value_VX[corners_3F[corner]]
        more_FX *= found.share_3F[corner][:, None]
        total_FX += more_FX
    return total_FX


def _towards_sun(points_V3: np.ndarray, towards_3: np.ndarray) -> np.ndarray:
    """See points from the sun: px (x, y) of the shadow's square, and nearness from 1 to 2."""
    across_3 = np.cross(towards_3, [0.31, 0.27, 0.91])
    across_3 /= np.linalg.norm(across_3)
    basis_33 = np.stack([across_3, -np.cross(towards_3, across_3), towards_3]).astype(np.float32)
    sun_3V = basis_33 @ np.ascontiguousarray(points_V3.T)
    low_3 = sun_3V.min(1)
    sun_3V -= low_3[:, None]
    sun_3V /= sun_3V.max()
    sun_3V[:2] *= _SHADOW_SIDE - 1
    sun_3V[2] += 1
    return np.ascontiguousarray(sun_3V.T)


def _shadow(sun_V3: np.ndarray, corners_T3: np.ndarray, mirrored: bool) -> np.ndarray:
    """Nearness to the sun of what first keeps its light off (H, W); 0 where nothing does.

    Only triangles that turn away from the sun count: the lit side of a limb is not in the shadow
    of that limb.
    """
    away_T = facing(sun_V3[:, :2], corners_T3, not mirrored)
    found = rasterize(sun_V3[:, :2], sun_V3[:, 2], corners_T3[away_T], _SHADOW_SIDE)
    shadow = np.zeros(_SHADOW_SIDE**2, np.float32)
    shadow[found.pixel_F] = found.near_F
    return shadow.reshape(_SHADOW_SIDE, _SHADOW_SIDE)


def _in_shadow(shadow_HW: np.ndarray, sun_F3: np.ndarray) -> np.ndarray:
    """How far each fragment is in shadow, 0 to 1: the mean of four places around it."""
    x_F, y_F = sun_F3[:, 0], sun_F3[:, 1]
    limit_F = sun_F3[:, 2] + np.float32(_SHADOW_GAP)
    total_F = np.zeros(len(sun_F3), np.float32)
    for dx, dy in ((0.1, 0.1), (0.1, 0.9), (0.9, 0.1), (0.9, 0.9)):
        column_F = np.minimum(x_F + np.float32(dx), _SHADOW_SIDE - 1).astype(np.int32)
        row_F = np.minimum(y_F + np.float32(dy), _SHADOW_SIDE - 1).astype(np.int32)
        total_F += shadow_HW[row_F, column_F] > limit_F
    return total_F / 4
