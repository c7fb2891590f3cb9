"""What the terms of a page mean, one plain sentence each; only those that the page uses.

A term is used where the reader meets it as text: in a heading, a sentence, a table, a caption.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

from posesift.report.blocks import Download, Explorer, Page
from posesift.report.theme import Chart

Word = tuple[str, str, str]
"""The term, the pattern by which it is found, and what it means."""

_FILE = resources.files("posesift.report").joinpath("glossary.toml")
WORDS: tuple[Word, ...] = tuple(
    (word["term"], word["pattern"], word["meaning"])
    for word in tomllib.loads(_FILE.read_text("utf-8"))["word"]
)


UNSEEN = ("role", "anchor", "command")  # of blocks: for the page's look and its links


def of(page: Page) -> list[tuple[str, str]]:
    """Return the terms that a page uses with their meaning, in the order of `WORDS`."""
    said = "\n".join(texts(page))
    return [(term, meaning) for term, pattern, meaning in WORDS if re.search(pattern, said)]


def texts(value: Any) -> Iterator[str]:
    """Every string of a page that a reader can see, without files and pictures."""
    if isinstance(value, str):
        if not value.startswith("data:"):
            yield value
    elif isinstance(value, Chart):
        yield from (value.title, value.alt, value.caption)
    elif isinstance(value, Download | Explorer):
        return
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif dataclasses.is_dataclass(value):
        for part in dataclasses.fields(value):
            if part.name not in UNSEEN:
                yield from texts(getattr(value, part.name))
