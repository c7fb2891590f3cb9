"""COCO files as tools really write them: each kind is read as what it means, or told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.datasets import coco_document, save_coco, write_coco

from posesift import skeletons
from posesift.data.readers import read

COCO = skeletons.load("coco17")


def address(truth, more=",skeleton=coco17"):
    return f"coco:{truth.path},images={truth.path.parent}/photos{more}"


def changed(tmp_path, change, n=8, **options):
    """A set whose document ``change`` was given; and its truth."""
    truth = write_coco(tmp_path, n=n, **options)
    document = coco_document(truth)
    change(document)
    save_coco(truth.path, document)
    return truth


def same_as(truth, table):
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)
    np.testing.assert_allclose(
        table.keypoints_NK2[truth.visible_NJ], truth.keypoints_NJ2[truth.visible_NJ], atol=1e-4
    )
    assert table.image_N.tolist() == truth.names


def each(change):
    def all_of_them(document):
        for annotation in document["annotations"]:
            change(annotation)

    return all_of_them


def each_image(change):
    def all_of_them(document):
        for image in document["images"]:
            change(image)

    return all_of_them


def image_ids(make):
    return each_image(lambda image: image.update(id=make(image["id"])))


def texts(annotation):
    annotation["keypoints"] = [str(value) for value in annotation["keypoints"]]


def nulls_for_unlabelled(annotation):
    points = np.reshape(annotation["keypoints"], (17, 3)).tolist()
    annotation["keypoints"] = [point if point[2] else None for point in points]


def by_id(document):
    document["annotations"] = {str(one["id"]): one for one in document["annotations"]}
    document["images"] = {str(one["id"]): one for one in document["images"]}


KINDS = {
    "triples": each(lambda a: a.update(keypoints=np.reshape(a["keypoints"], (17, 3)).tolist())),
    "null for a keypoint": each(nulls_for_unlabelled),
    "objects by id": by_id,
    "numbers as text": each(texts),
    "no annotation ids": each(lambda a: a.pop("id")),
    "annotation ids null": each(lambda a: a.update(id=None)),
    "image ids as text": image_ids(str),
    "image ids as floats": image_ids(float),
    "image ids with zeros": image_ids("{:06d}".format),
    "image_id as text": each(lambda a: a.update(image_id=str(a["image_id"]))),
    "image_id as the file": each(
        lambda a: a.update(image_id=f"{a['image_id']:012d}.jpg"),
    ),
    "category_id as text": each(lambda a: a.update(category_id="1")),
    "category_id as float": each(lambda a: a.update(category_id=1.0)),
    "no category_id": each(lambda a: a.pop("category_id")),
    "iscrowd null": each(lambda a: a.update(iscrowd=None, area=None)),
    "iscrowd as a word": each(lambda a: a.update(iscrowd="0", area="12")),
    "bbox null": each(lambda a: a.update(bbox=None)),
    "sizes as floats": each_image(lambda i: i.update(width=float(i["width"]))),
    "sizes null": each_image(lambda i: i.update(width=None, height=None)),
    "sizes as text": each_image(lambda i: i.update(width=str(i["width"]))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_means_the_same_is_read_the_same(tmp_path, kind):
    truth = changed(tmp_path, KINDS[kind])
    table = read(address(truth))
    same_as(truth, table)
    assert [line for line in table.problems if "box" not in line] == []
    np.testing.assert_array_equal(table.width_N, truth.size_N2[:, 0])


def test_ids_that_differ_in_spelling_are_told(tmp_path):
    table = read(address(changed(tmp_path, KINDS["image_id as text"])))
    (note,) = [line for line in table.notes if line.startswith("image ids differ")]
    assert note.endswith("8 annotations")
    assert not any("ids differ" in n for n in read(address(write_coco(tmp_path / "b"))).notes)


def test_text_and_number_that_are_two_images_stay_two(tmp_path):
    def change(document):
        document["images"][1]["id"] = "100"  # and the first one's is 100
        document["annotations"][1]["image_id"] = "100"
        document["annotations"].append(document["annotations"][2] | {"image_id": "0100"})

    truth = changed(tmp_path, change, n=24)
    table = read(address(truth))
    assert table.image_N.tolist() == truth.names
    assert "names the image 0100, which the file does not list" in table.problems[-1]


def test_annotations_without_ids_are_named_by_their_place(tmp_path):
    def change(document):
        for annotation in document["annotations"]:
            del annotation["id"]
        document["annotations"][5]["keypoints"].pop()

    table = read(address(changed(tmp_path, change)))
    assert table.problems[-1].startswith("left out: annotations[5]: expected 51 values")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda a: a.update(keypoints="none"), "expected a list of numbers in keypoints"),
        (lambda a: a.update(keypoints=["a"] * 51), "expected a list of numbers in keypoints"),
        (lambda a: a.update(keypoints={"nose": [1, 2, 2]}), "expected a list of numbers"),
        (lambda a: a.update(image_id=None), "names no image: it has no image_id"),
        (lambda a: a.update(image_id=[1]), "names no image"),
        (lambda a: a.update(image_id=999), "names the image 999"),
        (lambda a: a["keypoints"].pop(), "expected 51 values"),
        (lambda a: a["keypoints"].__setitem__(2, 7), "a visibility v other than"),
        (lambda a: a.update(keypoints=[[[[1]]]]), "expected a list of numbers"),
    ],
)
def test_one_bad_annotation_never_costs_the_file(tmp_path, spoil, told):
    truth = changed(tmp_path, lambda d: spoil(d["annotations"][4]))
    table = read(address(truth))
    assert table.image_N.tolist() == [*truth.names[:4], *truth.names[5:]]
    assert [told in line and "1004" in line for line in table.problems] == [True]


def test_an_annotation_that_is_no_object_is_bad_too(tmp_path):
    def change(document):
        document["annotations"][4] = 5

    table = read(address(changed(tmp_path, change)))
    assert len(table) == 7
    assert "annotations[4]: expected an object" in table.problems[0]


def test_two_bad_ones_of_eight_are_too_many(tmp_path):
    def change(document):
        for annotation in document["annotations"][:2]:
            annotation["keypoints"].pop()

    with pytest.raises(ValueError, match="2 of 8 samples are bad"):
        read(address(changed(tmp_path, change)))


def test_a_person_who_lies_off_the_image_never_costs_the_file(tmp_path):
    def change(document):
        points = document["annotations"][4]["keypoints"]
        points[0::3] = [5000] * 17

    table = read(address(changed(tmp_path, change)))
    assert len(table) == 8
    assert not table.visible_NK[4].any()


def test_bad_boxes_are_counted(tmp_path):
    def change(document):
        boxes = ([1, 2], "5", [1, "x", 2, 3], {"x": 1}, ["3", "4", "50", 60.5])
        for annotation, box in zip(document["annotations"], boxes, strict=False):
            annotation["bbox"] = box

    table = read(address(changed(tmp_path, change)))
    place = "so one around the labelled keypoints"
    ids = ", ".join(f"annotation {1000 + row}" for row in range(4))
    assert table.problems == [f"a box that is not four numbers, {place}: 4 samples ({ids})"]
    assert table.box_N4[4].tolist() == [3, 4, 50, 60.5]


def flags(document):
    for annotation in document["annotations"]:
        annotation["keypoints"][2::3] = [min(v, 1) for v in annotation["keypoints"][2::3]]


def booleans(document):
    for annotation in document["annotations"]:
        annotation["keypoints"][2::3] = [v > 0 for v in annotation["keypoints"][2::3]]


@pytest.mark.parametrize("change", [flags, booleans])
def test_v_that_is_never_2_says_labelled_and_nothing_of_what_is_hidden(tmp_path, change):
    truth = changed(tmp_path, change)
    for split in ("all", "train", "test"):
        table = read(address(truth) + f",split={split}")
        assert table.occluded_NK is None
        assert any(note.startswith("v is never 2") for note in table.notes)
    np.testing.assert_array_equal(read(address(truth)).visible_NK, truth.visible_NJ)


def test_a_single_2_makes_1_mean_hidden(tmp_path):
    def change(document):
        flags(document)
        document["annotations"][7]["keypoints"][2] = 2

    table = read(address(changed(tmp_path, change)))
    assert table.occluded_NK.sum() == table.visible_NK.sum() - 1
    assert not any("v is never 2" in note for note in table.notes)


def test_confidences_are_named_and_have_a_threshold(tmp_path):
    score_NJ = np.random.default_rng(0).uniform(0.02, 0.98, (8, 17)).round(3)
    score_NJ[3] = 0.05  # nothing above the threshold

    def change(document):
        for annotation, score_J in zip(document["annotations"], score_NJ, strict=True):
            annotation["keypoints"][2::3] = score_J.tolist()
            annotation["keypoints"][0::3] = [20 + k for k in range(17)]
            annotation["keypoints"][1::3] = [30] * 17

    truth = changed(tmp_path, change)
    for more, threshold in (("", 0.3), (",threshold=0.6", 0.6)):
        table = read(address(truth) + more)
        kept_N = (score_NJ > threshold).any(1)
        np.testing.assert_array_equal(table.visible_NK, score_NJ[kept_N] > threshold)
        assert table.occluded_NK is None
        assert any(f"above {threshold:g} are taken as labelled" in note for note in table.notes)
        assert table.problems[-1] == "skipped: 1 annotations without a keypoint above the threshold"


def test_a_fraction_among_proper_vs_is_bad(tmp_path):
    def change(document):
        document["annotations"][4]["keypoints"][2] = 0.5

    table = read(address(changed(tmp_path, change)))
    assert len(table) == 7
    assert table.problems[-1].endswith("a visibility v other than 0, 1 or 2 in its keypoints: 0.5")


def nameless(document):
    del document["categories"][0]["keypoints"]


def numbered(first, stem=""):
    def change(document):
        names = [f"{stem}{number}" for number in range(first, first + 17)]
        document["categories"][0]["keypoints"] = names

    return change


@pytest.mark.parametrize("change", [numbered(0), numbered(1), numbered(1, "kp_")])
def test_keypoints_called_by_their_number_have_no_names(tmp_path, change):
    truth = changed(tmp_path, change)
    table = read(address(truth))
    same_as(truth, table)
    assert "the file names no keypoints: taken in the order of coco17" in table.notes
    assert read(address(truth, "")).skeleton.name == "file"


def test_a_category_without_names_is_read_in_the_order_of_the_skeleton(tmp_path):
    truth = changed(tmp_path, nameless)
    table = read(address(truth))
    same_as(truth, table)
    assert "the file names no keypoints: taken in the order of coco17" in table.notes
    with pytest.raises(ValueError, match=r"51 values, so 17 keypoints: say skeleton=.*coco17"):
        read(address(truth, ""))
    with pytest.raises(ValueError, match=r"51 values, so 17 keypoints"):
        read(address(truth, ",skeleton=hand21"))


def test_no_categories_at_all(tmp_path):
    truth = changed(tmp_path, lambda d: d.pop("categories"))
    same_as(truth, read(address(truth)))


def test_more_names_than_values_where_the_skeleton_says_so(tmp_path):
    def change(document):
        document["categories"][0]["keypoints"] += ["neck", "pelvis", "toe"]

    truth = changed(tmp_path, change)
    table = read(address(truth))
    same_as(truth, table)
    assert any("names 20 keypoints and its annotations have 17" in note for note in table.notes)


def children(document):
    child = document["categories"][0] | {"id": 2, "name": "child"}
    robot = {"id": 3, "name": "robot", "keypoints": ["a", "b", "c"]}
    document["categories"] += [child, robot]
    for annotation in document["annotations"][::2]:
        annotation["category_id"] = 2


def test_several_categories_with_one_list_are_read_together(tmp_path):
    truth = changed(tmp_path, children)
    table = read(address(truth) + ",category=person+child")
    same_as(truth, table)
    assert table.mode_N.tolist() == ["child", "person"] * 4
    with pytest.raises(ValueError, match="with one list of keypoints"):
        read(address(truth) + ",category=all")

    def two(document):
        children(document)
        document["categories"].pop()

    truth = changed(tmp_path / "two", two)
    assert read(address(truth) + ",category=all").mode_N.tolist() == ["child", "person"] * 4
    assert read(address(truth) + ",category=child").mode_N is None
    with pytest.raises(ValueError, match="or read all 2 together with category=all"):
        read(address(truth))


def test_an_image_that_is_listed_twice_is_one_image(tmp_path):
    def change(document):
        document["images"].append(document["images"][0].copy())
        document["images"].append(document["images"][1] | {"id": 900})
        document["annotations"].append(document["annotations"][1] | {"id": 1, "image_id": 900})

    truth = changed(tmp_path, change)
    table = read(address(truth))
    assert table.image_N.tolist() == [*truth.names, truth.names[1]]
    assert "images that the file lists twice, taken as one: 2" in table.notes
    test = read(address(truth) + ",split=test").image_N.tolist()
    assert test == truth.names[6:]  # both people of the image stay in training


def test_two_images_of_one_id_cost_their_annotations(tmp_path):
    def change(document):
        document["images"][1]["id"] = document["images"][0]["id"]
        del document["annotations"][1]

    table = read(address(changed(tmp_path, change)))
    assert len(table) == 6
    assert "two images have the same id" in table.problems[-1]


def test_the_default_skeleton_is_the_one_whose_keypoints_the_file_has(tmp_path):
    for name in ("coco17", "hand21", "body16", "animal18"):
        truth = write_coco(tmp_path / name, skeleton=name)
        table = read(address(truth, ""))
        assert table.skeleton == skeletons.load(name)
        np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)

    def shuffled(document):
        names = document["categories"][0]["keypoints"]
        document["categories"][0]["keypoints"] = [
            name.replace("left_", "L-").replace("right_", "R-").title() for name in names[::-1]
        ]

    truth = changed(tmp_path / "b", shuffled)
    table = read(address(truth, ""))
    assert table.skeleton.name == "coco17"
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ[:, ::-1])


def test_other_keypoints_make_a_skeleton_of_the_file(tmp_path):
    def change(document):
        names = document["categories"][0]["keypoints"]
        document["categories"][0]["keypoints"] = [f"kp{k}" for k in range(len(names))]

    table = read(address(changed(tmp_path, change), ""))
    assert table.skeleton.name == "file"
    assert table.skeleton.mirror == tuple(range(17))
    assert "no flips in training: no keypoint's name tells left or right" in table.notes


def limbs(first):
    def change(document):
        pairs = [[k + first, COCO.mirror[k] + first] for k in range(17) if k < COCO.mirror[k]]
        document["categories"][0]["skeleton"] = [[first, first + 1], *pairs]

    return change


@pytest.mark.parametrize("first", [0, 1])
def test_limbs_counted_from_0_and_from_1_join_the_same_joints(tmp_path, first):
    table = read(address(changed(tmp_path, limbs(first)), ",skeleton=file"))
    expected = [(0, 1), *((k, COCO.mirror[k]) for k in range(17) if k < COCO.mirror[k])]
    assert list(table.skeleton.limbs) == expected
    assert any("limbs counted from 0" in note for note in table.notes) == (first == 0)


def test_sides_by_letter_are_mirror_pairs(tmp_path):
    def change(document):
        names = document["categories"][0]["keypoints"]
        document["categories"][0]["keypoints"] = [
            name if "eye" in name else f"{name.partition('_')[2]}_{name[0].upper()}"
            for name in [names[0].replace("nose", "left_eye_x"), *names[1:]]
        ]
        document["categories"][0]["keypoints"][0] = "nose"

    table = read(address(changed(tmp_path, change), ",skeleton=file"))
    assert table.skeleton.mirror == COCO.mirror


def test_a_side_without_its_counterpart_switches_flips_off_and_is_told(tmp_path):
    def change(document):
        document["categories"][0]["keypoints"][7] = "elbow"

    table = read(address(changed(tmp_path, change), ",skeleton=file"))
    assert table.skeleton.mirror == tuple(range(17))
    assert any("right_elbow tell a side" in note for note in table.notes)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([{"image_id": 1, "category_id": 1, "keypoints": [1], "score": 1}], "a results file"),
        ([{"image": "a.jpg", "joints": [], "joints_vis": []}], "read it as mpii:"),
        ([{"img_paths": "a.jpg", "joint_self": []}], "read it as mpii:"),
        ([], "this is a list; COCO keypoint annotations are an object"),
        ({"shapes": [], "imagePath": "a.jpg"}, "a labelme file"),
    ],
)
def test_other_formats_are_recognised_and_named(tmp_path, found, told):
    (tmp_path / "x.json").write_text(json.dumps(found))
    with pytest.raises(ValueError, match=told):
        read(f"coco:{tmp_path}/x.json")


def test_boxes_as_corners_and_shares_of_the_image(tmp_path):
    truth = write_coco(tmp_path)
    plain, document = read(address(truth)), coco_document(truth)
    for annotation, (width, height) in zip(
        document["annotations"], truth.size_N2.tolist(), strict=True
    ):
        x, y, w, h = annotation["bbox"]
        annotation["bbox"] = [x / width, y / height, (x + w) / width, (y + h) / height]
        annotation["keypoints"][0::3] = [v / width for v in annotation["keypoints"][0::3]]
        annotation["keypoints"][1::3] = [v / height for v in annotation["keypoints"][1::3]]
    save_coco(truth.path, document)
    table = read(address(truth) + ",bbox=xyxy,coordinates=relative")
    np.testing.assert_allclose(table.keypoints_NK2, plain.keypoints_NK2, atol=1e-3)
    np.testing.assert_allclose(table.box_N4, plain.box_N4, atol=1e-2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda a: a.update(keypoints=np.reshape(a["keypoints"], (17, 3))[:, :2].tolist()),
            "found 34: x and y without v",
        ),
        (lambda a: a["keypoints"].__setitem__(2, -1), "other than 0, 1 or 2 in its keypoints: -1"),
        (lambda a: a["keypoints"].__setitem__(slice(2, None, 3), [None] * 17), "null, NaN"),
    ],
)
def test_what_has_no_sense_says_what_was_found(tmp_path, change, told):
    with pytest.raises(ValueError, match=told):
        read(address(changed(tmp_path, each(change))))


def test_sizes_that_the_images_do_not_have_are_told(tmp_path):
    """Where the labels leave the images for it, too: the first image is named with both."""

    def swapped(image):
        image["width"], image["height"] = image["height"] // 3, image["width"]

    truth = changed(tmp_path, each_image(swapped))
    (width, height), name = truth.size_N2[0], truth.names[0]
    told = f"{name} is {width} x {height} px, the file says {height // 3} x {width}"
    with pytest.raises(ValueError, match=f"8 of 8 images have another size .*{told}"):
        read(address(truth))

    def doubled(document):
        for image in document["images"]:
            image["width"], image["height"] = 2 * image["width"], 2 * image["height"]

    table = read(address(changed(tmp_path / "b", doubled)))
    assert any("8 of 8 images have another size" in line for line in table.problems)


def test_a_number_beyond_any_range_costs_its_annotation(tmp_path):
    truth = write_coco(tmp_path)
    text = truth.path.read_text()
    spoilt = text.replace('"iscrowd": 0', '"iscrowd": 0, "own": 9e99999', 1)
    assert spoilt != text
    truth.path.write_text(spoilt)
    table = read(address(truth))
    assert len(table) >= 7
    truth.path.write_text(text.replace('"images": [', '"images": [{"id": 9e99999}, ', 1))
    with pytest.raises(ValueError, match=r"annotations\.json is JSON, but not COCO"):
        read(address(truth))
