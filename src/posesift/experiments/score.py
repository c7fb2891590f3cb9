"""The score stage: fit a scorer, score every pose, cut bins, check, and keep it all.

A score folder holds ``difficulty.parquet``, the fitted scorer, and ``summary.json``: what the
report draws, and whether the score is worth anything.

Legend: N samples, k bins.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift import storage
from posesift.difficulty import bins, checks
from posesift.difficulty.scorers import METHODS, Scorer, fit, load_scorer, unscorable
from posesift.evaluation.evalpose import statistics_of
from posesift.evaluation.similarity import bin_similarity
from posesift.experiments.spec import Experiment
from posesift.poses import PoseTable
from posesift.poses.angles import joint_angles
from posesift.progress import bar

RIVAL_POSES = 50_000  # scores are compared with each other on at most so many poses
VAE = ("elbo", "reconstruction")


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How poses are scored and binned.

    Attributes:
        method: one of `posesift.difficulty.scorers.METHODS`.
        normalisation: one of `posesift.difficulty.normalisation.HOW`.
        bins: their number; None: 25 from 50,000 poses on, else 10.
        binning: ``quantile``, ``width`` or ``log-width``.
        scorer: a score folder whose fit is used instead of a new one.
        seed: of the fit.
    """

    method: str = "elbo"
    normalisation: str = "limb"
    bins: int | None = None
    binning: str = "quantile"
    scorer: str | None = None
    seed: int = 0

    @staticmethod
    def of(experiment: Experiment) -> ScoreSettings:
        """The settings that an experiment holds."""
        return ScoreSettings(
            method=experiment.scoring,
            normalisation=experiment.normalisation,
            bins=experiment.bins,
            binning=experiment.binning,
            scorer=experiment.scorer,
            seed=experiment.seed,
        )


@dataclass(frozen=True)
class Scored:
    """A scored table: what strategies need, and the summary that people read."""

    score_N: NDArray[np.float32]
    bin_N: NDArray[np.int16]
    summary: dict[str, Any]


def score_poses(table: PoseTable, folder: Path, settings: ScoreSettings) -> Scored:
    """Score ``table`` and fill ``folder``.

    With a new fit the score is also checked: it is fitted a second time on half of the poses, and
    the other half says whether both agree and whether poses vary more in higher bins.

    Raises:
        ValueError: more bins than distinct scores, no pose to score, or a scorer of another
            skeleton.
    """
    began = time.perf_counter()
    with bar("scoring", 3) as done:
        if settings.scorer is not None:
            scorer = load_scorer(settings.scorer)
        else:
            scorer = fit(
                table, settings.method, seed=settings.seed, normalisation=settings.normalisation
            )
        scores = scorer.scores(table)
        method = settings.method if settings.method in scores else scorer.method
        score_N = scores[method]
        done.advance()

        k = settings.bins or bins.default_k(len(table))
        edges = bins.bin_edges(score_N, k, settings.binning)
        bin_N = bins.assign(score_N, edges)
        second = None if settings.scorer is not None else checks.second_fit(table, scorer)
        done.advance()
        variation = bins.variation(
            score_N,
            bin_N,
            scorer.points(table),
            table.visible_NK,
            edges=edges,
            rare_N=table.rare_N,
        )
        if second is not None:
            _hold_out(variation, table, second, method, k, settings.binning)
        rivals = compare_scores(table, scorer, scores, settings)
        done.advance()

    angles_NA = joint_angles(table.keypoints_NK2, table.visible_NK, table.skeleton.triplets)
    statistics = statistics_of(table.skeleton, table)
    agreement = {} if second is None else second.agreement
    summary = {
        "address": table.address,
        "samples": len(table),
        "skeleton": table.skeleton.name,
        "method": method,
        "normalisation": scorer.normaliser.how,
        "fitted_on": scorer.fitted_on,
        "bins": k,
        "binning": settings.binning,
        "edges": edges.tolist(),
        "seconds": 0.0,
        "variation": variation,
        "variation_spearman": bins.variation_spearman(variation),
        "rare_mode_auc": rivals["rare_mode_auc"],
        "agreement": (agreement | rivals["agreement"]) or None,
        "rank_correlation_with_default": rivals["rank_correlation"],
        "box_side_correlation": checks.box_side_correlation(score_N, table.crop_boxes_N4()),
        "warnings": _warnings(table, method, scores, agreement, rivals),
        "similarity": bin_similarity(angles_NA, bin_N, k, statistics).to_json(),
    }
    summary["seconds"] = round(time.perf_counter() - began, 2)
    _write_difficulty(folder / "difficulty.parquet", table, scores, method, bin_N, edges)
    scorer.save(folder)
    storage.write_json(folder / "summary.json", summary)
    storage.write_manifest(folder, "score", data=table.address)
    return Scored(score_N, bin_N, summary)


