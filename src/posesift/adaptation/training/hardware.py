"""What this machine can compute with."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
KEPT_BYTES = 2**30


def available() -> tuple[str, ...]:
    """Devices of this machine, the preferred one first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def gpus() -> list[str]:
    """Name the GPUs of this machine that this process may use, as CUDA_VISIBLE_DEVICES does."""
    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return named.split(",")[:count] if named else [str(number) for number in range(count)]


@functools.cache
def keep_freed_memory() -> None:
    """Have glibc keep memory that is freed, for the rest of the process; elsewhere, do nothing.

    Each training step frees and asks for the same large tensors. Without this, glibc gives them
    back to the system and gets them as pages that fault one by one: up to a tenth of the step.
    """
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):  # linked into Python without its names
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
            mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)


def device_name(device: torch.device) -> str:
    """Give the vendor's name of the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
