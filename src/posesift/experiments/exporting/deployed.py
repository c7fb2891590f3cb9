"""A trained network as others run it: one module, and what they must know of it.

Tensor names: B batch, K keypoints, H W rows and columns of the crop, h w of the heatmaps.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from posesift.adaptation.training.method import Method
from posesift.adaptation.views.appearance import normalise
from posesift.networks import MEAN, SPREAD
from posesift.skeletons import Skeleton
from posesift.version import __version__


class Deployed(nn.Module):
    """A network in eval mode, with what stands before and behind it on request.

    Args:
        method: trained, on the CPU in float32; its network is copied.
        preprocess: take uint8 RGB crops, and normalise them inside.
        decode: give keypoints and confidence in the place of heatmaps.
    """

    def __init__(self, method: Method, preprocess: bool, decode: bool):
        super().__init__()
        network = copy.deepcopy(method.network)
        self.network = network.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
        self._read, self._preprocess, self._decode = method.read, preprocess, decode
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Give heatmaps_BKhw, or keypoints_BK2 in crop pixels and confidence_BK, of images_B3HW."""
        heatmaps_BKhw = self.heatmaps(images)
        return self._read(heatmaps_BKhw) if self._decode else heatmaps_BKhw

    def heatmaps(self, images: Tensor) -> Tensor:
        """Give heatmaps_BKhw, also where `forward` decodes them."""
        return self.network(normalise(images) if self._preprocess else images)


@dataclass(frozen=True)
class Export:
    """What is exported.

    Attributes:
        module: see there.
        skeleton: of the keypoints.
        side: of the crops in pixels.
        stride: pixels a heatmap cell is wide.
        preprocess: as for `Deployed`.
        decode: likewise.
        logits: whether the network gives no heatmaps, but logits that its method reads its own way.
    """

    module: Deployed
    skeleton: Skeleton
    side: int
    stride: int
    preprocess: bool
    decode: bool
    logits: bool

    @staticmethod
    def of(method: Method, skeleton: Skeleton, *, preprocess: bool, decode: bool) -> Export:
        """Make it of a trained method, which stays as it is."""
        codec = method.codec
        module = Deployed(method, preprocess, decode)
        logits = type(method).read is not Method.read
        return Export(module, skeleton, codec.side, codec.stride, preprocess, decode, logits)

    @property
    def outputs(self) -> list[str]:
        """Give the names of what comes out."""
        return ["keypoints", "confidence"] if self.decode else ["heatmaps"]

    def example(self, count: int = 2, seed: int = 0) -> Tensor:
        """Make crops of noise, as the module takes them."""
        generator = torch.Generator().manual_seed(seed)
        shape = (count, 3, self.side, self.side)
        return self.taken(torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8))

    def taken(self, images_B3HW: Tensor) -> Tensor:
        """Give uint8 crops in the form that the module takes."""
        return images_B3HW if self.preprocess else normalise(images_B3HW)

    def program(self) -> torch.export.ExportedProgram:
        """Trace the module; batches may have any size from 1."""
        batch = torch.export.Dim("batch", min=1)
        return torch.export.export(
            self.module, (self.example(),), dynamic_shapes={"images": {0: batch}}
        )

    def metadata(self) -> dict[str, Any]:
        """Say what whoever runs it must know; JSON values."""
        uint8 = "uint8 RGB crops, 0 to 255; the model normalises them"
        floats = "float32 RGB crops: brightness in [0, 1], less mean, over std"
        where = f"(y, x) cells of {self.stride} px: cell i is centred at {self.stride} i + "
        where += f"{(self.stride - 1) / 2:g} px"
        where += "; they are logits, which a model with decode reads" if self.logits else ""
        points = "x, y in pixels of the crop, the centre of the first pixel at (0, 0)"
        return {
            "posesift": __version__,
            "skeleton": self.skeleton.name,
            "keypoints": list(self.skeleton.keypoints),
            "limbs": [list(pair) for pair in self.skeleton.limbs],
            "mirror": list(self.skeleton.mirror),
            "side": self.side,
            "stride": self.stride,
            "mean": list(MEAN),
            "std": list(SPREAD),
            "preprocess": self.preprocess,
            "decode": self.decode,
            "input": f"images (batch, 3, {self.side}, {self.side}): "
            + (uint8 if self.preprocess else floats),
            "output": f"keypoints (batch, {len(self.skeleton)}, 2): {points}; "
            f"confidence (batch, {len(self.skeleton)})"
            if self.decode
            else f"heatmaps (batch, {len(self.skeleton)}, "
            f"{self.side // self.stride}, {self.side // self.stride}): {where}",
        }
