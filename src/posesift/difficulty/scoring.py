"""A scorer at work: a table of poses in, one difficulty a pose out.

Scoring goes chunk by chunk, so that the memory does not grow with N beyond the table itself, and
never looks at the coordinates of an invisible keypoint.

Legend: N samples, B of them in a chunk, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from posesift import notebook, storage
from posesift.difficulty.normalisation import Normaliser, chunks
from posesift.poses import PoseTable
from posesift.skeletons import Skeleton
from posesift.tensor_files import write_tensors

FEWEST_VISIBLE = 3  # keypoints below which a pose cannot be scored
FORMAT = 1  # of a saved scorer


class Seen(NamedTuple):
    """What a model is fitted to: normalised poses of a table.

    Attributes:
        points_NK2: zero where not visible.
        visible_NK: which keypoints are known.
        clip_N: video that each pose is of, or None.
        centre: keypoints whose mean the poses are centred on.
        seed: of what is random in the fit.
    """

    points_NK2: Tensor
    visible_NK: Tensor
    clip_N: npt.NDArray | None
    centre: tuple[int, ...]
    seed: int


class Model(Protocol):
    """What stands behind a scorer: normalised poses in, named scores out."""

    def scores(
        self, points_BK2: Tensor, visible_BK: Tensor, clip_B: npt.NDArray | None = None
    ) -> dict[str, Tensor]:
        """Scores (B,) by name."""
        ...

    def facts(self) -> dict[str, Any]:
        """All but the tensors, as JSON values."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """All that was learned."""
        ...


@dataclass(frozen=True)
class Scorer:
    """Gives each pose of a table its difficulty.

    Attributes:
        method: which of its scores is the difficulty, one of `scorers.METHODS`.
        normaliser: what is done to a pose first.
        model: what was fitted.
        seed: of the fit.
        fitted_on: address of the table, and how many of its poses were seen.
    """

    method: str
    normaliser: Normaliser
    model: Model
    seed: int = 0
    fitted_on: dict[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        pairs = [
            ("skeleton", self.skeleton.name),
            ("normalisation", self.normaliser.how),
            ("fitted on", str(self.fitted_on.get("address") or "")),
            ("poses seen", self.fitted_on.get("seen")),
            ("seed", self.seed),
        ]
        return notebook.facts(f"Scorer: {self.method}", pairs)

    @property
    def skeleton(self) -> Skeleton:
        """The skeleton that this scorer can score."""
        return self.normaliser.skeleton

    def score(self, table: PoseTable) -> npt.NDArray[np.float32]:
        """Difficulty of each pose: (N,) float32, higher = harder, always finite.

        A pose with fewer than 3 visible keypoints says nothing (see `unscorable`); it gets the
        table's median, so that no strategy prefers or avoids it.

        Raises:
            ValueError: for a table of another skeleton, or without a single pose to score.
        """
        return self.scores(table)[self.method]

    def scores(self, table: PoseTable) -> dict[str, npt.NDArray[np.float32]]:
        """All scores that the model gives at once: the Pose VAE's `elbo` and `reconstruction`."""
        self.check(table)
        return self.scores_of_parts([(slice(0, len(table)), table)], ~unscorable(table))

    def scores_of_parts(
        self,
        parts: Iterable[tuple[slice, PoseTable]],
        scorable_N: npt.NDArray[np.bool_],
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Give the scores of a set that is read part by part, as `scores` gives those of a table.

        They are the same to the last bit where a part begins at a multiple of
        `normalisation.CHUNK`: products of matrices round by the number of their rows.

        Args:
            parts: tables, each with its place among the N poses.
            scorable_N: which poses can be scored; the others get the median.
        """
        scores = self.raw_scores(parts, len(scorable_N))
        with_medians(scores, scorable_N)
        return scores

    def raw_scores(
        self, parts: Iterable[tuple[slice, PoseTable]], n: int
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Give what the model says of ``n`` poses; of those that cannot be scored it is anything.

        Args:
            parts: as for `scores_of_parts`.
            n: how many poses they are.
        """
        scores: dict[str, npt.NDArray[np.float32]] = {}
        for place, table in parts:
            for rows, points_BK2, visible_BK in normalised_chunks(table, self.normaliser):
                clip_B = None if table.clip_N is None else table.clip_N[rows]
                into = slice(place.start + rows.start, place.start + rows.stop)
                for name, score_B in self.model.scores(points_BK2, visible_BK, clip_B).items():
                    score_N = scores.setdefault(name, np.empty(n, np.float32))
                    score_N[into] = score_B.numpy()
        return scores

    def points(self, table: PoseTable) -> npt.NDArray[np.float32]:
        """Return the poses as the model sees them: (N, K, 2) float32, zero where not visible."""
        points_NK2 = np.empty(table.keypoints_NK2.shape, dtype=np.float32)
        for rows, points_BK2, _ in normalised_chunks(table, self.normaliser):
            points_NK2[rows] = points_BK2.numpy()
        return points_NK2

    def save(self, folder: str | Path) -> None:
        """Write `scorer.safetensors` and, last, `scorer.json` into a folder."""
        folder = Path(folder)
        write_tensors(folder / "scorer.safetensors", self.model.tensors())
        described = {
            "format": FORMAT,
            "method": self.method,
            "skeleton": self.skeleton.to_json(),
            "normalisation": self.normaliser.how,
            "lengths": list(self.normaliser.lengths),
            "seed": self.seed,
            "fitted_on": self.fitted_on,
            "model": self.model.facts(),
        }
        storage.write_json(folder / "scorer.json", described)

    def check(self, table: PoseTable) -> None:
        """Refuse a table that this scorer cannot score.

        Raises:
            ValueError: it has another skeleton, or no pose with enough visible keypoints.
        """
        self.check_poses(table.skeleton, ~unscorable(table), table.address)

    def check_poses(
        self, skeleton: Skeleton, scorable_N: npt.NDArray[np.bool_], address: str
    ) -> None:
        """Refuse poses that this scorer cannot score, as `check` does, without their table."""
        if not self.skeleton.same_as(skeleton):
            raise ValueError(
                f"this scorer was fitted on another skeleton than {address or 'the table'} "
                f"has: {self.skeleton.difference(skeleton)}. Fit one on poses of "
                f"{skeleton.name}"
            )
        if not scorable_N.any():
            raise ValueError(
                f"expected poses with {FEWEST_VISIBLE} visible keypoints or more in "
                f"{address or 'the table'}, found none among {len(scorable_N)}"
            )


def unscorable(table: PoseTable) -> npt.NDArray[np.bool_]:
    """Which poses (N,) have fewer than 3 visible keypoints and get the table's median score."""
    return table.visible_NK.sum(1) < FEWEST_VISIBLE


def with_medians(
    scores: dict[str, npt.NDArray[np.float32]], scorable_N: npt.NDArray[np.bool_]
) -> None:
    """Give poses that cannot be scored, or have no finite score, the median of the others."""
    for score_N in scores.values():
        silent_N = ~scorable_N | ~np.isfinite(score_N)
        if silent_N.any():
            score_N[silent_N] = np.median(score_N[~silent_N])


def normalised_chunks(
    table: PoseTable, normaliser: Normaliser
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Slices of the table with their normalised points and visibility."""
    box_N4 = table.crop_boxes_N4() if normaliser.how == "crop" else None
    for rows, keypoints_BK2, visible_BK, box_B4 in chunks(
        table.keypoints_NK2, table.visible_NK, box_N4
    ):
        yield rows, normaliser(keypoints_BK2, visible_BK, box_B4), visible_BK
