from __future__ import annotations

import json

import pytest
import torch

from posesift import storage
from posesift.adaptation.training import bf16
from posesift.adaptation.training.runtime import Runtime

DAMAGES = {
    "empty": b"",
    "cut short": b'{"processor": "A',
    "not JSON": b"\x93NUMPY\xff",
    "a list": b"[1, 2]",
    "null": b"null",
    "without figures": b"{}",
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own, on a processor that has bf16 instructions but no tiles."""
    monkeypatch.setenv("POSESIFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(bf16, "IMAGES", (2, 3, 16, 16))
    processor(monkeypatch, tiles=False, instructions=True)
    return tmp_path / "cache"


@pytest.fixture
def timings(monkeypatch):
    """What every timing found."""
    found, timed = [], bf16.timed_seconds

    def timed_and_noted():
        found.append(timed())
        return found[-1]

    monkeypatch.setattr(bf16, "timed_seconds", timed_and_noted)
    return found


def processor(monkeypatch, *, tiles: bool, instructions: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: tiles, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: instructions, raising=False)


def kept_file(cache):
    (path,) = cache.rglob("*.json")
    return path


def in_a_new_process():
    """The file alone is left of what was found."""
    bf16.kept_seconds.cache_clear()


def test_tiles_and_missing_instructions_decide_without_timing(monkeypatch, cache, timings):
    processor(monkeypatch, tiles=True, instructions=True)
    assert bf16.bf16_pays("cpu") == (True, "the processor has AMX tiles")
    processor(monkeypatch, tiles=False, instructions=False)
    pays, why = bf16.bf16_pays("cpu")
    assert not pays
    assert "no bf16 instructions" in why
    assert Runtime.resolve("cpu").precision == "fp32"
    assert Runtime.resolve("cpu", "bf16").precision == "bf16"
    assert not timings
    assert not cache.exists()


def test_a_torch_that_cannot_say_is_taken_as_no(monkeypatch, cache):
    for query in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, query, raising=False)
    assert not bf16.bf16_pays("cpu").pays


def test_without_onednn_bf16_is_not_chosen(monkeypatch, cache):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    pays, why = bf16.bf16_pays("cpu")
    assert not pays
    assert "oneDNN" in why


def test_in_doubt_both_are_timed_once_and_kept(cache, timings):
    first = bf16.bf16_pays("cpu")
    in_a_new_process()
    assert bf16.bf16_pays("cpu") == first
    ((low, full),) = timings
    assert low > 0
    assert full > 0
    assert first.pays == (low * bf16.GAIN < full)
    assert Runtime.resolve("cpu").precision == ("bf16" if first.pays else "fp32")
    assert Runtime.resolve("cpu", "fp32").precision == "fp32"
    assert [path.name for path in cache.rglob("*") if path.is_file()] == [kept_file(cache).name]


@pytest.mark.parametrize(
    ("seconds", "pays"), [((1.0, 2.0), True), ((2.0, 1.0), False), ((1.0, 1.05), False)]
)
def test_the_kept_times_decide_and_a_tie_goes_to_fp32(cache, timings, seconds, pays):
    bf16.bf16_pays("cpu")
    path = kept_file(cache)
    kept = storage.read_json(path)
    storage.write_json(path, kept | dict(zip(("bf16", "fp32"), seconds, strict=True)))
    in_a_new_process()
    verdict = bf16.bf16_pays("cpu")
    assert verdict.pays == pays
    assert f"{seconds[0] / seconds[1]:.2f} of the time" in verdict.why
    assert len(timings) == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_timed_again_and_mended(cache, timings, damage):
    bf16.bf16_pays("cpu")
    path = kept_file(cache)
    path.write_bytes(DAMAGES[damage])
    in_a_new_process()
    bf16.bf16_pays("cpu")
    assert len(timings) == 2
    assert storage.read_json(path)["bf16"] == timings[1][0]


@pytest.mark.parametrize(
    "change",
    [
        {"bf16": 0}, {"fp32": -1.0}, {"bf16": float("nan")}, {"fp32": float("inf")},
        {"bf16": None}, {"fp32": [1]}, {"bf16": 10**400}, {"torch": "0.1"}, {"processor": "other"},
    ],
)  # fmt: skip
def test_figures_that_cannot_be_are_timed_again(cache, timings, change):
    bf16.bf16_pays("cpu")
    path = kept_file(cache)
    path.write_text(json.dumps(storage.read_json(path) | change), encoding="utf-8")
    in_a_new_process()
    bf16.bf16_pays("cpu")
    assert len(timings) == 2


def test_a_cache_that_cannot_be_written_costs_one_timing_a_process(cache, timings):
    cache.write_bytes(b"a file where the folder should be")
    first = bf16.bf16_pays("cpu")
    assert bf16.bf16_pays("cpu") == first
    assert len(timings) == 1
    in_a_new_process()
    bf16.bf16_pays("cpu")
    assert len(timings) == 2
    assert cache.read_bytes() == b"a file where the folder should be"


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_timing_leaves_random_numbers_threads_and_modes_alone(mode):
    before = torch.random.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with mode():
            graded = torch.is_grad_enabled()
            assert min(bf16.timed_seconds()) > 0
            assert torch.is_grad_enabled() == graded
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.random.get_rng_state(), before[0])
        assert not torch.is_autocast_enabled("cpu")
    finally:
        torch.set_num_threads(before[1])
