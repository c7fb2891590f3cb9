"""A network by its name, with weights from a file."""

from __future__ import annotations

import difflib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from posesift.networks.heads import PoseResNet
from posesift.networks.resnet import ResNet
from posesift.networks.seeded import seeded
from posesift.networks.small import SmallPoseNet

NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "small": SmallPoseNet,
    "resnet18": lambda keypoints: PoseResNet(ResNet(18), keypoints),
    "resnet34": lambda keypoints: PoseResNet(ResNet(34), keypoints),
    "resnet50": lambda keypoints: PoseResNet(ResNet(50), keypoints),
    "resnet101": lambda keypoints: PoseResNet(ResNet(101), keypoints),
}


def build(
    name: str, keypoints: int, weights: str | Path | None = None, *, seed: int = 0
) -> nn.Module:
    """Make a network; the same ``seed`` gives the same initial weights.

    Args:
        name: one of `NETWORKS`.
        keypoints: K, heatmaps to give.
        weights: a ``.safetensors`` or ``.pth`` file with tensors by parameter name; either of
            the whole network or, for a ResNet, of a torchvision backbone (its ``fc`` is left
            out).
        seed: of the initial weights. The global random state is left as it was.

    Returns:
        A module with ``.stride``, ``.channels``, ``.features(images)``, ``.head`` and
        ``forward(images_B3HW)`` to heatmaps_BKhw; images are normalised floats.

    Raises:
        ValueError: an unknown name; a file that is missing, holds more than tensors, or does
            not fit the network.
    """
    if name not in NETWORKS:
        close = difflib.get_close_matches(name, NETWORKS, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown network {name!r}, expected one of {', '.join(NETWORKS)}{hint}")
    with seeded(seed):
        network = NETWORKS[name](keypoints)
    if weights is not None:
        load_weights(network, weights)
    return network


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Copy the tensors of a file into a network, all of them or none.

    Raises:
        ValueError: see `build`; the message lists the names and shapes that do not fit.
    """
    path = Path(path)
    found = {
        name.removeprefix("module."): tensor  # the mark of a checkpoint of DataParallel
        for name, tensor in read_tensors(path).items()
        if not name.removeprefix("module.").startswith("fc.")
    }
    part, what = network, "network"
    if isinstance(network, PoseResNet) and not any(name.startswith("backbone.") for name in found):
        part, what = network.backbone, "backbone"
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


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """Tensors by name from a ``.safetensors`` or ``.pth`` file; code in a file is never run.

    Raises:
        ValueError: no such file, a damaged one, or one with more than tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"expected a file of network weights at {path}, found none")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{path} is not a whole safetensors file ({error})") from None
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ValueError(
            f"{path} holds more than tensors (pickled code, which could do anything when "
            "loaded), or is not a file of weights; refused. Save its state_dict() as .safetensors"
        ) from None
    except Exception as error:  # what is no such file makes the unpickler raise nearly anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path} is not a whole file of weights ({reason})") from None
    for key in ("state_dict", "model"):  # how training scripts usually wrap it
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise ValueError(
            f"expected tensors by parameter name in {path}, found {type(content).__name__}"
        )
    return content
