"""An experiment as one plain value: what is trained, on what, for how long, tested where.

A recipe is a function that returns an `Experiment`; a flag replaces one of its settings; a run
folder keeps it, resolved, as ``experiment.yaml``, from which the run can be made again. No torch
here.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from posesift import documents, storage
from posesift.experiments.settings import (
    GROUPS,
    LARGEST_SEED,
    PLACES,
    DataSettings,
    HardwareSettings,
    MethodSettings,
    NetworkSettings,
    SamplingSettings,
    ScoringSettings,
    TrainingSettings,
    check,
    setting,
)
from posesift.grouped import ungrouped
from posesift.networks import NETWORKS

_BESIDE = {"start_from": 2, "rendered": 3}
"""Paths into the comparison that a run is a cell of, and how many folders up it begins."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The whole description of one training run.

    >>> experiment = Experiment.of(source="world:body", method="udape", side=96)
    >>> experiment.method.name, experiment.network.side, experiment.training.steps
    ('udape', 96, 200)
    >>> experiment.changed(steps=50).flat()["steps"]
    50
    """

    recipe: str = setting("", "The name of the recipe it came from.")
    title: str = setting("", "One line for people.")
    seed: int = setting(
        0,
        "Redraws the world, the scorer, the initialisation and every draw.",
        range=(0, LARGEST_SEED),
    )
    data: DataSettings
    method: MethodSettings = MethodSettings()
    network: NetworkSettings = NetworkSettings()
    sampling: SamplingSettings = SamplingSettings()
    scoring: ScoringSettings = ScoringSettings()
    training: TrainingSettings = TrainingSettings()
    hardware: HardwareSettings = HardwareSettings()
    published: str | None = setting(None, "Task whose published rows stand beside a comparison.")
    notes: tuple[str, ...] = setting((), "What a reader of the report must know.")

    @classmethod
    def of(cls, **settings: Any) -> Experiment:
        """Make an experiment from settings by their own names; see `settings.PLACES`.

        Raises:
            ValueError: there is no such setting, or one is out of its range.
        """
        return cls(**_grouped(settings, lambda group, values: GROUPS[group](**values)))

    def changed(self, **settings: Any) -> Experiment:
        """Replace settings by their own names, as flags do."""
        return Experiment.of(**self.flat() | settings)

    def flat(self) -> dict[str, Any]:
        """Give all settings by their own names."""
        top = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        found = {name: value for name, value in top.items() if name not in GROUPS}
        for name, (group, item) in PLACES.items():
            found[name] = getattr(top[group], item.name)
        return found

    def __post_init__(self) -> None:
        check(self, "")
        for group in GROUPS:
            check(getattr(self, group), group)
        name, side = self.network.name, self.network.side
        multiple = NETWORKS[name].multiple if name in NETWORKS else 32
        if side % multiple:
            below = max(multiple, side // multiple * multiple)
            raise ValueError(
                f"--side: the network {name} takes sides that are a multiple of {multiple} "
                f"pixels, such as {below} and {below + multiple}; found {side}"
            )
        if self.method.parity and self.network.batchnorm != "batch":
            raise ValueError(
                f"--batchnorm {self.network.batchnorm}: the published formulas (--parity) have "
                "BatchNorm by batch; leave one of the two out"
            )
        training, devices = self.training, self.hardware.devices
        if (0 if training.start_from else training.warmup_steps) + training.steps == 0:
            raise ValueError(
                "expected at least one training step; raise --steps (--from skips the warm-up)"
            )
        if training.batch_size % devices:
            raise ValueError(
                f"--batch-size: expected a multiple of the {devices} devices, found "
                f"{training.batch_size}"
            )

    def save(self, path: str | Path) -> None:
        """Write YAML from which `load` makes the same value.

        A start from the cell beside it is named relative to the file, and so are renderings of
        the same comparison, so that it can be moved as a whole.
        """
        flat = {name: value for name, value in self.flat().items() if value is not None}
        folder = Path(path).absolute().parent
        for name, levels in _BESIDE.items():
            beside = Path(flat.get(name, ""))
            if beside.is_absolute() and _up(beside, levels) == _up(folder, levels):
                flat[name] = os.path.relpath(beside, folder)
        document = storage.plain(_grouped(flat, lambda group, values: values))
        storage.write_text(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))

    @staticmethod
    def load(path: str | Path) -> Experiment:
        """Read what `save` wrote, or a file of settings by their own names, without groups.

        Raises:
            ValueError: no such file, not YAML, or a setting that an experiment does not have.
        """
        document = read_yaml(path)
        flat = ungrouped(document) if isinstance(document, dict) else {}
        if "source" not in flat:
            raise ValueError(f"{path}: expected an experiment (data: source: ...)")
        try:
            nested = _grouped(flat, lambda group, values: values)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        experiment = documents.converted(nested, Experiment, str(path))
        for name in _BESIDE:
            if (told := experiment.flat()[name] or "").startswith(os.pardir):
                beside = os.path.normpath(Path(path).absolute().parent / told)
                experiment = experiment.changed(**{name: beside})
        return experiment


def _up(path: Path, levels: int) -> Path:
    for _ in range(levels):
        path = path.parent
    return path


def read_yaml(path: str | Path) -> Any:
    """Read plain values from a YAML file; no object is ever made from it.

    Raises:
        ValueError: no such file, or not YAML.
    """
    return documents.from_yaml(storage.read_text(path, "a YAML file"), str(path))


def _grouped(flat: Mapping[str, Any], made: Any) -> dict[str, Any]:
    """Put settings into their groups, each of which ``made(group, values)`` makes.

    Raises:
        ValueError: there is no such setting.
    """
    top = {item.name for item in dataclasses.fields(Experiment)} - set(GROUPS)
    if unknown := sorted(str(name) for name in flat if name not in PLACES and name not in top):
        raise ValueError(f"an experiment has no field {', '.join(unknown)}")
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for name, value in flat.items():
        if name in PLACES:
            group, item = PLACES[name]
            groups[group][item.name] = value
    found = {name: value for name, value in flat.items() if name in top}
    return found | {group: made(group, values) for group, values in groups.items() if values}
