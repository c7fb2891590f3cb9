"""Raw data become crops of one size and a pose table: read fast, and small enough to carry.

The raw data are gone through part by part (a clip, or some hundred photographs), several at a
time. Each part writes its crops, and then, atomically, a shard of the table, so what was done
before an interruption is known and kept, and memory holds a few parts whatever the size of the
data. At the end the shards become one ``poses.parquet``, in the order of the parts: the bytes do
not depend on the number of workers, nor on interruptions, nor on the engine.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from posesift import folders, progress
from posesift.data.address import Address, parse
from posesift.data.inputs import inputs_of
from posesift.data.pixels import image_path
from posesift.data.prepare import shards
from posesift.data.prepare.cropping import Crops, Cut, cut, cut_table, sampled
from posesift.data.readers import options, read_parts
from posesift.data.readers.parts import Part
from posesift.engines import Engine
from posesift.poses.table import PoseTable

_RECORD = "prepare.json"  # what was asked for; --resume must ask for the same
_SAMPLES = 240  # of a part, where the format has no parts of its own
_LARGEST = 4096  # pixels of a crop's side
_HOPELESS = 100  # of so many samples more than half are bad: no point in going on


def prepare(
    address: str | Address,
    out: str | Path,
    *,
    side: int = 256,
    scale: float = 1.0,
    every: int = 1,
    workers: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
    engine: Engine | None = None,
) -> dict[str, Any]:
    """Cut the samples of a data set out of their images, and write what `poses:` reads.

    ``out`` then holds ``images/`` (JPEG), ``poses.parquet`` in crop pixels, ``problems.txt`` if
    there were any, ``prepare.json`` and, last, ``manifest.json``. The crop is a square around the
    middle of the sample's box; without boxes it is the whole image. Keypoints that it cuts off
    are not visible. Images that are seen in a mirror are written as they are seen. Where the data
    have no clips, ``clip`` becomes the name of the image, so that people of one photograph stay
    on the same side of a split.

    Args:
        address: the raw data.
        out: the folder of the result, outside of the raw data.
        side: of the crops in pixels.
        scale: side of the square over the longer side of the box.
        every: take every n-th frame of each clip, or every n-th sample.
        workers: threads; by default one a core.
        overwrite: replace an earlier result in ``out``, once the new one is complete.
        resume: go on with what an interrupted call with the same arguments left in ``out``.
        engine: cuts the parts, on machines that find the raw data and ``out`` at the same paths;
            None: threads of this process.

    Returns:
        The manifest's facts: ``samples``, ``left_out``, ``address``, ``side``, ``scale``,
        ``every``.

    Raises:
        ValueError: an argument is out of range, ``out`` cannot be used or another process writes
            there, the data cannot be read or have no images, or more than 5 % of the samples have
            no readable image. What was done is kept.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"expected workers of at least 1, found {workers}")
    if workers is not None and engine is not None:
        raise ValueError("workers are threads of this process; an engine has its own: give one")
    record = _record(address, side, scale, every)
    address = parse(record["address"])
    if Path(out).resolve().is_relative_to(Path(address.path).expanduser().resolve()):
        # where the reader may find it the next time
        raise ValueError(f"expected --out outside of the raw data {address.path}, found {out}")
    # parts of a whole table begin with a sample that is taken
    parts = list(read_parts(address, size=every * max(1, _SAMPLES // every)))
    if not parts:
        raise ValueError(f"expected samples in {address}, found none")
    first = parts[0].read()
    if len(first):
        image_path(first, 0)  # refuses a table without images
    read = inputs_of(address, first)  # which --overwrite must not remove
    with folders.claim(out, "prepared", overwrite=overwrite, resume=resume, inputs=read) as claimed:
        folder = claimed.folder
        folders.remember(folder / _RECORD, record)
        if not (folder / shards.TABLE).is_file():
            crops = Crops(folder, side, scale, 1 if "every" in address.options else every)
            if engine is None:
                _cut_all(crops, parts, _threads(workers or os.cpu_count() or 1))
            else:
                _cut_all(crops, parts, partial(_on_engine, engine))
            shards.gather(folder, len(parts))
        shutil.rmtree(folder / shards.FOLDER, ignore_errors=True)
        samples, left_out = shards.counts(folder / shards.TABLE)
        facts = {"samples": samples, "left_out": left_out, **record}
        folders.write_manifest(folder, "prepared", **facts)
    return facts


def _record(address: str | Address, side: int, scale: float, every: int) -> dict[str, Any]:
    """Return what the result depends on; the address with its option ``every`` where it has one."""
    if not 8 <= side <= _LARGEST:
        raise ValueError(f"expected side from 8 to {_LARGEST} pixels, found {side}")
    if every < 1:
        raise ValueError(f"expected every of at least 1, found {every}")
    if not 0 < scale < 100:
        raise ValueError(f"expected a scale above 0 and below 100, such as 1, found {scale}")
    address = parse(address) if isinstance(address, str) else address
    if "every" in options(address.kind) and every > 1:
        if "every" in address.options:
            raise ValueError(f"{address} says every= already, and --every {every} too: give one")
        asked = address.options | {"every": str(every)}
        address = dataclasses.replace(address, options=asked)
    return {"address": str(address), "side": side, "scale": float(scale), "every": every}


Cutting = Callable[[Crops, Sequence[Part]], Generator[Cut, None, None]]
"""Cuts parts, and yields each as it is done."""


def _cut_all(crops: Crops, parts: Sequence[Part], cutting: Cutting) -> None:
    """Write crops and shards of all parts that have none yet, a few at a time."""
    samples, bad = 0, []
    with (
        progress.bar("preparing", len(parts)) as bar,
        contextlib.closing(cutting(crops, parts)) as cuts,
    ):
        for done in cuts:
            samples, bad = samples + done.samples, bad + done.bad
            bar.advance(note=f"{samples} samples")
            if len(bad) > max(samples, _HOPELESS) / 2:
                raise shards.too_many(bad, samples)


def _threads(workers: int) -> Cutting:
    """Cut in threads, at most two parts for each in flight."""

    def cutting(crops: Crops, parts: Sequence[Part]) -> Generator[Cut, None, None]:
        stop = threading.Event()
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # the parts are shared out, not the pixels of one crop
        try:
            with ThreadPoolExecutor(workers) as pool:
                try:
                    yield from _in_turn(pool, crops, parts, 2 * workers, stop)
                except BaseException:
                    stop.set()
                    pool.shutdown(cancel_futures=True)
                    raise
        finally:
            cv2.setNumThreads(threads)

    return cutting


def _in_turn(
    pool: ThreadPoolExecutor,
    crops: Crops,
    parts: Sequence[Part],
    most: int,
    stop: threading.Event,
) -> Generator[Cut, None, None]:
    """Each part as it is done, at most ``most`` of them in flight."""
    running: set[Future[Cut]] = set()
    for number, part in enumerate(parts):
        if samples := shards.whole(crops.folder, number, part.name):
            yield Cut(samples, [])
            continue
        running.add(pool.submit(cut, crops, number, part, stop))
        if len(running) >= most:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in finished)
    for future in running:
        yield future.result()


def _on_engine(engine: Engine, crops: Crops, parts: Sequence[Part]) -> Generator[Cut, None, None]:
    """Cut on an engine. Labels are read here: what readers count of all parts, they count here."""
    waiting = []
    for number, part in enumerate(parts):
        if samples := shards.whole(crops.folder, number, part.name):
            yield Cut(samples, [])
        else:
            waiting.append((number, part))
    tables = ((number, part.name, sampled(crops, part)) for number, part in waiting)
    yield from engine.map(partial(cut_piece, crops), tables)


def cut_piece(crops: Crops, asked: tuple[int, str, PoseTable]) -> Cut:
    """Cut a part whose labels are read, wherever that is done: number, name and table of it.

    Raises:
        ValueError: as `posesift.data.prepare.cropping.cut_table`.
    """
    cv2.setNumThreads(1)
    number, name, table = asked
    return cut_table(crops, number, name, table)
