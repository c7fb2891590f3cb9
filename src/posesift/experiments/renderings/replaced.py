"""A source of which a part gave way to renderings: the table that an arm trains on, and its facts.

Every arm loses the same poses of the source, drawn at random, and has as many poses as before; so
with one budget of draws arms differ in which poses are there, and in nothing else.

Shapes: N poses of the source, T of a test set.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from posesift import storage
from posesift.experiments.renderings import CHOOSING
from posesift.experiments.renderings.chosen import (
    FIRST,
    PROPOSALS,
    choose,
    of_all_mixtures,
    proposed_by,
)
from posesift.experiments.renderings.like import TargetPoses
from posesift.poses.table import PoseTable, joined
from posesift.similarity import coverage
from posesift.similarity.orientation import Poses

_GIVES_WAY = 771  # beside the seed of the experiment: which poses of the source give way
_MIXTURES = {"rendered-at-random": "source", "rendered-flat": "target"}
MODES = 20  # classes of poses that the facts list
CELLS = 8  # of pose cluster and joint that the facts list


def write_replaced(
    path: Path,
    rendering: str,
    n: int,
    source: PoseTable,
    target: TargetPoses | None,
    test: PoseTable | None,
    seed: int,
    proposed: int = PROPOSALS,
) -> dict[str, Any]:
    """Write the source with n renderings in the place of as many of its poses.

    Args:
        path: of the pose table; its facts get the same name with ``.json``, and are written last.
        rendering: of `renderings.RENDERINGS`.
        n: how many; fewer where no further proposal stands for anything.
        source: of a built-in world.
        target: what the target has, for those that look at it.
        test: labelled poses of the target that nothing was chosen by, to tell what was gained.
        seed: of the experiment.
        proposed: poses that the world proposes.

    Returns:
        The facts: ``rendering``, how many were ``asked`` for and ``rendered``, what was
        ``looked_at``; percent of the target poses looked at that ``lacked_before`` and
        ``lack_after``, and the same of ``test`` as ``test_lacked_before`` and ``test_lack_after``,
        of ``test_samples``; the ``classes`` of the renderings, most first; and where they were
        chosen by where a student fails, the ``failing`` cells (`results.schema.FailingCell`).

    Raises:
        ValueError: see `check_source`.
    """
    check_source(source, n)
    facts: dict[str, Any] = {"rendering": rendering, "asked": n}
    if rendering in CHOOSING:
        assert target is not None, rendering
        if rendering == "rendered-where-failing":
            target = target.where_failing()
            facts["failing"] = _failing(target)
        offered = of_all_mixtures(source.root, proposed)
        found = choose(offered, target, source, n)
        rendered = offered.select(found.row_R)
        facts |= {
            "looked_at": target.told,
            "proposed": len(offered),
            "lacked_before": 100 * found.lacking_before,
            "lack_after": 100 * found.lacking_after,
        }
    else:
        rendered = proposed_by(source.root, _MIXTURES[rendering], FIRST, n)
        facts |= {"looked_at": None, "proposed": n, "lacked_before": None, "lack_after": None}
    table = replaced(source, rendered, seed)
    table.save(path)
    facts["rendered"] = len(rendered)
    facts |= gained(source, table, test)
    facts["classes"] = _classes(rendered)
    storage.write_json(path.with_suffix(".json"), facts)
    return facts


def replaced(source: PoseTable, rendered: PoseTable, seed: int) -> PoseTable:
    """Put poses in the place of as many others of a source, which a seed draws."""
    order_N = np.random.default_rng((seed, _GIVES_WAY)).permutation(len(source))
    kept = source.select(np.sort(order_N[len(rendered) :]))
    return replace(
        joined([kept, replace(rendered, address=source.address, notes=source.notes)]),
        address=source.address,
    )


def gained(source: PoseTable, table: PoseTable, test: PoseTable | None) -> dict[str, Any]:
    """Say which share of a target's labelled poses a source lacked, and lacks now, in percent."""
    told: dict[str, Any] = dict.fromkeys(
        ("test_samples", "test_lacked_before", "test_lack_after"), None
    )
    if test is None:
        return told
    poses = _poses(test)
    rows, total = coverage.looked_at(poses, coverage.TARGET_CAP)
    if not total:
        return told
    shares = [
        100 * float(coverage.lacks(poses[rows], _poses(there)).mean()) for there in (source, table)
    ]
    return dict(zip(told, (len(rows), *shares), strict=True))


def check_source(source: PoseTable, n: int) -> None:
    """Refuse a source into which nothing can be rendered.

    Raises:
        ValueError: it is not of a built-in world, or does not have n poses and more.
    """
    if not source.root.startswith("world:") or not source.has_images:
        raise ValueError(
            "renderings take the place of poses of a built-in world, and the source is "
            f"{source.address}; give --source world:body or world:hand, or render for your own "
            "source with `posesift render`"
        )
    if not 0 < n < len(source):
        raise ValueError(
            f"--rendered: expected 1 to {len(source) - 1} of the {len(source)} poses of "
            f"{source.address} to give way, found {n}"
        )


def _classes(rendered: PoseTable) -> dict[str, int]:
    """Count the classes of rendered poses, most first."""
    if rendered.mode_N is None or not len(rendered):
        return {}
    names, counts = np.unique(rendered.mode_N.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MODES]
    return {str(names[i]): int(counts[i]) for i in order}


def _failing(target: TargetPoses) -> list[dict[str, Any]]:
    """List the cells of pose cluster and joint in which most error lies, with a pose of each."""
    found = target.failing
    assert found is not None
    told = []
    for cluster, joint in found.worst(CELLS):
        row = found.middle(cluster, target.poses.angles_NA)
        places = zip(target.poses.place_NK[row], target.poses.visible_NK[row], strict=True)
        told.append(
            {
                "joint": target.skeleton.keypoints[joint],
                "share": 100 * float(found.share_C[cluster]),
                "error": 100 * float(found.error_CK[cluster, joint]),
                "part": 100 * float(found.weight_CK[cluster, joint]),
                "pose": [[float(at.real), float(at.imag)] if seen else None for at, seen in places],
            }
        )
    return told


def _poses(table: PoseTable) -> Poses:
    return Poses.of(table.keypoints_NK2, table.visible_NK, table.skeleton)
