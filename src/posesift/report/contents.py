"""What stands on a page: heading, terms, summary and sections of each kind of folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from posesift.experiments import choice
from posesift.experiments.methods import label_of
from posesift.report import claims, evidence, facts, pose_sets, tables, uncovered
from posesift.report.answers import comparison as opening
from posesift.report.blocks import Figure, Fold, Note, Page, Section
from posesift.report.explorer import data
from posesift.report.facts import box_note, flat, once
from posesift.report.pose_sets import PoseSet
from posesift.report.sections import (
    classes,
    coverage,
    difficulty,
    failures,
    outcome,
    renderings,
    support,
)
from posesift.report.sections import examples as example_sections
from posesift.report.sections import run as run_sections
from posesift.report.sections import score as score_sections
from posesift.report.uncovered import Lacking
from posesift.report.wording import count, number
from posesift.results.comparison import Comparison
from posesift.results.run import Run
from posesift.results.score import Score
from posesift.skeletons import Skeleton

SINGLE_SEED = (
    "Single seed: no confidence intervals over seeds, so every difference on this page is "
    "preliminary; --seeds 5 gives them."
)


def of(folder: Score | Run | Comparison, target: str | None = None) -> Page:
    """Return the page of a folder.

    Args:
        folder: of `folders.read`.
        target: address of labelled poses that the bins of a score are also shown on.

    Raises:
        ValueError: a target for a run or comparison, which have their own.
    """
    if isinstance(folder, Score):
        return of_score(folder, target)
    if target is not None:
        raise ValueError(
            f"{folder.path} is a {'comparison' if isinstance(folder, Comparison) else 'run'} "
            "with a target of its own; --target is for the folder of a score"
        )
    return of_comparison(folder) if isinstance(folder, Comparison) else of_run(folder)


def came_out(
    comparison: dict[str, Any], target: PoseSet | None = None, summary: dict[str, Any] | None = None
) -> list[Section]:
    """Return the results of a comparison, and where in the target they arise.

    Args:
        comparison: of ``comparison.json``.
        target: the tested poses with every model's errors, None where they are not available.
        summary: of the score, whose claim stands among the others.
    """
    return [
        outcome.results(comparison, claims.of_comparison(comparison, summary)),
        gathered(
            difficulty.difficulty(comparison, target),
            outcome.gap(comparison),
            support.support(comparison),
        ),
    ]


def gathered(first: Section, *others: Section | None) -> Section:
    """One section of several: the first as it is, the others folded below it."""
    folds = [
        Fold(part.title, [Note(part.lead, strong=False), *part.blocks], part.anchor)
        for part in others
        if part
    ]
    return replace(first, blocks=[*first.blocks, *folds])


@dataclass(frozen=True)
class _Poses:
    """The poses that a page speaks of, and what of the target the source lacks.

    ``missing``: why there is no source, or "".
    """

    score: Score | None
    source: PoseSet | None
    missing: str
    target: PoseSet | None
    lacks: Lacking | str

    @staticmethod
    def of(score: Score | None, target: PoseSet | None, most: int | None = None) -> _Poses:
        source, missing = pose_sets.source_of(score, most) if score else (None, "")
        return _Poses(score, source, missing, target, uncovered.of(source, target))

    def sections(self) -> list[Section]:
        """Give what is said of the source's scores, as one section."""
        if self.score is None:
            return []
        found = score_sections.sections(self.score, self.source, self.target, self.missing)
        return [gathered(*found)]

    def explorer(self) -> Section:
        similar = self.score.summary.get("similarity") if self.score else None
        return data.explore(self.source, self.target, self.missing, similar, self.lacks)

    def key(self) -> list[tuple[str, str]]:
        known = self.source or self.target
        return key_of(known.table.skeleton) if known is not None else []


def key_of(skeleton: Skeleton) -> list[tuple[str, str]]:
    """Say what the colours of a skeleton's drawn limbs mean: the right side's and the left's."""
    found: dict[str, list[str]] = {"right": [], "left": []}
    for (start, end), colour in zip(skeleton.limbs, skeleton.colours, strict=True):
        for side, colours in found.items():
            both = all(skeleton.keypoints[joint].startswith(side) for joint in (start, end))
            if both and colour not in colours:
                colours.append(colour)
    shared = set(found["right"]) & set(found["left"])
    return [
        (f"{side} side of the body", _striped(own))
        for side, colours in found.items()
        if (own := [colour for colour in colours if colour not in shared])
    ]


