"""Whether a device trains faster in bf16 than in float32: known, or timed once and kept.

A processor with AMX tiles does, one without bf16 instructions does not. Between them are those
that multiply pairs of bf16 (AVX512-bf16) and have no tiles: some gain half, some lose. There both
are timed on a small network, and the answer is kept in the cache folder.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import math
import time
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from posesift import storage
from posesift.adaptation.training.hardware import device_name

GAIN = 1.1
"""How much faster bf16 must be: float32 rounds less, so a tie goes to it."""

ROUNDS = 5
CHANNELS = (3, 32, 64, 64)  # of the timed network, each convolution of stride 2
IMAGES = (16, 3, 64, 64)


class Verdict(NamedTuple):
    """Whether bf16 pays, and why, in words that end a sentence."""

    pays: bool
    why: str


def bf16_pays(device: str) -> Verdict:
    """Whether training on ``device`` (``"cpu"``, ``"cuda"``, ``"mps"``) is faster in bf16.

    On a processor where it is in doubt this takes a fraction of a second, the first time. The
    state of torch's random numbers and its number of threads are left as they were.
    """
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Verdict(True, "the GPU computes in it")
        return Verdict(False, "the GPU does not compute in bf16")
    if device != "cpu":
        return Verdict(False, f"bf16 is not used on {device}")
    if not torch.backends.mkldnn.is_available():
        return Verdict(False, "this build of PyTorch has no oneDNN, which computes in bf16")
    if _processor_has("_is_amx_tile_supported"):
        return Verdict(True, "the processor has AMX tiles")
    if not _processor_has("_is_avx512_bf16_supported"):
        return Verdict(False, "the processor has no bf16 instructions that PyTorch uses")
    bf16, fp32 = kept_seconds(storage.cache_folder())
    return Verdict(
        bf16 * GAIN < fp32,
        f"timed on this processor, bf16 takes {bf16 / fp32:.2f} of the time of fp32",
    )


@functools.cache  # where the folder cannot be written, a process still times once
def kept_seconds(cache: Path) -> tuple[float, float]:
    """Seconds of a training step in bf16 and in float32, from ``cache`` or timed and kept there.

    A file that is damaged, or another machine's, is written anew; one that cannot be written
    costs the timing again.
    """
    asked = {"processor": device_name(torch.device("cpu")), "torch": str(torch.__version__)}
    name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    path = cache / "bf16" / f"{name}.json"
    try:
        kept = storage.read_json(path)
        seconds = float(kept["bf16"]), float(kept["fp32"])
        if all(kept[key] == asked[key] for key in asked) and all(
            math.isfinite(value) and value > 0 for value in seconds
        ):
            return seconds
    except (ValueError, TypeError, KeyError, OverflowError):
        pass  # none, or damaged
    seconds = timed_seconds()
    with contextlib.suppress(ValueError):
        storage.write_json(path, {**asked, "bf16": seconds[0], "fp32": seconds[1]})
    return seconds


@torch.inference_mode(False)
@torch.enable_grad()
def timed_seconds() -> tuple[float, float]:
    """Seconds of a forward and backward pass of a small network in bf16 and in float32.

    Of one thread on the processor, not of the clock, in turns, the best of each: two threads on
    a busy machine wait for each other, and what they say then would be kept.
    """
    draw = torch.Generator().manual_seed(0)  # the state of the global one decides a run
    images_B3HW = torch.randn(IMAGES, generator=draw).contiguous(memory_format=torch.channels_last)
    weights = [
        (torch.randn(outputs, inputs, 3, 3, generator=draw) / (9 * inputs) ** 0.5)
        .contiguous(memory_format=torch.channels_last)
        .requires_grad_()
        for inputs, outputs in itertools.pairwise(CHANNELS)
    ]
    threads = torch.get_num_threads()
    best = [math.inf, math.inf]
    torch.set_num_threads(1)
    try:
        for round_ in range(ROUNDS + 1):
            for place, low in enumerate((True, False)):
                began = time.thread_time()
                with torch.autocast("cpu", torch.bfloat16, enabled=low):
                    loss = _pass(images_B3HW, weights)
                torch.autograd.grad(loss, weights)
                if round_:  # kernels are made in the first
                    best[place] = min(best[place], time.thread_time() - began)
    finally:
        torch.set_num_threads(threads)
    return best[0], best[1]


def _pass(x_BCHW: Tensor, weights: list[Tensor]) -> Tensor:
    """Convolutions as trained networks have them: of half the size, and of the same."""
    for weight in weights:
        x_BCHW = functional.conv2d(x_BCHW, weight, stride=2, padding=1)
        x_BCHW = functional.relu(functional.batch_norm(x_BCHW, None, None, training=True))
        if weight is weights[-1]:
            x_BCHW = functional.conv2d(x_BCHW, weight, padding=1)
    return x_BCHW.float().square().mean()


def _processor_has(query: str) -> bool:
    """Say what torch says of the processor; versions that cannot say are taken as no."""
    known = getattr(torch.cpu, query, None)
    return bool(known is not None and known())
