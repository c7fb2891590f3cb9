"""What stands on the page of one training."""

from __future__ import annotations

from typing import Any

from posesift.experiments import choice
from posesift.report import pose_sets
from posesift.report.blocks import Figure, Page
from posesift.report.claims import checkpoint, claims
from posesift.report.coverage import coverage_finding, coverage_section, lacking
from posesift.report.examples import example_sections
from posesift.report.explore import explore_section
from posesift.report.facts import box_note, budget, flat, once
from posesift.report.outcome import run_sections
from posesift.report.scores import score_sections
from posesift.report.wording import number
from posesift.results import by_seed, evalpose_form, methods
from posesift.results.run import Run


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
            f"{what} on {shown}{run_sections.beside(folder, *keys)}",
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
    lacks = lacking.of(source, target)
    similar = folder.score.summary.get("similarity") if folder.score else None
    sections = [
        claims.of_run(folder),
        explore_section.explore(source, target, missing, similar, lacks),
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
        ("checkpoint", checkpoint.of_run(settings)),
    ]
    notes = [checkpoint.LEAK] if settings.get("choose_by") in choice.LEAKS else []
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
        findings=[*run_sections.findings(folder), *coverage_finding.render_next(lacks)],
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
