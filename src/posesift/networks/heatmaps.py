"""Keypoints to heatmaps and back: one class, so that the round trip is one property.

The convention, which is where half of all pose bugs live: the centre of the top-left pixel is
(0, 0), and cell ``i`` of a heatmap of stride ``s`` covers the pixels ``s i .. s i + s - 1``, so
its centre is at pixel ``s i + (s - 1) / 2``.

Tensor names: B batch, K keypoints, H W heatmap rows and columns, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

WINDOW = 2  # decoding looks at this many cells on each side of the arg-max


@dataclass(frozen=True)
class HeatmapCodec:
    """Draws keypoints as Gaussian bumps of peak 1, and reads them back.

    Everything runs on the device of its input, batched, and waits for nothing.

    Round trip of `encode` and `decode` at sigma = 1 cell (exact bounds, tested): at most 0.046
    cells along each axis where the arg-max is at least 2 cells away from the border; 0.24 cells
    one cell away from it; half a cell in the border row or column itself, where there is
    nothing on the other side to average with. At stride 2 these are 0.09, 0.47 and 1 px.

    Attributes:
        side: side of the square crop, pixels.
        stride: pixels a heatmap cell is wide.
        sigma: spread of the bump, cells.
        rounding: reproduce the reference rule of the public RegDA and UDAPE code instead
            (the manual's Metrics, "The reference protocol"): the bump sits on the whole cell
            ``int(x / stride + 0.5)``, is cut to a square of 3 sigma on each side, and decoding
            is the plain arg-max, (0, 0) where no cell is positive. A cell then stands for pixel
            ``stride i``, without the half-pixel term.

    >>> codec = HeatmapCodec(side=64, stride=2)
    >>> keypoints = torch.tensor([[[20.3, 41.0], [1e9, 7.0]]])
    >>> heatmaps, weight = codec.encode(keypoints, torch.tensor([[True, True]]))
    >>> heatmaps.shape, weight
    (torch.Size([1, 2, 32, 32]), tensor([[1., 0.]]))
    >>> decoded, confidence = codec.decode(heatmaps)
    >>> bool((decoded[0, 0] - keypoints[0, 0]).abs().max() < 0.1)
    True
    """

    side: int
    stride: int
    sigma: float = 1.0
    rounding: bool = False

    def __post_init__(self) -> None:
        if self.stride < 1 or self.side % self.stride:
            raise ValueError(
                f"expected a crop side that is a multiple of the network's stride "
                f"{self.stride}, found {self.side}; choose for example "
                f"{max(1, self.side // max(1, self.stride)) * self.stride}"
            )
        if not self.sigma > 0:
            raise ValueError(f"expected a heatmap sigma above 0 cells, found {self.sigma}")
        if self.rounding and self.sigma != int(self.sigma):
            raise ValueError(f"rounding=True needs a whole sigma (cells), found {self.sigma}")

    @property
    def cells(self) -> int:
        """Side of the heatmap, cells."""
        return self.side // self.stride

    def encode(self, keypoints_BK2: Tensor, visible_BK: Tensor) -> tuple[Tensor, Tensor]:
        """Draw keypoints.

        A keypoint that is invisible, outside the crop, or not a number gets a zero heatmap and
        weight 0, whatever its coordinates hold: they never reach the result.

        Args:
            keypoints_BK2: crop pixels.
            visible_BK: bool; whether the coordinate may be used.

        Returns:
            heatmaps_BKHW in [0, 1] and weight_BK in {0, 1}, both float32.
        """
        if self.rounding:
            # in float64: the reference computes int() of a double
            centre_BK2 = torch.trunc(keypoints_BK2.double() / self.stride + 0.5)
            inside_BK2 = (centre_BK2 >= 0) & (centre_BK2 < self.cells)
        else:
            centre_BK2 = (keypoints_BK2.float() - (self.stride - 1) / 2) / self.stride
            # the crop's outer edge is half a pixel beyond the centres of its outer pixels
            inside_BK2 = (keypoints_BK2 >= -0.5) & (keypoints_BK2 < self.side - 0.5)
        drawn_BK = visible_BK.bool() & inside_BK2.all(-1)
        centre_BK2 = torch.where(drawn_BK[..., None], centre_BK2, 0).float()
        weight_BK = drawn_BK.float()

        cell_W = torch.arange(self.cells, device=keypoints_BK2.device, dtype=torch.float32)
        square_BK2W = (cell_W - centre_BK2[..., None]).square()
        x_BKW, y_BKH = square_BK2W.unbind(2)
        if self.rounding:
            square_BKHW = y_BKH[..., :, None] + x_BKW[..., None, :]
            # of what is cut off anyway the exponential would be denormal, ten times as slow
            square_BKHW.clamp_(max=2 * (3 * self.sigma) ** 2)
            heatmaps_BKHW = torch.exp(-square_BKHW / (2 * self.sigma**2))
            kept_BK2W = square_BK2W <= (3 * self.sigma) ** 2
            kept_BKHW = kept_BK2W[:, :, 1, :, None] & kept_BK2W[:, :, 0, None, :]
            return heatmaps_BKHW * (kept_BKHW & drawn_BK[..., None, None]), weight_BK
        # exp(-(dx^2 + dy^2) / 2 sigma^2) = a row times a column: 2 W exponentials, not W^2
        x_BKW = torch.exp(-x_BKW / (2 * self.sigma**2))
        y_BKH = torch.exp(-y_BKH / (2 * self.sigma**2)) * weight_BK[..., None]
        return y_BKH[..., :, None] * x_BKW[..., None, :], weight_BK

    def decode(self, heatmaps_BKHW: Tensor) -> tuple[Tensor, Tensor]:
        """Read keypoints: arg-max, then the centroid of the 5 x 5 cells around it.

        Negative cells count as zero. Near a border the window shrinks on both sides alike, or
        the centroid would be drawn inwards.

        Returns:
            keypoints_BK2 in crop pixels and confidence_BK, the height of the peak; float32.
        """
        heatmaps_BKHW = heatmaps_BKHW.float()
        assert heatmaps_BKHW.shape[-2:] == (self.cells, self.cells), heatmaps_BKHW.shape
        confidence_BK, flat_BK = heatmaps_BKHW.flatten(2).max(-1)
        peak_BK2 = torch.stack([flat_BK % self.cells, flat_BK // self.cells], -1)
        if self.rounding:
            positive_BK1 = (confidence_BK > 0)[..., None]
            return (peak_BK2 * positive_BK1).float() * self.stride, confidence_BK

        offset_5 = torch.arange(-WINDOW, WINDOW + 1, device=heatmaps_BKHW.device)
        reach_BK2 = torch.minimum(peak_BK2, self.cells - 1 - peak_BK2)
        inside_BK25 = offset_5.abs() <= reach_BK2[..., None]
        cell_BK25 = torch.where(inside_BK25, peak_BK2[..., None] + offset_5, 0)
        index_BK55 = cell_BK25[:, :, 1, :, None] * self.cells + cell_BK25[:, :, 0, None, :]
        value_BK55 = heatmaps_BKHW.flatten(2).gather(2, index_BK55.flatten(2)).view_as(index_BK55)
        value_BK55 = value_BK55.clamp(min=0)
        value_BK55 = value_BK55 * (inside_BK25[:, :, 1, :, None] & inside_BK25[:, :, 0, None, :])
        total_BK = value_BK55.sum((-2, -1)).clamp(min=torch.finfo(torch.float32).tiny)
        shift_BK2 = torch.stack(
            [(value_BK55.sum(-2) * offset_5).sum(-1), (value_BK55.sum(-1) * offset_5).sum(-1)], -1
        )
        cell_BK2 = peak_BK2 + shift_BK2 / total_BK[..., None]
        return cell_BK2 * self.stride + (self.stride - 1) / 2, confidence_BK
