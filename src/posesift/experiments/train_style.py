"""Training of a style network: two sets of images in, a folder for ``--style-weights`` out.

Legend: N samples, 3 = (r, g, b), H W rows and columns.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posesift import folders, storage
from posesift.adaptation.style_training import StyleSettings, StyleTraining
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.trackers import trackers
from posesift.adaptation.views.appearance import normalise
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.experiments.loaders import loaders
from posesift.experiments.recipes import worlds
from posesift.experiments.resolved import resolved, runtime_of
from posesift.experiments.spec import Experiment
from posesift.networks import MEAN, SPREAD
from posesift.networks.style.adain import untrained
from posesift.networks.style.base import Style
from posesift.poses import PoseTable
from posesift.sampling.strategies import make

EXAMPLES = 8  # columns of the picture


def style_experiment(seed: int = 0, quick: bool = False) -> Experiment:
    """Describe the training between the looks of the built-in body world; nothing of poses."""
    return worlds.body(seed, quick).changed(
        recipe="style",
        title="AdaIN decoder between the looks of source and target",
        gap=None,
        warmup_steps=0,
        steps=100 if quick else 20_000,
        batch_size=8,
    )


def train_style(experiment: Experiment, folder: Path) -> None:
    """Train AdaIN's decoder on images of source and target; no labels are looked at.

    Args:
        experiment: like `style_experiment`; its ``style_weights`` name the encoder.
        folder: claimed with `posesift.folders.claim`; gets ``vgg_normalised.safetensors``,
            ``decoder.safetensors`` and ``examples.jpg``, and can be given to ``--style-weights``.
            What an earlier, interrupted call left there is used.

    Raises:
        ValueError: no encoder, data without images, a folder begun with other settings.
    """
    source, target, encoder = opened(experiment)
    experiment, runtime = resolved(experiment, folder)
    network = untrained(encoder, parity=experiment.method.parity, seed=experiment.seed)
    method = StyleTraining(network, StyleSettings(steps=experiment.training.steps))
    drawn = {"style": make("uniform", np.zeros(len(source)))}
    with trackers(experiment.training.log_to, folder, dataclasses.asdict(experiment)) as log:
        fit(
            method,
            loaders(experiment, source, target, drawn, runtime),
            runtime,
            folder,
            seed=experiment.seed,
            save_every=experiment.training.save_every,
            resume=True,
            log=log,
        )
    network.save(folder)
    picture_HW3 = examples(network.cpu().eval(), source, target, experiment.network.side)
    written, data = cv2.imencode(".jpg", picture_HW3[..., ::-1])
    assert written
    storage.write_bytes(folder / "examples.jpg", data.tobytes())
    folders.write_manifest(folder, "style", source=source.address, target=target.address)


def opened(experiment: Experiment) -> tuple[PoseTable, PoseTable, str]:
    """Open source and target, and name the file of the encoder.

    Raises:
        ValueError: one of them is missing, or a set has no images; a device that is not there.
    """
    if experiment.method.style_weights is None:
        raise ValueError(
            "posesift style trains the decoder of AdaIN on top of its published encoder: "
            "expected --style-weights vgg_normalised.pth (or .safetensors, or their folder), found "
            "none. The styles statistics and fourier need no training"
        )
    if experiment.data.target is None:
        raise ValueError("a style is learnt from images of two domains: give --target")
    tables = [
        read(a, default_split="train") for a in (experiment.data.source, experiment.data.target)
    ]
    for table in tables:
        if not table.has_images:
            raise ValueError(f"{table.address} has no images, and a style is learnt from images")
    runtime_of(experiment, alone=True)
    untrained(
        experiment.method.style_weights, parity=experiment.method.parity, seed=experiment.seed
    )
    return tables[0], tables[1], experiment.method.style_weights


def examples(style: Style, source: PoseTable, target: PoseTable, side: int) -> NDArray[np.uint8]:
    """Draw a picture to look at: source, target, source in the target's look, and the other way."""
    count = min(EXAMPLES, len(source), len(target))
    images = [PoseDataset(table, side).batch(range(count))["image"] for table in (source, target)]
    from_B3HW, to_B3HW = (normalise(batch) for batch in images)
    full_B = torch.ones(count)
    rows = (
        from_B3HW,
        to_B3HW,
        style(from_B3HW, to_B3HW, full_B),
        style(to_B3HW, from_B3HW, full_B),
    )
    return np.concatenate([_row(row) for row in rows])


def _row(images_B3HW: Tensor) -> NDArray[np.uint8]:
    mean, spread = (torch.tensor(v)[:, None, None] for v in (MEAN, SPREAD))
    pixels_B3HW = (255 * (images_B3HW * spread + mean)).round().clamp(0, 255).byte()
    return np.concatenate(pixels_B3HW.permute(0, 2, 3, 1).numpy(), axis=1)
