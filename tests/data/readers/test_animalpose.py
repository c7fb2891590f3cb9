from __future__ import annotations

import copy
import os

import numpy as np
import pytest
from tests.data.formats.animalpose import (
    NAMES,
    SPECIES,
    save_document,
    save_lists,
    write_animalpose,
)

from posesift.data.readers import read
from posesift.poses.boxes import around

# What the published code picks of the file's 20, and what that is, by name.
PICKED = (0, 1, 13, 14, 15, 16, 9, 10, 11, 12, 5, 6, 7, 8)


def in_file(truth, species):
    return [row for row, kind in enumerate(truth.species) if kind in species]


def test_keypoints_are_matched_by_name_whatever_their_order(tmp_path):
    truth = write_animalpose(tmp_path)
    plain = read(f"animalpose:{tmp_path}")
    order = np.random.default_rng(0).permutation(20).tolist()
    other = {"left_eye": "L_Eye", "left_front_paw": "L F Paw", "right_back_knee": "R-B-Knee"}
    for kind in truth.document["categories"]:
        kind["keypoints"] = [other.get(NAMES[j], NAMES[j]) for j in order]
    for annotation in truth.document["annotations"]:
        annotation["keypoints"] = [annotation["keypoints"][j] for j in order]
    save_document(tmp_path, truth.document)
    table = read(f"animalpose:{tmp_path}")
    np.testing.assert_array_equal(table.keypoints_NK2, plain.keypoints_NK2)
    assert table.problems == []


@pytest.mark.parametrize("categories", [None, [], {"1": "dog"}])
def test_a_file_without_categories_has_the_published_numbers_and_order(tmp_path, categories):
    truth = write_animalpose(tmp_path)
    plain = read(f"animalpose:{tmp_path}")
    truth.document["categories"] = categories
    save_document(tmp_path, truth.document)
    table = read(f"animalpose:{tmp_path}")
    np.testing.assert_array_equal(table.keypoints_NK2, plain.keypoints_NK2)
    assert table.mode_N.tolist() == truth.species


def test_names_that_nobody_knows_are_told(tmp_path):
    truth = write_animalpose(tmp_path)
    plain = read(f"animalpose:{tmp_path}")
    for kind in truth.document["categories"]:
        kind["keypoints"] = [f"k{number}" for number in range(20)]
    save_document(tmp_path, truth.document)
    table = read(f"animalpose:{tmp_path}")
    np.testing.assert_array_equal(table.keypoints_NK2, plain.keypoints_NK2)
    assert "names its keypoints otherwise" in table.problems[0]


def test_species_of_choice(tmp_path):
    truth = write_animalpose(tmp_path)
    table = read(f"animalpose:{tmp_path},species=Sheep+dog")
    rows = in_file(truth, ("sheep", "dog"))
    assert table.mode_N.tolist() == [truth.species[row] for row in rows]
    with pytest.raises(ValueError, match=r"of dog, cat, .* found 'hors'; did you mean 'horse'"):
        read(f"animalpose:{tmp_path},species=hors+cow")


def test_a_quarter_of_the_images_of_every_species_is_the_test(tmp_path):
    write_animalpose(tmp_path, images=25)
    test = read(f"animalpose:{tmp_path},split=test")
    assert set(test.mode_N) == set(SPECIES)
    assert len(set(test.image_N)) == 5


def published(tmp_path, truth, species, train, test):
    entries = [copy.deepcopy(truth.document["annotations"][row]) for row in train + test]
    for entry in entries:
        entry["keypoints"] = np.array(entry["keypoints"])  # as lists or arrays
    save_lists(tmp_path, species, entries[: len(train)], entries[len(train) :])


