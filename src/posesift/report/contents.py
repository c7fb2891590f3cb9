"""What stands on a page: heading, terms, summary and sections of each kind of folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from posesift.experiments import choice
from posesift.report import claims, evidence, facts, glossary, pose_sets, uncovered
from posesift.report.answers import comparison as opening
from posesift.report.blocks import Figure, Page, Section
from posesift.report.explorer import data
from posesift.report.facts import box_note, budget, flat, once
from posesift.report.sections import coverage, outcome
from posesift.report.sections import coverage as coverage_section
from posesift.report.sections import examples as example_sections
from posesift.report.sections import failures as nearest_section
from posesift.report.sections import run as run_sections
from posesift.report.sections import score as score_sections
from posesift.report.wording import capitalised, count, listed, number, plural
from posesift.results import by_seed, evalpose_form, methods
from posesift.results.comparison import Comparison
from posesift.results.run import Run
from posesift.results.score import Score

NAV = {
    "Claims and their evidence": "Claims",
    "Look through the poses": "Look through",
    "How hard the poses are": "How hard",
    "What the bins look like": "The bins",
    "Look at these labels first": "Labels first",
    "In the bins of the scorer's own poses": "The scorer's own",
    "How alike the bins are": "How alike",
    "What the target has and the source lacks": "What the source lacks",
    "What adaptation and sampling changed": "What changed",
    "What the sampling changed": "What changed",
    "By joint group": "By joint",
    "The gap, taken apart": "The gap",
    "Does support help?": "Support",
    "Failures and their nearest source poses": "Failures",
}
"""Names in the list of parts for headings that are too long for it, which keep their words."""


def of(folder: Score | Run | Comparison, target: str | None = None) -> Page:
    """The page of a folder.

    Args:
        folder: of `folders.read`.
        target: address of labelled poses that the bins of a score are also shown on.

    Raises:
        ValueError: a target for a run or comparison, which have their own.
    """
    if isinstance(folder, Score):
        return _finished(of_score(folder, target))
    if target is not None:
        raise ValueError(
            f"{folder.path} is a {'comparison' if isinstance(folder, Comparison) else 'run'} "
            "with a target of its own; --target is for the folder of a score"
        )
    return _finished(of_comparison(folder) if isinstance(folder, Comparison) else of_run(folder))


def _finished(page: Page) -> Page:
    """The page with short names for its parts and the meaning of its terms."""
    sections = [replace(part, nav=NAV.get(part.title, part.title)) for part in page.sections]
    return replace(page, sections=sections, words=glossary.of(page))


def of_comparison(folder: Comparison) -> Page:
    """The page of a comparison, the demo's among them."""
    comparison = folder.comparison
    summary = folder.score.summary if folder.score else None
    seeds = comparison["seeds"]
    chosen, notes = evidence.of_comparison(comparison)
    notes += comparison.get("notes") or []
    if len(seeds) == 1 and not any(note.startswith("One seed") for note in notes):
        notes.append("One seed: every difference on this page is a lead, not a result.")
    if comparison.get("quick") and not any(note.startswith("Quick") for note in notes):
        notes.append("Quick size: budgets are cut, so the numbers only show that all works.")
    if summary is None:
        notes.append("The score folder is not at hand, so the source's poses are not shown.")
    notes += box_note(notes, (entry.get("address") for entry in comparison["sets"].values()))
    source, missing = pose_sets.source_of(folder.score) if folder.score else (None, "")
    target = pose_sets.target_of(folder)
    lacks = uncovered.of(source, target)
    similar = summary.get("similarity") if summary else None
    sections = [
        claims.of_comparison(comparison, summary),
        data.explore(source, target, missing, similar, lacks),
    ]
    sections += (
        score_sections.sections(folder.score, source, target, missing) if folder.score else []
    )
    sections.append(coverage_section.coverage(lacks))
    sections += outcome.sections(comparison, target)
    sections.append(nearest_section.nearest_sources(folder, source, missing))
    sections.append(example_sections.of_comparison(folder))
    return Page(
        kind="Comparison",
        title=comparison["title"],
        lede=_lede(comparison),
        terms=[
            ("budget", budget(comparison["budget"])),
            ("seeds", facts.seeds(seeds)),
            ("protocol", facts.protocol(comparison)),
            ("checkpoint", chosen),
        ],
        facts=_comparison_facts(comparison),
        command=comparison.get("command") or "",
        notes=once(notes, summary),
        figures=claims.figures(comparison, summary),
        findings=[
            *opening.of_comparison(folder, source, target),
            *coverage.render_next(lacks, comparison.get("headroom")),
            *opening.further(comparison, summary),
        ],
        sections=[section for section in sections if section],
    )


