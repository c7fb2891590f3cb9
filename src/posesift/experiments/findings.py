"""What a comparison found: figures of all cells, paired differences, the gap taken apart."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from posesift import storage
from posesift.evaluation.intervals import holm, mean_interval, paired_interval
from posesift.experiments.plan import Comparison
from posesift.experiments.spec import Experiment

HARDEST = "PCK@0.05 on the hardest quarter of the target"


def findings(plan: Comparison, folder: Path) -> dict[str, Any]:
    """``comparison.json`` of a folder whose cells are all finished."""
    from posesift.experiments.compare import cell_folder, seeded

    experiment = seeded(plan, plan.seeds[0])
    cells, free = [], []
    for arm in plan.arms:
        for seed in plan.seeds:
            cell = cell_folder(folder, arm.name, seed)
            if storage.is_finished(cell):
                evaluation = storage.read_json(cell / "evaluation.json")
                where = cell.relative_to(folder).as_posix()
                cells.append(
                    {"arm": arm.name, "seed": seed, "folder": where, "sets": evaluation["sets"]}
                )
            if (cell / "baselines.json").is_file():
                free += storage.read_json(cell / "baselines.json")
    first = storage.read_json(folder / cells[0]["folder"] / "environment.json")
    oracles = [arm for arm in plan.arms if arm.role == "oracle"]
    arms = [arm for arm in plan.arms if arm.role == "arm"]
    warm = [arm for arm in plan.arms if arm.role == "warm-up"]
    return {
        "recipe": plan.recipe,
        "title": experiment.title,
        "skeleton": first["skeleton"],
        "side": experiment.side,
        "seeds": list(plan.seeds),
        "quick": plan.quick,
        "notes": _notes(plan, experiment),
        "command": plan.command,
        "budget": {
            "warmup_steps": max([arm.warmup_steps for arm in warm or arms], default=0),
            "steps": max([arm.steps for arm in arms], default=0),
            "oracle_steps": max([arm.warmup_steps + arm.steps for arm in oracles], default=0),
            "batch_size": experiment.batch_size,
        },
        "environment": first,
        "sets": {
            name: {
                "label": experiment.labels.get(name, name),
                "address": address,
                "samples": cells[0]["sets"][name]["samples"],
            }
            for name, address in experiment.test.items()
        },
        "gap": experiment.gap,
        "arms": [_arm(plan, folder, arm.name) for arm in plan.arms],
        "cells": cells,
        "baselines": free,
        **_differences(plan, cells),
        "headroom": _headroom(plan, cells),
        "support": _support(plan, cells),
    }


def figure(cells: list[dict[str, Any]], arm: str, seed: int, name: str) -> float | None:
    """One figure of one cell: ``"hardest"``, or a test set's name for its PCK@0.05."""
    for cell in cells:
        if cell["arm"] == arm and cell["seed"] == seed:
            if name == "hardest":
                bins = cell["sets"]["target"]["by_bin"]
                return bins[-1]["pck"] if bins else None
            return cell["sets"][name]["pck"]["0.05"]["all"]
    return None


def _differences(plan: Comparison, cells: list[dict[str, Any]]) -> dict[str, Any]:
    """The primary endpoint, and all others with Holm's correction."""
    one, other = plan.primary
    primary = _difference(plan, cells, one, other, "hardest", HARDEST)
    names = [arm.name for arm in plan.arms if arm.role == "arm" and arm.name != other]
    sets = [name for name in ("target", "target_poses") if any(name in c["sets"] for c in cells)]
    secondary = [
        _difference(plan, cells, name, other, "hardest", HARDEST) for name in names if name != one
    ] + [
        _difference(plan, cells, name, other, where, f"PCK@0.05, {label}")
        for where, label in (
            ("target", "target"),
            ("target_poses", "target poses in the source's look"),
        )
        if where in sets
        for name in names
    ]
    secondary = [row for row in secondary if row["values"]]
    for row, corrected in zip(secondary, holm([row["p"] for row in secondary]), strict=True):
        row["p_holm"] = corrected
    return {"primary": primary, "secondary": secondary}


def _difference(
    plan: Comparison, cells: list[dict[str, Any]], one: str, other: str, name: str, endpoint: str
) -> dict[str, Any]:
    """Arm ``one`` minus arm ``other``, paired over seeds."""
    pairs = [(figure(cells, one, s, name), figure(cells, other, s, name)) for s in plan.seeds]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    row: dict[str, Any] = {"endpoint": endpoint, "arm": one, "against": other}
    if not known:
        nothing = dict.fromkeys(("mean", "low", "high", "half_width", "p"))
        return row | {"values": []} | nothing
    found = paired_interval([a for a, _ in known], [b for _, b in known])
    return row | {"values": [a - b for a, b in known]} | found._asdict()


def _headroom(plan: Comparison, cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    """H = oracle of (target poses, source look) - uniform arm, both tested there."""
    oracle = next((arm.name for arm in plan.arms if arm.trained_on == "target_poses"), None)
    if oracle is None:
        return None
    uniform = plan.primary[1]
    values = [
        best - usual
        for seed in plan.seeds
        if (best := figure(cells, oracle, seed, "target_poses")) is not None
        and (usual := figure(cells, uniform, seed, "target_poses")) is not None
    ]
    return mean_interval(values)._asdict() | {"values": values} if values else None


def _support(plan: Comparison, cells: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """PCK by number of source neighbours, pooled over seeds, for every arm."""
    found = {}
    for arm in plan.arms:
        rows: dict[int, dict[str, Any]] = {}
        for cell in cells:
            if cell["arm"] != arm.name:
                continue
            for row in cell["sets"]["target"].get("by_support", []):
                into = rows.setdefault(row["neighbours_low"], dict(row, samples=0, sum=0.0))
                if row["pck"] is not None:
                    into["sum"] += row["samples"] * row["pck"]
                    into["samples"] += row["samples"]
        for row in rows.values():
            total = row.pop("sum")
            row["pck"] = total / row["samples"] if row["samples"] else None
        found[arm.name] = [rows[low] for low in sorted(rows)]
    return found


def _arm(plan: Comparison, folder: Path, name: str) -> dict[str, Any]:
    """One row of ``"arms"``, with the sampler's own figures of the first seed."""
    from posesift.experiments.compare import cell_folder

    arm = next(arm for arm in plan.arms if arm.name == name)
    seed = plan.oracle_seeds[0] if arm.role == "oracle" else plan.seeds[0]
    drawn = storage.read_json(cell_folder(folder, name, seed) / "environment.json")["draws"]
    facts = dataclasses.asdict(arm)
    return {
        "name": name,
        "label": name,
        "role": arm.role,
        "method": "oracle" if arm.role == "oracle" else "source-only",
        **{key: facts[key] for key in ("sampling", "start", "trained_on", "warmup_steps", "steps")},
        **drawn,
    }


def _notes(plan: Comparison, experiment: Experiment) -> list[str]:
    notes = list(experiment.notes)
    if len(plan.seeds) == 1:
        notes.append("One seed: differences between arms carry no interval over seeds.")
    if plan.quick:
        notes.append("Quick size: little data, few steps. Good for a look, not for conclusions.")
    return notes
