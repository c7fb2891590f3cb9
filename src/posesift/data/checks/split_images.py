"""Which images of a set are its test images: to find pictures that are in training too."""

from __future__ import annotations

import dataclasses

from posesift.data.address import Address
from posesift.data.readers import options, read

PATIENCE = 20.0
"""Seconds that reading all labels may have taken, for the test's to be read once more."""


def test_images(address: Address, seconds: float) -> set[str] | None:
    """Names of the test split's images.

    Args:
        address: as it was read.
        seconds: how long that took.

    Returns:
        None where the address names one split, the format has no ``all``, there are no images,
        the test split cannot be read, or it would take too long.
    """
    split = options(address.kind).get("split")
    chosen = address.options.get("split", None if split is None else split.default)
    if chosen != "all" or seconds > PATIENCE:
        return None
    test = dataclasses.replace(address, options=address.options | {"split": "test"})
    try:
        table = read(test)
    except ValueError:
        return None
    return None if table.image_N is None else set(map(str, table.image_N.tolist()))
