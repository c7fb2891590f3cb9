"""The questions that a reader comes with, answered first.

Which poses are rare in the source, whether the model fails on them, which method and strategy is
best and how sure that is. What should be rendered next follows from the coverage of the target.
"""

from __future__ import annotations

from posesift.report.blocks import Finding
from posesift.report.claims import claims
from posesift.report.pose_sets import PoseSet
from posesift.report.summary import findings, rare_failure, rare_poses, score_finds
from posesift.report.summary.sampling_finding import uncredited
from posesift.report.verdicts import sure
from posesift.report.wording import capitalised, listed, number, plural, signed
from posesift.results import by_seed, endpoints, evalpose_form, methods, ranking
from posesift.results.by_seed import Compared
from posesift.results.comparison import Comparison
from posesift.results.ranking import Lead
from posesift.results.score import Score


def of_comparison(
    folder: Comparison, source: PoseSet | None, target: PoseSet | None
) -> list[Finding]:
    """The first three answers of a comparison; one that the numbers cannot give is left out."""
    summary = folder.score.summary if folder.score else None
    rare = rare_poses.rarest(source, target) if source else None
    if rare is None and summary:
        rare = findings.lacks(summary)
    fails = rare_failure.failing(folder, source, target) or findings.fails(folder.comparison)
    best = of_best(folder.comparison, claims.lead_anchor(folder.comparison, summary))
    return [finding for finding in (rare, fails, best) if finding]


def of_score(folder: Score, source: PoseSet | None, target: PoseSet | None) -> list[Finding]:
    """What a score alone can answer: which poses are rare, and how that shows in its bins."""
    rare = rare_poses.rarest(source, target) if source else None
    told = score_finds.of_score(folder.summary, source) if rare else findings.lacks(folder.summary)
    found = [rare, told, findings.cheaper(folder.summary)]
    return [finding for finding in found if finding]


def of_best(comparison: Compared, anchor: str) -> Finding | None:
    """The arm with the highest mean, by how much, and how sure that is."""
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
        over, seeds = methods.change(comparison, found.best, reference)
        if over:
            answer += f", {signed(over.mean)} points over {base} ({sure(over, seeds)})"
    detail = [
        f"{capitalised(plural(found.arms, 'arm'))}, {plural(found.seeds, 'seed')}. That arm was "
        "picked by its mean after looking, which flatters it a little."
    ]
    if found.blind:
        detail.append(
            f"{capitalised(best)} is a control that does not know which poses are hard, so "
            "nothing here says that difficulty makes the difference."
        )
    if endpoints.lacks_control(comparison, found.best):
        detail.append(uncredited(comparison, found.best))
    if oracle := methods.target_oracle(comparison):
        name = oracle["name"]
        top = by_seed.values(comparison, name, "target", "pck", "0.05", "all").values()
        if oracles := by_seed.interval(top):
            detail.append(f"Trained on the target's own labels: {number(oracles.mean)} %.")
    return Finding(
        question,
        f"{answer}. {_ahead(comparison, found)}{_otherwise(comparison, found.best)}",
        " ".join(detail),
        links=[("Evidence", anchor), ("All arms", "results")],
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
    if same:
        told += f" {capitalised(listed(same))} no arm is better{' than it' if not other else ''}."
    return told


def _ahead(comparison: Compared, found: Lead) -> str:
    """How sure the lead over the next arm is, in one sentence."""
    second = by_seed.label(comparison, found.second)
    told = f"{signed(found.ahead.mean)} points ({sure(found.ahead, found.seeds)})"
    if found.seeds == 1 or found.ahead.clear is None:
        return f"Over the next, {second}: {told}. That is a lead, not a result."
    if not found.ahead.clear:
        return f"Its lead over the next, {second}, is not told from zero: {told}."
    return f"Its lead over the next, {second}, is clear: {told}."
