"""Poses and cameras as SMPL's tools and Blender's add-ons take them: ``smpl.npz``.

NumPy reads it, also Blender's own. Keys: ``poses`` (N, 72), SMPL's pose parameters in radians, the
body's own turn first; ``rotation`` (N, 3, 3), ``translation`` (N, 3), ``focal`` (N,) and
``principal`` (N, 2) of each camera, as `posesift.data.worlds.camera.Pinhole` says; ``images`` (N,).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import storage
from posesift.data.rendering import smpl
from posesift.data.worlds import camera, whole_blocks, world_module
from posesift.data.worlds.scene import Scene

FILE = "smpl.npz"


def write(scene: Scene, side: int, images: list[str], folder: Path) -> None:
    """Write ``smpl.npz`` of a scene of people, whose images have this side in px.

    Raises:
        ValueError: the disk is full, or the folder cannot be written to.
    """
    world, found = world_module(scene.name), []
    for block in whole_blocks(scene):
        points_NP3 = world.figures(block.angles_NA, block.shape).points_NP3
        eye = camera.aim(block.camera, points_NP3, side).pinholes()
        found.append((smpl.pose(block.angles_NA).reshape(len(block), -1), *eye))
    poses, rotation, translation, focal, principal = (
        np.concatenate(parts)[: len(scene)] for parts in zip(*found, strict=True)
    )
    with storage.atomic_path(folder / FILE) as temporary:
        np.savez_compressed(
            temporary,
            images=np.array(images),
            poses=poses,
            rotation=rotation,
            translation=translation,
            focal=focal,
            principal=principal,
        )