def _striped(colours: list[str]) -> str:
    """Colours side by side, as CSS."""
    part = 100 / len(colours)
    stops = [f"{c} {i * part:g}% {(i + 1) * part:g}%" for i, c in enumerate(colours)]
    return f"linear-gradient(90deg, {', '.join(stops)})"


def of_comparison(folder: Comparison) -> Page:
    """Return the page of a comparison, the demo's among them."""
    comparison = folder.comparison
    summary = folder.score.summary if folder.score else None
    seeds = comparison["seeds"]
    _, notes = evidence.of_comparison(comparison)
    notes += comparison.get("notes") or []
    notes = [note for note in notes if not note.startswith("One seed")]
    if len(seeds) == 1:
        notes.insert(0, SINGLE_SEED)
    if comparison.get("quick") and not any(note.startswith("Quick") for note in notes):
        notes.append("Quick size: budgets are cut, so the numbers only show that all works.")
    if summary is None:
        notes.append("The score folder is not available, so the source's poses are not shown.")
    notes += box_note(notes, (entry.get("address") for entry in comparison["sets"].values()))
    poses = _Poses.of(folder.score, pose_sets.target_of(folder))
    source, target, lacks = poses.source, poses.target, poses.lacks
    near = None
    if folder.score:
        near = failures.nearest_sources(comparison, target, source, poses.missing)
    sections = [
        classes.classes(source, target, lacks, comparison),
        *came_out(comparison, target, summary),
        coverage.coverage(
            lacks, renderings.gained(comparison, target.table.skeleton if target else None)
        ),
        *poses.sections(),
        _examples(near, example_sections.of_comparison(comparison, target)),
        poses.explorer(),
    ]
    findings = opening.of_comparison(folder, source, target)
    if sections[0]:  # whose pictures stand in the table of classes
        findings = [replace(one, pictures=[]) for one in findings]
    return Page(
        kind="Comparison",
        title=comparison["title"],
        lede=opening.message(comparison),
        terms=evidence.terms(comparison),
        facts=_comparison_facts(comparison),
        command=comparison.get("command") or "",
        notes=once(notes, summary),
        figures=[],
        findings=[
            *findings,
            *coverage.render_next(
                lacks, comparison.get("headroom"), renderings.measured(comparison)
            ),
        ],
        sections=[section for section in sections if section],
        key=poses.key(),
    )


def _examples(first: Section | None, other: Section) -> Section:
    """Failures open and other single predictions folded, under one heading."""
    if first is None:
        return replace(other, title="Examples")
    return replace(gathered(first, other), title="Examples")


def of_score(folder: Score, target_address: str | None = None) -> Page:
    """Return the page of a score, beside the poses of a target where one is given."""
    target = pose_sets.target_at(folder, target_address) if target_address else None
    poses = _Poses.of(folder, target, data.LISTED)
    source, lacks = poses.source, poses.lacks
    sections = [
        *poses.sections(),
        classes.classes(source, target, lacks),
        coverage.coverage(lacks),
        poses.explorer(),
    ]
    summary = folder.summary
    method = summary["method"]
    figures = [Figure(count(summary["samples"]), "poses", f"in {summary['bins']} bins")]
    rho = (summary.get("variation_spearman") or {}).get("covariance")
    if rho is not None:
        what = "bin against spread of its poses"
        figures.append(Figure(number(rho, 2), "Spearman", what))
    auc = (summary.get("rare_mode_auc") or {}).get(method)
    if auc is not None:
        figures.append(
            Figure(number(auc, 2), "AUC", f"AUROC, rare-pose detection ({method})", strong=True)
        )
    terms = [
        ("score", f"{method}, normalisation {summary.get('normalisation', 'limb')}"),
        ("bins", f"{summary['bins']}, {summary.get('binning', 'quantile')}"),
        ("skeleton", str(summary["skeleton"])),
    ]
    if target:
        terms.append(("target", pose_sets.told(target)))
    facts = [("data", summary["address"]), *terms]
    if summary.get("box_side_correlation") is not None:
        rho = number(summary["box_side_correlation"], 2)
        facts.append(("rank correlation with 1 / box side", rho))
    if summary.get("seconds") is not None:
        facts.append(("time", f"{number(summary['seconds'])} s"))
    return Page(
        kind="Score",
        title="How hard every pose is",
        lede="Which poses this set is full of, which it lacks, and what the hard ones look like.",
        terms=terms,
        facts=facts,
        command=f"posesift score {summary['address']} --method {method} --bins {summary['bins']}",
        notes=once(box_note([], [summary["address"]]) + _sampled(source), summary),
        figures=figures,
        findings=[
            *opening.of_score(folder, source, target),
            *(coverage.render_next(lacks) if target else [coverage.without_target()]),
        ],
        sections=[section for section in sections if section],
        key=poses.key(),
    )


