"""The part of a page about one run: its figures by set and joint group, difficulty, losses."""

from __future__ import annotations

from typing import Any

from posesift.report import result_figures, results, tables
from posesift.report.blocks import Block, Charts, Finding, Section
from posesift.report.folders import RunFolder
from posesift.report.results import Interval
from posesift.report.wording import number, ordinal_part


def sections(folder: RunFolder) -> list[Section]:
    """Sections on one run; what was not measured is left out."""
    found = [overall(folder), groups(folder), difficulty(folder), training(folder)]
    return [section for section in found if section]


def overall(folder: RunFolder) -> Section:
    """Every set and every free baseline on it, one row each."""
    sets = folder.evaluation["sets"]
    free = baselines(folder)
    rows = {**sets, **free}
    roles = dict.fromkeys(free, "baseline")
    table = tables.single(
        rows,
        tables.OVERALL,
        "All sets",
        "One run, hence no spread: for how sure a difference is, compare over seeds.",
        roles,
    )
    return Section("results", "Results", f"{_protocol(folder)}", [table])


def baselines(folder: RunFolder) -> dict[str, dict[str, Any]]:
    """Free baselines as rows, "name, set" to entry.

    ``baselines`` is ``{name: {set: entry}}``, ``{name: {"sets": {set: entry}}}``, or one entry.
    """
    rows = {}
    for name, measured in (folder.evaluation.get("baselines") or {}).items():
        by_set = measured.get("sets", measured)
        if "pck" in by_set:
            rows[name] = by_set
            continue
        for set_name, entry in by_set.items():
            if isinstance(entry, dict) and "pck" in entry:
                rows[f"{name}, {set_name}"] = entry
    return rows


def groups(folder: RunFolder) -> Section | None:
    """PCK and angle error by joint group, one row a set."""
    sets = folder.evaluation["sets"]
    blocks: list[Block] = []
    for title, keys, higher in (
        ("PCK@0.05 by joint group (%)", ("pck", "0.05"), True),
        ("PCK@0.1 by joint group (%)", ("pck", "0.1"), True),
        ("Angle error by joint group (degrees)", ("angle_error_by_group",), False),
    ):
        entry = next(iter(sets.values()), {})
        if columns := tables.group_columns(entry, *keys, higher=higher):
            blocks.append(tables.single(sets, columns, title, ""))
    if not blocks:
        return None
    lead = "“all” is the headline set of joints, not the mean of the columns."
    return Section("groups", "By joint group", lead, blocks)


def difficulty(folder: RunFolder) -> Section | None:
    """PCK@0.05 over difficulty bins, one curve a set."""
    curves = []
    for name, entry in folder.evaluation["sets"].items():
        rows = entry.get("by_bin") or []
        levels: list[Interval | None] = [
            None
            if row["pck"] is None
            else Interval(row["pck"], *(row.get("interval") or (None, None)))
            for row in rows
        ]
        if any(levels):
            curves.append((name, levels))
    if not curves:
        return None
    chart = result_figures.difficulty_curves(
        curves, None, caption="Bars: 95 % intervals over images."
    )
    lead = "Samples of each set in bins of equal size, by a score that chose no training sample."
    return Section("difficulty", "By difficulty", lead, [Charts([chart])])


def training(folder: RunFolder) -> Section | None:
    """The losses that were logged."""
    chart = result_figures.losses(folder.metrics)
    if chart is None:
        return None
    return Section("training", "How it trained", "Losses by step.", [Charts([chart])])


def findings(folder: RunFolder) -> list[Finding]:
    """What one run can say, and that it is one run."""
    found = []
    for name, entry in list(folder.evaluation["sets"].items())[:1]:
        at_05 = results.lookup(entry, "pck", "0.05", "all")
        angle = results.lookup(entry, "angle_error_deg")
        found.append(
            Finding(
                "How good is it?",
                f"PCK@0.05 of {number(at_05)} % on {name}, joint angles off by "
                f"{number(angle)} degrees on average.",
                "One run: another seed would differ by about a point.",
            )
        )
        free = {
            row: results.lookup(value, "pck", "0.05", "all")
            for row, value in baselines(folder).items()
            if row.endswith(f", {name}") or "," not in row
        }
        told = [f"{row} reaches {number(value)} %" for row, value in free.items() if value]
        if told:
            found.append(Finding("What comes for free?", "; ".join(told).capitalize() + ".", ""))
        rows = [row for row in entry.get("by_bin") or [] if row["pck"] is not None]
        if len(rows) > 1:
            found.append(
                Finding(
                    "Where does it fail?",
                    f"PCK@0.05 is {number(rows[0]['pck'])} % in the easiest and "
                    f"{number(rows[-1]['pck'])} % in the hardest {ordinal_part(len(rows))}.",
                    "",
                )
            )
    return found


def _protocol(folder: RunFolder) -> str:
    entry = next(iter(folder.evaluation["sets"].values()), {})
    return f"Protocol: {entry.get('protocol', 'pooled')}. Percentages from 0 to 100."
