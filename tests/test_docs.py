"""The manual says what the code does: its examples run, its tables name what there is."""

from __future__ import annotations

import dataclasses
import itertools
import re
import runpy
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest
from tests.datasets import write_coco

from posesift import skeletons
from posesift.adaptation.training.trackers import PACKAGES
from posesift.cli import _parse
from posesift.commands import COMMANDS
from posesift.commands.compare import Compare
from posesift.commands.export import Export
from posesift.commands.predict import Predict
from posesift.commands.prepare import Prepare
from posesift.commands.render import Render
from posesift.commands.style import Style
from posesift.commands.subset import Subset
from posesift.commands.train import Train
from posesift.data import worlds
from posesift.data.readers import READERS, options, read
from posesift.data.rendering import smpl
from posesift.data.worlds import body_shape
from posesift.difficulty.normalisation import HOW
from posesift.difficulty.scorers import METHODS as SCORERS
from posesift.experiments import published
from posesift.experiments.arms import seeded
from posesift.experiments.choice import CHOICES, LEAKS
from posesift.experiments.compare import of_arm
from posesift.experiments.methods import METHODS
from posesift.experiments.settings import SAMPLE_IN, STYLES, TRACKERS
from posesift.sampling import NAMES
from posesift.skeletons.skeleton import from_document

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path.stem for path in DOCS.glob("*.md"))
OF_OTHERS = {  # flags of pip, torchrun, SLURM and ray
    *("--index-url", "--head", "--port", "--address", "--num-cpus", "--generate"),
    *("--nnodes", "--nproc-per-node", "--rdzv-backend", "--rdzv-endpoint", "--rdzv-id"),
    *("--nodes", "--ntasks-per-node", "--gpus-per-node", "--cpus-per-task", "--time", "--signal"),
}


def page(name: str) -> str:
    path = ROOT / "README.md" if name == "README" else DOCS / f"{name}.md"
    return path.read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page(name), re.DOTALL | re.MULTILINE)


def first_cells(text: str) -> set[str]:
    """Code words in the first cells of all table rows."""
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def table(name: str, heading: str) -> str:
    """The rows of the table whose first column is called ``heading``."""
    (found,) = re.findall(
        rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page(name), re.MULTILINE
    )
    return found


