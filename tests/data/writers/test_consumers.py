"""What is written, in the hands of those that it is written for."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.datasets import write_coco

from posesift import skeletons
from posesift.data.files.images import image_size
from posesift.data.readers import read
from posesift.data.writers import WRITERS, write
from posesift.data.writers.images import place
from posesift.data.writers.labels import Labels
from posesift.data.writers.mmpose import dataset_info

COCO17_SIGMAS = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
]  # fmt: skip


def people(folder: Path, form: str, n: int = 12) -> Path:
    """Every second person of a COCO set, written in a format."""
    truth = write_coco(folder / "in", n=n)
    table = read(f"coco:{truth.path},images={folder}/in/photos").select(np.arange(0, n, 2))
    out = folder / "out"
    placed = place(table, out, "link", WRITERS[form]).table
    write(form, Labels(placed, np.arange(0, n, 2) + 1, out), out)
    return out


@pytest.mark.parametrize(
    ("package", "coco", "evaluation"),
    [
        ("pycocotools", "pycocotools.coco.COCO", "pycocotools.cocoeval.COCOeval"),
        ("faster_coco_eval", "faster_coco_eval.COCO", "faster_coco_eval.COCOeval_faster"),
    ],
)
def test_cocos_own_tools_score_a_perfect_prediction_with_1(
    package: str, coco: str, evaluation: str, tmp_path: Path
) -> None:
    pytest.importorskip(package)
    files, judged = (
        getattr(importlib.import_module(where.rpartition(".")[0]), where.rpartition(".")[2])
        for where in (coco, evaluation)
    )
    out = people(tmp_path, "coco")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = files(str(out / "annotations.json"))
        document = json.loads((out / "annotations.json").read_text())
        assert len(truth.getAnnIds()) == len(document["annotations"]) == 6
        assert truth.loadCats(truth.getCatIds())[0]["keypoints"][:2] == ["nose", "left_eye"]
        predicted = [
            {
                "image_id": one["image_id"],
                "category_id": one["category_id"],
                "keypoints": one["keypoints"],
                "score": 0.9,
            }
            for one in document["annotations"]
        ]
        judge = judged(truth, truth.loadRes(predicted), "keypoints")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
        off = [
            one | {"keypoints": [v + 40 * (i % 3 < 2) for i, v in enumerate(one["keypoints"])]}
            for one in predicted
        ]
        wrong = judged(truth, truth.loadRes(off), "keypoints")
        wrong.evaluate()
        wrong.accumulate()
        wrong.summarize()
    assert judge.stats[0] == pytest.approx(1)
    assert wrong.stats[0] < 0.5, "the test can tell"


def checked_as_ultralytics_does(folder: Path) -> dict[str, np.ndarray]:
    """Read a data set as Ultralytics documents it, and refuse what its checker refuses.

    https://docs.ultralytics.com/datasets/pose: train, val and names are needed; images of ten
    pixels at least and of known kinds; beside ``images`` a folder ``labels`` with a text of the
    same stem; a line of 5 + K x 3 numbers; nothing below 0, no point above 1, no class that is not
    named; no line twice.
    """
    data = yaml.safe_load((folder / "data.yaml").read_text())
    assert {"train", "val", "names"} <= set(data)
    joints, dimensions = data["kpt_shape"]
    assert sorted(data["flip_idx"]) == list(range(joints))
    assert all(data["flip_idx"][data["flip_idx"][k]] == k for k in range(joints))
    assert all(len(names) == joints for names in data["kpt_names"].values())
    found = {}
    for path in sorted((folder / data["train"]).rglob("*.*")):
        assert path.suffix[1:].lower() in {"bmp", "jpeg", "jpg", "png", "tif", "tiff", "webp"}
        assert min(image_size(path)) > 9
        label = Path("/labels/".join(str(path).rsplit("/images/", 1))).with_suffix(".txt")
        lines = [line.split() for line in label.read_text().splitlines()]
        values = np.array(lines, np.float32)
        assert values.shape[1] == 5 + joints * dimensions
        assert values.min() >= 0
        assert values[:, 5:].reshape(len(values), joints, dimensions)[..., :2].max() <= 1
        assert values[:, 1:5].max() <= 1
        assert values[:, 0].max() < len(data["names"])
        assert len(np.unique(values, axis=0)) == len(values)
        found[path.name] = values
    labels = {path.stem for path in (folder / "labels").rglob("*.txt")}
    assert labels == {Path(name).stem for name in found}
    return found


def test_ultralytics_finds_what_it_documents(tmp_path: Path) -> None:
    found = checked_as_ultralytics_does(people(tmp_path, "yolo"))
    assert len(found) == 6
    table = read(f"yolo:{tmp_path}/out/data.yaml,split=train")
    assert {Path(name).name for name in table.image_N} == set(found)
    data = yaml.safe_load((tmp_path / "out/data.yaml").read_text())
    assert data["val"] == "images/train"
    assert tuple(data["flip_idx"]) == skeletons.load("coco17").mirror


def test_ultralytics_own_checker(tmp_path: Path) -> None:
    utils = pytest.importorskip("ultralytics.data.utils", exc_type=ImportError)
    out = people(tmp_path, "yolo")
    data = utils.check_det_dataset(str(out / "data.yaml"))
    for path in sorted((out / data["train"]).rglob("*.jpg")):
        (label,) = utils.img2label_paths([str(path)])
        answer = utils.verify_image_label((str(path), label, "", True, 1, 17, 3, False))
        assert answer[0] == str(path)
        assert answer[8] == 0, answer[9]


@pytest.mark.parametrize("name", skeletons.names())
def test_the_dataset_info_of_mmpose_has_all_that_it_asks_for(name: str) -> None:
    """As ``parse_pose_metainfo`` of MMPose goes through it."""
    skeleton = skeletons.load(name)
    info = dataset_info(skeleton)
    names = [point["name"] for point in info["keypoint_info"].values()]
    assert names == list(skeleton.keypoints)
    assert len(info["joint_weights"]) == len(info["sigmas"]) == len(names)
    for k, point in info["keypoint_info"].items():
        assert point["id"] == k
        assert point["type"] in ("upper", "lower", "")
        other = point["swap"] or point["name"]
        assert names.index(other) == skeleton.mirror[k]
    links = [tuple(map(names.index, limb["link"])) for limb in info["skeleton_info"].values()]
    assert links == list(skeleton.limbs)


def test_mmpose_reads_its_files(tmp_path: Path) -> None:
    out = people(tmp_path, "mmpose")
    info = runpy.run_path(str(out / "dataset_info.py"))["dataset_info"]
    assert info["sigmas"] == COCO17_SIGMAS
    document = json.loads((out / "annotations.json").read_text())
    sizes = {image["id"]: (image["width"], image["height"]) for image in document["images"]}
    for one in document["annotations"]:  # of BaseCocoStyleDataset.parse_data_info
        x, y, w, h = one["bbox"]
        width, height = sizes[one["image_id"]]
        assert min(x + w, width - 1) > max(x, 0)
        assert min(y + h, height - 1) > max(y, 0)
        assert np.array(one["keypoints"], np.float32).reshape(1, -1, 3).shape == (1, 17, 3)
        assert one["num_keypoints"] > 0
        assert one["iscrowd"] == 0


def test_a_list_names_whole_paths_as_often_as_they_are_drawn(tmp_path: Path) -> None:
    truth = write_coco(tmp_path / "in", n=4)
    table = read(f"coco:{truth.path},images={tmp_path}/in/photos").select([0, 1, 1, 3])
    table = place(table, tmp_path / "out", "keep", WRITERS["list"]).table
    labels = Labels(table, np.arange(4) + 1, tmp_path / "out", np.array([1, 1, 3, 2]))
    write("list", labels, tmp_path / "out")
    lines = (tmp_path / "out/images.txt").read_text().splitlines()
    photos = [str(tmp_path / "in/photos" / name) for name in truth.names]
    assert lines == [photos[0], photos[1], photos[1], photos[1], photos[3], photos[3]]
    assert all(Path(line).is_file() for line in lines)
