"""JSON label files, checked against the types that a reader expects."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

Document = TypeVar("Document")


def load(path: Path, kind: type[Document], told: str) -> Document:
    """The content of a JSON file.

    Args:
        path: the file.
        kind: what it holds.
        told: what the file is, for messages, such as "AP-10K's annotations".

    Raises:
        ValueError: no such file, not JSON, or JSON of another kind; the message says where.
    """
    if not path.is_file():
        raise ValueError(f"expected {told} at {path}, found no file")
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path} is JSON, but not {told}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}); it may be cut short") from None
