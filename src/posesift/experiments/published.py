"""Published results, read from ``published.toml``; never mixed with what was measured here."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from posesift.experiments.settings import choose

TRUST = ("read in the named source", "read in a secondary source", "recalled, unverified")


def tasks() -> tuple[str, ...]:
    """Give the tasks that there are rows for.

    >>> tasks()
    ('surreal-to-lsp', 'surreal-to-human36m', 'rhd-to-h3d')
    """
    return tuple(_document())


def rows(task: str) -> list[dict[str, Any]]:
    """Give the rows of a task, PCK@0.05 in percent.

    Returns:
        Each with ``method``, ``groups`` (joint group to value, or None where none was found),
        ``all`` (likewise), ``trust`` (one of `TRUST`) and ``note``.

    Raises:
        ValueError: no such task; the message lists them.

    >>> row = rows("surreal-to-lsp")[-1]
    >>> row["method"], row["all"], row["groups"]["hip"]
    ('Oracle', 92.9, 95.6)
    """
    document = _document()[choose("published task", task, tasks())]
    found = []
    for row in document["rows"]:
        values = row.get("values", [""] * len(document["groups"]) + [row.get("all", "")])
        *groups, over_all = (None if value == "" else float(value) for value in values)
        found.append(
            {
                "method": row["method"],
                "groups": dict(zip(document["groups"], groups, strict=True)),
                "all": over_all,
                "trust": row["trust"],
                "note": row.get("note", ""),
            }
        )
    return found


def caveats(task: str) -> list[str]:
    """Say what a reader must know before anything is set beside the rows of a task."""
    document = _document()[choose("published task", task, tasks())]
    return [*document["caveats"], f"All of the published rows: {document['all']}."]


@cache
def _document() -> dict[str, Any]:
    text = (
        resources.files("posesift.experiments")
        .joinpath("published.toml")
        .read_text(encoding="utf-8")
    )
    return tomllib.loads(text)
