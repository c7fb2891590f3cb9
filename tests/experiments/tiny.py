"""An experiment so small that a test can afford it."""

from posesift.experiments.recipes import recipe


def address(poses, look, count, split):
    return f"world:body,poses={poses},look={look},n={count},seed=0,split={split},side=32"


CHANGES = {
    "source": address("source", "synthetic", 48, "train"),
    "target": address("target", "photo", 16, "train"),
    "oracles": {
        "target": address("target", "photo", 16, "train"),
        "target_poses": address("target", "synthetic", 48, "train"),
    },
    "test": {
        "target": address("target", "photo", 24, "test"),
        "target_poses": address("target", "synthetic", 24, "test"),
    },
    "gap": None,
    "side": 32,
    "batch_size": 4,
    "bins": 4,
    "scoring": "pca",
    "warmup_steps": 3,
    "steps": 3,
    "device": "cpu",
    "precision": "fp32",
    "threads": 1,
}


def experiment(**changes):
    return recipe("world-body", 0, quick=True).changed(**CHANGES | changes)
