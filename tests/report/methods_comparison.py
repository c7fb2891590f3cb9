"""A comparison of methods written by hand: three methods by three strategies, an oracle, seeds.

Levels are plain sums (method + strategy + seed + bin), so that a page's numbers can be checked
in the head: UDAPE is 20 points above source-only, RegDA 8, the oracle 40; hard mining adds 2 in
the hardest quarter under UDAPE. Seeds move each figure by a little.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
from tests.report.conftest import SIDE, build_run, build_score, save_table

from posesift import storage
from posesift.evaluation.intervals import holm, paired_interval

METHODS = {"source-only": (30.0, "Source only"), "regda": (38.0, "RegDA"), "udape": (50.0, "UDAPE")}
STRATEGIES = {"uniform": 0.0, "curriculum": -0.4, "hard-mining": 0.5}
ORACLE = 70.0
GROUPS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
HARDEST = "PCK@0.05 on the hardest quarter of the target"
TARGET = "PCK@0.05, target"
SETS = ("target", "target_poses", "target_look", "source")


def name_of(method: str, strategy: str) -> str:
    return method if strategy == "uniform" else f"{method}+{strategy}"


def label_of(method: str, strategy: str) -> str:
    label = METHODS[method][1]
    return label if strategy == "uniform" else f"{label} + {strategy.replace('-', ' ')}"


def entry(level: float, hard: float = 0.0) -> dict[str, Any]:
    """Figures of one set around ``level``; ``hard`` is added in the hardest quarter."""
    bins = [
        {
            "bin": b, "low": float(b), "high": float(b + 1), "samples": 40,
            "pck": level + 9 - 6 * b + (hard if b == 3 else 0.0), "evalpose_limbs": level,
            "interval": [level + 4 - 6 * b, level + 14 - 6 * b],
        }
        for b in range(4)
    ]  # fmt: skip
    groups = {group: level - 5 + 2 * i for i, group in enumerate(GROUPS)} | {"all": level}
    return {
        "samples": 160, "protocol": "pooled", "pck_auc": level + 5,
        "pck": {"0.05": groups, "0.1": {group: v + 15 for group, v in groups.items()}},
        "evalpose_limbs": level, "evalpose_cosine": 0.9, "angle_error_deg": 60 - level / 2,
        "angle_at_15": level - 10, "angle_error_by_group": {"shoulder": 30.0}, "by_bin": bins,
    }  # fmt: skip


def wobble(seed: int, *parts: str) -> float:
    return 0.3 * float(np.sin(3 * seed + sum(map(ord, "".join(parts)))))


def arms() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": "warm-up", "label": "Warm-up", "role": "warm-up", "method": "source-only",
         "sampling": "uniform", "sample_in": "both", "against": None, "trained_on": None},
    ]  # fmt: skip
    for method in METHODS:
        for strategy in STRATEGIES:
            uniform = "source-only" if method != "source-only" else None
            found.append(
                {
                    "name": name_of(method, strategy), "label": label_of(method, strategy),
                    "role": "arm", "method": method, "sampling": strategy,
                    "sample_in": "adaptation" if strategy == "curriculum" else "both",
                    "start": "warm-up", "trained_on": None, "warmup_steps": 400, "steps": 200,
                    "against": uniform if strategy == "uniform" else method,
                    "effective_sample_size": 6000.0, "largest_weight": 1.0,
                }
            )  # fmt: skip
    return found + [
        {"name": f"oracle {name}", "label": "Oracle" if name == "target" else f"Oracle {name}",
         "role": "oracle", "method": "oracle", "sampling": "uniform", "sample_in": "both",
         "trained_on": name, "against": None}
        for name in SETS
    ]  # fmt: skip


def cells(seeds: tuple[int, ...]) -> list[dict[str, Any]]:
    found = []
    for arm in arms():
        level = METHODS.get(arm["method"], (ORACLE,))[0] + STRATEGIES[arm["sampling"]]
        hard = 2.0 if arm["name"] == "udape+hard-mining" else 0.0
        for seed in seeds:
            at = level + wobble(seed, arm["name"])
            sets = {"target": entry(at, hard + wobble(seed + 5, arm["name"]))}
            sets |= {"target_poses": entry(at + 8), "target_look": entry(at + 5)}
            sets |= {"source": entry(at + 20)}
            place = f"cells/{arm['name']}/seed{seed}".replace(" ", "-")
            found.append({"arm": arm["name"], "seed": seed, "folder": place, "sets": sets})
    return found


def differences(found: list[dict[str, Any]], seeds: tuple[int, ...]) -> dict[str, Any]:
    """Primary and secondary endpoints, and the gap closed, from the cells."""

    def values(arm: str, hardest: bool) -> list[float]:
        sets = [cell["sets"]["target"] for cell in found if cell["arm"] == arm]
        if hardest:
            return [entry["by_bin"][-1]["pck"] for entry in sets]
        return [entry["pck"]["0.05"]["all"] for entry in sets]

    rows = []
    for arm in arms():
        if arm["role"] == "arm" and arm["against"]:
            for endpoint in (HARDEST, TARGET):
                a, b = (values(n, endpoint == HARDEST) for n in (arm["name"], arm["against"]))
                row = {"endpoint": endpoint, "arm": arm["name"], "against": arm["against"]}
                row["values"] = [x - y for x, y in zip(a, b, strict=True)]
                rows.append(row | paired_interval(a, b)._asdict())
    primary = next(r for r in rows if r["arm"] == "udape+hard-mining" and r["endpoint"] == HARDEST)
    secondary = [row for row in rows if row is not primary]
    for row, corrected in zip(secondary, holm([row["p"] for row in secondary]), strict=True):
        row["p_holm"] = corrected
    low, best = values("source-only", False), values("oracle target", False)
    closed = []
    for arm in arms():
        if arm["role"] == "arm" and arm["name"] != "source-only":
            mine = values(arm["name"], False)
            share = [100 * (m - a) / (b - a) for m, a, b in zip(mine, low, best, strict=True)]
            mean, *ends, _, _ = paired_interval(share, [0.0] * len(share))
            row = dict(zip(("mean", "low", "high"), (mean, *ends), strict=True))
            closed.append({"arm": arm["name"], "values": share, **row})
    return {"primary": primary, "secondary": secondary, "gap_closed": closed}


PUBLISHED = [
    {"method": "UDAPE", "groups": {"Sld": 69.2, "Elb": 84.9, "Hip": None}, "all": 82.0,
     "trust": "paper", "note": "Checkpoint chosen by the target's test labels."},
    {"method": "UDAPE, rerun", "groups": {"Sld": 68.1, "Elb": 83.1, "Hip": 83.8}, "all": 80.6,
     "trust": "poster", "note": "Checkpoint chosen by the target's test labels."},
    {"method": "Oracle", "groups": {"Sld": 95.3, "Elb": 91.8, "Hip": 95.6}, "all": 92.9,
     "trust": "code", "note": "Copied from another task there."},
]  # fmt: skip


def build(folder: Path, seeds: tuple[int, ...] = (0, 1, 2)) -> Path:
    """The folder; real runs, with pictures, for the arms whose predictions are shown."""
    n = 60
    data = {"target": save_table(folder / "data/target", n, 13)}
    build_score(folder / "score", *save_table(folder / "data/scored", 300, 3))
    found = cells(seeds)
    for arm, skill in (("source-only", 1.5), ("udape", 1.0), ("udape+hard-mining", 0.9)):
        build_run(folder / f"cells/{arm}/seed{seeds[0]}", data, {"target": skill}, seeds[0])
    few = [{"neighbours_low": low, "neighbours_high": high, "samples": 40, "pck": 30.0 + 5 * i}
           for i, (low, high) in enumerate([(0, 0), (1, 9), (10, None)])]  # fmt: skip
    comparison = {
        "recipe": "world-body", "title": "Body world: methods and sampling",
        "skeleton": "body16", "side": SIDE, "seeds": list(seeds), "quick": False,
        "notes": [], "command": "posesift compare world-body", "environment": {"device": "cpu"},
        "budget": {"warmup_steps": 400, "steps": 200, "oracle_steps": 600, "batch_size": 32},
        "sets": {name: {"label": name.replace("_", " "), "address": data["target"][1],
                        "samples": n} for name in SETS},
        "gap": {"rows": ["source poses", "target poses"],
                "columns": ["synthetic look", "photo look"],
                "sets": [["source", "target_look"], ["target_poses", "target"]]},
        "arms": arms(), "cells": found,
        "baselines": [{"name": "constant pose", "seed": seed, "inductive": True,
                       "sets": {"target": {"pck": {"0.05": {"all": 11.6}}}}} for seed in seeds],
        **differences(found, seeds),
        "headroom": {"mean": 9.2, "low": None, "high": None, "values": [9.2]},
        "support": {arm["name"]: few for arm in arms() if arm["role"] == "arm"},
        "published": PUBLISHED,
        "checkpoint": "last step; none of the target's labels",
    }  # fmt: skip
    storage.write_json(folder / "comparison.json", comparison)
    return folder


def only(found: dict, *seeds: int) -> dict:
    """The same comparison with fewer seeds."""
    kept = copy.deepcopy(found)
    kept["seeds"] = list(seeds)
    kept["cells"] = [cell for cell in kept["cells"] if cell["seed"] in seeds]
    for row in (kept["primary"], *kept["secondary"], *kept["gap_closed"]):
        row["values"] = row["values"][: len(seeds)]
        if len(seeds) == 1:
            row |= dict.fromkeys(("low", "high", "half_width", "p", "p_holm"))
    return kept
