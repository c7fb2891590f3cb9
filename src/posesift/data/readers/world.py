"""The built-in worlds, "body" and "hand": poses and pictures that need no download.

See `posesift.data.worlds`; pictures are painted on demand and kept (`worlds.painted`).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from posesift.data import worlds
from posesift.data.address import Address
from posesift.poses.table import PoseTable


def read(
    path: str,
    *,
    poses: Literal["source", "target"] = "source",
    look: Literal["synthetic", "photo"] = "synthetic",
    n: int = 2000,
    seed: int = 0,
    split: Literal["train", "test"] = "train",
    side: int = 64,
) -> PoseTable:
    """Sample a world.

    Args:
        path: ``body`` or ``hand``.
        poses: the heavy-tailed mixture of a renderer, or the flat one of the real world.
        look: flat colours, or textures, light and clutter like a photograph's.
        n: how many; sample i is the same whatever n is.
        seed: another seed, another world of samples.
        split: ``train`` and ``test`` never share a sample.
        side: of the images, in pixels.

    Raises:
        ValueError: there is no such world, or a number is out of range.
    """
    for name, value, least in (("n", n, 1), ("seed", seed, 0), ("side", side, 16)):
        if value < least:
            raise ValueError(f"world:{path}: expected {name} of at least {least}, found {value}")
    table = worlds.sample(path, poses, n=n, seed=seed, split=split, side=side).table
    root = Address(
        "world",
        path,
        {"poses": poses, "look": look, "seed": str(seed), "split": split, "side": str(side)},
    )
    return dataclasses.replace(table, root=str(root))
