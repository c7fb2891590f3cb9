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
import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from posesift import progress
from posesift.adaptation.training.interrupt import deferred_interrupt
from posesift.adaptation.training.journal import Journal, Record
from posesift.adaptation.training.method import Batch, Batches, Method, Stage
from posesift.adaptation.training.resume import Checkpoints, Course, Keep, Position
from posesift.adaptation.views.augment import generator

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

Validate = Callable[[Method, str], float | None]
"""``validate(method, stage name)``: how good the method is now, higher is better; None = not
scored."""

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
    keep: Keep = "last",
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
    folder = Path(folder) if folder is not None else None
    _check(method.stages, loaders, folder, validate, keep)
    course = Course(seed, method.stages)
    checkpoints = Checkpoints(folder, course, runtime, every=save_every, keep=keep, resume=resume)
    validation = _Validation(validate, checkpoints)
    writes = runtime.rank == 0
    journal = Journal(
        folder / "metrics.jsonl" if folder and writes else None,
        log if writes else None,
        runtime.mean,
        log_every,
    )
    start, resumed_at = checkpoints.start, course.taken(checkpoints.start)
    journal.rewind(resumed_at)
    alone = runtime.ranks == 1
    rank = () if alone else (runtime.rank,)  # the numbers of one rank are as they always were
    method.prepare(runtime)
    with (
        deferred_interrupt() as interrupt,
        _for_all_ranks(runtime),
        progress.bar("training", course.total) as bar,
    ):
        bar.advance(resumed_at)
        note, stop = "", False
        for number, stage in list(enumerate(method.stages))[start.stage :]:
            first = start.step if number == start.stage else 0
            method.start_stage(stage)
            if checkpoints.found and number == start.stage:
                checkpoints.restore(method, journal)
            # closed with the stage: what an exception keeps alive would keep loader processes alive
            with contextlib.closing(_batches(loaders, stage, first)) as batches:
                for step in range(first, stage.steps):
                    here, there = Position(number, step), Position(number, step + 1)
                    try:
                        batch = next(batches)
                    except KeyboardInterrupt:
                        if stop or alone:  # else the other ranks know nothing of it
                            checkpoints.save(here, method, journal)
                        raise
                    if stop or (alone and interrupt.asked):
                        checkpoints.save(here, method, journal)
                        interrupt.obey()
                    random = generator(runtime.device, seed, number, step, *rank)
                    batch = {d: runtime.to_device(values) for d, values in batch.items()}
                    result = stage.step(batch, step / stage.steps, random)
                    journal.add(result)
                    found = validation.judged(method, there)
                    taken = course.taken(there)
                    if found or journal.due(taken) or course.ends(there):
                        record = journal.write(taken, stage.name, (step + 1) / stage.steps, **found)
                        note = _note(record, result.losses)
                        stop = runtime.any(interrupt.asked)
                    bar.advance(1, note)
                    if checkpoints.due(there):
                        checkpoints.save(there, method, journal, validation.better)
        if runtime.any(interrupt.asked):  # during the very last step
            interrupt.obey()
    return Fitted(course.total, resumed_at, time.perf_counter() - began, checkpoints.best)


class _Validation:
    """Judges the method where the last stage is saved, and tells whether it was never better."""

    def __init__(self, validate: Validate | None, checkpoints: Checkpoints):
        self._validate, self._checkpoints = validate, checkpoints
        self.better = False

    def judged(self, method: Method, position: Position) -> dict[str, float | None]:
        """Judge, if that is due: the entry of the journal, empty where it is not.

        Only rank 0 asks; the others enter that nothing was scored, and write a line when it does.
        """
        self.better = False
        checkpoints, stages = self._checkpoints, self._checkpoints.course.stages
        last = position.stage + 1 == len(stages)
        if self._validate is None or not last or not checkpoints.due(position):
            return {}
        if checkpoints.runtime.rank:
            return {"validation": None}
        value = self._validate(method, stages[position.stage].name)
        best = checkpoints.best
        if value is not None and math.isfinite(value) and (best is None or value > best[0]):
            checkpoints.best = (value, checkpoints.course.taken(position))
            self.better = True
        return {"validation": value}


def _check(
    stages: Iterable[Stage],
    loaders: Mapping[str, Loader],
    folder: Path | None,
    validate: Validate | None,
    keep: Keep,
) -> None:
    """Refuse what cannot be trained, or chosen by, before anything is touched."""
    known = get_args(Keep)
    if keep not in known or (keep == "best" and (validate is None or folder is None)):
        raise ValueError(
            f"expected keep to be one of {', '.join(known)}, and for 'best' a `validate` to choose "
            f"by and a folder to keep it in; found keep={keep!r}, validate={validate}, "
            f"folder={folder}"
        )
    for stage in stages:
        for domain in stage.domains:
            if domain not in loaders:
                raise ValueError(
                    f"the stage {stage.name!r} needs batches of the {domain}, found loaders for "
                    f"{', '.join(loaders) or 'nothing'}; give it a --{domain}"
                )


def _batches(
    loaders: Mapping[str, Loader], stage: Stage, start: int
) -> Generator[Batches, None, None]:
    """Fetch a batch of each domain of the stage for each of its steps from ``start`` on."""
    running = {domain: iter(loaders[domain](stage, start)) for domain in stage.domains}
    for step in range(start, stage.steps):
        batch = {}
        for domain, batches in running.items():
            try:
                batch[domain] = next(batches)
            except StopIteration:
                raise ValueError(
                    f"the {domain} loader of the stage {stage.name!r} ended after {step} of "
                    f"{stage.steps} batches; its sampler must give one for every step"
                ) from None
        yield batch


def _note(record: Record, losses: Iterable[str]) -> str:
    parts = [f"{name} {record[name]:.3g}" for name in losses]
    return f"{record['stage']}: {', '.join(parts)}; {record['steps_per_second']:.1f} steps/s"


@contextlib.contextmanager
def _for_all_ranks(runtime: Runtime) -> Iterator[None]:
    """Say what ends one rank ends the others, which would wait for it."""
    try:
        yield
    except BaseException:
        runtime.end_others()
        raise
