from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from tests.datasets import pose_table, write_lspet

from posesift import skeletons
from posesift.data.checks.contact_sheet import contact_sheet, legend, shortened
from posesift.data.checks.lettering import ALARM, LARGE, Words, written
from posesift.data.checks.suspects import Suspect
from posesift.data.readers import read

TILE, GAP = 188, 10


def picture(path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def has_colour(image_HW3: np.ndarray, colour: str) -> bool:
    return bool((image_HW3 == list(bytes.fromhex(colour.lstrip("#")))).all(-1).any())


def test_it_is_a_page_of_crops_and_poses(tmp_path):
    write_lspet(tmp_path, n=10)
    table = read(f"lspet:{tmp_path}")
    path = contact_sheet(table, tmp_path / "sheet.png", n=9)
    page_HW3 = picture(path)
    assert page_HW3.shape[1] == 1600
    assert contact_sheet(table, tmp_path / "b.png", n=9).read_bytes() == path.read_bytes()
    other = contact_sheet(table, tmp_path / "other.png", n=9, seed=1)
    assert other.read_bytes() != path.read_bytes()
    # a second row has one tile and paper beside it
    low_HW3 = page_HW3[-TILE:, :]
    assert has_colour(low_HW3[:, : TILE + 2 * GAP], "#D55E00")
    assert not has_colour(low_HW3[:, TILE + 3 * GAP :], "#D55E00")


def test_the_legend_says_what_is_left_and_right(tmp_path):
    assert dict(legend(skeletons.load("coco17")))["left"] == ["#0072B2", "#56B4E9"]
    assert dict(legend(skeletons.load("animal14"))).keys() == {"right", "left"}
    assert [word for word, _ in legend(skeletons.load("hand21"))] == [
        "thumb", "index", "middle", "ring", "little",
    ]  # fmt: skip
    table = read("world:body,n=8")
    bars_HW3 = picture(contact_sheet(table, tmp_path / "a.png"))[:44, 1000:]
    for colour in ("#D55E00", "#E69F00", "#0072B2", "#56B4E9"):
        assert has_colour(bars_HW3, colour)
    assert not has_colour(bars_HW3, "#009E73")  # the head's


def test_suspicious_samples_come_below_and_closer(tmp_path):
    write_lspet(tmp_path, n=10)
    table = read(f"lspet:{tmp_path}")
    plain = picture(contact_sheet(table, tmp_path / "a.png", n=4))
    more = picture(
        contact_sheet(table, tmp_path / "b.png", n=4, suspects=[Suspect(3, "4.2x right_hip")])
    )
    assert len(more) > len(plain) + TILE
    np.testing.assert_array_equal(more[: len(plain) - GAP], plain[:-GAP])
    below_HW3 = more[len(plain) :]
    assert has_colour(below_HW3, "#D55E00")
    red_HW = (below_HW3[..., 0] > 150) & (below_HW3[..., 1:].max(-1) < 80)
    assert red_HW[-30:].any()  # the reason


@pytest.mark.parametrize("side", [32, 64])
def test_a_worlds_pictures_are_sharp_and_under_their_poses(tmp_path, side):
    """Painted at the size of the tile, whatever the table's: nearly the same page."""
    small = picture(contact_sheet(read(f"world:body,n=3,side={side}"), tmp_path / "a.png"))
    large = picture(contact_sheet(read("world:body,n=3,side=188"), tmp_path / "b.png"))
    difference = np.abs(small[64:].astype(int) - large[64:])
    assert difference.mean() < 2


def test_sheets_without_images_and_with_broken_ones(tmp_path):
    assert contact_sheet(pose_table(n=3), tmp_path / "a.jpg").stat().st_size > 1000
    write_lspet(tmp_path / "set", n=3)
    table = read(f"lspet:{tmp_path}/set")
    (tmp_path / "set" / "images" / "im00002.jpg").unlink()
    assert has_colour(picture(contact_sheet(table, tmp_path / "b.png")), "#A1A1AA")


def test_names_and_labels_of_any_kind(tmp_path):
    table = pose_table(n=4)
    names = ["a $x$ b.jpg", "<script>'\".png", "写真/図.png", "a\nb" + "c" * 300]
    table.image_N = np.array(names, object)
    table.root = str(tmp_path)
    table.mode_N = np.array(["walk", None, "$", "very long activity's name"], object)
    table.keypoints_NK2[0, 0] = (1e9, -1e9)
    table.visible_NK[1] = False
    assert contact_sheet(table, tmp_path / "a.png", suspects=[Suspect(1, "nothing")]).exists()
    assert shortened("a\nb") == "a?b"
    assert shortened("x" * 40, 10) == "…" + "x" * 8
    hidden = dataclasses.replace(table, occluded_NK=table.visible_NK.copy())
    assert contact_sheet(hidden, tmp_path / "b.webp").exists()


def test_words_stand_on_their_line_whatever_they_hold():
    paper_HW3 = np.full((60, 300, 3), 255, np.uint8)
    lines = [Words(10, 30, "Mm", "#0072B2"), Words(290, 50, "a\nb\udc80\x1b", ALARM, LARGE, True)]
    page_HW3 = written(paper_HW3, lines)
    assert (paper_HW3 == 255).all()
    row, column = np.nonzero((page_HW3 != 255).any(-1))
    left, right = column < 150, column >= 150
    assert 10 <= column[left].min() <= 12
    assert row[left].max() == 29  # the last one above the line
    assert 286 <= column[right].max() <= 290
    blue_HW = (page_HW3 == [0x00, 0x72, 0xB2]).all(-1)
    assert blue_HW[:30, :40].any()


def test_no_poses_and_no_picture_format(tmp_path):
    with pytest.raises(ValueError, match="the table is empty"):
        contact_sheet(pose_table().select([]), tmp_path / "a.png")
    for name in ("a.docx", "a"):
        with pytest.raises(ValueError, match=r"expected a picture's ending such as \.png"):
            contact_sheet(pose_table(), tmp_path / name)
