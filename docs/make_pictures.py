"""Paint the pictures of the manual that no browser takes.

    python docs/make_pictures.py              # the contact sheets of worlds.md
    python docs/make_pictures.py runs/demo    # before and after adaptation, for the README

A sheet is a pure function of a seed, so it changes only when a world changes; the picture of a
comparison shows samples chosen by a rule.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from posesift.data import worlds
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.results.predictions import read_predictions

FOLDER = Path(__file__).parent / "pictures"
LIMIT = 150_000  # bytes a picture


def look_by_poses(world: str, side: int = 112, rows: int = 3, columns: int = 4) -> np.ndarray:
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


def before_after(folder: Path, side: int = 176, columns: int = 7) -> np.ndarray:
    """Target images of a comparison: labels, source-only training, UDAPE with hard mining.

    The samples are those at even steps of the target's difficulty, whatever the networks say.
    """
    cells = [folder / "cells" / arm / "seed0" for arm in ("source-only", "udape+hard-mining")]
    found = [read_predictions(cell, "target") for cell in cells]
    table = read(found[0].address)
    order = np.argsort(found[0].difficulty_N)
    chosen = order[np.linspace(0, len(order) - 1, columns + 2).round().astype(int)[1:-1]]
    crops = PoseDataset(table, found[0].side).batch(chosen)["image"].permute(0, 2, 3, 1).numpy()
    limbs, colours = table.skeleton.limbs, table.skeleton.colours
    rows = []
    for label, poses_NK2 in (
        ("label", found[0].keypoints_NK2),
        ("source only", found[0].predicted_NK2),
        ("adapted", found[1].predicted_NK2),
    ):
        name = blank(side, 96)
        cv2.putText(
            name,
            label,
            (4, side // 2),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.45,
            (40, 40, 40),
            1,
            cv2.LINE_AA,
        )
        tiles = [name]
        for crop, pose_K2 in zip(crops, poses_NK2[chosen], strict=True):
            scale = side / found[0].side
            tile = cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC)
            ends = np.rint(((pose_K2 + 0.5) * scale - 0.5) * 16).astype(int)
            for (a, b), colour in zip(limbs, colours, strict=True):
                rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
                cv2.line(tile, ends[a].tolist(), ends[b].tolist(), rgb, 3, cv2.LINE_AA, 4)
            tiles.append(tile)
        rows.append(np.concatenate(tiles, axis=1))
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
    if len(sys.argv) > 1:
        save("before-after.jpg", before_after(Path(sys.argv[1])))
        sys.exit()
    for world in worlds.WORLDS:
        save(f"{world}-gap.jpg", look_by_poses(world))
        save(f"{world}-modes.jpg", modes(world))
