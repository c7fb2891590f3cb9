"""``--overwrite`` with a slip of the pen, and over what is read: the old result is whole."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from safetensors.torch import save_file
from tests.datasets import write_coco
from tests.networks.style.images import DECODER, VGG, published, write

from posesift import cli, folders
from posesift.data.readers import read
from posesift.networks.build import build

pytestmark = pytest.mark.xdist_group("overwrite")  # which trains two networks once

SOURCE = "world:body,poses=source,look=synthetic,n=24,seed=0,split=train,side=32"
TARGET = "world:body,poses=target,look=synthetic,n=12,seed=0,side=32"
SMALL = [
    "--network", "small", "--side", "32", "--batch-size", "4", "--device", "cpu", "--threads", "1",
    "--precision", "fp32", "--warmup-steps", "1", "--steps", "1",
]  # fmt: skip
TRAIN = ["train", "world-body", "--source", SOURCE, "--target", TARGET, *SMALL]


def posesift(capsys, *arguments) -> tuple[int, str]:
    """Exit code and what the command said on the standard error."""
    code = cli.main([str(argument) for argument in arguments])
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return code, error


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A score, a run, and crops of photographs with a run that was trained on them."""
    root = tmp_path_factory.mktemp("made")
    truth = write_coco(root / "raw", n=8, skeleton="body16")
    raw = f"{truth.path},images={root}/raw/photos,skeleton=body16"
    crops = f"poses:{root}/crops/poses.parquet"
    for arguments in (
        ["score", SOURCE, "--method", "pca", "--bins", "3", "--out", root / "score"],
        ["prepare", "coco", raw, "--out", root / "crops", "--side", "32"],
        [*TRAIN, "--scorer", root / "score", "--out", root / "run"],
        ["train", "photos", "--source", crops, "--target", TARGET, *SMALL, "--method",
         "source-only", "--scorer", root / "score", "--out", root / "on-crops"],
    ):  # fmt: skip
        assert cli.main(list(map(str, arguments))) == 0, arguments
    return root


@pytest.fixture
def root(made, tmp_path):
    """A copy of it all, to be lost or kept."""
    root = shutil.copytree(made, tmp_path / "root")
    begun = root / "on-crops" / "experiment.yaml"  # which names the crops by their path
    begun.write_text(begun.read_text().replace(str(made), str(root)))
    return root


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


SLIPS = {
    "a device": [*TRAIN, "--device", "cuda"],
    "threads": [*TRAIN, "--threads", "0"],
    "a side": [*TRAIN, "--side", "17"],
    "weights": [*TRAIN, "--weights", "missing.pth"],
    "a start": [*TRAIN, "--from", "missing"],
    "a scorer": [*TRAIN, "--scorer", "missing"],
    "bins": [*TRAIN, "--bins", "99999"],
    "another network than it starts from": [*TRAIN, "--from", "run", "--network", "resnet18"],
    "a target": [*TRAIN, "--target", "lspet:nowhere"],
    "style weights": [*TRAIN, "--method", "udape", "--style", "adain", "--style-weights", "no"],
    "a strategy": [*TRAIN, "--sampling", "hard"],
    "bins of a score": ["score", SOURCE, "--bins", "5000"],
    "the scorer of a score": ["score", SOURCE, "--scorer", "missing"],
    "another normalisation": ["score", SOURCE, "--scorer", "score", "--normalisation", "rms"],
    "data of an evaluation": ["evaluate", "run", "lspet:nowhere"],
    "a device of an evaluation": ["evaluate", "run", TARGET, "--device", "cuda"],
    "threads of an evaluation": ["evaluate", "run", TARGET, "--threads", "0"],
    "a comparison's side": ["compare", *TRAIN[1:], "--side", "17"],
    "a comparison's device": ["compare", *TRAIN[1:], "--device", "cuda"],
    "a comparison's weights": ["compare", *TRAIN[1:], "--weights", "missing.pth"],
    "a crop's side": ["prepare", "coco", "raw/annotations.json,images=raw/photos", "--side", "0"],
}


def test_a_slip_of_the_pen_costs_nothing(root, capsys, monkeypatch):
    """Not one file is touched, of an old result or for a new one, whatever is wrong."""
    from posesift.adaptation.training import hardware, runtime

    monkeypatch.setattr(runtime, "available", lambda: ("cpu",))  # on a machine with GPUs, too
    assert hardware.available()[-1] == "cpu"
    monkeypatch.chdir(root)
    shutil.copytree("score", "old")
    (root / "old" / "notes.txt").write_text("mine")
    before = everything(root)
    for what, arguments in SLIPS.items():
        for out in ("old", "new"):
            more = ["--overwrite"] * (out == "old")
            code, error = posesift(capsys, *arguments, "--out", out, *more)
            assert code == 2, (what, error)
            assert everything(root) == before, what
            assert not (root / "new").exists(), what


