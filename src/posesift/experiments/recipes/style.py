"""The look of images: AdaIN's decoder, trained on the images of two domains."""

from __future__ import annotations

from posesift.experiments.recipes import worlds
from posesift.experiments.spec import Experiment


def style(seed: int = 0, quick: bool = False) -> Experiment:
    """From the look of one domain to that of another and back; nothing of poses is learnt.

    `posesift train style --source coco:... --target images:... --style-weights vgg_normalised.pth`
    """
    return worlds.body(seed, quick).changed(
        recipe="style",
        title="AdaIN decoder between the looks of source and target",
        gap=None,
        warmup_steps=0,
        steps=100 if quick else 20_000,
        batch_size=8,
    )
