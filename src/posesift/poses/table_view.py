"""A pose table as a notebook shows it: what it holds, and how its poses spread over modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posesift import notebook

if TYPE_CHECKING:
    from posesift.poses.table import PoseTable

MODES = 20  # listed, most frequent first


def table_html(table: PoseTable) -> str:
    """The table in a few lines of HTML."""
    k, n = len(table.skeleton), len(table)
    visible = 100 * float(table.visible_NK.mean()) if table.visible_NK.size else None
    clips = None if table.clip_N is None else len(np.unique(table.clip_N.astype(str)))
    pairs: list[tuple[str, notebook.Value]] = [
        ("address", table.address),
        ("skeleton", f"{table.skeleton.name}, {k} keypoints"),
        ("labelled keypoints", f"{notebook.number(visible)} %"),
        ("images", "yes" if table.has_images else "none"),
        ("boxes from", table.boxes_from),
        ("clips", clips),
        ("problems", len(table.problems) or None),
    ]
    counted = notebook.facts(f"Pose table, {n} pose{'s' * (n != 1)}", pairs)
    return counted + (_modes(table) if table.mode_N is not None and n else "")


def _modes(table: PoseTable) -> str:
    """Poses by mode, and the share of each in the source's mixture where that is known."""
    assert table.mode_N is not None
    names, counts = np.unique(table.mode_N.astype(str), return_counts=True)
    order = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))
    shown = order[:MODES]
    bars = notebook.bars([float(counts[i]) for i in shown])
    columns = ["mode", "poses", "share %", ""] + ["in the source %"] * (table.share is not None)
    rows: list[list[notebook.Value]] = []
    for i, bar in zip(shown, bars, strict=True):
        mode = str(names[i])
        row: list[notebook.Value] = [mode, int(counts[i]), 100 * float(counts[i]) / len(table), bar]
        if table.share is not None:
            share = table.share.get(mode)
            row.append(None if share is None else 100 * share)
        rows.append(row)
    more = len(order) - len(shown)
    return notebook.table("Modes", columns, rows, f"and {more} more" if more else "")