def test_whatever_is_read_is_not_replaced(root, capsys, monkeypatch):
    """By each road that leads from a command to a folder."""
    monkeypatch.chdir(root)
    crops = root / "crops"
    table = read(f"poses:{crops}/poses.parquet")
    shutil.copy(crops / "poses.parquet", root / "copy.parquet")
    dataclasses.replace(table, root=str(crops)).save(root / "rooted.parquet")
    score = root / "score"
    for name in ("mine.toml", "mine.map", "annotations.json"):
        shutil.copy(root / "raw" / "annotations.json", score / name)
    skeleton = Path(folders.__file__).parents[1] / "skeletons" / "body16.toml"
    shutil.copy(skeleton, score / "mine.toml")
    (score / "mine.map").write_text("")
    save_file(build("small", 16, "none").state_dict(), root / "run" / "mine.safetensors")
    (root / "run" / "style").mkdir()
    write(root / "run" / "style" / "vgg_normalised.safetensors", published(VGG, 0))
    write(root / "run" / "style" / "decoder.safetensors", published(DECODER, 0))
    coco = "coco:raw/annotations.json,images=raw/photos"
    shutil.copy("run/experiment.yaml", "E.yaml")
    roads = {
        "images=": (["score", "poses:copy.parquet,images=crops"], "crops"),
        "the root in a table": (["score", "poses:rooted.parquet"], "crops"),
        "a path": (["score", "coco:score/annotations.json,images=raw/photos"], "score"),
        "skeleton=": (["score", f"{coco},skeleton=score/mine.toml"], "score"),
        "as=": (["score", f"{coco},skeleton=body16,as=score/mine.toml"], "score"),
        "map=": (["score", f"{coco},as=body16,map=score/mine.map"], "score"),
        "as= of a world": (["score", f"{SOURCE},as=score/mine.toml"], "score"),
        "map= of a world": (["score", f"{SOURCE},as=body16,map=score/mine.map"], "score"),
        "--weights": ([*TRAIN, "--weights", "run/mine.safetensors"], "run"),
        "--style-weights": ([*TRAIN, "--method", "udape", "--style", "adain",
                             "--style-weights", "run/style"], "run"),
        "what a run was trained on": (["evaluate", "on-crops", TARGET], "crops"),
        "the run": (["evaluate", "run", TARGET], "run"),
        "--from": ([*TRAIN, "--from", "run"], "run"),
        "--scorer": ([*TRAIN, "--scorer", "score"], "score"),
        "--scorer of a score": (["score", SOURCE, "--scorer", "score"], "score"),
        "a source": (["train", "photos", "--source", "poses:rooted.parquet", "--target", TARGET,
                      *SMALL], "crops"),
        "the source of a comparison": (["compare", "photos", "--source", "poses:rooted.parquet",
                                        "--target", TARGET, *SMALL], "crops"),
        "an experiment": (["train", "run/experiment.yaml"], "run"),
        "raw data": (["prepare", "poses", "rooted.parquet", "--side", "16"], "crops"),
    }  # fmt: skip
    before = everything(root)
    for road, (arguments, out) in roads.items():
        code, error = posesift(capsys, *arguments, "--out", out, "--overwrite")
        assert code == 2, road
        assert "--overwrite would remove" in error, (road, error)
        assert everything(root) == before, road


def test_a_result_is_replaced_but_for_what_is_not_posesifts(root, capsys, monkeypatch):
    monkeypatch.chdir(root)
    (root / "score" / "notes.txt").write_text("mine")
    code, error = posesift(
        capsys, "score", TARGET, "--method", "pca", "--out", "score", "--overwrite"
    )
    assert code == 0
    assert "kept beside the new result, as PoseSift did not write them: notes.txt" in error
    assert (root / "score" / "notes.txt").read_text() == "mine"
    assert folders.read_manifest("score")["data"] == TARGET
    assert "notes.txt" not in folders.read_manifest("score")["files"]
    shutil.rmtree("run/score")  # an old result may lack anything
    code, error = posesift(capsys, *TRAIN, "--scorer", "score", "--out", "run", "--overwrite")
    assert code == 0, error
    assert (root / "run" / "score" / "summary.json").is_file()
    assert {path.name for path in root.iterdir()} == {"raw", "score", "crops", "run", "on-crops"}


def test_every_file_of_a_result_is_in_its_manifest(made):
    """But for crops, of which there may be millions, and the manifest itself."""
    for name in ("score", "run", "on-crops", "crops"):
        files = {path.relative_to(made / name).as_posix() for path in (made / name).rglob("*.*")}
        named = {path for path in files if not path.startswith("images/")} - {"manifest.json"}
        assert named == set(folders.read_manifest(made / name)["files"]), name


def test_the_page_and_papers_of_a_report_become_a_part_of_the_result(root, capsys, monkeypatch):
    monkeypatch.chdir(root)
    assert posesift(capsys, "report", "score")[0] == 0
    named = set(folders.read_manifest("score")["files"])
    assert {"paper/README.txt", "report.html", "summary.json"} <= named
    code, error = posesift(
        capsys, "score", SOURCE, "--method", "pca", "--out", "score", "--overwrite"
    )
    assert (code, "kept beside" in error) == (0, False)
    assert not (root / "score" / "paper").exists()


def test_what_has_no_resume_is_not_told_to_resume(root, capsys, monkeypatch):
    monkeypatch.chdir(root)
    (root / "score" / "manifest.json").rename(root / "score" / ".posesift")
    (root / "score" / ".posesift").write_text("score")
    for arguments in (["score", SOURCE, "--out", "score"], ["report", "score"]):
        code, error = posesift(capsys, *arguments)
        assert (code, "--resume" in error) == (2 if arguments[0] == "score" else code, False)
