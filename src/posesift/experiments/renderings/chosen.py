"""Which samples of a world to render: those that stand for what a target has and a source lacks.

Shapes: M proposals, R chosen ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from posesift.data import worlds
from posesift.data.address import Address, parse
from posesift.data.readers import read
from posesift.data.worlds import painted, references
from posesift.experiments.renderings.like import TargetPoses, like
from posesift.poses.table import PoseTable, joined
from posesift.similarity import proposals
from posesift.similarity.orientation import Poses
from posesift.similarity.proposals import Chosen
from posesift.skeletons import Skeleton
from posesift.skeletons.mapping import mismatch

PROPOSALS = 20_000
"""Poses that a world proposes; some seconds on one core beside 3,000 target poses."""

FIRST = 1 << 24
"""Number of the first sample that is proposed. Sources count from 0, so that nothing is proposed
that a source or the training poses of a world's target hold already."""


@dataclass(frozen=True)
class ChosenSamples:
    """Samples of a world to render, most useful first.

    Attributes:
        number_R: sample numbers of the world.
        table: their poses.
        found: what stands for what.
        told: how the target's poses are known, for people.
    """

    number_R: NDArray[np.int64]
    table: PoseTable
    found: Chosen
    told: str


def chosen(
    world: str,
    target: str | TargetPoses,
    source: str | None,
    n: int,
    *,
    where_failing: bool = False,
    proposed: int = PROPOSALS,
) -> ChosenSamples:
    """Choose the n samples of a world that stand for most of what a target has and a source lacks.

    Args:
        world: address of a built-in world, whose ``n=`` does not count.
        target: what the target has; or what ``like`` reads it from: the folder of a run or a
            score, or the address of labelled data.
        source: address of the poses that are there already; None: those that the run of
            ``target`` was trained on, else none.
        n: how many; fewer where no further one stands for anything.
        where_failing: weigh the target's poses by where the run's network fails.
        proposed: how many samples the world proposes.

    Raises:
        ValueError: no world, no target, other skeletons, or more than are proposed.
    """
    if not 1 <= n <= proposed:
        raise ValueError(
            f"expected to choose 1 to {proposed} of the {proposed} poses that {world} proposes, "
            f"found {n}; ask for fewer, or have more proposed"
        )
    address = parse(world)
    if address.kind != "world":
        raise ValueError(f"expected a built-in world such as world:body to render, found {world}")
    root = read(replace(address, options=address.options | {"n": "1"}), default_split="train").root
    found = like(target) if isinstance(target, str) else target
    if where_failing:
        found = found.where_failing()
    offered = propose(root, FIRST, proposed)
    check_skeleton(offered.skeleton, found.skeleton, found.address, world)
    where = source if source is not None else found.source
    there = offered.select([]) if where is None else read(where, default_split="train")
    check_skeleton(offered.skeleton, there.skeleton, there.address, world)
    kept = choose(offered, found, there, n)
    assert offered.image_N is not None
    table = offered.select(kept.row_R)
    return ChosenSamples(FIRST + kept.row_R, table, kept, found.told)


def propose(root: str, first: int, count: int) -> PoseTable:
    """Draw samples ``first``, ``first`` + 1, .. of the world that a table's root names."""
    sample, look = painted.choices(root)
    table = worlds.sample(**sample, look=look, indices=np.arange(first, first + count)).table
    return table.changed(address=root)


def proposed_by(root: str, poses: str, first: int, count: int) -> PoseTable:
    """Draw samples of a world in another mixture of poses, with images that count from ``root``."""
    address = parse(root)
    other = str(Address(address.kind, address.path, address.options | {"poses": poses}))
    return references.counted_from(propose(other, first, count), root).changed(address=root)


def of_all_mixtures(root: str, count: int = PROPOSALS) -> PoseTable:
    """Propose ``count`` poses, as many of each mixture that the world knows."""
    each = -(-count // len(worlds.POSES))
    tables = [proposed_by(root, poses, FIRST, each) for poses in worlds.POSES]
    return joined(tables).select(np.arange(count))


def choose(offered: PoseTable, target: TargetPoses, source: PoseTable, n: int) -> Chosen:
    """Choose of a table of proposals; see `posesift.similarity.proposals.choose`."""
    return proposals.choose(
        _poses(offered), target.poses, _poses(source), n, weight_N=target.weight_N
    )


def check_skeleton(of_world: Skeleton, other: Skeleton, named: str, world: str) -> None:
    """Refuse poses of another skeleton than the world's.

    Raises:
        ValueError: they are.
    """
    if other.same_as(of_world):
        return
    hint = mismatch(other, of_world)
    if named.startswith("images:"):
        hint = f"add skeleton={of_world.name} to the address"
    raise ValueError(
        f"{named} has poses of the skeleton {other.name}, and {world} renders {of_world.name}: "
        f"{hint}"
    )


def _poses(table: PoseTable) -> Poses:
    return Poses.of(table.keypoints_NK2, table.visible_NK, table.skeleton)
