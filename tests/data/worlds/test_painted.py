"""Painted worlds on disk: what is painted, kept, reused, and never left half done."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.patience import PATIENCE

from posesift.data import readers, worlds
from posesift.data.worlds import painted as cache
from posesift.data.worlds.painted import folder_of, painted


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POSESIFT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def table(n=20, look="synthetic", **choice):
    return worlds.sample("body", n=n, look=look, **choice).table


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("look", worlds.LOOKS)
def test_rows_are_the_images_of_the_table(look):
    images = painted(table(look=look))
    assert np.array_equal(images, worlds.paint(worlds.sample("body", n=20), look))
    assert not images.flags.writeable


def test_what_is_painted_is_not_painted_again(own_cache, monkeypatch):
    images = np.array(painted(table()))
    monkeypatch.setattr(worlds, "paint", None)  # any painting would now fail
    assert np.array_equal(painted(table()), images)
    assert np.array_equal(painted(table(n=7)), images[:7])
    assert np.array_equal(painted(table().select([11, 3, 3])), images[[11, 3, 3]])
    assert files(own_cache) == ["first-20.npy"]


def test_a_longer_world_keeps_what_was_painted(own_cache, monkeypatch):
    first = np.array(painted(table()))
    asked = []
    paint = worlds.paint
    monkeypatch.setattr(worlds, "paint", lambda s, look: asked.extend(s.index_N) or paint(s, look))
    images = painted(table(n=24))
    assert asked == [20, 21, 22, 23]
    assert np.array_equal(images[:20], first)
    new = worlds.sample("body", indices=range(20, 24))
    assert np.array_equal(images[20:], paint(new, "synthetic"))


def test_a_few_samples_of_a_large_world_are_painted_alone(own_cache):
    few = table(n=1500).select([1400, 2])
    images = painted(few)
    assert images.shape == (2, 64, 64, 3)
    two = worlds.sample("body", indices=[1400, 2])
    assert np.array_equal(images, worlds.paint(two, "synthetic"))
    assert [name[:5] for name in files(own_cache)] == ["rows-"]


def test_every_choice_has_its_own_place():
    changed = {"look": "photo", "poses": "target", "seed": 1, "split": "test", "side": 32}
    choices = [{}, *({key: value} for key, value in changed.items())]
    assert len({folder_of(table(n=1, **choice).root) for choice in choices}) == len(choices)


def test_the_reader_and_the_world_name_the_same_images():
    address = "world:body,poses=target,look=photo,n=3,seed=2,split=test,side=32"
    expected = worlds.sample("body", "target", 3, 2, "test", 32, "photo").table.root
    assert folder_of(readers.read(address).root) == folder_of(expected)


def test_several_processes_paint_the_same_and_leave_the_script_alone(tmp_path, own_cache):
    """Run a script without a main guard, with two workers: it must run once, without torch."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "print('script runs')\n"
        "from posesift.data import worlds\n"
        "from posesift.data.worlds import painted as cache\n"
        "cache.CHUNK = 20\n"
        "cache.painted(worlds.sample('body', n=60, side=16).table, workers=2)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stdout == "script runs\n"
    assert files(own_cache) == ["first-60.npy"]
    assert np.array_equal(
        painted(worlds.sample("body", n=60, side=16).table)[::5],
        worlds.paint(worlds.sample("body", indices=range(0, 60, 5), side=16), "synthetic"),
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_interrupted_painting_leaves_nothing(own_cache, monkeypatch, error):
    def stop(*_):
        raise error

    monkeypatch.setattr(worlds, "paint", stop)
    with pytest.raises(error):
        painted(table())
    assert files(own_cache) == []


def test_a_new_painter_paints_anew(own_cache, monkeypatch):
    painted(table())
    monkeypatch.setattr(cache, "PAINTER_VERSION", cache.PAINTER_VERSION + 1)
    painted(table())
    assert files(own_cache) == ["first-20.npy", "first-20.npy"]


@pytest.mark.parametrize("options", ["figure=people", "facing=x", "n=3"])
def test_other_options_than_those_of_a_world_are_refused(options):
    root = f"{table(n=1).root},{options}"
    with pytest.raises(ValueError, match="expected the root of a built-in world"):
        painted(replace(table(n=1), root=root))


@pytest.mark.parametrize("root", ["", "/data/photos", "world:body,poses=source"])
def test_other_tables_are_refused(root):
    with pytest.raises(ValueError, match="expected a table of a built-in world"):
        painted(replace(table(n=1), root=root))


def spoilt(kind: str, images: np.ndarray) -> np.ndarray | bytes:
    return {
        "shape": images[:, :-1],
        "rows": images[:-1],
        "type": images.astype(np.float32),
        "black": np.zeros_like(images),
        "another order": images[::-1],
        "empty": b"",
        "cut short": b"\x93NUMPY\x01\x00",
        "text": b"not an array",
        "objects": np.array([{}], object),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["shape", "rows", "type", "black", "another order", "empty", "cut short", "text", "objects"],
)
@pytest.mark.parametrize("rows", [None, [11, 3, 5]])
def test_what_lies_in_the_cache_is_looked_at_before_it_is_used(own_cache, kind, rows):
    asked = table() if rows is None else table().select(rows)
    true = np.array(painted(asked))
    (path,) = own_cache.rglob("*.npy")
    content = spoilt(kind, true)
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    assert np.array_equal(painted(asked), true)
    assert np.array_equal(np.load(path), true)


def test_other_files_in_the_cache_are_left_alone(own_cache):
    true = np.array(painted(table()))
    (path,) = own_cache.rglob("*.npy")
    others = [path.with_name(name) for name in ("first-x.npy", "first--3.npy", "first-9.npy")]
    for other in others[:2]:
        other.write_text("a note")
    others[2].mkdir()
    assert np.array_equal(painted(table()), true)
    assert all(other.exists() for other in others)
