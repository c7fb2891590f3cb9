"""A PyTorch program that runs without PoseSift, its weights by name, and a loader for both."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import torch

from posesift.experiments.exporting.deployed import Export
from posesift.storage import write_bytes, write_text
from posesift.tensor_files import write_tensors

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
    program = export.program()
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # places in the code of the computer that exported it
    written = io.BytesIO()  # a path's name would stand in the file
    torch.export.save(program, written, extra_files={ABOUT: json.dumps(metadata)})
    write_bytes(folder / PROGRAM, written.getvalue())
    tensors = {k: v.contiguous() for k, v in export.module.network.state_dict().items()}
    write_tensors(folder / WEIGHTS, tensors)
    write_text(folder / LOADER, _LOADER)


def load(folder: Path) -> torch.nn.Module:
    """Give the program back, as its loader does."""
    return torch.export.load(str(folder / PROGRAM)).module()
