"""What stands on a page: heading, terms, summary and sections of each kind of folder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from posesift.data import address
from posesift.report import (
    comparison_sections,
    example_sections,
    findings,
    headline,
    nearest_section,
    run_sections,
    score_sections,
)
from posesift.report.blocks import Figure, Page
from posesift.report.folders import ComparisonFolder, RunFolder, ScoreFolder
from posesift.report.wording import capitalised, count, listed, number, plural

LONGEST_FACT = 240  # characters; a stored skeleton, say, belongs in its file
CHECKPOINT = "last step; none of the target's labels"
BOXES_FROM_LABELS = (
    "Person boxes come from labels (boxes=labels): the crops have looked at them, so numbers of "
    "this page cannot be set beside results with detected or given boxes."
)


def of(folder: ScoreFolder | RunFolder | ComparisonFolder) -> Page:
    """The page of a folder."""
    if isinstance(folder, ComparisonFolder):
        return of_comparison(folder)
    return of_run(folder) if isinstance(folder, RunFolder) else of_score(folder)


def of_comparison(folder: ComparisonFolder) -> Page:
    """The page of a comparison, the demo's among them."""
    comparison = folder.comparison
    summary = folder.score.summary if folder.score else None
    seeds = comparison["seeds"]
    names = [a.get("label") or a["name"] for a in comparison["arms"] if a["role"] == "arm"]
    notes = list(comparison.get("notes") or [])
    if len(seeds) == 1 and not any(note.startswith("One seed") for note in notes):
        notes.append("One seed: every difference on this page is a lead, not a result.")
    if comparison.get("quick") and not any(note.startswith("Quick") for note in notes):
        notes.append("Quick size: budgets are cut, so the numbers only show that all works.")
    if summary is None:
        notes.append("The score folder is not at hand, so the source's poses are not shown.")
    notes += _box_note(notes, (entry.get("address") for entry in comparison["sets"].values()))
    sections = score_sections.sections(folder.score) if folder.score else []
    sections += comparison_sections.sections(comparison)
    failing = nearest_section.nearest_sources(folder)
    sections += [failing] if failing else []
    sections.append(example_sections.of_comparison(folder))
    return Page(
        kind="Comparison",
        title=comparison["title"],
        lede=(
            f"{capitalised(listed(names))}, compared over {plural(len(seeds), 'seed')}: which "
            "poses the source lacks, whether the model fails there, and what choosing samples "
            "by difficulty changed."
        ),
        terms=[
            ("budget", _budget(comparison["budget"])),
            ("seeds", f"{len(seeds)} ({', '.join(map(str, seeds))})"),
            ("protocol", comparison_sections.protocol(comparison)),
            ("checkpoint chosen by", str(comparison.get("checkpoint", CHECKPOINT))),
        ],
        facts=_comparison_facts(comparison),
        command=comparison.get("command") or "",
        notes=_once(notes, summary),
        figures=headline.figures(comparison, summary),
        findings=findings.of_comparison(comparison, summary),
        sections=sections,
    )


def of_score(folder: ScoreFolder) -> Page:
    """The page of a score."""
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
    facts = [("data", summary["address"]), *terms]
    if summary.get("box_side_correlation") is not None:
        rho = number(summary["box_side_correlation"], 2)
        facts.append(("rank correlation with 1 / box side", rho))
    if summary.get("seconds") is not None:
        facts.append(("time", f"{number(summary['seconds'])} s"))
    found = [findings.lacks(summary), findings.cheaper(summary)]
    return Page(
        kind="Score",
        title="How hard every pose is",
        lede="Which poses this set is full of, which it lacks, and what the hard ones look like.",
        terms=terms,
        facts=facts,
        command=f"posesift score {summary['address']} --method {method} --bins {summary['bins']}",
        notes=_once(_box_note([], [summary["address"]]), summary),
        figures=figures,
        findings=[finding for finding in found if finding],
        sections=score_sections.sections(folder),
    )


def of_run(folder: RunFolder) -> Page:
    """The page of one training."""
    settings = folder.settings
    name, entry = run_sections.headline(folder)
    shown = run_sections.set_label(folder, name)
    figures = [
        Figure(number(value), unit, f"{what} on {shown}", strong=what == "PCK@0.05")
        for value, unit, what in (
            ((entry.get("pck") or {}).get("0.05", {}).get("all"), "%", "PCK@0.05"),
            (entry.get("evalpose_100"), "of 100", "EvalPose"),
            (entry.get("angle_error_deg"), "degrees", "mean angle error"),
        )
        if value is not None
    ]
    sections = score_sections.sections(folder.score) if folder.score else []
    sections += run_sections.sections(folder)
    if examples := example_sections.of_run(folder):
        sections.append(examples)
    oracle = settings.get("method") == "oracle"
    chosen = "last step; trained on the target's labels (oracle)" if oracle else CHECKPOINT
    terms = [
        ("budget", _budget(settings)),
        ("seed", str(settings.get("seed", ""))),
        ("method", str(settings.get("method", ""))),
        ("sampling", str(settings.get("sampling", ""))),
        ("protocol", entry.get("protocol", "")),
        ("checkpoint chosen by", chosen),
    ]
    notes = [*(settings.get("notes") or []), *(folder.evaluation.get("notes") or [])]
    tests = settings.get("test") or {}
    notes += _box_note(notes, tests.values() if isinstance(tests, dict) else [])
    return Page(
        kind="Run",
        title=str(settings.get("title") or settings.get("recipe") or "One run"),
        lede="One training: how good it is, and where it fails.",
        terms=[(key, value) for key, value in terms if value],
        facts=_flat(settings)
        + [(f"environment, {key}", value) for key, value in _flat(folder.environment)],
        command=str(folder.manifest.get("command") or settings.get("command") or ""),
        notes=_once(notes, folder.score.summary if folder.score else None),
        figures=figures,
        findings=run_sections.findings(folder),
        sections=sections,
    )


def _budget(settings: dict[str, Any]) -> str:
    """Steps and batch size in words, from a comparison's budget or a run's settings."""
    spelled = {
        "warmup_steps": "{} warm-up steps",
        "steps": "{} steps after it",
        "oracle_steps": "{} for an oracle",
        "batch_size": "batches of {}",
    }
    spent = [text.format(count(settings[k])) for k, text in spelled.items() if settings.get(k)]
    return ", ".join(spent)


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
    machine = _flat(comparison.get("environment") or {})
    return facts + [(f"environment, {key}", value) for key, value in machine]


def _box_note(notes: list[str], addresses: Iterable[str | None]) -> list[str]:
    """The note on boxes, when one of the addresses takes them from labels and no note says so."""
    if any("boxes" in note.lower() and "label" in note for note in notes):
        return []
    for text in addresses:
        try:
            if text and address.parse(text).options.get("boxes") == "labels":
                return [BOXES_FROM_LABELS]
        except ValueError:
            continue  # the address is shown with the facts, and where data are missing
    return []


def _once(notes: list[str], summary: dict[str, Any] | None) -> list[str]:
    """Notes and the scorer's warnings, each once."""
    return list(dict.fromkeys([*map(str, notes), *((summary or {}).get("warnings") or [])]))


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as lines of text, in their order; what is longer than a line is left out."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += _flat(item, f"{prefix}{key}.")
        elif item not in (None, "", [], ()):
            text = f"{item:g}" if isinstance(item, float) else str(item)
            if len(text) <= LONGEST_FACT:
                lines.append((f"{prefix}{key}", text))
    return lines
