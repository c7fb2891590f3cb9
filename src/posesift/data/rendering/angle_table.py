"""The table of angles, ``angles.parquet`` and ``angles.csv``: pose, build and camera of each image.

What is written can be rendered again, and gives the same images to the last bit. What somebody
else's table lacks (all but the angles may be missing) is that of the world's sample of the row's
number. Angles beyond what joints can do are cut off and counted, or refused.

Names: N samples, A angles, 2 = (low, high).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from posesift import storage
from posesift.data import worlds
from posesift.data.readers.csv import columns as csv_columns
from posesift.data.rendering import columns
from posesift.data.rendering.columns import FOLLOWING, IMAGE, MODE, SAMPLE
from posesift.data.rendering.world_address import WorldAddress
from posesift.data.worlds.scene import Scene

PARQUET, CSV = "angles.parquet", "angles.csv"
ABOUT = b"posesift.angles"
"""Key of the Parquet schema's metadata: JSON of the world, its units, and what each column is."""

_MAGIC = b"PAR1"
_NAMED = 5  # columns that a message names
_FULL_TURN = 360


@dataclass(frozen=True)
class Given:
    """What was read.

    Attributes:
        scene: its rows.
        clipped: how many angles were beyond their limits and were cut off there.
        clipped_rows: of how many rows.
        lacking: columns that the table lacks, ``camera_*`` for all of a group; their values are
            those of the world's samples.
    """

    scene: Scene
    clipped: int
    clipped_rows: int
    lacking: list[str]


def write(scene: Scene, world: WorldAddress, images: list[str], folder: Path) -> None:
    """Write the table of a scene in both formats.

    Args:
        scene: N samples.
        world: whose they are; its side is that of the images.
        images: N names.
        folder: of the result.

    Raises:
        ValueError: the disk is full, or the folder cannot be written to.
    """
    module = worlds.world_module(scene.name)
    found = {IMAGE: np.array(images, object), **columns.read_columns(scene)}
    found |= columns.following(scene, world.side)
    arrays = {
        name: pa.array(value_N.astype(np.int8) if value_N.dtype == bool else value_N)
        for name, value_N in found.items()
    }
    about = {
        "world": str(world),
        "skeleton": module.SKELETON,
        "unit": module.UNIT,
        "angles": "degrees",
        "limits": dict(zip(columns.angle_columns(module), module.LIMITS_A2.tolist(), strict=True)),
        "columns": {n: q.told for n, q in columns.optional(module).items()} | FOLLOWING,
    }
    table = pa.table(arrays)
    with storage.atomic_path(folder / CSV) as temporary:
        pyarrow.csv.write_csv(table, temporary, pyarrow.csv.WriteOptions(quoting_style="needed"))
    with storage.atomic_path(folder / PARQUET) as temporary:
        pq.write_table(
            table.replace_schema_metadata({ABOUT: json.dumps(about).encode()}), temporary
        )


def read(file: str | Path, world: WorldAddress, *, strict: bool = False) -> Given:
    """Read a table of angles: what `write` wrote, or one of your own in Parquet or CSV.

    Whole turns of what can turn all the way round (tilt, lean) are taken off first.

    Args:
        file: with a column for each angle of the world.
        world: whose angles they are, and whose samples fill what the table lacks.
        strict: refuse angles beyond their limits.

    Raises:
        ValueError: there is no such table; it is one of another world, lacks an angle, or has no
            rows; a cell is empty, no number, or none that its column may hold.
    """
    path = storage.file_at(file, "a table of angles (Parquet or CSV)")
    module = worlds.world_module(world.name)
    names, optional = columns.angle_columns(module), columns.optional(module)
    rows, where = _rows(path, {*names, *optional, SAMPLE})
    _check_names(rows.column_names, names, path, world)
    if not len(rows):
        raise ValueError(f"expected rows of angles in {path}, found none")
    number_N = np.arange(len(rows), dtype=np.int64)
    if SAMPLE in rows.column_names:
        number_N = _numbers(rows, SAMPLE, path, where, 0, worlds.LARGEST_COUNT - 1).astype(np.int64)
    drawn = world.scene(number_N)
    values: dict[str, dict[str, np.ndarray]] = {"shape": {}, "camera": {}}
    for name, quantity in optional.items():
        group, _, inner = name.partition("_")
        value_N = getattr(drawn, group)[inner]
        if name in rows.column_names:
            found_N = _numbers(rows, name, path, where, quantity.low, quantity.high)
            value_N = found_N.astype(quantity.kind)
        values[group][inner] = value_N
    given_NA = np.stack([_numbers(rows, name, path, where) for name in names], 1)
    angles_NA, beyond_NA = _within(given_NA, module.LIMITS_A2)
    if strict and beyond_NA.any():
        row, a = np.argwhere(beyond_NA)[0].tolist()
        low, high = module.LIMITS_A2[a].tolist()
        raise ValueError(
            f"{path}, {where(row)}: expected {names[a]} from {low:g} to {high:g} degrees, found "
            f"{given_NA[row, a]:g}; {int(beyond_NA.sum())} angles of {int(beyond_NA.any(1).sum())} "
            "rows are beyond what joints can do. Without --strict-limits they are cut off there"
        )
    angles_NA = angles_NA.astype(drawn.angles_NA.dtype)
    scene = dataclasses.replace(
        drawn,
        angles_NA=angles_NA,
        **values,
        neg_log_p_N=module.neg_log_p(angles_NA),
        mode_N=_modes(rows, path),
    )
    lacking = _lacking(list(optional), rows.column_names)
    return Given(scene, int(beyond_NA.sum()), int(beyond_NA.any(1).sum()), lacking)


