"""What a finished folder holds, read and checked once; nothing here draws.

N samples, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml

from posesift import folders, storage
from posesift.evaluation import evalpose, pck
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
    summary = _checked(folder / "summary.json", _NEEDED_BY_SUMMARY)
    table = _parquet(folder / "difficulty.parquet", ("index", "score", "bin"))
    columns = {name: table[name].to_numpy() for name in ("index", "score", "bin")}
    if len(summary["edges"]) != summary["bins"] + 1 or len(summary["variation"]) != summary["bins"]:
        raise ValueError(
            f"{folder / 'summary.json'} speaks of {summary['bins']} bins but lists "
            f"{len(summary['edges'])} edges and {len(summary['variation'])} rows of variation"
        )
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
    metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    for key in ("skeleton", "side"):
        if key not in metadata:
            raise ValueError(f"{path} lacks {key!r} in its metadata; was it written by PoseSift?")
    rows = np.flatnonzero(table["set"].to_numpy(zero_copy_only=False) == set_name)
    if len(rows) == 0:
        return None
    table = table.take(rows)
    skeleton = Skeleton.from_json(metadata["skeleton"])
    addresses = json.loads(metadata.get("addresses", metadata.get("address", "{}")))
    k = len(skeleton)

    def nested(name: str, *shape: int) -> np.ndarray:
        flat = table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(rows), *shape)

    def column(name: str) -> np.ndarray:
        return table[name].to_numpy(zero_copy_only=False).astype(np.float64)

    predicted_NK2, keypoints_NK2 = nested("predicted", k, 2), nested("keypoints", k, 2)
    visible_NK, side = nested("visible", k), int(metadata["side"])
    errors_NK = pck.relative_errors(predicted_NK2, keypoints_NK2, visible_NK, side)
    correct_N, counted_N = pck.hits(errors_NK, keypoints=skeleton.groups["all"])
    return Predictions(
        skeleton=skeleton,
        side=side,
        address=addresses.get(set_name, ""),
        index_N=table["index"].to_numpy(),
        predicted_NK2=predicted_NK2,
        keypoints_NK2=keypoints_NK2,
        visible_NK=visible_NK,
        difficulty_N=column("difficulty"),
        pck_N=pck.percent_or_nan(correct_N, counted_N),
        counted_N=counted_N,
        evalpose_N=evalpose.evalpose_limbs(predicted_NK2, keypoints_NK2, visible_NK, skeleton),
    )


def _read_run(folder: Path) -> RunFolder:
    evaluation = _known(_checked(folder / "evaluation.json", ("sets",)))
    evaluation["sets"] = {name: entry or {} for name, entry in (evaluation["sets"] or {}).items()}
    settings_path, log = folder / "experiment.yaml", folder / "metrics.jsonl"
    settings: Any = {}
    if settings_path.is_file():
        try:
            settings = yaml.safe_load(settings_path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ValueError(f"{settings_path} is not valid YAML: {error}") from None
    metrics = []
    if log.is_file():
        metrics = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    environment = folder / "environment.json"
    return RunFolder(
        path=folder,
        evaluation=evaluation,
        settings=settings if isinstance(settings, dict) else {},
        environment=storage.read_json(environment) if environment.is_file() else {},
        metrics=metrics,
        score=_score_of(folder),
        manifest=_manifest(folder),
    )


def _read_comparison(folder: Path) -> ComparisonFolder:
    comparison = _known(_checked(folder / "comparison.json", _NEEDED_BY_COMPARISON))
    arms = {arm["name"] for arm in comparison["arms"]}
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
    return folders.read_manifest(folder) if folders.is_finished(folder) else {}


def _checked(path: Path, needed: tuple[str, ...]) -> dict[str, Any]:
    """A JSON object that has every needed key."""
    content = storage.read_json(path)
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(map(repr, missing))}; it was cut short, or written by "
            "something else. Make the folder again"
        )
    return content


def _known(content: Any) -> Any:
    """JSON with null for every number that is none: NaN and infinity, as others may write them."""
    if isinstance(content, dict):
        return {key: _known(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_known(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


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
