"""The choice of proposals against a slow greedy one, a case by hand, and what must always hold."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.similarity.test_coverage import apart, poses, upright

from posesift.similarity import coverage, proposals
from posesift.similarity.proposals import choose


class Slowly:
    """The greedy choice, every sum worked out anew, in fractions."""

    def __init__(self, proposed, target, source, weight, goal):
        self.weight, self.goal = [Fraction(int(w)) for w in weight], goal
        rows = [j for j, pose in enumerate(target) if sum(~np.isnan(pose)) >= 3]
        self.similar = {j: sum(apart(target[j], s) <= 15 for s in source) for j in rows}

        def reaches(p, j):
            whole = all(
                np.isnan(y) or not np.isnan(x) for x, y in zip(proposed[p], target[j], strict=True)
            )
            return whole and apart(proposed[p], target[j]) <= 15

        self.left = {p: [j for j in rows if reaches(p, j)] for p in range(len(proposed))}

    def gain(self, p) -> Fraction:
        worth = [
            Fraction(1, 1 + self.similar[j]) if self.goal == "match" else not self.similar[j]
            for j in self.left[p]
        ]
        return sum((self.weight[j] * w for j, w in zip(self.left[p], worth, strict=True)),
                   Fraction(0))  # fmt: skip

    @property
    def best(self) -> Fraction:
        return max(map(self.gain, self.left), default=Fraction(0))

    def take(self, p) -> Fraction:
        gain = self.gain(p)
        for j in self.left.pop(p):
            self.similar[j] += 1
        return gain


@settings(max_examples=50)
@given(
    seed=st.integers(0, 10_000),
    m=st.integers(0, 14),
    n_target=st.integers(1, 14),
    n_source=st.integers(0, 8),
    hidden=st.sampled_from([0.0, 0.3]),
    goal=st.sampled_from(["match", "cover"]),
    block=st.sampled_from([1, 4, 256]),
    data=st.data(),
)
def test_it_is_the_greedy_choice(seed, m, n_target, n_source, hidden, goal, block, data):
    proposed, target = poses(seed, m, hidden), poses(seed + 3, n_target, hidden)
    source = poses(seed + 7, n_source)
    weight = np.random.default_rng(seed).choice([0, 1, 2, 4], n_target)
    n = data.draw(st.integers(0, m))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proposals, "_BLOCK", block)  # which must not matter
        found = choose(upright(proposed), upright(target), upright(source), n,
                       weight_N=weight, goal=goal)  # fmt: skip
    slow = Slowly(proposed, target, source, weight, goal)
    assert found.before_N.tolist() == list(slow.similar.values())
    scale = max(weight.max(), 1)
    for row, gained in zip(found.row_R.tolist(), found.gain_R, strict=True):
        best = slow.best
        if goal == "cover":  # powers of two tie exactly, and the first is taken
            assert row == min(p for p in slow.left if slow.gain(p) == best)
        gain = slow.take(row)
        assert float(gain) == pytest.approx(float(best), abs=1e-9)  # 1/3 + 1/6 may not tie with 1/2
        assert gained == pytest.approx(float(gain) / scale, abs=1e-9)
    assert found.after_N.tolist() == list(slow.similar.values())
    assert len(found) == n or float(slow.best) == pytest.approx(0, abs=1e-9)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), goal=st.sampled_from(["match", "cover"]))
def test_what_always_holds(seed, goal):
    proposed, target, source = poses(seed, 40), poses(seed + 3, 30), poses(seed + 7, 5)
    given_sets = upright(proposed), upright(target), upright(source)
    longest = choose(*given_sets, 40, goal=goal)
    lacking = []
    for n in range(0, 41, 5):
        found = choose(*given_sets, n, goal=goal)
        assert len(found) <= n
        assert found.row_R.tolist() == longest.row_R[:n].tolist()  # a longer list goes on
        lacking.append(found.lacking_after)
    assert len(set(longest.row_R.tolist())) == len(longest)
    assert (np.diff(longest.gain_R) <= 0).all()
    assert (longest.gain_R > 0).all()
    assert (np.diff(lacking) <= 0).all()
    assert lacking[0] == longest.lacking_before
    if goal == "cover":  # nothing that any proposal stands for is left
        reach_MN = coverage.stands_for(given_sets[0], given_sets[1])
        assert not (reach_MN.any(axis=0) & (longest.after_N == 0)).any()


def test_a_case_by_hand():
    # the source has the straight pose twice; of the target 4 are straight, 2 bent and 1 folded
    target = [[170.0] * 3] * 4 + [[90.0] * 3] * 2 + [[30.0] * 3]
    source = [[170.0] * 3] * 2
    proposed = [[171.0] * 3, [29.0] * 3, [91.0] * 3, [89.0] * 3, [130.0] * 3]
    both = upright(proposed), upright(target), upright(source)
    # straight: 4/3 of a pose; folded 1; bent 2, and 1 when it is there once: then 4/4
    found = choose(*both, 4)
    assert found.row_R.tolist() == [2, 0, 1, 3]
    assert found.gain_R == pytest.approx([2, 4 / 3, 1, 1])
    assert found.before_N.tolist() == [2, 2, 2, 2, 0, 0, 0]
    assert found.after_N.tolist() == [3, 3, 3, 3, 2, 2, 1]
    assert (found.lacking_before, found.lacking_after) == (pytest.approx(3 / 7), 0)
    assert choose(*both, 5).row_R.tolist() == [2, 0, 1, 3]  # the last is like nobody
    assert choose(*both, 5, goal="cover").row_R.tolist() == [2, 1]
    sure = choose(*both, 1, weight_N=[0.1] * 6 + [1.0])
    assert sure.row_R.tolist() == [1]


def test_turn_and_mirror_count_as_on_the_page():
    from posesift import skeletons
    from posesift.data import worlds
    from posesift.similarity.orientation import Poses

    table = worlds.sample("body", "target", n=6).table
    skeleton = skeletons.load("body16")
    keypoints = table.keypoints_NK2.astype(np.float64)
    seen = np.ones(keypoints.shape[:2], bool)
    target = Poses.of(keypoints, seen, skeleton)
    nobody = Poses.of(keypoints[:0], seen[:0], skeleton)
    mirrored = Poses.of(keypoints[:, list(skeleton.mirror)] * [-1.0, 1.0], seen, skeleton)
    upside_down = Poses.of(-keypoints, seen, skeleton)
    for proposed, there in ((target, True), (mirrored, True), (upside_down, False)):
        reach_MN = coverage.stands_for(proposed, target)
        assert reach_MN.diagonal().all() == there
        found = choose(proposed, target, nobody, 6, goal="cover")
        assert (found.lacking_after == 0) == there


@pytest.mark.parametrize(
    ("n", "weight", "said"),
    [
        (4, None, "0 to 3 proposals, found 4"),
        (-1, None, "found -1"),
        (1, [1.0], r"each of the 2 target poses, found an array of shape \(1,\)"),
        (1, [1.0, -1.0], "weights of target poses of 0 or more"),
        (1, [1.0, np.nan], "weights of target poses of 0 or more"),
    ],
)
def test_what_cannot_be_is_refused(n, weight, said):
    with pytest.raises(ValueError, match=said):
        choose(upright([[90.0] * 3] * 3), upright([[90.0] * 3] * 2), upright(np.zeros((0, 3))), n,
               weight_N=weight)  # fmt: skip
