"""A set scored by the fit of another, in the bins of that other: does the scorer know such poses?

Legend: N samples, M poses of the fit, k bins.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift import storage
from posesift.difficulty import bins
from posesift.difficulty.scorers import Scorer

HARDEST = 0.9  # quantile above which a pose of the fit is among its hardest tenth


def beside_source(
    folder: str | Path | None,
    scorer: Scorer,
    method: str,
    scorable_N: NDArray[np.bool_],
    score_N: NDArray[np.float32],
) -> dict[str, Any] | None:
    """How scored poses fall into the bins of the poses that ``scorer`` was fitted on.

    Args:
        folder: the score folder of the fit; None where the fit is new.
        scorer: what it holds.
        method: the chosen score.
        scorable_N: which of the poses can be scored.
        score_N: of these poses, by that score.

    Returns:
        JSON values: ``address`` and ``samples`` of the fit; the ``edges`` of its bins; how many of
        its poses (``source``) and of these (``these``) are in each; and ``in_hardest_tenth``, how
        many of these score above 90 % of the fit's poses. Poses that cannot be scored are not
        counted. None where the folder does not hold the scores of the poses of its own fit.

    Raises:
        ValueError: a file of the folder is broken.
    """
    if folder is None or not (scores := Path(folder) / "difficulty.parquet").is_file():
        return None
    summary = storage.read_json(Path(folder) / "summary.json")
    fitted_on = {key: summary.get(key) for key in ("address", "samples")}
    if fitted_on != {key: scorer.fitted_on.get(key) for key in fitted_on}:
        return None
    own = summary.get("method") == method
    source_M = _column(scores, "score" if own else method)
    if source_M is None:
        return None
    edges = np.asarray(summary["edges"], np.float64)
    if not own:  # bins of another score: as many of this one
        k = min(len(edges) - 1, len(np.unique(source_M)))
        edges = bins.bin_edges(source_M, k, summary["binning"])
    usable_N = score_N[scorable_N]
    counts = [
        np.bincount(bins.assign(values, edges), minlength=len(edges) - 1).tolist()
        if len(values)
        else [0] * (len(edges) - 1)
        for values in (source_M, usable_N)
    ]
    return fitted_on | {
        "edges": edges.tolist(),
        "source": counts[0],
        "these": counts[1],
        "in_hardest_tenth": int((usable_N > np.quantile(source_M, HARDEST)).sum()),
    }


def _column(path: Path, name: str) -> NDArray[np.float32] | None:
    """One column of a score folder's table; None where that fit does not give it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(storage.file_at(path, "a table of scores")) as file:
            if name not in file.schema_arrow.names:
                return None
            return file.read([name])[name].to_numpy()
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise ValueError(f"cannot read the scores in {path}: {error}") from None
