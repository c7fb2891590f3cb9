"""True files of every kind that is read, and how each is read: what the fuzz tests spoil."""

from __future__ import annotations

import dataclasses
import json
import pickle
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import yaml
from tests.data.formats.animalpose import write_animalpose
from tests.data.formats.ap10k import write_ap10k
from tests.data.formats.coco_wholebody import write_coco_wholebody
from tests.data.formats.csv import write_csv
from tests.data.formats.cvat import write_cvat
from tests.data.formats.deeplabcut import write_hdf5, write_project
from tests.data.formats.freihand import write_freihand
from tests.data.formats.h3d import write_h3d
from tests.data.formats.human36m import (
    write_human36m,
    write_human36m_cdf,
    write_human36m_crops,
)
from tests.data.formats.labelstudio import write_labelstudio
from tests.data.formats.mpii import write_h5, write_json, write_mpii
from tests.data.formats.rhd import write_rhd
from tests.data.formats.sleap import write_embedded, write_sleap
from tests.data.formats.surreal import write_crops, write_surreal
from tests.data.formats.synthetic_animals import write_animal
from tests.data.formats.tigdog import write_tigdog
from tests.data.formats.yolo import write_yolo
from tests.datasets import pose_table, write_coco, write_images, write_lspet

from posesift import skeletons
from posesift.data.files import matlab, plain_pickle
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.experiments.spec import Experiment
from posesift.skeletons import synonyms


@dataclass(frozen=True)
class Seed:
    """A kind of input.

    Attributes:
        name: of the test.
        write: makes true files in an empty folder.
        file: pattern of the file that is spoilt; the first one that fits.
        read: reads it, given the folder and the file.
        form: how the file is spoilt: as ``json``, ``yaml``, ``toml`` or ``bytes``.
    """

    name: str
    write: Callable[[Path], Any]
    file: str
    read: Callable[[Path, Path], Any]
    form: str = "bytes"


def _address(pattern: str) -> Callable[[Path, Path], Any]:
    """Read an address and use what comes: write the table, cut a crop."""

    def use(folder: Path, file: Path) -> None:
        table = read(pattern.format(folder=folder, file=file))
        table.save(folder / "out" / "saved.parquet")
        if len(table) and table.has_images and table.image_N is not None:
            PoseDataset(table, 16, keep=False).batch([0])

    return use


def _mpii(folder: Path) -> None:
    truth = write_mpii(folder, images=3)
    write_json(folder, truth, 1)
    write_h5(folder, truth, 1)


def _matlab_7_3(folder: Path) -> None:
    with h5py.File(folder / "a.mat", "w", userblock_size=512) as file:
        file["joints"] = np.arange(60.0).reshape(5, 4, 3)
        file.create_dataset("more", data=np.ones((50, 3)), compression="gzip", chunks=(10, 3))
    content = bytearray((folder / "a.mat").read_bytes())
    content[:24] = b"MATLAB 7.3 MAT-file, x. "
    (folder / "a.mat").write_bytes(content)


def _pickle(folder: Path) -> None:
    value = {0: {"xyz": np.ones((3, 2)), "K": np.eye(3)}, "names": ["a", ("b", 2.5)], b"x": {1, 2}}
    (folder / "a.pickle").write_bytes(pickle.dumps(value, 2))


def _objects(folder: Path) -> None:
    np.save(folder / "a.npy", np.array([{"a": 1}, [2, 3]], object), allow_pickle=True)


def _numbers(folder: Path) -> None:
    np.save(folder / "a.npy", np.arange(12.0).reshape(4, 3))


def _table(folder: Path) -> None:
    write_images(folder / "photos", 6)
    listed = read(f"images:{folder}/photos")
    table = pose_table(6, root="photos")
    dataclasses.replace(
        table,
        keypoints_NK2=np.clip(table.keypoints_NK2, 0, 100),  # inside the smallest
        image_N=listed.image_N,
        width_N=listed.width_N,
        height_N=listed.height_N,
    ).save(folder / "a.parquet")


def _experiment(folder: Path) -> None:
    from posesift.experiments.recipes import recipe

    recipe("world-body", 0, True).save(folder / "a.yaml")


def _skeleton(folder: Path) -> None:
    shutil.copy(Path(skeletons.__file__).parent / "body16.toml", folder / "a.toml")


def _synonyms(folder: Path) -> None:
    shutil.copy(synonyms.TABLE, folder / "a.toml")


def _of_file(load: Callable[[Path], Any]) -> Callable[[Path, Path], Any]:
    return lambda folder, file: load(file)


