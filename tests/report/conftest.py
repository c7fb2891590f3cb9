"""Small but complete folders of the three kinds, with drawn figures, real metrics, real files.

Poses are random stick figures; "predictions" are labels plus noise that grows with difficulty and
shrinks with the arm. All figures come from the library's own evaluation, so what a page must
render is what experiments write.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.report.browser import chromium, open_page  # noqa: F401 - fixtures of all

from posesift import skeletons, storage
from posesift.evaluation.evaluate import evaluate
from posesift.evaluation.judge import Judged
from posesift.evaluation.predict import Predictions
from posesift.poses.angles import statistics_of
from posesift.poses.table import PoseTable
from posesift.report.page import write_report
from posesift.results.comparison import write_comparison
from posesift.results.run import write_evaluation
from posesift.results.score import write_score

SIDE = 64
BODY = skeletons.load("body16")
SKILL = {"warm-up": 1.5, "uniform": 1.0, "hard-mining": 0.9, "shuffled": 1.01, "oracle": 0.7}
SETS = ("source", "target_poses", "target_look", "target")


def stick_poses(n: int, wildness_N: np.ndarray, seed: int) -> np.ndarray:
    """(n, 16, 2) figures in a SIDE px square; larger wildness bends joints further."""
    rng = np.random.default_rng(seed)
    bend = rng.normal(size=(n, 9)) * (0.15 + 1.1 * wildness_N[:, None])

    def way(angle: np.ndarray, length: float) -> np.ndarray:
        return length * np.stack([np.sin(angle), np.cos(angle)], -1)  # 0 = straight down

    tilt = 0.6 * bend[:, 0]
    pose = np.zeros((n, 16, 2))
    pelvis = np.tile([SIDE / 2, SIDE * 0.5], (n, 1))
    neck = pelvis - way(tilt, 18.0)
    across = way(tilt + np.pi / 2, 1.0)
    pose[:, 6], pose[:, 7], pose[:, 8] = pelvis, neck + way(tilt, 3.0), neck
    pose[:, 9] = neck - way(tilt + 0.3 * bend[:, 8], 9.0)
    for sign, first, (ankle, knee, hip), (wrist, elbow, shoulder) in (
        (-1, 0, (0, 1, 2), (10, 11, 12)),
        (1, 4, (5, 4, 3), (15, 14, 13)),
    ):
        pose[:, hip] = pelvis + sign * 3.5 * across
        pose[:, knee] = pose[:, hip] + way(bend[:, first] + sign * 0.15, 14.0)
        pose[:, ankle] = pose[:, knee] + way(bend[:, first] + 0.5 * bend[:, first + 1], 13.0)
        pose[:, shoulder] = neck + sign * 5.5 * across + way(tilt, 2.0)
        pose[:, elbow] = pose[:, shoulder] + way(bend[:, first + 2] + sign * 0.3, 9.0)
        pose[:, wrist] = pose[:, elbow] + way(bend[:, first + 2] + bend[:, first + 3], 8.0)
    return np.clip(pose, -3, SIDE + 2)


def save_table(folder: Path, n: int, seed: int, *, images: bool = True) -> tuple[PoseTable, str]:
    """A pose table with drawn images in ``folder``, and its address."""
    wild_N = np.random.default_rng(seed).beta(1.2, 4.0, n)
    pose_NK2 = stick_poses(n, wild_N, seed + 1)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed + 2)
    for i in range(n if images else 0):
        coarse = rng.integers(90, 230, (4, 4, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        skin, cloth = (tuple(map(int, rng.integers(20, 160, 3))) for _ in range(2))
        for a, b in BODY.limbs:
            ends = [tuple(np.round(pose_NK2[i, j] * 16).astype(int).tolist()) for j in (a, b)]
            cv2.line(image, *ends, cloth, 6, cv2.LINE_AA, 4)
        head = tuple(np.round(pose_NK2[i, 9] * 16).astype(int).tolist())
        cv2.circle(image, head, 4 * 16, skin, -1, cv2.LINE_AA, 4)
        cv2.imwrite(str(folder / f"{i:04d}.png"), image)
    modes = np.array(["stand", "walk", "reach", "kick", "handstand"], dtype=object)
    table = PoseTable(
        skeleton=BODY,
        keypoints_NK2=pose_NK2.astype(np.float32),
        visible_NK=rng.random((n, 16)) > 0.04,
        width_N=np.full(n, SIDE, np.int32),
        height_N=np.full(n, SIDE, np.int32),
        image_N=np.array([f"{i:04d}.png" for i in range(n)], dtype=object) if images else None,
        root=str(folder) if images else "",
        mode_N=modes[np.minimum((wild_N * 8).astype(int), 4)],
        neg_log_p_N=(20 + 40 * wild_N).astype(np.float32),
    )
    table.save(folder / "table.parquet")
    return table, f"poses:{folder / 'table.parquet'},split=all"


def build_score(
    folder: Path, table: PoseTable, address: str, k: int = 10, **changes: object
) -> Path:
    """A score folder: scores are the generator's wildness, bins their quantiles."""
    score_N = np.exp((np.asarray(table.neg_log_p_N) - 20) / 14).astype(np.float32)
    edges = np.quantile(score_N, np.linspace(0, 1, k + 1))
    bin_N = np.clip(np.searchsorted(edges, score_N, side="right") - 1, 0, k - 1).astype(np.int16)
    rows = []
    for b in range(k):
        inside = score_N[bin_N == b]
        q = np.quantile(inside, [0.05, 0.25, 0.5, 0.75, 0.95])
        rows.append(
            dict(
                zip(("q05", "q25", "q50", "q75", "q95"), q.tolist(), strict=True),
                bin=b,
                low=float(edges[b]),
                high=float(edges[b + 1]),
                samples=len(inside),
                mean=float(inside.mean()),
                covariance_trace=0.3 + 0.02 * b + 0.004 * b**2,
                rare_share=0.9 * (b / (k - 1)) ** 6,
            )
        )
    near = np.exp(-np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / 5)
    fading = np.sqrt(np.outer(1 - np.arange(k) / k, 1 - np.arange(k) / k))
    cheap = {"mean-distance": 0.937, "pca": 0.953, "knn": 0.971}
    summary = {
        "address": address, "samples": len(table), "skeleton": "body16", "method": "elbo",
        "normalisation": "limb", "bins": k, "binning": "quantile", "edges": edges.tolist(),
        "seconds": 6.2, "variation": rows,
        "variation_spearman": {"score": 1.0, "covariance": 0.98},
        "rare_mode_auc": {"elbo": 0.975, "reconstruction": 0.92, **cheap},
        "agreement": {"elbo": 0.96, "reconstruction": 0.94},
        "rank_correlation_with_default": {"reconstruction": 0.81, "pca": 0.74, "knn": 0.83},
        "box_side_correlation": 0.06, "warnings": [],
        "similarity": {
            "matrix": (near * fading).tolist(), "used": len(table) - 9, "left_out": 9
        },
    } | changes  # fmt: skip
    write_score(folder, table, {str(summary["method"]): score_N}, bin_N, summary)
    return folder


