"""Poses as they lie in the picture: how far two are apart when the way they are turned counts.

Joint angles do not see that a pose stands on its head. Here two poses are as far apart as the
root mean square difference of their joint angles (as in `support`), or as half of the turn
between them, whichever is more: within `RADIUS_DEG` means at most 15 degrees in the angles *and*
at most 30 degrees in the picture plane. Thirty, since training turns every picture by up to that
much by default: what lies within is shown to the model, what lies beyond is not.

The turn is the rotation that lays one pose best onto the other by least squares (the orthogonal
Procrustes problem, Schoenemann 1966, in the plane). With keypoints as complex numbers
z = x + iy about the mean of the keypoints that both poses show, it is the argument of
``sum_k p_k conj(q_k)``: one matrix product for all pairs.

A reference pose counts as it is and as its mirror image, with the angles and the turn of either,
since training flips pictures too; where a skeleton has no left and right, nothing is flipped.

Shapes: N and M poses, K keypoints, A angles, k neighbours, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.poses.angles import MINIMUM_ANGLES, joint_angles
from posesift.similarity import neighbours
from posesift.skeletons import Skeleton

TURN_DEG = 30.0
DENSE = 0.05  # share of near pairs in a block from which a product of all is faster


@dataclass(frozen=True)
class Poses:
    """Poses with their joint angles and their places in the picture.

    Attributes:
        angles_NA: degrees, NaN = undefined.
        place_NK: x + iy about the mean of the pose's own visible keypoints, 0 where not visible.
        visible_NK: which keypoints are.
        mirrored: the same poses seen in a mirror; None where left and right are one.
    """

    angles_NA: NDArray[np.float64]
    place_NK: NDArray[np.complex128]
    visible_NK: NDArray[np.bool_]
    mirrored: Poses | None = None

    @staticmethod
    def of(keypoints_NK2: ArrayLike, visible_NK: ArrayLike, skeleton: Skeleton) -> Poses:
        """Poses from keypoints in pixels; the values of invisible ones are not looked at."""
        keypoints, visible = np.asarray(keypoints_NK2, np.float64), np.asarray(visible_NK, bool)
        one = _posed(keypoints, visible, skeleton)
        order = list(skeleton.mirror)
        if order == list(range(len(skeleton))):
            return one
        other = _posed(keypoints[:, order] * [-1.0, 1.0], visible[:, order], skeleton)
        return Poses(one.angles_NA, one.place_NK, one.visible_NK, other)

    def __len__(self) -> int:
        """Return the number of poses N."""
        return len(self.angles_NA)

    def __getitem__(self, rows: NDArray | slice) -> Poses:
        """Return some of the poses."""
        mirrored = None if self.mirrored is None else self.mirrored[rows]
        return Poses(self.angles_NA[rows], self.place_NK[rows], self.visible_NK[rows], mirrored)

    @property
    def placed_N(self) -> NDArray[np.bool_]:
        """Whether a pose defines enough angles to be compared."""
        return (~np.isnan(self.angles_NA)).sum(axis=1) >= MINIMUM_ANGLES

    @property
    def seen_both_ways(self) -> list[Poses]:
        """The poses as they are and, where there is one, their mirror image."""
        return [self] if self.mirrored is None else [self, self.mirrored]


def nearest(
    poses: Poses, references: Poses, k: int = 1, turn_weight: float = 0.5
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the k nearest references of each pose, exact, in blocks.

    Args:
        poses: to look from.
        references: to look for, each as it is or mirrored, whichever is nearer.
        k: how many; fewer when there are fewer references.
        turn_weight: degrees of joint angles that a degree of turn is worth; 0 = blind to turns.

    Returns:
        Distances in degrees, rising, and rows, (N, k): infinity and -1 where too few can be
        compared.
    """
    beyond_N = np.full(len(poses), np.inf)
    blocks = mean_squares(poses, references, turn_weight, beyond_N)
    return neighbours.nearest_of(blocks, len(poses), min(k, len(references)), beyond_N)


def mean_squares(
    poses: Poses,
    references: Poses,
    turn_weight: float = 0.5,
    beyond_N: NDArray[np.float64] | None = None,
) -> Iterator[tuple[slice, slice, NDArray[np.float64]]]:
    """Blocks of squared distances (rows, columns, block), infinite where undefined.

    Above ``beyond_N``, which may fall from block to block, any value above it will do.
    """
    ways = [_one_way(poses, seen, turn_weight, beyond_N) for seen in references.seen_both_ways]
    for blocks in zip(*ways, strict=True):
        rows, columns, square = blocks[0]
        for _, _, other in blocks[1:]:
            square = np.minimum(square, other)
        yield rows, columns, square


