"""The plan of a comparison that a person asks for: methods x strategies on one draw budget.

What arms start from is shared between them wherever it would be the same. No torch here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from posesift.experiments.arms import Arm, Comparison, seeded
from posesift.experiments.methods import METHODS, names
from posesift.experiments.renderings import CHOOSING, LOOKS_AT, RENDERINGS, LooksAt
from posesift.experiments.settings import SAMPLE_IN, choose
from posesift.experiments.spec import Experiment
from posesift.sampling.strategies import NAMES as STRATEGIES

RENDERED = {False: 1000, True: 250}
"""Poses of the source that give way to renderings unless somebody says how many; quick or not."""


def compare_plan(
    recipe: str,
    methods: Iterable[str] = ("source-only", "regda", "udape"),
    samplings: Iterable[str] = ("uniform", "curriculum", "hard-mining"),
    seeds: Iterable[int] = (0, 1, 2),
    sample_in: str = "both",
    quick: bool = False,
    **details: Any,
) -> Comparison:
    """Every method with every strategy; ``uniform``, which they are compared with, is put first.

    The remaining arguments are those of `plan_of`.

    >>> plan = compare_plan("world-body", ["source-only", "udape"], ["hard-mining"])
    >>> [arm.name for arm in plan.arms if arm.role == "warm-up"]
    ['warm-up', 'warm-up+hard-mining']
    >>> [arm.name for arm in plan.arms if arm.role == "arm"]
    ['source-only', 'source-only+hard-mining', 'udape', 'udape+hard-mining']
    >>> plan.arms[-1].name, plan.primary
    ('oracle', ('udape+hard-mining', 'udape'))
    """
    samplings = ("uniform", *samplings)
    pairs = [(method, sampling) for method in methods for sampling in samplings]
    return plan_of(recipe, pairs, seeds, sample_in, quick, **details)


def plan_of(
    recipe: str,
    pairs: Iterable[tuple[str, str]],
    seeds: Iterable[int],
    sample_in: str = "both",
    quick: bool = False,
    *,
    warmup_steps: int | None = None,
    steps: int | None = None,
    oracle: bool = True,
    rendered: int | None = None,
    looks_at: LooksAt = "predictions",
    aim: dict[str, str] | None = None,
    changes: dict[str, Any] | None = None,
    command: str = "",
) -> Comparison:
    """Arms of (method, strategy), from shared warm-ups, and the oracle.

    All arms have one budget of draws: the warm-up's and then the second stage's. All methods share
    the supervised warm-up (RegDA takes its features and begins with fresh heads), but for UDAPE
    with a style and for both by their published formulas, whose warm-ups differ. Where the
    strategy draws in the warm-up too, each strategy has its own warm-ups; else all arms start from
    the very same network.

    Args:
        recipe: a recipe's name.
        pairs: in the order of the table. In the place of a strategy may be one of
            `renderings.RENDERINGS`: the arm starts from the warm-up that draws uniformly, whose
            network says what the target has, and goes on with the source that they are in,
            drawn uniformly; ``rendered-flat+hard-mining``: drawn by that strategy.
        seeds: a seed redraws everything.
        sample_in: the stages that draw by the strategies.
        quick: the recipe's small size.
        warmup_steps: of every arm (default: the recipe's).
        steps: likewise, of the second stage.
        oracle: also train on the target's labels, with the budget of both stages.
        rendered: how many poses of the source give way to renderings (default: 1,000, quick 250).
        looks_at: how the target's poses are known by which renderings are chosen.
        aim: data addresses instead of the recipe's, by ``source``, ``target``, ``test``.
        changes: fields of the recipe's experiment that are replaced.
        command: kept in the plan.

    Raises:
        ValueError: an unknown method or strategy, nothing to compare, a method that adapts
            without a target.
    """
    seeds, aim = tuple(dict.fromkeys(seeds)), aim or {}
    changes = {key: value for key, value in (changes or {}).items() if value is not None}
    pairs = tuple(dict.fromkeys(pairs))
    _check(pairs, seeds, sample_in)
    plan = Comparison(recipe=recipe, arms=(), seeds=seeds, quick=quick, aim=aim, changes=changes)
    experiment = seeded(plan, seeds[0])
    first = experiment.training.warmup_steps if warmup_steps is None else warmup_steps
    second = experiment.training.steps if steps is None else steps
    if first < 1 or second < 1:
        raise ValueError("a comparison needs at least one step in both stages; raise --steps")
    if experiment.data.target is None and any(METHODS[method].needs_target for method, _ in pairs):
        raise ValueError("methods that adapt need images of the target: give --target")
    choose("value for --looks-at", looks_at, LOOKS_AT)
    renderings = {_parts(sampling)[0] for _, sampling in pairs} & set(RENDERINGS)
    if experiment.data.target is None and renderings & set(CHOOSING):
        raise ValueError("renderings are chosen by poses of the target: give --target")
    if rendered is not None and not renderings:
        raise ValueError(
            f"--rendered {rendered}: no arm has renderings; name some among the --samplings: "
            f"{', '.join(RENDERINGS)}"
        )
    renders = {"rendered": RENDERED[quick] if rendered is None else rendered, "looks_at": looks_at}
    warm: dict[str, Arm] = {}
    arms = []
    for method, sampling in pairs:
        start = _warm_up(experiment, method, sampling, sample_in, first)
        warm.setdefault(start.name, start)
        what, drawn = _parts(sampling)
        arm = Arm(name=_name(method, sampling), method=method, sampling=what, drawn=drawn)
        arm = dataclasses.replace(arm, sample_in=sample_in, start=start.name, steps=second)
        if what in RENDERINGS:
            student = start.name if what in CHOOSING else None
            arm = dataclasses.replace(arm, sample_in="adaptation", student=student, **renders)
        arms.append(arm)
    if oracle and "target" in experiment.data.oracles:
        best = Arm(name="oracle", role="oracle", method="oracle", trained_on="target")
        arms.append(dataclasses.replace(best, warmup_steps=first, steps=second))
    return dataclasses.replace(
        plan,
        arms=(*warm.values(), *arms),
        oracle_seeds=seeds,
        primary=_primary(pairs),
        command=command,
    )


def _warm_up(experiment: Experiment, method: str, sampling: str, sample_in: str, steps: int) -> Arm:
    """Give the warm-up that an arm starts from."""
    if sample_in == "adaptation" or _parts(sampling)[0] in RENDERINGS:
        sampling = "uniform"
    entry = METHODS[method]
    own = entry.needs_target and (
        experiment.method.parity or (entry.styled and experiment.method.style != "none")
    )
    return Arm(
        name=_name(f"warm-up-{method}" if own else "warm-up", sampling),
        role="warm-up",
        method=method if own else "source-only",
        sampling=sampling,
        sample_in="warm-up",
        warmup_steps=steps,
    )


def _check(pairs: tuple[tuple[str, str], ...], seeds: tuple[int, ...], sample_in: str) -> None:
    known = names(trains_on_target=False)
    for method, sampling in pairs:
        choose("method to compare", method, known)
        what, drawn = _parts(sampling)
        choose("sampling strategy", what, (*STRATEGIES, *RENDERINGS))
        choose("sampling strategy", drawn, tuple(STRATEGIES))
    choose("value for --sample-in", sample_in, SAMPLE_IN)
    if not pairs or not seeds:
        raise ValueError("expected at least one method and one seed to compare")
    if len(pairs) == 1:
        method, sampling = pairs[0]
        raise ValueError(
            f"{method} drawn {sampling} alone leaves nothing to compare it with; give a second "
            "one of --methods, or another of --samplings than uniform"
        )


def _parts(sampling: str) -> tuple[str, str]:
    """Split what takes the place of a part of the source from what then draws it.

    >>> _parts("rendered-flat+hard-mining"), _parts("rendered-flat"), _parts("curriculum")
    (('rendered-flat', 'hard-mining'), ('rendered-flat', 'uniform'), ('curriculum', 'uniform'))
    """
    what, _, drawn = sampling.partition("+")
    if what not in RENDERINGS:
        return sampling, "uniform"
    return what, drawn or "uniform"


def _name(what: str, sampling: str) -> str:
    return what if sampling == "uniform" else f"{what}+{sampling}"


def _primary(pairs: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """Hard mining with the last method that adapts; without it, that method as such.

    Where renderings are chosen by the target, they come first, against none. Of one method alone
    it is the last strategy against the first.
    """
    chosen = [
        (method, sampling)
        for method, sampling in pairs
        if _parts(sampling)[0] in CHOOSING and (method, "uniform") in pairs
    ]
    if chosen:
        return _name(*chosen[0]), chosen[0][0]
    methods = tuple(method for method, _ in pairs)
    method = ([name for name in methods if METHODS[name].needs_target] or methods)[-1]
    if (method, "hard-mining") in pairs and (method, "uniform") in pairs:
        return _name(method, "hard-mining"), method
    other = "source-only" if "source-only" in methods else methods[0]
    if method != other and {(method, "uniform"), (other, "uniform")} <= set(pairs):
        return method, other
    return _name(*pairs[-1]), _name(*pairs[0])
