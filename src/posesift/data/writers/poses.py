"""A pose table in Parquet, ``poses.parquet``: all that PoseSift knows of each pose."""

from __future__ import annotations

from pathlib import Path

from posesift.data.address import Address
from posesift.data.writers.labels import Labels

FILE = "poses.parquet"


def write(labels: Labels, folder: Path) -> str:
    """Write ``poses.parquet``; the boxes are those of the data, and none are made."""
    table = labels.table
    table.save(folder / FILE)
    elsewhere = table.image_N is not None and Path(table.root).is_absolute()
    options = {"images": labels.root} if elsewhere else {}
    return str(Address("poses", str(labels.place / FILE), options))
