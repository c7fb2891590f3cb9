"""Batches: of the target without labels, the same after a resume, shared out among ranks."""

import types

import numpy as np
import pytest
import torch
from tests.experiments.tiny import experiment

from posesift.adaptation.training.method import Stage
from posesift.adaptation.training.runtime import Runtime
from posesift.data.readers import read
from posesift.experiments.loaders import STAGES, loaders
from posesift.sampling import make

ADAPTATION = Stage("adaptation", 5, lambda *_: None, ("source", "target"))


def made(runtime=None, **changes):
    settings = experiment(**({"method": "udape"} | changes))
    source, target = read(settings.data.source), read(settings.data.target)
    weights = np.arange(len(source), dtype=float)
    drawn = dict.fromkeys(STAGES, make("hard-mining", weights))
    return loaders(settings, source, target, drawn, runtime or Runtime.resolve("cpu"))


def batches(loader, start=0):
    return list(loader(ADAPTATION, start))


def test_the_target_has_no_labels_in_any_batch():
    for batch in batches(made()["target"]):
        assert batch.keys() == {"image", "index"}
    for batch in batches(made(method="regda", parity=True)["target"]):
        assert batch.keys() == {"image", "index", "keypoints", "visible"}  # the published leak
    for batch in batches(made(method="udape", parity=True)["target"]):
        assert batch.keys() == {"image", "index"}
    for batch in batches(made()["source"]):
        assert batch.keys() == {"image", "index", "keypoints", "visible"}


@pytest.mark.parametrize("domain", ["source", "target"])
def test_a_resumed_stage_goes_on_with_the_same_batches(domain):
    through, resumed = batches(made()[domain]), batches(made()[domain], start=2)
    assert len(through) == 5
    assert len(resumed) == 3
    for one, other in zip(through[2:], resumed, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_target_is_drawn_evenly_and_not_in_step_with_the_source():
    found = [batch["index"] for batch in batches(made(batch_size=16)["target"])]
    assert torch.bincount(torch.cat(found)).tolist() == [5] * 16  # 16 images, 5 x 16 draws
    orders = [made(batch_size=16, source=experiment().data.target)[d] for d in ("source", "target")]
    source, target = (batches(loader)[0]["index"] for loader in orders)
    assert not torch.equal(source, target)
    other = batches(made(batch_size=16, seed=1)["target"])[0]["index"]
    assert not torch.equal(target, other)


@pytest.mark.parametrize("domain", ["source", "target"])
def test_ranks_share_the_batches_of_one(domain):
    whole = batches(made()[domain])
    ranks = [types.SimpleNamespace(rank=rank, ranks=2) for rank in (0, 1)]
    shares = [batches(made(runtime)[domain]) for runtime in ranks]
    for batch, one, other in zip(whole, *shares, strict=True):
        assert torch.equal(batch["index"], torch.cat([one["index"], other["index"]]))
