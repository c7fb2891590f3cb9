from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from tests.adaptation.tiny import SIDE, TinyNet, source_only

from posesift.adaptation.source_only.method import SourceOnly
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.runtime import Runtime
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec


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


def changed(path: Path, **fields: object) -> None:
    """Write a checkpoint's JSON anew with other fields; None leaves one out."""
    content = json.loads(path.read_text()) | fields
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def test_tensors_of_another_checkpoint_of_the_same_size_are_noticed(tmp_path):
    one = checkpoint.save(tmp_path / "one", 5, state(1))
    other = checkpoint.save(tmp_path / "other", 5, state(2))
    one_data, other_data = (path.with_suffix(".safetensors") for path in (one, other))
    assert one_data.stat().st_size == other_data.stat().st_size
    shutil.copyfile(other_data, one_data)
    with pytest.raises(ValueError, match=r"is damaged.*is the file of another checkpoint"):
        checkpoint.load(one)
    changed(one, crc32=None)  # written before there were checksums
    assert same(checkpoint.load(one)[1]["network"], state(2)["network"])


def test_a_checkpoint_under_another_name_is_noticed(tmp_path):
    path = checkpoint.save(tmp_path, 5, state(1))
    for suffix in (".json", ".safetensors"):
        shutil.copyfile(path.with_suffix(suffix), tmp_path / f"00000009{suffix}")
    with pytest.raises(ValueError, match="says that it is the checkpoint of step 5"):
        checkpoint.load(tmp_path / "00000009.json")
    with pytest.warns(UserWarning, match="falling back to the one before it"):
        found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found[0] == 5


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"step": "5"}, "no step.*expected a whole number, found 5"),
        ({"step": 1e400}, "no step.*found None"),
        ({"step": -5}, "no step.*found -5"),
        ({"bytes": 10**400}, "no bytes.*found 1000"),
        ({"bytes": 2**50}, "expected 1125899906842624 bytes, found"),
        ({"bytes": [1]}, "no bytes"),
        ({"state": [1, 2]}, "no state.*expected an object"),
        ({"state": {"network": {"$tensor": "nowhere"}}}, "holds no tensor 'nowhere'"),
        ({"state": {"network": {"$tensor": {}}}}, "its state is garbled"),
        ({"state": {"network": {"$numbered": {"one": 1}}}}, "its state is garbled"),
        ({"state": {"network": {"$numbered": 7}}}, "its state is garbled"),
    ],
)
def test_json_that_makes_no_sense(tmp_path, fields, told):
    path = checkpoint.save(tmp_path, 5, state(1))
    changed(path, **fields)
    with pytest.raises(ValueError, match=told) as caught:
        checkpoint.load(path)
    assert str(path.stem) in str(caught.value)


def test_json_of_an_absurd_size_or_depth_is_not_read(tmp_path):
    path = checkpoint.save(tmp_path, 5, state(1))
    path.write_text('{"step":5,"bytes":1,"state":' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(ValueError, match="nested too deeply"):
        checkpoint.load(path)
    with path.open("r+b") as file:
        file.truncate(10**10)  # a hole, which takes no room on the disk
    with pytest.raises(ValueError, match=r"expected at most 67.1 MB, found 10.0 GB"):
        checkpoint.load(path)


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("bombed"),))


def test_pickled_code_in_the_place_of_tensors_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = checkpoint.save(tmp_path, 5, state(1))
    data = path.with_suffix(".safetensors")
    torch.save({"network": Bomb()}, data)
    changed(path, bytes=data.stat().st_size, crc32=None)
    with pytest.raises(ValueError, match="is damaged"):
        checkpoint.load(path)
    data.write_bytes(pickle.dumps(Bomb()))
    changed(path, bytes=data.stat().st_size, crc32=None)
    with pytest.raises(ValueError, match="is damaged"):
        checkpoint.load(path)
    torch.save({"network": Bomb()}, tmp_path / "weights.pth")
    with pytest.raises(ValueError, match=r"weights\.pth holds more than tensors.*refused"):
        build("small", 3, tmp_path / "weights.pth")
    assert not (tmp_path / "bombed").exists()


def kept(folder: Path, method: SourceOnly) -> Path:
    method.prepare(Runtime.resolve("cpu", "fp32"))
    method.start_stage(method.stages[0])
    checkpoint.save(folder, 5, {"method": method.state_dict()})
    return folder


def test_the_network_of_a_checkpoint_is_taken_up(tmp_path):
    trained, fresh = source_only(), source_only()
    trained.network.head.bias.data += 1
    kept(tmp_path, trained)
    checkpoint.take_network(fresh, tmp_path, made_by="one", wanted_by="other")
    assert same(fresh.network.state_dict(), trained.network.state_dict())


def test_the_best_checkpoint_comes_before_the_newest(tmp_path):
    trained, fresh = source_only(), source_only()
    kept(tmp_path, trained)
    trained.network.head.bias.data += 1
    best = checkpoint.save(tmp_path, 3, {"method": trained.state_dict()}, "best")
    checkpoint.take_network(fresh, tmp_path, made_by="one", wanted_by="other")
    assert same(fresh.network.state_dict(), trained.network.state_dict())
    best.write_text(best.read_text()[:-9])
    with pytest.raises(ValueError, match=r"best\.json is not valid JSON"):
        checkpoint.take_network(fresh, tmp_path, made_by="one", wanted_by="other")


def test_a_checkpoint_of_another_recipe_names_both(tmp_path):
    kept(tmp_path, source_only())
    wider = TinyNet()
    wider.head = torch.nn.Conv2d(8, 5, 1)
    names = {"made_by": "udape, small, hand21", "wanted_by": "source-only, small, body16"}
    told = (
        r"holds the network of udape, small, hand21, which does not fit source-only, small, "
        r"body16: 2 tensors of another shape \(head.weight \(3, 8, 1, 1\) instead of "
        r"\(5, 8, 1, 1\), head.bias"
    )
    with pytest.raises(ValueError, match=told):
        checkpoint.take_network(SourceOnly(wider, HeatmapCodec(SIDE, 2)), tmp_path, **names)
    small = SourceOnly(build("small", 3), HeatmapCodec(64, 2))
    with pytest.raises(ValueError, match=r"\d+ tensors missing .*; \d+ tensors unknown") as caught:
        checkpoint.take_network(small, tmp_path, **names)
    assert len(str(caught.value)) < 600


def test_folders_without_a_network(tmp_path):
    method = source_only()
    with pytest.raises(ValueError, match=r"expected the checkpoint of one in .*, found none"):
        checkpoint.take_network(method, tmp_path, made_by="one", wanted_by="other")
    for odd in ({"other": {}}, {"method": 7}, {"method": {"network": {"a": 1}}}):
        checkpoint.save(tmp_path, 5, odd)
        with pytest.raises(ValueError, match="of one, holds no network"):
            checkpoint.take_network(method, tmp_path, made_by="one", wanted_by="other")
