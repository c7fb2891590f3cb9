"""Tensors written as safetensors files, straight to where they belong.

Files are read with the library of that name. Its writer makes temporary files of its own, which
a killed process leaves under names that say nothing, and reports a full disk in words alone; so
the format, a header in JSON and the bytes behind it, is written here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from posesift.storage import atomic_path

if TYPE_CHECKING:
    from torch import Tensor

_TYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


def write_tensors(path: str | Path, tensors: Mapping[str, Tensor]) -> None:
    """Write named tensors atomically as a safetensors file.

    Raises:
        ValueError: see `posesift.storage.atomic_path`.
    """
    with atomic_path(path) as temporary:
        save_tensors(temporary, tensors)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write named tensors to a file in place, say a temporary one; no copy of all is made.

    Raises:
        OSError: it cannot be written.
    """
    import torch

    # the widest first, so that each lies at a multiple of its width
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header, end = {}, 0
    for name, tensor in ordered:
        begin, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _TYPES[str(tensor.dtype).removeprefix("torch.")],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, tensor in ordered:
            file.write(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
