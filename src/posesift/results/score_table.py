"""The summary of a score as a notebook shows it: a row a bin, from easy to hard."""

from __future__ import annotations

from typing import Any

from posesift import notebook


def score_html(summary: dict[str, Any]) -> str:
    """Bins with counts, edges, spread of poses and share of rare modes; then the warnings."""
    variation = summary["variation"]
    rare = any(row.get("rare_share") is not None for row in variation)
    bars = notebook.bars([row["covariance_trace"] or 0.0 for row in variation])
    columns = ["bin", "from", "to", "poses", "median score", "spread of poses", ""]
    rows: list[list[notebook.Value]] = []
    for row, bar in zip(variation, bars, strict=True):
        cells: list[notebook.Value] = [
            str(row["bin"] + 1),
            notebook.number(row["low"], 3),
            notebook.number(row["high"], 3),
            row["samples"],
            notebook.number(row["q50"], 3),
            notebook.number(row["covariance_trace"], 2),
            bar,
        ]
        if rare:
            share = row.get("rare_share")
            cells.append(None if share is None else 100 * share)
        rows.append(cells)
    title = f"{summary['method']} score of {summary['samples']} poses, {summary['bins']} bins"
    auc = (summary.get("rare_mode_auc") or {}).get(summary["method"])
    said = [f"AUC of rare modes {notebook.number(auc, 2)}."] if auc is not None else []
    said += [str(text) for text in summary.get("warnings") or []]
    return notebook.table(title, [*columns, *["rare modes %"] * rare], rows, " ".join(said))
