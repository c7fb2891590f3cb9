"""Run a predictor over a data set, in batches, and keep what it said.

Shapes: N samples, B batch, K keypoints, H W, 2 = (x, y) in crop pixels.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from posesift import documents, progress
from posesift.data.loading import PoseDataset, begin_worker, collate
from posesift.poses.parquet import numbers
from posesift.skeletons.skeleton import Skeleton
from posesift.storage import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

PredictFunction = Callable[[Tensor], tuple[Tensor, Tensor]]


class Predictor(Protocol):
    """Whatever predicts: a method of ``posesift.adaptation``, or an object of your own."""

    def predict(self, images_uint8_B3HW: Tensor, /) -> tuple[Tensor, Tensor]:
        """Return keypoints (B, K, 2) in crop pixels and confidence (B, K)."""
        ...


@dataclass(frozen=True)
class Predictions:
    """Predictions of N samples, beside the labels of the same crops.

    Attributes:
        keypoints_NK2: predicted, crop pixels, float32.
        confidence_NK: as the predictor gave it, float32.
        index_N: row of each sample in its pose table, int64.
        true_NK2: labels in crop pixels, float32 (0 where not visible).
        visible_NK: which labels count.
        side: side of the crop in pixels.
        skeleton: names the keypoints.
    """

    keypoints_NK2: NDArray[np.float32]
    confidence_NK: NDArray[np.float32]
    index_N: NDArray[np.int64]
    true_NK2: NDArray[np.float32]
    visible_NK: NDArray[np.bool_]
    side: int
    skeleton: Skeleton

    def __len__(self) -> int:
        """Return the number of samples N."""
        return len(self.index_N)

    def save(self, path: str | Path) -> None:
        """Write Parquet, atomically; skeleton and side travel in the schema's metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        facts = {"skeleton": self.skeleton.to_json(), "side": json.dumps(self.side)}
        with atomic_path(path) as temporary:
            pq.write_table(pa.table(self.columns()).replace_schema_metadata(facts), temporary)

    def columns(self) -> dict[str, pa.Array]:
        """Give predictions and labels as Arrow columns, as `save` and a run's folder hold them."""
        import pyarrow as pa

        def fixed(values: NDArray, kind: type) -> pa.Array:
            flat = np.ascontiguousarray(values, kind).reshape(-1)
            return pa.FixedSizeListArray.from_arrays(pa.array(flat), flat.size // len(values))

        return {
            "index": pa.array(self.index_N),
            "predicted": fixed(self.keypoints_NK2, np.float32),
            "confidence": fixed(self.confidence_NK, np.float32),
            "keypoints": fixed(self.true_NK2, np.float32),
            "visible": fixed(self.visible_NK, bool),
        }

    @staticmethod
    def load(path: str | Path) -> Predictions:
        """Read what `save` wrote.

        Raises:
            ValueError: no such file, not Parquet, or not written by `save`.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = Path(path)
        if not path.is_file():
            raise ValueError(f"expected predictions (Parquet) at {path}, found no file")
        try:
            table = pq.ParquetFile(path).read()
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise ValueError(f"{path} is not a readable Parquet file: {error}") from None
        facts = table.schema.metadata or {}
        wanted = {"index", "predicted", "confidence", "keypoints", "visible"}
        if not ({b"skeleton", b"side"} <= facts.keys() and wanted <= set(table.column_names)):
            raise ValueError(
                f"{path} does not hold predictions: expected the columns {', '.join(wanted)} and "
                f"the metadata skeleton and side, found columns {', '.join(table.column_names)}"
            )
        try:
            skeleton = Skeleton.from_json(facts[b"skeleton"].decode())
            side = documents.from_json(facts[b"side"], int, "'side'")
        except ValueError as error:
            raise ValueError(f"{path}: in the schema's metadata, {error}") from None

        def column(name: str, kind: type, *shape: int) -> NDArray:
            where = f"{path}: column {name!r}"
            whole = (table.num_rows, *shape)
            return numbers(table[name].combine_chunks(), whole, kind, where)

        k = len(skeleton)
        return Predictions(
            column("predicted", np.float32, k, 2),
            column("confidence", np.float32, k),
            column("index", np.int64),
            column("keypoints", np.float32, k, 2),
            column("visible", np.bool_, k),
            side,
            skeleton,
        )


def predict(
    predictor: Predictor | PredictFunction,
    dataset: PoseDataset,
    batch_size: int = 64,
    *,
    workers: int = 0,
) -> Predictions:
    """Predict every sample of ``dataset`` in its order.

    Args:
        predictor: a function of uint8 crops (B, 3, H, W), or an object whose ``predict`` is one.
            It moves them to its device itself and returns keypoints (B, K, 2) in crop pixels
            and confidence (B, K). Runs without gradients.
        dataset: crops and labels.
        batch_size: crops at a time; the result does not depend on it.
        workers: processes that decode images beside this one; worlds need none.
    """
    function = predictor if callable(predictor) else predictor.predict
    loader = DataLoader(
        dataset,
        batch_size,
        num_workers=workers,
        collate_fn=collate,
        worker_init_fn=begin_worker,
    )
    found, confidence, index, true, visible = [], [], [], [], []
    with (
        torch.inference_mode(),
        contextlib.closing(progress.track(loader, "predicting")) as batches,
    ):
        for batch in batches:
            keypoints_BK2, confidence_BK = function(batch["image"])
            assert keypoints_BK2.shape == batch["keypoints"].shape, keypoints_BK2.shape
            found.append(keypoints_BK2)
            confidence.append(confidence_BK)
            index.append(batch["index"])
            true.append(batch["keypoints"])
            visible.append(batch["visible"])
    if not found:
        raise ValueError(f"expected samples to predict, found none in {dataset.table.address}")
    return Predictions(
        torch.cat(found).float().cpu().numpy(),
        torch.cat(confidence).float().cpu().numpy(),
        torch.cat(index).numpy(),
        torch.cat(true).numpy(),
        torch.cat(visible).numpy(),
        dataset.side,
        dataset.table.skeleton,
    )
