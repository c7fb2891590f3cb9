from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from posesift.adaptation.training import hardware

FAULTS = """
import resource, sys, torch
from posesift.adaptation.training.runtime import Runtime
if "resolved" in sys.argv:
    Runtime.resolve("cpu", "fp32")
def round():
    torch.empty(2**25).fill_(1)  # 128 MiB, beyond what glibc keeps by itself
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
taken = []
for _ in range(12):
    before = faults()
    round()
    taken.append(faults() - before)
print(min(taken))  # a system that is short of memory may take pages away in some of the rounds
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back so")
def test_with_a_resolved_runtime_freed_memory_is_used_again_without_page_faults():
    def faults(*arguments: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", FAULTS, *arguments], capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    assert faults("resolved") * 20 < faults()


def test_where_there_is_no_mallopt_nothing_happens(monkeypatch):
    class Without:
        def __init__(self, name):
            assert name is None

    monkeypatch.setattr(hardware.ctypes, "CDLL", Without)
    hardware.keep_freed_memory.__wrapped__()
    monkeypatch.setattr(hardware.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.delattr(hardware.ctypes, "CDLL")
    hardware.keep_freed_memory.__wrapped__()
