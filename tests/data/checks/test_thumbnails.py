"""Which thumbnails are the same in colour, against the definition written out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from posesift.data.checks.thumbnails import NEAR, Thumbnails


def slow_distance(one_993: np.ndarray, other_993: np.ndarray) -> float:
    normal = []
    for small_993 in (one_993.astype(float), other_993.astype(float)):
        shift_993 = small_993 - small_993.reshape(81, 3).mean(0)
        normal.append(shift_993 / max(np.sqrt((shift_993**2).mean()), 1e-6))
    return float(np.abs(normal[0] - normal[1]).sum() / 243)


@given(st.integers(0, 2**32 - 1), st.floats(0, 25))
def test_those_are_alike_whose_distance_is_small(seed, noise):
    rng = np.random.default_rng(seed)
    first_993 = rng.integers(40, 200, (9, 9, 3))
    changed = first_993 * rng.uniform(0.6, 1.2) + rng.normal(0, noise, (9, 9, 3))
    small_M993 = np.stack(
        [first_993, np.clip(changed, 0, 255), rng.integers(0, 256, (9, 9, 3)), first_993 // 2]
    ).astype(np.uint8)
    one_E, other_E = np.divmod(np.arange(16), 4)
    distance_E = [
        slow_distance(small_M993[a], small_M993[b]) for a, b in zip(one_E, other_E, strict=True)
    ]
    thumbnails = Thumbnails(small_M993)
    alike_E = thumbnails.alike(one_E, other_E)
    sure_E = np.abs(np.array(distance_E) - NEAR) > 1e-5
    assert np.array_equal(alike_E[sure_E], (np.array(distance_E) <= NEAR)[sure_E])
    assert alike_E[one_E == other_E].all()
    assert thumbnails.compared == 16


def test_a_picture_without_any_difference_is_like_itself():
    grey_M993 = np.full((2, 9, 9, 3), 90, np.uint8)
    assert Thumbnails(grey_M993).alike(np.array([0]), np.array([1])).all()
