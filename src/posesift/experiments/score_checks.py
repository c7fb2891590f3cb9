"""Whether a score is worth anything: a second fit, the cheap scores, variation held out.

Legend: N samples, k bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift.difficulty import bins, checks
from posesift.difficulty.scorers import METHODS, Scorer, fit, unscorable
from posesift.poses import PoseTable
from posesift.poses.table import RARE_SHARE

VAE = ("elbo", "reconstruction")
RIVAL_POSES = 50_000  # scores are compared with each other on at most so many poses


def second_fit(table: PoseTable, scorer: Scorer) -> checks.SecondFit | None:
    """Another fit on a random half; None where there is no half to speak of."""
    if int((~unscorable(table)).sum()) < checks.FEWEST_SCORED:
        return None
    return checks.second_fit(table, scorer)


def compare_scores(
    table: PoseTable,
    scorer: Scorer,
    scores: dict[str, NDArray[np.float32]],
    method: str,
    *,
    rivals: bool,
    seed: int = 0,
) -> dict[str, Any]:
    """Give the score beside the cheap ones: is it worth its cost?

    Args:
        table: what was scored.
        scorer: the fit.
        scores: all that it gives, by name.
        method: the one in use.
        rivals: fit the cheap scores on ``table`` too. Beside a fit from elsewhere they would be
            no fair comparison.
        seed: of the rivals' fits.

    Returns:
        ``rare_mode_auc`` by method (None where modes are unknown), ``agreement`` of two fits of
        each cheap score, ``rank_correlation`` of each with the chosen score, and ``collapse``,
        the warning of `checks.collapse` or None.
    """
    rows_N = np.arange(len(table))
    if len(table) > RIVAL_POSES:
        rows_N = np.sort(np.random.default_rng(seed).permutation(rows_N)[:RIVAL_POSES])
    part = table.select(rows_N)
    found = {name: score_N[rows_N] for name, score_N in scores.items()}
    agreement: dict[str, float] = {}
    for name in METHODS if rivals else ():
        if name in found or name in VAE:
            continue
        rival = fit(part, name, seed=seed, normalisation=scorer.normaliser.how)
        found |= rival.scores(part)
        if second := second_fit(part, rival):
            agreement |= second.agreement
    rare_N = rare_among(part)
    auc = None
    if rare_N is not None:
        auc = {name: checks.rare_mode_auc(score_N, rare_N) for name, score_N in found.items()}
    collapse = None
    if {"reconstruction", "mean-distance"} <= found.keys():
        collapse = checks.collapse(found["reconstruction"], found["mean-distance"])
    return {
        "rare_mode_auc": auc,
        "agreement": agreement,
        "rank_correlation": {
            name: checks.spearman(found[method], score_N) for name, score_N in found.items()
        },
        "collapse": collapse,
    }


def rare_among(table: PoseTable) -> NDArray[np.bool_] | None:
    """Which poses show a mode that is rare in the generator's mixture and among these poses too.

    Returns:
        (N,), or None where modes are not known, or where these poses are another mixture (a flat
        one, say) in which none of them is rare: there is nothing to find then.
    """
    if table.mode_N is None or table.rare_N is None:
        return None
    _, mode_N, size_M = np.unique(table.mode_N.astype(str), return_inverse=True, return_counts=True)
    rare_N = table.rare_N & (size_M < RARE_SHARE * len(table))[mode_N]
    return rare_N if rare_N.any() else None


def hold_out(
    variation: list[dict[str, Any]],
    table: PoseTable,
    second: checks.SecondFit,
    method: str,
    k: int,
    binning: str,
) -> None:
    """Put in the spread of poses that the second fit binned without having seen them."""
    rows_N = np.flatnonzero(second.held_out_N)
    unseen = table.select(rows_N)
    score_N = second.scorer.scores(unseen)[method]
    if len(np.unique(score_N)) < k:
        return
    edges = bins.bin_edges(score_N, k, binning)
    held = bins.variation(
        score_N,
        bins.assign(score_N, edges),
        second.scorer.points(unseen),
        unseen.visible_NK,
        edges=edges,
    )
    for row, other in zip(variation, held, strict=True):
        row |= {key: other[key] for key in ("covariance_trace", "spread")}


def warnings(
    table: PoseTable,
    method: str,
    k: int,
    agreement: dict[str, float],
    rivals: dict[str, Any],
    source: dict[str, Any] | None,
    *,
    fitted_here: bool,
) -> list[str]:
    """Say what a person must know before trusting the score, what matters most first.

    Args:
        table: what was scored.
        method: the score.
        k: bins.
        agreement: of two fits, by method.
        rivals: of `compare_scores`.
        source: of `posesift.experiments.beside_source.beside_source`.
        fitted_here: whether the score was fitted to ``table``.
    """
    silent = int(unscorable(table).sum())
    said = [checks.few(len(table) - silent, k, fitted_here=fitted_here)]
    if source:
        said.append(
            checks.beyond_source(source["in_hardest_tenth"], len(table) - silent, source["address"])
        )
    said.append(checks.noise(agreement[method], method) if method in agreement else None)
    said.append(rivals["collapse"] if method in VAE else None)
    if silent:
        said.append(
            f"{silent} of {len(table)} poses have fewer than 3 visible keypoints; they got the "
            "median score"
        )
    if table.problems:
        said.append(f"the reader found {len(table.problems)} problems; posesift check lists them")
    return [text for text in said if text]
