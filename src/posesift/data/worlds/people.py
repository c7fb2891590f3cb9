"""Skinned people and hands: from figures and their cameras to pictures.

For a chunk of figures at once the mannequin takes their shape, is dressed, follows its bones and
is photographed. Each picture is then rasterized on a finer canvas, coloured, lit and averaged down.

Names: M images, V vertices, T triangles, F fragments (see `rasterizer`), S side, 2 = (x, y),
3 = (x, y, z), corners of a triangle, or (red, green, blue).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from posesift.data.worlds import lighting, mannequin
from posesift.data.worlds.camera import Cameras
from posesift.data.worlds.figure import Figures, Outfit, Place, World
from posesift.data.worlds.mannequin import Mannequin
from posesift.data.worlds.rasterizer import Fragments, rasterize


def fineness(side: int) -> int:
    """Canvas px an image px."""
    return 2


def surfaces(
    world: World, figures: Figures, cameras: Cameras, stand_off_MV: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photograph the surfaces of figures.

    Args:
        world: whose figures they are.
        figures: M of them.
        cameras: their cameras.
        stand_off_MV: how far cloth and hair stand off the skin, units of the mannequin.

    Returns:
        Points (M, V, 2) in crop px, depths (M, V) in units, and unit normals (M, V, 3) in the
        camera's frame.
    """
    model = mannequin.load(world.MANNEQUIN)
    rest_MV3, joint_MJ3 = model.shaped(figures.traits_NT)
    if not np.isscalar(stand_off_MV):
        rest_MV3 += np.asarray(stand_off_MV)[..., None] * model.normal_V3
    points_MV3, normal_MV3 = model.bent(rest_MV3, world.bones(figures, joint_MJ3))
    normal_MV3 = normal_MV3 @ cameras.turn_N33.swapaxes(1, 2)
    normal_MV3 /= np.sqrt(np.einsum("mvx,mvx->mv", normal_MV3, normal_MV3))[..., None]
    return *cameras.see(points_MV3), normal_MV3


def facing(points_V2: np.ndarray, corners_T3: np.ndarray, mirrored: bool) -> np.ndarray:
    """Which triangles (T,) turn their outside to the camera; points in px, y down."""
    (ax, bx, cx), (ay, by, cy) = points_V2[corners_T3].transpose(2, 1, 0)
    area_T = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
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
    vertices = model.place
    stand_off_MV = np.stack([outfit.stand_off(vertices) for outfit in outfits])
    points_MV2, depth_MV, normal_MV3 = surfaces(world, figures, cameras, stand_off_MV)
    fine = fineness(side)
    points_MV2 = (points_MV2 + 0.5) * fine - 0.5
    near_MV = 1 / depth_MV
    for m, (outfit, light) in enumerate(zip(outfits, lights, strict=True)):
        corners_T3, part_T = _worn(model, outfit)
        shown_T = facing(points_MV2[m], corners_T3, bool(figures.mirrored_N[m]))
        corners_T3, part_T = corners_T3[shown_T], part_T[shown_T]
        found = rasterize(points_MV2[m], near_MV[m], corners_T3, fine * side)
        place, normal_F3, open_F = _places(model, found, corners_T3, part_T, normal_MV3[m])
        colour_F3, cloth_F = outfit.colour(place)
        lighting.shade(colour_F3, cloth_F, light, place.rest_P3, normal_F3, open_F)
        canvas = np.zeros((fine * side * fine * side, 4), np.float32)
        canvas[found.pixel_F, :3] = np.minimum(colour_F3, 255)
        canvas[found.pixel_F, 3] = 1
        canvas = canvas.reshape(fine * side, fine * side, 4)
        image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
        yield image[..., :3], image[..., 3:]


def _worn(model: Mannequin, outfit: Outfit) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (T, 3) of the skin and of the parts that are worn, and their parts (T,)."""
    kept_T = np.isin(model.part_T, (0, *outfit.parts))
    return model.corners_T3[kept_T], model.part_T[kept_T]


def _places(
    model: Mannequin,
    found: Fragments,
    corners_T3: np.ndarray,
    part_T: np.ndarray,
    normal_V3: np.ndarray,
) -> tuple[Place, np.ndarray, np.ndarray]:
    """Say where on the mannequin each fragment lies, its unit normal and how open it lies."""
    value_VX = np.concatenate([model.values_VX, normal_V3], axis=1)
    corners_F3 = corners_T3[found.triangle_F]
    value_FX = value_VX[corners_F3[:, 0]]
    value_FX *= found.share_F3[:, :1]
    for corner in (1, 2):
        more_FX = value_VX[corners_F3[:, corner]]
        more_FX *= found.share_F3[:, corner, None]
        value_FX += more_FX
    place = Place(
        value_FX[:, :3],
        dict(zip(model.fields, value_FX[:, 3:-3].T, strict=True)),
        part_T[found.triangle_F],
    )
    return place, value_FX[:, -3:], place.field_P["open"]
