"""Failures and their neighbours, against a slow reference that compares pose by pose."""

from __future__ import annotations

import numpy as np
import pytest
from tests.report.conftest import BODY, SIDE, stick_poses

from posesift.poses.angles import joint_angles
from posesift.report.sections import failures as nearest_section
from posesift.results.predictions import Predictions


def predictions(n: int, seed: int, hidden: float = 0.15) -> Predictions:
    rng = np.random.default_rng(seed)
    pose_NK2 = stick_poses(n, rng.random(n), seed).astype(np.float32)
    pck_N = rng.integers(0, 17, n) * 100 / 16
    pck_N[rng.random(n) < 0.1] = np.nan
    return Predictions(
        skeleton=BODY, side=SIDE, address="", index_N=np.arange(n),
        predicted_NK2=pose_NK2, keypoints_NK2=pose_NK2, visible_NK=rng.random((n, 16)) > hidden,
        difficulty_N=np.zeros(n), pck_N=pck_N, counted_N=np.full(n, 12), evalpose_N=np.zeros(n),
    )  # fmt: skip


def slow(found: Predictions, source_MA: np.ndarray) -> list[tuple[int, list[int]]]:
    """Rows and nearest source poses by the printed rule, one pair of poses at a time."""
    triplets = found.skeleton.triplets
    angles_NA = joint_angles(found.keypoints_NK2, found.visible_NK, triplets)
    rows = sorted(
        (i for i in range(len(found.pck_N)) if not np.isnan(found.pck_N[i])),
        key=lambda i: (found.pck_N[i], i),
    )
    rows = rows[: max(len(rows) // 4, min(len(rows), 6))]
    neighbours = {}
    for i in rows:
        if 2 * sum(~np.isnan(angles_NA[i])) < angles_NA.shape[1]:
            continue
        distances = []
        for j, other in enumerate(source_MA):
            both = [(a - b) ** 2 for a, b in zip(angles_NA[i], other, strict=True)]
            both = [d for d in both if not np.isnan(d)]
            if len(both) >= 3:
                distances.append((float(np.sqrt(np.mean(both))), j))
        if len(distances) >= 3:
            neighbours[i] = sorted(distances)[:3]
    order = sorted(neighbours, key=lambda i: np.mean([d for d, _ in neighbours[i]]))
    half = min(3, len(order) // 2)
    return [(i, [j for _, j in neighbours[i]]) for i in [*order[:half], *order[::-1][:half]]]


@pytest.mark.parametrize(("n", "seed", "hidden"), [(120, 1, 0.15), (30, 2, 0.4), (9, 3, 0.1)])
def test_failures_are_those_of_the_rule(n: int, seed: int, hidden: float) -> None:
    found = predictions(n, seed, hidden)
    source = predictions(80, 50 + seed)
    source_MA = joint_angles(source.keypoints_NK2, source.visible_NK, BODY.triplets)
    chosen = nearest_section.failures(found, source_MA)
    expected = slow(found, source_MA)
    assert [(f.row, f.index_S.tolist()) for f in chosen] == expected
    half = len(chosen) // 2
    assert [f.supported for f in chosen] == [True] * half + [False] * half
    angles_NA = joint_angles(found.keypoints_NK2, found.visible_NK, BODY.triplets)
    for failure in chosen:
        away = [
            np.sqrt(np.mean(d[~np.isnan(d)]))
            for other in source_MA
            if (~np.isnan(d := (angles_NA[failure.row] - other) ** 2)).sum() >= 3
        ]
        assert failure.close == sum(a <= 15 for a in away)
        assert failure.distance_S == pytest.approx(sorted(away)[:3])


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_poses_fail_in_no_way(n: int) -> None:
    source = predictions(20, 4)
    source_MA = joint_angles(source.keypoints_NK2, source.visible_NK, BODY.triplets)
    assert nearest_section.failures(predictions(n, 5), source_MA) == []
    few = nearest_section.failures(predictions(20, 6), source_MA[:2])
    assert {len(failure.index_S) for failure in few} == {2}  # all that there are
