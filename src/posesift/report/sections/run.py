"""The part of a page about one run: its figures by set and joint group, difficulty, losses."""

from __future__ import annotations

from typing import Any

from posesift.report import tables
from posesift.report.blocks import (
    Block,
    Cell,
    Charts,
    Figure,
    Finding,
    Note,
    Row,
    Section,
    Table,
)
from posesift.report.facts import beside, stated_protocol
from posesift.report.figures import forest as result_figures
from posesift.report.pose_sets import PoseSet
from posesift.report.sections import difficulty as difficulty_section
from posesift.report.sections import support as support_section
from posesift.report.wording import count, number, ordinal_part
from posesift.results import by_seed, evalpose_form
from posesift.results.run import Run

NO_SETS = (
    "Nothing was measured: no labelled test set was named. `posesift evaluate` measures this run "
    "on labelled data."
)


def sections(folder: Run, target: PoseSet | None = None) -> list[Section]:
    """Sections on one run: how good it is, where it fails, how it trained.

    Args:
        folder: of the run.
        target: the tested poses with the run's errors, None where they are not available.
    """
    sets = _sets(folder)
    found = [overall(folder), groups(folder)]
    if sets:
        found += [difficulty_section.of_run(sets, target), support_section.of_run(sets)]
    found += [training(folder)]
    return [section for section in found if section]


def overall(folder: Run) -> Section:
    """Every set and every free baseline on it, one row each."""
    if not folder.evaluation["sets"]:
        return Section("results", "Results", "", [Note(NO_SETS)])
    columns = tables.overall(evalpose_form.of_run(folder.evaluation))
    table = _table(folder, columns, "All sets", "Single run: no spread.")
    return Section("results", "Results", f"{_protocol(folder)}", [table])


def groups(folder: Run) -> Section | None:
    """PCK and angle error by joint group, one row a set; a constant pose beside them."""
    entry = next(iter(folder.evaluation["sets"].values()), {})
    blocks: list[Block] = [
        _table(folder, columns, title) for title, columns in tables.by_group(entry, *tables.GROUPED)
    ]
    if not blocks:
        return None
    lead = "“all” is the headline set of joints, not the mean of the columns."
    return Section("groups", "By joint group", lead, blocks)


def _table(folder: Run, columns: tables.Columns, title: str, caption: str = "") -> Table:
    """Tabulate a row a set or baseline, without spread and nothing in bold."""
    rows = []
    for role, entries in (("arm", _sets(folder)), ("baseline", folder.baselines())):
        for name, entry in entries.items():
            cells = [Cell(by_seed.lookup(entry, *c.keys), c.form) for c in columns]
            rows.append(Row(name, cells, role))
    return Table(title, "", [column.title for column in columns], rows, caption)


def _sets(folder: Run) -> dict[str, dict[str, Any]]:
    """Entries of the evaluation by the titles of their sets."""
    return {folder.set_label(name): entry for name, entry in folder.evaluation["sets"].items()}


def measured(folder: Run) -> list[Figure]:
    """Give the numbers at the top: those of the headline's set, a constant pose's in brackets."""
    name, entry = folder.headline
    form = evalpose_form.of_run(folder.evaluation)
    found = []
    for keys, unit, what in (
        (("pck", "0.05"), "%", "PCK@0.05"),
        ((form.key,), "of 100", form.name),
        (("angle_error_deg",), "degrees", "mean angle error"),
    ):
        value = by_seed.lookup(entry, *keys)
        if value is None:
            continue
        told = f"{what} on {folder.set_label(name)}{beside(folder, *keys)}"
        if unit == "%":
            low, high = entry.get("interval") or (None, None)
            sure = f"95 % CI {number(low)} to {number(high)} over " if low is not None else ""
            told += f"; {sure}{count(entry['samples'])} images, single seed"
        found.append(Figure(number(value), unit, told, strong=not found))
    return found


def training(folder: Run) -> Section | None:
    """Show the losses that were logged, and what adaptation knew of itself."""
    drawn = (result_figures.losses(folder.metrics), result_figures.trust(folder.metrics))
    charts = [chart for chart in drawn if chart]
    if not charts:
        return None
    return Section("training", "How it trained", "As logged, by step.", [Charts(charts)])


def findings(folder: Run) -> list[Finding]:
    """Say where one run fails; how good it is stands in the numbers at the top."""
    _, entry = folder.headline
    rows = [row for row in entry.get("by_bin") or [] if row["pck"] is not None]
    if len(rows) < 2:
        return []
    answer = (
        f"PCK@0.05 is {number(rows[0]['pck'])} % in the easiest and {number(rows[-1]['pck'])} % in "
        f"the hardest {ordinal_part(len(rows))}."
    )
    links = [("By difficulty", "difficulty")]
    return [Finding("Where does it fail?", answer, "Single seed.", links=links)]


def _protocol(folder: Run) -> str:
    _, entry = folder.headline
    return f"PCK: {stated_protocol(entry)}. Percentages from 0 to 100."
