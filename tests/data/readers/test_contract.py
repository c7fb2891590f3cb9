"""What every reader promises, asked of every layout that is read (`layouts`).

Shapes: N samples, K keypoints, 2 = (x, y) or (width, height).
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import scipy.io
from tests.data.formats.human36m import save_cdf
from tests.data.readers.layouts import LAYOUTS, Layout, Written
from tests.datasets import dot_colour

from posesift.data.address import parse
from posesift.data.pixels import read_image
from posesift.data.readers import READERS, options, read, read_parts
from posesift.poses.table import PoseTable, joined

PICTURES = {".jpg", ".png", ".mp4"}


def of(which=lambda layout: True):
    return pytest.mark.parametrize(
        "layout", [pytest.param(one, id=one.name) for one in LAYOUTS if which(one)]
    )


LABELS = pytest.mark.parametrize(
    ("layout", "label"),
    [
        pytest.param(one, label, id=f"{one.name}: {label}")
        for one in LAYOUTS
        for label in one.labels
    ],
)


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory):
    """Where a layout's set lies and what it is, written once: to be looked at, never changed."""
    made: dict[str, tuple[Path, Written]] = {}

    def find(layout: Layout) -> tuple[Path, Written]:
        if layout.name not in made:
            folder = tmp_path_factory.mktemp(layout.name.replace("/", "-"))
            made[layout.name] = folder, layout.write(folder)
        return made[layout.name]

    return find


@pytest.fixture
def written(folder_of):
    return lambda layout: folder_of(layout)[1]


@pytest.fixture
def copied(folder_of, tmp_path):
    """The set in ``tmp_path``, to be spoilt; returns the address. Pictures are links."""

    def copy(source: str, target: str) -> None:
        (os.link if Path(source).suffix in PICTURES else shutil.copyfile)(source, target)

    def make(layout: Layout) -> str:
        folder, truth = folder_of(layout)
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True, copy_function=copy)
        return truth.address.replace(str(folder), str(tmp_path))

    return make


def told(address: str) -> str:
    """What a reader says of its data, as an error or in the table's problems."""
    try:
        return "\n".join(read(address).problems)
    except ValueError as error:
        return str(error)


def same(found: PoseTable, expected: PoseTable, rows=slice(None)) -> None:
    """Two tables hold the same samples."""
    for column in dataclasses.fields(PoseTable):
        if "_N" in column.name:
            one, other = getattr(found, column.name), getattr(expected, column.name)
            assert (one is None) == (other is None), column.name
            if one is not None:
                np.testing.assert_array_equal(one, other[rows], err_msg=column.name)


def test_every_reader_is_asked():
    without = {"world", "yolo", "deeplabcut"}  # no files; asked by tests of their own
    assert {layout.kind for layout in LAYOUTS} == set(READERS) - without


# What is read


@of()
def test_every_keypoint_arrives_under_its_name_in_the_order_of_the_set(layout, written):
    truth = written(layout)
    table = read(truth.address)
    assert table.problems == list(truth.problems)
    assert table.address == truth.address
    assert table.image_N.tolist() == truth.names
    assert table.boxes_from == truth.boxes_from
    assert table.mirrored_N is None
    for found, expected in ((table.mode_N, truth.mode_N), (table.clip_N, truth.clip_N)):
        assert (None if found is None else found.tolist()) == expected
    size_N2 = sizes(table) if truth.size_N2 is None else truth.size_N2
    np.testing.assert_array_equal(np.column_stack([table.width_N, table.height_N]), size_N2)
    visible_NJ = truth.visible_NJ
    if visible_NJ is None:
        within_NJ2 = (truth.keypoints_NJ2 >= -0.5) & (truth.keypoints_NJ2 <= size_N2[:, None] - 0.5)
        visible_NJ = within_NJ2.all(-1)
    assert (table.keypoints_NK2[~table.visible_NK] == 0).all()
    assert (table.occluded_NK is None) == (truth.occluded_NJ is None)
    for k, name in enumerate(table.skeleton.keypoints):
        if name in truth.unchecked:
            continue
        if name not in truth.joints:
            assert not table.visible_NK[:, k].any(), name
            continue
        j, seen_N = truth.joints.index(name), table.visible_NK[:, k]
        np.testing.assert_array_equal(seen_N, visible_NJ[:, j], err_msg=name)
        points_N2 = truth.keypoints_NJ2[seen_N, j]
        np.testing.assert_allclose(table.keypoints_NK2[seen_N, k], points_N2, atol=1e-3)
        if truth.occluded_NJ is not None:
            np.testing.assert_array_equal(table.occluded_NK[:, k], truth.occluded_NJ[:, j], name)
    found = [name for name in table.skeleton.keypoints if name in truth.joints]
    assert len(found) >= min(len(truth.joints), 13), "of the joints of the file most are read"
    if truth.box_N4 is not None:
        np.testing.assert_allclose(table.box_N4, truth.box_N4, atol=1e-3)


