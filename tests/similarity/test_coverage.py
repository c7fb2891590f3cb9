"""Coverage against a slow reference, a case by hand, and properties that must hold always."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from posesift import skeletons
from posesift.similarity import coverage
from posesift.similarity.coverage import Coverage
from posesift.similarity.orientation import Poses


def upright(angles) -> Poses:
    """Poses of these angles that are all turned the same way."""
    angles = np.asarray(angles, np.float64)
    visible = np.ones((len(angles), 2), bool)
    return Poses(angles, np.where(visible, [-1j, 1j], 0), visible)


def cover(target, source, **changes) -> Coverage:
    return coverage.cover(upright(target), upright(source), **changes)


def apart(a, b) -> float:
    """Root mean square difference over the angles that both define."""
    shared = [(x, y) for x, y in zip(a, b, strict=True) if not (np.isnan(x) or np.isnan(y))]
    if len(shared) < 3:
        return float("inf")
    return (sum((x - y) ** 2 for x, y in shared) / len(shared)) ** 0.5


def slowly(target, source, radius: float, needed: int):
    """Coverage pose by pose: nearest distances, covered, ranked rows and what each reaches."""
    source = [s for s in source if sum(~np.isnan(s)) >= 3]
    rows = [i for i, t in enumerate(target) if sum(~np.isnan(t)) >= 3]
    nearest = {i: min((apart(target[i], s) for s in source), default=np.inf) for i in rows}
    covered = {i: sum(apart(target[i], s) <= radius for s in source) >= needed for i in rows}
    lacking = [i for i in rows if not covered[i]]

    def stands_for(p: int, q: int) -> bool:
        whole = all(
            np.isnan(y) or not np.isnan(x) for x, y in zip(target[p], target[q], strict=True)
        )
        return p == q or (whole and apart(target[p], target[q]) <= radius)

    left, ranked, counts = set(lacking), [], []
    while left:
        gain = {p: [q for q in left if stands_for(p, q)] for p in lacking}
        # distances are told apart by thousandths of a degree, so that all machines agree
        best = min(lacking, key=lambda p: (-len(gain[p]), -np.round(nearest[p], 3), p))
        ranked.append(best)
        counts.append(len(gain[best]))
        left -= set(gain[best])
    return rows, nearest, covered, ranked, counts


def poses(seed: int, n: int, hidden: float = 0.0, angles: int = 5, bends: int = 6) -> np.ndarray:
    """Poses about a few bends, so that there are neighbours, with some angles undefined."""
    rng = np.random.default_rng(seed)
    middle = np.random.default_rng(seed // 100).uniform(20, 160, (bends, angles))
    angle = np.clip(middle[rng.integers(bends, size=n)] + rng.normal(0, 9, (n, angles)), 0, 180)
    return np.where(rng.random((n, angles)) < hidden, np.nan, angle)


@settings(max_examples=60)
@example(seed=158, n=27, m=9, hidden=0.0, needed=2)  # two distances that differ by 0.0003 degrees
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 40),
    m=st.integers(0, 12),
    hidden=st.sampled_from([0.0, 0.2, 0.5]),
    needed=st.integers(1, 3),
)
def test_it_agrees_with_counting_pose_by_pose(seed, n, m, hidden, needed):
    target, source = poses(seed, n, hidden), poses(seed + 7, m, hidden)
    rows, nearest, covered, ranked, counts = slowly(target, source, 15.0, needed)
    found = cover(target, source, needed=needed)
    assert found.row_N.tolist() == rows
    assert found.undefined == n - len(rows)
    np.testing.assert_allclose(found.nearest_deg_N, [nearest[i] for i in rows], atol=1e-4)
    assert found.covered_N.tolist() == [covered[i] for i in rows]
    assert found.row_N[found.ranked_R].tolist() == ranked
    assert found.stands_for_R.tolist() == counts
    for i, row in enumerate(found.nearest_row_N):
        if row >= 0:
            assert apart(target[rows[i]], source[row]) == pytest.approx(nearest[rows[i]], abs=1e-4)
        else:
            assert nearest[rows[i]] == np.inf


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), m=st.integers(0, 12))
def test_gains_never_rise_and_sum_to_what_is_lacking(seed, n, m):
    found = cover(poses(seed, n, 0.1), poses(seed + 7, m))
    assert (np.diff(found.stands_for_R) <= 0).all()
    assert found.stands_for_R.sum() == found.lacking
    assert not found.covered_N[found.ranked_R].any()
    assert len(set(found.ranked_R.tolist())) == len(found.ranked_R)
    assert ((found.reached_by_N < 0) == found.covered_N).all()
    assert np.bincount(found.reached_by_N[~found.covered_N]).tolist() == found.stands_for_R.tolist()
    # Each pose of the list stands for itself, or for one that an earlier entry reached.
    assert (found.reached_by_N[found.ranked_R] <= np.arange(len(found.ranked_R))).all()
    if found.lacking:
        assert found.share_reached_R[-1] == 1


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 40), m=st.integers(1, 12))
def test_the_order_of_rows_changes_nothing(seed, n, m):
    # Distances of random poses to the source never tie, so there are no ties to be broken by row.
    target, source = poses(seed, n), poses(seed + 7, m)
    new, other = (np.random.default_rng(seed).permutation(k) for k in (n, m))
    one, two = cover(target, source), cover(target[new], source[other])
    assert one.row_N[one.ranked_R].tolist() == new[two.row_N[two.ranked_R]].tolist()
    assert one.stands_for_R.tolist() == two.stands_for_R.tolist()
    assert one.covered_N[new].tolist() == two.covered_N.tolist()
    assert one.nearest_row_N[new].tolist() == other[two.nearest_row_N].tolist()


def test_more_source_poses_never_uncover_and_more_needed_never_cover():
    target, source = poses(3, 80), poses(10, 30)
    few, many = cover(target, source[:10]), cover(target, source)
    assert (few.covered_N <= many.covered_N).all()
    assert few.lacking > many.lacking
    strict = cover(target, source, needed=3)
    assert (strict.covered_N <= many.covered_N).all()
    assert strict.lacking > many.lacking
    assert strict.nearest_deg_N.tolist() == pytest.approx(many.nearest_deg_N.tolist())


def test_a_case_by_hand():
    source = [[90, 90, 90], [90, 90, 91]]
    target = [
        [90, 90, 100],  # covered: sqrt(81 / 3) = 5.2 degrees from the second
        [150, 90, 90],  # a: 34.6 away; near b, not near c
        [170, 90, 90],  # b: 46.2 away; 11.5 from a and from c
        [170, 110, 90],  # c: 47.6 away; 16.3 from a
        [10, 10, 10],  # 80 off in every angle, alone
        [np.nan, 90, 90],  # two angles: no place in angle space
    ]
    found = cover(target, source)
    assert found.undefined == 1
    assert found.row_N.tolist() == [0, 1, 2, 3, 4]
    assert found.covered_N.tolist() == [True, False, False, False, False]
    assert found.nearest_deg_N.round(1).tolist() == [5.2, 34.6, 46.2, 47.6, 80.0]
    assert found.nearest_row_N[0] == 1
    assert found.ranked_R.tolist() == [2, 4]
    assert found.stands_for_R.tolist() == [3, 1]
    assert found.share_reached_R.tolist() == [0.75, 1.0]
    assert found.reached_by_N.tolist() == [-1, 0, 0, 0, 1]
    assert found.covered_share == pytest.approx(0.2)
    assert cover(target, source, needed=2).covered_N.tolist() == found.covered_N.tolist()
    assert cover(target, source, needed=3).covered_N.tolist() == [False] * 5


def test_of_equal_gains_the_farther_goes_first_then_the_lower_row():
    target = [[30, 90, 90], [150, 150, 90], [20, 90, 90], [160, 150, 90], [150, 150, 90]]
    found = cover(target, [[90, 90, 90]], radius_deg=1)
    # Rows 1 and 4 are one pose twice; the rest stand alone: 70 and 60 off in one angle, and two.
    assert found.ranked_R.tolist() == [1, 3, 2, 0]
    assert found.stands_for_R.tolist() == [2, 1, 1, 1]


def test_a_pose_half_seen_stands_for_none_that_is_whole():
    arm = [150, 150, 150, np.nan, np.nan, np.nan]
    whole = [[150, 150, 150, 20, 20, 20], [150, 150, 150, 160, 160, 160]]
    found = cover([arm, *whole], [[20] * 6])
    assert found.ranked_R[0] in (1, 2)  # either of the whole poses stands for the arm too
    assert sorted(found.stands_for_R.tolist()) == [1, 2]


def test_without_a_source_everything_is_lacking_and_with_itself_nothing():
    target = poses(5, 30)
    nothing = cover(target, np.zeros((0, 5)))
    assert nothing.lacking == 30
    assert np.isinf(nothing.nearest_deg_N).all()
    assert (nothing.nearest_row_N == -1).all()
    all_of_it = cover(target, target)
    assert all_of_it.lacking == 0
    assert all_of_it.covered_share == 1
    assert len(all_of_it.ranked_R) == len(all_of_it.share_reached_R) == 0
    empty = cover(np.zeros((0, 5)), target)
    assert empty.covered_share is None
    assert cover(np.full((4, 5), np.nan), target).undefined == 4


def test_large_sets_are_sampled_the_same_way_each_time_and_say_so():
    target, source = poses(8, 300, 0.3), poses(9, 200)
    one, two = (cover(target, source, target_cap=50, source_cap=60) for _ in range(2))
    assert len(one.row_N) == 50
    assert one.target_total == 300 - one.undefined
    assert (one.source_used, one.source_total) == (60, 200)
    assert one.row_N.tolist() == two.row_N.tolist() == sorted(set(one.row_N.tolist()))
    assert one.ranked_R.tolist() == two.ranked_R.tolist()
    rows, nearest, *_ = slowly(target[one.row_N], source, 15.0, 1)
    assert len(rows) == 50
    assert (one.nearest_deg_N >= np.array(list(nearest.values())) - 1e-4).all()


def test_work_beside_a_large_source_is_bounded(monkeypatch):
    monkeypatch.setattr(coverage, "PAIRS", 2000)
    monkeypatch.setattr(coverage, "TARGET_LEAST", 10)
    assert len(cover(poses(8, 300), poses(9, 100)).row_N) == 20
    assert len(cover(poses(8, 300), poses(9, 2000)).row_N) == 10


def test_greedy_reaches_what_the_theorem_promises():
    rng = np.random.default_rng(4)
    for _ in range(20):
        reach = rng.random((8, 8)) < 0.25
        np.fill_diagonal(reach, True)
        _, by = coverage.greedy(reach)
        for r in (1, 2, 3):
            best = max(
                np.bitwise_or.reduce(reach[list(rows)]).sum()
                for rows in np.array(np.meshgrid(*[range(8)] * r)).reshape(r, -1).T
            )
            assert (by < r).sum() >= (1 - 1 / np.e) * best


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"needed": 0}, "needed = 0"),
        ({"radius_deg": 0.0}, "positive radius"),
        ({"turn_deg": 0.0}, "turn_deg = 0"),
    ],
)
def test_settings_without_sense_are_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        cover(poses(1, 3), poses(2, 3), **changes)


def test_sets_of_different_angles_are_refused():
    with pytest.raises(ValueError, match="same skeleton"):
        cover(poses(1, 3, angles=5), poses(2, 3, angles=6))


BODY = skeletons.load("body16")


def figures(seed: int, n: int, hidden: float = 0.0) -> Poses:
    """Bodies about three poses, turned any way, with some joints hidden."""
    rng = np.random.default_rng(seed)
    middle = np.random.default_rng(seed // 100).normal(0, 20, (3, 16, 2))
    at = middle[rng.integers(3, size=n)] + rng.normal(0, 1, (n, 16, 2))
    turn = np.radians(rng.choice([0, 20, 45, 180], n))
    turned = (at[..., 0] + 1j * at[..., 1]) * np.exp(1j * turn)[:, None]
    return Poses.of(np.stack([turned.real, turned.imag], -1), rng.random((n, 16)) >= hidden, BODY)


def turned(poses: Poses, degrees: float) -> Poses:
    """The poses as if every picture were turned."""
    place = poses.place_NK * np.exp(1j * np.radians(degrees))
    points = np.stack([place.real, place.imag], -1)
    return Poses.of(points, poses.visible_NK, BODY)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    degrees=st.floats(-180, 180),
    hidden=st.sampled_from([0.0, 0.1]),
)
def test_turning_both_changes_nothing_and_turns_only_ever_uncover(seed, degrees, hidden):
    target, source = figures(seed, 30, hidden), figures(seed + 7, 20, hidden)
    found = coverage.cover(target, source)
    assert (found.covered_N <= found.by_angles_N).all()
    once = replace(source, mirrored=None)
    # A mirror stands upright, so with mirror images only half a turn leaves all as it is.
    for one, by, plain in ((once, degrees, coverage.cover(target, once)), (source, 180, found)):
        moved = turned(source, by)
        moved = moved if one is source else replace(moved, mirrored=None)
        again = coverage.cover(turned(target, by), moved)
        np.testing.assert_allclose(again.distance_deg_N, plain.distance_deg_N, atol=1e-2)
        clear = np.abs(plain.distance_deg_N - 15) > 0.02
        assert (again.covered_N == plain.covered_N)[clear].all()
    # Where any turn is allowed, the angles alone decide, and a mirrored target is as far as before.
    free = coverage.cover(target, source, turn_deg=1e6)
    assert free.covered_N.tolist() == found.by_angles_N.tolist()
    assert target.mirrored is not None
    other = coverage.cover(target.mirrored, source)
    np.testing.assert_allclose(other.distance_deg_N, found.distance_deg_N, atol=1e-2)


def test_a_pose_upside_down_is_not_covered_by_its_upright_twin():
    standing = np.array(stick(0.0))
    fallen, tilted = stick(180.0), stick(25.0)
    source = Poses.of(standing[None], np.ones((1, 16), bool), BODY)
    target = Poses.of(np.stack([standing, fallen, tilted]), np.ones((3, 16), bool), BODY)
    assert coverage.lacks(target, source).tolist() == [False, True, False]
    found = coverage.cover(target, replace(source, mirrored=None))
    assert found.covered_N.tolist() == [True, False, True]
    assert found.by_angles_N.tolist() == [True] * 3
    assert found.nearest_row_N.tolist() == [0, 0, 0]
    np.testing.assert_allclose(found.nearest_deg_N, 0, atol=1e-6)
    np.testing.assert_allclose(found.turned_deg_N, [0, 180, 25], atol=1e-3)
    np.testing.assert_allclose(found.distance_deg_N, [0, 90, 12.5], atol=1e-3)
    assert found.ranked_R.tolist() == [1]


def test_a_lacking_pose_stands_for_its_mirror_image_but_not_for_one_turned_round():
    one = np.array(stick(90.0))
    other = stick(180.0)[list(BODY.mirror)] * [-1, 1]
    other = other + np.random.default_rng(0).normal(0, 0.1, (16, 2))
    mirrored = one[list(BODY.mirror)] * [-1, 1]
    target = Poses.of(np.stack([one, mirrored, other]), np.ones((3, 16), bool), BODY)
    nothing = target[np.zeros(0, int)]
    found = coverage.cover(target, nothing)
    assert found.stands_for_R.tolist() == [2, 1]
    assert found.ranked_R.tolist() == [0, 2]
    assert np.isnan(found.turned_deg_N).all()


def stick(degrees: float) -> np.ndarray:
    """A lopsided body, turned in the picture."""
    at = np.random.default_rng(3).normal(0, 20, (16, 2))
    at[:, 1] *= 2
    turn = np.radians(degrees)
    c, s = np.cos(turn), np.sin(turn)
    return at @ np.array([[c, s], [-s, c]])
