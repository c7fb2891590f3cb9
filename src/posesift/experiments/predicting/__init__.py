"""Predictions of a trained network on pictures that nobody has labelled.

Pictures are gone through part by part: each part is read ahead of the network, predicted, and
written as a shard. At the end the shards become the files of the result, whose bytes do not depend
on interruptions; memory holds a few batches of crops however many pictures there are (and their
names). See `posesift.experiments.predicting.rows` for what the files hold.

Shapes: N samples, K keypoints.
"""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from posesift import folders, progress, storage
from posesift.adaptation.training.method import Method
from posesift.experiments.predicting.crops import Batch, Cutter, ahead
from posesift.experiments.predicting.named import Named, named
from posesift.experiments.predicting.overlays import draw_overlays, draw_sheet
from posesift.experiments.predicting.people import People, read_people
from posesift.experiments.predicting.rows import SHARDS, TABLE, Written, summary
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import load_method, runtime_as_trained, skeleton_of
from posesift.results.predictions import read_confidence

LOW = 0.01
"""A prediction is marked low where its confidence is below that of this share of the run's own
test crops."""

_RECORD = "predict.json"  # what was asked for; --resume must ask for the same


def predict(
    run: str | Path,
    images: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    boxes: str | Path | None = None,
    overlays: bool = False,
    batch_size: int = 64,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    workers: int = 2,
    overwrite: bool = False,
    resume: bool = False,
) -> dict[str, Any]:
    """Find keypoints in pictures, and write what other tools read.

    ``out`` then holds ``results.json`` (COCO's results) and ``images.json`` (the images that they
    name by id), ``predictions.csv``, ``predictions.parquet`` (a pose table), a contact sheet by
    confidence, ``overlays/`` if asked for, and ``problems.txt`` if a picture could not be read.
    Coordinates are pixels of the picture as viewers show it, turned by EXIF, the centre of the
    first at (0, 0); ``score`` is the mean confidence of the keypoints.

    Args:
        run: a finished run.
        images: a folder, an image, a video, a pattern, or several of them.
        out: the folder of the result.
        boxes: file of boxes, see `posesift.experiments.predicting.people.read_people`; without
            it each picture is one crop, whole.
        overlays: draw the predictions on each picture, too; of a video one mp4.
        batch_size: crops at a time.
        device: where to compute; not bound to where the run was trained.
        precision: ``"auto"``: that of the training, where the device is of the same kind.
        threads: of torch; None leaves the number as it is.
        workers: threads that decode photographs.
        overwrite: replace an earlier result in ``out``, once the new one is complete.
        resume: go on with what an interrupted call with the same arguments left in ``out``.

    Returns:
        The manifest's facts: ``run``, ``pictures``, ``samples``, ``left_out`` (how many), ``low``
        (how many, None where the run tells no usual confidence), ``low_below``, ``complete``
        (nothing was left out), ``boxes`` (``"file"`` or ``"image"``), and ``notes``.

    Raises:
        ValueError: the run has no network; there are no pictures; boxes that cannot be read;
            ``out`` cannot be used; no picture can be read.
    """
    if batch_size < 1 or workers < 1:
        raise ValueError(
            f"expected a batch size and workers of at least 1, found {batch_size} and {workers}"
        )
    run = Path(run)
    method, experiment = _network(run, device, precision, threads)
    words = [images] if isinstance(images, (str, Path)) else list(images)
    pictures = named(words)
    _check_outside(out, words)
    people = read_people(Path(boxes), pictures.photographs, pictures.videos) if boxes else None
    low = _low(run)
    record = _record(run, method, pictures, boxes, batch_size)
    inputs = [run, boxes, pictures.root]
    with folders.claim(
        out, "prediction", overwrite=overwrite, resume=resume, inputs=inputs
    ) as claimed:
        folder = claimed.folder
        folders.remember(folder / _RECORD, record)
        written = Written(
            folder,
            skeleton_of(run),
            pictures.root,
            "image" if people is None else "file",
            {} if people is None else people.ids,
            low,
        )
        if not (folder / TABLE).is_file():
            side = experiment.network.side
            cutter = Cutter(pictures, people, side, batch_size, workers)
            written.gather(_predict_all(method, cutter, written, pictures))
        shutil.rmtree(folder / SHARDS, ignore_errors=True)
        if overlays:
            draw_overlays(folder, pictures, written.skeleton, low)
        draw_sheet(folder, pictures, written.skeleton, low)
        facts = _facts(folder, run, pictures, people, low)
        folders.write_manifest(folder, "prediction", **facts)
    return facts


def _network(
    run: Path, device: str, precision: str, threads: int | None
) -> tuple[Method, Experiment]:
    folders.read_manifest(run, "run")
    experiment = Experiment.load(run / "experiment.yaml")
    runtime = runtime_as_trained(experiment, device, precision, threads)
    return load_method(run, runtime), experiment


