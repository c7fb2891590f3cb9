"""How ``--help`` shows flags: what to write in the place of a value, and no word of ``None``."""

from __future__ import annotations

import dataclasses
import functools
import typing
from pathlib import Path
from types import NoneType
from typing import Annotated, Any

import tyro

from posesift import spelling

VALUES = {
    "source": "DATA",
    "target": "DATA",
    "test": "DATA",
    "data": "DATA",
    "recipe": "RECIPE",
    "folder": "FOLDER",
    "run_folder": "FOLDER",
    "out": "FOLDER",
    "start_from": "FOLDER",
    "scorer": "FOLDER",
    "style_weights": "FOLDER",
    "experiment_file": "EXPERIMENT.yaml",
    "weights": "imagenet|none|FILE",
    "network": "NETWORK",
    "sampling": "STRATEGY",
    "samplings": "STRATEGY",
    "methods": "METHOD",
    "seeds": "N",
    "sheet": "FILE",
    "boxes": "FILE",
    "angles": "FILE",
    "strategy": "STRATEGY",
    "mix": "NAME=SHARE,...",
    "val": "PATH",
}
"""What stands for the value of a flag, by its name; others by their type."""

WORDS = {
    "images": "IMAGES",
    "scores": "FOLDER",
    "world": "WORLD",
    "kind": "FORMAT",
    "raw": "FOLDER",
    "like": "FOLDER|DATA",
}
"""The same of flags that take any text; of words to choose from, these stand there."""

NUMBERS = {int: "a whole number", float: "a number"}

TYPES = {int: "N", float: "NUMBER", Path: "PATH", str: "TEXT"}


@functools.cache
def shown(command: type) -> type:
    """Give the same command, its flags annotated for help.

    A flag that is left out without a default of its own is off, or as its text says; saying
    "(default: None)" of it tells nobody anything.
    """
    hints = typing.get_type_hints(command, include_extras=True)
    for field in dataclasses.fields(command):
        hint = hints[field.name]
        given: dict[str, Any] = {}
        if metavar := _value_of(field.name, hint):
            given["metavar"] = metavar
        if field.default is None or field.default is False or field.default == ():
            given["help_behavior_hint"] = ""
        if field.default is dataclasses.MISSING and typing.get_origin(_plain(hint)) is tuple:
            given["help_behavior_hint"] = "(required)"
        number = next((kind for kind in NUMBERS if _plain(hint) == kind | None), None)
        choices = _choices(hint)
        told = (_optional(number, given.get("metavar", "N")),) if number else ()
        told += (_one_of(choices, given.get("metavar", "NAME")),) if choices else ()
        if given or told:
            annotations = (tyro.conf.arg(**given), *told)
            command.__annotations__[field.name] = Annotated[(hint, *annotations)]
    return command


def _optional(kind: type, metavar: str) -> tyro.constructors.PrimitiveConstructorSpec:
    """Read a number that may be left out, and say what was expected where it is none."""

    def number(words: list[str]) -> Any:
        try:
            return kind(words[0])
        except ValueError:
            raise ValueError(f"expected {NUMBERS[kind]}, found {words[0]!r}") from None

    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=number,
        is_instance=lambda value: value is None or isinstance(value, kind),
        str_from_instance=lambda value: [str(value)],
    )


def _one_of(choices: tuple[str, ...], metavar: str) -> tyro.constructors.PrimitiveConstructorSpec:
    """Read one of some words, which may be left out, and say which there are where it is none."""

    def word(words: list[str]) -> Any:
        if words[0] not in choices:
            close = spelling.hint(words[0], choices)
            raise ValueError(f"expected one of {', '.join(choices)}, found {words[0]!r}{close}")
        return words[0]

    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar=metavar,
        instance_from_str=word,
        is_instance=lambda value: value is None or value in choices,
        str_from_instance=lambda value: [str(value)],
    )


def _choices(hint: Any) -> tuple[str, ...]:
    """Give the words that a flag takes one of; none where it takes anything, or several."""
    hint = _plain(hint)
    if NoneType in typing.get_args(hint):
        hint = next(part for part in typing.get_args(hint) if part is not NoneType)
    words = typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()
    return words if all(isinstance(word, str) for word in words) else ()


def _plain(hint: Any) -> Any:
    while typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    return hint


def _value_of(name: str, hint: Any) -> str | None:
    """Say what stands for a value: by the flag's name, its choices, or its type."""
    hint = _plain(hint)
    if hint is bool:
        return None
    if name in VALUES:
        return VALUES[name]
    parts = [part for part in typing.get_args(hint) if part is not NoneType] or [hint]
    while typing.get_origin(parts[0]) is tuple or parts[0] is Ellipsis:
        parts = list(typing.get_args(parts[0]))
    if typing.get_origin(hint) is typing.Literal:
        return "|".join(map(str, parts))
    if typing.get_origin(parts[0]) is typing.Literal:
        return "|".join(map(str, typing.get_args(parts[0])))
    return WORDS.get(name) if parts[0] is str and name in WORDS else TYPES.get(parts[0])
