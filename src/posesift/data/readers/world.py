"""The built-in worlds, "body" and "hand": poses and pictures that need no download.

See `posesift.data.worlds`; pictures are painted on demand and kept in the cache folder.
"""

from __future__ import annotations

from typing import Literal

from posesift.data import worlds
from posesift.data.readers.about import About
from posesift.poses.table import PoseTable

ABOUT = About(
    title="The built-in worlds: world:body and world:hand, drawn by PoseSift itself",
    page="part of PoseSift",
    get="nothing",
    terms="none: pictures and poses are yours to use",
    tree="",
)


def read(
    path: str,
    *,
    poses: Literal["source", "target"] = "source",
    look: Literal["synthetic", "photo"] = "synthetic",
    n: int = 2000,
    seed: int = 0,
    split: Literal["train", "test"] = "train",
    side: int = 64,
    facing: int | None = None,
) -> PoseTable:
    """Sample a world.

    Args:
        path: ``body`` or ``hand``.
        poses: the heavy-tailed mixture of a renderer, or the flat one of the real world.
        look: plain, or with patterns, light and clutter like a photograph's.
        n: how many; sample i is the same whatever n is.
        seed: another seed, another world of samples.
        split: ``train`` and ``test`` never share a sample.
        side: of the images, in pixels.
        facing: spread in degrees of how figures turn away from facing the camera; without it they
            turn any way.

    Raises:
        ValueError: there is no such world, or a number is out of range.
    """
    if n < 1:
        raise ValueError(f"world:{path}: expected n of at least 1, found {n}")
    return worlds.sample(
        path, poses, n=n, seed=seed, split=split, side=side, look=look, facing=facing,
    ).table  # fmt: skip
