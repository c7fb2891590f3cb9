"""States on disk: tensors in safetensors, everything else in JSON, no pickle.

A checkpoint is ``00000450.safetensors`` and ``00000450.json``. The JSON is written last and says
how large the tensors' file is, so a run may be killed at any moment: what has no JSON is not a
checkpoint, and one whose tensors are cut short is noticed and passed over.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from posesift.storage import atomic_path, read_json, write_json

KEPT = 2  # the newest, and one to fall back to


def save(folder: str | Path, step: int, state: Mapping[str, Any]) -> Path:
    """Write a checkpoint and remove all but the last two.

    Args:
        folder: of checkpoints; made if it is not there.
        step: steps done since the very beginning; its name.
        state: nested dicts (keys all str or all int) and lists of tensors and JSON values.

    Returns:
        The path of the JSON.
    """
    folder = Path(folder)
    tensors: dict[str, Tensor] = {}
    tree = _take_tensors(state, "", tensors)
    path = folder / f"{step:08d}.json"
    data = path.with_suffix(".safetensors")
    with atomic_path(data) as temporary:
        save_file(tensors, temporary)
    write_json(path, {"step": step, "bytes": data.stat().st_size, "state": tree})
    for old in sorted(folder.glob("[0-9]*.json"))[:-KEPT]:
        old.unlink()  # the JSON first: what is left of a kill in between is no checkpoint
    for orphan in folder.glob("[0-9]*.safetensors"):
        if not orphan.with_suffix(".json").exists():
            orphan.unlink()
    return path


def load(path: str | Path) -> tuple[int, dict[str, Any]]:
    """Read the checkpoint whose JSON is ``path``.

    Returns:
        The steps done and the state, as given to `save` (tuples as lists, tensors on the CPU).

    Raises:
        ValueError: a file is missing, cut short, or not what it should be.
    """
    path = Path(path)
    content = read_json(path)
    try:
        step, size, tree = int(content["step"]), int(content["bytes"]), content["state"]
    except (TypeError, KeyError) as error:
        raise ValueError(f"{path} is not the JSON of a checkpoint (no {error})") from None
    data = path.with_suffix(".safetensors")
    if not data.is_file():
        raise ValueError(f"the checkpoint {path} has lost its tensors: expected them in {data}")
    if data.stat().st_size != size:
        raise ValueError(
            f"the checkpoint {data} is damaged: expected {size} bytes, found "
            f"{data.stat().st_size}; it was cut short or replaced"
        )
    try:
        tensors = load_file(data)
        return step, _put_tensors(tree, tensors)
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"the checkpoint {data} is damaged ({error})") from None


def latest(folder: str | Path) -> tuple[int, dict[str, Any]] | None:
    """The newest whole checkpoint of a folder, or None where there never was one.

    Warns about each damaged one that it passes over.

    Raises:
        ValueError: there are checkpoints, and all of them are damaged.
    """
    problem = None
    for path in sorted(Path(folder).glob("[0-9]*.json"), reverse=True):
        try:
            return load(path)
        except ValueError as error:
            problem = error
            warnings.warn(f"{error}; falling back to the one before it", stacklevel=2)
    if problem is not None:
        raise ValueError(
            f"no whole checkpoint is left in {folder} (the last problem: {problem}); "
            "start again with --overwrite"
        )
    return None


def _take_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """``value`` with every tensor moved into ``tensors`` and its name left in the place."""
    if isinstance(value, Tensor):
        # a copy of its own: safetensors takes neither strides nor memory that is shared
        tensors[name] = value.detach().cpu().clone().contiguous()
        return {"$tensor": name}
    if isinstance(value, Mapping):
        inner = {
            k: _take_tensors(v, f"{name}/{k}" if name else str(k), tensors)
            for k, v in value.items()
        }
        if inner and all(isinstance(key, int) for key in inner):
            return {"$numbered": {str(key): v for key, v in inner.items()}}  # of optimisers
        assert all(isinstance(key, str) and not key.startswith("$") for key in inner), list(inner)
        return inner
    if isinstance(value, (list, tuple)):
        return [_take_tensors(v, f"{name}/{i}", tensors) for i, v in enumerate(value)]
    assert value is None or isinstance(value, (bool, int, float, str)), (name, type(value))
    return value


def _put_tensors(tree: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(tree, list):
        return [_put_tensors(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "$tensor" in tree:
        return tensors[tree["$tensor"]]
    if "$numbered" in tree:
        return {int(key): _put_tensors(v, tensors) for key, v in tree["$numbered"].items()}
    return {key: _put_tensors(value, tensors) for key, value in tree.items()}
