"""Whether a score is worth anything: a second fit, the cheap scores, variation held out.

Legend: N poses, M of them in a sample, Q modes, k bins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift.data.stream import PoseStream
from posesift.difficulty import bins, checks
from posesift.difficulty.scorers import METHODS, Scorer, fit
from posesift.difficulty.scoring import FEWEST_VISIBLE
from posesift.experiments.two_fits import enough
from posesift.poses import PoseTable
from posesift.poses.table import RARE_SHARE

VAE = ("elbo", "reconstruction")


def second_fit(scorer: Scorer, seen: PoseTable, unseen: PoseTable) -> checks.SecondFit | None:
    """Another fit on half of the poses; None where there is no half to speak of.

    Args:
        scorer: the first fit.
        seen: the poses of the second.
        unseen: others, on which both are compared.
    """
    if not enough(seen, unseen):
        return None
    return checks.fit_again(scorer, seen, unseen, scorer.seed + 1)


def compare_scores(
    part: PoseTable,
    scorer: Scorer,
    found: dict[str, NDArray[np.float32]],
    method: str,
    *,
    rivals: bool,
    rare_M: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Give the score beside the cheap ones: is it worth its cost?

    Args:
        part: scored poses, of a large set a sample.
        scorer: the fit.
        found: all that it gives these, by name.
        method: the one in use.
        rivals: fit the cheap scores on ``part`` too. Beside a fit from elsewhere they would be
            no fair comparison.
        rare_M: which poses of ``part`` show a rare mode, None where that is not known.
        seed: of the rivals' fits.

    Returns:
        ``rare_mode_auc`` by method (None where modes are unknown), ``agreement`` of two fits of
        each cheap score, ``rank_correlation`` of each with the chosen score, and ``collapse``,
        the warning of `checks.collapse` or None.
    """
    found = dict(found)
    agreement: dict[str, float] = {}
    for name in METHODS if rivals else ():
        if name in found or name in VAE:
            continue
        rival = fit(part, name, seed=seed, normalisation=scorer.normaliser.how)
        found |= rival.scores(part)
        halves = (part.select(rows) for rows in checks.halves(len(part), rival.seed + 1))
        if second := second_fit(rival, *halves):
            agreement |= second.agreement
    auc = None
    if rare_M is not None and rare_M.any():
        auc = {name: checks.rare_mode_auc(score_M, rare_M) for name, score_M in found.items()}
    collapse = None
    if {"reconstruction", "mean-distance"} <= found.keys():
        collapse = checks.collapse(found["reconstruction"], found["mean-distance"])
    return {
        "rare_mode_auc": auc,
        "agreement": agreement,
        "rank_correlation": {
            name: checks.spearman(found[method], score_M) for name, score_M in found.items()
        },
        "collapse": collapse,
    }


def rare_among(table: PoseTable | PoseStream) -> NDArray[np.bool_] | None:
    """Which poses show a mode that is rare in the generator's mixture and among these poses too.

    Returns:
        (N,), or None where modes are not known, or where these poses are another mixture (a flat
        one, say) in which none of them is rare: there is nothing to find then.
    """
    poses = PoseStream.of(table) if isinstance(table, PoseTable) else table
    if poses.mode_N is None or poses.share is None:
        return None
    size_Q = np.bincount(poses.mode_N, minlength=len(poses.modes))
    share_Q = np.array([poses.share.get(mode, 1.0) for mode in poses.modes])
    rare_Q = (share_Q < RARE_SHARE) & (size_Q < RARE_SHARE * len(poses))
    rare_N = rare_Q[poses.mode_N]
    return rare_N if rare_N.any() else None


def hold_out(
    variation: list[dict[str, Any]],
    second: checks.SecondFit,
    method: str,
    k: int,
    binning: str,
) -> None:
    """Put in the spread of poses that the second fit binned without having seen them."""
    score_M = second.scores[method]
    if len(np.unique(score_M)) < k:
        return
    edges = bins.bin_edges(score_M, k, binning)
    held = bins.variation(
        score_M,
        bins.assign(score_M, edges),
        second.scorer.points(second.unseen),
        second.unseen.visible_NK,
        edges=edges,
    )
    for row, other in zip(variation, held, strict=True):
        row |= {key: other[key] for key in ("covariance_trace", "spread")}


def warnings(
    poses: PoseStream,
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
        poses: what was scored.
        method: the score.
        k: bins.
        agreement: of two fits, by method.
        rivals: of `compare_scores`.
        source: of `posesift.experiments.beside_source.beside_source`.
        fitted_here: whether the score was fitted to ``poses``.
    """
    silent = int((poses.seen_N < FEWEST_VISIBLE).sum())
    said = [checks.few(len(poses) - silent, k, fitted_here=fitted_here)]
    if source:
        said.append(
            checks.beyond_source(source["in_hardest_tenth"], len(poses) - silent, source["address"])
        )
    said.append(checks.noise(agreement[method], method) if method in agreement else None)
    said.append(rivals["collapse"] if method in VAE else None)
    if silent:
        said.append(
            f"{silent} of {len(poses)} poses have fewer than 3 visible keypoints; they got the "
            "median score"
        )
    if poses.problems:
        said.append(f"the reader found {poses.problems} problems; posesift check lists them")
    return [text for text in said if text]
