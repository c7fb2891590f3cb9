"""How far a run has come, and the states that it goes on from when it is resumed.

A state holds all that a resumed run needs: the plan (seed and stages, which must be the same), the
position, the method, the average of the journal that is under way, and the best validation so far.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from posesift import documents
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.journal import Journal
from posesift.adaptation.training.method import Method, Stage

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

Keep = Literal["last", "best"]

_Steps = Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Position:
    """How far a run has come.

    Attributes:
        stage: its number, from 0.
        step: steps of that stage that are done.
    """

    stage: _Steps
    step: _Steps


class _Plan(TypedDict):
    seed: int
    stages: list[tuple[str, _Steps]]


class _State(TypedDict):
    plan: _Plan
    position: Position
    method: dict[str, Any]
    journal: dict[str, Any]
    best: NotRequired[tuple[float, _Steps] | None]


@dataclass(frozen=True)
class Course:
    """The stages that a run goes through, and how steps are counted in them.

    >>> def step(batch, t, generator): ...
    >>> course = Course(0, (Stage("warm-up", 6, step), Stage("adaptation", 4, step)))
    >>> course.total, course.taken(Position(1, 3)), course.ends(Position(1, 3))
    (10, 9, False)
    """

    seed: int
    stages: Sequence[Stage]

    @property
    def plan(self) -> dict[str, Any]:
        """What must be the same when a run is resumed, as JSON values."""
        return {"seed": self.seed, "stages": [[s.name, s.steps] for s in self.stages]}

    @property
    def total(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def taken(self, position: Position) -> int:
        """Count the steps since the very beginning."""
        return sum(stage.steps for stage in self.stages[: position.stage]) + position.step

    def ends(self, position: Position) -> bool:
        """Say whether a stage ends there."""
        return position.step == self.stages[position.stage].steps

    def regular(self, every: int, taken: int) -> list[int]:
        """Find the last steps up to ``taken`` at which a run that goes through is saved.

        A state of an interruption is kept until the next of these, so a resumed run leaves the
        same.
        """
        ends = itertools.accumulate(stage.steps for stage in self.stages)
        times = range(taken - taken % every, 0, -every)[: checkpoint.KEPT]
        return sorted({*times, *(end for end in ends if end <= taken)})[-checkpoint.KEPT :]


class Checkpoints:
    """The states of a run in ``folder/checkpoints``; all ranks read them, rank 0 writes.

    Args:
        folder: of the run; None keeps nothing.
        course: of the run.
        runtime: of the run.
        every: steps a checkpoint; there is also one at the end of each stage.
        keep: see `loop.fit`.
        resume: whether there may be checkpoints already, from which the run goes on.

    Attributes:
        found: the state to go on from, or None.
        start: where the run begins.
        best: the highest validation so far and its step.

    Raises:
        ValueError: there are checkpoints and ``resume`` is not set; or they are damaged, or those
            of another run.
    """

    def __init__(
        self,
        folder: Path | None,
        course: Course,
        runtime: Runtime,
        *,
        every: int = 200,
        keep: Keep = "last",
        resume: bool = False,
    ):
        self.folder = None if folder is None else folder / "checkpoints"
        self.course, self.runtime, self.every, self.keep = course, runtime, every, keep
        self.found = _found(self.folder, course, resume)
        self.start = Position(**self.found["position"]) if self.found else Position(0, 0)
        self.best = _best(self.folder, self.found, keep) if self.found else None
        self._saved = course.taken(self.start) if self.found else None

    def due(self, position: Position) -> bool:
        """Say whether a run that goes through is saved at ``position``."""
        return self.course.taken(position) % self.every == 0 or self.course.ends(position)

    def save(
        self, position: Position, method: Method, journal: Journal, better: bool = False
    ) -> None:
        """Write the state, unless it is written; all ranks must call it.

        Args:
            position: of the run.
            method: in its state there.
            journal: likewise; a state with a loss that is not finite is not saved.
            better: whether it is the best so far; see ``keep``.
        """
        better = better and self.keep == "best"
        taken = self.course.taken(position)
        if self.folder is None or (taken == self._saved and not better):
            return  # an interruption between two stages finds that of the first one's end
        self._saved = taken
        journal.averages(f"at step {taken}")
        if self.runtime.rank == 0:
            state = {
                "plan": self.course.plan,
                "position": asdict(position),
                "method": method.state_dict(),
                "journal": journal.state_dict(),
                "best": self.best,
            }
            if better:
                checkpoint.save(self.folder, taken, state, "best")
            regular = self.course.regular(self.every, taken)
            checkpoint.save(self.folder, taken, state, beside=regular)
        self.runtime.barrier()

    def restore(self, method: Method, journal: Journal) -> None:
        """Give method and journal the state that was found.

        Raises:
            ValueError: the state does not fit, so the checkpoint is damaged.
        """
        assert self.found is not None
        try:
            method.load_state_dict(self.found["method"])
            journal.load_state_dict(self.found["journal"], self.runtime.device)
        except (LookupError, TypeError, AttributeError, RuntimeError, ValueError) as error:
            raise ValueError(
                f"the newest checkpoint in {self.folder} is damaged: its state does not fit "
                f"({error!s:.200}); start again with --overwrite"
            ) from error


def _found(folder: Path | None, course: Course, resume: bool) -> dict[str, Any] | None:
    """Read the state to go on from, and check it against the plan."""
    if folder is None:
        return None
    if not resume:
        if any(folder.glob("[0-9]*.json")):
            raise ValueError(
                f"{folder} holds checkpoints of an earlier run; resume it, or choose another folder"
            )
        return None
    found = checkpoint.latest(folder)
    if found is None:
        return None
    taken, state = found
    _check(state, f"the checkpoint of step {taken} in {folder}")
    plan = course.plan
    if state["plan"] != plan:
        raise ValueError(
            f"the checkpoint in {folder} belongs to another run: expected seed and stages {plan}, "
            f"found {state['plan']}; resume with the settings it was begun with"
        )
    position, stages = Position(**state["position"]), plan["stages"]
    if position.stage >= len(stages) or position.step > stages[position.stage][1]:
        raise ValueError(
            f"the checkpoint of step {taken} in {folder} is damaged: it stands at step "
            f"{position.step} of stage {position.stage + 1}, where the stages are {stages}; start "
            "again with --overwrite"
        )
    return state


def _check(state: dict[str, Any], where: str) -> None:
    """Refuse what is not a state; a position written as a list, as once it was, is named."""
    position = state.get("position")
    if isinstance(position, list) and len(position) == 2:
        state["position"] = dict(zip(("stage", "step"), position, strict=True))
    documents.converted(state, _State, where)


def _best(folder: Path | None, found: Mapping[str, Any], keep: Keep) -> tuple[float, int] | None:
    """Find the best value so far and its step: of what is kept, where the best is kept."""
    if keep == "best" and folder is not None:
        path = folder / "best.json"
        try:
            found = checkpoint.load(path)[1] if path.is_file() else {}
        except ValueError as error:
            warnings.warn(f"{error}; the best checkpoint is chosen anew from here", stacklevel=4)
            found = {}
        if found:
            _check(dict(found), f"the best checkpoint in {folder}")
    best = found.get("best")
    return None if best is None else (best[0], best[1])
