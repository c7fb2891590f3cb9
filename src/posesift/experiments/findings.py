"""What a comparison found: figures of all cells, paired differences, the gap taken apart."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from posesift import folders, storage
from posesift.experiments import published
from posesift.experiments.arms import (
    Arm,
    Comparison,
    against,
    cell_folder,
    rendered_file,
    seeded,
    seeds_of,
)
from posesift.experiments.choice import describe, is_leak
from posesift.experiments.differences import differences, gap_closed, headroom
from posesift.experiments.renderings import CHOOSING
from posesift.experiments.spec import Experiment


def findings(plan: Comparison, folder: Path) -> dict[str, Any]:
    """``comparison.json`` of a folder whose cells are all finished."""
    experiment = seeded(plan, plan.seeds[0])
    cells, free = [], []
    warned: list[tuple[Arm, int, str]] = []
    for arm in plan.arms:
        for seed in plan.seeds:
            cell = cell_folder(folder, arm.name, seed)
            if folders.is_finished(cell):
                evaluation = storage.read_json(cell / "evaluation.json")
                warned += [(arm, seed, text) for text in evaluation.get("warnings", ())]
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
    told = _warned(warned, experiment.training.choose_by, len(cells))
    renderings = _renderings(plan, folder)
    told += _fewer(plan, renderings)
    return {
        "recipe": plan.recipe,
        "title": experiment.title,
        "skeleton": first["skeleton"],
        "side": experiment.network.side,
        "seeds": list(plan.seeds),
        "quick": plan.quick,
        "notes": [*_notes(plan, experiment), *told],
        "command": plan.command,
        "budget": {
            "warmup_steps": max([arm.warmup_steps for arm in warm or arms], default=0),
            "steps": max([arm.steps for arm in arms], default=0),
            "oracle_steps": max([arm.warmup_steps + arm.steps for arm in oracles], default=0),
            "batch_size": experiment.training.batch_size,
        },
        "environment": first,
        "sets": {
            name: {
                "label": experiment.data.labels.get(name, name),
                "address": address,
                "samples": cells[0]["sets"][name]["samples"],
            }
            for name, address in experiment.data.test.items()
        },
        "gap": experiment.data.gap,
        "arms": [_arm(plan, folder, arm) for arm in plan.arms],
        "cells": cells,
        "baselines": free,
        **differences(plan, cells),
        "gap_closed": gap_closed(plan, cells),
        "headroom": headroom(plan, cells),
        "support": _support(plan, cells),
        "renderings": renderings,
        "published": published.rows(experiment.published) if experiment.published else [],
        "checkpoint": _checkpoint(experiment.training.choose_by),
    }


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


def _renderings(plan: Comparison, folder: Path) -> list[dict[str, Any]]:
    """Give the facts of what took the place of a part of the source, by arm and seed."""
    return [
        {"arm": arm.name, "seed": seed, **storage.read_json(path)}
        for arm in plan.arms
        for seed in plan.seeds
        if arm.rendering is not None
        and (path := rendered_file(folder, arm.rendering, seed).with_suffix(".json")).is_file()
    ]


def _fewer(plan: Comparison, renderings: list[dict[str, Any]]) -> list[str]:
    """Warn of arms that got fewer renderings than they were to."""
    short = [row for row in renderings if row["rendered"] < row["asked"]]
    return [
        f"{plan.arm(row['arm']).label}, seed {row['seed']}: {row['rendered']} of {row['asked']} "
        "renderings; no other proposal stands for a pose that the target has, as "
        f"{row['looked_at']} tell."
        for row in short
    ]


def _arm(plan: Comparison, folder: Path, arm: Arm) -> dict[str, Any]:
    """One row of ``"arms"``, with the sampler's own figures of the first seed."""
    first = cell_folder(folder, arm.name, seeds_of(plan, arm)[0])
    return {
        **dataclasses.asdict(arm),
        "label": arm.label,
        "method": "oracle" if arm.role == "oracle" else arm.method,
        "against": against(plan, arm),
        **storage.read_json(first / "environment.json")["draws"],
    }


def _notes(plan: Comparison, experiment: Experiment) -> list[str]:
    notes = list(experiment.notes)
    if any(arm.looks_at == "labels" and arm.sampling in CHOOSING for arm in plan.arms):
        notes.append(LABELS_CHOSE)
    if len(plan.seeds) == 1:
        notes.append("One seed: differences between arms carry no interval over seeds.")
    if experiment.published:
        notes += published.caveats(experiment.published)
    if plan.quick:
        notes.append("Quick size: little data, few steps. Good for a look, not for conclusions.")
    return notes


LABELS_CHOSE = (
    "Renderings were chosen by the labels of the target's training split (--looks-at labels): what "
    "they gain cannot be had without such labels."
)

MOST_NAMED = 3
"""Labels that a warning names one by one."""


def _warned(found: list[tuple[Arm, int, str]], choice: str, networks: int) -> list[str]:
    """Give the warnings of cells, each once, with the cells it is about.

    That the choice of the checkpoint is a leak stands beside every figure, and not here too.

    Args:
        found: arm, seed and text of each.
        choice: of the checkpoint.
        networks: how many were trained.
    """
    places: dict[str, dict[str, list[int]]] = {}
    for arm, seed, text in found:
        if text != describe(choice):
            places.setdefault(text, {}).setdefault(arm.label, []).append(seed)
    return [f"{_who(where, networks)}: {text}" for text, where in places.items()]


def _who(where: dict[str, list[int]], networks: int) -> str:
    """Name the cells of these labels and seeds."""
    named = [
        f"{label}, seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
        for label, seeds in where.items()
    ]
    if len(named) <= MOST_NAMED:
        return "; ".join(named)
    count = sum(map(len, where.values()))
    if count == networks:
        return f"All {networks} networks"
    return f"{count} of {networks} networks, such as {named[0]}"


def _checkpoint(choice: str) -> str:
    """Which labels chose the checkpoints; a leak is called by the name of its flag, too."""
    return f"{describe(choice)} (--choose-by {choice})" if is_leak(choice) else describe(choice)
