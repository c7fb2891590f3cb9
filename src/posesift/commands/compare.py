"""``posesift compare RECIPE``: methods x sampling strategies x seeds, one table, one page."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from posesift import storage
from posesift.commands.flags import (
    AimFlags,
    DeviceFlags,
    ResultFlags,
    given,
    number,
    settings_flags,
    table_text,
    warn,
)
from posesift.experiments.methods import names
from posesift.progress import note, say, say_json

if TYPE_CHECKING:
    from posesift.experiments.arms import Comparison

SETTINGS = (
    "weights", "network", "batchnorm", "side", "batch_size", "accumulate", "style",
    "style_weights", "parity", "choose_by",
)  # fmt: skip
"""Settings with a flag, of every arm."""


@dataclass(kw_only=True)
@settings_flags(*SETTINGS, before="published")
class Compare(ResultFlags, DeviceFlags, AimFlags):
    """Train methods with sampling strategies on one budget of draws, over seeds; tell what helps.

    Arms share their warm-ups, differences are paired over seeds. What is finished is never run
    again: --resume goes on after an interruption, or with more --seeds.
    """

    recipe: Annotated[str, tyro.conf.Positional]
    """What is trained on and adapted to: photos or hands (rendered, or --source, to --target),
    photos-tail (few rare poses), world-body or world-hand (built-in data alone), or a task of the
    field: surreal-to-lsp, surreal-to-human36m, rhd-to-h3d, rhd-to-freihand, synthetic-to-tigdog,
    synthetic-to-animalpose."""
    methods: tuple[str, ...] = names(trains_on_target=False)
    """Methods to compare, by spaces or commas."""
    samplings: tuple[str, ...] = ("uniform", "curriculum", "hard-mining")
    """Sampling strategies; uniform, which the others are compared with, is always one. Or what
    takes the place of some poses of the source: rendered-like-target, rendered-where-failing, and
    their controls rendered-at-random and rendered-flat; +hard-mining behind one draws by that."""
    rendered: int | None = None
    """How many poses of the source give way to renderings (default: 1,000, with --quick 250)."""
    looks_at: Literal["predictions", "labels"] = "predictions"
    """How the target's poses are known by which renderings are chosen: as the warm-up's network
    predicts them on its training images, or by the labels of these."""
    seeds: tuple[str, ...] = ("3",)
    """Number of seeds, each of which redraws data, scorer, initialisation and draws; or which
    seeds, with commas: 0,2,5."""
    sample_in: Literal["warm-up", "adaptation", "both"] = "both"
    """The stages that draw by the strategies."""
    warmup_steps: int | None = None
    """Optimiser steps of the warm-up, of every arm."""
    steps: int | None = None
    """Optimiser steps of the second stage, the adaptation, of every arm."""
    no_oracle: bool = False
    """Train no oracle on the target's labels; the share of the gap closed is then unknown."""
    published: Literal["surreal-to-lsp", "surreal-to-human36m", "rhd-to-h3d"] | None = None
    """Show the published rows of this task beside what is measured."""
    quick: bool = False
    """Little data and few steps: to see that all is in place, not for conclusions."""
    jobs: int | None = None
    """How many networks are trained at the same time, each in a process of its own, and on a GPU of
    its own where there are several; on a CPU of two cores 2 take less time than 1. They share the
    cores, unless --threads says how many each has. Default: 1; on a cluster what it has room
    for."""
    engine: Literal["local", "ray"] = "local"
    """This machine, or a cluster by Ray (RAY_ADDRESS, else this machine) that shares --out: the
    same figures. A network takes --threads cores there (default: on a CPU 1), or a GPU."""
    resume: bool = False
    """Go on with the comparison in --out, with more --seeds if there are more."""
    dry_run: bool = False
    """Print the plan and an estimate of its time, and train nothing."""

    def run(self) -> None:
        """Compare and draw the page."""
        from posesift.engines import started
        from posesift.experiments.compare import check, check_begun, compare
        from posesift.experiments.cost import estimate
        from posesift.report.page import write_report

        self.check_resume(self.resume)
        jobs = 1 if self.jobs is None else self.jobs
        check_jobs(jobs)
        plan = self.plan()
        if self.dry_run:
            self._tell(plan)
            return
        # a mistake shows before anything is touched; what was begun has been checked
        inputs = [] if self.resume else check(plan)
        with (
            started(self.engine) as engine,
            self.claim(
                "comparison",
                f"compare-{self.recipe}",
                *inputs,
                resume=self.resume,
                again=True,
                check=partial(check_begun, plan=plan),
            ) as claimed,
        ):
            note(estimate(plan, claimed.folder, jobs))
            compare(plan, claimed.folder, write_report, self.jobs, engine)
        found = storage.read_json(claimed.out / "comparison.json")
        for text in found["notes"]:
            warn(text)
        self.finish(claimed.out, summary(found), comparison_text(found))

    def _tell(self, plan: Comparison) -> None:
        """Print what would be trained, and about how long it takes."""
        from posesift.experiments.arms import seeds_of as seeds_of_arm
        from posesift.experiments.cost import estimate

        told = estimate(plan, self.out, self.jobs or 1)
        rows = [
            {
                "arm": arm.name,
                "starts from": arm.start or "scratch",
                "steps": arm.warmup_steps + arm.steps,
                "seeds": len(seeds_of_arm(plan, arm)),
            }
            for arm in plan.arms
        ]
        if self.json:
            say_json({"arms": rows, "primary": plan.primary, "estimate": told})
            return
        cells = [[str(value) for value in row.values()] for row in rows]
        say(table_text(cells, list(rows[0])))
        say(f"Primary endpoint: {plan.primary[0]} minus {plan.primary[1]}")
        say(f"Estimate: {told}. Nothing was trained.")

    def plan(self) -> Comparison:
        """Plan what is compared."""
        from posesift.experiments.plan import compare_plan

        changes = given(self, (*SETTINGS, "published")) | self.hardware()
        aim = {name: getattr(self, name) for name in ("source", "target", "test")}
        return compare_plan(
            self.recipe,
            _words(self.methods),
            _words(self.samplings),
            seeds_of(self.seeds),
            self.sample_in,
            self.quick,
            warmup_steps=self.warmup_steps,
            steps=self.steps,
            oracle=not self.no_oracle,
            rendered=self.rendered,
            looks_at=self.looks_at,
            aim={name: value for name, value in aim.items() if value is not None},
            changes=changes,
            command=self._command(),
        )

    def _command(self) -> str:
        """Give the flags that say what is compared, as a person would type them."""
        parts = ["posesift", "compare", self.recipe]
        default = Compare(recipe=self.recipe)
        beside = {
            "recipe", "out", "overwrite", "json", "open", "resume", "dry_run", "jobs", "engine",
        }  # fmt: skip
        for name, value in vars(self).items():
            if name not in beside and value != getattr(default, name):
                parts.append(f"--{name.replace('_', '-')}")
                if isinstance(value, tuple):
                    parts.append(",".join(value))
                elif value is not True:
                    parts.append(str(value))
        return shlex.join(parts)