def sizes(table: PoseTable) -> np.ndarray:
    """Width and height (N, 2), read without PoseSift."""
    paths = [Path(table.root) / name for name in table.image_N]
    return np.array([cv2.imread(str(path)).shape[1::-1] for path in paths])


@of(lambda layout: layout.kind != "images")
def test_a_dot_lies_under_every_keypoint(layout, written):
    truth = written(layout)
    table = read(truth.address)
    looked = 0
    for row in np.linspace(0, len(table) - 1, 7).astype(int).tolist():
        image_HW3 = read_image(table, row).astype(int)
        for k in np.flatnonzero(table.visible_NK[row]).tolist():
            j = truth.joints.index(table.skeleton.keypoints[k])
            colour = j if truth.colour_NJ is None else truth.colour_NJ[row, j]
            if colour < 0:
                continue
            x, y = np.round(table.keypoints_NK2[row, k]).astype(int)
            off = np.abs(image_HW3[y, x] - dot_colour(int(colour))).max()
            assert off < truth.dots_within, (row, table.skeleton.keypoints[k])
            looked += 1
    assert looked > 7 * 3


@of()
def test_the_halves_are_apart_make_the_whole_and_change_nothing(layout, written):
    address = written(layout).address
    if "boxes" in options(layout.kind):
        address += ",boxes=labels"
    whole = read(address)
    key_of = _keys(whole)
    halves = {half: read(f"{address},split={half}") for half in ("train", "test")}
    rows = {half: [key_of[key] for key in _keys(table)] for half, table in halves.items()}
    for half, table in halves.items():
        assert len(table)
        assert rows[half] == sorted(rows[half]), "in the order of the whole"
        same(table, whole, rows[half])
        assert table.boxes_from == whole.boxes_from
        by_default = read(address, default_split=half)
        same(by_default, table)
        assert parse(by_default.address).options["split"] == half
    assert not set(halves["train"].image_N) & set(halves["test"].image_N)
    if whole.clip_N is not None:
        assert not set(halves["train"].clip_N) & set(halves["test"].clip_N)
    if layout.cut_here:
        assert sorted(rows["train"] + rows["test"]) == list(range(len(whole)))


@of(lambda layout: layout.choice)
def test_some_samples_read_alone_are_split_as_all_are(layout, written):
    address = written(layout).address
    some = _keys(read(f"{address},{layout.choice}"))
    assert 0 < len(some) < len(read(address))
    for half in ("train", "test"):
        whole = read(f"{address},split={half}")
        rows = [row for key, row in _keys(whole).items() if key in some]
        same(read(f"{address},{layout.choice},split={half}"), whole, rows)


def _keys(table: PoseTable) -> dict[tuple, int]:
    keys = {
        (name, points.tobytes()): row
        for row, (name, points) in enumerate(zip(table.image_N, table.keypoints_NK2, strict=True))
    }
    assert len(keys) == len(table)
    return keys


@of()
def test_parts_and_other_ways_to_the_folder_give_the_same(layout, written):
    truth = written(layout)
    whole = read(truth.address)
    parts = joined([part.read() for part in read_parts(truth.address, size=7)])
    same(parts, whole)
    assert parts.problems == whole.problems
    for address in truth.others:
        same(read(address), whole)


@of()
def test_a_saved_table_is_read_as_it_was(layout, copied, tmp_path):
    table = read(copied(layout))
    table.save(tmp_path / "saved.parquet")
    again = read(f"poses:{tmp_path}/saved.parquet")
    same(again, table)
    assert again.root == table.root
    assert again.boxes_from == table.boxes_from


