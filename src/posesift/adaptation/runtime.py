"""Where and how precisely to compute, decided once; the only file that knows Lightning Fabric.

Fabric connects several ranks. On one device there is nothing to connect, so it is not imported
there: that would take longer than importing torch.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from lightning_fabric import Fabric

PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class Runtime:
    """A device, a precision, a number of threads; made by `resolve`, with nothing left "auto".

    Networks are kept in channels-last memory format: on processors and GPUs alike it is the
    faster one for convolutions.

    Attributes:
        device: this rank's device.
        precision: ``"fp32"`` or ``"bf16"`` (autocast; weights and optimisers stay float32).
        threads: of torch on the processor.
        fabric: connects the ranks; None where there is one.
        accumulate: parts that a batch is cut into, one after the other, to fit into memory.
    """

    device: torch.device
    precision: str
    threads: int
    fabric: Fabric | None = None
    accumulate: int = 1

    @classmethod
    def resolve(
        cls,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        *,
        devices: int = 1,
    ) -> Runtime:
        """Decide.

        Args:
            device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"mps"``.
            precision: ``"auto"`` is bf16 on a GPU that computes in it and on a processor with
                AMX tiles, else fp32. (A processor with AVX512-bf16 alone is slower in bf16.)
            threads: of torch; None leaves the number as it is. Set for the whole process.
            devices: how many of them, one rank each, each with a share of every batch. With
                more than one, Fabric starts the same script once more for each of the others.

        Raises:
            ValueError: an unknown word, or a device that is not there.
        """
        available = _available()
        if device == "auto":
            device = available[0]
        if device not in available:
            raise ValueError(
                f"device {device!r} is not available here, expected one of "
                f"{', '.join(('auto', *available))}"
            )
        if precision not in ("auto", *PRECISIONS):
            raise ValueError(
                f"unknown precision {precision!r}, expected one of auto, {', '.join(PRECISIONS)}"
            )
        if precision == "auto":
            precision = "bf16" if bf16_pays(device) else "fp32"
        if threads is not None:
            if threads < 1:
                raise ValueError(f"expected at least 1 thread, found {threads}")
            torch.set_num_threads(threads)
        threads = torch.get_num_threads()
        if devices == 1:
            return cls(torch.device(device), precision, threads)
        from lightning_fabric import Fabric

        fabric = Fabric(accelerator=device, devices=devices, strategy="ddp")
        fabric.launch()
        return cls(fabric.device, precision, threads, fabric)

    @property
    def rank(self) -> int:
        """Number of this process; 0 writes the files."""
        return self.fabric.global_rank if self.fabric else 0

    @property
    def ranks(self) -> int:
        """Number of processes that train together."""
        return self.fabric.world_size if self.fabric else 1

    def setup(self, module: nn.Module) -> Callable[..., Tensor]:
        """Put ``module`` on the device, channels last, and give what to call in its stead.

        What is given computes in the chosen precision and returns float32; with several ranks
        it lets `backward` average their gradients.
        """
        module.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        connected = self.fabric.setup_module(module) if self.fabric else module

        def forward(*inputs: Tensor) -> Tensor:
            with self.autocast():
                return connected(*inputs).float()

        return forward

    def infer(self, network: nn.Module, images_B3HW: Tensor) -> Tensor:
        """What ``network`` says about normalised images, BatchNorm in eval mode, no gradients."""
        was_training = network.training
        network.eval()
        with torch.inference_mode(), self.autocast():
            found = network(images_B3HW.contiguous(memory_format=torch.channels_last)).float()
        network.train(was_training)
        return found

    def parts(self, size: int) -> list[tuple[slice, float]]:
        """Slices that cut a batch of ``size`` into `accumulate` parts, and the share of each.

        >>> Runtime(torch.device("cpu"), "fp32", 1, accumulate=2).parts(4)
        [(slice(0, 2, None), 0.5), (slice(2, 4, None), 0.5)]
        """
        step = -(-size // self.accumulate)
        ends = [(first, min(first + step, size)) for first in range(0, size, step)]
        return [(slice(first, last), (last - first) / size) for first, last in ends]

    def autocast(self) -> torch.autocast:
        """The context in which networks compute in the chosen precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def backward(self, loss: Tensor) -> None:
        """Gradients of ``loss``, averaged over ranks."""
        if self.fabric:
            self.fabric.backward(loss)
        else:
            loss.backward()

    def gather(self, values_B: Tensor) -> Tensor:
        """The values of all ranks, in their order, without gradients."""
        if self.fabric is None:
            return values_B
        return self.fabric.all_gather(values_B.detach()).flatten(0, 1)  # type: ignore[union-attr]

    def to_device(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The batch on the device; from pinned memory the copy runs beside the computation."""
        return {k: v.to(self.device, non_blocking=True) for k, v in batch.items()}

    def describe(self) -> dict[str, Any]:
        """What was decided, for ``environment.json``: JSON values, nothing "auto"."""
        return {
            "device": self.device.type,
            "device_name": _device_name(self.device),
            "precision": self.precision,
            "threads": self.threads,
            "ranks": self.ranks,
            "memory_format": "channels_last",
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        }


def bf16_pays(device: str) -> bool:
    """Whether ``device`` has units for bf16 that make training faster than in float32."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device == "cpu":
        amx = getattr(torch.cpu, "_is_amx_tile_supported", None)
        return bool(amx is not None and amx() and torch.backends.mkldnn.is_available())
    return False


def _available() -> tuple[str, ...]:
    """Devices of this machine, the preferred one first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
