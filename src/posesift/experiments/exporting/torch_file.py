"""A PyTorch program that runs without PoseSift, its weights by name, and a loader for both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from posesift.experiments.exporting.deployed import Export
from posesift.storage import atomic_path, write_text
from posesift.tensor_files import save_tensors

PROGRAM, WEIGHTS, LOADER = "model.pt2", "model.safetensors", "load.py"
ABOUT = "posesift.json"  # inside the program

_LOADER = '''"""Run a pose network that posesift exported; PyTorch is all that this needs."""

import json
from pathlib import Path

import torch


def load(path=Path(__file__).with_name("model.pt2")):
    """Return the network, and what it takes and gives as a dictionary."""
    extra = {"posesift.json": ""}
    program = torch.export.load(str(path), extra_files=extra)
    return program.module(), json.loads(extra["posesift.json"])


if __name__ == "__main__":
    network, about = load()
    print(about["input"], about["output"], sep="\\n")
    crops = torch.zeros(1, 3, about["side"], about["side"], dtype=torch.uint8)
    with torch.inference_mode():
        print(network(crops if about["preprocess"] else crops.float()))
'''


def write(export: Export, folder: Path, metadata: dict[str, Any]) -> None:
    """Write ``model.pt2`` (graph and weights), ``model.safetensors`` (weights), ``load.py``.

    Names in the second are those of the network alone, as in a run's checkpoint.
    """
    extra = {ABOUT: json.dumps(metadata)}
    with atomic_path(folder / PROGRAM) as temporary:
        torch.export.save(export.program(), str(temporary), extra_files=extra)
    tensors = {k: v.contiguous() for k, v in export.module.network.state_dict().items()}
    with atomic_path(folder / WEIGHTS) as temporary:
        save_tensors(temporary, tensors)
    write_text(folder / LOADER, _LOADER)


def load(folder: Path) -> torch.nn.Module:
    """Give the program back, as its loader does."""
    return torch.export.load(str(folder / PROGRAM)).module()