SEEDS = (
    Seed("coco", write_coco, "annotations.json", _address("coco:{file},skeleton=file"), "json"),
    Seed("coco bytes", write_coco, "annotations.json", _address("coco:{file},skeleton=file")),
    Seed("yolo", write_yolo, "data.yaml", _address("yolo:{file}"), "yaml"),
    Seed("yolo labels", write_yolo, "labels/train/0.txt", _address("yolo:{folder}/data.yaml")),
    Seed(
        "deeplabcut",
        write_project,
        "labeled-data/day/CollectedData_ann.csv",
        _address("deeplabcut:{file}"),
    ),
    Seed(
        "deeplabcut hdf5",
        write_hdf5,
        "labeled-data/day/CollectedData_ann.h5",
        _address("deeplabcut:{file}"),
    ),
    Seed("sleap", write_sleap, "labels.slp", _address("sleap:{file}")),
    Seed("sleap embedded", write_embedded, "labels.slp", _address("sleap:{file}")),
    Seed("labelstudio", write_labelstudio, "export.json", _address("labelstudio:{file}"), "json"),
    Seed("cvat", write_cvat, "annotations.xml", _address("cvat:{file}")),
    Seed("csv", write_csv, "labels.csv", _address("csv:{file},images={folder}/photos")),
    Seed(
        "coco-wholebody",
        write_coco_wholebody,
        "annotations.json",
        _address("coco-wholebody:{file}"),
        "json",
    ),
    Seed("ap10k", write_ap10k, "annotations/*train-split1*", _address("ap10k:{folder}"), "json"),
    Seed("animalpose", write_animalpose, "keypoints.json", _address("animalpose:{folder}"), "json"),
    Seed("h3d", write_h3d, "**/annotation.json", _address("h3d:{folder}"), "json"),
    Seed("freihand", write_freihand, "training_xyz.json", _address("freihand:{folder}"), "json"),
    Seed("freihand K", write_freihand, "training_K.json", _address("freihand:{folder}"), "json"),
    Seed("human36m", write_human36m, "**/*_data.json", _address("human36m:{folder}"), "json"),
    Seed(
        "human36m joints",
        write_human36m,
        "**/*joint_3d.json",
        _address("human36m:{folder}"),
        "json",
    ),
    Seed(
        "human36m cameras", write_human36m, "**/*camera.json", _address("human36m:{folder}"), "json"
    ),
    Seed(
        "human36m crops",
        write_human36m_crops,
        "**/keypoints2d_*.json",
        _address("human36m:{folder}"),
        "json",
    ),
    Seed("human36m cdf", write_human36m_cdf, "**/*.cdf", _address("human36m:{folder}")),
    Seed("mpii mat", _mpii, "*.mat", _address("mpii:{folder},annotations=mat")),
    Seed("mpii json", _mpii, "train.json", _address("mpii:{file}"), "json"),
    Seed("mpii h5", _mpii, "train.h5", _address("mpii:{file}")),
    Seed("rhd", write_rhd, "training/anno_training.pickle", _address("rhd:{folder}")),
    Seed("surreal", write_surreal, "**/*_info.mat", _address("surreal:{folder}")),
    Seed("surreal video", write_surreal, "**/*.mp4", _address("surreal:{folder}")),
    Seed(
        "surreal crops",
        lambda folder: write_crops(folder, "train"),
        "train/run0.json",
        _address("surreal:{folder},split=train"),
        "json",
    ),
    Seed(
        "synthetic animals",
        lambda folder: write_animal(folder, "horse"),
        "**/*_kpts.npy",
        _address("synthetic-animals:{folder}"),
    ),
    Seed("tigdog ranges", write_tigdog, "ranges/horse/ranges.mat", _address("tigdog:{folder}")),
    Seed("tigdog", write_tigdog, "landmarks/horse/*.mat", _address("tigdog:{folder}")),
    Seed("lspet", write_lspet, "joints.mat", _address("lspet:{folder}")),
    Seed("images", lambda f: write_images(f, 3), "*.png", _address("images:{folder}")),
    Seed(
        "images jpeg",
        lambda f: write_images(f, 3, suffix=".jpg"),
        "*.jpg",
        _address("images:{folder}"),
    ),
    Seed("pose table", _table, "a.parquet", _address("poses:{file}")),
    Seed("matlab 7.3", _matlab_7_3, "a.mat", _of_file(lambda f: matlab.load(f, "joints", "more"))),
    Seed("pickle", _pickle, "a.pickle", _of_file(plain_pickle.load)),
    Seed("npy objects", _objects, "a.npy", _of_file(plain_pickle.load_npy)),
    Seed("npy", _numbers, "a.npy", _of_file(plain_pickle.load_npy)),
    Seed("skeleton", _skeleton, "a.toml", _of_file(skeletons.load), "toml"),
    Seed("skeleton bytes", _skeleton, "a.toml", _of_file(skeletons.load)),
    Seed("synonyms", _synonyms, "a.toml", _of_file(synonyms.load), "toml"),
    Seed("experiment", _experiment, "a.yaml", _of_file(Experiment.load), "yaml"),
    Seed("experiment bytes", _experiment, "a.yaml", _of_file(Experiment.load)),
)


PARSE: dict[str, Callable[[bytes], Any]] = {
    "json": json.loads,
    "yaml": yaml.safe_load,
    "toml": lambda content: tomllib.loads(content.decode()),
}
"""How a true file's document is read, to be spoilt."""