def _sampled(source: PoseSet | None) -> list[str]:
    """Say that the page looks at a sample of the poses, where it does."""
    if source is None or source.whole is None:
        return []
    return [
        f"Scores, bins and their counts are of all {count(source.total)} poses. The poses that "
        f"this page looks at and shows are a random sample of {count(len(source))}, the hardest "
        f"{pose_sets.HARDEST} among them."
    ]


def _comparison_facts(comparison: dict[str, Any]) -> list[tuple[str, str]]:
    """Test sets with their addresses, skeleton, machine."""
    facts = []
    for name, entry in comparison["sets"].items():
        size = f", {count(entry['samples'])} samples" if entry.get("samples") else ""
        facts.append((f"test set: {entry.get('label') or name}", f"{entry.get('address')}{size}"))
    facts += [
        ("recipe", str(comparison.get("recipe", ""))),
        ("skeleton", str(comparison.get("skeleton", ""))),
        ("crop side", f"{comparison.get('side', '')} px"),
    ]
    environment = comparison.get("environment") or {}
    machine = flat({key: value for key, value in environment.items() if key != "draws"})
    return facts + [(f"environment, {key}", value) for key, value in machine]


def of_run(folder: Run) -> Page:
    """Return the page of one training."""
    settings = folder.settings
    _, entry = folder.headline
    target = pose_sets.target_of(folder)
    poses = _Poses.of(folder.score, target)
    sections = [
        gathered(*run_sections.sections(folder, target)),
        classes.classes(poses.source, target, poses.lacks),
        coverage.coverage(poses.lacks),
        *poses.sections(),
        example_sections.of_run(folder, target),
        poses.explorer(),
    ]
    terms = [
        ("budget", evidence.draws(settings)),
        ("seed", str(settings.get("seed", ""))),
        ("method", _method(settings)),
        ("style", _style(settings)),
        ("sampling", tables.sampling(settings)),
        ("protocol", facts.stated_protocol(entry) if entry else ""),
        ("checkpoint", evidence.of_run(settings)),
    ]
    notes = [evidence.LEAK] if settings.get("choose_by") in choice.LEAKS else []
    notes += [*(settings.get("notes") or []), *_warnings(folder)]
    tests = settings.get("test") or {}
    notes += box_note(notes, tests.values() if isinstance(tests, dict) else [])
    return Page(
        kind="Run",
        title=str(settings.get("title") or settings.get("recipe") or "One run"),
        lede="One training: how good it is, and where it fails.",
        terms=[(key, value) for key, value in terms if value],
        facts=flat(settings)
        + [(f"environment, {key}", value) for key, value in flat(folder.environment)],
        command=str(folder.manifest.get("command") or settings.get("command") or ""),
        notes=once(notes, folder.score.summary if folder.score else None),
        figures=run_sections.measured(folder),
        findings=[*run_sections.findings(folder), *coverage.render_next(poses.lacks)],
        sections=[section for section in sections if section],
        key=poses.key(),
    )


def _method(settings: dict[str, Any]) -> str:
    """Name the method, and say whether it is the reference's formulation."""
    name = label_of(str(settings.get("method") or ""))
    return f"{name}, reference formulation (parity)" if settings.get("parity") else name


def _style(settings: dict[str, Any]) -> str:
    """Name the style transfer of the images; nothing for methods that know none."""
    style = settings.get("style")
    return "" if style is None or settings.get("method") == "oracle" else str(style)


def _warnings(folder: Run) -> list[str]:
    """Say what the run itself found worth a warning, wherever it kept it; each once."""
    found: list[str] = []
    for place in (folder.evaluation, folder.environment, *folder.metrics):
        for key in ("notes", "warnings", "warning"):
            said = place.get(key)
            found += [said] if isinstance(said, str) else []
            found += map(str, said) if isinstance(said, list) else []
    return list(dict.fromkeys(found))