@of(lambda layout: "hands" in options(layout.kind))
def test_right_hands_are_mirrored_with_all_that_they_have(layout, written):
    """Where the set tells no side, all hands are right ones."""
    address = written(layout).address
    stored, table = read(address), read(address.replace("hands=stored", "hands=left"))
    every_N = np.ones(len(table), bool)
    right_N = every_N if stored.mode_N is None else stored.mode_N == "right"
    np.testing.assert_array_equal(table.mirrored_N, right_N)
    table = dataclasses.replace(table, mirrored_N=None)
    same(table.select(np.flatnonzero(~right_N)), stored.select(np.flatnonzero(~right_N)))
    table = dataclasses.replace(table, mirrored_N=right_N)
    rows = np.flatnonzero(right_N)
    table, stored = table.select(rows), stored.select(rows)
    np.testing.assert_array_equal(table.visible_NK, stored.visible_NK)
    expected_NK2 = stored.keypoints_NK2.copy()
    expected_NK2[..., 0] = stored.width_N[:, None] - 1 - expected_NK2[..., 0]
    seen_NK = table.visible_NK
    np.testing.assert_allclose(table.keypoints_NK2[seen_NK], expected_NK2[seen_NK], atol=1e-3)
    if table.boxes_from != "labels":  # those are made of the labels as they are seen
        left_N4, right_N4 = stored.crop_boxes_N4(), table.crop_boxes_N4()
        np.testing.assert_allclose(right_N4[:, 1:], left_N4[:, 1:], atol=1e-3)
        mirrored_N = stored.width_N - left_N4[:, 0] - left_N4[:, 2]
        np.testing.assert_allclose(right_N4[:, 0], mirrored_N, atol=1e-3)
    for row in (0, len(rows) - 1):
        np.testing.assert_array_equal(read_image(table, row), read_image(stored, row)[:, ::-1])


# Addresses that will not do


@pytest.mark.parametrize("kind", READERS)
def test_a_mistyped_option_or_choice_is_told_with_the_nearest(kind):
    for name, option in options(kind).items():
        if len(name) == 1:
            continue
        with pytest.raises(ValueError, match=f"'{name}{name[-1]}'; did you mean '{name}'") as error:
            read(f"{kind}:/nowhere,{name}{name[-1]}=x")
        assert all(f"{other}=" in str(error.value) for other in options(kind)), "all are listed"
        for choice in getattr(option.annotation, "__args__", ()):
            if isinstance(choice, str) and not re.search(r"left|right|\d", choice):
                wrong = choice + choice[-1]
                hint = rf"expected {name}=.*found '{wrong}'; did you mean '{choice}'"
                with pytest.raises(ValueError, match=hint):
                    read(f"{kind}:/nowhere,{name}={wrong}")
        if option.annotation in (int, bool):
            with pytest.raises(ValueError, match=f"expected {name}={option.annotation.__name__}"):
                read(f"{kind}:/nowhere,{name}=many")


@of()
def test_what_is_not_there_is_told_with_what_was_expected(layout, written, tmp_path):
    address = parse(written(layout).address)
    address.options.pop("images", None)
    nowhere = tmp_path / "nowhere" / Path(address.path).name
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (nowhere, empty):
        with pytest.raises(ValueError, match="expected") as error:
            read(dataclasses.replace(address, path=str(path)))
        assert str(path) in str(error.value)
        assert layout.expected in str(error.value)
        assert "found" in str(error.value)
        assert "\n" not in str(error.value)


@of(lambda layout: "images" in options(layout.kind))
def test_a_folder_of_images_that_is_not_there(layout, written, tmp_path):
    address = parse(written(layout).address)
    address.options["images"] = f"{tmp_path}/nowhere"
    with pytest.raises(ValueError, match=rf"folder of the images at {tmp_path}/nowhere, found"):
        read(address)


# Labels that will not do


SPOILT = {
    ".json": "cut short",
    ".npy": "cut short",
    ".pickle": "cut short",
    ".mat": "MATLAB file",
    ".h5": "cannot be read",
    ".slp": "cannot be read",
    ".xml": "is not XML",
    ".cdf": "is not a CDF file",
    ".parquet": "not a readable Parquet file",
}
"""What is said of a file that ends too early; text has lines to tell of."""
SAID = ("expected", "but not", "is not", "missing", "cannot be read", "reads it", "are an object")