def build_run(
    folder: Path, tables: dict[str, tuple[PoseTable, str]], skill: dict[str, float], seed: int
) -> dict:
    """A run folder with noisy labels as predictions; gives the evaluation's sets back."""
    sets = {}
    for name, (table, _) in tables.items():
        rng = np.random.default_rng([seed, len(name)])
        hard_N = (np.asarray(table.neg_log_p_N, float) - 20) / 40
        scale = skill[name] * (1.0 + 6.0 * hard_N)[:, None, None]
        true = table.keypoints_NK2
        found = (true + rng.standard_t(3, true.shape) * scale).astype(np.float32)
        measured = evaluate(
            found,
            true,
            table.visible_NK,
            SIDE,
            BODY,
            difficulty_N=table.neg_log_p_N,
            statistics=statistics_of(BODY, table),
        )
        predictions = Predictions(
            keypoints_NK2=found,
            confidence_NK=np.ones((len(table), 16), np.float32),
            index_N=np.arange(len(table)),
            true_NK2=true,
            visible_NK=table.visible_NK,
            side=SIDE,
            skeleton=BODY,
        )
        sets[name] = (predictions, measured)
    addresses = {name: address for name, (_, address) in tables.items()}
    folder.mkdir(parents=True, exist_ok=True)
    evaluation = write_evaluation(folder, Judged(sets, addresses, {}))
    settings = "recipe: world-body\nmethod: udape\nsampling: uniform\nsteps: 200\nseed: 0\n"
    storage.write_text(folder / "experiment.yaml", settings)
    losses = [{"step": s, "loss": 2 / (s + 1), "loss_target": 1 / (s + 2)} for s in range(0, 90, 9)]
    storage.write_text(folder / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in losses))
    return evaluation["sets"]


