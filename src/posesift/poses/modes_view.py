"""How the poses of a table spread over their modes, as a notebook shows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from posesift import notebook

MODES = 20  # listed, most frequent first


def modes_html(mode_N: NDArray[np.str_], share: dict[str, float] | None) -> str:
    """Count poses by mode, beside the share of each in the source's mixture where it is known."""
    names, counts = np.unique(mode_N, return_counts=True)
    order = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))
    shown = order[:MODES]
    bars = notebook.bars([float(counts[i]) for i in shown])
    columns = ["mode", "poses", "share %", ""] + ["in the source %"] * (share is not None)
    rows: list[list[notebook.Value]] = []
    for i, bar in zip(shown, bars, strict=True):
        mode, count = str(names[i]), int(counts[i])
        row: list[notebook.Value] = [mode, count, 100 * count / len(mode_N), bar]
        if share is not None:
            known = share.get(mode)
            row.append(None if known is None else 100 * known)
        rows.append(row)
    more = len(order) - len(shown)
    return notebook.table("Modes", columns, rows, f"and {more} more" if more else "")
