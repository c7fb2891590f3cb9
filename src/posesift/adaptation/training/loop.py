"""The loop that drives any method: batches in, steps, journal, checkpoints, resume.

It knows nothing of networks and losses. A run that was killed at any moment and resumed ends with
the same weights as one that ran through: on a processor bit for bit.

With several ranks (``runtime``) each has its own batches and draws its own random views; the
journal speaks of all of them, rank 0 writes, and all read when a run is resumed. They go on with
rank 0's running statistics of BatchNorm then, so a resumed run is that of a run that went through
bit for bit only where BatchNorm is frozen or synchronised.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypedDict,
    TypeGuard,
)

import msgspec

from posesift import documents, progress
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.interrupt import deferred_interrupt
from posesift.adaptation.training.journal import Journal, Record
from posesift.adaptation.training.method import Batch, Method, Stage
from posesift.adaptation.views.augment import generator

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

Validate = Callable[[Method, str], float | None]
"""``validate(method, stage name)``: how good the method is now, higher is better; None: no say."""

KEEP = ("last", "best")

Loader = Callable[[Stage, int], Iterable[Batch]]
"""``loader(stage, start)``: the batches of a stage from its step ``start`` on, one a step; the
same ones whether or not the steps before ``start`` were done in this process."""


_Steps = Annotated[int, msgspec.Meta(ge=0)]


class _Plan(TypedDict):
    seed: int
    stages: list[tuple[str, _Steps]]


class _State(TypedDict):
    """What a checkpoint holds."""

    plan: _Plan
    position: tuple[_Steps, _Steps]
    method: dict[str, Any]
    journal: dict[str, Any]
    best: NotRequired[tuple[float, _Steps] | None]


@dataclass(frozen=True)
class Fitted:
    """What `fit` did.

    Attributes:
        steps: of all stages.
        resumed_at: the step that it went on from; 0 for a fresh run.
        seconds: of this call.
        best: the highest value that ``validate`` gave and its step; known to rank 0.
    """

    steps: int
    resumed_at: int
    seconds: float
    best: tuple[float, int] | None = None


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
    validate: Validate | None = None,
    keep: Literal["last", "best"] = "last",
) -> Fitted:
    """Train ``method`` through all its stages.

    Ctrl-C ends it after the current step, with a checkpoint kept, by raising KeyboardInterrupt;
    so do SIGTERM and SIGUSR1, by what heeded them before, else by raising SystemExit. A second
    signal does not wait. Several ranks must end at the same step, and agree on it when they write
    their next line of the journal.

    Args:
        method: freshly made; it is prepared here.
        loaders: by domain (``"source"``, ``"target"``), see `Loader`.
        runtime: where to compute.
        folder: gets ``metrics.jsonl`` and ``checkpoints/``; None keeps nothing.
        seed: of every random view; step and stage are mixed in, and the rank where there are
            several.
        log: called with each line of the journal, for a tracker.
        log_every: steps a line of the journal; the only moments that wait for the device.
        save_every: steps a checkpoint; there is also one at the end of each stage.
        resume: go on from the newest whole checkpoint in ``folder``, if there is one.
        validate: called by rank 0 at the checkpoints of the last stage, every ``save_every``
            steps and at its end; the line of the journal at that step has its value as
            ``validation``. It must leave the method as it is.
        keep: with ``"best"`` the first checkpoint with the highest value of ``validate`` is kept
            as ``checkpoints/best.json`` and ``.safetensors``, beside the last two; read it with
            ``checkpoint.load``. There is none as long as ``validate`` has given no number.

    Raises:
        ValueError: a loader is missing or ends early; a loss is no longer finite; ``folder``
            holds checkpoints and ``resume`` is not set, or those of another run; ``keep`` is
            unknown, or has nothing to choose by.
    """
    began = time.perf_counter()
    if keep not in KEEP or (keep == "best" and (validate is None or folder is None)):
        raise ValueError(
            f"expected keep to be one of {', '.join(KEEP)}, and for 'best' a `validate` to choose "
            f"by and a folder to keep it in; found keep={keep!r}, validate={validate}, "
            f"folder={folder}"
        )
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
    log = log if runtime.rank == 0 else None
    journal = Journal(kept / "metrics.jsonl" if kept else None, log, runtime.mean)
    journal.rewind(resumed_at)
    best = _best(folder, found, keep) if found else None
    alone = runtime.ranks == 1
    rank = () if alone else (runtime.rank,)  # the numbers of one rank are as they always were
    method.prepare(runtime)
    saved = resumed_at if found else None

    def save(number: int, step: int, better: bool = False) -> None:
        nonlocal saved
        taken = sum(stage.steps for stage in stages[:number]) + step
        if folder is None or (taken == saved and not better):
            return  # an interruption between two stages finds that of the first one's end
        saved = taken
        journal.averages(f"at step {taken}")  # a state that is beyond saving is not saved
        if kept is not None:
            state = {
                "plan": plan,
                "position": [number, step],
                "method": method.state_dict(),
                "journal": journal.state_dict(),
                "best": best,
            }
            if better:
                checkpoint.save(kept / "checkpoints", taken, state, "best")
            regular = _regular(stages, save_every, taken)
            checkpoint.save(kept / "checkpoints", taken, state, beside=regular)
        runtime.barrier()

    total = sum(stage.steps for stage in stages)
    with (
        deferred_interrupt() as interrupt,
        _for_all_ranks(runtime),
        progress.bar("training", total) as bar,
    ):
        bar.advance(resumed_at)
        note, stop = "", False
        for number, stage in enumerate(stages[done[0] :], done[0]):
            start = done[1] if number == done[0] else 0
            method.start_stage(stage)
            if found and number == done[0]:
                _taken_up(method.load_state_dict, folder, found["method"])
                _taken_up(journal.load_state_dict, folder, found["journal"], runtime.device)
            batches = {d: iter(loaders[d](stage, start)) for d in stage.domains}
            for step in range(start, stage.steps):
                try:
                    batch = {d: _next(batches[d], d, stage, step) for d in stage.domains}
                except KeyboardInterrupt:
                    if stop or alone:  # else the other ranks know nothing of it
                        save(number, step)
                    raise
                if stop or (alone and interrupt.asked):
                    save(number, step)
                    interrupt.obey()
                random = generator(runtime.device, seed, number, step, *rank)
                batch = {d: runtime.to_device(values) for d, values in batch.items()}
                result = stage.step(batch, step / stage.steps, random)
                journal.add(result)
                done_now, last = before + step + 1, step + 1 == stage.steps
                due = done_now % save_every == 0 or last
                judge = validate if due and number + 1 == len(stages) else None
                more, better = {}, False
                if judge is not None and runtime.rank == 0:
                    more["validation"] = value = judge(method, stage.name)
                    if better := _beats(value, best):
                        best = (value, done_now)
                if done_now % log_every == 0 or last or judge is not None:
                    record = journal.write(done_now, stage.name, (step + 1) / stage.steps, **more)
                    note = _note(record, result.losses)
                    stop = runtime.any(interrupt.asked)
                bar.advance(1, note)
                if due:
                    save(number, step + 1, better and keep == "best")
            before += stage.steps
        if runtime.any(interrupt.asked):  # during the very last step
            interrupt.obey()
    return Fitted(total, resumed_at, time.perf_counter() - began, best)


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
    documents.converted(state, _State, f"the checkpoint of step {found[0]} in {path}")
    if state["plan"] != plan:
        raise ValueError(
            f"the checkpoint in {path} belongs to another run: expected seed and stages {plan}, "
            f"found {state['plan']}; resume with the settings it was begun with"
        )
    number, step = state["position"]
    stages = plan["stages"]
    if number >= len(stages) or step > stages[number][1]:
        raise ValueError(
            f"the checkpoint of step {found[0]} in {path} is damaged: it stands at step {step} of "
            f"stage {number + 1}, where the stages are {stages}; start again with --overwrite"
        )
    return state


def _taken_up(load: Callable[..., None], folder: Path | None, *state: Any) -> None:
    """Give a part of the run its state.

    Raises:
        ValueError: the state does not fit, so the checkpoint is damaged.
    """
    try:
        load(*state)
    except (LookupError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"the newest checkpoint in {folder}/checkpoints is damaged: its state does not fit "
            f"({error!s:.200}); start again with --overwrite"
        ) from error


def _regular(stages: Sequence[Stage], save_every: int, taken: int) -> list[int]:
    """The last steps up to ``taken`` at which a run that goes through keeps its checkpoints.

    One of an interruption is kept until the next of these, so a resumed run leaves the same.
    """
    ends = itertools.accumulate(stage.steps for stage in stages)
    every = range(taken - taken % save_every, 0, -save_every)[: checkpoint.KEPT]
    return sorted({*every, *(end for end in ends if end <= taken)})[-checkpoint.KEPT :]


def _best(folder: Path | None, found: Mapping[str, Any], keep: str) -> tuple[float, int] | None:
    """The best value so far and its step: of what is kept, where the best is kept."""
    if keep == "best" and folder is not None:
        path = folder / "checkpoints" / "best.json"
        try:
            found = checkpoint.load(path)[1] if path.is_file() else {}
        except ValueError as error:
            warnings.warn(f"{error}; the best checkpoint is chosen anew from here", stacklevel=3)
            found = {}
    if keep == "best" and found:
        documents.converted(found, _State, f"the best checkpoint in {folder}/checkpoints")
    best = found.get("best")
    return None if best is None else (best[0], best[1])


def _beats(value: float | None, best: tuple[float, int] | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value) and (best is None or value > best[0])


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


@contextlib.contextmanager
def _for_all_ranks(runtime: Runtime) -> Iterator[None]:
    """What ends one rank ends the others, which would wait for it."""
    try:
        yield
    except BaseException:
        runtime.end_others()
        raise
