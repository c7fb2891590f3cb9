from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.csv import JOINTS, write_csv
from tests.telling import assert_told

from posesift.data.readers import read
from posesift.poses.boxes import around


def address(truth, more=""):
    return f"csv:{truth.path},images={truth.path.parent}/photos{more}"


def spoil(truth, line: int, column: int, cell: str) -> None:
    """Put another cell into a line, counted as people do; column 0 is the image."""
    lines = truth.path.read_text().splitlines()
    cells = lines[line - 1].split(",")
    cells[column] = cell
    lines[line - 1] = ",".join(cells)
    truth.path.write_text("\n".join(lines) + "\n")


def test_columns_that_may_be_there(tmp_path):
    n = 9
    truth = write_csv(
        tmp_path,
        n,
        width=[640] * n,
        height=[480] * n,
        box_x=[1.5, "", *[2] * 7],
        box_y=[2] * n,
        box_w=[30, 30, 0, *[30] * 6],
        box_h=[40] * n,
        clip=["a", "a", "b", "b", "c", "c", "d", "d", "d"],
        mode=["Walk", "", "RUN", *["walk"] * 6],
        weather=["sunny"] * n,
    )
    table = read(f"csv:{truth.path}")
    assert not table.has_images
    assert set(table.width_N.tolist()) == {640}
    assert table.boxes_from == "file"
    assert table.box_N4[0].tolist() == [1.5, 2, 30, 40]
    size_N2 = np.column_stack([table.width_N, table.height_N])
    expected_N4 = around(table.keypoints_NK2, table.visible_NK, size_N2)
    np.testing.assert_allclose(table.box_N4[1:3], expected_N4[1:3])
    assert table.id_N.tolist() == list(range(2, n + 2)), "lines of the file"
    assert table.clip_N.tolist() == list("aabbccddd")
    assert table.mode_N[:4].tolist() == ["walk", "", "run", "walk"]
    boxes = ("not four numbers|keypoints|1 sample (line 3)", "no size|keypoints|1 sample (line 4)")
    assert_told(table.problems, "not read|weather", *boxes)
    parts = [read(f"csv:{truth.path},split={split}").clip_N.tolist() for split in ("train", "test")]
    assert parts == [list("aabbcc"), list("ddd")]


def test_columns_without_a_label_are_not_called_dropped(tmp_path):
    n = 6
    empty = {f"{part}_{axis}": [""] * n for part in ("mane", "hoof") for axis in "xyv"}
    more = {f"mouth_{axis}": [20.0] * n for axis in "xy"}
    truth = write_csv(tmp_path, n, **more, **empty)
    own = tmp_path / "own.toml"
    names = ", ".join(f'"{name}"' for name in JOINTS)
    own.write_text(
        f'name = "own"\nkeypoints = [{names}, "mane"]\nlimbs = [{{from = "nose", to = "tail"}}]\n'
    )
    table = read(address(truth, f",skeleton={own}"))
    assert_told(table.problems, "dropped|own|: mouth")
    assert not table.visible_NK[:, -1].any()


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_separators_and_a_byte_order_mark(tmp_path, delimiter):
    truth = write_csv(tmp_path, delimiter=delimiter)
    truth.path.write_bytes(b"\xef\xbb\xbf" + truth.path.read_bytes())
    table = read(address(truth))
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    assert table.skeleton.mirror == (1, 0, 2, 3), "left and right by their names"


def test_without_v_a_keypoint_is_labelled_where_it_has_a_place(tmp_path):
    truth = write_csv(tmp_path, **{f"{name}_v": None for name in JOINTS})
    table = read(address(truth))
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    assert table.occluded_NK is None
    ones = write_csv(tmp_path, **{f"{name}_v": [1] * 8 for name in JOINTS[:3]}, tail_v=None)
    assert read(address(ones)).occluded_NK is None, "v without a 2 tells labelled or not"


