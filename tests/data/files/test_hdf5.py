"""HDF5 files that point at other files, or at nothing: refused, and the other file is not read."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from posesift.data.files import hdf5


def other(folder, kind):
    """A file whose ``joints`` lie elsewhere, in the way of ``kind``."""
    secret = folder / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["joints"] = np.arange(6.0)
    (folder / "secret.bin").write_bytes(np.arange(6.0).tobytes())
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        if kind == "external link":
            file["joints"] = h5py.ExternalLink(str(secret), "/joints")
        elif kind == "soft link":
            file["joints"] = h5py.SoftLink("/elsewhere")
        elif kind == "link to itself":
            file["joints"] = h5py.SoftLink("/joints")
        elif kind == "external storage":
            where = [(str(folder / "secret.bin"), 0, 48)]
            file.create_dataset("joints", (6,), np.float64, external=where)
        elif kind == "virtual":
            layout = h5py.VirtualLayout((6,), np.float64)
            layout[:] = h5py.VirtualSource(str(secret), "joints", (6,))
            file.create_virtual_dataset("joints", layout)
        elif kind == "group":
            file.create_group("joints")
        elif kind == "huge":
            file.create_dataset("joints", (10**7, 10**6), np.float64, chunks=(100, 100))
        elif kind == "empty":
            file.create_dataset("joints", data=h5py.Empty("f8"))
        elif kind == "references":
            file["joints"] = np.array([file.ref], h5py.ref_dtype)
        elif kind == "one text a million times":
            kinds = h5py.string_dtype()
            file.create_dataset("joints", (10**6,), kinds, chunks=(1000,), fillvalue=b"x" * 5000)
    return path


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("external link", "link to another place"),
        ("soft link", "link to another place"),
        ("link to itself", "link to another place"),
        ("external storage", "in other files, which are not opened"),
        ("virtual", "in other files, which are not opened"),
        ("group", "structure or cell array"),
        ("references", "structure or cell array"),
        ("huge", "more than a file of"),
        ("empty", "more than a file of"),
        ("one text a million times", "more than"),
    ],
)
def test_what_lies_elsewhere_is_not_followed(tmp_path, kind, told):
    path = other(tmp_path, kind)
    with pytest.raises(ValueError, match=told) as caught:
        hdf5.arrays(path, ("joints",))
    assert str(path) in str(caught.value)


def test_plain_arrays_are_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["joints"] = np.arange(6.0).reshape(2, 3)
        file["packed"] = np.arange(3)
        file["names"] = ["a", "bc"]
        file["same"] = file["packed"]  # a second name of one array is a link that stays inside
        file.create_dataset("dense", data=np.zeros(500_000), compression="gzip", chunks=(50_000,))
    found, present = hdf5.arrays(tmp_path / "a.h5", ("joints", "names", "same", "dense", "none"))
    assert present == ["dense", "joints", "names", "packed", "same"]
    assert found["joints"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["names"].tolist() == [b"a", b"bc"]
    assert found["same"].tolist() == [0, 1, 2]
    assert found["dense"].shape == (500_000,)
    assert "none" not in found


def test_a_name_that_is_no_text_is_told(tmp_path):
    """h5py's own error for it is a kind of ValueError, and names no file."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["rows"] = np.zeros(3, [("instance", "f8"), ("score", "f8")])
    content = path.read_bytes()
    assert content.count(b"instance") == 1
    path.write_bytes(content.replace(b"instance", b"inst\xffnce"))
    with pytest.raises(ValueError, match="cannot be read") as caught:
        hdf5.arrays(path, ("rows",), records=True)
    assert type(caught.value) is ValueError
    assert str(path) in str(caught.value)
