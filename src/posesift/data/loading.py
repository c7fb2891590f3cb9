"""Batches for a trainer: uint8 crops and keypoints, one decoding and one warp an image.

Heatmaps are not made here: they are drawn on the device from the coordinates.

Legend: B batch, N samples, K keypoints, S side of the crop, 2 = (x, y).
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset, default_collate, get_worker_info

from posesift.data.crop_cache import CropCache
from posesift.data.files.images import reduce
from posesift.data.pixels import read_crop, reduction_for, warp
from posesift.poses import geometry
from posesift.poses.table import PoseTable

Batch = dict[str, torch.Tensor]
"""``image`` (B, 3, S, S) uint8 RGB; ``keypoints`` (B, K, 2) float32 crop px, 0 where not visible;
``visible`` (B, K) bool, visible and inside the crop; ``index`` (B,) int64, rows of the table."""


GRACE = 60  # seconds that a loader's process lives on after SIGTERM, at most


class PoseDataset(Dataset):
    """The crops of a pose table.

    A `torch.utils.data.DataLoader` asks for whole batches (``__getitems__``) and needs
    ``collate_fn=collate``. The crop is the table's box, its longer side filling ``side`` pixels;
    what lies off the image is black. A keypoint that the box cuts off is not visible in the crop,
    in training and in evaluation alike: nothing in the picture tells where it is.

    Args:
        table: with images.
        side: of the crops, in pixels.
        published: label as the public code of RegDA and UDAPE does, for what is compared with it:
            coordinates are stretched without the half pixel by which the picture's are, and
            batches keep the labels of joints that the box cuts off, which a view can bring back
            (`visible_NK` does not).
        keep: keep decoded crops in memory, up to `posesift.data.crop_cache.LIMIT` (1 GiB), so
            that each image is decoded once and not once an epoch.

    Raises:
        ValueError: the table has no images. Later, when a batch is made: an image is missing,
            corrupt, cut short, or of another size than its labels say; the file is named.
    """

    def __init__(
        self, table: PoseTable, side: int = 64, keep: bool = True, *, published: bool = False
    ):
        if not table.has_images:
            raise ValueError(
                f"the data {table.address or '(a pose table)'} have poses but no images, and "
                "training needs images; add images=FOLDER to the address"
            )
        self.table = table
        self.side = side
        self.to_crop_N23 = geometry.crop_matrices(table.crop_boxes_N4(), side)
        points_NK2 = geometry.apply(self.to_crop_N23, table.keypoints_NK2)
        self.visible_NK = table.visible_NK & geometry.on_image(points_NK2, (side, side))
        if published:
            points_NK2 = points_NK2 + (1 - self.to_crop_N23[:, None, :1, 0]) / 2
        self.keypoints_NK2 = _shown(points_NK2, self.visible_NK)
        self._labels = self.keypoints_NK2, self.visible_NK
        if published:
            self._labels = _shown(points_NK2, table.visible_NK), table.visible_NK
        self._painted = _pictures(table)
        # A world's pictures of the right side are the crops, and on disk already.
        self._direct = self._painted is not None and np.allclose(self.to_crop_N23, np.eye(2, 3))
        self._cache = CropCache(len(table), side) if keep and not self._direct else None

    def __len__(self) -> int:
        """Return the number of samples N."""
        return len(self.table)

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Return the samples of these rows of the table, ready for the device."""
        rows_B = np.arange(len(self))[np.asarray(indices, dtype=np.int64)]
        keypoints_NK2, visible_NK = self._labels
        return {
            "image": torch.from_numpy(self._images(rows_B)),
            "keypoints": torch.from_numpy(keypoints_NK2[rows_B]),
            "visible": torch.from_numpy(visible_NK[rows_B]),
            "index": torch.from_numpy(rows_B),
        }

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """Return what a DataLoader calls, once a batch."""
        if get_worker_info() is not None:
            cv2.setNumThreads(0)  # OpenCV's threads do not survive a fork
        return self.batch(indices)

    def __getitem__(self, index: int) -> Batch:
        """One sample, without the batch axis."""
        return {name: column[0] for name, column in self.batch([index]).items()}

    def crop_to_image_B23(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return maps from crop pixels back to image pixels, (B, 2, 3) float64."""
        return geometry.invert(self.to_crop_N23[np.asarray(indices, dtype=np.int64)])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_painted": None}  # a memory map would be pickled whole

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._painted = _pictures(self.table)

    def _images(self, rows_B: np.ndarray) -> np.ndarray:
        """(B, 3, S, S) uint8 RGB."""
        if self._direct and self._painted is not None:
            return np.ascontiguousarray(self._painted[rows_B].transpose(0, 3, 1, 2))
        if self._cache is not None:
            return self._cache.take(rows_B, self._make)
        crop_BCSS = np.empty((len(rows_B), 3, self.side, self.side), np.uint8)
        for place, row in enumerate(rows_B):
            self._make(int(row), crop_BCSS[place])
        return crop_BCSS

    def _make(self, row: int, out_CSS: np.ndarray) -> None:
        """Write the crop of one row, (3, S, S) RGB."""
        matrix_23 = self.to_crop_N23[row]
        if self._painted is None:
            crop_SSC, red = read_crop(self.table, row, matrix_23, self.side), 2
        else:
            reduction = reduction_for(matrix_23)
            image_HWC = reduce(np.asarray(self._painted[row]), reduction)
            crop_SSC, red = warp(image_HWC, matrix_23, self.side, reduction), 0
        for channel in range(3):
            cv2.extractChannel(crop_SSC, abs(red - channel), dst=out_CSS[channel])


def begin_worker(number: int) -> None:
    """Let a loader's process end with the one that it reads for, which is sent the signals, too.

    It lives on for a while after SIGTERM, so that the step in hand can be finished.
    """
    for name in ("SIGINT", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda signum, frame: signal.alarm(GRACE))


def collate(batch: Batch | list[Any]) -> Any:
    """Pass on a batch that is one already; join single samples as torch does."""
    return batch if isinstance(batch, dict) else default_collate(batch)


def _shown(points_NK2: np.ndarray, visible_NK: np.ndarray) -> np.ndarray:
    """Coordinates of visible keypoints, float32; of the others 0."""
    return np.where(visible_NK[..., None], points_NK2, 0).astype(np.float32)


def _pictures(table: PoseTable) -> np.ndarray | None:
    """Give the pictures of a world's table, (N, H, W, 3) RGB, painted once and mapped from disk."""
    if not table.root.startswith("world:"):
        return None
    from posesift.data.worlds.painted import painted

    return painted(table)
