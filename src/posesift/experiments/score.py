"""The score stage: fit a scorer, score every pose, cut bins, check, and keep it all.

A score folder holds ``difficulty.parquet``, the fitted scorer, and ``summary.json``: what the
report draws, and whether the score is worth anything.

Legend: N poses, M of them in a sample, K keypoints, A angles, k bins, G groups of neighbouring
bins, 2 = (x, y).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift import folders
from posesift.data.labels.boxes import boxes_in_place
from posesift.data.stream import PoseStream
from posesift.difficulty import bins, checks
from posesift.difficulty.scorers import Scorer, load_scorer
from posesift.difficulty.scoring import FEWEST_VISIBLE
from posesift.experiments.beside_source import beside_source
from posesift.experiments.score_checks import (
    VAE,
    compare_scores,
    hold_out,
    rare_among,
    warnings,
)
from posesift.experiments.score_pieces import scores_on_engine
from posesift.experiments.score_samples import (
    FIT,
    RIVALS,
    SECOND_FIT,
    SPREAD,
    UNSEEN,
    sample_rows,
)
from posesift.experiments.spec import Experiment
from posesift.experiments.two_fits import two_fits
from posesift.poses import PoseTable
from posesift.poses.angles import joint_angles, statistics_of
from posesift.progress import bar
from posesift.results.score import Score, read_score_of, write_score
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
    table: PoseTable | PoseStream,
    folder: Path,
    settings: ScoreSettings,
    page: Page | None = None,
    keep: Path | None = None,
) -> Score:
    """Score poses and fill ``folder``; ``page`` draws its report before it counts as finished.

    With a new fit the score is also checked: it is fitted a second time on half of the poses, and
    the other half says whether both agree and whether poses vary more in higher bins. Of a large
    set both halves, and all else that is measured of poses, are samples (`score_samples`); the
    score and the bin of every pose are its own.

    Args:
        table: the poses. Those of a stream are in memory part by part, so that what a pose takes
            there is its scores and its bin.
        folder: of the result.
        settings: how to score and bin.
        page: draws the report.
        keep: folder for what an engine has scored so far, with which the next call goes on should
            this one be cut short; of other poses or fits nothing is taken from it. Removed in the
            end.

    Raises:
        ValueError: more bins than distinct scores, no pose to score, or a scorer of another
            skeleton.
    """
    poses = PoseStream.of(table) if isinstance(table, PoseTable) else table
    check_settings(poses, settings)  # before the fit, which may take minutes
    began = time.perf_counter()
    scorer, scores, bin_N, summary = _scored(poses, settings, keep)
    summary["seconds"] = round(time.perf_counter() - began, 2)
    scorer.save(folder)
    write_score(folder, poses, scores, bin_N, summary)
    score_N = scores[summary["method"]]
    del scores  # the others, which a page of millions has no room beside
    if page is not None:
        page(folder)
    folders.write_manifest(folder, "score", data=poses.address)
    return Score(folder, summary, np.arange(len(poses), dtype=np.int64), score_N, bin_N)


def scored(table: PoseTable, folder: Path, settings: ScoreSettings) -> Score:
    """Give the score that ``folder`` holds, if it is finished, else that of `score_poses`.

    Raises:
        ValueError: as `score_poses`, or what is there is the score of other poses.
    """
    if folders.is_finished(folder):
        return read_score_of(folder, table)
    return score_poses(table, folder, settings)


def _scored(
    poses: PoseStream, settings: ScoreSettings, keep: Path | None
) -> tuple[Scorer, dict[str, NDArray[np.float32]], NDArray[np.int16], dict[str, Any]]:
    """Give the scorer, the scores by name and the bin of each pose, and the summary."""
    with bar("scoring", 3) as done:
        new = settings.scorer is None
        checked = settings.check and new
        rows = sample_rows(poses, (settings.method or "elbo") if new else None, settings.seed,
                           check=checked)  # fmt: skip
        samples = poses.samples(rows, bare=True)
        halves = (samples.pop(SECOND_FIT), samples.pop(UNSEEN)) if checked else None
        scorer, again = _fits(poses, samples.pop(FIT, None), halves, settings)
        scorable_N = poses.seen_N >= FEWEST_VISIBLE
        if poses.engine is None:
            scores = scorer.scores_of_parts(poses.parts(bare=True), scorable_N)
        else:
            scores = scores_on_engine(poses, scorer, scorable_N, keep)
        method = settings.method or scorer.method
        score_N = scores[method]
        done.advance()

        k = settings.bins
        if k is None:  # a default must not fail where scores repeat
            k = min(bins.default_k(int(scorable_N.sum())), len(np.unique(score_N)))
        edges = bins.bin_edges(score_N, k, settings.binning)
        bin_N = bins.assign(score_N, edges)
        second = None
        if halves is not None and again is not None:
            second = checks.compared(scorer, again, *halves)
        del halves
        done.advance()
        rare_N = rare_among(poses)
        spread = _Spread(scorer, samples[SPREAD], rows[SPREAD], rare_N, second)
        variation = spread.variation(score_N, edges, settings.binning, method)
        bins_G2 = bins.groups(k, bins.SHOWN)
        grouped = None
        if len(bins_G2) < k:
            edges_G = np.append(edges[bins_G2[:, 0]], edges[-1])
            grouped = spread.variation(score_N, edges_G, settings.binning, method)
            for row, pair in zip(grouped, bins_G2.tolist(), strict=True):
                row["bins"] = pair
        rivals = compare_scores(
            samples.pop(RIVALS),
            scorer,
            {name: found_N[rows[RIVALS]] for name, found_N in scores.items()},
            method,
            rivals=checked,
            rare_M=None if rare_N is None else rare_N[rows[RIVALS]],
            seed=settings.seed,
        )
        done.advance()

    part = samples.pop(SPREAD)
    angles_MA = joint_angles(part.keypoints_NK2, part.visible_NK, part.skeleton.triplets)
    statistics = statistics_of(part.skeleton, part)
    source = beside_source(settings.scorer, scorer, method, scorable_N, score_N)
    agreement = {} if second is None else second.agreement
    summary = {
        "address": poses.address,
        "samples": len(poses),
        "digest": poses.digest,
        "skeleton": poses.skeleton.name,
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
        "box_side_correlation": checks.box_side_correlation(
            score_N[rows[SPREAD]], part.crop_boxes_N4()
        ),
        "notes": [
            f"reading the data: {note}" for note in (*part.notes, *boxes_in_place(part.problems))
        ],
        "beside_source": source,
        "warnings": warnings(poses, method, k, agreement, rivals, source, fitted_here=new),
        "similarity": bin_similarity(angles_MA, bin_N[rows[SPREAD]], k, statistics).to_json(),
    }
    return scorer, scores, bin_N, summary


def check_settings(table: PoseTable | PoseStream, settings: ScoreSettings) -> None:
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
        poses = PoseStream.of(table) if isinstance(table, PoseTable) else table
        scorable_N = poses.seen_N >= FEWEST_VISIBLE
        fit = _earlier_fit(settings.scorer, settings)
        fit.check_poses(poses.skeleton, scorable_N, poses.address)


class _Spread:
    """What varies between edges of bins, measured of a sample of the poses.

    Args:
        scorer: the fit.
        part: the sample.
        row_M: its numbers among the N poses.
        rare_N: which poses show a rare mode.
        second: a second fit, whose unseen poses are measured instead where there is one.
    """

    def __init__(
        self,
        scorer: Scorer,
        part: PoseTable,
        row_M: NDArray[np.int64],
        rare_N: NDArray[np.bool_] | None,
        second: checks.SecondFit | None,
    ):
        self._points_MK2, self._visible_MK = scorer.points(part), part.visible_NK
        self._row_M, self._rare_N, self._second = row_M, rare_N, second

    def variation(
        self,
        score_N: NDArray[np.float32],
        edges: NDArray[np.float64],
        binning: str,
        method: str,
    ) -> list[dict[str, Any]]:
        """Return the rows of `bins.variation`, of poses held out of a fit if there are any."""
        rows = bins.variation(
            score_N,
            bins.assign(score_N, edges),
            self._points_MK2,
            self._visible_MK,
            edges=edges,
            rare_N=self._rare_N,
            posed_M=self._row_M,
        )
        if self._second is not None:
            hold_out(rows, self._second, method, len(rows), binning)
        return rows


def _fits(
    poses: PoseStream,
    seen: PoseTable | None,
    halves: tuple[PoseTable, PoseTable] | None,
    settings: ScoreSettings,
) -> tuple[Scorer, Scorer | None]:
    """Give a new fit to the poses ``seen`` and a second one, or the one that was asked for."""
    if seen is None:
        assert settings.scorer is not None
        return _earlier_fit(settings.scorer, settings), None
    method, how = settings.method or "elbo", settings.normalisation or "limb"
    scorer, again = two_fits(method, how, settings.seed, seen, halves)
    return replace(scorer, fitted_on=scorer.fitted_on | {"samples": len(poses)}), again


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
