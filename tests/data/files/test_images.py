from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.datasets import save_image

from posesift.data.files.images import (
    decode,
    image_size,
    image_sizes,
    reduce,
)


def scene(width: int, height: int) -> np.ndarray:
    """A smooth picture, RGB."""
    x_HW, y_HW = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x_HW * 255 / width, y_HW * 255 / height, 128 + 0 * x_HW], -1).astype(np.uint8)


def with_exif(jpeg: bytes, orientation: int, padding: int = 0) -> bytes:
    """Insert an EXIF block before the first segment; ``padding`` bytes make it long."""
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0])
    body = b"Exif\0\0" + tiff + b"\0\0\0\0" + b"\xff\xd9" + bytes(padding)  # a thumbnail's end
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + jpeg[2:]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
def test_size_and_pixels_of_every_format(tmp_path, suffix):
    image_HW3 = scene(53, 37)
    path = tmp_path / f"a{suffix}"
    save_image(path, image_HW3)
    assert image_size(path) == (53, 37)
    difference = np.abs(decode(path)[..., ::-1].astype(int) - image_HW3)
    assert difference.mean() < 4


def test_progressive_jpegs_and_long_headers(tmp_path):
    image_HW3 = scene(53, 37)
    _, content = cv2.imencode(".jpg", image_HW3, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    for padding in (0, 1990, 60_000):
        path = tmp_path / f"{padding}.jpg"
        path.write_bytes(with_exif(content.tobytes(), 1, padding))
        assert image_size(path) == (53, 37)
        assert decode(path).shape == (37, 53, 3)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_an_exif_rotation_is_never_applied(tmp_path, orientation):
    image_HW3 = scene(53, 37)
    content = cv2.imencode(".jpg", image_HW3)[1].tobytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(with_exif(content, orientation))
    assert image_size(path) == (53, 37)
    for reduction in (1, 2):
        expected = cv2.resize(image_HW3, (-(-53 // reduction), -(-37 // reduction)))
        found = decode(path, reduction=reduction)
        assert np.abs(found.astype(int) - expected).mean() < 6


@pytest.mark.parametrize(
    "image",
    [
        np.full((9, 11), 100, np.uint8),
        np.full((9, 11, 4), 100, np.uint8),
        np.full((9, 11), 100 * 257, np.uint16),
        np.full((9, 11, 3), 100 * 257, np.uint16),
    ],
    ids=["grey", "transparent", "grey 16 bit", "colour 16 bit"],
)
def test_every_depth_becomes_8_bit_colour(tmp_path, image):
    assert cv2.imwrite(str(tmp_path / "a.png"), image)
    found_HW3 = decode(tmp_path / "a.png")
    assert found_HW3.dtype == np.uint8
    assert found_HW3.shape == (9, 11, 3)
    assert (found_HW3 == 100).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_a_reduced_image_averages_blocks(tmp_path, suffix, reduction):
    rng = np.random.default_rng(0)
    small = rng.integers(60, 200, (6, 9, 1), dtype=np.uint8).repeat(3, -1)
    image_HW3 = small.repeat(reduction, 0).repeat(reduction, 1)
    save_image(tmp_path / f"a{suffix}", image_HW3)
    found = decode(tmp_path / f"a{suffix}", reduction=reduction)
    assert found.shape == small.shape
    assert np.abs(found.astype(int) - small).mean() < 4


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_file_cut_short_is_named(tmp_path, suffix, share):
    path = tmp_path / f"a{suffix}"
    save_image(path, np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=rf"the image .*a{suffix} is .*; copy it anew") as caught:
        decode(path)
    assert "\n" not in str(caught.value)


def test_a_jpeg_cut_behind_its_thumbnail_is_still_cut_short(tmp_path):
    content = with_exif(cv2.imencode(".jpg", scene(90, 70))[1].tobytes(), 1)
    (tmp_path / "a.jpg").write_bytes(content[:-40])
    with pytest.raises(ValueError, match="is a JPEG that is cut short"):
        decode(tmp_path / "a.jpg")


def test_missing_files_folders_and_text(tmp_path):
    with pytest.raises(ValueError, match=r"expected an image at .*x\.jpg, found no file"):
        image_size(tmp_path / "x.jpg")
    with pytest.raises(ValueError, match="cannot read the image"):
        decode(tmp_path)
    (tmp_path / "x.jpg").write_text("hello")
    with pytest.raises(ValueError, match="is corrupt or not an image"):
        image_size(tmp_path / "x.jpg")
    size_N2, bad = image_sizes([tmp_path / "x.jpg", tmp_path / "y.jpg"])
    assert size_N2.tolist() == [[0, 0], [0, 0]]
    assert sorted(bad) == [0, 1]


@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_cells_keep_their_places_where_blocks_do_not_divide_the_size(reduction):
    """Each cell is the mean of its own pixels: the picture's columns are numbered."""
    columns_HW3 = np.tile(np.arange(8 * 7 + 3, dtype=np.uint8)[None, :, None], (13, 1, 3))
    found = reduce(columns_HW3, reduction)
    whole = columns_HW3.shape[1] // reduction
    centre = reduction * np.arange(whole) + (reduction - 1) / 2
    assert found.shape == (-(-13 // reduction), -(-59 // reduction), 3)
    assert np.abs(found[0, :whole, 0] - centre).max() <= 0.5
