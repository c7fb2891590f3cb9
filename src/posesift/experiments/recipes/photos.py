"""Real photographs: painted people or hands in a photo-like look -> a set that --target names.

The network begins from ImageNet weights: trained from scratch it finds about half as many joints,
and a teacher that is wrong nearly everywhere has nothing to teach.
"""

from __future__ import annotations

from posesift.experiments.spec import Experiment

SIDE = 96  # px; 360 steps at 128 px were worth less than 600 at 96


def photos(seed: int = 0, quick: bool = False) -> Experiment:
    """People painted in a photo-like look, all poses equally often -> photographs.

    ``target`` is left open: `posesift train photos --target lspet:/data/lspet`. The command then
    tests on the target's test split, unless --test says otherwise.
    """
    return _photos("photos", "body", "target", "all poses", seed, quick)


def photos_tail(seed: int = 0, quick: bool = False) -> Experiment:
    """Give the same with few rare poses: usual poses with a heavy tail -> photographs.

    The situation of most rendered sets, in which drawing by difficulty can help. Its oracle
    ``poses`` trains on as many paintings of all poses equally often.
    """
    return _photos("photos-tail", "body", "source", "usual poses, few rare ones", seed, quick)


def hands(seed: int = 0, quick: bool = False) -> Experiment:
    """Hands painted in a photo-like look, all poses equally often -> photographs of hands.

    `posesift train hands --target coco:hands.json,images=photos,skeleton=hand21`.
    """
    return _photos("hands", "hand", "target", "all poses", seed, quick)


def _photos(name: str, world: str, poses: str, said: str, seed: int, quick: bool) -> Experiment:
    facing = ",facing=60" if world == "body" else ""

    def painted(poses: str) -> str:
        count = 1500 if quick else 6000
        return (
            f"world:{world},poses={poses},look=photo,n={count},seed={seed},side={SIDE}{facing},"
            "split=train"
        )

    return Experiment.of(
        recipe=name,
        title=f"Built-in {world} world, photo-like look ({said}), to real photographs",
        source=painted(poses),
        oracles={} if poses == "target" else {"poses": painted("target")},
        network="efficientnet-lite0",
        batchnorm="domain",
        side=SIDE,
        rotation=40.0 if world == "body" else 60.0,
        learning_rate=1e-3,
        learning_rate_second=5e-4,
        warmup_steps=100 if quick else 800,
        steps=50 if quick else 300,
        reading={"lspet": {"boxes": "labels"}},
        seed=seed,
    )
