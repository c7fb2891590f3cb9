"""``posesift predict`` against the least that it could cost: a plain loop over the same images.

    python benchmarks/predict.py
    python benchmarks/predict.py --images 2000 --network resnet18 --side 128

The images are JPEGs of 640 x 480 px, written for it. The floor reads and decodes each with OpenCV,
reduced while it is decoded as `predict` does, warps it to the crop, and asks the network for
heatmaps batch by batch and the codec for keypoints: nothing is written, checked or kept. `predict`
does all that and writes its files, too. The two take turns in one process, a fresh folder each
time. Beside the ratio stand what the network alone takes on crops
that are in memory, and how the memory of the process grows with the number of images.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from figures import Figure, in_turns, main, over, peak_mb

from posesift.adaptation.training.runtime import Runtime
from posesift.experiments.predicting import predict
from posesift.experiments.recipes import recipe
from posesift.experiments.run import train
from posesift.experiments.trained import load_method

GOAL = 0.8  # of the floor's speed
BATCH = 64
REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def write_images(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = rng.integers(0, 255, (30, 40, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)
        paths.append(folder / f"{number:06d}.jpg")
        paths[-1].write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
    return paths


def make_run(folder: Path, network: str, side: int) -> Path:
    """A run of one step: what the weights are makes no difference to the time."""
    small = f"world:body,poses=source,look=synthetic,n=24,seed=0,side={side}"
    experiment = recipe("world-body", 0, quick=True).changed(
        source=small, target=None, test={"target": small}, network=network, side=side,
        weights="none", batch_size=4, scoring="pca", bins=3, warmup_steps=1, steps=0,
        device="cpu", precision="fp32", gap=None, oracles={},
    )  # fmt: skip
    folder.mkdir()
    train(experiment, folder)
    return folder


def floor(method, paths: list[Path], side: int) -> None:
    reduction = max(factor for factor in REDUCED if factor <= max(1, 640 / side))
    scale = reduction * side / 640
    matrix_23 = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, (side - 0.75 * side) / 2]])
    with torch.inference_mode():
        for start in range(0, len(paths), BATCH):
            crops = []
            for path in paths[start : start + BATCH]:
                image_HW3 = cv2.imread(str(path), REDUCED[reduction])
                crop_SS3 = cv2.warpAffine(image_HW3, matrix_23, (side, side))
                crops.append(crop_SS3[..., ::-1].transpose(2, 0, 1))
            method.predict(torch.from_numpy(np.ascontiguousarray(np.stack(crops))))


def network_alone(method, count: int, side: int) -> None:
    images = torch.zeros(BATCH, 3, side, side, dtype=torch.uint8)
    for start in range(0, count, BATCH):
        method.predict(images[: min(BATCH, count - start)])


def rows(
    images: int = 1000, network: str = "small", side: int = 64, turns: int = 3
) -> Iterator[Figure]:
    """Speed over the floor's, and memory."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        run = make_run(root / "run", network, side)
        paths = write_images(root / "images", images)
        method = load_method(run, Runtime.resolve("cpu", "fp32"))
        small = root / "small"
        small.mkdir()
        for path in paths[: images // 4]:
            (small / path.name).hardlink_to(path)
        predict(run, small, root / "first", device="cpu")
        peak_of_few = peak_mb()
        places = (root / f"out{turn}" for turn in range(turns))
        works = {
            "network": lambda: network_alone(method, images, side),
            "floor": lambda: floor(method, paths, side),
            "predict": lambda: predict(run, root / "images", next(places), device="cpu"),
        }
        seconds = in_turns(works, turns, time.perf_counter)
        growth = peak_mb() - peak_of_few
    each = ", ".join(f"{what} {1e3 * min(took) / images:.2f}" for what, took in seconds.items())
    yield Figure(
        f"speed over the floor's, {network} at {side} px",
        over(seconds["floor"], seconds["predict"]),
        least=GOAL,
        beside=f"ms an image: {each}",
    )
    few = f"peak memory, {images} images less {images // 4}"
    yield Figure(few, [growth], "MB", beside=f"of {peak_mb():.0f}")


if __name__ == "__main__":
    main(rows, images=40, turns=1)
