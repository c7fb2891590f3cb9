"""Scorers: fitted to a table of poses, saved, read back.

    scorer = fit(source_table)               # the Pose VAE's `elbo`
    difficulty = scorer.score(source_table)  # (N,) float32, higher = harder
    scorer.score(target_table)               # the target, by the source's measure

Legend: N samples, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from posesift import spelling, storage
from posesift.difficulty import vae_training
from posesift.difficulty.cheap import MeanDistance, PCAResidual
from posesift.difficulty.limbs import canonical_lengths
from posesift.difficulty.neighbours import REFERENCES, Neighbours
from posesift.difficulty.normalisation import Normaliser
from posesift.difficulty.pose_vae import PoseVAE, VAESettings
from posesift.difficulty.scoring import (
    FEWEST_VISIBLE,
    FORMAT,
    Model,
    Scorer,
    Seen,
    normalised_chunks,
    unscorable,
)
from posesift.poses import PoseTable
from posesift.skeletons import Skeleton

FIT_POSES = 200_000  # a fit sees at most so many poses, drawn by the seed


@dataclass(frozen=True)
class Kind:
    """A difficulty score.

    Attributes:
        model: class of what is fitted; it has `scoring.Model`'s methods, and ``restore``.
        fit: makes one of what is `Seen`, with the settings.
        settings: names of these.
        most: poses that a fit sees.
    """

    model: Any
    fit: Callable[..., Model]
    settings: tuple[str, ...] = ()
    most: int = FIT_POSES


def _vae(seen: Seen, **settings: Any) -> PoseVAE:
    shape = VAESettings(**settings)
    return vae_training.fit(seen.points_NK2, seen.visible_NK, seen.centre, shape, seen.seed)


def _mean(seen: Seen) -> MeanDistance:
    return MeanDistance.fit(seen.points_NK2, seen.visible_NK)


def _pca(seen: Seen, **settings: Any) -> PCAResidual:
    return PCAResidual.fit(seen.points_NK2, seen.visible_NK, **settings)


def _knn(seen: Seen, **settings: Any) -> Neighbours:
    return Neighbours.fit(seen.points_NK2, seen.visible_NK, seen.clip_N, **settings)


SCORES = {
    "elbo": Kind(PoseVAE, _vae, tuple(VAESettings.__dataclass_fields__)),
    "reconstruction": Kind(PoseVAE, _vae, tuple(VAESettings.__dataclass_fields__)),
    "mean-distance": Kind(MeanDistance, _mean),
    "pca": Kind(PCAResidual, _pca, ("components",)),
    "knn": Kind(Neighbours, _knn, ("k",), REFERENCES),
}
"""By name."""

METHODS = tuple(SCORES)


def fit(
    table: PoseTable,
    method: str = "elbo",
    *,
    seed: int = 0,
    normalisation: str = "limb",
    **settings: Any,
) -> Scorer:
    """Fit a scorer to a table of poses.

    Args:
        table: the poses that difficulty is measured against, usually the source.
        method: one of `METHODS`.
        seed: which poses are seen, if there are more than 200,000 (k-NN: 20,000), and all that is
            random in the Pose VAE.
        normalisation: one of `normalisation.HOW`.
        **settings: `elbo` and `reconstruction`: fields of `pose_vae.VAESettings`; `pca`:
            `components`; `knn`: `k`.

    Raises:
        ValueError: for an unknown method or setting, or fewer than 3 poses that can be scored.
    """
    _check_method(method)
    _check_settings(method, settings)
    seen = table.select(seen_by_fit(~unscorable(table), method, seed, table.address))
    lengths = canonical_lengths(seen.keypoints_NK2, seen.visible_NK, table.skeleton)
    normaliser = Normaliser(table.skeleton, normalisation, lengths)
    points_NK2 = torch.cat([points for _, points, _ in normalised_chunks(seen, normaliser)])
    visible_NK = torch.from_numpy(seen.visible_NK)
    poses = Seen(points_NK2, visible_NK, seen.clip_N, normaliser.centre, seed)
    model = SCORES[method].fit(poses, **settings)
    fitted_on = {"address": table.address, "samples": len(table), "seen": len(seen)}
    return Scorer(method, normaliser, model, seed, fitted_on)


def seen_by_fit(
    scorable_N: npt.NDArray[np.bool_], method: str, seed: int, address: str = ""
) -> npt.NDArray[np.int64]:
    """Rising numbers of the poses that `fit` sees: all that can be scored, of many a random part.

    Args:
        scorable_N: which poses can be scored (see `scoring.unscorable`).
        method: one of `METHODS`.
        seed: of the fit.
        address: of the poses, for the message.

    Raises:
        ValueError: for an unknown method, or fewer than 3 poses that can be scored.
    """
    _check_method(method)
    usable = np.flatnonzero(scorable_N)
    if len(usable) < 3:
        raise ValueError(
            f"expected 3 poses or more with at least {FEWEST_VISIBLE} visible keypoints each in "
            f"{address or 'the table'}, found {len(usable)}; a few poses can be scored by "
            "the fit of a larger set (--scorer)"
        )
    most = SCORES[method].most
    if len(usable) > most:
        usable = np.sort(np.random.default_rng(seed).permutation(usable)[:most])
    return usable


def refit(scorer: Scorer, table: PoseTable, seed: int) -> Scorer:
    """Fit the same kind of scorer, with the same settings, on other poses or by another seed."""
    return fit(
        table,
        scorer.method,
        seed=seed,
        normalisation=scorer.normaliser.how,
        **{
            name: value
            for name, value in scorer.model.facts().items()
            if name in SCORES[scorer.method].settings
        },
    )


class _Described(TypedDict):
    """``scorer.json``."""

    format: int
    method: str
    normalisation: str
    lengths: list[float]
    skeleton: str
    model: dict[str, Any]
    seed: int
    fitted_on: dict[str, str | int | None]


def load_scorer(folder: str | Path) -> Scorer:
    """Read what `Scorer.save` wrote; its scores are the same to the last bit.

    Raises:
        ValueError: if the folder holds no scorer, a newer one, or a broken one.
    """
    folder = Path(folder)
    described = storage.read_json(folder / "scorer.json", _Described)
    try:
        if described["format"] != FORMAT:
            raise ValueError(
                f"expected a scorer of format {FORMAT}, found {described['format']}: it is of "
                f"another version of PoseSift; fit it again"
            )
        tensors = load_file(storage.file_at(folder / "scorer.safetensors", "its tensors"))
        model = SCORES[described["method"]].model.restore(described["model"], tensors)
        normaliser = Normaliser(
            Skeleton.from_json(described["skeleton"]),
            described["normalisation"],
            tuple(described["lengths"]),
        )
    except Exception as error:
        raise ValueError(f"cannot read the scorer in {folder}: {error!r}") from error
    seed, fitted_on = described["seed"], described["fitted_on"]
    return Scorer(described["method"], normaliser, model, seed, fitted_on)


def _check_method(method: str) -> None:
    if method not in SCORES:
        hint = spelling.hint(method, tuple(SCORES))
        raise ValueError(f"expected a method of {', '.join(SCORES)}; found '{method}'{hint}")


def _check_settings(method: str, settings: Mapping[str, Any]) -> None:
    known = SCORES[method].settings
    if unknown := sorted(set(settings) - set(known)):
        raise ValueError(
            f"method '{method}' has the settings {', '.join(known) or '(none)'}; "
            f"found {', '.join(unknown)}"
        )