def apart(
    poses: Poses, references: Poses, turn_weight: float = 0.5
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Of N pairs: degrees in the joint angles, degrees of turn, and whether mirrored is nearer."""
    found = []
    for seen in references.seen_both_ways:
        square_NA = np.square(poses.angles_NA - seen.angles_NA)
        shared_N = (~np.isnan(square_NA)).sum(axis=1)
        mean_N = np.nansum(square_NA, axis=1) / np.maximum(shared_N, 1)
        angle_N = np.where(shared_N >= MINIMUM_ANGLES, np.sqrt(mean_N), np.inf)
        found.append((angle_N, _turns_of_pairs(poses, seen)))
    (angle_N, turn_N), mirrored_N = found[0], np.zeros(len(poses), bool)
    for other_angle_N, other_turn_N in found[1:]:
        far_N, other_N = (
            np.maximum(a, turn_weight * t) for a, t in (found[0], (other_angle_N, other_turn_N))
        )
        mirrored_N = other_N < far_N
        angle_N = np.where(mirrored_N, other_angle_N, angle_N)
        turn_N = np.where(mirrored_N, other_turn_N, turn_N)
    return angle_N, turn_N, mirrored_N


def turns(poses: Poses, references: Poses) -> NDArray[np.float64]:
    """Degrees by which each reference is turned against each pose, 0 to 180, (N, M).

    Where every turn fits alike, it is 0.
    """
    p, q = (of.place_NK.astype(np.complex64) for of in (poses, references))
    sum_NM = p @ q.conj().T
    if not (poses.visible_NK.all() and references.visible_NK.all()):
        # From each pose's own mean to that of the keypoints that both show.
        p_seen, q_seen = (of.visible_NK.astype(np.complex64) for of in (poses, references))
        shared_NM = (p_seen @ q_seen.T).real
        sum_NM -= (p @ q_seen.T) * (p_seen @ q.conj().T) / np.maximum(shared_NM, 1)
    return _turn(sum_NM)


def _one_way(
    poses: Poses, references: Poses, turn_weight: float, beyond_N: NDArray[np.float64] | None
) -> Iterator[tuple[slice, slice, NDArray[np.float64]]]:
    """Blocks of squared distances to references as they are."""
    for rows, columns, square in neighbours.mean_squares(poses.angles_NA, references.angles_NA):
        if not turn_weight:
            yield rows, columns, square
            continue
        one, other = poses[rows], references[columns]
        near = None if beyond_N is None else square < beyond_N[rows, None]
        if near is None or near.mean() > DENSE:
            yield rows, columns, np.maximum(square, np.square(turn_weight * turns(one, other)))
            continue
        i, j = np.nonzero(near)
        turn = turn_weight * _turns_of_pairs(one[i], other[j])
        square[i, j] = np.maximum(square[i, j], np.square(turn))
        yield rows, columns, square


def _turns_of_pairs(poses: Poses, references: Poses) -> NDArray[np.float64]:
    """Return the diagonal of `turns`, for as many poses as references."""
    both_NK = poses.visible_NK & references.visible_NK
    p, q = (_centred(of.place_NK, both_NK) for of in (poses, references))
    return _turn(np.einsum("nk,nk->n", p, q.conj()))


def _posed(
    keypoints_NK2: NDArray[np.float64], visible_NK: NDArray[np.bool_], skeleton: Skeleton
) -> Poses:
    place_NK = np.where(visible_NK, keypoints_NK2[..., 0] + 1j * keypoints_NK2[..., 1], 0)
    place_NK = _centred(place_NK, visible_NK)
    # To one size, so that single precision is enough for all pairs.
    size_N1 = np.linalg.norm(place_NK, axis=1, keepdims=True)
    place_NK /= np.where(size_N1 > 0, size_N1, 1)
    angles_NA = joint_angles(keypoints_NK2, visible_NK, skeleton.triplets)
    return Poses(angles_NA, place_NK, visible_NK)


def _centred(
    place_NK: NDArray[np.complex128], visible_NK: NDArray[np.bool_]
) -> NDArray[np.complex128]:
    """About the mean of some keypoints, 0 at the others."""
    number_N1 = np.maximum(visible_NK.sum(axis=1, keepdims=True), 1)
    mean_N1 = np.where(visible_NK, place_NK, 0).sum(axis=1, keepdims=True) / number_N1
    return np.where(visible_NK, place_NK - mean_N1, 0)


def _turn(sums: NDArray[np.complexfloating]) -> NDArray[np.float64]:
    return np.degrees(np.abs(np.arctan2(sums.imag, sums.real)))