def command_lines(name: str) -> list[list[str]]:
    """What stands behind ``posesift`` in the blocks of commands, comments left out."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", page(name), re.DOTALL | re.MULTILINE)
    typed = "".join(content for language, content in fences if language in ("", "bash"))
    lines = typed.replace("\\\n", " ").splitlines()
    return [shlex.split(s, comments=True)[1:] for s in lines if s.startswith("posesift ")]


def flags(command: type) -> set[str]:
    """All flags of a command, as they are typed."""
    names = {item.name for item in dataclasses.fields(command)} - {
        "recipe",
        "kind",
        "raw",
        "scores",
        "experiment_file",
        "run_folder",
        "images",
        "world",
    }
    return {"--from" if n == "start_from" else f"--{n.replace('_', '-')}" for n in names}


def test_tables_name_all_choices():
    assert first_cells(page("sampling")) == set(NAMES)
    assert set(SCORERS) | set(HOW) <= first_cells(page("difficulty"))
    assert all(f"`{name}`" in page("your_own_skeleton") for name in skeletons.names())


def test_tables_of_adaptation_name_all_choices():
    assert first_cells(table("adaptation", "`--method`")) == set(METHODS)
    assert first_cells(table("adaptation", "`--style`")) == set(STYLES)
    rows = table("adaptation", "`--choose-by`").splitlines()
    assert first_cells("\n".join(rows)) == set(CHOICES)
    assert [row for row in rows if "leak" in row] == [
        row for row in rows if any(f"`{leak}`" in row for leak in LEAKS)
    ]
    assert set(TRACKERS) == set(PACKAGES)
    for word in (*SAMPLE_IN, *TRACKERS, *published.tasks()):
        assert f"`{word}`" in page("commands")


@pytest.mark.parametrize(
    "command", [Train, Style, Compare, Prepare, Subset, Render, Predict, Export]
)
def test_every_flag_has_its_place_in_the_page_of_commands(command):
    text = page("commands")
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    told = sections["Flags in common"] + sections[command.__name__.lower()]
    assert flags(command) <= set(re.findall(r"--[a-z][a-z0-9-]*", told))


@pytest.mark.parametrize("name", ["README", *PAGES])
def test_flags_that_are_named_exist(name):
    known = set(itertools.chain(*map(flags, COMMANDS.values()))) | {"--help", "--version"}
    known |= OF_OTHERS
    for study in (DOCS.parent / "benchmarks").rglob("*.py"):
        known |= set(
            re.findall(r"add_argument\(\s*\"(--[a-z-]+)", study.read_text(encoding="utf-8"))
        )
        rows = r"^def rows\((.*?)\) ->"
        for given in re.findall(rows, study.read_text("utf-8"), re.DOTALL | re.M):
            known |= {f"--{name}" for name in re.findall(r"(\w+):", given)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page(name)))
    assert named <= known


@pytest.mark.parametrize("name", ["README", *PAGES])
def test_command_lines_can_be_typed(name):
    for words in command_lines(name):
        if words[0] in COMMANDS and "COMMAND" not in words:
            command = _parse(words)
            if isinstance(command, Compare):
                assert command.plan().arms
            elif isinstance(command, Train) and not command.recipe.endswith(".yaml"):
                assert command.experiment().data.test


@pytest.mark.parametrize("kind", READERS)
def test_addresses_name_every_format_and_all_options(kind):
    assert f"`{kind}:" in page("index")
    rows = [row for row in page("index").splitlines() if row.startswith(f"| `{kind}:")]
    for row in rows:
        assert sorted(re.findall(r"`(\w+)`", row.split("|")[3])) == sorted(options(kind))


def test_the_page_of_data_sets_is_what_the_readers_say():
    written = runpy.run_path(str(DOCS / "make_datasets.py"))["page"]()
    assert page("datasets") == written, "run python docs/make_datasets.py"
    for kind in READERS:
        section = page("datasets").partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
        named = set(re.findall(r"^\| `(\w+)=", section, re.MULTILINE))
        assert named == set(options(kind)) - {"as", "map"}


def test_the_files_of_your_own_data_are_read(tmp_path):
    (rows,) = blocks("your_own_data", "csv")
    (tmp_path / "labels.csv").write_text(rows)
    table = read(f"csv:{tmp_path}/labels.csv")
    assert table.visible_NK.sum() == 5
    assert table.occluded_NK.sum() == 1
    (names,) = blocks("your_own_data", "toml")
    (tmp_path / "names.toml").write_text(names)
    theirs = ["foot R", "Foot-L", "helmet", "hip R", "hip_l", "shoulder R", "shoulder L"]
    header = ",".join(f"{name}_{axis}" for name in theirs for axis in "xy")
    cells = ",".join(str(10 * n) for n in range(len(theirs) * 2))
    (tmp_path / "a.csv").write_text(f"image,width,height,{header}\nx.jpg,200,200,{cells}\n")
    body = read(f"csv:{tmp_path}/a.csv,as=body16,map={tmp_path}/names.toml")
    seen = {name for name, v in zip(body.skeleton.keypoints, body.visible_NK[0], strict=True) if v}
    joints = {f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "shoulder")}
    assert seen == joints | {"right_ankle", "left_ankle", "head_top", "pelvis", "thorax"}


def test_the_first_example_runs():
    source = blocks("index", "python")[0].replace("n=8000", "n=300")
    source = source.replace("fit_scorer(table)", "fit_scorer(table, steps=20)")
    names: dict = {}
    exec(source, names)
    assert len(names["sampler"]) == 300 * 32
    assert names["score_N"].shape == (300,)


def test_the_examples_of_sampling_run():
    names: dict = {"score_N": np.arange(6000.0), "real_score_N": np.ones(50)}
    for block in blocks("sampling", "python"):
        exec(block, names)
    assert len(names["chosen"]) == 5000
    assert names["mixed"].counts == {"synthetic": 19, "real": 13}
    assert len(list(names["mixed"])) == 200 * 32


def test_the_examples_of_worlds_and_coordinates_run():
    names: dict = {}
    exec(blocks("worlds", "python")[0], names)
    assert names["images"].shape == (16, 96, 96, 3)
    exec(blocks("coordinates", "python")[0], names)
    np.testing.assert_allclose(names["crop_NK2"], [[[31.5, 31.5]]])
    np.testing.assert_allclose(names["image_NK2"], [[[73.5, 69.5]]])


def test_the_skeleton_example_loads_and_its_mistake_is_explained_so():
    example = tomllib.loads(blocks("your_own_skeleton", "toml")[0])
    lamp = from_document(example, "lamp.toml")
    assert (len(lamp), len(lamp.limbs), len(lamp.triplets)) == (4, 3, 2)
    example["limbs"][1]["from"] = "elbw"
    with pytest.raises(ValueError, match="limbs") as error:
        from_document(example, "lamp.toml")
    assert str(error.value) in page("your_own_skeleton")


def test_counts_in_the_text_of_worlds():
    text = page("worlds")
    assert f"in {len(worlds.sample('body', n=1).table.share)} activities" in text
    assert f"in {len(worlds.sample('hand', n=1).table.share)} modes" in text
    for world in worlds.WORLDS:
        share = worlds.sample(world, n=1).table.share.values()
        assert round(100 * sum(s for s in share if s >= 0.03)) == 96


def test_pictures_are_there_and_small():
    named = re.findall(r"\]\((pictures/[^)]+)\)", page("index") + page("worlds"))
    assert named
    for name in named:
        assert (DOCS / name).stat().st_size < 150_000


def test_the_example_of_notebooks_shows_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(blocks("notebooks", "python")[0].replace("n=2000", "n=300"), names)
    assert [shown._repr_html_().count("<table") for shown in names["shown"]] == [2, 1, 3, 1]


def test_the_examples_of_adaptation_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loops, steps = (
        block.replace("n=6000", "n=80").replace("n=3000", "n=40").replace("32", "4")
        for block in blocks("adaptation", "python")
    )
    loops = loops.replace("warmup_steps=300, steps=200", "warmup_steps=2, steps=2")
    names: dict = {}
    exec(loops.replace("fit_scorer(source)", "fit_scorer(source, steps=5)"), names)
    assert names["keypoints_BK2"].shape == (8, 16, 2)
    assert (tmp_path / "runs/mine/metrics.jsonl").is_file()
    exec(steps, names)
    assert all(np.isfinite(float(loss)) for loss in names["result"].losses.values())
    assert set(names["result"].losses) == {"supervised", "consistency"}


@pytest.mark.usefixtures("quick_fits")
def test_the_page_of_deployment_runs_from_its_first_line_to_its_last(tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    truth = write_coco(tmp_path, n=6, skeleton="body16")
    truth.path.rename("labels.json")
    names: dict = {}
    train, predict, export, export_torch = (
        [word.replace("udape", "source-only") for word in words]
        for words in command_lines("deploy")
    )
    small = ["--source", "world:body,n=24,side=32", "--network", "small", "--side", "32",
             "--batch-size", "4", "--warmup-steps", "1", "--steps", "1", "--bins", "3",
             "--weights", "none", "--device", "cpu"]  # fmt: skip
    _parse([*train, *small]).run()
    for command, blocks_after in ((predict, 1), (export, 2), (export_torch, 1)):
        _parse(command).run()
        done = names.setdefault("done", 0)
        for block in blocks("deploy", "python")[done : done + blocks_after]:
            exec(block, names)
        names["done"] = done + blocks_after
    assert names["done"] == len(blocks("deploy", "python"))
    assert len(names["people"]) == 6
    assert set(names["cost"]) == {"torch", "model.onnx", "model-int8.onnx"}
    assert set(names["found"]) == set(skeletons.load("body16").keypoints)
    np.testing.assert_allclose(names["same_confidence"], names["confidence"], atol=1e-4)
    np.testing.assert_allclose(names["same_keypoints"], names["keypoints"], atol=1e-4 * 32)


def test_the_adaptation_example_of_the_readme_runs():
    begin, choose, adapt, *_ = blocks("README", "python")
    names: dict = {}
    choose = (
        (begin + choose).replace("n=6000", "n=80").replace("200 * 32", "3 * 32").replace("32", "4")
    )
    exec(choose.replace("fit_scorer(source)", "fit_scorer(source, 'pca')"), names)
    target = names["ps"].read("world:body,poses=target,look=photo,n=8")
    images = names["ps"].PoseDataset(target, side=64).batch(range(4))
    names["batches"] = {
        "source": itertools.cycle(names["loader"]),
        "target": itertools.repeat({"image": images["image"]}),
    }
    names["images_B3HW"] = images["image"]
    exec(adapt.replace("warmup_steps=300, steps=200", "warmup_steps=1, steps=2"), names)
    assert names["keypoints_BK2"].shape == (4, 16, 2)


def test_the_page_of_rendering_runs_and_its_tables_are_the_codes_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small, *_ = command_lines("render")
    _parse(["3" if word == "5000" else word for word in small]).run()
    names: dict = {}
    smpl_block, python = blocks("render", "python")
    exec(smpl_block, names)
    at_pelvis = names["intrinsics"] @ names["extrinsics"] @ (0, 0, 0, 1)
    truth = worlds.sample("body", n=1).table
    pelvis = truth.keypoints_NK2[0, truth.skeleton.keypoints.index("pelvis")]
    np.testing.assert_allclose(at_pelvis[:2] / at_pelvis[2], pelvis, atol=1e-3)
    for number, fewer in {"50_000": "60", "5000": "3", "1000": "2"}.items():
        python = python.replace(number, fewer)
    exec(python, names)
    assert len(names["table"]) == 3
    rarest = np.sort(names["proposed"].neg_log_p_N)[-2:]
    assert np.array_equal(read("poses:rare/poses.parquet").neg_log_p_N, rarest)

    rows = [row.split(" | ") for row in table("render", "number").replace("`", "").splitlines()]
    assert [(row[1], row[2], row[3]) for row in rows] == [
        (one.name, smpl.JOINTS[one.parent].name if one.parent >= 0 else "", one.formula or "none")
        for one in smpl.JOINTS
    ]
    lowered = [int(row[4].strip(" |°") or 0) for row in rows]
    assert lowered == [one.lowered for one in smpl.JOINTS]
    turns = {row.split(" | ")[0]: row for row in table("render", "joint").splitlines()}
    for joint, angles in body_shape.JOINTS.items():
        told = turns.get(f"| {joint}", "")
        assert joint.startswith("right") or all(a[0] in told for a in angles if a)


def test_the_comparison_in_python_is_a_plan():
    names: dict = {}
    exec(blocks("commands", "python")[0].partition("path = ")[0], names)
    plan = names["plan"]
    made = {arm.name: of_arm(seeded(plan, 0), arm, Path()) for arm in plan.arms}
    assert set(plan.primary) <= set(made)
    assert made["oracle"].method.name == "oracle"
    assert "poses=target,look=synthetic" in str(made["oracle"].data.target)
