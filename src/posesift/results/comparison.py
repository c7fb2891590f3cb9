"""The folder of a comparison: ``comparison.json``, the cells it was made of, the source's score."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posesift import notebook, storage
from posesift.results import by_seed, checked, methods, schema
from posesift.results.predictions import Predictions, read_predictions
from posesift.results.score import Score, score_inside

COMPARISON = "comparison.json"
_NEEDED = ("title", "seeds", "budget", "sets", "arms", "cells", "primary")


@dataclass(frozen=True)
class Comparison:
    """Configurations by seeds: all that ``comparison.json`` says, and where its parts lie."""

    path: Path
    comparison: dict[str, Any]
    score: Score | None
    _read: dict[Path, Predictions | None] = field(default_factory=dict, repr=False, compare=False)

    def cell(self, arm: str, seed: int) -> Path | None:
        """Give the run folder of one configuration and seed, None when it is not available."""
        for cell in self.comparison["cells"]:
            if cell["arm"] == arm and cell["seed"] == seed and cell.get("folder"):
                folder = storage.inside(self.path, cell["folder"])
                return folder if folder.is_dir() else None
        return None

    def predictions(self, arm: str, seed: int) -> Predictions | None:
        """Read what one configuration and seed predicted on the target, once; None without any."""
        cell = self.cell(arm, seed)
        if cell is not None and cell not in self._read:
            self._read[cell] = read_predictions(cell, "target")
        return self._read[cell] if cell else None

    def _repr_html_(self) -> str:
        return comparison_html(self.comparison)


def write_comparison(folder: Path, comparison: dict[str, Any]) -> Path:
    """Write ``comparison.json`` (`schema.Comparison`) and return its path."""
    storage.write_json(folder / COMPARISON, comparison)
    return folder / COMPARISON


def read_comparison(folder: Path) -> Comparison:
    """Read the folder of a comparison.

    Raises:
        ValueError: a file in it is missing, broken, lacks something, or contradicts itself.
    """
    path = folder / COMPARISON
    comparison = checked.document(path, _NEEDED, schema.Comparison)
    arms = {arm["name"] for arm in comparison["arms"]}
    for arm in comparison["arms"]:
        if arm["role"] == "oracle" and "trained_on" not in arm:
            raise ValueError(f"{path} does not say what the oracle {arm['name']!r} was trained on")
    for cell in comparison["cells"]:
        if cell["arm"] not in arms:
            raise ValueError(
                f"{path} has a cell of the arm {cell['arm']!r}, "
                f"which is not among its arms {', '.join(sorted(arms))}"
            )
    for key in ("arms", "cells", "seeds"):
        if not comparison[key]:
            raise ValueError(
                f"{path} has no {key}: nothing was compared. Make the comparison again"
            )
    return Comparison(folder, comparison, score_inside(folder))


def comparison_html(comparison: dict[str, Any]) -> str:
    """Show mean and interval of PCK@0.05 on the target, and the pre-specified endpoint."""
    rows: list[list[notebook.Value]] = []
    levels: list[float] = []
    for arm in by_seed.arms(comparison, "arm", "oracle"):
        if arm["role"] == "oracle" and arm.get("trained_on") != "target":
            continue
        values = by_seed.values(comparison, arm["name"], "target", "pck", "0.05", "all")
        level = by_seed.interval(values.values())
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
    columns = ["configuration", "PCK@0.05 %", "95 % CI", "seeds", "gap closed %", ""]
    primary = comparison["primary"]
    shown = by_seed.endpoint(primary)
    one, other = (by_seed.label(comparison, primary[key]) for key in ("arm", "against"))
    note = f"Pre-specified primary endpoint: {one} minus {other}, {primary['endpoint']}: "
    if shown is None:
        note += "not known."
    else:
        note += f"{shown.mean:+.1f} points ({_ends(shown) or 'single seed: no interval'})."
    return notebook.table(str(comparison["title"]), columns, rows, note)


def _ends(shown: by_seed.Interval | None) -> str | None:
    if shown is None or shown.low is None:
        return None
    return f"{notebook.number(shown.low)} to {notebook.number(shown.high)}"
