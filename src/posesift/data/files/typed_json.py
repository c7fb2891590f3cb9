"""JSON label files as they are found, checked against the types that a reader expects.

Python writes ``NaN`` and ``Infinity``, though JSON has no such words; Windows begins a file with a
byte order mark, or writes UTF-16. All of that is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from posesift import documents
from posesift.documents import Document

Side = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""Width or height as a label file tells it; one that no image has is told with the image."""


def load(path: Path, kind: type[Document], told: str) -> Document:
    """Return the content of a JSON file; ``NaN`` and infinite numbers are null.

    Args:
        path: the file.
        kind: what it holds.
        told: what the file is, for messages, such as "AP-10K's annotations".

    Raises:
        ValueError: no such file, not JSON (with line and column), or JSON of another kind; the
            message says where.
    """
    if not path.is_file():
        raise ValueError(f"expected {told} at {path}, found no file")
    content = path.read_bytes()
    try:
        return documents.decoded(content, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path} is JSON, but not {told}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON ({error}); it may be cut short") from None
