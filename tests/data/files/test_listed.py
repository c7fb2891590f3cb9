"""Folders in which a name is not UTF-8: that one is counted, the rest is read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.data.formats.human36m import write_human36m_cdf
from tests.data.formats.surreal import write_surreal
from tests.data.formats.synthetic_animals import write_animal
from tests.datasets import write_lspet

from posesift.data.files.listed import listed
from posesift.data.readers import read


def strange(path: Path) -> None:
    """A copy of a file or folder beside it whose name has a byte that is no UTF-8."""
    copy = os.path.join(os.fsencode(path.parent), b"im\xff" + os.fsencode(path.name))
    try:
        (shutil.copytree if path.is_dir() else shutil.copy)(os.fsencode(path), copy)
    except OSError:
        pytest.skip("this file system takes no names that are not UTF-8")


def test_names_come_in_order_and_the_others_are_counted(tmp_path):
    for name in ("b.jpg", "a.jpg", "c.png"):
        (tmp_path / name).touch()
    assert listed(tmp_path, end=".jpg") == ["a.jpg", "b.jpg"]
    assert listed(tmp_path, "c") == ["c.png"]
    assert listed(tmp_path / "nowhere") == [] == listed(tmp_path / "a.jpg")
    strange(tmp_path / "a.jpg")
    with pytest.warns(UserWarning, match=r"1 of 3 names are not UTF-8, such as im\\udcffa.jpg"):
        assert listed(tmp_path, end=".jpg") == ["a.jpg", "b.jpg"]


def surreal(root: Path) -> tuple[str, Path]:
    write_surreal(root)
    return f"surreal:{root}", next(root.rglob("*.mp4")).parent


def lspet(root: Path) -> tuple[str, Path]:
    write_lspet(root)
    return f"lspet:{root}", root / "images" / "im00001.jpg"


def animals(root: Path) -> tuple[str, Path]:
    write_animal(root, "horse")
    return f"synthetic-animals:{root},animal=horse", next(root.rglob("*img.png"))


def human36m(root: Path) -> tuple[str, Path]:
    write_human36m_cdf(root)
    return f"human36m:{root}", next(root.rglob("*.cdf"))


@pytest.mark.parametrize("make", [surreal, lspet, animals, human36m])
def test_one_such_name_costs_nothing_else(tmp_path, make):
    address, beside = make(tmp_path)
    before = read(address)
    strange(beside)
    with pytest.warns(UserWarning, match="not UTF-8"):
        after = read(address)
    np.testing.assert_array_equal(after.keypoints_NK2, before.keypoints_NK2)
    assert after.image_N.tolist() == before.image_N.tolist()