def _predict_all(method: Method, cutter: Cutter, written: Written, pictures: Named) -> int:
    """Write the shards of all parts that have none yet; returns how many parts there are."""
    parts, kept = 0, 0
    batches = cutter.batches(written.done)
    waiting: list[tuple[Batch, NDArray[np.float32], NDArray[np.float32]]] = []
    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # photographs are shared out, not the pixels of one
    known = None if pictures.videos else len(pictures.photographs)
    try:
        with progress.bar("predicting", known) as bar, torch.inference_mode():
            for batch in ahead(batches):
                waiting.append((batch, *_predicted(method, batch)))
                if not batch.ends:
                    continue
                _write_part(written, waiting)
                waiting, parts = [], batch.part + 1
                kept += batch.pictures
                bar.advance(batch.pictures, note=f"{kept} pictures")
    finally:
        cv2.setNumThreads(opencv_threads)
    while written.done(parts) is not None:  # of an earlier call, the last of all
        parts += 1
    return parts


def _predicted(method: Method, batch: Batch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Keypoints in crop pixels and confidence; a part's last batch may be empty."""
    if not batch.crops:
        return np.empty((0, 0, 2), np.float32), np.empty((0, 0), np.float32)
    keypoints_BK2, confidence_BK = method.predict(batch.images_B3SS)
    return keypoints_BK2.float().cpu().numpy(), confidence_BK.float().cpu().numpy()


def _write_part(
    written: Written, found: list[tuple[Batch, NDArray[np.float32], NDArray[np.float32]]]
) -> None:
    last = found[-1][0]
    filled = [one for one in found if one[0].crops]
    k = len(written.skeleton)
    written.write_shard(
        last.part,
        [crop for batch, _, _ in filled for crop in batch.crops],
        np.concatenate([np.empty((0, k, 2), np.float32), *(points for _, points, _ in filled)]),
        np.concatenate([np.empty((0, k), np.float32), *(sure for _, _, sure in filled)]),
        pictures=last.pictures,
        left_out=last.left_out,
        ends_video=last.ends_video,
    )


def _low(run: Path) -> float | None:
    """Give the mean confidence below which hardly any of the run's own test crops are."""
    confidence_NK = read_confidence(run)
    if confidence_NK is None or not len(confidence_NK):
        return None
    return float(np.quantile(confidence_NK.mean(1), LOW, method="lower"))


def _record(
    run: Path, method: Method, pictures: Named, boxes: str | Path | None, batch_size: int
) -> dict[str, Any]:
    """Say what the bytes of the result depend on."""
    listed = "\0".join([*pictures.photographs, "", *pictures.videos]).encode()
    content = storage.read_bytes(boxes, "boxes") if boxes else b""
    network = sorted((run / "checkpoints").glob("*.json"))
    return {
        "run": str(run.resolve()),
        "checkpoints": {path.stem: zlib.crc32(path.read_bytes()) for path in network},
        "images": str(pictures.root),
        "names": zlib.crc32(listed),
        "pictures_listed": len(pictures.photographs) + len(pictures.videos),
        "boxes": zlib.crc32(content) if boxes else None,
        "batch_size": batch_size,
        "device": method.runtime.device.type,
        "precision": method.runtime.precision,
    }


def _check_outside(out: str | Path, words: Sequence[str | Path]) -> None:
    """Refuse to write into a folder of images, where the next call would find what this one drew.

    Raises:
        ValueError: ``out`` lies in one of them.
    """
    for word in words:
        inside = Path(out).resolve().is_relative_to(Path(word).expanduser().resolve())
        if inside and Path(word).expanduser().is_dir():
            raise ValueError(f"expected --out outside of the images in {word}, found {out}")


def _facts(
    folder: Path, run: Path, pictures: Named, people: People | None, low: float | None
) -> dict[str, Any]:
    found = summary(folder)
    boxes_left_out = [] if people is None else people.left_out
    left_out = [*pictures.left_out, *boxes_left_out, *found["left_out"]]
    if left_out:
        storage.write_text(folder / "problems.txt", "".join(f"{line}\n" for line in left_out))
    notes = [*pictures.notes]
    if people is None:
        notes.append("no --boxes: each image is taken for one crop, whole, with one person in it")
    else:
        empty = sum(name not in people.of for name in pictures.photographs)
        notes += people.notes
        if empty:
            notes.append(f"images without a box, where nobody is predicted: {empty}")
    return {
        "run": str(run),
        "pictures": found["pictures"],
        "samples": found["samples"],
        "left_out": len(left_out),
        "low": None if low is None else found["low"],
        "low_below": low,
        "complete": not left_out,
        "boxes": "image" if people is None else "file",
        "notes": notes,
    }
