"""Scores of a large set, computed piece by piece on an engine, and kept until all are there.

What was computed before a cluster was lost is found again by the next call with the same poses and
the same fit, however many cores it has: pieces are cut by the number of poses alone.

Legend: N poses, B of a piece.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from posesift import progress
from posesift.data.stream import Piece, PoseStream
from posesift.difficulty.scorers import Scorer
from posesift.difficulty.scoring import with_medians
from posesift.tensor_files import write_tensors

Scores = dict[str, NDArray[np.float32]]


def scores_on_engine(
    poses: PoseStream, scorer: Scorer, scorable_N: NDArray[np.bool_], keep: Path | None
) -> Scores:
    """Give all scores of all poses by name, those of `Scorer.scores_of_parts` to the last bit.

    Args:
        poses: with an engine.
        scorer: the fit.
        scorable_N: which poses can be scored; the others get the median.
        keep: folder for the scores of pieces until all are there; None: nothing is kept.

    Raises:
        ValueError: as `PoseStream.map`; what was scored stays in ``keep``.
    """
    kept = None if keep is None else _Kept(keep, poses, scorer)
    scores: Scores = {}
    waiting = []
    for piece in poses.pieces:
        found = None if kept is None else kept.read(piece.place)
        if found is None:
            waiting.append(piece)
        else:
            _put(scores, piece.place, found, len(poses))
    with progress.bar("scoring pieces", len(waiting)) as done:
        for place, found in poses.map(partial(score_piece, scorer), waiting):
            if kept is not None:
                kept.write(place, found)
            _put(scores, place, found, len(poses))
            done.advance()
    if kept is not None:
        kept.clear()
    with_medians(scores, scorable_N)
    return scores


def score_piece(scorer: Scorer, piece: Piece) -> Scores:
    """Read the poses of a piece, wherever that is done, and give what the model says of them."""
    return scorer.raw_scores(piece.parts(bare=True), len(piece))


def _put(scores: Scores, place: slice, found: Scores, n: int) -> None:
    for name, score_B in found.items():
        scores.setdefault(name, np.empty(n, np.float32))[place] = score_B


class _Kept:
    """Scores of pieces on disk, under the name of the poses and the fit that they are of."""

    def __init__(self, folder: Path, poses: PoseStream, scorer: Scorer) -> None:
        self._folder = folder
        of = hashlib.sha256(f"{poses.address}\n{scorer.model.facts()}".encode())
        of.update(poses.seen_N.tobytes())
        for name, tensor in sorted(scorer.model.tensors().items()):
            of.update(name.encode() + tensor.detach().contiguous().numpy().tobytes())
        of.update(f"{scorer.normaliser.how} {scorer.normaliser.lengths}".encode())
        self._of = of.hexdigest()[:16]

    def read(self, place: slice) -> Scores | None:
        path = self._path(place)
        if not path.is_file():
            return None
        try:
            found = {name: tensor.numpy() for name, tensor in load_file(path).items()}
        except (SafetensorError, OSError):
            return None  # broken: it is computed again
        right = all(len(score_B) == place.stop - place.start for score_B in found.values())
        return found if right else None

    def write(self, place: slice, scores: Scores) -> None:
        tensors = {name: torch.from_numpy(score_B) for name, score_B in scores.items()}
        write_tensors(self._path(place), tensors)

    def clear(self) -> None:
        """Remove what was kept of these poses, and the folder if nothing else is in it."""
        for path in self._files():
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _files(self) -> Iterator[Path]:
        return self._folder.glob(f"{self._of}-*.safetensors")

    def _path(self, place: slice) -> Path:
        return self._folder / f"{self._of}-{place.start:012d}-{place.stop:012d}.safetensors"
