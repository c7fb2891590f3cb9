"""The score folder: ``difficulty.parquet`` and ``summary.json`` beside the fitted scorer.

``difficulty.parquet`` holds ``index`` int64, ``score`` float32, ``bin`` int16, and the other scores
of the fit under their names; skeleton, method, edges and address stand in the schema's metadata.

N samples, k bins.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from posesift import folders, storage
from posesift.data.stream import PoseStream
from posesift.poses import PoseTable
from posesift.results import checked, schema
from posesift.results.score_table import score_html

SUMMARY, DIFFICULTY = "summary.json", "difficulty.parquet"
_ROWS = 1 << 20  # of a row group
_NEEDED = ("address", "samples", "skeleton", "method", "bins", "edges", "variation")


@dataclass(frozen=True)
class Score:
    """A scored table: its summary, and score, bin and index of N samples."""

    path: Path
    summary: dict[str, Any]
    index_N: NDArray[np.int64]
    score_N: NDArray[np.float32]
    bin_N: NDArray[np.int16]

    def _repr_html_(self) -> str:
        return score_html(self.summary)


def write_score(
    folder: Path,
    table: PoseTable | PoseStream,
    scores: dict[str, NDArray[np.float32]],
    bin_N: NDArray[np.int16],
    summary: dict[str, Any],
) -> None:
    """Write what was found of the poses of ``table``.

    Args:
        folder: of the score.
        table: the scored poses.
        scores: name of a score to its value of every pose; ``summary["method"]`` is among them.
        bin_N: counted from 0.
        summary: what ``summary.json`` holds (`schema.Summary`).
    """
    method = summary["method"]
    columns = {"score": scores[method], "bin": bin_N} | {
        name: score_N for name, score_N in scores.items() if name != method
    }
    metadata = {
        "skeleton": table.skeleton.to_json(),
        "method": method,
        "edges": json.dumps(summary["edges"]),
        "address": table.address,
    }
    kinds = [(n, pa.int16() if n == "bin" else pa.float32()) for n in columns]
    schema = pa.schema([("index", pa.int64()), *kinds]).with_metadata(metadata)
    with (
        storage.atomic_path(folder / DIFFICULTY) as temporary,
        pq.ParquetWriter(temporary, schema) as writer,
    ):
        for first in range(0, len(table), _ROWS):
            rows = slice(first, min(first + _ROWS, len(table)))
            index = np.arange(rows.start, rows.stop, dtype=np.int64)
            chunk = [index, *(column_N[rows] for column_N in columns.values())]
            writer.write_table(pa.table([_column(values) for values in chunk], schema=schema))
    storage.write_json(folder / SUMMARY, summary)


def _column(values_N: NDArray[Any]) -> pa.Array:
    """Give an array as it lies in memory: `pyarrow.array` would first import pandas to ask it."""
    values_N = np.ascontiguousarray(values_N)
    kind = pa.from_numpy_dtype(values_N.dtype)
    return pa.Array.from_buffers(kind, len(values_N), [None, pa.py_buffer(values_N)])


def read_score(folder: Path) -> Score:
    """Read a score folder.

    Raises:
        ValueError: a file in it is missing, broken, lacks something, or is of another run.
    """
    summary = checked.document(folder / SUMMARY, _NEEDED, schema.Summary)
    path = folder / DIFFICULTY
    kinds = {"index": np.int64, "score": np.float32, "bin": np.int16}
    index_N, score_N, bin_N = checked.columns(path, kinds).values()
    if len(summary["edges"]) != summary["bins"] + 1 or len(summary["variation"]) != summary["bins"]:
        raise ValueError(
            f"{folder / SUMMARY} speaks of {summary['bins']} bins but lists "
            f"{len(summary['edges'])} edges and {len(summary['variation'])} rows of variation"
        )
    if len(index_N) != summary["samples"]:
        raise ValueError(
            f"{folder / SUMMARY} speaks of {summary['samples']} samples, {path} holds "
            f"{len(index_N)}; they are of different runs. Make the folder again"
        )
    within = len(bin_N) == 0 or (bin_N.min() >= 0 and bin_N.max() < summary["bins"])
    if not within or (len(index_N) and index_N.min() < 0):
        raise ValueError(f"{path} holds numbers of bins or samples that there are not")
    return Score(folder, summary, index_N, score_N, bin_N)


def read_score_of(folder: Path, table: PoseTable) -> Score:
    """Read the finished score folder of ``table``.

    Raises:
        ValueError: not a finished score folder, or one of other data.
    """
    folders.read_manifest(folder, "score")
    found = read_score(folder)
    summary = found.summary
    if summary["address"] != table.address or summary["samples"] != len(table):
        raise ValueError(
            f"{folder} holds the scores of {summary['samples']} poses of {summary['address']}, "
            f"expected {len(table)} of {table.address}"
        )
    return found


def score_inside(folder: Path) -> Score | None:
    """Read the score folder inside a run or comparison, or the one it shares its place with."""
    for place in (folder / "score", folder):
        if (place / SUMMARY).is_file():
            return read_score(place)
    return None
