from __future__ import annotations

import random

import numpy as np
import pytest
from tests.data.formats.h3d import samples, save, write_h3d
from tests.data.formats.hand_dots import assert_dots
from tests.telling import assert_told

from posesift.data.readers import read


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(("objects", "rows"), [("without", 15), ("with", 5), ("all", 20)])
def test_objects_are_told_and_chosen_as_text_or_number(tmp_path, objects, rows, number):
    truth = write_h3d(tmp_path)
    if number:
        save(
            tmp_path, [s | {"without_object": int(s["without_object"])} for s in samples(tmp_path)]
        )
    table = read(f"h3d:{tmp_path},objects={objects}")
    assert len(table) == rows
    for name, mode in zip(table.image_N, table.mode_N, strict=True):
        held = truth.names.index(name) % 4 == 3
        assert mode == ("with object" if held else "without object")
    if objects == "without":
        assert read(f"h3d:{tmp_path}").image_N.tolist() == table.image_N.tolist()


def test_the_order_of_the_file_and_ten_parts_change_nothing(tmp_path):
    write_h3d(tmp_path, n=30, parts=10)
    before = set(read(f"h3d:{tmp_path},split=test").image_N)
    save(tmp_path, samples(tmp_path)[::-1])
    test = read(f"h3d:{tmp_path},split=test")
    assert set(test.clip_N) == {"part10"}
    assert set(test.image_N) == before


def test_one_part_is_split_by_name_and_that_is_said(tmp_path):
    write_h3d(tmp_path, n=16, parts=1)
    test = read(f"h3d:{tmp_path},split=test,objects=all")
    assert test.image_N.tolist() == [f"part1/shot {n:03d}.jpg" for n in range(12, 16)]
    assert_told(test.problems, "part1|both halves")


def test_parity_is_the_published_split(tmp_path):
    write_h3d(tmp_path)
    names = [s["name"] for s in samples(tmp_path) if int(s["without_object"]) == 1]
    state = random.getstate()
    random.seed(42)
    random.shuffle(names)
    random.setstate(state)
    cut = min(int(0.2 * len(names)), 3200)
    address = f"h3d:{tmp_path},parity=true"
    assert read(f"{address},split=test").image_N.tolist() == names[:cut]
    assert read(f"{address},split=train").image_N.tolist() == names[cut:]
    assert read(address).image_N.tolist() == names
    assert random.getstate() == state
    table = read(address)
    assert [assert_dots(table, row, range(21)) for row in range(15)] == [21] * 15


def test_a_sample_with_other_points_is_left_out_and_named(tmp_path):
    truth = write_h3d(tmp_path, n=60)
    content = samples(tmp_path)
    content[4]["keypoint2d"] = content[4]["keypoint2d"][:20]
    save(tmp_path, content)
    table = read(f"h3d:{tmp_path}")
    assert len(table) == 44
    (problem,) = table.problems
    assert f"{truth.names[4]}: expected 21 points in keypoint2d" in problem


def test_a_joint_that_is_no_number_is_hidden_and_listed(tmp_path):
    write_h3d(tmp_path)
    content = samples(tmp_path)
    content[1]["keypoint2d"][7] = [float("nan"), 3.0]
    save(tmp_path, content)
    table = read(f"h3d:{tmp_path}")
    assert np.argwhere(~table.visible_NK).tolist() == [[1, 7]]
    assert "index_dip at (nan, 3.0)" in table.problems[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([{"name": "a.jpg", "keypoint2d": [], "without_object": "x"}], r"found \['x'\]"),
        ([{"name": "a.jpg", "keypoint2d": [], "without_object": "0"}], "hands without object"),
    ],
)
def test_labels_of_another_form(tmp_path, content, told):
    save(tmp_path, content)
    with pytest.raises(ValueError, match=told):
        read(f"h3d:{tmp_path}")
