"""Backbones of timm, Ross Wightman's collection of image models (extra ``[timm]``).

Tensor names: B batch, H W rows and columns.
"""

from __future__ import annotations

import importlib

from torch import Tensor, nn

FINEST = 4  # pixels a cell of the finest features that are used


class TimmBackbone(nn.Module):
    """The feature pyramid of timm's model ``name``, from stride 4 on.

    Args:
        name: as in ``timm.list_models()``.
        pretrained: begin with the weights that timm downloads for it.

    Raises:
        ValueError: timm is not installed or does not import; it has no such model; the model
            gives no features at strides 4, 8, ...; its weights cannot be had.
    """

    def __init__(self, name: str, pretrained: bool = False):
        super().__init__()
        try:
            timm = importlib.import_module("timm")
        except Exception as error:  # beside a CPU build of torch, torchvision fails in its own ways
            raise ValueError(
                f"the network timm:{name} needs the package timm, which cannot be imported here "
                f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}); "
                "pip install 'posesift[timm]', beside a torchvision made for this torch"
            ) from None
        try:
            self.model = timm.create_model(name, features_only=True, pretrained=pretrained)
        except Exception as error:  # unknown names, models without features, downloads
            raise ValueError(
                f"timm cannot make {name!r} with features and "
                f"{'its' if pretrained else 'without'} weights: {error}"
            ) from None
        strides = [int(stride) for stride in self.model.feature_info.reduction()]
        self._used = [number for number, stride in enumerate(strides) if stride >= FINEST]
        self.strides = tuple(strides[number] for number in self._used)
        if self.strides != tuple(FINEST * 2**n for n in range(len(self.strides))) or not self._used:
            raise ValueError(
                f"timm's {name!r} has features at strides {strides}; the decoder needs 4, 8, 16, "
                "..., each once"
            )
        channels = self.model.feature_info.channels()
        self.channels = tuple(int(channels[number]) for number in self._used)

    def forward(self, images_B3HW: Tensor) -> list[Tensor]:
        """Features of normalised images at ``strides``, the finest first."""
        levels = self.model(images_B3HW)
        return [levels[number] for number in self._used]
