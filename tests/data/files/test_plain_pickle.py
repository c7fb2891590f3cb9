from __future__ import annotations

import builtins
import collections
import contextlib
import os
import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from posesift.data.files import plain_pickle

ARRAYS = {
    "float": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "double": np.linspace(0, 1, 5),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "big-endian": np.arange(4, dtype=">i4"),
    "bool": np.array([[True], [False]]),
    "text": np.array(["thumb", "ø"]),
    "bytes": np.array([b"ab", b"c"]),
    "empty": np.empty((0, 3), np.uint8),
    "no axes": np.array(3.5),
    "strided": np.arange(20)[::3],
    "complex": np.array([1 + 2j]),
}


def same(found, wanted):
    assert type(found) is type(wanted)
    if isinstance(wanted, np.ndarray):
        assert found.shape == wanted.shape
        assert found.dtype == wanted.dtype
        if wanted.dtype == object:
            for one, other in zip(found.reshape(-1), wanted.reshape(-1), strict=True):
                same(one, other)
        else:
            np.testing.assert_array_equal(found, wanted)
            found[...] = found  # writable, as NumPy's own are
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            same(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            same(one, other)
    else:
        assert found == wanted


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_containers_come_back_from_every_protocol(tmp_path, protocol):
    value = {
        **ARRAYS,
        0: {"uv_vis": np.ones((42, 3)), "K": np.eye(3), "text": "é", "raw": b"\0\xff", "none": b""},
        "nested": [(np.arange(3), [np.float32(0.25), np.int64(-7)]), {1, 2}, frozenset("ab")],
        "ordered": collections.OrderedDict(b=np.zeros(2), a=[1.5, None, True, 10**30]),
        "shared dtype": [np.zeros(1), np.ones(1)],
    }
    path = tmp_path / "anno.pickle"
    path.write_bytes(pickle.dumps(value, protocol))
    same(plain_pickle.load(path), value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_objects(tmp_path, protocol, order):
    value = np.empty((2, 3), object, order=order)
    value[0, 0], value[1, 2], value[0, 1] = {"keypoints": np.ones((4, 3))}, [1, [2, 3]], "text"
    path = tmp_path / "anno.pickle"
    path.write_bytes(pickle.dumps(value, protocol))
    same(plain_pickle.load(path), value)


def test_what_was_shared_stays_shared(tmp_path):
    array = np.arange(3)
    inner = [array]
    path = tmp_path / "anno.pickle"
    path.write_bytes(pickle.dumps([array, inner, inner, {"again": array}]))
    found = plain_pickle.load(path)
    assert found[1] is found[2]
    assert found[0] is found[1][0] is found[3]["again"]


def test_a_list_that_holds_itself_ends(tmp_path):
    value: list = [np.arange(2)]
    value.append(value)
    path = tmp_path / "anno.pickle"
    path.write_bytes(pickle.dumps(value))
    found = plain_pickle.load(path)
    assert found[1] is found


def test_a_pickle_of_python_2(tmp_path):
    # cPickle.dumps({'uv': numpy.array([1.0, 2.0]), 3: 'caf\xe9'}, 2), as Python 2 wrote it
    raw = struct.pack("<dd", 1.0, 2.0)
    content = (
        b"\x80\x02}q\x01(U\x02uvq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
        b"q\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x02\x85cnumpy\ndtype\nq\x06U\x02f8K\x00K\x01\x87Rq"
        b"\x07(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x10" + raw + b"tbK\x03"
        b"U\x04caf\xe9u."
    )
    path = tmp_path / "old.pkl"
    path.write_bytes(content)
    same(plain_pickle.load(path), {"uv": np.array([1.0, 2.0]), 3: "café"})


def test_a_text_pickle_of_python_2(tmp_path):
    path = tmp_path / "old.pkl"
    path.write_bytes(b"(dp1\nS'boxes'\np2\n(lp3\nI4\naL5L\naF0.5\nas.")
    assert plain_pickle.load(path) == {"boxes": [4, 5, 0.5]}


@pytest.mark.parametrize("name", list(ARRAYS))
def test_npy_files_of_plain_arrays(tmp_path, name):
    np.save(tmp_path / "a.npy", ARRAYS[name])
    same(plain_pickle.load_npy(tmp_path / "a.npy"), ARRAYS[name])


def test_npy_files_of_objects(tmp_path):
    samples = np.array([{"bbox": [1, 2, 3, 4], "keypoints": np.ones((20, 3))}, {"image_id": 7}])
    np.save(tmp_path / "list.npy", samples)
    same(plain_pickle.load_npy(tmp_path / "list.npy"), samples)
    np.save(tmp_path / "dict.npy", np.array({"a": np.arange(3)}, object))
    same(plain_pickle.load_npy(tmp_path / "dict.npy").item(), {"a": np.arange(3)})


class Calls:
    """Pickled as a call of anything with anything."""

    def __init__(self, function, *arguments):
        self.all = function, arguments

    def __reduce__(self):
        return self.all


def evil(tmp_path):
    """Each writes the file `touched` when it runs."""
    touched = str(tmp_path / "touched")
    code = f"open({touched!r}, 'w').close()"
    return {
        "system": Calls(os.system, f"touch {touched}"),
        "eval": Calls(builtins.eval, code),
        "exec": Calls(builtins.exec, code),
        "getattr": Calls(getattr, "a", "upper"),
        "open": Calls(open, touched, "w"),
        "import": Calls(builtins.__import__, "this"),
        "numpy load": Calls(np.load, touched),
        "numpy save": Calls(np.save, touched, np.zeros(3)),
        "numpy fromfile": Calls(np.fromfile, "/etc/passwd"),
        "bytearray": Calls(bytearray, 10**12),
        "nested": [{"a": (1, {"b": [Calls(os.system, f"touch {touched}")]})}],
        "in an array": np.array([1, Calls(os.system, f"touch {touched}")], object),
    }


KINDS = list(evil(Path("nowhere")))


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_a_pickle_that_tries_to_run_code_runs_nothing(tmp_path, kind, protocol):
    path = tmp_path / "anno.pickle"
    path.write_bytes(pickle.dumps(evil(tmp_path)[kind], protocol))
    with pytest.raises(ValueError, match=r"anno\.pickle: refused [\w.]+\.\w+: a data file needs"):
        plain_pickle.load(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["anno.pickle"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_npy_that_tries_to_run_code_runs_nothing(tmp_path, kind):
    array = np.empty(1, object)
    array[0] = evil(tmp_path)[kind]
    np.save(tmp_path / "anno.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match=r"anno\.npy: refused [\w.]+\.\w+: a data file needs"):
        plain_pickle.load_npy(tmp_path / "anno.npy")
    assert [entry.name for entry in tmp_path.iterdir()] == ["anno.npy"]


@pytest.mark.parametrize(
    "name",
    [
        ("numpy.f2py", "compile"),
        ("numpy.testing._private.utils", "runstring"),
        ("numpy", "ndarray.tofile"),
        ("numpy.core.multiarray", "fromfile"),
        ("numpy.core", "multiarray._reconstruct"),
        ("builtins", "getattr"),
        ("posix", "system"),
        ("_codecs", "decode"),
        ("posesift.data.files.pickle_stand_ins", "_Name"),
    ],
)
def test_names_are_refused_before_anything_is_imported(tmp_path, name):
    module, attribute = (part.encode() for part in name)
    content = b"\x80\x04\x8c" + bytes([len(module)]) + module
    content += b"\x8c" + bytes([len(attribute)]) + attribute + b"\x93."
    path = tmp_path / "anno.pickle"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"refused {'.'.join(name)}"):
        plain_pickle.load(path)


def array_pickle(code: bytes, state: bytes, shape: bytes, raw: bytes) -> bytes:
    """An array as protocol 0 to 2 spell it, of parts that need not fit."""
    return (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n"
        + shape
        + b"cnumpy\ndtype\n(S'"
        + code
        + b"'\nI0\nI1\ntR("
        + state
        + b"tbI00\n"
        + raw
        + b"tb."
    )


PLAIN = b"I3\nS'<'\nNNNI-1\nI-1\nI0\n"


def test_the_spelling_of_arrays_used_below_is_read_when_it_fits(tmp_path):
    path = tmp_path / "a.pickle"
    path.write_bytes(array_pickle(b"u1", PLAIN, b"(I2\nt", b"S'ab'\n"))
    same(plain_pickle.load(path), np.array([97, 98], np.uint8))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        # elements that are pointers, said to be plain bytes: NumPy would follow them
        (array_pickle(b"V8", b"I3\nS'|'\nN(S'a'\nt(dI8\nI1\nI0\n", b"(I1\nt", b"S'12345678'\n"),
         "refused an array of 'V8'"),
        (array_pickle(b"f8", b"I3\nS'<'\nN(S'a'\nt(dI8\nI1\nI0\n", b"(I1\nt", b"S'12345678'\n"),
         "compound elements"),
        (array_pickle(b"O8", PLAIN, b"(I1\nt", b"S'12345678'\n"), "as many elements"),
        (array_pickle(b"O8", PLAIN, b"(I2\nt", b"(lI1\na"), "as many elements"),
        (array_pickle(b"f8", PLAIN, b"(I1000000000000\nt", b"S'12345678'\n"), "as many elements"),
        (array_pickle(b"f8", PLAIN, b"(I-1\nt", b"S'12345678'\n"), "no such thing"),
        (array_pickle(b"f8", PLAIN, b"S'x'\n", b"S'12345678'\n"), "no such thing"),
        (array_pickle(b"M8[s]", PLAIN, b"(I1\nt", b"S'12345678'\n"), "refused an array of 'M8"),
        (b"cnumpy\nndarray\n(I1000000000\ntR.", "refused to call numpy.ndarray"),
        (b"cnumpy\nndarray\n.", "refused a description"),
        (b"(lcnumpy\ndtype\n(S'f8'\ntRa.", "refused a description"),
        (b"cnumpy\ndtype\n}S'_make'\ncbuiltins\nset\nsb.", "refused to change"),
        (b"cbuiltins\nbytes\n(I1000000000000\ntR.", "refused bytes of another making"),
        (b"c_codecs\nencode\n(Va\nS'zip'\ntR.", "refused bytes that are not encoded"),
        (b"Pthing\n.", "refused to look for an object outside"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR.", "without"),
    ],
)  # fmt: skip
def test_crafted_arrays_are_refused(tmp_path, content, told):
    path = tmp_path / "anno.pickle"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        plain_pickle.load(path)


def test_nothing_that_a_pickle_does_outlives_it(tmp_path):
    content = b"ccollections\nOrderedDict\n(dS'fromkeys'\nI1\nsb."
    path = tmp_path / "anno.pickle"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="refused to change"):
        plain_pickle.load(path)
    assert callable(collections.OrderedDict.fromkeys)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.999])
