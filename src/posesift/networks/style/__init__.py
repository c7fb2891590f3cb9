"""One image in the look of another, without a change of what it shows.

``statistics`` (mean and spread of each channel) and ``fourier`` (low-frequency amplitudes) compute
on the image itself and need no weights; ``adain`` is the network that UDAPE was published with,
and needs a trained one.

    from posesift.networks.style import build
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from posesift import spelling

if TYPE_CHECKING:
    from posesift.networks.style.base import Style

NAMES = ("statistics", "fourier", "adain")


def build(name: str, weights: str | Path | None = None, *, parity: bool = False) -> Style:
    """Make a style by its name.

    Args:
        name: one of `NAMES`.
        weights: of ``adain``: a folder with ``vgg_normalised`` and ``decoder``, each ``.pth`` or
            ``.safetensors``; the others take none.
        parity: of ``adain`` with a decoder that does not say how it was trained: show the network
            normalised images, as the published code of UDAPE does, not brightness in [0, 1].

    Raises:
        ValueError: an unknown name; weights that are missing, damaged, or not asked for.

    >>> import torch
    >>> dark, bright = torch.full((1, 3, 64, 64), -1.0), torch.full((1, 3, 64, 64), 1.0)
    >>> build("statistics")(dark, bright, torch.tensor([0.5])).mean()
    tensor(0.)
    """
    # here and not above: who only wants the names need not wait for torch
    from posesift.networks.style import adain, fourier, statistics

    if name not in NAMES:
        hint = spelling.hint(name, NAMES)
        raise ValueError(f"unknown style {name!r}, expected one of {', '.join(NAMES)}{hint}")
    if name == "adain":
        return adain.load(weights, parity=parity)
    if weights is not None:
        raise ValueError(f"the style {name!r} has no weights, found {weights}; leave them out")
    return statistics.Statistics() if name == "statistics" else fourier.Fourier()