def load_scored(folder: Path, table: PoseTable) -> Scored:
    """What `score_poses` left in ``folder`` for ``table``.

    Raises:
        ValueError: not a finished score folder, or one of other data.
    """
    import pyarrow.parquet as pq

    storage.read_manifest(folder, "score")
    summary = storage.read_json(folder / "summary.json")
    if summary["address"] != table.address or summary["samples"] != len(table):
        raise ValueError(
            f"{folder} holds the scores of {summary['samples']} poses of {summary['address']}, "
            f"expected {len(table)} of {table.address}"
        )
    columns = pq.ParquetFile(folder / "difficulty.parquet").read()
    return Scored(columns["score"].to_numpy(), columns["bin"].to_numpy(), summary)


def compare_scores(
    table: PoseTable,
    scorer: Scorer,
    scores: dict[str, NDArray[np.float32]],
    settings: ScoreSettings,
) -> dict[str, Any]:
    """The score beside the cheap ones: is it worth its cost?

    Returns:
        ``rare_mode_auc`` by method (None where modes are unknown), ``agreement`` of two fits of
        each cheap score, ``rank_correlation`` of each with the score at hand, and ``collapse``,
        the ratio that `checks.collapse` judges, as text or None.
    """
    rows_N = np.arange(len(table))
    if len(table) > RIVAL_POSES:
        rows_N = np.sort(np.random.default_rng(settings.seed).permutation(rows_N)[:RIVAL_POSES])
    part = table.select(rows_N)
    found = {name: score_N[rows_N] for name, score_N in scores.items()}
    agreement: dict[str, float] = {}
    for name in METHODS:
        if name in found or name in VAE:
            continue
        rival = fit(part, name, seed=settings.seed, normalisation=scorer.normaliser.how)
        found |= rival.scores(part)
        agreement |= checks.second_fit(part, rival).agreement
    rare_N = part.rare_N
    main = found[settings.method if settings.method in scores else scorer.method]
    auc = None
    if rare_N is not None and rare_N.any() and not rare_N.all():
        auc = {name: checks.rare_mode_auc(score_N, rare_N) for name, score_N in found.items()}
    return {
        "rare_mode_auc": auc,
        "agreement": agreement,
        "rank_correlation": {
            name: checks.spearman(main, score_N) for name, score_N in found.items()
        },
        "collapse": (
            checks.collapse(found["reconstruction"], found["mean-distance"])
            if "reconstruction" in found
            else None
        ),
    }


def _hold_out(
    variation: list[dict[str, Any]],
    table: PoseTable,
    second: checks.SecondFit,
    method: str,
    k: int,
    binning: str,
) -> None:
    """Put in the spread of poses that the second fit binned without having seen them."""
    rows_N = np.flatnonzero(second.held_out_N)
    if len(rows_N) < k:
        return
    unseen = table.select(rows_N)
    score_N = second.scorer.scores(unseen)[method]
    edges = bins.bin_edges(score_N, k, binning)
    held = bins.variation(
        score_N,
        bins.assign(score_N, edges),
        second.scorer.points(unseen),
        unseen.visible_NK,
        edges=edges,
    )
    for row, other in zip(variation, held, strict=True):
        row["covariance_trace"] = other["covariance_trace"]


def _warnings(
    table: PoseTable,
    method: str,
    scores: dict[str, NDArray[np.float32]],
    agreement: dict[str, float],
    rivals: dict[str, Any],
) -> list[str]:
    """What a person must know before trusting the score."""
    said = [checks.noise(agreement[method]) if method in agreement else None]
    said.append(rivals["collapse"] if method in VAE else None)
    if few := int(unscorable(table).sum()):
        said.append(
            f"{few} of {len(table)} poses have fewer than 3 visible keypoints; they got the "
            "median score"
        )
    if table.problems:
        said.append(f"the reader found {len(table.problems)} problems; posesift check lists them")
    return [text for text in said if text]


def _write_difficulty(
    path: Path,
    table: PoseTable,
    scores: dict[str, NDArray[np.float32]],
    method: str,
    bin_N: NDArray[np.int16],
    edges: NDArray[np.float64],
) -> None:
    """``difficulty.parquet``: index, score, bin, and the fit's other scores under their names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "index": pa.array(np.arange(len(table), dtype=np.int64)),
        "score": pa.array(scores[method], pa.float32()),
        "bin": pa.array(bin_N, pa.int16()),
    } | {
        name: pa.array(score_N, pa.float32()) for name, score_N in scores.items() if name != method
    }
    metadata = {
        "skeleton": table.skeleton.to_json(),
        "method": method,
        "edges": json.dumps(edges.tolist()),
        "address": table.address,
    }
    with storage.atomic_path(path) as temporary:
        pq.write_table(pa.table(columns).replace_schema_metadata(metadata), temporary)
