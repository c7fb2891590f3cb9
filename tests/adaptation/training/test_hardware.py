from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from posesift.adaptation.training import hardware

FAULTS = """
import resource, torch
from posesift.adaptation.training.runtime import Runtime
def round():
    torch.empty(2**25).fill_(1)  # 128 MiB, beyond what glibc keeps by itself
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def fewest():
    taken = []
    for _ in range(12):  # a system that is short of memory may take pages away in some of them
        before = faults()
        round()
        taken.append(faults() - before)
    return min(taken)
first = fewest()
Runtime.resolve("cpu", "fp32")
print(first, fewest())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back so")
def test_with_a_resolved_runtime_freed_memory_is_used_again_without_page_faults():
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True
    )
    before, resolved = map(int, done.stdout.split())
    assert resolved * 20 < before


def test_where_there_is_no_mallopt_nothing_happens(monkeypatch):
    class Without:
        def __init__(self, name):
            assert name is None

    monkeypatch.setattr(hardware.ctypes, "CDLL", Without)
    hardware.keep_freed_memory.__wrapped__()
    monkeypatch.setattr(hardware.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.delattr(hardware.ctypes, "CDLL")
    hardware.keep_freed_memory.__wrapped__()


def test_gpus_are_called_as_this_process_knows_them(monkeypatch):
    monkeypatch.setattr(hardware.torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert hardware.gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8932f937")
    assert hardware.gpus() == ["3", "GPU-8932f937"]
    monkeypatch.setattr(hardware.torch.cuda, "device_count", lambda: 0)
    assert hardware.gpus() == []
