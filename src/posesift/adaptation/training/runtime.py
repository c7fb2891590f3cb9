"""Where and how precisely to compute, decided once.

Lightning Fabric connects several ranks (``ranks``). On one device there is nothing to connect, so
it is not imported there: that would take longer than importing torch.

What differs between R ranks and one process with the same global batch:

- each rank has its share of every batch; losses are means over cells, so the mean of the ranks'
  gradients is the gradient of the whole batch, but for rounding;
- BatchNorm in training mode normalises with the rank's own share, and each rank keeps its own
  running statistics; those of rank 0 are saved, and all ranks go on with them after a resume.
  `nn.SyncBatchNorm` (on GPUs) and `posesift.networks.batchnorm.freeze_batchnorm` do away with
  the difference;
- random views are drawn by each rank for itself (``loop.fit``);
- whatever looks at a whole batch must gather it (`Runtime.gather`).
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from posesift.adaptation.training.bf16 import bf16_pays
from posesift.adaptation.training.hardware import available, device_name, keep_freed_memory
from posesift.adaptation.training.ranks import connect, machines

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

    def __post_init__(self) -> None:
        if self.accumulate < 1:
            raise ValueError(
                f"expected a batch to be cut into at least 1 part, found {self.accumulate}"
            )

    @classmethod
    def resolve(
        cls,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        *,
        devices: int = 1,
        accumulate: int = 1,
        alone: bool = False,
    ) -> Runtime:
        """Decide.

        Args:
            device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"mps"``.
            precision: ``"auto"`` is bf16 where it is faster (see `bf16`), else
                fp32. Several ranks take what rank 0 finds.
            threads: of torch; None leaves the number as it is. Set for the whole process.
            devices: how many of them, one rank each, each with a share of every batch. With
                more than one, Fabric starts the same script once more for each of the others,
                so call this early; a process that torchrun started is taken up as it is, and
                later calls with the same number give the same ranks. With 1, a process that
                has become a rank gets a runtime of its own, say to evaluate alone.
            accumulate: parts that a batch is cut into; see `parts`.
            alone: a runtime of this process by itself, which no other rank waits for, say to try
                settings before it becomes one of ``devices`` ranks.

        Raises:
            ValueError: an unknown word, or a device that is not there.
        """
        found = available()
        if device == "auto":
            device = found[0]
        if device not in found:
            raise ValueError(
                f"device {device!r} is not available here, expected one of "
                f"{', '.join(('auto', *found))}"
            )
        if precision not in ("auto", *PRECISIONS):
            raise ValueError(
                f"unknown precision {precision!r}, expected one of auto, {', '.join(PRECISIONS)}"
            )
        if threads is not None and threads < 1:
            raise ValueError(f"expected at least 1 thread, found {threads}")
        nodes = machines(device, devices)
        fabric = connect(device, devices, nodes) if devices > 1 and not alone else None
        if threads is not None:  # after Fabric, which shares out the processors
            torch.set_num_threads(threads)
        threads = torch.get_num_threads()
        if device == "cpu":
            keep_freed_memory()
        if precision == "auto":
            alone = fabric is None or fabric.global_rank == 0
            precision = "bf16" if alone and bf16_pays(device).pays else "fp32"
            precision = precision if fabric is None else fabric.broadcast(precision)
        where = torch.device(device) if fabric is None else fabric.device
        return cls(where, precision, threads, fabric, accumulate)

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
        it lets `backward` average their gradients. All ranks get rank 0's parameters.

        With several ranks, several calls before one backward are fine (statistics of BatchNorm
        are not sent around in between). Every parameter of ``module`` must then get a gradient,
        each call must be followed by one backward, and ``requires_grad`` must stay as it is
        now. For a pass whose gradients in ``module`` are not wanted, call ``module`` itself
        under `autocast`.
        """
        module.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        connected = self.fabric.setup_module(module) if self.fabric else module

        def forward(*inputs: Tensor) -> Tensor:
            with self.autocast():
                return connected(*inputs).float()

        return forward

    def infer(self, network: nn.Module, images_B3HW: Tensor) -> Tensor:
        """Ask ``network`` about normalised images, BatchNorm in eval mode, without gradients."""
        was_training = network.training
        network.eval()
        with torch.inference_mode(), self.autocast():
            found = network(images_B3HW.contiguous(memory_format=torch.channels_last)).float()
        network.train(was_training)
        return found

    def parts(self, size: int) -> list[tuple[slice, float]]:
        """Slices that cut a batch of ``size`` into `accumulate` parts, and the share of each.

        The sum of the parts' mean losses times their shares is the loss of the batch. What is
        in the batch as a whole (BatchNorm in training mode) sees the parts.

        >>> Runtime(torch.device("cpu"), "fp32", 1, accumulate=2).parts(4)
        [(slice(0, 2, None), 0.5), (slice(2, 4, None), 0.5)]
        """
        step = -(-size // self.accumulate)
        ends = [(first, min(first + step, size)) for first in range(0, size, step)]
        return [(slice(first, last), (last - first) / size) for first, last in ends]

    def autocast(self) -> torch.autocast:
        """Give the context in which networks compute in the chosen precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def backward(self, loss: Tensor) -> None:
        """Gradients of ``loss``, averaged over ranks."""
        if self.fabric:
            self.fabric.backward(loss)
        else:
            loss.backward()

    def gather(self, values_B: Tensor) -> Tensor:
        """``values_B`` (B, ...) of all ranks, one after the other; no gradients go back.

        All ranks must call it, with tensors of one shape. On one rank: ``values_B``.
        """
        if self.fabric is None:
            return values_B
        found_RB: Tensor = self.fabric.all_gather(values_B.detach())  # type: ignore[assignment]
        return found_RB.flatten(0, 1)

    def mean(self, values: Tensor) -> Tensor:
        """Give the mean of ``values`` over ranks; all must call it. On one rank: ``values``."""
        if self.fabric is None:
            return values
        return self.fabric.all_reduce(values.detach().clone())  # type: ignore[return-value]

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` holds on any rank; all must call it, and it waits for the device."""
        if self.fabric is None:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def barrier(self) -> None:
        """Wait until all ranks have come here."""
        if self.fabric is not None:
            self.fabric.barrier()

    def end_others(self) -> None:
        """End the ranks that this process started: without it they would wait for ever."""
        launcher = self.fabric.strategy.launcher if self.fabric else None
        for process in getattr(launcher, "procs", ()):
            process.kill()  # one that waits for the others would not hear anything less

    def to_device(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give the batch on the device; from pinned memory the copy runs beside the computation."""
        return {k: v.to(self.device, non_blocking=True) for k, v in batch.items()}

    def describe(self) -> dict[str, Any]:
        """Say what was decided, for ``environment.json``: JSON values, nothing "auto"."""
        return {
            "device": self.device.type,
            "device_name": device_name(self.device),
            "precision": self.precision,
            "threads": self.threads,
            "ranks": self.ranks,
            "memory_format": "channels_last",
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        }
