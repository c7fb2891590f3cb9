"""The questions that a reader comes with, answered first.

Which poses are rare in the source, whether the model fails on them, which method and strategy is
best and how sure that is. What should be rendered next follows from the coverage of the target.
"""

from __future__ import annotations

from typing import Any

from posesift.experiments.methods import label_of
from posesift.report import claims, evidence
from posesift.report.answers import rare_failure, rare_poses
from posesift.report.answers import score as score_finds
from posesift.report.answers.score import lacks
from posesift.report.blocks import Finding
from posesift.report.facts import SCORES, VAE
from posesift.report.pose_sets import PoseSet
from posesift.report.statement import amount, excess, sentence
from posesift.report.wording import capitalised, count, listed, number, ordinal_part, plural
from posesift.results import by_seed, endpoints, evalpose_form, methods, ranking
from posesift.results.by_seed import Compared
from posesift.results.comparison import Comparison
from posesift.results.score import Score


def of_comparison(
    folder: Comparison, source: PoseSet | None, target: PoseSet | None
) -> list[Finding]:
    """Give the first three answers of a comparison, less those that the numbers cannot give."""
    summary = folder.score.summary if folder.score else None
    rare = rare_poses.rarest(source, target) if source else None
    if rare is None and summary:
        rare = lacks(summary)
    failing = rare_failure.failing(folder, source, target) or fails(folder.comparison)
    best = of_best(folder.comparison, claims.lead_anchor(folder.comparison, summary))
    return [finding for finding in (rare, failing, best) if finding]


def message(comparison: Compared) -> str:
    """Say what was done, at which scale, and what came out, in two or three sentences."""
    names = listed([label_of(method) for method in methods.ordered(comparison)])
    drawn = listed([name.replace("-", " ") for name in methods.strategies(comparison)])
    target, budget = comparison["sets"].get("target") or {}, comparison["budget"]
    steps = sum(budget.get(key) or 0 for key in ("warmup_steps", "steps"))
    began = str((comparison.get("environment") or {}).get("began_from") or "")
    weights = "ImageNet" if "ImageNet" in began else "random"
    network = f" from {weights} weights" if began else ""
    tested = f"{count(target['samples'])} images" if target.get("samples") else "images"
    side = f" at {comparison['side']} px" if comparison.get("side") else ""
    done = (
        f"{names} with {drawn} sampling were trained for {steps} steps{side}{network} and tested "
        f"on {tested} of the target."
    )
    return " ".join([capitalised(done), *_came_out(comparison)])


def _came_out(comparison: Compared) -> list[str]:
    """PCK@0.05 of the reference, the best configuration and the oracle; the primary endpoint."""

    def level(name: str) -> str:
        found = by_seed.spread(by_seed.values(comparison, name, "target", *ranking.PCK).values())
        return f"{by_seed.label(comparison, name)} {number(found.mean if found else None)} %"

    reference, oracle = by_seed.reference(comparison), methods.target_oracle(comparison)
    told = [level(reference)]
    best = ranking.ranked(comparison)
    if best and best[0][0] != reference:
        change, _ = methods.change(comparison, best[0][0], reference)
        told.append(f"{level(best[0][0])}{f', {amount(change)}' if change else ''}")
    if oracle:
        told.append(level(oracle["name"]))
    said = [f"PCK@0.05 on the target: {'; '.join(told)}."]
    primary = comparison["primary"]
    if methods.samples_differently(comparison) and (
        found := evidence.statement(comparison, primary)
    ):
        said.append(sentence(found))
    return said


def of_score(folder: Score, source: PoseSet | None, target: PoseSet | None) -> list[Finding]:
    """Say what a score alone can answer: which poses are rare, and how that shows in its bins."""
    rare = rare_poses.rarest(source, target) if source else None
    told = score_finds.of_score(folder.summary, source) if rare else lacks(folder.summary)
    found = [rare, told, cheaper(folder.summary)]
    return [finding for finding in found if finding]


def of_best(comparison: Compared, anchor: str) -> Finding | None:
    """Return the arm with the highest mean, by how much, and how sure that is."""
    found = ranking.lead(comparison)
    if found is None:
        return None
    samplings = len(methods.strategies(comparison)) > 1
    question = "Which method and strategy is best?" if samplings else "Which method is best?"
    if not methods.several(comparison):
        question = "Which strategy is best?"
    best = by_seed.label(comparison, found.best)
    level = f"{number(found.level.mean)} % on the target"
    answer = f"{capitalised(best)} is best by PCK@0.05: {level}"
    reference = by_seed.reference(comparison)
    base = by_seed.label(comparison, reference)
    if found.best == reference:
        answer += ", and nothing that was tried against it does better"
    elif found.second != reference:
        over, _ = methods.change(comparison, found.best, reference)
        if over:
            answer += f", {amount(over)} over {base}"
    detail = [
        f"{capitalised(plural(found.arms, 'configuration'))}, {plural(found.seeds, 'seed')}. It "
        "was picked by its mean after looking, which flatters it a little."
    ]
    credit = endpoints.credit(comparison, found.best)
    if found.blind:
        detail.append(
            f"{capitalised(best)} is a control that does not know {credit.unknowing}, so nothing "
            f"here says that {credit.to} makes the difference."
        )
    if endpoints.lacks_control(comparison, found.best):
        detail.append(
            f"No {credit.control} of {best} was run, so its gain cannot be attributed to "
            f"{credit.to}."
        )
    second = by_seed.label(comparison, found.second)
    return Finding(
        question,
        f"{answer}. Over the next, {second}: {amount(found.ahead)}."
        f"{_otherwise(comparison, found.best)}",
        " ".join(detail),
        links=[("Evidence", anchor), ("All configurations", "results")],
    )


