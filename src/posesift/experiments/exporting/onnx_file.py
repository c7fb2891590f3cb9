"""ONNX files: written, made smaller in int8, and run by onnxruntime."""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posesift.experiments.exporting.deployed import Export
from posesift.storage import atomic_path

OPSET = 18
"""Version of ONNX's operators: read by every onnxruntime since 1.14."""

PACKAGES = ("onnx", "onnxscript", "onnxruntime")


def check_installed() -> None:
    """Refuse to begin without the packages that ONNX needs.

    Raises:
        ValueError: one of them is not installed.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"--to onnx needs {', '.join(PACKAGES)}, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed: pip install 'posesift[onnx]'"
        )


def write(export: Export, path: Path, metadata: dict[str, Any]) -> None:
    """Write an ONNX file with its metadata inside, atomically."""
    import onnx

    with _quiet():
        program = torch.onnx.export(
            export.program(),
            (),
            dynamo=True,
            opset_version=OPSET,
            input_names=["images"],
            output_names=export.outputs,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:  # the exporter's notes on where it found what, with paths
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    _describe(model, metadata)
    with atomic_path(path) as temporary:
        onnx.save(model, str(temporary))


def quantise(path: Path, goal: Path, metadata: dict[str, Any]) -> None:
    """Write the model with int8 weights; activations are quantised as it runs (dynamic)."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet(), atomic_path(goal) as temporary:
        # unsigned weights, for which every release of onnxruntime has a convolution
        quantize_dynamic(str(path), str(temporary), weight_type=QuantType.QUInt8)
        model = onnx.load(str(temporary))
        del model.metadata_props[:]
        _describe(model, metadata)
        onnx.save(model, str(temporary))


class Session:
    """An ONNX file in onnxruntime, on the CPU.

    Args:
        path: of the file.
        export: what it was made of.
    """

    def __init__(self, path: Path, export: Export):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = torch.get_num_threads()
        self._export = export
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def run(self, images_B3HW: Tensor) -> list[NDArray[np.float32]]:
        """Give the outputs of crops in the form that the model takes."""
        found = self._session.run(None, {"images": images_B3HW.numpy()})
        return [np.asarray(one) for one in found]


def _describe(model: Any, metadata: dict[str, Any]) -> None:
    import onnx

    model.producer_name = "posesift"
    model.producer_version = metadata["posesift"]
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
    onnx.helper.set_model_props(model, texts)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter tells its own developers to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
