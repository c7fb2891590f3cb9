"""Readers: one file a format, each turning what is on disk into a pose table.

A reader is a function ``read(path, *, option=default, ...) -> PoseTable``. Its keyword
parameters are the options of the data address, converted by their annotations. Formats of videos
and of millions of samples have ``parts`` beside it (`posesift.data.readers.parts`), or ``blocks``
(`read_blocks`). To add a format, write such a file and add its line to `READERS`. Every format with
keypoints also has the options ``as=SKELETON`` and ``map=FILE``, which are applied here
(`posesift.data.labels.mapped`).
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import typing
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from posesift import skeletons, spelling
from posesift.data.address import Address, parse
from posesift.data.labels.mapped import mapped, never_visible
from posesift.data.readers import poses
from posesift.data.readers.parts import Part
from posesift.poses.table import PoseTable
from posesift.skeletons import synonyms

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
    "yolo": "posesift.data.readers.yolo",
    "csv": "posesift.data.readers.csv",
    "deeplabcut": "posesift.data.readers.deeplabcut",
    "sleap": "posesift.data.readers.sleap",
    "labelstudio": "posesift.data.readers.labelstudio",
    "cvat": "posesift.data.readers.cvat",
    "poses": "posesift.data.readers.poses",
    "images": "posesift.data.readers.images",
    "world": "posesift.data.readers.world",
}
"""Kind of an address to the module that reads it, imported on first use."""

OWN_KEYPOINTS = {"coco": {"skeleton": "file"}}
"""Options with which a reader keeps the file's own keypoints, so that ``as=`` loses none."""

Change = Callable[..., PoseTable]
"""A table and ``absent=``, and the table that the address asks for: see
`posesift.data.labels.mapped`."""

_BLOCK = 1 << 15  # samples of a block, where the format has none of its own

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
    address = _with_split(address, default_split)
    values, change = _arguments(address)
    return _named(_module(address.kind).read(address.path, **values), address, change)


def read_parts(address: str | Address, *, size: int = 1000) -> Iterator[Part]:
    """Yield the same samples as `read` in the same order, piece by piece.

    Where the format reads clip by clip, no more than one part need be in memory at a time; other
    formats are read whole when the first part is asked for, and cut.

    Args:
        address: as for `read`.
        size: samples a part, where the format has no parts of its own.

    Raises:
        ValueError: as `read`, some of it only when a part is read.
    """
    address = _with_split(address, None)
    module = _module(address.kind)
    if not hasattr(module, "parts"):
        table = read(address)
        for start in range(0, len(table), size):
            rows = np.arange(start, min(start + size, len(table)))
            # what the reader left out is told once
            told = {} if not start else {"problems": [], "notes": []}
            piece = table.changed(**told)
            yield Part(f"samples {rows[0]} to {rows[-1]}", partial(piece.select, rows))
        return
    values, change = _arguments(address)
    absent = ()
    if change is not None:
        absent = _never_shown(part.read() for part in module.parts(address.path, **values))
    for part in module.parts(address.path, **values):
        yield Part(part.name, partial(_read_part, part, address, change, absent))


def read_blocks(address: str | Address, *, bare: bool = False) -> Iterator[PoseTable]:
    """Yield the same samples as `read` in the same order, a table after the other.

    Unlike parts, of which each can be read by itself, blocks are as large as is fast. Where the
    format has ``blocks``, no more than one need be in memory at a time.

    Args:
        address: as for `read`.
        bare: the poses alone will do, without images and modes, where that is faster.

    Raises:
        ValueError: as `read`, some of it only when a block is read.
    """
    address = _with_split(address, None)
    module = _module(address.kind)
    if not hasattr(module, "blocks"):
        for part in read_parts(address, size=_BLOCK):
            yield part.read()
        return
    values, change = _arguments(address)
    absent = ()
    if change is not None:
        absent = _never_shown(module.blocks(address.path, bare=True, **values))
    for table in module.blocks(address.path, bare=bare, **values):
        yield _named(table, address, change, absent)


def read_stretch(
    address: Address, stretch: poses.Stretch, absent: tuple[str, ...], *, bare: bool = False
) -> Iterator[PoseTable]:
    """Yield the blocks of `read_blocks` that are in a stretch of a pose table.

    Args:
        address: of the whole table.
        stretch: of its rows.
        absent: keypoints that the whole table never shows (see `stretches`).
        bare: as for `read_blocks`.

    Raises:
        ValueError: as `read_blocks`, but for too many impossible keypoints, which are counted.
    """
    values, change = _arguments(address)
    for table in poses.blocks(address.path, bare=bare, stretch=stretch, **values):
        yield _named(table, address, change, absent)


