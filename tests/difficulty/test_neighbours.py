from __future__ import annotations

import numpy as np
import pytest
import torch

from posesift.difficulty import neighbours
from posesift.difficulty.neighbours import Neighbours


def drawn(n=120, hidden=0.0, seed=0):
    rng = np.random.default_rng(seed)
    visible = rng.random((n, 6)) >= hidden
    points = np.where(visible[..., None], rng.normal(size=(n, 6, 2)), 0)
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(visible)


def slowly(points, visible, references, seen, k, clip=None, clips=None):
    scores = []
    for i in range(len(points)):
        distances = []
        for j in range(len(references)):
            both = visible[i] & seen[j]
            if both.sum() < 3 or (clip is not None and clip[i] == clips[j]):
                continue
            squared = ((points[i] - references[j])[both] ** 2).sum() * 6 / both.sum()
            distances.append(np.sqrt(squared))
        distances = sorted(distances)
        if distances and distances[0] == 0:
            distances = distances[1:]
        scores.append(np.mean(distances[:k]) if distances else np.nan)
    return scores


@pytest.mark.parametrize("hidden", [0.0, 0.4])
@pytest.mark.parametrize("itself", [True, False])
def test_agrees_with_a_loop(hidden, itself, monkeypatch):
    monkeypatch.setattr(neighbours, "_PAIRS", 1000)  # several chunks
    references, seen = drawn(hidden=hidden)
    points, visible = (references, seen) if itself else drawn(60, hidden, seed=1)
    scores = Neighbours.fit(references, seen, k=5).scores(points, visible)["knn"]
    slow = slowly(*(x.numpy() for x in (points, visible, references, seen)), 5)
    np.testing.assert_allclose(scores, slow, rtol=1e-5)


def test_neighbours_of_the_same_clip_do_not_count():
    references, seen = drawn()
    clips = np.array([f"clip{i // 10}" for i in range(120)], dtype=object)
    model = Neighbours.fit(references, seen, clips, k=5)
    scores = model.scores(references, seen, clips)["knn"]
    slow = slowly(*(x.numpy() for x in (references, seen, references, seen)), 5, clips, clips)
    np.testing.assert_allclose(scores, slow, rtol=1e-5)
    strangers = np.array(["elsewhere"] * 120, dtype=object)
    free = model.scores(references, seen, strangers)["knn"]
    assert (free <= scores + 1e-6).all()
    assert (free < scores - 1e-6).any()
    torch.testing.assert_close(model.scores(references, seen, None)["knn"], free)


def test_a_table_of_one_clip_tells_no_clips_apart():
    references, seen = drawn()
    model = Neighbours.fit(references, seen, np.array(["only"] * 120, dtype=object), k=5)
    assert model.clips == []


def test_copies_are_at_no_distance_but_the_pose_itself_does_not_count():
    references, seen = drawn(30)
    twice = torch.cat([references, references[:1]]), torch.cat([seen, seen[:1]])
    score = Neighbours.fit(*twice, k=1).scores(*twice)["knn"]
    assert score[0] == 0
    assert (score[1:-1] > 0).all()


def test_fewer_references_than_neighbours_and_nothing_to_compare():
    references, seen = drawn(3)
    scores = Neighbours.fit(references, seen, k=10).scores(references, seen)["knn"]
    slow = slowly(*(x.numpy() for x in (references, seen, references, seen)), 10)
    np.testing.assert_allclose(scores, slow, rtol=1e-5)
    apart = seen.clone()
    apart[:, 2:] = False
    assert Neighbours.fit(references, seen).scores(references, apart)["knn"].isnan().all()