def _otherwise(comparison: Compared, best: str) -> str:
    """Which arm is best by EvalPose and by angle error, with the levels of both arms."""
    same: list[str] = []
    other: dict[str, list[str]] = {}
    form = evalpose_form.of_comparison(comparison)
    for key, higher, what, unit in (
        (form.key, True, form.name, " of 100"),
        ("angle_error_deg", False, "angle error", " degrees"),
    ):
        order = ranking.ranked(comparison, (key,), higher=higher)
        levels = dict(order)
        if len(order) < 2 or best not in levels:
            continue
        first, level = order[0]
        if first == best or number(level.mean) == number(levels[best].mean):
            same.append(f"by {what}")
            continue
        figures = f"{number(level.mean)} against {number(levels[best].mean)}{unit}"
        flat = by_seed.baseline_by_seed(comparison, "constant pose", "target", key)
        if free := by_seed.spread(flat.values()):
            figures += f"; a constant pose {number(free.mean)}"
        other.setdefault(first, []).append(f"by {what} ({figures})")
    told = "".join(
        f" {capitalised(listed(found))} it is {by_seed.label(comparison, name)}."
        for name, found in other.items()
    )
    if other:
        told += (
            " A constant upright pose is cheap in angles, so these two may rank models otherwise "
            "than PCK."
        )
    if same:
        told += (
            f" {capitalised(listed(same))} no configuration is "
            f"better{' than it' if not other else ''}."
        )
    return told


CHEAP = {name: f"the {shown}" for name, shown in SCORES.items() if name not in VAE}
_LEVEL = 0.01  # of AUC; closer than this, one seed cannot tell two scores apart


def fails(comparison: Compared) -> Finding | None:
    """Whether the reference loses more on hard target poses than an oracle does."""
    arm = by_seed.reference(comparison)
    levels = by_seed.bins_by_seed(comparison, arm)
    if len(levels) < 2 or (own := by_seed.difference(levels[-1], levels[0])) is None:
        return None
    part, name = ordinal_part(len(levels)), by_seed.label(comparison, arm)
    easy, hard = (by_seed.interval(levels[i].values()) for i in (0, -1))
    assert easy is not None
    assert hard is not None
    top = lack = None
    if oracle := methods.target_oracle(comparison):
        best = by_seed.bins_by_seed(comparison, oracle["name"])
        if len(best) == len(levels) and (top := by_seed.difference(best[-1], best[0])):
            falls = [by_seed.apart(of[0], of[-1]) for of in (levels, best)]
            lack = by_seed.difference(*falls)
    where = f"on the hardest {part} of the target, against the easiest"
    answer = excess(name, where, own, top, lack)
    detail = f"PCK@0.05: {number(hard.mean)} in the hardest and {number(easy.mean)} in the easiest."
    links = [("By difficulty", "difficulty")]
    return Finding("Does the model fail on hard poses?", answer, detail, links=links)


def cheaper(summary: dict[str, Any]) -> Finding | None:
    """Whether a score without a network finds the rare poses as well."""
    auc = summary.get("rare_mode_auc") or {}
    cheap = {name: auc[name] for name in CHEAP if auc.get(name) is not None}
    method = summary["method"]
    if not cheap or auc.get(method) is None or method in CHEAP:
        return None
    best = max(cheap, key=lambda name: cheap[name])
    mine, theirs = auc[method], cheap[best]
    figures = f"(AUC {number(theirs, 2)} against {number(mine, 2)})"
    if theirs > mine - _LEVEL:
        how = "better than" if theirs > mine + _LEVEL else "as well as"
        answer = f"Yes. {capitalised(CHEAP[best])} finds rare modes {how} the VAE {figures}."
    else:
        answer = (
            f"Not in finding rare modes: the best cheap score, {CHEAP[best]}, stays behind the "
            f"VAE {figures}."
        )
    detail = ""
    if method == "elbo" and auc.get("reconstruction") is not None:
        detail = (
            "The score as first proposed, reconstruction error alone, reaches "
            f"{number(auc['reconstruction'], 2)}."
        )
    return Finding("Would a cheaper score do?", answer, detail)
