from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.ap10k import NAMES, PARTS, load_part, part_of, save_part, write_ap10k
from tests.data.formats.dots import dots_found

from posesift.data.readers import read

# The file's names and what the same place is called in the skeletons of animals.
HOUSE = {
    "left_eye": "left_eye",
    "right_eye": "right_eye",
    "nose": "nose",
    "neck": "neck",
    "root_of_tail": "tail_root",
    "left_shoulder": "left_front_elbow",
    "left_elbow": "left_front_knee",
    "left_front_paw": "left_front_hoof",
    "right_shoulder": "right_front_elbow",
    "right_elbow": "right_front_knee",
    "right_front_paw": "right_front_hoof",
    "left_hip": "left_back_elbow",
    "left_knee": "left_back_knee",
    "left_back_paw": "left_back_hoof",
    "right_hip": "right_back_elbow",
    "right_knee": "right_back_knee",
    "right_back_paw": "right_back_hoof",
}


def rows_of(truth, parts, fold=1):
    """Rows of the truth, in the order of the published files."""
    count = len(truth.names)
    return [r for p in parts for r in range(count) if part_of(truth.image_N[r], fold) == p]


def test_every_keypoint_arrives_under_its_name(tmp_path):
    truth = write_ap10k(tmp_path)
    table = read(f"ap10k:{tmp_path}")
    rows = rows_of(truth, PARTS)
    assert table.skeleton.keypoints == tuple(HOUSE[name] for name in NAMES)
    assert table.problems == []
    assert table.image_N.tolist() == [truth.names[row] for row in rows]
    assert table.mode_N.tolist() == [truth.species[row] for row in rows]
    v_NK = truth.v_NK[rows]
    np.testing.assert_array_equal(table.visible_NK, v_NK > 0)
    np.testing.assert_array_equal(table.occluded_NK, v_NK == 1)
    expected_NK2 = np.where(v_NK[..., None] > 0, truth.keypoints_NK2[rows], 0)
    np.testing.assert_array_equal(table.keypoints_NK2, expected_NK2)
    np.testing.assert_array_equal(table.box_N4, truth.box_N4[rows])
    assert table.boxes_from == "file"


def test_a_dot_lies_under_every_keypoint(tmp_path):
    truth = write_ap10k(tmp_path)
    table = read(f"ap10k:{tmp_path}")
    for row, source in enumerate(rows_of(truth, PARTS)):
        colour_K = np.arange(17) + (0 if truth.first_N[source] else 17)
        assert dots_found(table, row, colour_K) == (truth.v_NK[source] > 0).sum() > 5


def test_as_the_animals_of_animalpose(tmp_path):
    truth = write_ap10k(tmp_path)
    table = read(f"ap10k:{tmp_path},as=animal14,split=test")
    rows = rows_of(truth, ["test"])
    for name, place in HOUSE.items():
        j = NAMES.index(name)
        if place in table.skeleton.keypoints:
            k = table.skeleton.keypoints.index(place)
            np.testing.assert_array_equal(table.visible_NK[:, k], truth.v_NK[rows, j] > 0)
            seen_N = table.visible_NK[:, k]
            expected_N2 = truth.keypoints_NK2[rows, j][seen_N]
            np.testing.assert_array_equal(table.keypoints_NK2[seen_N, k], expected_N2)
    assert table.visible_NK.any(0).sum() == 14
    assert table.problems == ["as animal14: dropped: nose, neck, tail_root"]


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_the_published_splits(tmp_path, fold):
    truth = write_ap10k(tmp_path)
    address = f"ap10k:{tmp_path},fold={fold}"
    found = {half: read(f"{address},split={half}") for half in ("train", "test", "all")}
    for half, parts in (("train", ["train"]), ("test", ["test"]), ("all", PARTS)):
        rows = rows_of(truth, parts, fold)
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


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path):
    write_ap10k(tmp_path)
    document = load_part(tmp_path, "train")
    document["images"][0]["file_name"] = "../annotations/ap10k-val-split1.json"
    save_part(tmp_path, "train", 1, document)
    with pytest.raises(ValueError, match="leads out of its folder"):
        read(f"ap10k:{tmp_path}")


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
    (tmp_path / "data" / truth.names[rows_of(truth, ["test"])[0]]).unlink()
    table = read(f"ap10k:{tmp_path}")
    told = "\n".join(table.problems)
    assert "expected 51 values in keypoints, found 50" in told
    assert "names the image 7, which the file does not list" in told
    assert "a visibility v other than 0, 1 or 2" in told
    assert "skipped: 1 animals without a labelled keypoint" in told
    assert "expected its image at" in told
    assert "a box of no size, so the whole image: 1 sample" in told
    assert len(truth.names) - 7 <= len(table) <= len(truth.names) - 6
    sizes = np.column_stack([table.width_N, table.height_N])
    assert (table.box_N4[:, 2:] == sizes).all(1).sum() == 1


def test_parts_that_are_missing_or_broken(tmp_path):
    with pytest.raises(ValueError, match="found no folder at"):
        read(f"ap10k:{tmp_path}/nowhere")
    with pytest.raises(ValueError, match="found no annotations/ in"):
        read(f"ap10k:{tmp_path}")
    write_ap10k(tmp_path)
    path = tmp_path / "annotations" / "ap10k-val-split1.json"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"val-split1\.json is not valid JSON .* cut short"):
        read(f"ap10k:{tmp_path}")
    path.write_text('{"images": [], "annotations": [{"id": 1}], "categories": []}')
    with pytest.raises(ValueError, match=r"is JSON, but not AP-10K's annotations"):
        read(f"ap10k:{tmp_path}")
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
