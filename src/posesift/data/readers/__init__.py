"""Readers: one file a format, each turning what is on disk into a pose table.

A reader is a function ``read(path, *, option=default, ...) -> PoseTable``. Its keyword
parameters are the options of the data address, converted by their annotations. To add a format,
write such a file and add its line to `READERS`. Every format with keypoints also has the option
``as=SKELETON``, which is applied here (`posesift.data.mapped`).
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import typing
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from posesift import skeletons
from posesift.data.address import Address, parse
from posesift.data.mapped import mapped
from posesift.poses.table import PoseTable

READERS = {
    "surreal": "posesift.data.readers.surreal",
    "lsp": "posesift.data.readers.lsp",
    "lspet": "posesift.data.readers.lspet",
    "mpii": "posesift.data.readers.mpii",
    "human36m": "posesift.data.readers.human36m",
    "rhd": "posesift.data.readers.rhd",
    "h3d": "posesift.data.readers.h3d",
    "freihand": "posesift.data.readers.freihand",
    "coco": "posesift.data.readers.coco",
    "coco-wholebody": "posesift.data.readers.coco_wholebody",
    "tigdog": "posesift.data.readers.tigdog",
    "animalpose": "posesift.data.readers.animalpose",
    "ap10k": "posesift.data.readers.ap10k",
    "synthetic-animals": "posesift.data.readers.synthetic_animals",
    "csv": "posesift.data.readers.csv",
    "poses": "posesift.data.readers.poses",
    "images": "posesift.data.readers.images",
    "world": "posesift.data.readers.world",
}
"""Kind of an address to the module that reads it, imported on first use."""

OWN_KEYPOINTS = {"coco": {"skeleton": "file"}}
"""Options with which a reader keeps the file's own keypoints, so that ``as=`` loses none."""

UNLABELLED = ("images",)
"""Kinds without keypoints: there is nothing to map."""


def read(address: str | Address, *, default_split: str | None = None) -> PoseTable:
    """Read the data that an address names.

    Args:
        address: such as ``"lspet:/data/lspet,split=test"``; see `posesift.data.address`.
        default_split: used where the address names no split. Training passes
            ``"train"``, those that evaluate ``"test"``.

    Returns:
        The table, with ``table.address`` the canonical spelling, split included.

    Raises:
        ValueError: unknown kind or option (the right spellings are listed), a value that does
            not fit, or whatever the reader finds wrong with the data.
    """
    if isinstance(address, str):
        address = parse(address)
    reader = _reader(address.kind)
    if default_split is not None and "split" in options(address.kind):
        values = {"split": default_split} | address.options
        address = dataclasses.replace(address, options=values)
    values = _converted(address)
    wanted = values.pop("as", None)
    if wanted is not None:
        target = skeletons.load(wanted)
        values = OWN_KEYPOINTS.get(address.kind, {}) | values
        table = reader(address.path, **values)
        try:
            table = mapped(table, target)
        except ValueError as error:
            raise ValueError(f"{address}: {error}") from None
    else:
        table = reader(address.path, **values)
    return dataclasses.replace(table, address=str(address))


def options(kind: str) -> dict[str, inspect.Parameter]:
    """The options of a format: name to parameter (annotation, default).

    >>> sorted(options("lspet"))
    ['as', 'boxes', 'split']

    Raises:
        ValueError: there is no such format.
    """
    parameters = inspect.signature(_reader(kind), eval_str=True).parameters
    found = {name: p for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    if kind not in UNLABELLED:
        # a word of Python's own, so no reader can have it as a keyword
        found["as"] = inspect.Parameter("as", inspect.Parameter.POSITIONAL_ONLY, annotation=str)
    return found


def help_text() -> str:
    """One paragraph for each format with its options, for ``--help`` and error messages."""
    lines = []
    for kind, module in READERS.items():
        summary = (importlib.import_module(module).__doc__ or "").partition("\n")[0]
        lines.append(f"{kind}:PATH  {summary}")
        lines += [f"    {_spelling(option)}" for option in options(kind).values()]
    return "\n".join(lines)


def _reader(kind: str) -> Callable[..., PoseTable]:
    if kind not in READERS:
        raise ValueError(
            f"expected a data format ({', '.join(READERS)}), found {kind!r}"
            + _closest(kind, READERS)
        )
    return importlib.import_module(READERS[kind]).read


def _converted(address: Address) -> dict[str, Any]:
    """The address's option texts as the types that the reader wants."""
    known = options(address.kind)
    values = {}
    for name, text in address.options.items():
        if name not in known:
            spellings = ", ".join(_spelling(option) for option in known.values())
            raise ValueError(
                f"{address}: {address.kind} data have no option {name!r}"
                f"{_closest(name, known)}; there are {spellings}"
            )
        try:
            values[name] = msgspec.convert(text, known[name].annotation, strict=False)
        except msgspec.ValidationError:
            choices = typing.get_args(known[name].annotation)
            hint = _closest(text, [choice for choice in choices if isinstance(choice, str)])
            raise ValueError(
                f"{address}: expected {_spelling(known[name])}, found {text!r}{hint}"
            ) from None
    return values


def _spelling(option: inspect.Parameter) -> str:
    """How an option is written: ``split=all|train|test`` or ``n=int``.

    >>> _spelling(options("lspet")["split"])
    'split=all|train|test'
    """
    kind = option.annotation
    if typing.get_origin(kind) is typing.Literal:
        return f"{option.name}={'|'.join(map(str, typing.get_args(kind)))}"
    members = [part for part in typing.get_args(kind) or (kind,) if part is not type(None)]
    return f"{option.name}={'|'.join(part.__name__ for part in members)}"


def _closest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