def stretches(address: Address) -> tuple[list[poses.Stretch], tuple[str, ...]]:
    """Cut a pose table into stretches, and name the keypoints that it never shows.

    The keypoints are looked for only where the address asks for another skeleton.

    Raises:
        ValueError: as `posesift.data.readers.poses.stretches`, or an option that does not fit.
    """
    values, change = _arguments(address)
    found = poses.stretches(address.path, values.get("split", "all"))
    absent = ()
    if change is not None:
        absent = _never_shown(poses.blocks(address.path, bare=True, **values))
    return found, absent


def _read_part(
    part: Part, address: Address, change: Change | None, absent: tuple[str, ...]
) -> PoseTable:
    return _named(part.read(), address, change, absent)


def _never_shown(tables: Iterable[PoseTable]) -> tuple[str, ...]:
    """Names of the keypoints that no table shows; most often the first one shows all."""
    absent: set[str] | None = None
    for table in tables:
        if not table.visible_NK.any():
            continue  # shows none, and says nothing
        lacking = set(never_visible(table))
        absent = lacking if absent is None else absent & lacking
        if not absent:
            break
    return tuple(sorted(absent or ()))


def _with_split(address: str | Address, default_split: str | None) -> Address:
    if isinstance(address, str):
        address = parse(address)
    if default_split is not None and "split" in options(address.kind):
        values = {"split": default_split} | address.options
        address = dataclasses.replace(address, options=values)
    return address


def _arguments(address: Address) -> tuple[dict[str, Any], Change | None]:
    """Return the options as the reader wants them, and what ``as=`` and ``map=`` ask for."""
    values = converted(address)
    wanted = values.pop("as", None)
    file = values.pop("map", None)
    if wanted is None:
        if file is not None:
            raise ValueError(f"{address}: map= says what keypoints are called; add as=SKELETON")
        return values, None
    own = None if file is None else synonyms.load(file)
    change = partial(mapped, target=skeletons.load(wanted), own=own)
    return OWN_KEYPOINTS.get(address.kind, {}) | values, change


def _named(
    table: PoseTable,
    address: Address,
    change: Change | None,
    absent: tuple[str, ...] | None = None,
) -> PoseTable:
    """Return the table in the keypoints that the address asks for, with the address."""
    if change is not None:
        try:
            table = change(table, absent=absent)
        except ValueError as error:
            raise ValueError(f"{address}: {error}") from None
    return table.changed(address=str(address))


def options(kind: str) -> dict[str, inspect.Parameter]:
    """Return the options of a format: name to parameter (annotation, default).

    >>> sorted(options("lspet"))
    ['as', 'boxes', 'map', 'split']

    Raises:
        ValueError: there is no such format.
    """
    parameters = inspect.signature(_module(kind).read, eval_str=True).parameters
    found = {name: p for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    if kind not in UNLABELLED:
        for name in ("as", "map"):  # words of Python's own, so no reader has such a keyword
            found[name] = inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY, annotation=str)
    return found


def help_text() -> str:
    """One paragraph for each format with its options, for ``--help`` and error messages."""
    lines = []
    for kind, module in READERS.items():
        summary = (importlib.import_module(module).__doc__ or "").partition("\n")[0]
        lines.append(f"{kind}:PATH  {summary}")
        lines += [f"    {_spelling(option)}" for option in options(kind).values()]
    return "\n".join(lines)


def _module(kind: str) -> ModuleType:
    if kind not in READERS:
        raise ValueError(
            f"expected a data format ({', '.join(READERS)}), found {kind!r}"
            + spelling.hint(kind, READERS)
        )
    return importlib.import_module(READERS[kind])


def converted(address: Address) -> dict[str, Any]:
    """Return the address's option texts as the types that the reader wants.

    Raises:
        ValueError: unknown kind or option, or a value that does not fit.
    """
    known = options(address.kind)
    values = {}
    for name, text in address.options.items():
        if name not in known:
            spellings = ", ".join(_spelling(option) for option in known.values())
            raise ValueError(
                f"{address}: {address.kind} data have no option {name!r}"
                f"{spelling.hint(name, known)}; there are {spellings}"
            )
        try:
            values[name] = msgspec.convert(text, known[name].annotation, strict=False)
        except msgspec.ValidationError:
            choices = typing.get_args(known[name].annotation)
            hint = spelling.hint(text, [choice for choice in choices if isinstance(choice, str)])
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
