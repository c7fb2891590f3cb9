from __future__ import annotations

import json

import pytest
import torch
from tests.adaptation.tiny import TinyNet

from posesift.adaptation.training import runtime as room
from posesift.adaptation.training.runtime import Runtime


def test_nothing_is_left_auto():
    found = Runtime.resolve().describe()
    assert "auto" not in json.dumps(found)
    assert found["precision"] in room.PRECISIONS
    assert found["threads"] == torch.get_num_threads()
    assert found["device"] in ("cpu", "cuda", "mps")


def test_what_was_resolved_resolves_to_itself():
    found = Runtime.resolve().describe()
    again = Runtime.resolve(found["device"], found["precision"], found["threads"])
    assert again.describe() == found


def test_threads_are_set():
    before = torch.get_num_threads()
    try:
        assert Runtime.resolve("cpu", threads=1).threads == 1
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"device": "gpu"}, "device 'gpu' is not available here, expected one of auto"),
        ({"precision": "fp8"}, "unknown precision 'fp8', expected one of auto, fp32, bf16"),
        ({"threads": 0}, "at least 1 thread"),
        ({"devices": 0}, "at least 1 device, found 0"),
        ({"accumulate": 0}, "at least 1 part, found 0"),
    ],
)
def test_what_is_not_there_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        Runtime.resolve(**arguments)


@pytest.mark.parametrize("devices", [1, 3])
def test_processes_that_were_started_together_must_all_be_asked_for(monkeypatch, devices):
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"one of 2 processes .* give --devices 2"):
        Runtime.resolve("cpu", devices=devices)


@pytest.mark.parametrize("accumulate", [1, 2, 3, 4, 7])
def test_parts_are_the_batch_and_their_shares_its_whole(accumulate):
    parts = Runtime.resolve("cpu", "fp32", accumulate=accumulate).parts(7)
    assert len(parts) <= accumulate
    assert [i for part, _ in parts for i in range(7)[part]] == list(range(7))
    assert [share for _, share in parts] == [len(range(7)[part]) / 7 for part, _ in parts]


@pytest.mark.parametrize("precision", room.PRECISIONS)
def test_networks_compute_in_the_precision_and_stay_in_float32(precision):
    runtime, network, inner = Runtime.resolve("cpu", precision), TinyNet(), []
    network.body[0].register_forward_hook(lambda module, inputs, output: inner.append(output.dtype))
    forward = runtime.setup(network)
    loss = forward(torch.rand(2, 3, 16, 16)).square().mean()
    runtime.backward(loss)
    assert inner == [torch.bfloat16 if precision == "bf16" else torch.float32]
    assert loss.dtype == torch.float32
    for parameter in network.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.grad is not None
    assert network.body[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_batches_arrive_whole():
    batch = {"image": torch.zeros(2, 3, 4, 4, dtype=torch.uint8), "index": torch.arange(2)}
    moved = Runtime.resolve("cpu").to_device(batch)
    assert moved["image"].dtype == torch.uint8
    assert torch.equal(moved["index"], batch["index"])
