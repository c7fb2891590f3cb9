"""Photographs as cameras make them: EXIF, stray bytes, depths, formats."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from tests.data.files.test_images import with_exif
from tests.datasets import save_image

from posesift.data.files import images
from posesift.data.files.images import decode, header, image_size

PIL = pytest.importorskip("PIL.Image")


def scene(width=56, height=40):
    """Four quarters of different grey, so that every turn is another picture."""
    image_HW3 = np.zeros((height, width, 3), np.uint8)
    for number, (y, x) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        rows, columns = slice(y * height // 2, None), slice(x * width // 2, None)
        image_HW3[rows, columns] = 40 + 60 * number
    return image_HW3


def turned(image_HW3, orientation):
    """What EXIF 2.32 says of each orientation: where row 0 and column 0 lie in the view."""
    flips = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: a[::-1, ::-1],
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.fliplr(a.swapaxes(0, 1)),
        7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
        8: lambda a: np.flipud(a.swapaxes(0, 1)),
    }
    return flips[orientation](image_HW3)


def save(path, image_HW3, orientation):
    exif = PIL.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if path.suffix == ".webp" else {"quality": 95}
    PIL.fromarray(image_HW3).save(path, exif=exif, **options)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_every_orientation_is_applied_or_ignored(tmp_path, suffix, orientation):
    path, image_HW3 = tmp_path / f"a{suffix}", scene()
    save(path, image_HW3, orientation)
    for exif, expected in (("ignore", image_HW3), ("apply", turned(image_HW3, orientation))):
        size = expected.shape[1::-1]
        assert image_size(path, exif) == size
        found = decode(path, exif=exif, size=size)
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).mean() < 4
    assert header(path).orientation == images.orientation(path) == orientation


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("size", [(64, 48), (67, 45)])
@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_a_turned_image_is_reduced_from_its_own_corner(tmp_path, orientation, size, reduction):
    width, height = size
    ramp_HW3 = np.add.outer(np.arange(height), 2 * np.arange(width))[..., None].repeat(3, 2)
    save(tmp_path / "a.jpg", ramp_HW3.astype(np.uint8), orientation)
    expected = images.reduce(
        np.ascontiguousarray(turned(ramp_HW3.astype(np.uint8), orientation)), reduction
    )
    found = decode(tmp_path / "a.jpg", reduction=reduction, exif="apply")
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected)[1:-1, 1:-1].mean() < 2


def test_the_other_view_is_named_where_the_size_fits_it(tmp_path):
    save(tmp_path / "a.jpg", scene(), 6)
    with pytest.raises(ValueError, match=r"the other view .* read it with exif=ignore"):
        decode(tmp_path / "a.jpg", size=(56, 40), exif="apply")
    with pytest.raises(ValueError, match=r"the other view .* read it with exif=apply"):
        decode(tmp_path / "a.jpg", size=(40, 56))


def jpeg(image_HW3):
    return cv2.imencode(".jpg", image_HW3)[1].tobytes()


@pytest.mark.parametrize("stray", [b"\x00\x00", b"\x12\x34", b"\xff\xff\xff", b"\x00" * 5000])
@pytest.mark.parametrize("marker", [b"\xff\xdb", b"\xff\xc4", b"\xff\xc0"])
def test_stray_bytes_before_a_marker_are_passed_over(tmp_path, stray, marker):
    content = jpeg(scene())
    place = content.index(marker)
    (tmp_path / "a.jpg").write_bytes(content[:place] + stray + content[place:])
    assert image_size(tmp_path / "a.jpg") == (56, 40)
    np.testing.assert_array_equal(decode(tmp_path / "a.jpg"), cv2.imdecode(_bytes(content), 1))


def _bytes(content):
    return np.frombuffer(content, np.uint8)


def test_stray_bytes_hide_neither_a_cut_nor_the_orientation(tmp_path):
    content = with_exif(jpeg(scene()), 6)
    place = content.index(b"\xff\xdb")
    content = content[:place] + b"\0\0" + content[place:]
    (tmp_path / "a.jpg").write_bytes(content)
    assert header(tmp_path / "a.jpg") == (56, 40, 6)
    (tmp_path / "a.jpg").write_bytes(content[:-30])
    with pytest.raises(ValueError, match="cut short"):
        decode(tmp_path / "a.jpg")


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_values_of_a_sensor_in_16_bits(tmp_path, bits, suffix):
    ramp_HW = np.linspace(0, 2**bits - 1, 40 * 56).reshape(40, 56).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / f"a{suffix}"), ramp_HW)
    found = decode(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(found, (ramp_HW >> (bits - 8))[..., None].repeat(3, 2))


@pytest.mark.parametrize("suffix", images.SUFFIXES)
def test_every_ending_is_read(tmp_path, suffix):
    real = {".jfif": ".jpg", ".jpe": ".jpg", ".dib": ".bmp", ".pnm": ".ppm", ".j2k": ".jp2"}
    kind = real.get(suffix, suffix)
    if not cv2.haveImageWriter(f"a{kind}"):
        pytest.skip(f"OpenCV writes no {kind} here")
    written = scene()[..., 0] if suffix in (".pgm", ".pbm") else scene()
    done, content = cv2.imencode(kind, written)
    assert done
    path = tmp_path / f"A{suffix.upper()}"
    path.write_bytes(content.tobytes())
    assert image_size(path) == (56, 40)
    if suffix != ".pbm":  # black and white
        limit = 25 if suffix == ".gif" else 6  # few colours
        assert np.abs(decode(path).astype(int) - scene()).mean() < limit


@pytest.mark.parametrize("orientation", [1, 6])
def test_heic_is_read_where_its_library_is_there(tmp_path, orientation):
    pytest.importorskip("pillow_heif")
    content = io.BytesIO()
    assert not images.missing_decoder(".heic")  # registers the format
    exif = PIL.Exif()
    exif[0x0112] = orientation
    PIL.fromarray(scene(64, 48)).save(content, "HEIF", quality=95, exif=exif.tobytes())
    (tmp_path / "a.heic").write_bytes(content.getvalue())
    found = decode(tmp_path / "a.heic", exif="apply")
    expected = turned(scene(64, 48), orientation)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 6


def test_avif_is_read_and_turned(tmp_path):
    if images.missing_decoder(".avif"):
        pytest.skip("nothing decodes AVIF here")
    try:
        save(tmp_path / "a.avif", scene(64, 48), 6)
    except (KeyError, OSError):
        pytest.skip("Pillow writes no AVIF here")
    found = decode(tmp_path / "a.avif", exif="apply")
    assert found.shape == (64, 48, 3)
    assert np.abs(found.astype(int) - turned(scene(64, 48), 6)).mean() < 8


def test_what_nothing_decodes_is_one_message(tmp_path):
    save_image(tmp_path / "a.png", scene())
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(ValueError, match="is corrupt or not an image"):
        decode(tmp_path / "a.heic")
