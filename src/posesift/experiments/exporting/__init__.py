"""A trained network for other programs: ONNX, in fp32 and int8, or PyTorch without PoseSift."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from posesift import folders, storage
from posesift.adaptation.training.method import Method
from posesift.adaptation.training.runtime import Runtime
from posesift.data.inputs import inputs_of
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.experiments.exporting import onnx_file, torch_file
from posesift.experiments.exporting.deployed import Export
from posesift.experiments.exporting.measured import Run, accuracy, check_equal
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import load_method, skeleton_of
from posesift.skeletons.mapping import mismatch

FORMATS = ("onnx", "torch")
SAMPLES = 500
"""Labelled crops that accuracy is measured on, at most, evenly spread."""


def export(
    run: str | Path,
    out: str | Path,
    *,
    to: Literal["onnx", "torch"] = "onnx",
    preprocess: bool = False,
    decode: bool = False,
    int8: bool = False,
    data: str | None = None,
    threads: int | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write a trained network so that it runs without PoseSift, and check that it does.

    ``out`` then holds ``model.onnx`` (and ``model-int8.onnx``), or ``model.pt2``,
    ``model.safetensors`` and ``load.py``; and ``export.json``, which says what goes in and comes
    out and what was measured. The batch may have any size. Weights and arithmetic are float32,
    also where the training computed in bf16.

    Args:
        run: a finished run.
        out: the folder of the result.
        to: ``"onnx"`` or ``"torch"``.
        preprocess: the model takes uint8 RGB crops and normalises them.
        decode: the model gives keypoints and confidence in the place of heatmaps.
        int8: write a second file with weights in int8, too (ONNX).
        data: address of labelled data to measure accuracy on; by default, for int8, the test data
            of the run, else its source.
        threads: of torch and onnxruntime; None leaves the number as it is.
        overwrite: replace an earlier result in ``out``, once the new one is complete.

    Returns:
        What ``export.json`` holds.

    Raises:
        ValueError: no such format; the packages for it are not installed; ``run`` has no network;
            data that cannot be read or have another skeleton; ``out`` cannot be used; the file
            does not say what PyTorch says.
    """
    if to not in FORMATS:
        raise ValueError(f"expected a format to export to, {' or '.join(FORMATS)}; found {to!r}")
    if to == "onnx":
        onnx_file.check_installed()
    if int8 and to != "onnx":
        raise ValueError("int8 is of --to onnx alone: leave out --int8, or export to onnx")
    run = Path(run)
    folders.read_manifest(run, "run")
    method = load_method(run, Runtime.resolve("cpu", "fp32", threads))
    skeleton = skeleton_of(run)
    made = Export.of(method, skeleton, preprocess=preprocess, decode=decode)
    address, dataset = _labelled(run, made, data, needed=int8)
    inputs = [run, *(inputs_of(address) if address else [])]
    with folders.claim(out, "export", overwrite=overwrite, inputs=inputs) as claimed:
        folder = claimed.folder
        about = made.metadata() | {"torch": str(torch.__version__)}
        write = _onnx if to == "onnx" else _torch
        found = write(made, method, folder, about, int8, dataset)
        facts = {"run": str(run), "to": to, **about, **found}
        if dataset is not None:
            facts |= {"measured_on": address, "measured_samples": len(dataset)}
        storage.write_json(folder / "export.json", facts)
        folders.write_manifest(folder, "export", run=str(run), to=to)
    return facts


def _onnx(
    made: Export,
    method: Method,
    folder: Path,
    about: dict[str, Any],
    int8: bool,
    dataset: PoseDataset | None,
) -> dict[str, Any]:
    about = about | {"opset": onnx_file.OPSET}
    path, small = folder / "model.onnx", folder / "model-int8.onnx"
    onnx_file.write(made, path, about)
    session = onnx_file.Session(path, made)
    found = {
        "opset": onnx_file.OPSET,
        "largest_difference": check_equal(made, session.run, path.name),
        "bytes": {path.name: path.stat().st_size},
    }
    runs: dict[str, Run] = {"torch": _plain(made), path.name: session.run}
    if int8:
        onnx_file.quantise(path, small, about | {"weights": "int8"})
        runs[small.name] = onnx_file.Session(small, made).run
        found["bytes"][small.name] = small.stat().st_size
    return found | _accuracies(made, method, dataset, runs)


def _torch(
    made: Export,
    method: Method,
    folder: Path,
    about: dict[str, Any],
    int8: bool,
    dataset: PoseDataset | None,
) -> dict[str, Any]:
    torch_file.write(made, folder, about)
    run = _of_module(torch_file.load(folder))
    names = (torch_file.PROGRAM, torch_file.WEIGHTS)
    found = {
        "largest_difference": check_equal(made, run, torch_file.PROGRAM),
        "bytes": {name: (folder / name).stat().st_size for name in names},
    }
    runs = {"torch": _plain(made), torch_file.PROGRAM: run}
    return found | _accuracies(made, method, dataset, runs)


def _accuracies(
    made: Export, method: Method, dataset: PoseDataset | None, runs: dict[str, Run]
) -> dict[str, Any]:
    """Measure PCK of each file, beside PyTorch's."""
    if dataset is None:
        return {}
    return {"pck": {name: accuracy(made, method, dataset, run) for name, run in runs.items()}}


def _plain(made: Export) -> Run:
    return _of_module(made.module)


def _of_module(module: torch.nn.Module) -> Run:
    def run(images_B3HW: torch.Tensor) -> list[np.ndarray]:
        with torch.inference_mode():
            found = module(images_B3HW)
        outputs = [found] if isinstance(found, torch.Tensor) else found
        return [one.numpy() for one in outputs]

    return run


def _labelled(
    run: Path, made: Export, data: str | None, *, needed: bool
) -> tuple[str | None, PoseDataset | None]:
    """Open the data that accuracy is measured on; None where none are needed.

    Raises:
        ValueError: they cannot be read, have no labels or images, or have another skeleton.
    """
    if data is None and not needed:
        return None, None
    experiment = Experiment.load(run / "experiment.yaml")
    tests = experiment.data.test
    own = tests.get("target") or next(iter(tests.values()), None) or experiment.data.source
    address = data or own
    try:
        table = read(address, default_split="test")
    except ValueError as error:
        if data is not None:
            raise
        raise ValueError(
            f"the accuracy of int8 is measured on the run's own data, which cannot be read "
            f"({error}); name others with --data"
        ) from None
    if not table.skeleton.same_as(made.skeleton):
        raise ValueError(
            f"{address} cannot measure a network of {made.skeleton.name}: "
            + mismatch(table.skeleton, made.skeleton)
        )
    if not table.visible_NK.any():
        raise ValueError(f"{address} has no labels to measure by; give labelled data with --data")
    rows = np.unique(np.linspace(0, len(table) - 1, min(SAMPLES, len(table))).astype(int))
    return address, PoseDataset(table.select(rows), made.side, published=experiment.method.parity)
