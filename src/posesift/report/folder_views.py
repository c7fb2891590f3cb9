"""A run and a comparison as a notebook shows them, without drawing their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posesift import notebook
from posesift.report.outcome import evalpose_form, methods, results, run_sections

if TYPE_CHECKING:
    from posesift.report.folders import ComparisonFolder, RunFolder


def run_html(folder: RunFolder) -> str:
    """The sets of a run, one row each."""
    form = evalpose_form.of_run(folder.evaluation)
    sets = folder.evaluation["sets"]
    named = {run_sections.set_label(folder, name): entry for name, entry in sets.items()}
    rows = [
        [
            name,
            entry.get("samples"),
            results.lookup(entry, "pck", "0.05"),
            results.lookup(entry, "pck", "0.1"),
            entry.get(form.key),
            entry.get("angle_error_deg"),
        ]
        for name, entry in (named | run_sections.baselines(folder)).items()
    ]
    columns = ["set", "samples", "PCK@0.05 %", "PCK@0.1 %", form.name, "angle error °"]
    settings = folder.settings
    title = str(settings.get("title") or settings.get("recipe") or "Run")
    return notebook.table(
        title, columns, rows, "One run: nothing says how another seed would fall."
    )


def comparison_html(folder: ComparisonFolder) -> str:
    """Arms with mean and interval of PCK@0.05 on the target, and the endpoint named in advance."""
    comparison = folder.comparison
    rows: list[list[notebook.Value]] = []
    levels: list[float] = []
    for arm in results.arms(comparison, "arm", "oracle"):
        if arm["role"] == "oracle" and arm.get("trained_on") != "target":
            continue
        values = results.by_seed(comparison, arm["name"], "target", "pck", "0.05", "all")
        level = results.interval(values.values())
        share, _ = methods.gap_closed(comparison, arm["name"])
        levels.append(level.mean if level else 0.0)
        rows.append(
            [
                str(arm.get("label") or arm["name"]),
                level.mean if level else None,
                _ends(level),
                len(values),
                None if share is None else notebook.number(share.mean, 0),
            ]
        )
    rows = [[*row, bar] for row, bar in zip(rows, notebook.bars(levels), strict=True)]
    columns = ["arm", "PCK@0.05 %", "95 % interval", "seeds", "gap closed %", ""]
    primary = comparison["primary"]
    shown = results.endpoint(primary)
    one, other = (results.label(comparison, primary[key]) for key in ("arm", "against"))
    note = f"Named in advance: {one} minus {other}, {primary['endpoint']}: "
    if shown is None:
        note += "not known."
    else:
        note += f"{shown.mean:+.1f} points ({_ends(shown) or 'no interval'})."
    return notebook.table(str(comparison["title"]), columns, rows, note)


def _ends(shown: results.Interval | None) -> str | None:
    if shown is None or shown.low is None:
        return None
    return f"{notebook.number(shown.low)} to {notebook.number(shown.high)}"
