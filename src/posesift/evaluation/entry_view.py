"""An entry of ``evaluation.json`` as a notebook shows it: joint groups, other measures, bins."""

from __future__ import annotations

from typing import Any

from posesift import notebook


def entry_html(entry: dict[str, Any], title: str = "Evaluation") -> str:
    """Return the figures of one test set as tables."""
    samples, protocol = entry.get("samples"), entry.get("protocol", "pooled")
    about = f"{title}, {samples} samples, {protocol}"
    return _groups(entry, about) + _measures(entry) + _bins(entry)


def _groups(entry: dict[str, Any], title: str) -> str:
    """PCK by threshold and joint group, in percent."""
    by_threshold = {k: v for k, v in (entry.get("pck") or {}).items() if isinstance(v, dict)}
    groups = list(dict.fromkeys(name for found in by_threshold.values() for name in found))
    rows = [
        [f"PCK@{threshold}", *(found.get(name) for name in groups)]
        for threshold, found in by_threshold.items()
    ]
    return notebook.table(title, ["%", *groups], rows)


def _measures(entry: dict[str, Any]) -> str:
    pairs = [
        ("EvalPose, 0 to 100", entry.get("evalpose_limbs")),
        ("mean angle error, degrees", entry.get("angle_error_deg")),
        ("angles within 15 degrees, %", entry.get("angle_at_15")),
        ("PCK AUC, %", entry.get("pck_auc")),
    ]
    return notebook.facts("Other measures", pairs)


def _bins(entry: dict[str, Any]) -> str:
    """PCK@0.05 and EvalPose by difficulty; bins are counted from 1."""
    rows: list[list[notebook.Value]] = []
    for row in entry.get("by_bin") or []:
        ends = row.get("interval")
        level = row.get("pck")
        rows.append(
            [
                str(row["bin"] + 1),
                row["samples"],
                level,
                f"{notebook.number(ends[0])} to {notebook.number(ends[1])}" if ends else None,
                notebook.Bar((level or 0) / 100),
                row.get("evalpose_limbs"),
            ]
        )
    if not rows:
        return ""
    columns = ["bin", "samples", "PCK@0.05 %", "95 % interval", "", "EvalPose"]
    return notebook.table("By difficulty, easiest first", columns, rows)
