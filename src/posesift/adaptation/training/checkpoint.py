"""States on disk: tensors in safetensors, everything else in JSON, no pickle.

A checkpoint is ``00000450.safetensors`` and ``00000450.json``. The JSON is written last and says
how large the tensors' file is and what its checksum is, so a run may be killed at any moment: what
has no JSON is not a checkpoint, and one whose tensors are cut short, or are those of another
checkpoint, is noticed and passed over.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from posesift.storage import atomic_path, read_json, size_text, write_json
from posesift.tensor_files import save_tensors

if TYPE_CHECKING:
    from posesift.adaptation.training.method import Method

KEPT = 2  # the newest, and one to fall back to
LARGEST_JSON = 64 * 2**20  # bytes; a ResNet-101 with its optimiser's state needs 0.3 MB


def save(
    folder: str | Path,
    step: int,
    state: Mapping[str, Any],
    name: str | None = None,
    beside: Collection[int] | None = None,
) -> Path:
    """Write a checkpoint; one without a name removes others of those without a name.

    Args:
        folder: of checkpoints; made if it is not there.
        step: steps done since the very beginning; how its files are called.
        state: nested dicts (keys all str or all int) and lists of tensors and JSON values.
        name: of the files, say ``"best"``; such a checkpoint is replaced by the next of its
            name only, and `latest` does not look at it.
        beside: steps whose checkpoints stay beside this one; by default the newest two stay.

    Returns:
        The path of the JSON.
    """
    folder = Path(folder)
    tensors: dict[str, Tensor] = {}
    tree = _take_tensors(state, "", tensors)
    path = folder / f"{name or f'{step:08d}'}.json"
    data = path.with_suffix(".safetensors")
    with atomic_path(data) as temporary:
        save_tensors(temporary, tensors)
        facts = {"step": step, "bytes": temporary.stat().st_size, "crc32": _checksum(temporary)}
        path.unlink(missing_ok=True)  # an older one of the name: it says nothing of these tensors
    write_json(path, {**facts, "state": tree})
    if name is not None:
        return path
    old = sorted(folder.glob("[0-9]*.json"))
    if beside is None:
        old = old[:-KEPT]
    else:
        stay = {f"{number:08d}" for number in (*beside, step)}
        old = [path for path in old if path.stem not in stay]
    for other in old:
        other.unlink()  # the JSON first: what is left of a kill in between is no checkpoint
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
    step, size, checksum, tree = _read(path)
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
    except SafetensorError as error:
        raise ValueError(f"the checkpoint {data} is damaged ({error})") from None
    if checksum is not None and checksum != _checksum(data):
        raise ValueError(
            f"the checkpoint {data} is damaged: its checksum is not that in {path.name}; it was "
            "changed, or is the file of another checkpoint"
        )
    try:
        return step, _put_tensors(tree, tensors)
    except KeyError as error:
        raise ValueError(f"the checkpoint {data} is damaged: it holds no tensor {error}") from None
    except (TypeError, ValueError, AttributeError, RecursionError):
        raise ValueError(f"{path} is not the JSON of a checkpoint: its state is garbled") from None


def take_network(method: Method, folder: str | Path, *, made_by: str, wanted_by: str) -> None:
    """Give ``method`` the network that a run chose: its best checkpoint, else the newest whole one.

    Args:
        method: takes it up, see `Method.load_network`.
        folder: of checkpoints.
        made_by: the recipe that the checkpoint comes from, for messages: method, network,
            skeleton.
        wanted_by: the recipe of ``method``, likewise.

    Raises:
        ValueError: there is no checkpoint; the best one is damaged, or all others are; the
            network does not fit, and the message names both recipes.
    """
    best = Path(folder) / "best.json"  # `loop.fit` keeps one where it is asked to choose
    found = load(best) if best.is_file() else latest(folder)
    if found is None:
        raise ValueError(f"expected the checkpoint of {made_by} in {folder}, found none")
    state = found[1].get("method")
    network = state.get("network") if isinstance(state, dict) else None
    if not isinstance(network, dict) or not all(isinstance(v, Tensor) for v in network.values()):
        raise ValueError(f"the checkpoint in {folder}, of {made_by}, holds no network")
    try:
        method.load_network(network)
    except RuntimeError:
        raise ValueError(
            f"the checkpoint in {folder} holds the network of {made_by}, which does not fit "
            f"{wanted_by}: {_misfit(network, method.network.state_dict())}; choose a run of the "
            "same network and skeleton"
        ) from None


def latest(folder: str | Path) -> tuple[int, dict[str, Any]] | None:
    """Give the newest whole checkpoint of a folder, or None where there never was one.

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


def _read(path: Path) -> tuple[int, int, int | None, dict[str, Any]]:
    """Step, bytes, checksum (older checkpoints have none) and tree of a checkpoint's JSON."""
    if path.is_file() and (size := path.stat().st_size) > LARGEST_JSON:
        raise ValueError(
            f"{path} is not the JSON of a checkpoint: expected at most {size_text(LARGEST_JSON)}, "
            f"found {size_text(size)}"
        )
    try:
        content = read_json(path)
    except RecursionError:
        raise ValueError(
            f"{path} is not the JSON of a checkpoint: it is nested too deeply"
        ) from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not the JSON of a checkpoint (no step)")
    for name in ("step", "bytes"):
        value = content.get(name)
        if type(value) is not int or not 0 <= value < 2**53:
            raise _no(path, name, "a whole number", value)
    if not isinstance(content.get("state"), dict):
        raise _no(path, "state", "an object", content.get("state"))
    if path.stem.isdigit() and path.stem != f"{content['step']:08d}":
        raise ValueError(
            f"{path} says that it is the checkpoint of step {content['step']}; its name belongs "
            "to another one"
        )
    return content["step"], content["bytes"], content.get("crc32"), content["state"]


def _no(path: Path, name: str, expected: str, found: Any) -> ValueError:
    return ValueError(
        f"{path} is not the JSON of a checkpoint (no {name}): expected {expected}, "
        f"found {str(found)[:40]}"
    )


def _checksum(path: Path) -> int:
    """CRC-32 of a file: tells files apart that were mixed up, not those that were forged."""
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def _misfit(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str:
    """In words, how the tensors of two networks differ."""
    shapes = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name].shape != tensor.shape
    ]
    kinds = {
        "missing": [name for name in expected if name not in found],
        "unknown": [name for name in found if name not in expected],
        "of another shape": shapes,
    }
    return "; ".join(
        f"{len(names)} tensors {kind} ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})"
        for kind, names in kinds.items()
        if names
    )


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
