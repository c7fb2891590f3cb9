from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.dots import dots_found
from tests.data.formats.synthetic_animals import HEIGHT, IDS, WIDTH, save_lists, write_animal

from posesift.data.readers import read
from posesift.data.readers.synthetic_animals import VERTICES
from posesift.poses.boxes import around

LEGS = ("left_front", "right_front", "left_back", "right_back")
HOOVES, KNEES, ELBOWS = ([f"{leg}_{j}" for leg in LEGS] for j in ("hoof", "knee", "elbow"))
EYES, SHOULDERS = ("left_eye", "right_eye"), ("left_shoulder", "right_shoulder")
# What the published vertices are, by name.
NAMED = {
    "horse": (*EYES, "chin", *HOOVES, "hip", *KNEES, *SHOULDERS, *ELBOWS),
    "sheep": (*EYES, *HOOVES, *KNEES, *ELBOWS),
}
NAMED |= {"tiger": NAMED["horse"], "hound": NAMED["sheep"]}


@pytest.mark.parametrize("animal", NAMED)
def test_every_vertex_arrives_under_its_name(tmp_path, animal):
    truth = write_animal(tmp_path, animal)
    table = read(f"synthetic-animals:{tmp_path}")
    assert table.skeleton.keypoints == NAMED[animal]
    assert VERTICES[animal] == tuple(map(int, IDS[animal].split()))
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NK)
    np.testing.assert_array_equal(table.occluded_NK, truth.occluded_NK)
    expected_NK2 = np.where(truth.visible_NK[..., None], truth.keypoints_NK2, 0)
    np.testing.assert_allclose(table.keypoints_NK2, expected_NK2, atol=1e-4)
    low_N2, high_N2 = truth.corner_N4[:, :2], truth.corner_N4[:, 2:]
    expected_N4 = np.column_stack([low_N2, high_N2 - low_N2])
    np.testing.assert_allclose(table.box_N4, expected_N4, atol=1e-3)


@pytest.mark.parametrize("animal", ["tiger", "hound"])
def test_a_dot_lies_under_every_keypoint(tmp_path, animal):
    truth = write_animal(tmp_path, animal)
    table = read(f"synthetic-animals:{tmp_path},boxes=labels")
    assert table.boxes_from == "labels"
    for row, visible_K in enumerate(truth.visible_NK):
        assert dots_found(table, row, range(len(visible_K))) == visible_K.sum() > 12


def test_a_table_has_one_skeleton(tmp_path):
    for animal in NAMED:
        write_animal(tmp_path, animal, n=2)
    for choice in ("", ",animal=hound+horse"):
        with pytest.raises(ValueError, match=r"have different keypoints .* animal=horse\+tiger or"):
            read(f"synthetic-animals:{tmp_path}{choice}")
    both = read(f"synthetic-animals:{tmp_path},animal=tiger+horse")
    assert [name.split("_")[0] for name in both.image_N] == ["horse", "horse", "tiger", "tiger"]
    one = read(f"synthetic-animals:{tmp_path}/sheep_combineds5r5_texture")
    assert set(one.mode_N) == {"sheep_walk"}
    with pytest.raises(ValueError, match=r"found 'cat'"):
        read(f"synthetic-animals:{tmp_path},animal=cat")


def test_an_animal_that_is_not_there(tmp_path):
    write_animal(tmp_path, "horse", n=2)
    with pytest.raises(
        ValueError, match=r"expected tigers in .*, found no folder; there are horse"
    ):
        read(f"synthetic-animals:{tmp_path},animal=tiger")


def test_no_pose_is_in_both_halves_and_one_animal_is_split_as_all_are(tmp_path):
    write_animal(tmp_path, "horse", n=9)
    write_animal(tmp_path, "tiger", n=9)
    address = f"synthetic-animals:{tmp_path}"
    train, test = (read(f"{address},split={half}") for half in ("train", "test"))
    assert not set(train.clip_N) & set(test.clip_N)
    assert len(train) + len(test) == 18
    assert len(set(test.clip_N)) == 2
    assert {clip.split("/")[0] for clip in test.clip_N} == {"horse", "tiger"}
    tigers = read(f"{address},split=test,animal=tiger")
    assert tigers.image_N.tolist() == [name for name in test.image_N if "tiger" in name]