@LABELS
def test_a_label_file_cut_short_is_named(layout, label, copied, tmp_path):
    address, path = copied(layout), tmp_path / label
    content = path.read_bytes()
    whole = read(address)
    for share in (0, 0.01, 0.3, 0.6, 0.95):
        path.write_bytes(content[: int(share * len(content))])
        try:
            table = read(address)
        except ValueError as error:
            message = str(error)
        else:
            if len(table) == len(whole):  # what is wanted was there
                same(table, whole)
                continue
            message = "\n".join(table.problems)
        assert path.name in message, share
        assert SPOILT.get(path.suffix, "expected") in message, share


@LABELS
def test_a_label_file_of_another_kind_is_named(layout, label, copied, tmp_path):
    address, path = copied(layout), tmp_path / label
    for _ in others(path):
        message = told(address)
        assert path.name in message, message
        assert any(word in message for word in SAID), message


def others(path: Path) -> Iterator[None]:
    """Puts files of the same container and without sense in a file's place, one by one."""
    variables = [name for name, *_ in scipy.io.whosmat(path)] if path.suffix == ".mat" else []
    path.write_bytes(b"x,y,visible\n" * 50)
    yield
    if path.suffix == ".json":
        for content in ([], {}, [1], "text", None, {"images": []}, [{"name": "a"}], [[[1, "x"]]]):
            path.write_text(json.dumps(content))
            yield
    elif path.suffix == ".mat":
        scipy.io.savemat(path, {"other": np.zeros(3)})
        yield
        for content in ("text", np.zeros(3), np.full((3, 14, 2), np.nan), np.zeros((2, 2, 2))):
            scipy.io.savemat(path, dict.fromkeys(variables, content))
            yield
    elif path.suffix == ".pickle":
        for content in ([1], {}, {0: {"uv_vis": np.ones((21, 3))}}, {0: {"uv": 1}}, {-1: {}}):
            path.write_bytes(pickle.dumps(content))
            yield
    elif path.suffix == ".npy":
        for content in (np.zeros((3299, 2)), np.zeros((17, 3)), np.full((3299, 3), "x")):
            np.save(path, content)
            yield
    elif path.suffix == ".cdf":
        for shape, variable in (((5, 96), "Pose"), ((5, 64), "Angles")):
            save_cdf(path, np.ones(shape), variable)
            yield
    elif path.suffix == ".h5":
        for name in ("other", "imgname"):
            with h5py.File(path, "w") as file:
                file[name] = np.zeros(3)
            yield


ABSURD = (1e308, -1e308)
"""Numbers that a file may hold, and float32 and sums may not."""


@LABELS
def test_absurd_numbers_are_told_and_never_warned_of(layout, label, copied, tmp_path):
    if not label.endswith((".json", ".npy", ".pickle", ".mat")):
        pytest.skip("a form in which others are written")
    address, path = copied(layout), tmp_path / label
    for number in ABSURD:
        for share in (0.01, 1):
            _spoil_numbers(path, tmp_path / "spoilt", number, share)
            (tmp_path / "spoilt").replace(path)
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                for more in ("", ",parity=true") if "parity" in options(layout.kind) else ("",):
                    assert isinstance(told(address + more), str)