def test_lines_without_labels_are_skipped_and_empty_ones_are_none(tmp_path):
    truth = write_csv(tmp_path)
    for column in range(1, 13):
        spoil(truth, 4, column, "")
    lines = truth.path.read_text().splitlines()
    truth.path.write_text("\n".join([*lines[:2], "", *lines[2:], "", ""]))
    table = read(address(truth))
    assert len(table) == 7
    assert_told(table.problems, "skipped|1|labelled keypoint")
    spoil(truth, 7, 1, "-900")
    for _ in range(5):  # few enough of many
        truth.path.write_text(truth.path.read_text() + "\n".join(lines[1:]) + "\n")
    hidden = [line for line in read(address(truth)).problems if "off the image" in line]
    assert len(hidden) == 1
    assert ": line 7," in hidden[0], "as an editor counts lines"


def test_as_another_skeleton(tmp_path):
    truth = write_csv(tmp_path)
    table = read(address(truth, ",as=animal14"))
    assert table.skeleton.name == "animal14"
    assert table.visible_NK.sum() == 16, "two eyes each"
    with pytest.raises(ValueError, match=r"labels.csv: expected the keypoints of .* body16"):
        read(address(truth, ",skeleton=body16"))


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        (1, "", "line 5: left_eye is labelled, but its x or its y is empty"),
        (3, "3", "line 5: left_eye_v is 3; expected 0, 1, 2 or nothing"),
    ],
)
def test_a_bad_line_is_named_and_few_are_left_out(tmp_path, column, cell, told):
    few, many = write_csv(tmp_path / "few"), write_csv(tmp_path / "many", 24)
    for truth in (few, many):
        spoil(truth, 5, column, cell)
    with pytest.raises(ValueError, match=f"1 of 8 samples are bad(.|\n)*{told}"):
        read(address(few))
    table = read(address(many))
    assert len(table) == 23
    np.testing.assert_array_equal(table.visible_NK, np.delete(truth.visible_NJ, 3, axis=0))


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        (2, "left", "labels.csv, line 5, column left_eye_y: expected a number, found 'left'"),
        (2, "12.5,7", "labels.csv, line 5: expected 13 cells as in the header, found 14: day"),
        (0, "", "labels.csv, line 5, column image: found nothing"),
    ],
)
def test_a_line_that_cannot_be_read(tmp_path, column, cell, told):
    truth = write_csv(tmp_path, 40)
    spoil(truth, 5, column, cell)
    with pytest.raises(ValueError, match=told):
        read(address(truth))


def test_a_decimal_comma_is_explained(tmp_path):
    truth = write_csv(tmp_path, delimiter=";", nose_x=["12,5"] * 8)
    with pytest.raises(ValueError, match=r"line 2, column nose_x: .*write the decimal point"):
        read(address(truth))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("image", r"NAME_x and NAME_y for every keypoint, found image$"),
        ("a_x,a_y", "found a_x, a_y; missing image$"),
        ("image,a_x,a_y,b_y", "missing b_x$"),
        ("image,a_x,a_y,width,box_x", "missing height, box_y, box_w, box_h$"),
        ("image,a_x,a_y,a_x", "line 1: the column 'a_x' comes twice"),
        ("image,a_x,a_y", "at least 3 names"),
        ("", "expected the names of the columns in line 1"),
    ],
)
def test_a_header_that_will_not_do(tmp_path, header, told):
    (tmp_path / "x.csv").write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    with pytest.raises(ValueError, match=told):
        read(f"csv:{tmp_path}/x.csv")


def test_files_that_are_no_csv(tmp_path):
    truth = write_csv(tmp_path)
    content = truth.path.read_bytes()
    truth.path.write_bytes(content.replace(b"day 3", "déjà".encode("latin-1")))
    with pytest.raises(ValueError, match="is not UTF-8 text; save it as `CSV UTF-8`"):
        read(address(truth))
    truth.path.write_bytes(content.splitlines()[0])
    with pytest.raises(ValueError, match="expected lines below the header, found none"):
        read(address(truth))
    truth.path.write_bytes(content.splitlines()[0] + b"\n" + b"x.png" + b"," * 12)
    with pytest.raises(ValueError, match="with labelled keypoints, found none among 1"):
        read(address(truth))
    truth.path.write_bytes(content)
    with pytest.raises(ValueError, match="the file gives no width and height for its image"):
        read(f"csv:{truth.path}")
