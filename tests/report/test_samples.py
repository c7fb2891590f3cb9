from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from posesift import skeletons
from posesift.poses.table import PoseTable
from posesift.report import pictures as samples

BODY = skeletons.load("body16")


def table(folder: Path, side: int, box: list[float] | None, at: tuple[int, int]) -> PoseTable:
    """One grey image with a bright patch of 5 px around ``at``, which is also every keypoint."""
    image = np.full((side, side, 3), 40, np.uint8)
    x, y = at
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    cv2.imwrite(str(folder / "a.png"), image)
    return PoseTable(
        skeleton=BODY,
        keypoints_NK2=np.tile(np.float32(at), (1, 16, 1)),
        visible_NK=np.ones((1, 16), bool),
        width_N=np.array([side], np.int32),
        height_N=np.array([side], np.int32),
        image_N=np.array(["a.png"], object),
        root=str(folder),
        box_N4=None if box is None else np.float32([box]),
    )


def decoded(uri: str | None) -> np.ndarray:
    assert uri is not None
    content = np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8)
    return cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)


@pytest.mark.parametrize(
    ("side", "box", "at"),
    [
        (64, None, (20, 44)),  # a small image keeps its pixels
        (64, [10, 30, 30, 30], (20, 44)),  # enlarged
        (300, [100, 100, 150, 120], (180, 160)),  # about the same size
        (900, None, (620, 250)),  # averaged, then warped
        (901, [3, 5, 890, 700], (620, 250)),
    ],
)
def test_pixels_and_keypoints_agree(
    tmp_path: Path, side: int, box: list[float] | None, at: tuple[int, int]
) -> None:
    """The bright patch lies where the keypoint does, whatever the scale."""
    found = samples.crops(table(tmp_path, side, box, at), np.array([0]))
    image = decoded(found.images[0]).astype(float)
    light = np.clip(image - 60, 0, None)
    rows, columns = np.indices(image.shape)
    seen = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
    seen = (seen + 0.5) * found.side / len(image) - 0.5
    assert np.abs(seen - found.keypoints_MK2[0, 0]).max() < 0.35
    assert found.problem == ""


def test_a_missing_image_is_said_and_poses_stay(tmp_path: Path) -> None:
    one = table(tmp_path, 64, None, (20, 44))
    (tmp_path / "a.png").unlink()
    found = samples.crops(one, np.array([0]))
    assert found.images == [None]
    assert "a.png" in found.problem
    assert found.keypoints_MK2.shape == (1, 16, 2)


def test_one_missing_image_hides_no_other(tmp_path: Path) -> None:
    whole = table(tmp_path, 64, None, (20, 44)).select([0, 0, 0, 0])
    whole.image_N = np.array(["a.png", "gone.png", "a.png", "moved.png"], object)
    found = samples.crops(whole, np.arange(4))
    assert [image is None for image in found.images] == [False, True, False, True]
    assert found.shortfall.startswith("2 of 4 images are not available (first: ")
    assert "gone.png" in found.shortfall
    assert "moved.png" not in found.shortfall
    whole.image_N = None
    assert samples.crops(whole, np.arange(4)).images == [None] * 4
    assert samples.crops(whole, np.arange(4)).shortfall == samples.NO_IMAGES
    assert samples.crops(whole, np.arange(0)).shortfall == ""


def test_tables_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    table(tmp_path, 64, None, (20, 44)).save(tmp_path / "t.parquet")
    address = f"poses:{tmp_path / 't.parquet'},split=all"
    assert samples.table_of(address, 1)[1] == ""
    assert samples.table_of(address, 2) == (None, f"{address} now holds 1 samples, it held 2")
    assert samples.table_of("")[0] is None
    nothing, why = samples.table_of(f"poses:{tmp_path / 'gone.parquet'}")
    assert nothing is None
    assert "gone.parquet" in why
