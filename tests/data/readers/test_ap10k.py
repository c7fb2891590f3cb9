from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.ap10k import NAMES, PARTS, load_part, save_part, write_ap10k
from tests.data.readers.layouts.animals import AP10K, ap10k_rows
from tests.telling import assert_told

from posesift.data.readers import read
from posesift.poses.boxes import around


def test_as_the_animals_of_animalpose(tmp_path):
    truth = write_ap10k(tmp_path)
    table = read(f"ap10k:{tmp_path},as=animal14,split=test")
    rows = ap10k_rows(truth, ("test",))
    for name, place in AP10K.items():
        j = NAMES.index(name)
        if place in table.skeleton.keypoints:
            k = table.skeleton.keypoints.index(place)
            np.testing.assert_array_equal(table.visible_NK[:, k], truth.v_NK[rows, j] > 0)
            seen_N = table.visible_NK[:, k]
            expected_N2 = truth.keypoints_NK2[rows, j][seen_N]
            np.testing.assert_array_equal(table.keypoints_NK2[seen_N, k], expected_N2)
    assert table.visible_NK.any(0).sum() == 14
    assert_told(table.problems, "animal14|dropped|: nose, neck, tail_root")


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_the_published_splits(tmp_path, fold):
    truth = write_ap10k(tmp_path)
    address = f"ap10k:{tmp_path},fold={fold}"
    found = {half: read(f"{address},split={half}") for half in ("train", "test", "all")}
    for half, parts in (("train", ("train",)), ("test", ("test",)), ("all", PARTS)):
        rows = ap10k_rows(truth, parts, fold)
        assert found[half].image_N.tolist() == [truth.names[row] for row in rows]
    assert not set(found["train"].image_N) & set(found["test"].image_N)
    with pytest.raises(ValueError, match=r"fold=1\|2\|3, found '4'"):
        read(f"ap10k:{tmp_path},fold=4")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Polar-Bear", {"polar bear"}),
        ("bovidae", {"antelope", "sheep"}),
        ("sheep+ursidae", {"sheep", "polar bear"}),
    ],
)
def test_species_and_families_of_choice(tmp_path, text, expected):
    truth = write_ap10k(tmp_path)
    table = read(f"ap10k:{tmp_path},species={text}")
    assert set(table.mode_N) == expected
    assert len(table) == sum(name in expected for name in truth.species)


def test_a_species_that_is_not_there(tmp_path):
    write_ap10k(tmp_path)
    with pytest.raises(ValueError, match=r"antelope, bovidae, .* did you mean 'antelope'\?"):
        read(f"ap10k:{tmp_path},species=antilope")


def test_bad_animals_are_left_out_and_listed(tmp_path):
    truth = write_ap10k(tmp_path, images=70)
    document = load_part(tmp_path, "train")
    a = document["annotations"]
    a[0]["keypoints"].pop()
    a[1]["image_id"] = 7
    a[2]["keypoints"][2] = 5
    a[3]["keypoints"] = [0] * 51
    a[4]["bbox"] = [1, 1, 0, 9]
    a[5]["iscrowd"] = 1
    save_part(tmp_path, "train", 1, document)
    table = read(f"ap10k:{tmp_path}")
    told = "\n".join(table.problems)
    assert "expected 51 values in keypoints, found 50" in told
    assert "names the image 7, which the file does not list" in told
    assert "a visibility v other than 0, 1 or 2" in told
    assert "skipped: 1 animals without a labelled keypoint" in told
    assert "a box of no size, so one around the labelled keypoints: 1 sample" in told
    assert len(table) == len(truth.names) - 5
    sizes = np.column_stack([table.width_N, table.height_N])
    expected_N4 = around(table.keypoints_NK2, table.visible_NK, sizes)
    assert np.isclose(table.box_N4, expected_N4).all(1).sum() == 1


def test_parts_that_do_not_fit_together(tmp_path):
    write_ap10k(tmp_path)
    path = tmp_path / "annotations" / "ap10k-val-split1.json"
    path.write_bytes((tmp_path / "annotations" / "ap10k-train-split1.json").read_bytes())
    with pytest.raises(ValueError, match=r"expected other images than in the parts before it"):
        read(f"ap10k:{tmp_path}")
    path.unlink()
    with pytest.raises(ValueError, match=r"at .*ap10k-val-split1\.json, found no file"):
        read(f"ap10k:{tmp_path}")
    assert len(read(f"ap10k:{tmp_path},split=test")) > 0
    document = load_part(tmp_path, "test")
    document["categories"][0]["keypoints"][0] = "snout"
    save_part(tmp_path, "test", 1, document)
    with pytest.raises(ValueError, match=r"expected AP-10K's keypoints .* read files of your own"):
        read(f"ap10k:{tmp_path},split=test")
    document["categories"][0]["keypoints"][0] = "left_eye"
    document["annotations"] = []
    save_part(tmp_path, "test", 1, document)
    with pytest.raises(ValueError, match="expected labelled animals, found none among 0"):
        read(f"ap10k:{tmp_path},split=test")