def build_comparison(folder: Path, seeds: tuple[int, ...] = (0, 1, 2), n: int = 160) -> Path:
    """A comparison folder: four arms and four oracles by ``seeds``, one score folder."""
    data = {name: save_table(folder / "data" / name, n, 10 + i) for i, name in enumerate(SETS)}
    build_score(folder / "score", *save_table(folder / "data" / "scored", 400, 3))
    look = {"source": 0.5, "target_poses": 0.7, "target_look": 0.95, "target": 1.1}
    oracles = [f"oracle {name}" for name in SETS]
    cells = []
    for seed in seeds:
        for arm in ("warm-up", "uniform", "hard-mining", "shuffled", *oracles):
            level = SKILL[arm.split()[0]] * (1 + 0.01 * np.sin(7 * seed + len(arm)))
            place = f"cells/{arm.replace(' ', '-')}/seed{seed}"
            skill = {name: level * look[name] for name in SETS}
            sets = build_run(folder / place, data, skill, seed)
            cells.append({"arm": arm, "seed": seed, "folder": place, "sets": sets})
    constant = {"pck": {"0.05": {"all": 11.6}, "0.1": {"all": 36.5}}, "pck_auc": 40.1}
    values = [0.9, 0.4, 1.1][: len(seeds)]
    measured = {"mean": float(np.mean(values)), "low": None, "high": None}
    if len(seeds) > 1:
        measured |= {"low": -0.1, "high": 1.7, "half_width": 0.9, "p": 0.06}
    against = {"arm": "hard-mining", "against": "uniform"}

    def shifted(found: dict, mean: float) -> dict:
        low, high = (
            None if found[k] is None else mean + s for k, s in (("low", -0.9), ("high", 0.9))
        )
        return found | {"mean": mean, "low": low, "high": high}

    comparison = {
        "recipe": "world-body", "title": "Does hard mining help on unseen poses?",
        "skeleton": "body16", "side": SIDE, "seeds": list(seeds), "quick": False,
        "notes": ["Boxes come from labels."], "command": "posesift demo --seeds 3 --out runs/demo",
        "budget": {"warmup_steps": 400, "steps": 200, "oracle_steps": 600, "batch_size": 32},
        "environment": {"device": "cpu", "precision": "float32", "threads": 2},
        "sets": {name: {"label": name.replace("_", " "), "address": data[name][1], "samples": n}
                 for name in SETS},
        "gap": {"rows": ["source poses", "target poses"],
                "columns": ["synthetic look", "photo look"],
                "sets": [["source", "target_look"], ["target_poses", "target"]]},
        "arms": [
            {"name": "warm-up", "label": "source only", "role": "warm-up",
             "method": "source-only", "sampling": "uniform"},
            *({"name": name, "label": name.replace("-", " "), "role": "arm", "method": "udape",
               "sampling": name, "effective_sample_size": size, "largest_weight": weight}
              for name, size, weight in (("uniform", 6000.0, 1.0), ("hard-mining", 3120.0, 5.0),
                                         ("shuffled", 3120.0, 5.0))),
            *({"name": f"oracle {name}", "label": f"oracle ({name.replace('_', ' ')})",
               "role": "oracle", "method": "source-only", "sampling": "uniform",
               "trained_on": name} for name in SETS),
        ],
        "cells": cells,
        "baselines": [{"name": name, "seed": seed, "inductive": True, "sets": {"target": constant}}
                      for seed in seeds for name in ("constant pose", "BatchNorm re-estimated")],
        "primary": {"endpoint": "PCK@0.05 on the hardest quarter of the target", **against,
                    "values": values, **measured},
        "secondary": [
            {"endpoint": f"{metric} on the whole target", **against, "values": values,
             **shifted(measured, mean), "p_holm": None if len(seeds) == 1 else 0.12}
            for metric, mean in (("PCK@0.05", 0.7), ("PCK@0.1", 0.5), ("EvalPose", -0.2))
        ],
        "headroom": {"mean": 9.2, "low": None, "high": None, "values": [9.2]},
        "support": {arm: [{"neighbours_low": low, "neighbours_high": high, "samples": 40,
                           "pck": level + 5 * i}
                          for i, (low, high) in enumerate([(0, 0), (1, 9), (10, 99), (100, None)])]
                    for arm, level in (("uniform", 30.0), ("hard-mining", 32.0))},
    }  # fmt: skip
    write_comparison(folder, comparison)
    return folder


PAGES = {"comparison", "methods_comparison", "one_seed_page"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process make the folders and pages that many tests look at."""
    for item in items:
        if PAGES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("pages"))


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison over three seeds. Tests that change it copy it first."""
    return build_comparison(tmp_path_factory.mktemp("comparison"))


@pytest.fixture(scope="session")
def comparison_page(comparison: Path) -> Path:
    """Its page."""
    return write_report(comparison)


@pytest.fixture(scope="session")
def one_seed_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a comparison of one seed."""
    return write_report(build_comparison(tmp_path_factory.mktemp("one"), seeds=(4,), n=60))


@pytest.fixture(scope="session")
def score_page(comparison: Path) -> Path:
    """The page of a score."""
    return write_report(comparison / "score")


@pytest.fixture(scope="session")
def run_page(comparison: Path) -> Path:
    """The page of one run."""
    return write_report(comparison / "cells/uniform/seed0")


@pytest.fixture(scope="session")
def methods_comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison of three methods by three strategies. Tests that change it copy it first."""
    from tests.report.methods_comparison import build  # which builds on the writers above

    return build(tmp_path_factory.mktemp("methods"))


@pytest.fixture(scope="session")
def methods_page(methods_comparison: Path) -> Path:
    """Its page."""
    return write_report(methods_comparison)
