from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.data.crop_cache import CropCache


class Painter:
    """Makes crops that tell their row, and counts how often each was made."""

    def __init__(self):
        self.made: list[int] = []

    def __call__(self, row, out_CSS):
        self.made.append(row)
        out_CSS[:] = row


@settings(max_examples=50)
@given(
    st.integers(0, 12), st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=5)
)
def test_crops_are_right_and_made_once_if_they_fit(kept, batches):
    cache, painter = CropCache(10, 4, limit=kept * (3 * 16 + 1)), Painter()
    for rows in batches:
        crop_BCSS = cache.take(np.array(rows, dtype=np.int64), painter)
        assert crop_BCSS.shape == (len(rows), 3, 4, 4)
        assert crop_BCSS.flags.c_contiguous
        np.testing.assert_array_equal(crop_BCSS[:, 0, 0, 0], rows)
    fits = [row for row in painter.made if row < kept]
    assert len(fits) == len(set(fits))


def test_what_is_given_out_is_not_the_cache_itself():
    cache, painter = CropCache(4, 2), Painter()
    cache.take(np.array([1]), painter)[:] = 99
    assert (cache.take(np.array([1]), painter) == 1).all()
    assert painter.made == [1]