def check_jobs(jobs: int) -> None:
    """Refuse a number of processes that is none.

    Raises:
        ValueError: it is below 1.
    """
    if jobs < 1:
        raise ValueError(f"--jobs: expected 1 or more, found {jobs}")


def seeds_of(words: tuple[str, ...]) -> tuple[int, ...]:
    """Seeds from what was typed: one number is how many, several are the seeds.

    >>> seeds_of(("3",)), seeds_of(("4,7",)), seeds_of(("4", "7"))
    ((0, 1, 2), (4, 7), (4, 7))

    Raises:
        ValueError: not whole numbers, or none of them.
    """
    found = _words(words)
    if not found or not all(re.fullmatch(r"\d+", word) for word in found):
        raise ValueError(
            f"--seeds: expected how many (3) or which ones (0,2,5), found {' '.join(words)!r}"
        )
    if len(found) == 1 and "," not in "".join(words):
        if int(found[0]) < 1:
            raise ValueError(f"--seeds: expected 1 or more, found {found[0]}")
        return tuple(range(int(found[0])))
    return tuple(dict.fromkeys(int(word) for word in found))


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """Say what --json prints of a comparison."""
    return {key: found[key] for key in ("primary", "gap_closed", "seeds", "checkpoint")}


def comparison_text(found: dict[str, Any]) -> str:
    """Write the table of arms by joint group on the target, and the primary endpoint."""
    from posesift.evaluation.intervals import mean_interval

    arms = [arm for arm in found["arms"] if arm["role"] != "warm-up"]
    closed = {row["arm"]: row for row in found["gap_closed"]}
    seeds = len(found["seeds"])
    rows, groups = [], list(found["cells"][0]["sets"]["target"]["pck"]["0.05"])
    for arm in arms:
        sets = [cell["sets"]["target"] for cell in found["cells"] if cell["arm"] == arm["name"]]
        cells = [arm["label"]]
        for group in groups:
            values = [entry["pck"]["0.05"][group] for entry in sets]
            known = [value for value in values if value is not None]
            mean, low, _ = mean_interval(known) if known else (None, None, None)
            half = "" if mean is None or low is None else f" ±{mean - low:.1f}"
            if seeds == 1 and group == "all" and sets and sets[0].get("interval"):
                half = " [{:.1f}, {:.1f}]".format(*sets[0]["interval"])
            cells.append(number(mean) + half)
        share = closed.get(arm["name"])
        text = "-" if share is None else f"{share['mean']:.0f} %"
        if share is not None and share["low"] is not None:
            text += f" [{share['low']:.0f}, {share['high']:.0f}]"
        rows.append([*cells, text])
    over = (
        "one seed: intervals are over images, and differences between arms carry none over seeds"
        if seeds == 1
        else f"mean of {seeds} seeds, 95 % intervals over seeds"
    )
    return "\n".join(
        [
            f"PCK@0.05 on the target; {over}",
            table_text(rows, ["arm", *groups, "gap closed"]),
            _primary(found),
            found["checkpoint"],
        ]
    )


def _primary(found: dict[str, Any]) -> str:
    """Give the primary endpoint in one sentence."""
    primary = found["primary"]
    labels = {arm["name"]: arm["label"] for arm in found["arms"]}
    one, other = (labels.get(primary[key], primary[key]) for key in ("arm", "against"))
    mean = "-" if primary["mean"] is None else f"{primary['mean']:+.1f}"
    text = f"{primary['endpoint']}, {one} minus {other}: {mean} points"
    if primary["low"] is not None:
        text += f" (95 % interval {primary['low']:+.1f} to {primary['high']:+.1f})"
    return text


def _words(values: tuple[str, ...]) -> tuple[str, ...]:
    """Words that may be given apart or joined by commas."""
    return tuple(word for value in values for word in value.split(",") if word)
