"""Which files a result of each kind consists of; any other in its folder is somebody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_SCORE = r"difficulty\.parquet|scorer\.(json|safetensors)|summary\.json|report\.html"
_TRACKED = r"(tensorboard|wandb)/.+|mlflow\.db|mlflow-run"
_TRAINED = (
    r"experiment\.yaml|metrics\.jsonl|checkpoints/(\d{8,}|best)\.(json|safetensors)|" + _TRACKED
)
_RUN = (
    rf"{_TRAINED}|environment\.json|evaluation\.json|predictions\.parquet|baselines\.json|"
    rf"report\.html|score/({_SCORE}|manifest\.json)"
)
_FILES = {
    "score": _SCORE,
    "run": _RUN,
    "evaluation": _RUN,
    "style": rf"{_TRAINED}|(vgg_normalised|decoder)\.safetensors|examples\.jpg",
    "comparison": rf"experiment\.yaml|comparison\.json|report\.html|"
    rf"score(-seed\d+)?/({_SCORE}|manifest\.json)|cells/[^/]+/seed\d+/({_RUN}|manifest\.json)|"
    r"rendered/[^/]+/seed\d+\.(parquet|json)",
    "subset": r"annotations\.json|data\.yaml|labels\.csv|poses\.parquet|images\.txt|"
    r"dataset_info\.py|subset\.json|weights\.(csv|parquet)|report\.html|labels/.+\.txt|"
    r"images/.+(?<!\.npy)(?<!\.cache)",  # which trainers leave beside what they read
    "prediction": r"predictions\.(parquet|csv)|results\.json|images\.json|predict\.json|"
    r"problems\.txt|contact-sheet\.jpg|parts/\d{6,}\.parquet",
    "rendering": r"annotations\.json|data\.yaml|labels\.csv|dataset_info\.py|poses\.parquet|"
    r"angles\.(parquet|csv)|smpl\.npz|render\.json|contact-sheet\.jpg|labels/.+\.txt|"
    r"parts/\d{6,}\.txt",
    "export": r"model(-int8)?\.onnx|model\.pt2|model\.safetensors|load\.py|export\.json",
    "prepared": r"poses\.parquet|problems\.txt|prepare\.json|parts/[^/]+\.(parquet|txt)",
}
_UNLISTED = {  # folder to what is in it: there may be millions
    "prepared": ("images", r"images/\d{6,}-[\w-]+/\d{5,}-[\w-]+\.jpg"),
    "rendering": ("images", r"images/(train/)?\d{6,}\.png"),
    "prediction": ("overlays", r"overlays/\d{6,}-[\w-]+\.(jpg|mp4)"),
}
_INNER = re.compile(r".+/manifest\.json")  # of scores and cells; older manifests do not name them

KINDS = tuple(_FILES)
"""What a command can begin; an ``evaluation`` ends as a ``run``."""

RESUMABLE = ("run", "style", "comparison", "prepared", "prediction", "rendering")
"""Kinds whose commands know ``--resume``."""


def is_listed(kind: str, name: str) -> bool:
    """Whether the file ``name`` (relative, with ``/``) is named in the manifest of a ``kind``."""
    return re.fullmatch(_FILES[kind], name, re.ASCII) is not None


def is_part(kind: str, name: str) -> bool:
    """Whether the file ``name`` is a part of a result of ``kind``, listed or not."""
    _, unlisted = _UNLISTED.get(kind, ("", ""))
    return is_listed(kind, name) or bool(unlisted and re.fullmatch(unlisted, name, re.ASCII))


def is_inner_manifest(kind: str, name: str) -> bool:
    """Whether the file is the manifest of a score or a cell inside a result of ``kind``."""
    return _INNER.fullmatch(name) is not None and is_part(kind, name)


def unlisted_folder(kind: str) -> str | None:
    """Return the folder inside a result of ``kind`` that holds nothing that a manifest lists."""
    return _UNLISTED[kind][0] if kind in _UNLISTED else None


def new_beside(place: Path) -> Path:
    """Where the result is made that is to take the place of the one in ``place``."""
    return place.with_name(f".{place.name}.posesift-new")


def old_beside(place: Path) -> Path:
    """Where the old result is, for the moment between its place and its end."""
    return place.with_name(f".{place.name}.posesift-old")


def place_of(folder: Path) -> Path:
    """Where the result that is made in ``folder`` will be.

    >>> place_of(Path("runs/.a.posesift-new")).as_posix(), place_of(Path("runs/b")).as_posix()
    ('runs/a', 'runs/b')
    """
    name = folder.name.removeprefix(".").removesuffix(".posesift-new")
    return folder.with_name(name) if is_beside(folder) else folder


def is_beside(folder: Path) -> bool:
    """Whether a folder is the one of `new_beside`."""
    return folder.name.startswith(".") and folder.name.endswith(".posesift-new")


def files(folder: Path, skip: str | None = None) -> Iterator[str]:
    """Names of all files and links in a folder, but for the hidden ones of PoseSift's own.

    Args:
        folder: to look into; links to folders are not followed.
        skip: a folder directly inside it that is not looked into.
    """
    yield from _files(folder, "", skip)


def _files(folder: Path, before: str, skip: str | None) -> Iterator[str]:
    for item in sorted(folder.iterdir()):
        name = before + item.name
        if item.name.startswith(".posesift"):
            continue
        if item.is_dir() and not item.is_symlink():
            if name != skip:
                yield from _files(item, f"{name}/", skip)
        else:
            yield name
