from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from posesift.data.files import matlab


def write_7_3(path: Path, **arrays: np.ndarray) -> None:
    """As MATLAB does: a text header of 128 bytes in a block of 512, then HDF5, axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            file[name] = values.T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024"
    content = path.read_bytes()
    path.write_bytes(header.ljust(116) + bytes(8) + b"\x00\x02IM" + content[128:])


@pytest.mark.parametrize("form", ["4", "5", "7", "7.3"])
def test_an_array_of_every_version(tmp_path, form):
    path = tmp_path / "a.mat"
    values = np.arange(12.0).reshape(3, 4)
    if form == "7.3":
        write_7_3(path, joints=values, other=values[:2])
    else:
        content = {"joints": values, "other": values[:2]}
        scipy.io.savemat(
            path, content, format=form[0].replace("7", "5"), do_compression=form == "7"
        )
    other, joints = matlab.load(path, "other", "joints")
    np.testing.assert_array_equal(joints, values)
    np.testing.assert_array_equal(other, values[:2])
    (one,) = matlab.load(path, "joints", squeeze=True)
    np.testing.assert_array_equal(one, values)
    with pytest.raises(ValueError, match="expected a variable 'RELEASE', found joints, other"):
        matlab.load(path, "joints", "RELEASE")


@pytest.mark.parametrize("form", ["5", "7.3"])
def test_squeezed_axes(tmp_path, form):
    path = tmp_path / "a.mat"
    values = np.arange(6.0).reshape(1, 6)
    if form == "7.3":
        write_7_3(path, row=values)
    else:
        scipy.io.savemat(path, {"row": values})
    assert matlab.load(path, "row")[0].shape == (1, 6)
    assert matlab.load(path, "row", squeeze=True)[0].shape == (6,)


def test_structures_are_objects(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"RELEASE": {"image": {"name": "x.jpg"}, "size": 7}})
    (release,) = matlab.load(path, "RELEASE", squeeze=True)
    assert release.image.name == "x.jpg"
    assert release.size == 7


@pytest.mark.parametrize("kind", ["structure", "cell"])
def test_structures_of_7_3_are_refused_and_what_to_do_is_said(tmp_path, kind):
    path = tmp_path / "a.mat"
    write_7_3(path, filler=np.zeros((2, 2)))
    with h5py.File(path, "r+") as file:
        if kind == "structure":
            file["RELEASE/name"] = np.zeros((1, 1))
        else:
            references = np.array([[file["filler"].ref]], dtype=h5py.ref_dtype)
            file["RELEASE"] = references
    with pytest.raises(ValueError, match=r"'RELEASE' as a structure or cell array.* with -v7"):
        matlab.load(path, "RELEASE", squeeze=True)


def test_7_3_without_h5py(tmp_path, monkeypatch):
    write_7_3(tmp_path / "a.mat", joints=np.zeros((2, 2)))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ValueError, match=r"needs h5py: pip install 'posesift\[h5\]'"):
        matlab.load(tmp_path / "a.mat", "joints")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_7_3_cut_short(tmp_path, share):
    path = tmp_path / "a.mat"
    write_7_3(path, joints=np.zeros((50, 50)))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"cannot be read .* may be cut short"):
        matlab.load(path, "joints")


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "a.mat", tmp_path):
        with pytest.raises(ValueError, match=r"expected a MATLAB file at .* found no file"):
            matlab.load(path, "joints")
