"""A network by its name, with the weights that it begins from."""

from __future__ import annotations

import importlib
from pathlib import Path

from torch import Tensor, nn

from posesift import spelling
from posesift.networks import NETWORKS, TIMM
from posesift.networks.pyramid import PyramidPoseNet
from posesift.networks.seeded import seeded
from posesift.networks.timm_backbone import TimmBackbone
from posesift.networks.weights import IMAGENET, SCRATCH, imagenet_file, read_tensors

WRAPPERS = ("module.", "model.")  # of DataParallel, of Lightning
BACKBONE = "backbone."
NOT_USED = ("fc.", "_fc.", "_conv_head.", "_bn1.", "_blocks.15.")  # a published classifier's


def build(
    name: str, keypoints: int, weights: str | Path | None = None, *, seed: int = 0
) -> nn.Module:
    """Make a network; the same ``seed`` gives the same initial weights.

    Args:
        name: one of `NETWORKS`, or ``timm:`` and the name of one of timm's models.
        keypoints: K, heatmaps to give.
        weights: ``"imagenet"``: those that a package carries (``networks.weights``); or a
            ``.safetensors`` or ``.pth`` file with tensors by parameter name, of the whole network
            or of its backbone (whose classifier is left out), with the prefixes of DataParallel,
            Lightning and MMPose or without; None or ``"none"``: random weights.
        seed: of the initial weights. The global random state is left as it was.

    Returns:
        A module with ``.stride``, ``.channels``, ``.features(images)``, ``.head`` and
        ``forward(images_B3HW)`` to heatmaps_BKhw; images are normalised floats.

    Raises:
        ValueError: an unknown name; a file that is missing, holds more than tensors, or does
            not fit the network; a package that is not installed.
    """
    pretrained = str(weights) == IMAGENET
    if name.startswith(TIMM):
        with seeded(seed):
            backbone = TimmBackbone(name.removeprefix(TIMM), pretrained)
            network: nn.Module = PyramidPoseNet(backbone, keypoints)
    elif name in NETWORKS:
        with seeded(seed):
            module, _, made_by = NETWORKS[name].made_by.partition(":")
            make = getattr(importlib.import_module(module), made_by)
            network = make(*NETWORKS[name].arguments, keypoints)
        if pretrained:
            load_weights(network, imagenet_file(name))
    else:
        raise ValueError(
            f"unknown network {name!r}, expected one of {', '.join(NETWORKS)}, or timm:NAME"
            + spelling.hint(name, NETWORKS)
        )
    if weights is not None and not pretrained and str(weights) != SCRATCH:
        load_weights(network, weights)
    return network


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Copy the tensors of a file into a network, all of them or none.

    Raises:
        ValueError: see `build`; the message lists the names and shapes that do not fit.
    """
    path = Path(path)
    found = _unwrapped(read_tensors(path))
    part, what = network, "network"
    if isinstance(getattr(network, "backbone", None), nn.Module):
        own = {name for name in network.state_dict() if not name.startswith(BACKBONE)}
        if not own & set(found):
            part, what = network.get_submodule("backbone"), "backbone"
            found = _backbone(found)
    expected = part.state_dict()
    # files older than BatchNorm's counter lack it; nothing here reads it
    missing = [n for n in expected if n not in found and not n.endswith("num_batches_tracked")]
    unknown = [n for n in found if n not in expected]
    shapes = [
        f"{n} {tuple(found[n].shape)} instead of {tuple(expected[n].shape)}"
        for n in expected
        if n in found and found[n].shape != expected[n].shape
    ]
    problems = [
        f"{len(names)} {kind} ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})"
        for kind, names in (
            ("missing", missing),
            ("unknown", unknown),
            ("of another shape", shapes),
        )
        if names
    ]
    if problems:
        raise ValueError(
            f"the tensors in {path} do not fit the {what}: {'; '.join(problems)}; "
            "choose the network that the file was made for"
        )
    part.load_state_dict(found, strict=False)


def _unwrapped(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors without the prefixes that all of their names share."""
    for wrapper in WRAPPERS:
        if all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): value for name, value in tensors.items()}
    return tensors


def _backbone(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those of a backbone, without its classifier and without the heads beside it."""
    if any(name.startswith(BACKBONE) for name in found):  # MMPose keeps its head beside it
        found = {
            name.removeprefix(BACKBONE): tensor
            for name, tensor in found.items()
            if name.startswith(BACKBONE)
        }
    return {n: tensor for n, tensor in found.items() if not n.startswith(NOT_USED)}
