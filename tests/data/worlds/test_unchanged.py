"""Samples are named by number in saved tables and caches: they stay the same to the last bit.

Digests hold where sines, exponentials, small matrix products and OpenCV compute as they did where
the digests were made; elsewhere the last bits differ, and `test_worlds` looks at pixels.
"""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from posesift.data import worlds

MADE_WITH = "numpy 2.4.6, OpenCV 5.0.0, arithmetic 7cd9c2a6fafe9a6b"
# World, poses, facing: of the points and labels, of the images, and the activities.
DIGESTS = {
    ("body", "source", None): (
        "74acfbd5b8671520", "143f372b19886df4",
        "walk walk gesture walk stand",
    ),
    ("body", "source", 60): (
        "a4dc1343d1f97829", "f6e82d6a872cea9d",
        "walk walk gesture walk stand",
    ),
    ("body", "target", None): (
        "34a2037e7f973a60", "6b549d60ee14fda9",
        "kick handstand lie handstand walk",
    ),
    ("body", "target", 60): (
        "b34c8525419d2a9d", "f7ed7f63fa03678a",
        "kick handstand lie handstand walk",
    ),
    ("hand", "source", None): (
        "863e1df622ff6261", "4f956c7ecf93420b",
        "open relaxed relaxed open open",
    ),
    ("hand", "source", 60): (
        "18f333feb84e28ac", "53da4418d1b46687",
        "open relaxed relaxed open open",
    ),
    ("hand", "target", None): (
        "5c8380d5b567a6dd", "80222314e2cb8599",
        "call me thumb up spread ok sign horns",
    ),
    ("hand", "target", 60): (
        "ff6258d7dc681f9e", "128804918a70a3a9",
        "call me thumb up spread ok sign horns",
    ),
}  # fmt: skip


def digest(*arrays: np.ndarray) -> str:
    content = hashlib.sha256()
    for array in arrays:
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()[:16]


def here() -> str:
    """What the last bit of a sample depends on, beside the code."""
    x_N = np.linspace(-7, 7, 4096, dtype=np.float32)
    small_N33 = np.sin(np.arange(900, dtype=np.float32)).reshape(100, 3, 3)
    found = digest(
        np.sin(x_N), np.cos(x_N), np.exp(x_N), np.exp(x_N.astype(np.float64)),
        small_N33 @ small_N33.swapaxes(1, 2), x_N.reshape(64, 64) @ x_N.reshape(64, 64),
    )  # fmt: skip
    return f"numpy {np.__version__}, OpenCV {cv2.__version__}, arithmetic {found}"


@pytest.mark.parametrize("facing", [None, 60])
@pytest.mark.parametrize("poses", worlds.POSES)
@pytest.mark.parametrize("world", worlds.WORLDS)
def test_a_sample_is_what_it_always_was(world, poses, facing):
    if here() != MADE_WITH:
        pytest.skip(f"digests are of {MADE_WITH}; here are {here()}")
    sampled = worlds.sample(world, poses, seed=2, facing=facing, indices=[0, 5, 1023, 1024, 1500])
    table = sampled.table
    points_NP2, _ = sampled.cameras.see(sampled.figures.points_NP3)
    arrays = [
        points_NP2, table.keypoints_NK2, table.visible_NK, table.occluded_NK, table.neg_log_p_N,
    ]  # fmt: skip
    images = [worlds.paint(sampled, look, [1, 4]) for look in worlds.LOOKS]
    found = digest(*arrays), digest(*images), " ".join(table.mode_N)
    assert found == DIGESTS[world, poses, facing]
