"""The built-in worlds: from synthetic figures in usual poses to photo-like ones in all poses."""

from __future__ import annotations

from posesift.experiments.settings import Gap
from posesift.experiments.spec import Experiment
from posesift.networks.weights import is_installed

PRETRAINED = "efficientnet-lite0"
GAP: Gap = {
    "rows": ["source poses", "target poses"],
    "columns": ["synthetic look", "photo look"],
    "sets": [["source", "target_look"], ["target_poses", "target"]],
}


def body(seed: int = 0, quick: bool = False) -> Experiment:
    """People: usual poses drawn flat -> all poses in a photo-like look."""
    return _world("body", seed, quick, rotation=30.0)


def demo(seed: int = 0, quick: bool = False) -> Experiment:
    """`body` with people who mostly face the camera, and the pretrained network if it is here."""
    begun = _world("body", seed, quick, rotation=30.0, facing=",facing=60").changed(
        recipe="demo",
        title="Built-in body world: synthetic source, photo-like target",
    )
    if not is_installed(PRETRAINED):
        return begun
    return begun.changed(
        network=PRETRAINED,
        batchnorm="domain",
        learning_rate=1e-3,
        learning_rate_second=5e-4,
        warmup_steps=60 if quick else 200,
        steps=40 if quick else 100,
    )


def hand(seed: int = 0, quick: bool = False) -> Experiment:
    """Hands: open and relaxed drawn flat -> all poses in a photo-like look."""
    return _world("hand", seed, quick, rotation=60.0)


def _world(world: str, seed: int, quick: bool, rotation: float, facing: str = "") -> Experiment:
    source, target, test = (1500, 600, 300) if quick else (6000, 3000, 1000)

    def address(poses: str, look: str, count: int, split: str) -> str:
        return (
            f"world:{world},poses={poses},look={look},n={count},seed={seed}{facing},split={split}"
        )

    return Experiment.of(
        recipe=f"world-{world}",
        title=f"Built-in {world} world: synthetic source, photo-like target",
        source=address("source", "synthetic", source, "train"),
        target=address("target", "photo", target, "train"),
        oracles={
            "target": address("target", "photo", target, "train"),
            "target_poses": address("target", "synthetic", source, "train"),
            "target_look": address("source", "photo", source, "train"),
        },
        test={
            "target": address("target", "photo", test, "test"),
            "target_poses": address("target", "synthetic", test, "test"),
            "target_look": address("source", "photo", test, "test"),
            "source": address("source", "synthetic", test, "test"),
        },
        labels={
            "target": "target poses, photo look",
            "target_poses": "target poses, synthetic look",
            "target_look": "source poses, photo look",
            "source": "source poses, synthetic look",
        },
        gap=GAP,
        rotation=rotation,
        warmup_steps=60 if quick else 300,
        steps=40 if quick else 200,
        seed=seed,
    )
