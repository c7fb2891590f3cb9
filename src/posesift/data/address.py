r"""Data addresses: one line that names a data set, ``kind:path,option=value,...``.

``lspet:/d/lspet,split=test``, ``coco:/d/ann.json,images=/d/img,skeleton=hand21``,
``world:body,poses=target,n=2000``. No character of an ordinary address means anything to a
shell, so it needs no quotes. Only a comma inside a path does: it is written ``\,``, and since
shells take a bare backslash away, such an address is quoted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath

_COMMA = re.compile(r"(?<!\\),")  # a comma that no backslash marks as part of a value
_WORD = re.compile(r"[a-z][a-z0-9_-]*")
_ENDINGS = {
    ".json": "coco", ".csv": "csv", ".parquet": "poses", ".yaml": "yolo", ".yml": "yolo",
    ".slp": "sleap", ".xml": "cvat",
}  # fmt: skip
"""Formats that one file is, by the ending it mostly has."""
_WITHIN = {
    "annotations.json": "coco", "data.yaml": "yolo", "labels.csv": "csv", "poses.parquet": "poses",
}  # fmt: skip
"""Formats whose file a folder mostly holds under this name."""
WORLDS: tuple[str, ...] = ("body", "hand")
"""Names of the worlds; each is a module of `posesift.data.worlds` with the names of `World`."""


@dataclass(frozen=True)
class Address:
    r"""A parsed address; ``str()`` gives its one canonical spelling.

    Attributes:
        kind: the format, ``"lspet"``; `posesift.data.readers.read` knows which there are.
        path: file, folder or name of a world, as written.
        options: the rest, values still text. Their order does not matter and is kept.

    >>> str(Address("coco", "/d/a,b.json", {"split": "test"}))
    'coco:/d/a\\,b.json,split=test'
    """

    kind: str
    path: str
    options: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        values = [f"{name}={_escape(value)}" for name, value in self.options.items()]
        return ",".join([f"{self.kind}:{_escape(self.path)}", *values])


def parse(text: str) -> Address:
    r"""Read an address.

    Whether the kind exists and takes these options is checked by the reader's registry.

    Raises:
        ValueError: there is no kind or no path, a piece is not ``option=value``, or an option
            comes twice.

    >>> parse("world:body,poses=target,n=2000")
    Address(kind='world', path='body', options={'poses': 'target', 'n': '2000'})
    >>> parse(r"images:/d/beach\, 2024,split=test").path
    '/d/beach, 2024'
    >>> parse("lspet:C:\\data\\lspet").path
    'C:\\data\\lspet'
    """
    kind, colon, rest = text.strip().partition(":")
    if not colon or not _WORD.fullmatch(kind):
        raise ValueError(
            f"expected a data address like lspet:/data/lspet or world:body,poses=target, "
            f"found {text!r}{_format_of(text)}"
        )
    path, *pieces = _COMMA.split(rest)
    if not path or path.endswith("\\"):
        found = "ends in a backslash" if path else "names nothing behind the colon"
        raise ValueError(f"expected a path or a name behind {kind!r}: the address {text!r} {found}")
    options: dict[str, str] = {}
    for piece in map(str.lstrip, pieces):
        name, equals, value = piece.partition("=")
        if not equals or not _WORD.fullmatch(name) or not value or value.endswith("\\"):
            raise ValueError(
                f"expected option=value behind each comma of {text!r}, found {piece!r}; "
                r"a comma inside a path is written \, and the address then needs quotes in a shell"
            )
        if name in options:
            raise ValueError(f"the address {text!r} gives the option {name!r} twice; keep one")
        options[name] = _unescape(value)
    return Address(kind, _unescape(path), options)


def _format_of(path: str) -> str:
    """Guess the format of a file or folder by its name, as the end of a message.

    >>> _format_of("people.json"), _format_of("people")
    ('; did you mean coco:people.json?', '; write the format and a colon before the path')
    """
    path = path.strip()
    kind = _ENDINGS.get(PurePath(path).suffix.lower())
    if path in WORLDS:
        kind = "world"
    elif not kind and Path(path).is_dir():
        name = next((name for name in _WITHIN if Path(path, name).is_file()), None)
        if name is not None:
            kind, path = _WITHIN[name], str(PurePath(path, name))
        elif Path(path, "joints.mat").is_file():
            kind = "lspet"
    found = f"did you mean {kind}:{path}?" if kind else ""
    return f"; {found or 'write the format and a colon before the path'}"


def _escape(value: str) -> str:
    return value.replace(",", r"\,")


def _unescape(value: str) -> str:
    return value.replace(r"\,", ",")
