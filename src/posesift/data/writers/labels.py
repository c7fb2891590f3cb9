"""What every writer is given: poses with named images, and what formats ask of them.

Shapes: N poses, M images, K keypoints, 2 = (x, y) or (width, height), 4 = (x, y, width, height).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from posesift.data.address import Address
from posesift.poses import boxes
from posesift.poses.table import PoseTable

_CALLED = {"hand21": "hand", "animal14": "animal", "animal18": "animal", "ap10k17": "animal"}


@dataclass(frozen=True)
class Labels:
    """Poses to be written.

    Attributes:
        table: with ``image_N`` relative to ``table.root``, which is relative to the folder of the
            result, or absolute where images stay where they are.
        row_N: a number above 0 for each pose, for those that have no id.
        place: where the folder of the result will be, for addresses and paths.
        times_N: how often each pose is to be drawn, for lists.
        validation: images to validate on, for formats that name them.
    """

    table: PoseTable
    row_N: NDArray[np.int64]
    place: Path
    times_N: NDArray[np.int64] | None = None
    validation: str | None = None

    @cached_property
    def v_NK(self) -> NDArray[np.int8]:
        """COCO's v: 0 not labelled, 1 labelled but hidden, 2 seen.

        Where the table does not know what is hidden, 1 for all that is labelled: readers that look
        at v at all take 1 and 2 alike, and nothing is called seen that nobody looked at.
        """
        seen_NK = self.table.visible_NK.astype(np.int8)
        if (hidden_NK := self.table.occluded_NK) is None:
            return seen_NK
        return np.where(hidden_NK, seen_NK, 2 * seen_NK)

    @cached_property
    def box_N4(self) -> NDArray[np.float32]:
        """The box of each pose; without boxes in the data, one around its labelled keypoints."""
        table = self.table
        if table.box_N4 is not None and table.boxes_from != "image":
            return table.box_N4
        size_N2 = np.column_stack([table.width_N, table.height_N])
        return boxes.around(table.keypoints_NK2, table.visible_NK, size_N2)

    @cached_property
    def id_N(self) -> NDArray:
        """The id of each pose in its data, where all have one of their own; else `row_N`."""
        return _or_numbers(self.table.id_N, self.row_N)

    @cached_property
    def image_id_M(self) -> NDArray:
        """The id of each image in its data, where all have one of their own; else 1, 2, ..."""
        _, _, first_M = self.images
        id_N = self.table.image_id_N
        return _or_numbers(None if id_N is None else id_N[first_M], np.arange(len(first_M)) + 1)

    @property
    def makes_boxes(self) -> bool:
        """Whether `box_N4` are made of the keypoints."""
        return self.table.box_N4 is None or self.table.boxes_from == "image"

    @cached_property
    def classes(self) -> tuple[list[str], NDArray[np.int64]]:
        """Names of the kinds of thing, and each pose's, (N,).

        Kinds are the categories of a data set that has several; what a pose shows (walk, kick) is
        none, and one name then stands for all.
        """
        table = self.table
        kind = table.address.partition(":")[0]
        if kind in ("coco", "yolo") and table.mode_N is not None:
            names, class_N = np.unique(table.mode_N.astype(str), return_inverse=True)
            return names.tolist(), class_N.astype(np.int64)
        name = table.skeleton.name
        called = "object" if name == "file" else _CALLED.get(name, "person")
        return [called], np.zeros(len(table), np.int64)

    @cached_property
    def images(self) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        """Names of the M images, each pose's image (N,), and each image's first pose (M,)."""
        assert self.table.image_N is not None
        return of_names(self.table.image_N)

    def address(self, kind: str, file: str, **options: str) -> str:
        """Give the address that reads a file of the result, with its images."""
        if self.table.exif == "ignore":
            options["exif"] = "ignore"
        return str(Address(kind, str(self.place / file), options))

    @property
    def root(self) -> str:
        """The folder of the images."""
        return str(self.place / self.table.root)


def _or_numbers(id_N: NDArray | None, number_N: NDArray) -> NDArray:
    if id_N is None or len(set(id_N.tolist())) < len(id_N):
        return number_N
    return id_N


def of_names(name_N: NDArray) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Return different names in their order, each row's (N,), and each name's first row (M,).

    >>> names, row_N, first_M = of_names(np.array(["b", "a", "b"], object))
    >>> names, row_N.tolist(), first_M.tolist()
    (['b', 'a'], [0, 1, 0], [0, 1])
    """
    coded = pa.array(name_N.tolist(), pa.string()).dictionary_encode()
    row_N = coded.indices.to_numpy().astype(np.int64)
    first_M = np.full(len(coded.dictionary), -1, np.int64)
    first_M[row_N[::-1]] = np.arange(len(row_N))[::-1]  # the last to be set is the first row
    return coded.dictionary.to_pylist(), row_N, first_M


def shortest(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return float64 numbers whose text is the shortest that gives the same float32 back.

    >>> shortest(np.float32([0.1, 12.3])).tolist()
    [0.1, 12.3]
    """
    flat = pa.array(np.ascontiguousarray(values, np.float32).reshape(-1))
    texts = flat.cast(pa.string()).cast(pa.float64())
    return texts.to_numpy(zero_copy_only=False).reshape(values.shape)
