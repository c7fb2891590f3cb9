"""What keypoints are called elsewhere, and which are the mean of others: tables in TOML.

The built-in table is ``correspondences/keypoints.toml``; one of your own has the same form.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posesift import documents
from posesift.skeletons.sides import sided
from posesift.skeletons.skeleton import read_toml

TABLE = Path(__file__).parent / "correspondences" / "keypoints.toml"


@dataclass(frozen=True)
class Synonyms:
    """Names of keypoints, all as `plain` makes them.

    Attributes:
        where: the file, for messages.
        names: what a keypoint is called elsewhere -> its name here.
        means: a keypoint here -> those whose mean it is.
    """

    where: str
    names: Mapping[str, str]
    means: Mapping[str, tuple[str, ...]]


def plain(name: str) -> str:
    """Return a keypoint's name as it is compared: ``LWrist`` and ``Left Wrist``: ``left_wrist``."""
    return sided(name).key


@functools.cache
def built_in() -> Synonyms:
    """Return the table that is always used."""
    return load(TABLE)


def load(path: str | Path) -> Synonyms:
    """Read a table: ``[synonyms]`` and ``[means]``, in each NAME = a list of names.

    Raises:
        ValueError: there is no such file, or a mistake in it; the message names the entry.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise ValueError(f"expected a table of keypoint names (TOML) at {path}, found no file")
    document = read_toml(path)
    if unknown := set(document) - {"synonyms", "means"}:
        found = ", ".join(map(repr, sorted(unknown)))
        raise ValueError(f"{path}: expected [synonyms] and [means] and nothing else, found {found}")
    tables: dict[str, dict[str, tuple[str, ...]]] = {"synonyms": {}, "means": {}}
    for title in document:
        table = documents.converted(document[title], dict[str, Any], f"{path}: {title}")
        for name, given in table.items():
            others = documents.converted(given, list[str], f"{path}: {title}.{name}")
            if not others:
                raise ValueError(f"{path}: {title}.{name}: expected a list of names, found none")
            tables[title][plain(name)] = tuple(map(plain, others))
    names: dict[str, str] = {}
    for name, others in tables["synonyms"].items():
        for other in others:
            if names.setdefault(other, name) != name:
                raise ValueError(
                    f"{path}: {other!r} is a synonym of both {names[other]} and {name}"
                )
    return Synonyms(str(path), names, tables["means"])
