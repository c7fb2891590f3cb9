"""What renderings gained: which poses of the target the source lacks before and after.

The poses counted are those of the target's test set, by its labels, which chose no rendering.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from posesift.report import pictures
from posesift.report.blocks import Block, Cell, Note, Picture, Row, Table
from posesift.report.statement import Statement, amount, sentence
from posesift.report.wording import capitalised, count, listed, percent, plural, spoken
from posesift.results import by_seed, endpoints, methods, renderings
from posesift.results.by_seed import Compared
from posesift.similarity.failing import FAR
from posesift.skeletons import Skeleton

CLASSES = 4  # named of an arm


def gained(comparison: Compared, skeleton: Skeleton | None = None) -> list[Block]:
    """Say what the renderings of each arm changed; nothing where no arm has any.

    First one sentence, of the first arm that looks at the target, where there is one; last where
    the student fails that renderings were chosen by, drawn where the ``skeleton`` is known.
    """
    arms = [
        arm for arm in renderings.arms(comparison) if by_seed.difference(*_lacking(comparison, arm))
    ]
    found: list[Block] = failing(comparison, skeleton)
    if not arms:
        return found
    return [Note(sentence(statement(comparison, arms[0]))), _table(comparison, arms), *found]


def failing(comparison: Compared, skeleton: Skeleton | None) -> list[Block]:
    """Tabulate the cells of pose cluster and joint in which most of a student's error lies."""
    known = (row for row in comparison.get("renderings") or [] if row.get("failing"))
    if (row := next(known, None)) is None:
        return []
    rows = [
        Row(
            spoken(cell["joint"]),
            [Cell(cell[key]) for key in ("share", "error", "part")],
            picture=_middle(cell, skeleton) if skeleton else None,
        )
        for cell in row["failing"]
    ]
    caption = (
        "Cells of a joint in a cluster of like poses, those with most error first, by which "
        f"renderings were chosen: {row['looked_at']}; seed {row['seed']}. Drawn is the pose in the "
        "middle of the cluster, the joint ringed. Error: mean over the cluster, 100 where a joint "
        f"is off by {100 * FAR:.0f} % of the crop's side or more. Part of all error: share times "
        "error."
    )
    columns = ["share of the target %", "error", "part of all error %"]
    return [Table("Where the student fails", "joint", columns, rows, caption)]


def _middle(cell: dict[str, Any], skeleton: Skeleton) -> Picture | None:
    """Draw the pose in the middle of a cluster; None where it is of another skeleton."""
    if len(cell["pose"]) != len(skeleton):
        return None
    visible_K = np.array([at is not None for at in cell["pose"]])
    places_K2 = np.array([at or (0.0, 0.0) for at in cell["pose"]])
    moved_K2, side = pictures.framing(places_K2, visible_K)
    return pictures.picture(
        skeleton,
        moved_K2,
        visible_K,
        side=side,
        image=None,
        alt=f"Middle of a cluster of poses whose {spoken(cell['joint'])} is off",
        missed_K=np.array([name == cell["joint"] for name in skeleton.keypoints]),
    )


def statement(comparison: Compared, arm: str) -> Statement:
    """Give what an arm's renderings changed in the covered share of the target, as a statement."""
    before, after = _lacking(comparison, arm)
    change = by_seed.difference(before, after)
    assert change is not None, arm
    return Statement(
        f"the source with {_rendered(comparison, arm)} ({by_seed.label(comparison, arm)})",
        "the source as it was",
        "the share of target poses that it covers",
        change,
        len(before.keys() & after.keys()),
    )


def measured(comparison: Compared) -> str:
    """Say what the first rendered arm that looks at the target gains there; "" without one."""
    for arm in renderings.arms(comparison):
        against = methods.against(comparison, arm)
        if against is None or not renderings.of(comparison, arm)[0].get("looked_at"):
            continue
        row = endpoints.stated(comparison, arm, against, endpoints.ENDPOINTS["target"])
        if row and (change := by_seed.endpoint(row)):
            return (
                f"{capitalised(_rendered(comparison, arm))} chosen for that, in the place of other "
                f"poses, change PCK@0.05 on the target by {amount(change)}."
            )
    return ""


def _lacking(comparison: Compared, arm: str) -> tuple[dict[int, float], dict[int, float]]:
    """Percent of the target's poses that the source does not cover, before and after, by seed."""
    return (
        renderings.lacking(comparison, arm, "before"),
        renderings.lacking(comparison, arm, "after"),
    )


def _rendered(comparison: Compared, arm: str) -> str:
    """Count the renderings of an arm in words."""
    counts = {row["rendered"] for row in renderings.of(comparison, arm)}
    return plural(max(counts), "rendering") if len(counts) == 1 else f"{_number(counts)} renderings"


def _number(counts: set[int]) -> str:
    """Give a number; from fewest to most where seeds differ."""
    return " to ".join(count(number) for number in sorted({min(counts), max(counts)}))


def _classes(comparison: Compared, arm: str) -> str:
    """Name the classes that most of an arm's renderings show, of all seeds together."""
    total: dict[str, int] = {}
    for row in renderings.of(comparison, arm):
        for name, number in (row.get("classes") or {}).items():
            total[name] = total.get(name, 0) + number
    most = sorted(total, key=lambda name: -total[name])[:CLASSES]
    return listed([spoken(name) for name in most])


def _table(comparison: Compared, arms: list[str]) -> Table:
    rows = []
    for arm in arms:
        before, after = _lacking(comparison, arm)
        levels = [by_seed.interval(values.values()) for values in (before, after)]
        change = by_seed.difference(after, before)
        cells = [_number({row["rendered"] for row in renderings.of(comparison, arm)})]
        cells += ["–" if level is None else percent(level.mean) for level in levels]
        cells.append("–" if change is None else amount(change))
        cells.append(_classes(comparison, arm) or "–")
        rows.append(Row(by_seed.label(comparison, arm), [Cell(text) for text in cells]))
    samples = [row.get("test_samples") or 0 for row in comparison["renderings"]]
    poses = f"{plural(max(samples), 'pose')} of " if max(samples) else ""
    return Table(
        title="Not covered, before and after rendering",
        corner="renderings",
        columns=["rendered", "not covered before", "after", "change", "mostly of class"],
        rows=rows,
        caption=(
            f"Share of the {poses}the target's test set, by their labels, that the source does not "
            "cover, and that it does not cover when renderings have taken the place of as many of "
            "its poses, drawn at random. No rendering was chosen by this set. Means over seeds; "
            "the change is paired over seeds."
        ),
    )
