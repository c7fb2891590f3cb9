"""Paint the contact sheets of ``worlds.md``: ``python docs/make_pictures.py``.

Every sheet is a pure function of a seed, so it changes only when a world changes.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from posesift.data import worlds

FOLDER = Path(__file__).parent / "pictures"
LIMIT = 150_000  # bytes a picture


def look_by_poses(world: str, side: int = 80, rows: int = 4, columns: int = 5) -> np.ndarray:
    """The four cells of the gap: poses from top to bottom, look from left to right."""
    bands = []
    for poses in worlds.POSES:
        sampled = worlds.sample(world, poses, rows * columns, seed=7, side=side)
        looks = [grid(worlds.paint(sampled, look), columns) for look in worlds.LOOKS]
        bands.append(np.concatenate([looks[0], blank(looks[0].shape[0], 8), looks[1]], axis=1))
    return np.concatenate([bands[0], blank(8, bands[0].shape[1]), bands[1]])


def modes(world: str, side: int = 80, columns: int = 8) -> np.ndarray:
    """One row an activity, its name on the left."""
    sampled = worlds.sample(world, "target", 1500, seed=7, side=side)
    rows = []
    for name in sampled.table.share or ():
        chosen = np.flatnonzero(sampled.table.mode_N == name)[:columns]
        label = blank(side, 120)
        where = (4, side // 2 + 4)
        text = name.replace("_", " ")
        cv2.putText(
            label, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA
        )
        rows.append(np.concatenate([label, *worlds.paint(sampled, "synthetic", chosen)], axis=1))
    return np.concatenate(rows)


def grid(images_MHW3: np.ndarray, columns: int) -> np.ndarray:
    """Images side by side, `columns` a row."""
    rows = [
        np.concatenate(list(images_MHW3[start : start + columns]), axis=1)
        for start in range(0, len(images_MHW3), columns)
    ]
    return np.concatenate(rows)


def blank(height: int, width: int) -> np.ndarray:
    """White space."""
    return np.full((height, width, 3), 255, np.uint8)


def save(name: str, image_HW3: np.ndarray) -> None:
    """Write a JPEG of the best quality that stays below `LIMIT`."""
    for quality in range(92, 20, -6):
        _, data = cv2.imencode(
            ".jpg", image_HW3[..., ::-1].copy(), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        if len(data) < LIMIT:
            break
    (FOLDER / name).write_bytes(data.tobytes())
    print(f"{name}: {len(data) / 1000:.0f} kB at quality {quality}")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for world in worlds.WORLDS:
        save(f"{world}-gap.jpg", look_by_poses(world))
        save(f"{world}-modes.jpg", modes(world))
