"""The folder of one training, or of a network measured on other data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posesift import documents, folders, notebook, storage
from posesift.grouped import ungrouped
from posesift.results import checked, evalpose_form, schema
from posesift.results.by_seed import lookup
from posesift.results.predictions import write_predictions
from posesift.results.score import Score, score_inside

if TYPE_CHECKING:
    from posesift.evaluation.judge import Judged

EVALUATION = "evaluation.json"


@dataclass(frozen=True)
class Run:
    """One training: its evaluation, its settings, and the losses it logged."""

    path: Path
    evaluation: dict[str, Any]
    settings: dict[str, Any]
    environment: dict[str, Any]
    metrics: list[dict[str, Any]]
    score: Score | None
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def headline(self) -> tuple[str, dict[str, Any]]:
        """The set that a run is judged by: the target where there is one, else the first."""
        sets = self.evaluation["sets"]
        name = "target" if "target" in sets else next(iter(sets), "")
        return name, sets.get(name, {})

    def set_label(self, name: str) -> str:
        """Give the title of a test set."""
        return str((self.settings.get("labels") or {}).get(name) or name)

    def baselines(self) -> dict[str, dict[str, Any]]:
        """Give the free baselines as rows: "name, set" to entry."""
        return {
            f"{baseline}, {self.set_label(name)}": entry
            for baseline, sets in (self.evaluation.get("baselines") or {}).items()
            for name, entry in sets.items()
        }

    def _repr_html_(self) -> str:
        form = evalpose_form.of_run(self.evaluation)
        named = {self.set_label(name): entry for name, entry in self.evaluation["sets"].items()}
        rows = [
            [
                name,
                entry.get("samples"),
                lookup(entry, "pck", "0.05"),
                lookup(entry, "pck", "0.1"),
                entry.get(form.key),
                entry.get("angle_error_deg"),
            ]
            for name, entry in (named | self.baselines()).items()
        ]
        columns = ["set", "samples", "PCK@0.05 %", "PCK@0.1 %", form.name, "angle error °"]
        title = str(self.settings.get("title") or self.settings.get("recipe") or "Run")
        return notebook.table(title, columns, rows, "Single seed: no confidence interval.")


def write_evaluation(folder: Path, judged: Judged, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Write what was measured: ``evaluation.json`` and ``predictions.parquet``.

    Args:
        folder: of the run.
        judged: predictions and figures of every test set.
        warnings: what readers of the figures must know.

    Returns:
        What ``evaluation.json`` holds: ``sets``, ``baselines`` and, if there are any,
        ``warnings``.
    """
    found = judged.document | ({"warnings": list(warnings)} if warnings else {})
    write_predictions(folder, judged.sets, judged.addresses)
    storage.write_json(folder / EVALUATION, found)
    return found


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        ValueError: a file in it is missing, broken, or lacks something.
    """
    evaluation = checked.document(folder / EVALUATION, ("sets",), schema.Evaluation)
    evaluation["sets"] = {name: entry or {} for name, entry in (evaluation["sets"] or {}).items()}
    settings_path, log = folder / "experiment.yaml", folder / "metrics.jsonl"
    settings: Any = {}
    if settings_path.is_file():
        text = storage.read_text(settings_path, "a YAML file")
        settings = documents.from_yaml(text, str(settings_path))
        settings = ungrouped(settings) if isinstance(settings, dict) else settings
        documents.converted(settings, schema.Settings, str(settings_path))
    environment_path = folder / "environment.json"
    environment: dict[str, Any] = {}
    if environment_path.is_file():
        environment = checked.document(environment_path, (), schema.Environment)
    manifest: dict[str, Any] = {}
    if folders.is_finished(folder):
        manifest = checked.document(folder / folders.MANIFEST, (), schema.Manifest)
    return Run(
        path=folder,
        evaluation=evaluation,
        settings=settings,
        environment=environment,
        metrics=_metrics(log) if log.is_file() else [],
        score=score_inside(folder),
        manifest=manifest,
    )


def _metrics(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a journal."""
    text = storage.read_text(path, "JSON lines")
    return [
        documents.from_json(line, schema.Line, f"{path}, line {number}")
        for number, line in enumerate(text.splitlines(), 1)
    ]
