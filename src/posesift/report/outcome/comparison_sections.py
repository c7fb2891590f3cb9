"""The part of a page about a comparison: outcome, joint groups, difficulty, the gap, support."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posesift.report import theme
from posesift.report.blocks import Block, Note, Patch, Section, Square, Squares
from posesift.report.outcome import difficulty_section, outcome_sections, support_section, tables
from posesift.report.wording import between, number, signed
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared

if TYPE_CHECKING:
    from posesift.report.pose_sets import PoseSet


def sections(comparison: Compared, target: PoseSet | None = None) -> list[Section]:
    """Sections on the results, in the order of the story; what was not asked for is left out.

    Args:
        comparison: of ``comparison.json``.
        target: the tested poses with each arm's errors, None where they are not at hand.
    """
    found = [*outcome_sections.sections(comparison), groups(comparison)]
    found += [difficulty_section.difficulty(comparison, target), gap(comparison)]
    found += [support_section.support(comparison)]
    return [section for section in found if section]


def groups(comparison: Compared) -> Section | None:
    """PCK at both thresholds and the angle error by joint group."""
    entry = by_seed.some_entry(comparison, "target")
    measures = (
        ("PCK@0.05 by joint group (%)", ("pck", "0.05"), True),
        ("PCK@0.1 by joint group (%)", ("pck", "0.1"), True),
        ("Angle error by joint group (degrees, lower is better)", ("angle_error_by_group",), False),
    )
    note = f"{tables.spread_note(comparison)} {tables.bold_note(comparison)}"
    blocks: list[Block] = []
    if methods.several(comparison):
        measures = measures[1:]  # the first is the table of methods
    for title, keys, higher in measures:
        if columns := tables.group_columns(entry, *keys, higher=higher):
            if "all" not in (column.title for column in columns):
                columns.insert(0, tables.Column("all", ("angle_error_deg",), higher=False))
            blocks.append(tables.compared(comparison, columns, title, note))
    if not blocks:
        return None
    lead = (
        "“all” is the headline set of joints (the twelve limb joints of a body, every joint of a "
        "hand), not the mean of the columns."
    )
    return Section("groups", "By joint group", lead, blocks)


def gap(comparison: Compared) -> Section | None:
    """Poses by look: each model's four cells with its regret, the interaction, and headroom."""
    square = comparison.get("gap")
    if not square:
        return None
    starts = [] if methods.several(comparison) else by_seed.arms(comparison, "warm-up")
    names = [*(arm["name"] for arm in starts), *methods.representatives(comparison)]
    gaps = [(name, by_seed.gap(comparison, name)) for name in names]
    known = [
        value
        for _, found in gaps
        if found
        for row in found.cells
        for value in row
        if value is not None
    ]
    if not known:
        return None
    low, high = min(known), max(known)
    drawn = []
    for name, found in gaps:
        if found is None:
            continue
        patches = [
            [
                _patch(found.cells[i][j], found.regret[i][j], low, high)
                for j in range(len(found.cells[i]))
            ]
            for i in range(len(found.cells))
        ]
        drawn.append(
            Square(
                _label(comparison, name),
                _together(found.interaction),
                square["rows"],
                square["columns"],
                patches,
            )
        )
    blocks: list[Block] = [
        Squares(
            "Poses by look",
            "Large: PCK@0.05 (%) on that test set; light = good. Small: how many points a model of "
            "equal budget trained on that set's own labels (its oracle) scores above, which is "
            "what is left to gain there.",
            drawn,
        ),
        Note(_headroom(comparison), strong=False),
    ]
    lead = (
        "From source to target two things change at once: poses and look. Each square shows one "
        "model in all four combinations: read along a row for what the look costs, down a column "
        "for what the poses cost."
    )
    return Section("gap", "The gap, taken apart", lead, blocks)


def _headroom(comparison: Compared) -> str:
    headroom = comparison.get("headroom")
    if not headroom or headroom.get("mean") is None:
        return "The pose headroom was not measured."
    shown = by_seed.endpoint(headroom)
    assert shown is not None
    sure = between(shown.low, shown.high) if shown.low is not None else "one seed"
    return (
        f"Pose headroom H: {signed(shown.mean)} points ({sure}). That is what training on the "
        "target's own poses in the source's look gives at equal size; no pose sampler can gain "
        "more in that cell."
    )


def _together(interaction: float | None) -> str:
    """Whether a change of poses and look is more or less than both added up, in one sentence.

    >>> _together(8.1)
    'Both changes together cost 8.1 points less than each alone, added up'
    """
    if interaction is None:
        return "Not all four cells are known"
    amount = number(abs(interaction))
    how = "as many points as" if amount == "0.0" else (
        f"{amount} points {'less' if interaction > 0 else 'more'} than"
    )  # fmt: skip
    return f"Both changes together cost {how} each alone, added up"


def _patch(value: float | None, regret: float | None, low: float, high: float) -> Patch:
    at = 0.5 if value is None or high <= low else (high - value) / (high - low)
    light, dark = theme.ramp_pair(at)
    detail = "" if regret is None else f"oracle {signed(regret)}"
    return Patch(number(value), detail, light, dark, theme.on(light), theme.on(dark))


def _label(comparison: Compared, name: str) -> str:
    return by_seed.label(comparison, name)
