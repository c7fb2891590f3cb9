from __future__ import annotations

import numpy as np
import pytest

from posesift.data import worlds
from posesift.data.pixels import read_image
from posesift.data.readers import read


def test_a_world_is_read_like_any_other_data():
    table = read("world:hand,poses=target,look=photo,n=5,seed=3,side=32", default_split="test")
    assert len(table) == 5
    assert table.address == "world:hand,split=test,poses=target,look=photo,n=5,seed=3,side=32"
    assert table.image_N.tolist() == ["0", "1", "2", "3", "4"]
    assert (table.width_N == 32).all()


def test_one_picture_is_that_of_the_whole_set():
    table = read("world:body,look=photo,n=3,side=32")
    sample = worlds.sample("body", "source", n=3, side=32)
    np.testing.assert_array_equal(read_image(table, 2), worlds.paint(sample, "photo")[2])


def test_what_there_is_not():
    with pytest.raises(ValueError, match="planet"):
        read("world:planet")
    with pytest.raises(ValueError, match=r"split=train\|test, found 'all'"):
        read("world:body,split=all")
    with pytest.raises(ValueError, match="world data have no option 'figure'; there are poses="):
        read("world:body,figure=people")