def _rows(path: Path, numbers: set[str]):
    """Return the table as Arrow has it, and how a row is called in messages."""
    with path.open("rb") as file:
        is_parquet = file.read(len(_MAGIC)) == _MAGIC
    if not is_parquet:
        found = csv_columns.load(path, numbers, (MODE,), double=True)
        return found.rows, lambda row: f"line {row + 2}"
    try:
        names = [n for n in pq.read_schema(path).names if n in numbers or n == MODE]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{path}: the column {', '.join(repeated)} comes twice")
        rows = pq.read_table(path, columns=names)
        if not names:  # to say what there is instead
            rows = pq.read_table(path)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise ValueError(f"{path} is not a readable Parquet file: {error}") from None
    return rows, lambda row: f"row {row}"


def _check_names(found: list[str], names: list[str], path: Path, world: WorldAddress) -> None:
    missing = [name for name in names if name not in found]
    if not missing:
        return
    for other in worlds.WORLDS:
        if set(columns.angle_columns(worlds.world_module(other))) <= set(found):
            raise ValueError(
                f"{path} holds the angles of world:{other}, and world:{world.name} is to be "
                f"rendered; render world:{other} with it"
            )
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    raise ValueError(
        f"expected a column for each of the {len(names)} joint angles of world:{world.name} in "
        f"{path}, missing {', '.join(missing[:_NAMED])}{more}; posesift render world:{world.name} "
        f"--n 1 writes such a table"
    )


def _numbers(rows, name: str, path: Path, where, low=-np.inf, high=np.inf) -> np.ndarray:
    """Return a column as float64, checked.

    Raises:
        ValueError: it holds no numbers, or one that is missing, not finite or out of range.
    """
    column = rows.column(name)
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise ValueError(f"{path}, column {name}: expected numbers, found {kind}")
    value_N = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    wrong_N = ~((value_N >= low) & (value_N <= high) & np.isfinite(value_N))
    if name == SAMPLE or (low, high) == (0, 1):
        wrong_N |= value_N != np.floor(value_N)
    if wrong_N.any():
        row = int(np.argmax(wrong_N))
        value = value_N[row]
        expected = "a number" if np.isinf(low) else f"{low:g} to {high:g}"
        told = "none (an empty cell or NaN)" if np.isnan(value) else f"{value:g}"
        raise ValueError(f"{path}, {where(row)}, column {name}: expected {expected}, found {told}")
    return value_N


def _lacking(names: list[str], found: list[str]) -> list[str]:
    """Name the columns that are not there; ``shape_*`` where none of a group is.

    >>> _lacking(["shape_a", "shape_b", "camera_c", "camera_d"], ["camera_c"])
    ['shape_*', 'camera_d']
    """
    lacking = [name for name in names if name not in found]
    groups = {name: f"{name.partition('_')[0]}_" for name in names}
    whole = set(groups.values()) - {groups[name] for name in names if name in found}
    return list(dict.fromkeys(f"{groups[n]}*" if groups[n] in whole else n for n in lacking))


def _modes(rows, path: Path) -> np.ndarray | None:
    if MODE not in rows.column_names:
        return None
    column = rows.column(MODE)
    if pa.types.is_dictionary(column.type):  # pandas' categories
        column = column.cast(pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise ValueError(f"{path}, column {MODE}: expected text, found {column.type}")
    texts = {text: text or "" for text in column.unique().to_pylist()}  # each one once
    return np.array([texts[text] for text in column.to_pylist()], object)


def _within(angles_NA: np.ndarray, limits_A2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut angles off at their limits; returns them, and which were beyond."""
    low_A, high_A = limits_A2.astype(np.float64).T
    beyond_NA = (angles_NA < low_A) | (angles_NA > high_A)
    turns_NA = np.rint(angles_NA / _FULL_TURN) * (beyond_NA & (high_A - low_A >= _FULL_TURN))
    angles_NA = angles_NA - _FULL_TURN * turns_NA
    cut_NA = np.clip(angles_NA, low_A, high_A)
    return cut_NA, cut_NA != angles_NA