def test_files_cut_short(tmp_path, share, protocol):
    content = pickle.dumps(
        {i: {"K": np.eye(3), "uv": np.ones((42, 3))} for i in range(5)}, protocol
    )
    path = tmp_path / "anno.pickle"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"anno\.pickle is not a pickle .*cut short"):
        plain_pickle.load(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("of_objects", [False, True])
def test_npy_files_cut_short(tmp_path, share, of_objects):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": np.ones(90)}, 2]) if of_objects else np.ones(100))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"a\.npy.*cut short"):
        plain_pickle.load_npy(path)


def test_other_files(tmp_path):
    path = tmp_path / "a.pickle"
    with pytest.raises(ValueError, match=r"expected a file at .*a\.pickle"):
        plain_pickle.load(path)
    path.write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match="is not a pickle that can be read"):
        plain_pickle.load(path)
    with pytest.raises(ValueError, match=r"is not a \.npy file"):
        plain_pickle.load_npy(path)


def test_an_endlessly_nested_pickle_is_an_error(tmp_path):
    path = tmp_path / "deep.pickle"
    path.write_bytes(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
    with pytest.raises(ValueError, match="is not a pickle that can be read"):
        plain_pickle.load(path)


@pytest.mark.parametrize(
    "claim",
    [
        b"\x80\x02K\x01r" + (2**32 - 1).to_bytes(4, "little") + b".",  # the last of 2^32 memos
        b"\x80\x05\x96" + (2**36).to_bytes(8, "little") + b"abc.",  # 64 GiB of bytes
        b"\x80\x05\x8e" + (2**36).to_bytes(8, "little") + b"abc.",
    ],
)
def test_no_room_is_made_for_what_a_file_only_claims(tmp_path, claim):
    path = tmp_path / "anno.pickle"
    path.write_bytes(claim)
    tracemalloc.start()
    try:
        with contextlib.suppress(ValueError):
            plain_pickle.load(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10_000_000


def nested(levels: int) -> bytes:
    """Opcodes of a tuple that holds another twice, which holds another twice, and so on."""
    return b")q\x00" + b"0h\x00h\x00\x86q\x00" * levels


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x80\x02}" + nested(60) + b"K\x01s.", "tuple as a key"),
        (b"\x80\x02}(" + nested(60) + b"K\x01u.", "tuple as a key"),
        (b"\x80\x02(" + nested(60) + b"K\x01d.", "tuple as a key"),
        (b"\x80\x04\x8f(" + nested(60) + b"\x90.", "tuple as a key"),
        (b"\x80\x04(" + nested(60) + b"\x91.", "tuple as a key"),
        (b"\x80\x02cbuiltins\nset\n](" + nested(60) + b"e\x85R.", "tuple as a key"),
        (b"\x80\x02cbuiltins\ndict\n](" + nested(60) + b"K\x01\x86e\x85R.", "tuple as a key"),
        (b"\x80\x02" + nested(60) + b"Q.", "an object outside the file"),
        (b"\x80\x02cnumpy\ndtype\n" + nested(60) + b"\x85R.", "an array of tuple"),
        (
            b"\x80\x02cnumpy\ndtype\nU\x02f8\x85R(K\x03U\x01<NN" + nested(60) + b"tb.",
            "compound elements",
        ),
    ],
)
def test_what_would_be_written_out_or_hashed_for_ever_is_refused(tmp_path, content, told):
    path = tmp_path / "a.pickle"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        plain_pickle.load(path)


@pytest.mark.parametrize(
    ("descr", "shape"),
    [("<V0", "(10000000000000,)"), ("<U0", "(10000000000000,)"), ("|V8", "(2,)"),
     ("<f8", "(True,)"), ("<f8", "(-1,)"), ("<f8", "(9999999999999999999999,)"),
     ("<f8", "(10000000000000,)"), ("<M8[s]", "(1,)"), ("|O", "(10000000000000,)")],
)  # fmt: skip
def test_npy_headers_that_promise_anything(tmp_path, descr, shape):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (118 - len(header) - 1) + b"\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 8)
    with pytest.raises(ValueError, match=r"a\.npy"):
        plain_pickle.load_npy(path)
