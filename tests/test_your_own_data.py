"""The page for people with data of their own: every block of it is typed, in its order.

The files that it speaks of are made here; trainings are made small. What is typed for Ultralytics
is looked at, and not run.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from tests.data.formats.csv import save_csv
from tests.datasets import coco_document, save_coco, write_coco

from posesift import cli, skeletons
from posesift.data.readers import read

PAGE = Path(__file__).parent.parent / "docs/your_own_data.md"
THEIRS = {
    "foot R": "right_ankle", "foot-L": "left_ankle", "helmet": "head_top", "hip R": "right_hip",
    "hip_l": "left_hip", "shoulder R": "right_shoulder", "shoulder L": "left_shoulder",
}  # fmt: skip
SMALL = (
    "--network", "small", "--side", "32", "--batch-size", "4", "--device", "cpu", "--precision",
    "fp32", "--threads", "1", "--warmup-steps", "2", "--steps", "2",
)  # fmt: skip
SCORER = ("--scorer", "runs/score-rendered")
MORE = {"score": ("--method", "pca"), "train": (*SMALL, *SCORER), "compare": SMALL}
INSTEAD = {"images:/data/photos": "images:photos", "3": "1"}  # a folder; seeds of the comparison


def blocks() -> list[tuple[str, str]]:
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def write_files() -> None:
    """``rendered.json``, ``renders``; ``labels.json``, ``.csv``, ``real.json``, ``photos``."""
    rendered = write_coco(Path("r"), n=60, skeleton="body16")
    Path("r/photos").rename("renders")
    save_coco(Path("rendered.json"), coco_document(rendered))
    truth = write_coco(Path(), n=24, seed=1, skeleton="body16")
    Path("annotations.json").rename("labels.json")
    Path("real.json").write_text(Path("labels.json").read_text())
    columns: dict = {"image": truth.names}
    for theirs, name in THEIRS.items():
        k = skeletons.load("body16").keypoints.index(name)
        for axis, letter in enumerate("xy"):
            columns[f"{theirs}_{letter}"] = truth.keypoints_NJ2[:, k, axis].round(2).tolist()
    save_csv(Path("labels.csv"), columns)


def typed(content: str) -> list[list[str]]:
    lines = content.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.mark.usefixtures("quick_fits")
def test_every_block_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files()
    found = blocks()
    (names,) = [content for language, content in found if language == "toml"]
    Path("names.toml").write_text(names)
    known, ran = {"bash", "sh", "python", "csv", "toml"}, []
    assert {language for language, _ in found} == known
    space: dict = {}
    for language, content in found:
        if language == "python":
            exec(content, space)
        elif language == "sh":
            for words in typed(content):
                assert words[:3] == ["yolo", "pose", "train"]
                options = dict(word.split("=") for word in words[3:])
                assert Path(options["data"]).is_file()
        elif language == "bash":
            for words in typed(content):
                assert words[0] == "posesift"
                arguments = [INSTEAD.get(word, word) for word in words[1:]]
                done = cli.main([*arguments, *MORE.get(words[1], ())])
                assert done == 0, (words, capsys.readouterr().err[-2000:])
                ran.append(words[1])
    assert set(ran) == {"check", "score", "subset", "train", "compare", "prepare"}
    assert len(read("yolo:hard/data.yaml,split=train")) == 12
    assert len(read("yolo:uniform/data.yaml,split=train")) == 12
    assert len(json.loads(Path("mixed/annotations.json").read_text())["annotations"]) == 20
    assert len(space["weights"]) == 60
    assert len(space["sampler"]) == 200 * 32
    assert max(space["sampler"]) < 60
    assert np.mean(space["weights"]) == pytest.approx(1)
