"""Real photographs: the body world in its photo-like look -> a set that --target names."""

from __future__ import annotations

from posesift.experiments.spec import Experiment


def photos(seed: int = 0, quick: bool = False) -> Experiment:
    """People painted in a photo-like look, all poses -> photographs.

    ``target`` is left open: `posesift train photos --target lspet:/data/lspet`. The command then
    tests on the target's test split, unless --test says otherwise.
    """
    return Experiment(
        recipe="photos",
        title="Built-in body world, photo-like look, to real photographs",
        source=(
            f"world:body,poses=target,look=photo,n={1500 if quick else 6000},"
            f"seed={seed},split=train"
        ),
        warmup_steps=100 if quick else 500,
        steps=50 if quick else 300,
        reading={"lspet": {"boxes": "labels"}},
        seed=seed,
    )
