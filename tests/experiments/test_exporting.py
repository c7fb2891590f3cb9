"""``posesift export``: what runs elsewhere says what PyTorch says here."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.datasets import write_coco
from tests.experiments.tiny import address, experiment

import posesift as ps
from posesift import cli, folders
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.appearance import normalise
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.experiments.exporting import measured, onnx_file
from posesift.experiments.exporting.deployed import Export
from posesift.experiments.run import evaluate_run, train, trained_run
from posesift.experiments.trained import load_method, skeleton_of
from posesift.networks import MEAN, SPREAD

pytestmark = pytest.mark.xdist_group("export")  # which trains two networks once


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A run of one head, and one of RegDA, which has two."""
    root = tmp_path_factory.mktemp("trained")
    tests = {"target": address("target", "synthetic", 16, "test")}
    for method in ("source-only", "regda"):
        train(experiment(method=method, steps=1, test=tests), root / method)
    return root


@pytest.fixture(scope="module")
def run(root) -> Path:
    return root / "source-only"


class Whole(NamedTuple):
    """An export that holds all there is: folder, what the command said, and on what it measured."""

    out: Path
    said: str
    people: str


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory) -> Whole:
    """The run in ONNX, all inside, and in int8 beside it."""
    pytest.importorskip("onnxruntime")
    root = tmp_path_factory.mktemp("whole")
    truth = write_coco(root / "raw", n=6, skeleton="body16")
    people = f"coco:{truth.path},images={root}/raw/photos,skeleton=body16,split=all"
    flags = ("--int8", "--preprocess", "--decode", "--data", people)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert cli.main(["export", str(run), *flags, "--out", str(root / "out")]) == 0
    return Whole(root / "out", said.getvalue(), people)


@pytest.fixture(scope="module")
def bare(run, tmp_path_factory) -> Path:
    """The network alone in ONNX, and in int8 beside it, measured on the run's own data."""
    pytest.importorskip("onnxruntime")
    out = tmp_path_factory.mktemp("bare") / "out"
    ps.export(run, out, int8=True)
    return out


def crops(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)


