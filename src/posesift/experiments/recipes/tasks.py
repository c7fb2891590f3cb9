"""The field's tasks with their published settings: labelled renderings -> unlabelled photographs.

The data are one's own copies, named by --source and --target. Settings are those of the public
code of RegDA and UDAPE (ResNet-101 on ImageNet weights, 256 px, batches of 32, epochs of 500
steps); methods are trained by PoseSift's formulas on splits that share nothing, and by the
published ones, on the published splits, with --parity.
"""

from __future__ import annotations

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

IMAGENET = (
    "The published settings start from ImageNet weights of a ResNet-101: give its file with "
    "--weights. Without them training starts from scratch and ends far below published figures."
)


def surreal_to_lsp(seed: int = 0, quick: bool = False) -> Experiment:
    """Train on rendered people -> sports photographs: one half to adapt to, one to test."""
    return _task("surreal-to-lsp", "SURREAL to Leeds Sports Pose", "surreal", "lsp", seed, quick)


def surreal_to_human36m(seed: int = 0, quick: bool = False) -> Experiment:
    """Train on rendered people -> videos from a studio; subjects 9 and 11 are the test."""
    return _task(
        "surreal-to-human36m",
        "SURREAL to Human3.6M",
        "surreal",
        "human36m",
        seed,
        quick,
        steps=STEPS | {"regda": (70 * EPOCH, 10 * EPOCH)},
        reading={"human36m": {"every": "5"}},  # of 50 frames a second, as published
    )


def rhd_to_h3d(seed: int = 0, quick: bool = False) -> Experiment:
    """Train on rendered hands -> hands in a studio; the last of the five parts is the test."""
    return _task("rhd-to-h3d", "RHD to Hand-3D-Studio", "rhd", "h3d", seed, quick, turns=180.0)


def rhd_to_freihand(seed: int = 0, quick: bool = False) -> Experiment:
    """Train on rendered hands -> hands of 32 people, the test of other poses."""
    return _task("rhd-to-freihand", "RHD to FreiHAND", "rhd", "freihand", seed, quick, turns=180.0)


def synthetic_to_tigdog(seed: int = 0, quick: bool = False) -> Experiment:
    """Train on rendered horses and tigers -> videos of them, 18 keypoints."""
    return _animals("synthetic-to-tigdog", "Synthetic animals to TigDog", "tigdog", seed, quick)


def synthetic_to_animalpose(seed: int = 0, quick: bool = False) -> Experiment:
    """Train on rendered hounds and sheep -> photographs of dogs and sheep, 14 keypoints."""
    return _animals(
        "synthetic-to-animalpose", "Synthetic animals to AnimalPose", "animalpose", seed, quick
    )


TASKS = {
    "surreal-to-lsp": surreal_to_lsp,
    "surreal-to-human36m": surreal_to_human36m,
    "rhd-to-h3d": rhd_to_h3d,
    "rhd-to-freihand": rhd_to_freihand,
    "synthetic-to-tigdog": synthetic_to_tigdog,
    "synthetic-to-animalpose": synthetic_to_animalpose,
}

PUBLISHED = ("surreal-to-lsp", "surreal-to-human36m", "rhd-to-h3d")
"""Tasks with rows in ``published.toml``."""


def _animals(name: str, title: str, target: str, seed: int, quick: bool) -> Experiment:
    groups = {"tigdog": "horse+tiger", "animalpose": "hound+sheep"}
    reading = {"synthetic-animals": {"animal": groups[target]}}
    if target == "animalpose":
        reading["animalpose"] = {"species": "dog+sheep"}
    return _task(
        name, title, "synthetic-animals", target, seed, quick, sigma=1.0, turns=30.0,
        reading=reading,
    )  # fmt: skip


def _task(
    name: str,
    title: str,
    source: str,
    target: str,
    seed: int,
    quick: bool,
    *,
    sigma: float = 2.0,
    turns: float = 60.0,
    steps: dict[str, tuple[int, int]] = STEPS,
    reading: dict[str, dict[str, str]] | None = None,
) -> Experiment:
    """Give a task between two formats; ``quick`` tries it out on a processor, from scratch."""
    size = (
        {"warmup_steps": 60, "steps": 40, "side": 64, "network": "small", "sigma": 1.0}
        if quick
        else {
            "warmup_steps": STEPS["udape"][0],
            "steps": STEPS["udape"][1],
            "steps_of": steps,
            "side": 256,
            "network": "resnet101",
            "sigma": sigma,
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
        rotation=turns,
        reading=reading or {},
        published=name if name in PUBLISHED else None,
        seed=seed,
        **size,
    )
