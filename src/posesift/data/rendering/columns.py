"""The columns of a table of angles: what each is called, its unit, and what it may be.

A column is **read** back, or it **follows** from those that are, and is written for other tools.

Names: N samples, A angles.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from posesift.data.worlds import camera, whole_blocks, world_module
from posesift.data.worlds.figure import Quantity, World
from posesift.data.worlds.scene import Scene

SAMPLE, MODE, IMAGE = "sample", "mode", "image"
"""The sample's number (clothes, background and what the table lacks are that sample's), what the
pose shows, and the image's name, which is not read."""

FOLLOWING: dict[str, str] = {
    "focal": "focal length, px",
    "principal_x": "principal point, px of the image; the centre of its first pixel is 0",
    "principal_y": "the same, downwards",
    "root_rx": "rotation vector of the root (pelvis, wrist) in the camera's frame, radians",
    "root_ry": "the same about y",
    "root_rz": "the same about z",
    "root_x": "place of the root in the camera's frame, units, to the right",
    "root_y": "the same, downwards",
    "root_z": "the same, away from the camera",
}
"""Columns that follow from the others. The camera's frame is OpenCV's: x right, y down, z away."""


def angle_columns(world: World) -> list[str]:
    """Return a column's name for each of the world's angles.

    >>> angle_columns(world_module("hand"))[:2]
    ['palm_cupping', 'thumb_opposition']
    """
    return [name.replace(" ", "_").lower() for name in world.ANGLES]


def optional(world: World) -> dict[str, Quantity]:
    """Return the columns that a table may lack: ``shape_...`` and ``camera_...``."""
    shape = {f"shape_{name}": quantity for name, quantity in world.SHAPE.items()}
    return shape | {f"camera_{name}": quantity for name, quantity in camera.CAMERA.items()}


def read_columns(scene: Scene) -> dict[str, np.ndarray]:
    """Return all columns of a scene that are read back, (N,) each; nothing is rounded."""
    columns: dict[str, np.ndarray] = {SAMPLE: scene.number_N}
    if scene.mode_N is not None:
        columns[MODE] = scene.mode_N
    columns |= zip(angle_columns(world_module(scene.name)), scene.angles_NA.T, strict=True)
    columns |= {f"shape_{name}": value_N for name, value_N in scene.shape.items()}
    return columns | {f"camera_{name}": value_N for name, value_N in scene.camera.items()}


def following(scene: Scene, side: int) -> dict[str, np.ndarray]:
    """Return the columns of `FOLLOWING`, (N,) float32 each, for images of a side in px."""
    world = world_module(scene.name)
    parts = []
    for block in whole_blocks(scene):
        points_NP3 = world.figures(block.angles_NA, block.shape).points_NP3
        eye = camera.aim(block.camera, points_NP3, side).pinholes()
        turn_N33 = eye.rotation_N33 @ world.root_turn(block.angles_NA)
        place_N3 = np.einsum("nij,nj->ni", eye.rotation_N33, points_NP3[:, world.ROOT])
        vector_N3 = Rotation.from_matrix(turn_N33).as_rotvec()
        parts.append(
            np.column_stack(
                [eye.focal_N, eye.principal_N2, vector_N3, place_N3 + eye.translation_N3]
            )
        )
    columns_CN = np.concatenate(parts)[: len(scene)].astype(np.float32).T
    return dict(zip(FOLLOWING, columns_CN, strict=True))
