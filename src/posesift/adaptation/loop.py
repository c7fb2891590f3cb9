"""The loop that drives any method: batches in, steps, journal, checkpoints, resume.

It knows nothing of networks and losses. A run that was killed at any moment and resumed ends with
the same weights as one that ran through: on a processor bit for bit.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posesift import progress
from posesift.adaptation import checkpoint
from posesift.adaptation.augment import generator
from posesift.adaptation.journal import Journal, Record
from posesift.adaptation.method import Batch, Method, Stage

if TYPE_CHECKING:
    from posesift.adaptation.runtime import Runtime

Loader = Callable[[Stage, int], Iterable[Batch]]
"""``loader(stage, start)``: the batches of a stage from its step ``start`` on, one a step; the
same ones whether or not the steps before ``start`` were done in this process."""


@dataclass(frozen=True)
class Fitted:
    """What `fit` did.

    Attributes:
        steps: of all stages.
        resumed_at: the step that it went on from; 0 for a fresh run.
        seconds: of this call.
    """

    steps: int
    resumed_at: int
    seconds: float


def fit(
    method: Method,
    loaders: Mapping[str, Loader],
    runtime: Runtime,
    folder: str | Path | None = None,
    *,
    seed: int = 0,
    log: Callable[[Record], None] | None = None,
    log_every: int = 20,
    save_every: int = 200,
    resume: bool = False,
) -> Fitted:
    """Train ``method`` through all its stages.

    Ctrl-C ends it after the current step, with a checkpoint kept, by raising KeyboardInterrupt;
    a second Ctrl-C does not wait.

    Args:
        method: freshly made; it is prepared here.
        loaders: by domain (``"source"``, ``"target"``), see `Loader`.
        runtime: where to compute.
        folder: gets ``metrics.jsonl`` and ``checkpoints/``; None keeps nothing.
        seed: of every random view; step and stage are mixed in.
        log: called with each line of the journal, for a tracker.
        log_every: steps a line of the journal; the only moments that wait for the device.
        save_every: steps a checkpoint; there is also one at the end of each stage.
        resume: go on from the newest whole checkpoint in ``folder``, if there is one.

    Raises:
        ValueError: a loader is missing or ends early; a loss is no longer finite; ``folder``
            holds checkpoints and ``resume`` is not set, or those of another run.
    """
    began = time.perf_counter()
    stages = method.stages
    for stage in stages:
        for domain in stage.domains:
            if domain not in loaders:
                raise ValueError(
                    f"the stage {stage.name!r} needs batches of the {domain}, found loaders for "
                    f"{', '.join(loaders) or 'nothing'}; give it a --{domain}"
                )
    plan = {"seed": seed, "stages": [[stage.name, stage.steps] for stage in stages]}
    folder = Path(folder) if folder is not None else None
    found = _found(folder, plan, resume)
    done = found["position"] if found else [0, 0]
    before = sum(stage.steps for stage in stages[: done[0]])
    resumed_at = before + done[1]

    kept = folder if runtime.rank == 0 else None  # all ranks read, one writes
    journal = Journal(kept / "metrics.jsonl" if kept else None, log if runtime.rank == 0 else None)
    journal.rewind(resumed_at)
    method.prepare(runtime)

    def save(number: int, step: int) -> None:
        if kept is None:
            return
        taken = sum(stage.steps for stage in stages[:number]) + step
        journal.averages(f"at step {taken}")  # a state that is beyond saving is not saved
        state = {
            "plan": plan,
            "position": [number, step],
            "method": method.state_dict(),
            "journal": journal.state_dict(),
        }
        checkpoint.save(kept / "checkpoints", taken, state)

    total = sum(stage.steps for stage in stages)
    with _deferred_interrupt() as interrupt, progress.bar("training", total) as bar:
        bar.advance(resumed_at)
        note = ""
        for number, stage in enumerate(stages[done[0] :], done[0]):
            start = done[1] if number == done[0] else 0
            method.start_stage(stage)
            if found and number == done[0]:
                method.load_state_dict(found["method"])
                journal.load_state_dict(found["journal"], runtime.device)
            batches = {d: iter(loaders[d](stage, start)) for d in stage.domains}
            for step in range(start, stage.steps):
                try:
                    batch = {d: _next(batches[d], d, stage, step) for d in stage.domains}
                    if interrupt.asked:
                        raise KeyboardInterrupt
                except KeyboardInterrupt:
                    save(number, step)
                    raise
                random = generator(runtime.device, seed, number, step)
                batch = {d: runtime.to_device(values) for d, values in batch.items()}
                result = stage.step(
                    batch.get("source"), batch.get("target"), step / stage.steps, random
                )
                journal.add(result)
                done_now = before + step + 1
                if done_now % log_every == 0 or step + 1 == stage.steps:
                    record = journal.write(done_now, stage.name, (step + 1) / stage.steps)
                    note = _note(record, result.losses)
                bar.advance(1, note)
                if done_now % save_every == 0 or step + 1 == stage.steps:
                    save(number, step + 1)
            before += stage.steps
        if interrupt.asked:  # during the very last step
            raise KeyboardInterrupt
    return Fitted(total, resumed_at, time.perf_counter() - began)


def _found(folder: Path | None, plan: dict[str, Any], resume: bool) -> dict[str, Any] | None:
    """The state to go on from; checked against the plan."""
    if folder is None:
        return None
    path = folder / "checkpoints"
    if not resume:
        if any(path.glob("[0-9]*.json")):
            raise ValueError(
                f"{path} holds checkpoints of an earlier run; resume it, or choose another folder"
            )
        return None
    found = checkpoint.latest(path)
    if found is None:
        return None
    state = found[1]
    if state["plan"] != plan:
        raise ValueError(
            f"the checkpoint in {path} belongs to another run: expected seed and stages {plan}, "
            f"found {state['plan']}; resume with the settings it was begun with"
        )
    return state


def _next(batches: Iterator[Batch], domain: str, stage: Stage, step: int) -> Batch:
    try:
        return next(batches)
    except StopIteration:
        raise ValueError(
            f"the {domain} loader of the stage {stage.name!r} ended after {step} of "
            f"{stage.steps} batches; its sampler must give one for every step"
        ) from None


def _note(record: Record, losses: Iterable[str]) -> str:
    parts = [f"{name} {record[name]:.3g}" for name in losses]
    return f"{record['stage']}: {', '.join(parts)}; {record['steps_per_second']:.1f} steps/s"


@dataclass
class _Interrupt:
    asked: bool = False


@contextlib.contextmanager
def _deferred_interrupt() -> Iterator[_Interrupt]:
    """Let Ctrl-C wait for the end of a step: half a step must not be saved."""
    interrupt = _Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # only the main thread hears signals
        return
    previous = signal.getsignal(signal.SIGINT) or signal.default_int_handler

    def ask(signum: int, frame: Any) -> None:
        interrupt.asked = True
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, ask)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, previous)
