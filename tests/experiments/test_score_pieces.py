"""Scores that an engine computed before it was lost are not computed again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from posesift.data.readers import poses, read
from posesift.data.stream import PoseStream
from posesift.difficulty import scorers
from posesift.difficulty.normalisation import CHUNK
from posesift.difficulty.scoring import FEWEST_VISIBLE
from posesift.experiments.score_pieces import scores_on_engine

N = 2 * CHUNK + 50


class Lost:
    """An engine that is this process, and is lost after so many pieces."""

    cores = 1

    def __init__(self, after: int):
        self.after, self.done = after, 0

    def map(self, work, items):
        for item in items:
            if self.done == self.after:
                raise ValueError("a worker of the cluster died")
            self.done += 1
            yield work(item)


@pytest.fixture
def table(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(poses, "ROWS", CHUNK)
    world = dataclasses.replace(read("world:body,n=60"), image_N=None, root="")
    some = world.select(np.arange(N) % 60)
    some.visible_NK[::500, 2:] = False
    some.save(tmp_path / "poses.parquet")
    return tmp_path / "poses.parquet"


def scored(table: Path, scorer, keep: Path | None, after: int) -> tuple[dict, int]:
    engine = Lost(1000)
    stream = PoseStream.read(f"poses:{table}", engine)
    engine.after, engine.done = after, 0
    found = scores_on_engine(stream, scorer, stream.seen_N >= FEWEST_VISIBLE, keep)
    return found, engine.done


def test_pieces_that_were_scored_are_kept_for_the_next_call(table, tmp_path):
    whole = read(f"poses:{table}")
    scorer, keep = scorers.fit(whole, "pca"), tmp_path / ".out.posesift-pieces"
    wanted = scorer.scores(whole)
    with pytest.raises(ValueError, match="died"):
        scored(table, scorer, keep, after=2)
    assert len(list(keep.iterdir())) == 2
    rival = scorers.fit(whole, "mean-distance")
    other, done = scored(table, rival, keep, after=3)
    assert done == 3  # of another fit nothing is taken, and nothing is taken away
    np.testing.assert_array_equal(other["mean-distance"], rival.score(whole))
    next(keep.iterdir()).write_bytes(b"broken")
    found, done = scored(table, scorer, keep, after=2)
    assert done == 2
    assert found.keys() == wanted.keys()
    np.testing.assert_array_equal(found["pca"], wanted["pca"])
    assert not keep.exists()
