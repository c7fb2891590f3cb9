"""The built-in worlds: skinned people and hands, with their labels, as source and target.

A world separates two things that every real data set confounds: which **poses** are seen (`source`
is heavy-tailed, mostly standing and walking; `target` is flat over activities) and how they
**look** (`synthetic` or `photo`). They are chosen apart, so the domain gap can be taken apart too.

A sample comes about in three steps, each a function: `draw` (pose, build, camera), `photograph`
(figures, their labels in the image), `paint` (the pixels); `sample` takes the first two.

Sample i is a pure function of (world, poses, seed, split, i), its appearance of (look, seed,
split, i): neither depends on how many samples are drawn. Nothing here imports torch.

Names: N samples, K keypoints, M painted images, 2 = (x, y).
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from posesift import skeletons, spelling
from posesift.data.address import WORLDS, Address
from posesift.data.worlds import camera, hiding, looks, people
from posesift.data.worlds.camera import Cameras
from posesift.data.worlds.figure import Figures, World
from posesift.data.worlds.scene import Scene, joined
from posesift.poses.deferred import deferred
from posesift.poses.table import PoseTable

POSES: tuple[str, ...] = ("source", "target")
LOOKS: tuple[str, ...] = looks.LOOKS
SPLITS: tuple[str, ...] = ("train", "test")

LARGEST_COUNT, LARGEST_SEED, LARGEST_SIDE = 10**9, 2**32 - 1, 2048
"""Greatest numbers that `sample` takes."""

BLOCK = 1024
"""Samples drawn together. Always whole blocks, so that sample i never depends on n."""


@dataclass(frozen=True)
class WorldPoses:
    """N samples of a world as the camera sees them: labels, and what the painter needs."""

    name: str
    """World: `"body"` or `"hand"`."""

    seed: int
    split: str
    side: int
    """Of the square images, px."""

    table: PoseTable
    """The labels; `table.root` is the canonical address, `table.image_N` the sample numbers."""

    index_N: np.ndarray
    """int64, sample numbers i."""

    figures: Figures
    """The figures in their own frames."""

    cameras: Cameras
    """Their cameras."""

    def __len__(self) -> int:
        return len(self.index_N)


def sample(
    name: str,
    poses: str = "source",
    n: int = 2000,
    seed: int = 0,
    split: str = "train",
    side: int = 64,
    look: str = "synthetic",
    indices: Sequence[int] | np.ndarray | None = None,
    facing: int | None = None,
) -> WorldPoses:
    """Draw the poses of a world.

    In the table, `visible` = inside the image; `occluded` = hidden by the figure's own body (what
    it wears, and what the photo look puts in front, is not counted: these belong to the look, not
    to the pose), worked out when somebody looks at it; `mode` = the activity; `neg_log_p` = -log
    density of the pose under the *source* generator, in nats, for source and target alike; `share`
    = the source's shares of the activities, so that `rare_N` means the same in both.

    Args:
        name: `"body"` or `"hand"`.
        poses: `"source"` (heavy-tailed) or `"target"` (flat over activities).
        n: number of samples: 0 .. n - 1.
        seed: another seed gives other samples, >= 0.
        split: `"train"` or `"test"`, which share no sample.
        side: of the square images, px, >= 16.
        look: written into `table.root`; has no influence on the poses.
        indices: draw these samples instead of the first `n`.
        facing: degrees by which figures turn away from facing the camera, as people in photographs
            mostly do: spread of a normal distribution, 1 to 180. None: they turn any way.

    Raises:
        ValueError: a name or number that is none of these.
    """
    for what, value, least, most in (
        ("n", n, 0, LARGEST_COUNT),
        ("side", side, 16, LARGEST_SIDE),
    ):
        _check_number(name, what, value, least, most)
    _check("look", look, LOOKS)
    scene = draw(name, poses, np.arange(n) if indices is None else indices, seed, split, facing)
    sampled = photograph(scene, side)
    sampled.table.root = canonical(name, poses, look, seed, split, side, facing)
    return sampled


def draw(
    name: str,
    poses: str,
    indices: Sequence[int] | np.ndarray,
    seed: int = 0,
    split: str = "train",
    facing: int | None = None,
) -> Scene:
    """Draw samples of a world, without looking at them.

    Args:
        name: `"body"` or `"hand"`.
        poses: `"source"` (heavy-tailed) or `"target"` (flat over activities).
        indices: N numbers of samples, 0 or more.
        seed: as of `sample`.
        split: as of `sample`.
        facing: as of `sample`.

    Raises:
        ValueError: a name or number that is none of these.
    """
    world = world_module(name)
    _check("poses", poses, POSES)
    _check("split", split, SPLITS)
    _check_number(name, "seed", seed, 0, LARGEST_SEED)
    if facing is not None and not 1 <= facing <= 180:
        raise ValueError(f"world:{name}: expected facing of 1 to 180 degrees, found {facing}")
    index_N = np.asarray(indices, np.int64)
    if len(index_N) and index_N.min() < 0:
        raise ValueError(f"world:{name}: expected sample numbers from 0 on, found {index_N.min()}")
    if len(index_N) and index_N.max() >= LARGEST_COUNT:
        raise ValueError(
            f"world:{name}: expected sample numbers below {LARGEST_COUNT}, found {index_N.max()}"
        )
    block_N, row_N = np.divmod(index_N, BLOCK)
    blocks, which_N, count_B = np.unique(block_N, return_inverse=True, return_counts=True)
    order_N = np.argsort(which_N, kind="stable")
    rows_B = np.split(row_N[order_N], np.cumsum(count_B)[:-1])
    # No samples at all still need the columns' shapes: block 0, of which nothing is picked.
    drawn = joined(
        [
            _drawn(world, name, poses, seed, split, block, facing).select(rows)
            for block, rows in zip(blocks.tolist() or [0], rows_B, strict=True)
        ]
    )
    return drawn.select(np.argsort(order_N))


def photograph(scene: Scene, side: int = 64) -> WorldPoses:
    """Look at a scene: labels, and what the painter needs. Nothing is drawn.

    A row's figures depend on that row alone, to the last bit.

    Args:
        scene: from `draw`, or made of given angles.
        side: of the square images, px, 16 to `LARGEST_SIDE`.

    Returns:
        The table's ``root`` is empty: only `sample` knows an address that gives these images.

    Raises:
        ValueError: the side is out of range.
    """
    world = world_module(scene.name)
    _check_number(scene.name, "side", side, 16, LARGEST_SIDE)
    skeleton = skeletons.load(world.SKELETON)
    blocks = [_seen(world, block, side) for block in whole_blocks(scene)]
    figures, cameras, points_NP2 = zip(*blocks, strict=True)
    rows = slice(len(scene))
    figures, cameras = Figures.joined(figures)[rows], Cameras.joined(cameras)[rows]
    keypoints_NK2 = np.concatenate(points_NP2)[rows, : len(skeleton)]
    hidden = partial(_hidden, scene.name, figures, cameras)
    size_N = np.full(len(scene), side, np.int32)
    table = PoseTable(
        skeleton=skeleton,
        keypoints_NK2=keypoints_NK2,
        visible_NK=np.all((keypoints_NK2 >= -0.5) & (keypoints_NK2 < side - 0.5), axis=-1),
        width_N=size_N,
        height_N=size_N.copy(),
        image_N=scene.number_N.astype(str).astype(object),
        occluded_NK=deferred(hidden, (len(scene), len(skeleton))),
        mode_N=scene.mode_N,
        neg_log_p_N=scene.neg_log_p_N,
        share=None if scene.mode_N is None else dict(world.SHARES["source"]),
    )
    return WorldPoses(
        scene.name, scene.seed, scene.split, side, table, scene.number_N, figures, cameras
    )


def whole_blocks(scene: Scene) -> Iterator[Scene]:
    """Cut a scene into blocks; the last is filled up by repeating its last row.

    Arrays of one length take one way through NumPy's loops, so that a row's last bit does not
    depend on what it stands beside.
    """
    for begin in range(0, max(len(scene), 1), BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, len(scene)))
        yield scene.select(np.concatenate([rows, rows[-1:].repeat(BLOCK - len(rows))]))


def paint(
    world_poses: WorldPoses,
    look: str,
    indices: Sequence[int] | np.ndarray | None = None,
    chunk: int = 64,
) -> np.ndarray:
    """Paint samples: (M, side, side, 3) uint8 RGB.

    Args:
        world_poses: what `sample` gave.
        look: `"synthetic"` or `"photo"`.
        indices: rows of `world_poses` to paint, all by default.
        chunk: images that are worked out together; no influence on the images.

    Raises:
        ValueError: there is no such look.
    """
    _check("look", look, LOOKS)
    world, side = world_module(world_poses.name), world_poses.side
    row_M = np.arange(len(world_poses))
    row_M = row_M if indices is None else row_M[np.asarray(indices, np.int64)]
    images = np.empty((len(row_M), side, side, 3), np.uint8)
    for begin in range(0, len(row_M), chunk):
        rows = row_M[begin : begin + chunk]
        rngs = [
            _stream("appearance", look, world_poses.seed, world_poses.split, int(i))
            for i in world_poses.index_N[rows]
        ]
        figures, cameras = world_poses.figures[rows], world_poses.cameras[rows]
        painted = people.paint(world, figures, cameras, rngs, look, side)
        for m, (figure_HW3, alpha_HW1) in enumerate(painted, begin):
            images[m] = looks.surround(rngs[m - begin], look, figure_HW3, alpha_HW1)
    return images


def canonical(
    name: str,
    poses: str,
    look: str,
    seed: int,
    split: str,
    side: int,
    facing: int | None = None,
) -> str:
    """Return the address of a world without its number of samples: the root of its images.

    >>> canonical("body", "target", "photo", 0, "test", 64)
    'world:body,poses=target,look=photo,seed=0,split=test,side=64'
    """
    options = {"poses": poses, "look": look, "seed": seed, "split": split, "side": side}
    options |= {} if facing is None else {"facing": facing}
    return str(Address("world", name, {key: str(value) for key, value in options.items()}))


def _drawn(
    world: World, name: str, poses: str, seed: int, split: str, block: int, facing: int | None
) -> Scene:
    """Draw a whole block of samples."""
    rng = _stream(f"poses of {name}", poses, seed, split, block)
    drawn = world.draw(rng, poses, BLOCK)
    return Scene(
        name=name,
        seed=seed,
        split=split,
        number_N=block * BLOCK + np.arange(BLOCK),
        angles_NA=drawn.angles_NA,
        shape={key: drawn.shape[key] for key in world.SHAPE},
        camera=camera.draw(rng, world.VIEW, BLOCK, facing),
        neg_log_p_N=drawn.neg_log_p_N,
        mode_N=np.array(world.MODES, object)[drawn.mode_N],
    )


def _seen(world: World, scene: Scene, side: int) -> tuple[Figures, Cameras, np.ndarray]:
    """Make and photograph the figures of a whole block; returns all their points in px, too."""
    figures = world.figures(scene.angles_NA, scene.shape)
    cameras = camera.aim(scene.camera, figures.points_NP3, side)
    return figures, cameras, cameras.see(figures.points_NP3)[0]


def _hidden(name: str, figures: Figures, cameras: Cameras, row_R: np.ndarray) -> np.ndarray:
    """Whether keypoints of some figures are hidden, (R, K): the work behind `occluded`."""
    return hiding.hidden(world_module(name), figures[row_R], cameras[row_R])


def _stream(purpose: str, choice: str, seed: int, split: str, number: int) -> np.random.Generator:
    tag = zlib.crc32(f"{purpose} {choice} {split}".encode())
    return np.random.default_rng(np.random.SeedSequence((tag, seed, number)))


def world_module(name: str) -> World:
    """Return the module of a world.

    Raises:
        ValueError: there is no such world.
    """
    _check("a world", name, WORLDS)
    return cast(World, importlib.import_module(f"{__name__}.{name}"))


def _check(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        hint = spelling.hint(value, known)
        raise ValueError(f"expected {what} in {', '.join(known)}, found {value!r}{hint}")


def _check_number(name: str, what: str, value: int, least: int, most: int) -> None:
    if value < least:
        raise ValueError(f"world:{name}: expected {what} of at least {least}, found {value}")
    if value > most:
        raise ValueError(f"world:{name}: expected {what} of at most {most}, found {value}")