def test_as_the_published_code_reads_it(tmp_path):
    truth = write_animalpose(tmp_path / "animal-pose", images=20)
    cows, sheep = in_file(truth, ["cow"]), in_file(truth, ["sheep"])
    published(tmp_path, truth, "cow", [cows[3], cows[0]], [cows[1]])
    published(tmp_path, truth, "sheep", sheep[1:], sheep[:1])
    address = f"animalpose:{tmp_path},species=sheep+cow,parity=true"
    wanted = {"train": [cows[3], cows[0], *sheep[1:]], "test": [cows[1], sheep[0]]}
    for half, rows in wanted.items():
        table = read(f"{address},split={half}")
        assert table.problems == []
        assert table.image_N.tolist() == [truth.names[row] for row in rows]
        assert table.mode_N.tolist() == [truth.species[row] for row in rows]
        for row, source in enumerate(rows):
            seen_K = truth.visible_NJ[source, PICKED]
            expected_K2 = truth.keypoints_NJ2[source, PICKED]
            np.testing.assert_array_equal(table.keypoints_NK2[row, seen_K], expected_K2[seen_K])
            x0, y0, x1, y1 = truth.corner_N4[source]
            side = 1.25 * max(x1 - x0, y1 - y0)
            expected_4 = [(x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side, side]
            np.testing.assert_allclose(table.box_N4[row], expected_4, atol=1e-3)


def test_the_copy_with_exchanged_species_is_recognised(tmp_path):
    truth = write_animalpose(tmp_path, images=20)
    cows = in_file(truth, ["cow"])
    published(tmp_path, truth, "dog", cows[:2], cows[2:])
    table = read(f"animalpose:{tmp_path},species=dog,parity=true")
    assert len(table.problems) == 2
    assert "holds the species cow, not dog" in table.problems[0]
    assert set(table.mode_N) == {"cow"}


class _Runs:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_published_lists_that_are_missing_or_would_run_something(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    truth = write_animalpose(tmp_path)
    address = f"animalpose:{tmp_path},species=dog,parity=true"
    with pytest.raises(ValueError, match=r"train_anno\.npy and test_anno\.npy in .*/dog or"):
        read(address)
    published(tmp_path, truth, "dog", [0], [0])
    place = tmp_path / "cached_data/real_animal_pose/dog"
    np.save(place / "train_anno.npy", np.array([_Runs()], object), allow_pickle=True)
    with pytest.raises(ValueError, match="was not run"):
        read(address)
    assert not (tmp_path / "ran").exists()
    np.save(place / "train_anno.npy", np.array([{"image_id": 1}], object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"train_anno\.npy: expected AnimalPose annotations"):
        read(address)


def test_bad_animals_are_left_out_and_listed(tmp_path):
    truth = write_animalpose(tmp_path, images=60)
    annotations = truth.document["annotations"]
    annotations[0]["keypoints"].pop()
    annotations[3]["image_id"] = 999
    annotations[5]["bbox"] = [30, 30, 30, 60]
    annotations[9]["category_id"] = 7
    save_document(tmp_path, truth.document)
    table = read(f"animalpose:{tmp_path}")
    assert len(table) == len(annotations) - 3
    told = "\n".join(table.problems)
    assert "animal 1, image 1: expected 20 keypoints of x, y and visible, found 19" in told
    assert "names the image 999, which the file does not list" in told
    assert "skipped: 1 animals of a category that the file does not name" in told
    assert "a box of no size, so one around the labelled keypoints: 1 sample" in told
    row = table.image_N.tolist().index(truth.names[5])
    sizes = np.column_stack([table.width_N, table.height_N])
    expected_N4 = around(table.keypoints_NK2, table.visible_NK, sizes)
    np.testing.assert_allclose(table.box_N4[row], expected_N4[row])


def test_no_animals_and_no_folder_of_photographs(tmp_path):
    truth = write_animalpose(tmp_path)
    truth.document["annotations"] = []
    save_document(tmp_path, truth.document)
    with pytest.raises(ValueError, match=r"expected animals of dog and cat and .*, found none"):
        read(f"animalpose:{tmp_path}")
    (tmp_path / "images").rename(tmp_path / "pictures")
    with pytest.raises(ValueError, match=r"with keypoints\.json and images/, found no images/ in"):
        read(f"animalpose:{tmp_path}")
