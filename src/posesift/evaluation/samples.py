"""``predictions.parquet`` of a run folder: one row for every sample of every test set.

Columns: ``set`` string, ``index`` int64 (row in the set's pose table), ``predicted`` and
``keypoints`` fixed-size lists of 2K float32 in crop pixels (x0 y0 x1 y1 ..), ``confidence`` list
of K float32, ``visible`` list of K bool, and float32 ``difficulty``, ``pck`` (this sample's
PCK@0.05 in percent over all its visible keypoints), ``evalpose_limbs``, ``evalpose_100``; null =
undefined.
The schema's metadata holds ``skeleton``, ``side``, and ``addresses`` (set to data address).

Shapes: N samples, K keypoints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from posesift.evaluation.evaluate import Evaluation
from posesift.storage import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

    from posesift.evaluation.predict import Predictions


def write_samples(
    path: str | Path,
    sets: Mapping[str, tuple[Predictions, Evaluation]],
    addresses: Mapping[str, str],
) -> None:
    """Write ``predictions.parquet``, atomically.

    Args:
        path: the file.
        sets: name of a test set to its predictions and what `evaluate.evaluate` found.
        addresses: name of a test set to the data address it was read from.

    Raises:
        ValueError: the sets differ in skeleton or crop side, so one file cannot hold them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert sets, "a run has at least one test set"
    first = next(iter(sets.values()))[0]
    tables = []
    for name, (predictions, evaluation) in sets.items():
        if predictions.side != first.side or not predictions.skeleton.same_as(first.skeleton):
            raise ValueError(
                f"expected every test set in crops of {first.side} px with skeleton "
                f"{first.skeleton.name}, found {predictions.side} px and "
                f"{predictions.skeleton.name} in {name!r}; write it to a file of its own"
            )
        columns = {
            "set": pa.array([name] * len(predictions)),
            "index": pa.array(predictions.index_N),
            **keypoint_columns(predictions),
            "difficulty": _nullable(evaluation.difficulty_N),
            "pck": _nullable(evaluation.pck_N),
            "evalpose_limbs": _nullable(evaluation.evalpose_limbs_N),
            "evalpose_100": _nullable(evaluation.evalpose_100_N),
        }
        tables.append(pa.table(columns))
    facts = {
        "skeleton": first.skeleton.to_json(),
        "side": json.dumps(first.side),
        "addresses": json.dumps(dict(addresses)),
    }
    with atomic_path(path) as temporary:
        pq.write_table(pa.concat_tables(tables).replace_schema_metadata(facts), temporary)


def keypoint_columns(predictions: Predictions) -> dict[str, pa.Array]:
    """Predictions and labels as Arrow columns, under the names that both files share."""
    import pyarrow as pa

    def fixed(values: NDArray, kind: Any) -> pa.Array:
        flat = np.ascontiguousarray(values, kind).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), flat.size // len(values))

    return {
        "predicted": fixed(predictions.keypoints_NK2, np.float32),
        "confidence": fixed(predictions.confidence_NK, np.float32),
        "keypoints": fixed(predictions.true_NK2, np.float32),
        "visible": fixed(predictions.visible_NK, bool),
    }


def _nullable(value_N: NDArray) -> pa.Array:
    import pyarrow as pa

    return pa.array(value_N.astype(np.float32), mask=np.isnan(value_N))
