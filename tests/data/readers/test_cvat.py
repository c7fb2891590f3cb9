"""CVAT for images 1.1, read back from tiny true exports."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.csv import JOINTS
from tests.data.formats.cvat import write_cvat

from posesift.data.readers import read


def replaced(path, old, new, times=-1):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, times))


def test_skeletons_have_the_lines_of_their_drawing(tmp_path):
    truth = write_cvat(tmp_path, 8)
    table = read(f"cvat:{truth.path}")
    assert table.skeleton.keypoints == JOINTS
    assert table.skeleton.mirror == (1, 0, 2, 3)
    assert set(table.skeleton.limbs) == {(0, 2), (1, 2), (2, 3)}
    hidden_J = np.array([True, False, False, True])
    np.testing.assert_array_equal(table.occluded_NK, truth.visible_NJ & hidden_J)


def test_points_without_names(tmp_path):
    truth = write_cvat(tmp_path, 8, "points")
    table = read(f"cvat:{truth.path}")
    assert table.skeleton.keypoints == tuple(f"keypoint_{j}" for j in range(4))
    assert table.notes[0] == "points have no names: skeleton=NAME says what they are"
    np.testing.assert_allclose(table.keypoints_NK2, truth.keypoints_NJ2, atol=1e-3)
    with pytest.raises(ValueError, match="points of 4 keypoints, the skeleton has 17"):
        read(f"cvat:{truth.path},skeleton=coco17")
    toml = tmp_path / "mine.toml"
    toml.write_text(
        'name = "mine"\nkeypoints = ["left_eye", "right_eye", "nose", "tail"]\n'
        'mirror = [["left_eye", "right_eye"]]\n'
        'limbs = [{ from = "left_eye", to = "nose" }, { from = "nose", to = "tail" }]\n'
    )
    named = read(f"cvat:{truth.path},skeleton={toml}")
    assert named.skeleton.keypoints == JOINTS
    np.testing.assert_allclose(named.keypoints_NK2, truth.keypoints_NJ2, atol=1e-3)


def test_single_points_are_named_and_grouped(tmp_path):
    truth = write_cvat(tmp_path, 8, "single")
    table = read(f"cvat:{truth.path}")
    assert table.skeleton.keypoints == JOINTS
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    seen_NJ = truth.visible_NJ
    np.testing.assert_allclose(
        table.keypoints_NK2[seen_NJ], truth.keypoints_NJ2[seen_NJ], atol=1e-3
    )


def test_single_points_of_two_animals_need_groups(tmp_path):
    truth = write_cvat(tmp_path, 8, "single")
    for row in range(8):
        replaced(truth.path, f' group_id="{row + 1}"', "")
    with pytest.raises(ValueError, match="'tail' twice; group the points of each pose"):
        read(f"cvat:{truth.path}")


def test_of_several_labels_one_is_chosen(tmp_path):
    truth = write_cvat(tmp_path, 8)
    replaced(truth.path, '<skeleton label="animal"', '<skeleton label="toy"', 2)
    with pytest.raises(ValueError, match=r"several labels \(toy, animal\): label=NAME"):
        read(f"cvat:{truth.path}")
    table = read(f"cvat:{truth.path},label=animal")
    assert len(table) == 6
    assert table.problems == ["skipped: 2 poses of the label toy"]
    with pytest.raises(ValueError, match=r"expected label=toy\|animal, found 'cat'"):
        read(f"cvat:{truth.path},label=cat")


@pytest.mark.parametrize("bad", ["", "5", "a,b", "1,2,3", "nan,3"])
def test_a_bad_point_costs_its_pose_alone(tmp_path, bad):
    truth = write_cvat(tmp_path, 24)
    text = truth.path.read_text()
    first = text.index('points="', text.index("<skeleton"))
    end = text.index('"', first + 8)
    truth.path.write_text(f'{text[:first]}points="{bad}"{text[end + 1 :]}')
    table = read(f"cvat:{truth.path}")
    assert len(table) == 23
    (line,) = table.problems
    assert line.startswith("left out: line ")
    assert "expected points=" in line


def test_tracks_of_a_video_are_told(tmp_path):
    (tmp_path / "a.xml").write_text(
        '<annotations><track id="0"><points frame="0" points="1,2"/></track></annotations>'
    )
    with pytest.raises(ValueError, match="export as CVAT for images"):
        read(f"cvat:{tmp_path}/a.xml")


def test_nothing_is_defined_by_a_file(tmp_path):
    """Entities could stand for a billion words, or for a file of the user."""
    secret = tmp_path / "secret"
    secret.write_text("nose")
    truth = write_cvat(tmp_path, 8)
    for entity in (f'<!ENTITY x SYSTEM "file://{secret}">', '<!ENTITY x "nose">'):
        head = f"<!DOCTYPE annotations [{entity}]>\n<annotations>"
        text = truth.path.read_text()
        truth.path.write_text(text.replace("<annotations>", head).replace('"nose"', '"&x;"'))
        with pytest.raises(ValueError, match="found a document type") as error:
            read(f"cvat:{truth.path}")
        assert str(truth.path) in str(error.value)
        truth.path.write_text(text)
    replaced(truth.path, "<version>", "<a>" * 200 + "<version>")
    with pytest.raises(ValueError, match="elements 64 deep and more"):
        read(f"cvat:{truth.path}")
