"""What a finished folder holds, read and checked once; nothing here draws.

N samples, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from posesift import documents, folders, storage
from posesift.evaluation import evalpose, pck
from posesift.grouped import ungrouped
from posesift.poses.parquet import numbers
from posesift.report import result_schema
from posesift.skeletons import Skeleton


@dataclass(frozen=True)
class ScoreFolder:
    """A score folder: its summary, and score, bin and index of N samples."""

    path: Path
    summary: dict[str, Any]
    index_N: np.ndarray
    score_N: np.ndarray
    bin_N: np.ndarray

    def _repr_html_(self) -> str:
        from posesift.experiments.score_view import score_html

        return score_html(self.summary)


@dataclass(frozen=True)
class Predictions:
    """Predictions of one run on one set, in pixels of a ``side`` x ``side`` crop.

    ``pck_N`` is the headline's PCK@0.05 of each sample alone, in percent, over its ``counted_N``
    visible keypoints of the headline group; the column of that name in the file counts every
    visible keypoint and is not read. ``evalpose_N`` is by limbs in folders of any version.
    """

    skeleton: Skeleton
    side: int
    address: str
    index_N: np.ndarray
    predicted_NK2: np.ndarray
    keypoints_NK2: np.ndarray
    visible_NK: np.ndarray
    difficulty_N: np.ndarray
    pck_N: np.ndarray
    counted_N: np.ndarray
    evalpose_N: np.ndarray


@dataclass(frozen=True)
class RunFolder:
    """One training: its evaluation, its settings, and the losses it logged."""

    path: Path
    evaluation: dict[str, Any]
    settings: dict[str, Any]
    environment: dict[str, Any]
    metrics: list[dict[str, Any]]
    score: ScoreFolder | None
    manifest: dict[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        from posesift.report.folder_views import run_html

        return run_html(self)


@dataclass(frozen=True)
class ComparisonFolder:
    """Arms by seeds: everything that ``comparison.json`` says, and where its parts lie."""

    path: Path
    comparison: dict[str, Any]
    score: ScoreFolder | None

    def _repr_html_(self) -> str:
        from posesift.report.folder_views import comparison_html

        return comparison_html(self)

    def cell(self, arm: str, seed: int) -> Path | None:
        """The run folder of one arm and seed, None when it is not at hand."""
        for cell in self.comparison["cells"]:
            if cell["arm"] == arm and cell["seed"] == seed and cell.get("folder"):
                folder = storage.inside(self.path, cell["folder"])
                return folder if folder.is_dir() else None
        return None


_NEEDED_BY_SUMMARY = ("address", "samples", "skeleton", "method", "bins", "edges", "variation")
_NEEDED_BY_COMPARISON = ("title", "seeds", "budget", "sets", "arms", "cells", "primary")


def read(folder: str | Path) -> ScoreFolder | RunFolder | ComparisonFolder:
    """Read the result in ``folder``, whichever of the three kinds it is.

    Raises:
        ValueError: there is no such folder, it holds none of the three, or a file in it is
            missing, broken, or lacks something.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"expected a folder with a result at {folder}, found no folder there")
    if (folder / "comparison.json").is_file():
        return _read_comparison(folder)
    if (folder / "evaluation.json").is_file():
        return _read_run(folder)
    if (folder / "summary.json").is_file():
        return read_score(folder)
    found = ", ".join(sorted(item.name for item in folder.iterdir())[:6]) or "nothing"
    raise ValueError(
        f"{folder} is no result that a report can be made of: expected summary.json (a score), "
        f"evaluation.json (a run) or comparison.json (a comparison), found {found}; "
        "give a folder that `posesift score`, `train`, `evaluate` or `demo` has finished"
    )


def read_score(folder: Path) -> ScoreFolder:
    """Read a score folder (see `read`)."""
    summary = _checked(folder / "summary.json", _NEEDED_BY_SUMMARY, result_schema.Summary)
    path = folder / "difficulty.parquet"
    table = _parquet(path, ("index", "score", "bin"))
    columns = {
        "index": _column(table, "index", np.int64, path),
        "score": _column(table, "score", np.float32, path),
        "bin": _column(table, "bin", np.int16, path),
    }
    if len(summary["edges"]) != summary["bins"] + 1 or len(summary["variation"]) != summary["bins"]:
        raise ValueError(
            f"{folder / 'summary.json'} speaks of {summary['bins']} bins but lists "
            f"{len(summary['edges'])} edges and {len(summary['variation'])} rows of variation"
        )
    if len(table) != summary["samples"]:
        raise ValueError(
            f"{folder / 'summary.json'} speaks of {summary['samples']} samples, {path} holds "
            f"{len(table)}; they are of different runs. Make the folder again"
        )
    if len(table) and not (
        columns["bin"].min() >= 0
        and columns["bin"].max() < summary["bins"]
        and columns["index"].min() >= 0
    ):
        raise ValueError(f"{path} holds numbers of bins or samples that there are not")
    return ScoreFolder(folder, summary, columns["index"], columns["score"], columns["bin"])


