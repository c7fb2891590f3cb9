"""``predictions.parquet`` of a run folder: one row for every sample of every test set.

Columns: ``set`` string, ``index`` int64 (row in the set's pose table), ``predicted`` and
``keypoints`` fixed-size lists of 2K float32 in crop pixels (x0 y0 x1 y1 ..), ``confidence`` list
of K float32, ``visible`` list of K bool, and float32 ``difficulty``, ``pck`` (this sample's
PCK@0.05 in percent over its visible keypoints of the headline group, the twelve limb joints of a
body: what pages show), ``evalpose_limbs``, ``evalpose_100``; null = undefined.
The schema's metadata holds ``skeleton``, ``side``, ``addresses`` (set to data address) and ``pck``,
the group that the column counts; files without it counted all keypoints, and `read_predictions`
measures those anew.

Shapes: N samples, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from posesift import documents
from posesift.evaluation import evalpose, pck
from posesift.poses.parquet import numbers
from posesift.results.checked import column, parquet
from posesift.results.schema import Count
from posesift.skeletons import Skeleton
from posesift.storage import atomic_path

if TYPE_CHECKING:
    from posesift.evaluation import evaluate, predict

NAME = "predictions.parquet"
HEADLINE = "all"  # the group that PCK counts, of every skeleton
_FIGURES = ("pck", "evalpose_limbs")


@dataclass(frozen=True)
class Predictions:
    """Predictions of one run on one set, in pixels of a ``side`` x ``side`` crop.

    ``pck_N`` is the headline's PCK@0.05 of each sample alone, in percent, over its ``counted_N``
    visible keypoints of the headline group. ``evalpose_N`` is by limbs. ``confidence_NK`` is
    None in a file without it.
    """

    skeleton: Skeleton
    side: int
    address: str
    index_N: NDArray[np.int64]
    predicted_NK2: NDArray[np.float32]
    keypoints_NK2: NDArray[np.float32]
    visible_NK: NDArray[np.bool_]
    difficulty_N: NDArray[np.float64]
    pck_N: NDArray[np.float64]
    counted_N: NDArray[np.int64]
    evalpose_N: NDArray[np.float64]
    confidence_NK: NDArray[np.float32] | None = None


def write_predictions(
    folder: Path,
    sets: Mapping[str, tuple[predict.Predictions, evaluate.Evaluation]],
    addresses: Mapping[str, str],
) -> None:
    """Write ``predictions.parquet``, atomically.

    Args:
        folder: of the run.
        sets: name of a test set to its predictions and what `evaluate.evaluate` found.
        addresses: name of a test set to the data address it was read from.

    Raises:
        ValueError: the sets differ in skeleton or crop side, so one file cannot hold them.
    """
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
            **predictions.columns(),
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
        "pck": HEADLINE,
    }
    with atomic_path(folder / NAME) as temporary:
        pq.write_table(pa.concat_tables(tables).replace_schema_metadata(facts), temporary)


def read_predictions(folder: Path, set_name: str) -> Predictions | None:
    """Read the predictions of the run in ``folder`` on ``set_name``; None when it saved none.

    Raises:
        ValueError: the file is there but lacks a column or its metadata.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    table = parquet(path, ("set", "index", "predicted", "keypoints", "visible", "difficulty"))
    metadata = table.schema.metadata or {}
    for key in (b"skeleton", b"side"):
        if key not in metadata:
            raise ValueError(
                f"{path} lacks {key.decode()!r} in its metadata; was it written by PoseSift?"
            )
    rows = np.flatnonzero(table["set"].to_numpy(zero_copy_only=False) == set_name)
    if len(rows) == 0:
        return None
    table = table.take(rows)
    skeleton, side, addresses = _described(metadata, path)
    k = len(skeleton)

    def nested(name: str, kind: type, *shape: int) -> NDArray:
        found = table[name].combine_chunks()
        return numbers(found, (len(rows), *shape), kind, f"{path}: column {name!r}")

    def figure(name: str) -> NDArray[np.float64]:
        return column(table, name, np.float32, path).astype(np.float64)

    predicted_NK2 = nested("predicted", np.float32, k, 2)
    keypoints_NK2 = nested("keypoints", np.float32, k, 2)
    visible_NK = nested("visible", np.bool_, k)
    counted_N = visible_NK[:, list(skeleton.groups[HEADLINE])].sum(axis=1)
    if metadata.get(b"pck") == HEADLINE.encode() and set(_FIGURES) <= set(table.column_names):
        pck_N, evalpose_N = map(figure, _FIGURES)
    else:
        errors_NK = pck.relative_errors(predicted_NK2, keypoints_NK2, visible_NK, side)
        pck_N = pck.percent_or_nan(*pck.hits(errors_NK, keypoints=skeleton.groups[HEADLINE]))
        evalpose_N = evalpose.evalpose_limbs(predicted_NK2, keypoints_NK2, visible_NK, skeleton)
    return Predictions(
        skeleton=skeleton,
        side=side,
        address=addresses.get(set_name, ""),
        index_N=column(table, "index", np.int64, path),
        predicted_NK2=predicted_NK2,
        keypoints_NK2=keypoints_NK2,
        visible_NK=visible_NK,
        difficulty_N=figure("difficulty"),
        pck_N=pck_N,
        counted_N=counted_N,
        evalpose_N=evalpose_N,
        confidence_NK=nested("confidence", np.float32, k)
        if "confidence" in table.column_names
        else None,
    )


def read_confidence(folder: Path) -> NDArray[np.float32] | None:
    """Read how sure the run in ``folder`` was of its test samples, (N, K); None: it saved none.

    Raises:
        ValueError: the file is there but is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    table = parquet(path, ("confidence", "predicted"))
    values = table["confidence"].combine_chunks()
    joints = values.type.list_size if pa.types.is_fixed_size_list(values.type) else 0
    return numbers(values, (len(table), joints), np.float32, f"{path}: column 'confidence'")


def _described(metadata: dict[bytes, bytes], path: Path) -> tuple[Skeleton, int, dict[str, str]]:
    """Skeleton, side of the crops, and addresses of the sets, in the metadata of predictions."""
    where = f"{path}: in the schema's metadata"
    try:
        skeleton = Skeleton.from_json(metadata[b"skeleton"].decode())
        said = metadata.get(b"addresses", metadata.get(b"address", b"{}"))
        addresses = documents.from_json(said, dict[str, str], "'addresses'")
        side = documents.from_json(metadata[b"side"], Count, "'side'")
    except ValueError as error:
        raise ValueError(f"{where}, {error}") from None
    if not side:
        raise ValueError(f"{where}, 'side': expected the side of the crops, found 0")
    return skeleton, side, addresses


def _nullable(value_N: NDArray) -> pa.Array:
    return pa.array(value_N.astype(np.float32), mask=np.isnan(value_N))