def test_pictures_with_other_names_are_their_own_pose(tmp_path):
    truth = write_animal(tmp_path, "horse", n=4)
    for number, name in enumerate(truth.names):
        for end in ("img.png", "kpts.npy"):
            old = tmp_path / f"{name.removesuffix('img.png')}{end}"
            old.rename(old.with_name(f"picture{number}_{end}"))
    table = read(f"synthetic-animals:{tmp_path}")
    assert table.clip_N.tolist() == [f"horse/picture{number}" for number in range(4)]
    assert set(table.mode_N) == {"horse"}


def test_as_the_published_code_reads_it(tmp_path):
    horse = write_animal(tmp_path / "synthetic_animal", "horse")
    tiger = write_animal(tmp_path / "synthetic_animal", "tiger")
    save_lists(tmp_path, "horse", [4, 1], [0])
    save_lists(tmp_path, "tiger", [2], [5, 3])
    wanted = {"train": ([4, 1], [2]), "test": ([0], [5, 3]), "all": ([4, 1, 0], [2, 5, 3])}
    for half, (of_horse, of_tiger) in wanted.items():
        table = read(f"synthetic-animals:{tmp_path},parity=true,split={half}")
        names = [horse.names[row] for row in of_horse] + [tiger.names[row] for row in of_tiger]
        assert table.image_N.tolist() == names
    for row, (animal, source) in enumerate([(horse, 4), (horse, 1), (horse, 0), (tiger, 2)]):
        seen_K = animal.visible_NK[source]
        expected_K2 = animal.keypoints_NK2[source][seen_K] + 0.5  # as the files count
        np.testing.assert_allclose(table.keypoints_NK2[row, seen_K], expected_K2, atol=1e-4)
        x0, y0, x1, y1 = animal.corner_N4[source]
        side = 1.25 * max(x1 - x0, y1 - y0)
        expected_4 = [(x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side, side]
        np.testing.assert_allclose(table.box_N4[row], expected_4, atol=1e-2)


def test_published_lists_that_are_missing_or_too_long(tmp_path):
    write_animal(tmp_path, "horse", n=2)
    with pytest.raises(ValueError, match=r"train_idxs\.npy and valid_idxs\.npy in .* leave parity"):
        read(f"synthetic-animals:{tmp_path},parity=true")
    save_lists(tmp_path, "horse", [0, 2], [1])
    with pytest.raises(ValueError, match=r"numbers of the 2 horse pictures, found 0 to 2"):
        read(f"synthetic-animals:{tmp_path},parity=true")


def test_bad_pictures_are_left_out_and_listed(tmp_path):
    truth = write_animal(tmp_path, "horse", n=20)
    files = [tmp_path / f"{name.removesuffix('img.png')}kpts.npy" for name in truth.names]
    files[3].unlink()
    table = read(f"synthetic-animals:{tmp_path}")
    assert len(table) == 19
    assert "expected the vertices of its picture at" in table.problems[0]
    points_V3 = np.load(files[0])
    broken = {
        "shape (vertices, 3), found float64 of shape (3299, 2)": points_V3[:, :2],
        "expected more than 1718 vertices, found 1700": points_V3[:1700],
        "NaN or infinity": np.full_like(points_V3, np.nan),
    }
    for told, values in broken.items():
        np.save(files[3], values)
        table = read(f"synthetic-animals:{tmp_path}")
        assert told in table.problems[0], table.problems
    for file in files[4:8]:
        file.unlink()
    with pytest.raises(ValueError, match="5 of 20 samples are bad"):
        read(f"synthetic-animals:{tmp_path}")


def test_a_mesh_that_is_not_finite_has_a_box_around_the_keypoints(tmp_path):
    truth = write_animal(tmp_path, "horse", n=2)
    path = tmp_path / f"{truth.names[0].removesuffix('img.png')}kpts.npy"
    points_V3 = np.load(path)
    points_V3[0] = np.nan
    np.save(path, points_V3)
    table = read(f"synthetic-animals:{tmp_path}")
    expected_N4 = around(table.keypoints_NK2, table.visible_NK, np.array([[WIDTH, HEIGHT]] * 2))
    np.testing.assert_allclose(table.box_N4[0], expected_N4[0])
    assert table.box_N4[1].tolist() != expected_N4[1].tolist()


def test_a_folder_without_pictures(tmp_path):
    (tmp_path / "horse_combineds5r5_texture").mkdir()
    with pytest.raises(ValueError, match=r"expected pictures \*_img\.png in .*, found none"):
        read(f"synthetic-animals:{tmp_path}")
