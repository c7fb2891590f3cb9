"""The score stage: fit a scorer, score every pose, cut bins, check, and keep it all.

A score folder holds ``difficulty.parquet``, the fitted scorer, and ``summary.json``: what the
report draws, and whether the score is worth anything.

Legend: N samples, k bins, G groups of neighbouring bins.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift import folders
from posesift.difficulty import bins, checks
from posesift.difficulty.scorers import Scorer, fit, load_scorer, unscorable
from posesift.experiments.beside_source import beside_source
from posesift.experiments.score_checks import (
    VAE,
    compare_scores,
    hold_out,
    rare_among,
    second_fit,
    warnings,
)
from posesift.experiments.spec import Experiment
from posesift.poses import PoseTable
from posesift.poses.angles import joint_angles, statistics_of
from posesift.progress import bar
from posesift.results.score import Score, write_score
from posesift.similarity.bins import bin_similarity

Page = Callable[[Path], object]
"""Draws ``report.html`` into a folder: `posesift.report.page.write_report`, say."""


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How poses are scored and binned.

    Attributes:
        method: one of `posesift.difficulty.scorers.METHODS`; None: `elbo`, or the scorer's own.
        normalisation: one of `posesift.difficulty.normalisation.HOW`; None: `limb`, or the
            scorer's own.
        bins: their number; None: 25 from 50,000 poses on, else 10, fewer below 40 poses.
        binning: ``quantile``, ``width`` or ``log-width``.
        scorer: a score folder whose fit is used instead of a new one.
        seed: of the fit.
        check: fit a second time and beside cheap scores; a fit from elsewhere is never checked.
    """

    method: str | None = None
    normalisation: str | None = None
    bins: int | None = None
    binning: str = "quantile"
    scorer: str | None = None
    seed: int = 0
    check: bool = True

    @staticmethod
    def of(experiment: Experiment) -> ScoreSettings:
        """Give the settings that an experiment holds."""
        return ScoreSettings(
            method=None if experiment.scoring.scorer else experiment.scoring.name,
            normalisation=None if experiment.scoring.scorer else experiment.scoring.normalisation,
            bins=experiment.scoring.bins,
            binning=experiment.scoring.binning,
            scorer=experiment.scoring.scorer,
            seed=experiment.seed,
        )


def score_poses(
    table: PoseTable, folder: Path, settings: ScoreSettings, page: Page | None = None
) -> Score:
    """Score ``table`` and fill ``folder``; ``page`` draws its report before it counts as finished.

    With a new fit the score is also checked: it is fitted a second time on half of the poses, and
    the other half says whether both agree and whether poses vary more in higher bins.

    Raises:
        ValueError: more bins than distinct scores, no pose to score, or a scorer of another
            skeleton.
    """
    check_settings(table, settings)  # before the fit, which may take minutes
    began = time.perf_counter()
    with bar("scoring", 3) as done:
        scorer = _scorer(table, settings)
        scores = scorer.scores(table)
        method = settings.method or scorer.method
        score_N = scores[method]
        done.advance()

        k = settings.bins
        if k is None:  # a default must not fail where scores repeat
            k = min(bins.default_k(int((~unscorable(table)).sum())), len(np.unique(score_N)))
        edges = bins.bin_edges(score_N, k, settings.binning)
        bin_N = bins.assign(score_N, edges)
        checked = settings.check and settings.scorer is None
        second = second_fit(table, scorer) if checked else None
        done.advance()
        variation = _variation(table, scorer, second, score_N, edges, settings.binning, method)
        bins_G2 = bins.groups(k, bins.SHOWN)
        grouped = None
        if len(bins_G2) < k:
            edges_G = np.append(edges[bins_G2[:, 0]], edges[-1])
            grouped = _variation(table, scorer, second, score_N, edges_G, settings.binning, method)
            for row, pair in zip(grouped, bins_G2.tolist(), strict=True):
                row["bins"] = pair
        rivals = compare_scores(table, scorer, scores, method, rivals=checked, seed=settings.seed)
        done.advance()

    angles_NA = joint_angles(table.keypoints_NK2, table.visible_NK, table.skeleton.triplets)
    statistics = statistics_of(table.skeleton, table)
    source = beside_source(settings.scorer, scorer, method, table, score_N)
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
        "variation_grouped": grouped,
        "variation_spearman": bins.variation_spearman(grouped or variation),
        "rare_mode_auc": rivals["rare_mode_auc"],
        "agreement": (agreement | rivals["agreement"]) or None,
        "rank_correlation_with_default": rivals["rank_correlation"],
        "box_side_correlation": checks.box_side_correlation(score_N, table.crop_boxes_N4()),
        "beside_source": source,
        "warnings": warnings(
            table, method, k, agreement, rivals, source, fitted_here=settings.scorer is None
        ),
        "notes": [f"reading the data: {note}" for note in table.notes],
        "similarity": bin_similarity(angles_NA, bin_N, k, statistics).to_json(),
    }
    summary["seconds"] = round(time.perf_counter() - began, 2)
    scorer.save(folder)
    scored = write_score(folder, table, scores, bin_N, summary)
    if page is not None:
        page(folder)
    folders.write_manifest(folder, "score", data=table.address)
    return scored


def check_settings(table: PoseTable, settings: ScoreSettings) -> None:
    """Refuse settings that do not go with the poses, before any work is done.

    Raises:
        ValueError: more bins than poses; a scorer that cannot be read, is of another skeleton, or
            has another method or normalisation than is asked for.
    """
    if settings.bins is not None and not 1 <= settings.bins <= len(table):
        raise ValueError(
            f"expected 1 to {len(table)} bins, as many as there are poses; found {settings.bins}"
        )
    if settings.scorer is not None:
        _earlier_fit(settings.scorer, settings).check(table)


def _variation(
    table: PoseTable,
    scorer: Scorer,
    second: checks.SecondFit | None,
    score_N: NDArray[np.float32],
    edges: NDArray[np.float64],
    binning: str,
    method: str,
) -> list[dict[str, Any]]:
    """Say what varies between ``edges``: poses held out of a fit, if there are any."""
    rows = bins.variation(
        score_N,
        bins.assign(score_N, edges),
        scorer.points(table),
        table.visible_NK,
        edges=edges,
        rare_N=rare_among(table),
    )
    if second is not None:
        hold_out(rows, table, second, method, len(rows), binning)
    return rows


def _scorer(table: PoseTable, settings: ScoreSettings) -> Scorer:
    """Give a new fit, or the one that was asked for."""
    if settings.scorer is not None:
        return _earlier_fit(settings.scorer, settings)
    method, how = settings.method or "elbo", settings.normalisation or "limb"
    return fit(table, method, seed=settings.seed, normalisation=how)


def _earlier_fit(folder: str, settings: ScoreSettings) -> Scorer:
    """Give the fit that is kept in a score folder.

    Raises:
        ValueError: there is none, or it has another method or normalisation than is asked for.
    """
    scorer = load_scorer(folder)
    known = VAE if scorer.method in VAE else (scorer.method,)
    for wanted, found in (
        (settings.method, known),
        (settings.normalisation, (scorer.normaliser.how,)),
    ):
        if wanted is not None and wanted not in found:
            raise ValueError(
                f"the scorer in {folder} gives {' and '.join(found)}, not {wanted}; "
                "leave that flag out, or fit anew without --scorer"
            )
    return scorer
