"""One self-contained page about a finished folder: `write_report`.

The page holds its style and its pictures, runs no script, asks the network for nothing (its own
content security policy forbids it), and the same folder always gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

import posesift
from posesift import storage
from posesift.report import (
    comparison_sections,
    example_sections,
    findings,
    folders,
    run_sections,
    score_sections,
)
from posesift.report.blocks import Figure, Finding, Page
from posesift.report.folders import ComparisonFolder, RunFolder, ScoreFolder
from posesift.report.wording import count, listed, number, plural

CHECKPOINT = "last step; none of the target's labels"


def write_report(folder: str | Path) -> Path:
    """Render a score, run or comparison folder to its ``report.html``.

    Args:
        folder: as `posesift score`, `train`, `compare` or `demo` leave it. Images are taken from
            the data's addresses; where these are not at hand the page says so.

    Returns:
        The path of the page.

    Raises:
        ValueError: the folder is none of the three, or a file in it is missing or broken.
    """
    content = folders.read(folder)
    page = {
        ScoreFolder: score_page,
        RunFolder: run_page,
        ComparisonFolder: comparison_page,
    }[type(content)](content)  # type: ignore[operator]
    path = Path(folder) / "report.html"
    storage.write_text(path, render(page))
    return path


def render(page: Page) -> str:
    """The HTML of a page; every string in it is shown as text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("posesift.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("template.html.j2")
    return template.render(page=page, version=posesift.__version__)


def comparison_page(folder: ComparisonFolder) -> Page:
    """The page of a comparison, the demo's among them."""
    comparison = folder.comparison
    summary = folder.score.summary if folder.score else None
    seeds = comparison["seeds"]
    arms = [a for a in comparison["arms"] if a["role"] == "arm"]
    names = listed([a.get("label") or a["name"] for a in arms]) if arms else "no arms"
    notes = list(comparison.get("notes") or [])
    if len(seeds) == 1 and not any(note.startswith("One seed") for note in notes):
        notes.append("One seed: every difference on this page is a lead, not a result.")
    if comparison.get("quick") and not any(note.startswith("Quick") for note in notes):
        notes.append("Quick size: budgets are cut, so the numbers only show that all works.")
    if folder.score is None:
        notes.append("The score folder is not at hand, so the source's poses are not shown.")
    else:
        notes += folder.score.summary.get("warnings") or []
    sections = score_sections.sections(folder.score) if folder.score else []
    sections += comparison_sections.sections(comparison)
    sections.append(example_sections.of_comparison(folder))
    return Page(
        kind="Comparison",
        title=comparison["title"],
        lede=(
            f"{names[:1].upper()}{names[1:]}, compared over {plural(len(seeds), 'seed')}: which "
            "poses the source lacks, whether the model fails there, and what choosing samples "
            "by difficulty changed."
        ),
        terms=_terms(comparison),
        facts=_data_facts(comparison),
        command=comparison.get("command", ""),
        notes=list(dict.fromkeys(notes)),
        figures=findings.tiles(comparison, summary),
        findings=findings.of_comparison(comparison, summary),
        sections=sections,
    )


def score_page(folder: ScoreFolder) -> Page:
    """The page of a score."""
    summary = folder.summary
    found = [findings.lacks(summary), findings.cheaper(summary)]
    rho = (summary.get("variation_spearman") or {}).get("covariance")
    figures = [Figure(count(summary["samples"]), "poses", f"in {summary['bins']} bins")]
    if rho is not None:
        figures.append(
            Figure(number(rho, 2), "Spearman", "bin against spread of its held-out poses")
        )
    auc = (summary.get("rare_mode_auc") or {}).get(summary["method"])
    if auc is not None:
        figures.append(
            Figure(number(auc, 2), "AUC", f"rare modes found by {summary['method']}", strong=True)
        )
    facts = [
        ("data", summary["address"]),
        ("score", f"{summary['method']}, normalisation {summary.get('normalisation', 'limb')}"),
        ("bins", f"{summary['bins']}, {summary.get('binning', 'quantile')}"),
        ("skeleton", str(summary["skeleton"])),
    ]
    if summary.get("box_side_correlation") is not None:
        rho = number(summary["box_side_correlation"], 2)
        facts.append(("rank correlation with 1 / box side", rho))
    if summary.get("seconds") is not None:
        facts.append(("time", f"{number(summary['seconds'])} s"))
    return Page(
        kind="Score",
        title="How hard every pose is",
        lede="Which poses this set is full of, which it lacks, and what the hard ones look like.",
        terms=facts[1:4],
        facts=facts,
        command=summary.get("command")
        or f"posesift score {summary['address']} --method {summary['method']}",
        notes=list(dict.fromkeys(summary.get("warnings") or [])),
        figures=figures,
        findings=[finding for finding in found if finding],
        sections=score_sections.sections(folder),
    )


def run_page(folder: RunFolder) -> Page:
    """The page of one training."""
    evaluation, settings = folder.evaluation, folder.settings
    name, entry = next(iter(evaluation["sets"].items()), ("", {}))
    figures = [
        Figure(number(value), unit, f"{what} on {name}", strong=first)
        for value, unit, what, first in (
            ((entry.get("pck") or {}).get("0.05", {}).get("all"), "%", "PCK@0.05", True),
            (entry.get("evalpose_100"), "of 100", "EvalPose", False),
            (entry.get("angle_error_deg"), "degrees", "mean angle error", False),
        )
        if value is not None
    ]
    found: list[Finding] = run_sections.findings(folder)
    sections = run_sections.sections(folder)
    if examples := example_sections.of_run(folder):
        sections.append(examples)
    if folder.score:
        sections = score_sections.sections(folder.score) + sections
    notes = [*(evaluation.get("notes") or []), *(folder.manifest.get("notes") or [])]
    if folder.score:
        notes += folder.score.summary.get("warnings") or []
    chosen = evaluation.get("checkpoint", CHECKPOINT)
    facts = [("checkpoint chosen by", str(chosen)), ("protocol", entry.get("protocol", "pooled"))]
    facts += list(_flat(settings))
    facts += [(f"environment, {key}", value) for key, value in _flat(folder.environment)]
    return Page(
        kind="Run",
        title=str(settings.get("title") or settings.get("recipe") or settings.get("name") or "Run"),
        lede="One training: how good, where it fails, and what a baseline without training gives.",
        terms=facts[:2],
        facts=facts,
        command=str(folder.manifest.get("command") or settings.get("command") or ""),
        notes=list(dict.fromkeys(map(str, notes))),
        figures=figures,
        findings=found,
        sections=sections,
    )


def _terms(comparison: dict[str, Any]) -> list[tuple[str, str]]:
    """What has to stand beside every headline: budget, seeds, protocol, labels used."""
    budget = comparison["budget"]
    spelled = {
        "warmup_steps": "{} warm-up steps",
        "steps": "{} steps after it",
        "oracle_steps": "{} for an oracle",
        "batch_size": "batches of {}",
    }
    spent = [text.format(count(budget[key])) for key, text in spelled.items() if budget.get(key)]
    seeds = comparison["seeds"]
    return [
        ("budget", ", ".join(spent)),
        ("seeds", f"{len(seeds)} ({', '.join(map(str, seeds))})"),
        ("protocol", comparison_sections.protocol(comparison)),
        ("checkpoint chosen by", str(comparison.get("checkpoint", CHECKPOINT))),
    ]


def _data_facts(comparison: dict[str, Any]) -> list[tuple[str, str]]:
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
    facts += [(f"environment, {k}", v) for k, v in _flat(comparison.get("environment") or {})]
    return facts


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as lines of text, in their order."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += _flat(item, f"{prefix}{key}.")
        elif item is not None:
            lines.append((f"{prefix}{key}", str(item)))
    return lines
