"""What a training run says about itself: averages of its losses, a line every few steps.

Values stay on the device and are added up there; only writing a line fetches them, in one go.
With several ranks it also averages over them, so a line speaks of whole batches.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posesift.adaptation.training.method import StepResult
from posesift.storage import append_text, make_parent, write_text

Record = dict[str, Any]


class Journal:
    """Averages of step results, written to ``metrics.jsonl`` and handed to ``log``.

    A line holds ``step`` (steps done since the very beginning), ``stage``, ``t``, the mean of
    every loss and log since the line before, and ``steps_per_second``.

    Args:
        path: of the JSON lines, or None to write none.
        log: called with every line's record.
        mean: the mean of a tensor over ranks (``Runtime.mean``); `averages` and `write` call it,
            so all ranks must call these.
        every: steps a line.
    """

    def __init__(
        self,
        path: Path | None,
        log: Callable[[Record], None] | None = None,
        mean: Callable[[Tensor], Tensor] = lambda values: values,
        every: int = 20,
    ):
        self._path, self._log, self._mean, self._every = path, log, mean, every
        if path is not None:
            make_parent(path)
        self._sums: dict[str, Tensor] = {}
        self._losses: set[str] = set()
        self._count = 0  # steps in the sums
        self._timed = 0  # of them, those since _began
        self._began = time.perf_counter()

    def rewind(self, step: int) -> None:
        """Remove the lines of steps that are to be done again, and a line cut short by a kill."""
        if self._path is None or not self._path.exists():
            return
        kept = []
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line + "\n")
            except (json.JSONDecodeError, KeyError, TypeError):
                break
        write_text(self._path, "".join(kept))

    def due(self, step: int) -> bool:
        """Say whether a line is due after ``step`` steps; there is one at each stage's end, too."""
        return step % self._every == 0

    def add(self, result: StepResult) -> None:
        """Take a step's result in, without waiting for the device."""
        self._losses.update(result.losses)
        for name, value in {**result.losses, **result.logs}.items():
            value = value.double() if value.device.type != "mps" else value
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._count += 1
        self._timed += 1

    def averages(self, where: str) -> dict[str, float]:
        """Fetch the means so far from the device.

        Raises:
            ValueError: one of the losses is not finite; ``where`` says when.
        """
        if not self._count:
            return {}
        sums = self._mean(torch.stack(list(self._sums.values())))
        self._sums = dict(zip(self._sums, sums, strict=True))  # the mean of equals changes nothing
        means = dict(zip(self._sums, (sums / self._count).tolist(), strict=True))
        for name in sorted(self._losses):
            if not math.isfinite(means[name]):
                raise ValueError(
                    f"the loss {name!r} is no longer finite {where}, within the last "
                    f"{self._count} steps; lower the learning rate, or compute in fp32 if this "
                    "was bf16. Checkpoints before it are kept"
                )
        return means

    def write(self, step: int, stage: str, t: float, **more: float | None) -> Record:
        """Write a line, with ``more`` in it, and begin the next average."""
        now = time.perf_counter()
        record: Record = {
            "step": step,
            "stage": stage,
            "t": t,
            **self.averages(f"at step {step} ({stage})"),
            **more,
            "steps_per_second": self._timed / max(now - self._began, 1e-9),
        }
        # a log that is not finite is no error, but JSON knows no NaN
        record = {
            k: None if isinstance(v, float) and not math.isfinite(v) else v
            for k, v in record.items()
        }
        if self._path is not None:
            append_text(self._path, json.dumps(record, allow_nan=False) + "\n")
        if self._log is not None:
            self._log(record)
        self._sums, self._count, self._timed, self._began = {}, 0, 0, now
        return record

    def state_dict(self) -> Mapping[str, Any]:
        """Give the average that is under way."""
        return {"sums": dict(self._sums), "losses": sorted(self._losses), "count": self._count}

    def load_state_dict(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Go on with an average."""
        self._sums = {name: value.to(device) for name, value in state["sums"].items()}
        self._losses, self._count = set(state["losses"]), state["count"]
        self._timed = 0
        self._began = time.perf_counter()
