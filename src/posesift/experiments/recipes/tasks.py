"""The field's tasks with their published settings: labelled renderings -> unlabelled photographs.

The data are one's own copies, named by --source and --target. Settings are those of the public
code of RegDA and UDAPE (ResNet-101 on ImageNet weights, 256 px, batches of 32, epochs of 500
steps); methods are trained by PoseSift's formulas on splits that share nothing, and by the
published ones, on the published splits, with --parity.
"""

from __future__ import annotations

from functools import partial

from posesift.experiments.spec import Experiment

EPOCH = 500  # steps

STEPS = {
    "source-only": (70 * EPOCH, 0),
    "oracle": (70 * EPOCH, 0),
    "regda": (70 * EPOCH, 30 * EPOCH),
    "udape": (40 * EPOCH, 30 * EPOCH),
}
"""Published steps of both stages, by method; `posesift train` keeps to them. `posesift compare`
gives every method UDAPE's, for arms are compared on one number of draws."""

STEPS_TO = {"human36m": {"regda": (70 * EPOCH, 10 * EPOCH)}}
"""Others, by the target's format."""

ROTATION = {"surreal": 60.0, "rhd": 180.0, "synthetic-animals": 30.0}
"""Published rotations of augmentation, by the source's format."""

IMAGENET = (
    "The published settings start from ImageNet weights of a ResNet-101: give its file with "
    "--weights. Without them training starts from scratch and ends far below published figures."
)


PUBLISHED = ("surreal-to-lsp", "surreal-to-human36m", "rhd-to-h3d")
"""Tasks with rows in ``published.toml``."""


def _task(
    name: str,
    title: str,
    source: str,
    target: str,
    reading: dict[str, dict[str, str]],
    seed: int = 0,
    quick: bool = False,
) -> Experiment:
    """Give a task between two formats; ``quick`` tries it out on a processor, from scratch."""
    size = (
        {"warmup_steps": 60, "steps": 40, "side": 64, "network": "small", "sigma": 1.0}
        if quick
        else {
            "warmup_steps": STEPS["udape"][0],
            "steps": STEPS["udape"][1],
            "steps_of": STEPS | STEPS_TO.get(target, {}),
            "side": 256,
            "network": "resnet101",
            "sigma": 1.0 if source == "synthetic-animals" else 2.0,
            "learning_rate": 1e-3,
            "learning_rate_second": 1e-4,
            "save_every": 2 * EPOCH,
            "notes": (IMAGENET,),
        }
    )
    return Experiment.of(
        recipe=name,
        title=title,
        source="",
        kinds=(source, target),
        batch_size=32,
        rotation=ROTATION[source],
        reading=reading,
        published=name if name in PUBLISHED else None,
        seed=seed,
        **size,
    )


# By name: a title, the formats of source and target, and what their addresses get.
_TASKS = {
    # one half of the photographs to adapt to, one to test
    "surreal-to-lsp": ("SURREAL to Leeds Sports Pose", "surreal", "lsp", {}),
    # subjects 9 and 11 are the test; of 50 frames a second each fifth, as published
    "surreal-to-human36m": (
        *("SURREAL to Human3.6M", "surreal", "human36m"),
        {"human36m": {"every": "5"}},
    ),
    # the last of the five parts is the test
    "rhd-to-h3d": ("RHD to Hand-3D-Studio", "rhd", "h3d", {}),
    # hands of 32 people, the test of other poses
    "rhd-to-freihand": ("RHD to FreiHAND", "rhd", "freihand", {}),
    # 18 keypoints
    "synthetic-to-tigdog": (
        *("Synthetic animals to TigDog", "synthetic-animals", "tigdog"),
        {"synthetic-animals": {"animal": "horse+tiger"}},
    ),
    # 14 keypoints
    "synthetic-to-animalpose": (
        *("Synthetic animals to AnimalPose", "synthetic-animals", "animalpose"),
        {"synthetic-animals": {"animal": "hound+sheep"}, "animalpose": {"species": "dog+sheep"}},
    ),
}

TASKS = {name: partial(_task, name, *about) for name, about in _TASKS.items()}
"""Recipes by name."""
