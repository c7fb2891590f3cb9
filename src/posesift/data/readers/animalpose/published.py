"""The lists of AnimalPose's animals that come with published adaptation code, one a half."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from posesift.data.files import plain_pickle
from posesift.data.labels import published_rows
from posesift.data.labels.splits import Split
from posesift.data.readers.animalpose.annotations import Annotation

_SETS = ("cached_data/real_animal_pose", "real_animal_pose")


def published(
    folder: Path, wanted: Sequence[str], split: Split, name_of: dict[int, str]
) -> tuple[list[Annotation], list[str]]:
    """Return the animals of the published halves, in their order; and what is to be told."""
    parts = {"train": ("train",), "test": ("test",), "all": ("train", "test")}[split]
    names = [f"{part}_anno.npy" for part in parts]
    animals: list[Annotation] = []
    told = []
    for kind in wanted:
        places = [f"{each}/{kind}" for each in _SETS]
        place = published_rows.place(folder, places, names, f"the published lists of {kind}s")
        for name in names:
            found = _listed(place / name)
            animals += found
            others = {name_of.get(a.category_id, "unknown") for a in found} - {kind}
            if others:
                told.append(
                    f"{place / name} holds the species {', '.join(sorted(others))}, not {kind}: "
                    "it is the published copy with the species exchanged"
                )
    return animals, told


def _listed(path: Path) -> list[Annotation]:
    """Return the annotations of one published file: pickled dicts, of which nothing is run."""
    entries = plain_pickle.load_npy(path).reshape(-1).tolist()
    plain_entries = [
        {key: _plain(value) for key, value in entry.items()} if isinstance(entry, dict) else entry
        for entry in entries
    ]
    try:
        return msgspec.convert(plain_entries, list[Annotation])
    except msgspec.ValidationError as error:
        raise ValueError(
            f"{path}: expected AnimalPose annotations, found others: {error}"
        ) from None


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
