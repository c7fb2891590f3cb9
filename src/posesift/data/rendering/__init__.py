"""Renderings: images of a world on disk, with their labels, joint angles and cameras.

A `Scene` says what is in each image (`posesift.data.worlds.scene`). It comes from the world itself,
from a table of angles, or from whoever chooses samples; what is done with it is the same: labels
and angles are written, the images are painted part by part by several processes, and a contact
sheet and a manifest end the work. What was done before an interruption is kept, and the bytes of
the result depend neither on interruptions nor on the number of processes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from posesift import folders
from posesift.data import worlds
from posesift.data.address import Address, parse
from posesift.data.checks.contact_sheet import contact_sheet
from posesift.data.rendering import angle_table, columns, pictures, smpl_file
from posesift.data.rendering.world_address import WorldAddress
from posesift.data.worlds import processes
from posesift.data.worlds.painted import POOL_FROM
from posesift.data.worlds.scene import Scene
from posesift.data.writers import WRITERS, write
from posesift.data.writers.labels import Labels

FORMATS = ("coco", "yolo", "mmpose", "csv", "poses")
"""Formats of the labels, of `posesift.data.writers.WRITERS`."""

LARGEST = 1_000_000
"""Images of one rendering: their rows are in memory, and their files in one folder."""

SHEET, TABLE = "contact-sheet.jpg", "poses.parquet"
_RECORD = "render.json"  # what was asked for; --resume must ask for the same


def render(
    world: str | Address | WorldAddress,
    out: str | Path,
    *,
    n: int | None = None,
    side: int | None = None,
    angles: str | Path | None = None,
    strict_limits: bool = False,
    chosen: Scene | None = None,
    form: str = "coco",
    workers: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
) -> dict[str, Any]:
    """Render images of a world into a folder, with labels, joint angles and cameras.

    ``out`` then holds ``images/`` (PNG), the labels in the format asked for, ``poses.parquet`` (a
    pose table), ``angles.parquet`` and ``angles.csv``, for people ``smpl.npz``, and
    ``contact-sheet.jpg``; ``docs/render.md`` says what is in them.

    Args:
        world: such as ``"world:body,look=photo,seed=3"``.
        out: the folder of the result.
        n: how many samples, from the first on, in place of the address's ``n``.
        side: of the images, px, in place of the address's.
        angles: a table whose rows are rendered, in place of the world's own samples.
        strict_limits: refuse angles of that table that joints cannot do; else they are cut off.
        chosen: samples that somebody chose, such as ``WorldAddress.of(...).scene(numbers)``.
        form: one of `FORMATS`.
        workers: processes that paint; by default one a core where there are many images.
        overwrite: replace an earlier result in ``out``, once the new one is complete.
        resume: go on with what an interrupted call with the same arguments left in ``out``.

    Returns:
        The manifest's facts: ``address`` (reads the result), ``samples``, ``world``, ``format``,
        ``side``, ``angles`` (the table's path, or None), ``clipped`` (angles beyond their limits),
        ``clipped_rows``, ``lacking`` (columns that the table lacks).

    Raises:
        ValueError: an argument or the table is wrong, or ``out`` cannot be used; a full disk, after
            which ``resume`` goes on.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"expected workers of at least 1, found {workers}")
    if form not in FORMATS:
        raise ValueError(f"expected a format of {', '.join(FORMATS)}; found {form!r}")
    world = parse(world) if isinstance(world, str) else world
    counted = n is not None or (isinstance(world, Address) and "n" in world.options)
    if counted and (angles is not None or chosen is not None):
        raise ValueError("the table of angles says how many images there are: leave out n")
    if isinstance(world, Address):
        world = WorldAddress.of(world, n=n, side=side)
    else:
        changed = {"n": n, "side": side}
        world = dataclasses.replace(
            world, **{name: value for name, value in changed.items() if value is not None}
        )
    given = None
    if angles is not None:
        given = angle_table.read(angles, world, strict=strict_limits)
        chosen = given.scene
    count = world.n if chosen is None else len(chosen)
    if not 1 <= count <= LARGEST:
        raise ValueError(
            f"expected 1 to {LARGEST:,} images, found {count:,}; more of them go into several "
            "folders, each with a seed of its own"
        )
    scene = world.scene() if chosen is None else chosen
    if scene.name != world.name:
        raise ValueError(f"expected samples of world:{world.name}, found some of {scene.name}")
    world = dataclasses.replace(world, n=count)
    record = {
        "look": world.look,
        "side": world.side,
        "samples": len(scene),
        "format": form,
        "poses": _digest(scene),
    }
    with folders.claim(
        out, "rendering", overwrite=overwrite, resume=resume, inputs=[angles]
    ) as claimed:
        folders.remember(claimed.folder / _RECORD, record)
        address = _fill(claimed.folder, claimed.out, world, scene, form, workers)
        facts = {
            "address": address,
            "samples": len(scene),
            "world": str(world),
            "format": form,
            "side": world.side,
            "angles": None if angles is None else str(angles),
            "clipped": 0 if given is None else given.clipped,
            "clipped_rows": 0 if given is None else given.clipped_rows,
            "lacking": [] if given is None else given.lacking,
        }
        folders.write_manifest(claimed.folder, "rendering", **facts)
    return facts


def _fill(
    folder: Path, out: Path, world: WorldAddress, scene: Scene, form: str, workers: int | None
) -> str:
    """Write all files of a rendering but its manifest; returns the address that reads it."""
    images = WRITERS[form].images
    names = pictures.names(len(scene))
    table = dataclasses.replace(
        worlds.photograph(scene, world.side).table,
        image_N=np.array(names, object),
        root=images,
        exif="apply",
    )
    table.save(folder / TABLE)
    angle_table.write(scene, world, names, folder)
    if world.name == "body":
        smpl_file.write(scene, world.side, names, folder)
    if workers is None:
        workers = processes.cores() if len(scene) >= POOL_FROM else 1
    pictures.paint(scene, world.look, world.side, folder, images, workers)
    address = write(form, Labels(table, np.arange(1, len(table) + 1), out), folder)
    shown = dataclasses.replace(table, root=str(folder / images), address=str(world))
    contact_sheet(shown, folder / SHEET)
    shutil.rmtree(folder / pictures.MARKS, ignore_errors=True)
    return address


def _digest(scene: Scene) -> str:
    """Tell one scene from another by all that its images depend on."""
    content = hashlib.sha256(f"{scene.name} {scene.seed} {scene.split}".encode())
    for name, value_N in columns.read_columns(scene).items():
        content.update(name.encode())
        as_bytes = "\0".join(value_N) if value_N.dtype == object else value_N.tobytes()
        content.update(as_bytes.encode() if isinstance(as_bytes, str) else as_bytes)
    return content.hexdigest()[:32]