def read_predictions(folder: Path, set_name: str) -> Predictions | None:
    """Predictions of the run in ``folder`` on ``set_name``; None when it saved none.

    Raises:
        ValueError: the file is there but lacks a column or its metadata.
    """
    path = folder / "predictions.parquet"
    if not path.is_file():
        return None
    names = ("set", "index", "predicted", "keypoints", "visible", "difficulty")
    table = _parquet(path, names)
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

    def nested(name: str, kind: type, *shape: int) -> np.ndarray:
        return numbers(
            table[name].combine_chunks(), (len(rows), *shape), kind, f"{path}: column {name!r}"
        )

    def column(name: str) -> np.ndarray:
        return _column(table, name, np.float32, path).astype(np.float64)

    predicted_NK2 = nested("predicted", np.float32, k, 2)
    keypoints_NK2 = nested("keypoints", np.float32, k, 2)
    visible_NK = nested("visible", np.bool_, k)
    errors_NK = pck.relative_errors(predicted_NK2, keypoints_NK2, visible_NK, side)
    correct_N, counted_N = pck.hits(errors_NK, keypoints=skeleton.groups["all"])
    return Predictions(
        skeleton=skeleton,
        side=side,
        address=addresses.get(set_name, ""),
        index_N=_column(table, "index", np.int64, path),
        predicted_NK2=predicted_NK2,
        keypoints_NK2=keypoints_NK2,
        visible_NK=visible_NK,
        difficulty_N=column("difficulty"),
        pck_N=pck.percent_or_nan(correct_N, counted_N),
        counted_N=counted_N,
        evalpose_N=evalpose.evalpose_limbs(predicted_NK2, keypoints_NK2, visible_NK, skeleton),
    )


def _read_run(folder: Path) -> RunFolder:
    evaluation = _checked(folder / "evaluation.json", ("sets",), result_schema.Evaluation)
    evaluation["sets"] = {name: entry or {} for name, entry in (evaluation["sets"] or {}).items()}
    settings_path, log = folder / "experiment.yaml", folder / "metrics.jsonl"
    settings: Any = {}
    if settings_path.is_file():
        text = storage.read_text(settings_path, "a YAML file")
        settings = documents.from_yaml(text, str(settings_path))
        settings = ungrouped(settings) if isinstance(settings, dict) else settings
        documents.converted(settings, result_schema.Settings, str(settings_path))
    environment_path = folder / "environment.json"
    environment: Any = {}
    if environment_path.is_file():
        environment = _checked(environment_path, (), result_schema.Environment)
    return RunFolder(
        path=folder,
        evaluation=evaluation,
        settings=settings,
        environment=environment,
        metrics=_metrics(log) if log.is_file() else [],
        score=_score_of(folder),
        manifest=_manifest(folder),
    )


def _read_comparison(folder: Path) -> ComparisonFolder:
    path = folder / "comparison.json"
    comparison = _checked(path, _NEEDED_BY_COMPARISON, result_schema.Comparison)
    arms = {arm["name"] for arm in comparison["arms"]}
    for arm in comparison["arms"]:
        if arm["role"] == "oracle" and "trained_on" not in arm:
            raise ValueError(f"{path} does not say what the oracle {arm['name']!r} was trained on")
    for cell in comparison["cells"]:
        if cell["arm"] not in arms:
            raise ValueError(
                f"{folder / 'comparison.json'} has a cell of the arm {cell['arm']!r}, "
                f"which is not among its arms {', '.join(sorted(arms))}"
            )
    for key in ("arms", "cells", "seeds"):
        if not comparison[key]:
            raise ValueError(
                f"{folder / 'comparison.json'} has no {key}: nothing was compared. Make the "
                "comparison again"
            )
    return ComparisonFolder(folder, comparison, _score_of(folder))


def _score_of(folder: Path) -> ScoreFolder | None:
    """The score folder inside a run or comparison, or the one it shares its place with."""
    for place in (folder / "score", folder):
        if (place / "summary.json").is_file():
            return read_score(place)
    return None


def _manifest(folder: Path) -> dict[str, Any]:
    if not folders.is_finished(folder):
        return {}
    return _checked(folder / folders.MANIFEST, (), result_schema.Manifest)


def _metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal."""
    text = storage.read_text(path, "JSON lines")
    return [
        documents.from_json(line, result_schema.Line, f"{path}, line {number}")
        for number, line in enumerate(text.splitlines(), 1)
    ]


def _described(metadata: dict[bytes, bytes], path: Path) -> tuple[Skeleton, int, dict[str, str]]:
    """Skeleton, side of the crops, and addresses of the sets, in the metadata of predictions."""
    where = f"{path}: in the schema's metadata"
    try:
        skeleton = Skeleton.from_json(metadata[b"skeleton"].decode())
        said = metadata.get(b"addresses", metadata.get(b"address", b"{}"))
        addresses = documents.from_json(said, dict[str, str], "'addresses'")
        side = documents.from_json(metadata[b"side"], result_schema.Count, "'side'")
    except ValueError as error:
        raise ValueError(f"{where}, {error}") from None
    if not side:
        raise ValueError(f"{where}, 'side': expected the side of the crops, found 0")
    return skeleton, side, addresses


def _column(table: Any, name: str, kind: type, path: Path) -> np.ndarray:
    """A column of plain numbers."""
    where = f"{path}: column {name!r}"
    return numbers(table[name].combine_chunks(), (len(table),), kind, where)


def _checked(path: Path, needed: tuple[str, ...], kind: Any) -> dict[str, Any]:
    """A JSON object that has every needed key, all of it of the type that is meant.

    What is no number, NaN or infinity as others may write them, is null.
    """
    content = storage.read_json(path)
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(map(repr, missing))}; it was cut short, or written by "
            "something else. Make the folder again"
        )
    documents.converted(content, kind, str(path))
    return content


def _parquet(path: Path, needed: tuple[str, ...]) -> Any:
    if not path.is_file():
        raise ValueError(f"expected {path.name} in {path.parent}, found none; make it again")
    try:
        table = pq.read_table(path)
    except Exception as error:
        raise ValueError(f"{path} is not a readable Parquet file: {error}") from error
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise ValueError(f"{path} lacks the columns {', '.join(missing)}")
    return table
