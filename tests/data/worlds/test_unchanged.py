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
        "f01aabf2b5d4f642", "1d63ac20a0b0a757",
        "walk walk gesture walk stand",
    ),
    ("body", "source", 60): (
        "03d5f48487794051", "e87b0dd6009aee69",
        "walk walk gesture walk stand",
    ),
    ("body", "target", None): (
        "3259af68fa03bb7f", "e73640bb9a0ddf58",
        "kick handstand lie handstand walk",
    ),
    ("body", "target", 60): (
        "f0ddc9fc0c9bb722", "d4b736aa15a47eb4",
        "kick handstand lie handstand walk",
    ),
    ("hand", "source", None): (
        "536c39fb3405d7ee", "e342fd0b3560beeb",
        "open relaxed relaxed open open",
    ),
    ("hand", "source", 60): (
        "280c423db7f98563", "26033c9803ab4af6",
        "open relaxed relaxed open open",
    ),
    ("hand", "target", None): (
        "a5bb3e8c694d6c46", "f80deb055ef3002a",
        "call me thumb up spread ok sign horns",
    ),
    ("hand", "target", 60): (
        "b76ed7306de042fb", "c3f782f71aca7cbb",
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
    arrays = [
        sampled.points_NP2, sampled.depth_NP, sampled.scale_NP, sampled.girth_NG,
        table.keypoints_NK2, table.visible_NK, table.occluded_NK, table.neg_log_p_N,
    ]  # fmt: skip
    images = [worlds.paint(sampled, look, [1, 4]) for look in worlds.LOOKS]
    found = digest(*arrays), digest(*images), " ".join(table.mode_N)
    assert found == DIGESTS[world, poses, facing]
