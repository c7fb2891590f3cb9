"""Tensors on disk are read by the library of the format, and a full disk is a plain message."""

from __future__ import annotations

import resource
import struct

import pytest
import torch
from safetensors.torch import load_file

from posesift.tensor_files import write_tensors

TYPES = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip


def test_the_library_reads_what_is_written(tmp_path):
    """Odd counts of narrow types among wide ones, views, scalars, nothing at all."""
    tensors = {f"a/{i}": (torch.arange(7) % 2).to(kind) for i, kind in enumerate(TYPES)}
    tensors |= {
        "scalar": torch.tensor(2.5),
        "none": torch.zeros(0, 3),
        "turned": torch.arange(12.0).reshape(3, 4).T,
        "part": torch.arange(12.0)[::5],
        "gradient": torch.ones(2, requires_grad=True),
        "grün ü": torch.tensor([float("nan"), float("inf")]),
    }
    write_tensors(tmp_path / "t.safetensors", tensors)
    found = load_file(tmp_path / "t.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        torch.testing.assert_close(found[name], tensor.detach(), rtol=0, atol=0, equal_nan=True)
    raw = (tmp_path / "t.safetensors").read_bytes()
    assert struct.unpack("<Q", raw[:8])[0] % 8 == 0  # so that tensors are aligned in the file
    write_tensors(tmp_path / "again.safetensors", dict(reversed(tensors.items())))
    assert (tmp_path / "again.safetensors").read_bytes() == raw


def test_a_full_disk_is_one_message_and_leaves_nothing(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(ValueError, match=r"cannot write .*t\.safetensors: the file would be"):
            write_tensors(tmp_path / "t.safetensors", {"a": torch.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