def posesift(capsys, *arguments) -> tuple[int, str, str]:
    code = cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("method", "inside"), [("source-only", True), ("source-only", False), ("regda", True)]
)
def test_onnx_says_what_the_method_says(root, request, tmp_path, method, inside):
    """In batches of any size; and its metadata tell what goes in and comes out."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    run, files = root / method, {"model.onnx", "export.json"}
    if method == "source-only":
        made = request.getfixturevalue("whole" if inside else "bare")
        out, files = made.out if inside else made, files | {"model-int8.onnx"}
        facts = json.loads((out / "export.json").read_text())
    else:
        out = tmp_path / "out"
        facts = ps.export(run, out, preprocess=inside, decode=inside)
    session = runtime.InferenceSession(str(out / "model.onnx"))
    trained = load_method(run, Runtime.resolve("cpu", "fp32"))
    for count in (1, 2, 7):
        images = crops(count, count)
        expected_keypoints, expected_confidence = trained.predict(images)
        if inside:
            keypoints, confidence = session.run(None, {"images": images.numpy()})
            np.testing.assert_allclose(confidence, expected_confidence, atol=1e-4)
            np.testing.assert_allclose(keypoints, expected_keypoints, atol=1e-4 * 32)
        else:
            mean, spread = (np.reshape(v, (1, 3, 1, 1)) for v in (MEAN, SPREAD))
            floats = ((images.numpy() / 255 - mean) / spread).astype(np.float32)
            (heatmaps,) = session.run(None, {"images": floats})
            np.testing.assert_allclose(heatmaps, trained.heatmaps(images), atol=1e-4)
    model = onnx.load(out / "model.onnx")
    onnx.checker.check_model(model)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", facts["opset"])]
    told = {one.key: one.value for one in model.metadata_props}
    skeleton = skeleton_of(run)
    assert json.loads(told["keypoints"]) == list(skeleton.keypoints)
    assert (told["posesift"], told["skeleton"]) == (ps.__version__, skeleton.name)
    assert json.loads(told["side"]) == 32
    assert (json.loads(told["mean"]), json.loads(told["std"])) == (list(MEAN), list(SPREAD))
    assert str(root).encode() not in (out / "model.onnx").read_bytes()
    assert set(folders.read_manifest(out, "export")["files"]) == files


def test_a_pretrained_network_is_exported_too(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from posesift.adaptation.source_only.method import SourceOnly
    from posesift.networks.build import build
    from posesift.networks.heatmaps import HeatmapCodec
    from posesift.skeletons import load

    built = build("efficientnet-lite0", 16, seed=3)
    method = SourceOnly(built, HeatmapCodec(64, built.stride))
    method.prepare(Runtime.resolve("cpu", "fp32"))
    made = Export.of(method, load("body16"), preprocess=True, decode=True)
    onnx_file.write(made, tmp_path / "model.onnx", made.metadata())
    session = onnx_file.Session(tmp_path / "model.onnx", made)
    assert measured.check_equal(made, session.run, "model.onnx") <= 1e-4


def test_int8_is_smaller_and_its_accuracy_is_said(run, whole, tmp_path):
    out, said, people = whole
    assert "on 6 samples of coco:" in said
    facts = json.loads((out / "export.json").read_text())
    assert facts["bytes"]["model-int8.onnx"] < facts["bytes"]["model.onnx"] / 2
    assert set(facts["pck"]) == {"torch", "model.onnx", "model-int8.onnx"}
    assert facts["pck"]["torch"] == facts["pck"]["model.onnx"]
    ps_evaluated = tmp_path / "evaluated"
    evaluate_run(trained_run(run, people, device="cpu"), ps_evaluated)
    entry = json.loads((ps_evaluated / "evaluation.json").read_text())["sets"]["target"]
    assert facts["pck"]["torch"]["0.05"] == pytest.approx(entry["pck"]["0.05"]["all"])
    session = onnx_file.Session(out / "model-int8.onnx", None)
    dataset = PoseDataset(read(people), 32)
    keypoints, confidence = session.run(dataset.batch(range(6))["image"])
    assert keypoints.shape == (6, 16, 2)
    assert np.isfinite(confidence).all()


def test_int8_is_measured_on_the_run_s_own_data_unless_others_are_given(run, bare, tmp_path):
    facts = json.loads((bare / "export.json").read_text())
    assert facts["measured_on"].startswith("world:body,poses=target")
    assert facts["measured_samples"] == 16
    with pytest.raises(ValueError, match="cannot measure a network of body16"):
        ps.export(run, tmp_path / "hand", int8=True, data="world:hand,n=8")
    assert not (tmp_path / "hand").exists()


def test_torch_runs_without_posesift(run, tmp_path):
    """In a process that cannot import it: the loader's own lines, and the same numbers."""
    ps.export(run, tmp_path / "out", to="torch", preprocess=True, decode=True)
    images = crops(5)
    torch.save(images, tmp_path / "images.pt")
    elsewhere = shutil.copytree(tmp_path / "out", tmp_path / "elsewhere")
    code = (
        "import sys; sys.modules['posesift'] = None\n"
        f"sys.path.insert(0, {str(elsewhere)!r})\n"
        "import torch, load\n"
        "network, about = load.load()\n"
        f"keypoints, confidence = network(torch.load({str(tmp_path / 'images.pt')!r}))\n"
        f"torch.save([keypoints, confidence, about['keypoints']], {str(tmp_path / 'said.pt')!r})\n"
        "import runpy; runpy.run_path(load.__file__, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "uint8 RGB crops" in done.stdout
    keypoints, confidence, names = torch.load(tmp_path / "said.pt")
    trained = load_method(run, Runtime.resolve("cpu", "fp32"))
    expected_keypoints, expected_confidence = trained.predict(images)
    np.testing.assert_allclose(confidence, expected_confidence, atol=1e-4)
    np.testing.assert_allclose(keypoints, expected_keypoints, atol=1e-4 * 32)
    assert names == list(skeleton_of(run).keypoints)
    lines = (elsewhere / "load.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 20
    assert str(Path(ps.__file__).parent).encode() not in (elsewhere / "model.pt2").read_bytes()
    weights = load_file(elsewhere / "model.safetensors")
    _, state = checkpoint.latest(run / "checkpoints")
    network = state["method"]["network"]
    assert weights.keys() == network.keys()
    assert all(torch.equal(weights[name], network[name]) for name in weights)


def test_a_file_that_says_something_else_is_refused(run):
    method = load_method(run, Runtime.resolve("cpu", "fp32"))
    made = Export.of(method, skeleton_of(run), preprocess=False, decode=False)

    def wrong(images: torch.Tensor) -> list[np.ndarray]:
        with torch.inference_mode():
            return [made.module(images).numpy() + 2e-4]

    with pytest.raises(ValueError, match="does not say what PyTorch says"):
        measured.check_equal(made, wrong, "model.onnx")
    assert torch.equal(made.taken(crops(2)), normalise(crops(2)))


def test_bad_requests_leave_nothing(run, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    bare = shutil.copytree(run, tmp_path / "bare")
    shutil.rmtree(bare / "checkpoints")
    for arguments, said in (
        ((run, "--to", "tflite"), "tflite"),
        ((run, "--to", "torch", "--int8"), "--int8"),
        ((tmp_path / "none",), "expected a run folder"),
        ((bare, "--to", "torch"), "expected the checkpoint of"),
        ((run, "--to", "torch", "--data", "world:boddy"), "boddy"),
    ):
        code, _, error = posesift(capsys, "export", *arguments, "--out", out)
        assert (code, out.exists()) == (2, False)
        assert said in error
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "onnxscript" else real(name, *a),
    )
    code, _, error = posesift(capsys, "export", run, "--out", out)
    assert (code, out.exists()) == (2, False)
    assert "onnxscript is not installed: pip install 'posesift[onnx]'" in error
    monkeypatch.undo()
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    code, _, error = posesift(capsys, "export", run, "--to", "torch", "--out", out)
    assert code == 2
    assert "files that PoseSift did not write" in error
