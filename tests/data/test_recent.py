"""Pictures that were painted a moment ago: the same, not painted again, and not too many."""

import numpy as np
import pytest

from posesift.data import recent, worlds
from posesift.data.pixels import paint_pictures
from posesift.data.readers import read
from posesift.data.worlds import references
from posesift.poses.table import joined


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(recent, "_kept", type(recent._kept)())


@pytest.fixture
def counted(monkeypatch):
    """How many pictures each call of the painter makes."""
    real, made = worlds.paint, []

    def paint(world_poses, look):
        made.append(len(world_poses))
        return real(world_poses, look)

    monkeypatch.setattr(worlds, "paint", paint)
    return made


def world(n, **options):
    told = "".join(f",{name}={value}" for name, value in options.items())
    return read(f"world:body,n={n},side=16{told}")


def test_a_picture_is_painted_once_and_is_what_the_painter_gives(counted):
    table = world(4)
    twice = np.array([2, 0, 2])
    assert np.array_equal(recent.pictures(table.select(twice)), paint_pictures(table)[twice])
    counted.clear()
    assert np.array_equal(recent.pictures(table), paint_pictures(table))
    assert counted == [2, 4]  # rows 1 and 3 anew; the second call is this test's own


def test_whatever_a_picture_depends_on_tells_it_from_others(counted):
    one = world(1)
    others = [
        world(1, **changes)
        for changes in ({"poses": "target"}, {"look": "photo"}, {"seed": 1}, {"split": "test"},
                        {"facing": 30})
    ]  # fmt: skip
    images = [recent.pictures(table)[0] for table in (one, *others)]
    images += [recent.pictures(one, 24)[0], recent.pictures(read("world:hand,n=1,side=16"))[0]]
    assert counted == [1] * 8
    assert len({image.tobytes() for image in images}) == 8
    # the side of the table says nothing of a picture of another side
    assert np.array_equal(recent.pictures(read("world:body,n=1,side=64"), 24)[0], images[-2])
    assert counted == [1] * 8


def test_samples_of_several_worlds_in_one_table():
    source, other = world(2), world(3, poses="target", seed=3)
    table = joined([source, references.counted_from(other, source.root)])
    both = np.concatenate([paint_pictures(source), paint_pictures(other)])
    for rows in (np.array([4, 0, 2]), np.arange(5)):
        assert np.array_equal(recent.pictures(table.select(rows)), both[rows])


def test_what_was_not_asked_for_lately_goes_first(counted, monkeypatch):
    table = world(3)
    monkeypatch.setattr(recent, "LIMIT", 2 * 16 * 16 * 3)
    for row in (0, 1, 0, 2):
        recent.pictures(table.select([row]))
    assert counted == [1, 1, 1]
    recent.pictures(table.select([0]))
    assert counted == [1, 1, 1]
    recent.pictures(table.select([1]))
    assert counted == [1, 1, 1, 1]
    assert len(recent.pictures(table)) == 3  # more than are kept
    assert len(recent._kept) == 2


def test_nobody_can_draw_into_what_is_kept():
    (image,) = recent.pictures(world(1))
    with pytest.raises(ValueError, match="read-only"):
        image[:] = 0
