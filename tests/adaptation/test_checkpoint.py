from __future__ import annotations

import json

import pytest
import torch

from posesift.adaptation import checkpoint


def state(number: int) -> dict:
    shared = torch.arange(6.0).view(2, 3)
    return {
        "network": {"weight": shared + number, "counter": torch.tensor(3)},
        "strided": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "optimiser": {"state": {0: {"step": torch.tensor(2.0)}, 11: {}}, "groups": [{"lr": 0.1}]},
        "twice": [shared, shared.T, None, True, "text", 1e-300],
        "empty": {},
    }


def same(one, other) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_a_state_comes_back_as_it_was(tmp_path):
    kept = state(1)
    step, found = checkpoint.load(checkpoint.save(tmp_path, 450, kept))
    assert step == 450
    assert same(kept, found)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00000450.json",
        "00000450.safetensors",
    ]
    assert json.loads((tmp_path / "00000450.json").read_text())["step"] == 450


def test_the_last_two_are_kept_and_the_newest_is_found(tmp_path):
    assert checkpoint.latest(tmp_path) is None
    assert checkpoint.latest(tmp_path / "nowhere") is None
    for step in (9, 10, 100, 1000):
        checkpoint.save(tmp_path, step, state(step))
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["00000100", "00001000"]
    assert sorted(path.stem for path in tmp_path.glob("*.safetensors")) == ["00000100", "00001000"]
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found[0] == 1000


@pytest.mark.parametrize("kept", [0, 7, 100, -2])
@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_one_that_is_cut_short_is_passed_over_with_a_warning(tmp_path, suffix, kept):
    for step in (1, 2):
        checkpoint.save(tmp_path, step, state(step))
    path = tmp_path / f"00000002{suffix}"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.warns(UserWarning, match=r"00000002.*falling back to the one before it"):
        found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found[0] == 1
    assert same(found[1]["network"], state(1)["network"])


def test_tensors_of_the_right_size_that_are_no_tensors_are_noticed(tmp_path):
    path = checkpoint.save(tmp_path, 1, state(1)).with_suffix(".safetensors")
    path.write_bytes(b"\xff" * path.stat().st_size)
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(ValueError, match="no whole checkpoint is left"),
    ):
        checkpoint.latest(tmp_path)


def test_a_kill_between_tensors_and_json_leaves_the_one_before(tmp_path):
    checkpoint.save(tmp_path, 1, state(1))
    second = checkpoint.save(tmp_path, 2, state(2))
    second.unlink()  # as if killed before it was written
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found[0] == 1
    checkpoint.save(tmp_path, 3, state(3))
    assert not (tmp_path / "00000002.safetensors").exists(), "the orphan stays for ever"


def test_lost_tensors_and_foreign_json_say_so(tmp_path):
    path = checkpoint.save(tmp_path, 1, state(1))
    path.with_suffix(".safetensors").unlink()
    with pytest.raises(ValueError, match="lost its tensors"):
        checkpoint.load(path)
    path.write_text("[1, 2]")
    with pytest.raises(ValueError, match="not the JSON of a checkpoint"):
        checkpoint.load(path)