def of_score(folder: Score, target_address: str | None = None) -> Page:
    """The page of a score, beside the poses of a target where one is given."""
    source, missing = pose_sets.source_of(folder)
    target = pose_sets.target_at(folder, target_address) if target_address else None
    lacks = uncovered.of(source, target)
    similar = folder.summary.get("similarity")
    explorer = data.explore(source, target, missing, similar, lacks)
    sections: list[Section | None] = [
        explorer,
        *score_sections.sections(folder, source, target, missing),
    ]
    sections.append(coverage_section.coverage(lacks))
    summary = folder.summary
    method = summary["method"]
    figures = [Figure(count(summary["samples"]), "poses", f"in {summary['bins']} bins")]
    rho = (summary.get("variation_spearman") or {}).get("covariance")
    if rho is not None:
        what = "bin against spread of its poses"
        figures.append(Figure(number(rho, 2), "Spearman", what))
    auc = (summary.get("rare_mode_auc") or {}).get(method)
    if auc is not None:
        figures.append(Figure(number(auc, 2), "AUC", f"rare modes found by {method}", strong=True))
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
        notes=once(box_note([], [summary["address"]]), summary),
        figures=figures,
        findings=[
            *opening.of_score(folder, source, target),
            *(coverage.render_next(lacks) if target else [coverage.without_target()]),
        ],
        sections=[section for section in sections if section],
    )


def _lede(comparison: dict[str, Any]) -> str:
    """What is compared, and what the page asks."""
    over = f"compared over {plural(len(comparison['seeds']), 'seed')}"
    asked = "which poses the source lacks, whether the model fails there, and what"
    if methods.several(comparison):
        names = listed([methods.name(method) for method in methods.ordered(comparison)])
        drawn = listed([name.replace("-", " ") for name in methods.strategies(comparison)])
        return (
            f"{capitalised(names)} with {drawn} sampling, {over}: {asked} adapting to unlabelled "
            "images and choosing samples by difficulty changed."
        )
    names = [a.get("label") or a["name"] for a in comparison["arms"] if a["role"] == "arm"]
    return f"{capitalised(listed(names))}, {over}: {asked} choosing samples by difficulty changed."


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
    """The page of one training."""
    settings = folder.settings
    name, entry = folder.headline
    shown = folder.set_label(name)
    form = evalpose_form.of_run(folder.evaluation)
    figures = [
        Figure(
            number(value),
            unit,
            f"{what} on {shown}{facts.beside(folder, *keys)}",
            strong=what == "PCK@0.05",
        )
        for keys, unit, what in (
            (("pck", "0.05", "all"), "%", "PCK@0.05"),
            ((form.key,), "of 100", form.name),
            (("angle_error_deg",), "degrees", "mean angle error"),
        )
        if (value := by_seed.lookup(entry, *keys)) is not None
    ]
    source, missing = pose_sets.source_of(folder.score) if folder.score else (None, "")
    target = pose_sets.target_of(folder)
    lacks = uncovered.of(source, target)
    similar = folder.score.summary.get("similarity") if folder.score else None
    sections = [
        claims.of_run(folder),
        data.explore(source, target, missing, similar, lacks),
    ]
    sections += (
        score_sections.sections(folder.score, source, target, missing) if folder.score else []
    )
    sections.append(coverage_section.coverage(lacks))
    sections += run_sections.sections(folder, target)
    sections.append(example_sections.of_run(folder))
    terms = [
        ("budget", budget(settings)),
        ("seed", str(settings.get("seed", ""))),
        ("method", _method(settings)),
        ("style", _style(settings)),
        ("sampling", _sampling(settings)),
        ("protocol", entry.get("protocol", "")),
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
        figures=figures,
        findings=[*run_sections.findings(folder), *coverage.render_next(lacks)],
        sections=[section for section in sections if section],
    )


def _method(settings: dict[str, Any]) -> str:
    """The method, and whether it is the reference's formulation."""
    name = methods.name(str(settings.get("method") or ""))
    return f"{name}, reference formulation (parity)" if settings.get("parity") else name


def _style(settings: dict[str, Any]) -> str:
    """The style transfer of the images; nothing for methods that know none."""
    style = settings.get("style")
    return "" if style is None or settings.get("method") == "oracle" else str(style)


def _sampling(settings: dict[str, Any]) -> str:
    """The strategy, stage by stage where it is not the same in both."""
    strategy, stage = str(settings.get("sampling") or ""), settings.get("sample_in") or "both"
    if stage == "both" or strategy in ("", "uniform"):
        return strategy
    told = [
        f"{strategy if name == stage else 'uniform'} in {words}"
        for name, words in (("warm-up", "the warm-up"), ("adaptation", "adaptation"))
    ]
    return ", ".join(told)


def _warnings(folder: Run) -> list[str]:
    """What the run itself found worth a warning, wherever it kept it; each once."""
    found: list[str] = []
    for place in (folder.evaluation, folder.environment, *folder.metrics):
        for key in ("notes", "warnings", "warning"):
            said = place.get(key)
            found += [said] if isinstance(said, str) else []
            found += map(str, said) if isinstance(said, list) else []
    return list(dict.fromkeys(found))