def _spoil_numbers(path: Path, target: Path, number: float, share: float) -> None:
    """Write a copy in which a share of the floating-point numbers is another one."""
    random = np.random.default_rng(0)

    def spoilt(value):
        if isinstance(value, dict):
            return {key: spoilt(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(spoilt, value))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            with np.errstate(over="ignore"):
                return np.where(random.random(value.shape) < share, value.dtype.type(number), value)
        return number if isinstance(value, float) and random.random() < share else value

    if path.suffix == ".json":
        target.write_text(json.dumps(spoilt(json.loads(path.read_text()))))
    elif path.suffix == ".mat":
        found = {k: v for k, v in scipy.io.loadmat(path).items() if not k.startswith("__")}
        with target.open("wb") as file:
            scipy.io.savemat(file, spoilt(found))
    elif path.suffix == ".pickle":
        target.write_bytes(pickle.dumps(spoilt(pickle.loads(path.read_bytes()))))
    else:
        with target.open("wb") as file:
            np.save(file, spoilt(np.load(path, allow_pickle=True)))


class _Runs:
    def __reduce__(self):
        return os.system, ("touch ran",)


@LABELS
def test_nothing_that_lies_in_a_file_is_run(layout, label, copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address, path = copied(layout), tmp_path / label
    if path.suffix == ".npy":
        np.save(path, np.array([_Runs()], object), allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps({0: _Runs()}))
    assert path.name in told(address)
    assert not (tmp_path / "ran").exists()


UNNAMED = ("leads out of its folder", "expected", "names no image", "no file name", "found nothing")


@of(lambda layout: layout.rename)
@pytest.mark.parametrize("before", ["../", "/etc/", "a/../../"])
def test_a_name_that_leads_out_of_its_folder_is_refused(layout, before, copied, written, tmp_path):
    address = copied(layout)
    layout.rename(tmp_path, before + Path(written(layout).names[0]).name)
    with pytest.raises(ValueError, match="leads out of its folder"):
        read(address)
    layout.rename(tmp_path, "")
    try:
        said = "\n".join(read(address).problems)
    except ValueError as error:
        said = str(error)
    assert any(part in said for part in UNNAMED), said


@of(lambda layout: layout.move)
def test_a_keypoint_off_its_image_is_hidden_and_listed(layout, copied, written, tmp_path):
    truth, address = written(layout), copied(layout)
    before = read(address)
    used = [j for j, name in enumerate(truth.joints) if name in before.skeleton.keypoints]
    width, height = int(before.width_N[0]), int(before.height_N[0])
    off, edge = used[0], used[1]
    layout.move(tmp_path, {off: (-0.6, 20), edge: (width - 0.6, height - 1)})
    table = read(address)
    k_off, k_edge = (before.skeleton.keypoints.index(truth.joints[j]) for j in (off, edge))
    assert not table.visible_NK[0, k_off]
    assert table.visible_NK[0, k_edge]
    assert table.keypoints_NK2[0, k_off].tolist() == [0, 0]
    np.testing.assert_allclose(table.keypoints_NK2[0, k_edge], [width - 0.6, height - 1], atol=1e-4)
    assert table.occluded_NK is None or not table.occluded_NK[0, k_off]
    np.testing.assert_array_equal(table.visible_NK[1:], before.visible_NK[1:])
    (line,) = [line for line in table.problems if "off the image" in line]
    assert f"{truth.joints[off]} at (-0.6, 20.0)" in line
    assert f"{width} x {height} px" in line


# Images that will not do


@of(lambda layout: layout.own_picture)
def test_a_missing_image_costs_its_samples_and_many_stop_the_reading(layout, copied):
    address = copied(layout)
    before = {half: read(f"{address},split={half}") for half in ("all", "train", "test")}
    table = before["all"]
    names = table.image_N.tolist()
    victim = next(name for name in names[1:] if names.count(name) == 1)
    (Path(table.root) / victim).unlink()
    for half, whole in before.items() if layout.cut_here else [("all", table)]:
        fewer = read(f"{address},split={half}")
        same(fewer, whole, np.flatnonzero(whole.image_N != victim))  # the halves do not move
    (line,) = [line for line in read(address).problems if line not in table.problems]
    assert line.startswith("left out: ")
    assert f"{victim}, found no file" in line
    assert "expected" in line
    for name in set(names[: len(names) // 2]):
        (Path(table.root) / name).unlink(missing_ok=True)
    with pytest.raises(ValueError, match=r"are bad|are missing|holds"):
        read(address)


@of(lambda layout: layout.opens)
def test_a_broken_image_costs_its_samples(layout, copied):
    address = copied(layout)
    table = read(address)
    first = table.image_N[0]
    lost = (table.image_N == first).sum()
    (Path(table.root) / first).unlink()  # it is a link
    (Path(table.root) / first).write_bytes(b"\xff\xd8 no picture")
    if lost > 1:
        assert first in told(address)
        return
    fewer = read(address)
    same(fewer, table, slice(1, None))
    (line,) = [line for line in fewer.problems if line not in table.problems]
    assert first in line
