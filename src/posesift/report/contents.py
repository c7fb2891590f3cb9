"""What stands on a page: heading, terms, summary and sections of each kind of folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from posesift.report import facts, pose_sets, run_page, words
from posesift.report.blocks import Figure, Page, Section
from posesift.report.claims import checkpoint, claims, headline
from posesift.report.coverage import coverage_finding, coverage_section, lacking
from posesift.report.examples import example_sections, nearest_section
from posesift.report.explore import explore_section
from posesift.report.facts import box_note, budget, flat, once
from posesift.report.outcome import comparison_sections, outcome_sections
from posesift.report.scores import score_sections
from posesift.report.summary import findings, opening
from posesift.report.wording import capitalised, count, listed, number, plural
from posesift.results import methods
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
    return _finished(
        of_comparison(folder) if isinstance(folder, Comparison) else run_page.of_run(folder)
    )


def _finished(page: Page) -> Page:
    """The page with short names for its parts and the meaning of its terms."""
    sections = [replace(part, nav=NAV.get(part.title, part.title)) for part in page.sections]
    return replace(page, sections=sections, words=words.of(page))


def of_comparison(folder: Comparison) -> Page:
    """The page of a comparison, the demo's among them."""
    comparison = folder.comparison
    summary = folder.score.summary if folder.score else None
    seeds = comparison["seeds"]
    chosen, notes = checkpoint.of_comparison(comparison)
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
    lacks = lacking.of(source, target)
    similar = summary.get("similarity") if summary else None
    sections = [
        claims.of_comparison(comparison, summary),
        explore_section.explore(source, target, missing, similar, lacks),
    ]
    sections += (
        score_sections.sections(folder.score, source, target, missing) if folder.score else []
    )
    sections.append(coverage_section.coverage(lacks))
    sections += comparison_sections.sections(comparison, target)
    sections.append(nearest_section.nearest_sources(folder, source, missing))
    sections.append(example_sections.of_comparison(folder))
    return Page(
        kind="Comparison",
        title=comparison["title"],
        lede=_lede(comparison),
        terms=[
            ("budget", budget(comparison["budget"])),
            ("seeds", facts.seeds(seeds)),
            ("protocol", outcome_sections.protocol(comparison)),
            ("checkpoint", chosen),
        ],
        facts=_comparison_facts(comparison),
        command=comparison.get("command") or "",
        notes=once(notes, summary),
        figures=headline.figures(comparison, summary),
        findings=[
            *opening.of_comparison(folder, source, target),
            *coverage_finding.render_next(lacks, comparison.get("headroom")),
            *findings.of_comparison(comparison, summary),
        ],
        sections=[section for section in sections if section],
    )


def of_score(folder: Score, target_address: str | None = None) -> Page:
    """The page of a score, beside the poses of a target where one is given."""
    source, missing = pose_sets.source_of(folder)
    target = pose_sets.target_at(folder, target_address) if target_address else None
    lacks = lacking.of(source, target)
    similar = folder.summary.get("similarity")
    explorer = explore_section.explore(source, target, missing, similar, lacks)
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
            *(
                coverage_finding.render_next(lacks)
                if target
                else [coverage_finding.without_target()]
            ),
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
