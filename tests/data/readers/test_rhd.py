from __future__ import annotations

import os
import re

import numpy as np
import pytest
from tests.data.formats.rhd import save_labels, write_rhd, write_subset
from tests.data.readers.layouts.hands import rhd_hands

from posesift.data.readers import read
from posesift.data.readers.rhd import JOINT_OF_KEYPOINT
from posesift.poses.geometry import apply, crop_matrices


def number(name: str) -> int:
    return int(re.fullmatch(r"(?:training|evaluation)/color/(\d{5})\.png", name)[1])


def published(truth, refused=None):
    """The published choice and its boxes (left, top, width, height), by a loop in whole numbers.

    ``refused`` counts the hands that one condition alone leaves out.
    """

    def extent(points):
        (x0, y0), (x1, y1) = points.min(0), points.max(0)
        return x0, y0, x1, y1

    def grown(box):
        x0, y0, x1, y1 = box
        side = min(round(1.5 * max(x1 - x0, y1 - y0)), 320)
        left, top = round((x0 + x1) / 2 - side / 2), round((y0 + y1) / 2 - side / 2)
        left, top = (max(0, min(corner, 320 - side)) for corner in (left, top))
        return left, top, left + side - 1, top + side - 1

    found = {}
    for row in range(len(truth)):
        hands = truth.points_MJ2[row, :21], truth.points_MJ2[row, 21:]
        for right in (False, True):
            left, top, end, bottom = grown(extent(hands[right]))
            x0, y0, x1, y1 = extent(hands[not right])
            across = max(min(end, x1) - max(left, x0) + 1, 0)
            down = max(min(bottom, y1) - max(top, y0) + 1, 0)
            shared = across * down / ((end - left + 1) * (bottom - top + 1))
            seen = truth.seen_MJ[row, 21 * right : 21 * right + 21].sum()
            why = {"small": end - left <= 64, "hidden": seen <= 16, "covered": shared >= 0.3}
            if not any(why.values()):
                found[row, right] = left, top, end - left, bottom - top
            elif refused is not None and sum(why.values()) == 1:
                refused[max(why, key=why.get)] += 1
    return found


def test_the_split_is_the_official_one(tmp_path):
    write_rhd(tmp_path)
    whole, train, test = (read(f"rhd:{tmp_path},split={s}") for s in ("all", "train", "test"))
    assert {name.partition("/")[0] for name in train.image_N} == {"training"}
    assert {name.partition("/")[0] for name in test.image_N} == {"evaluation"}
    assert whole.image_N.tolist() == [*train.image_N, *test.image_N]


def test_least_is_the_number_of_joints_seen(tmp_path):
    training, _ = write_rhd(tmp_path)
    for least in (1, 15, 20):
        table = read(f"rhd:{tmp_path},split=train,least={least}")
        assert len(table) == len(rhd_hands(training, least))
    assert (table.visible_NK & ~table.occluded_NK).sum(1).min() >= 20
    with pytest.raises(ValueError, match=r"expected hands to see, found none; skipped: 24 of 24"):
        read(f"rhd:{tmp_path},split=train,least=22")


def test_parity_takes_exactly_the_hands_and_crops_of_the_published_code(tmp_path):
    # 1,000 renderings of which one file is there: what is missing does not count among the labels
    truth = write_subset(tmp_path, "training", 1000, seed=3, images=False)
    (tmp_path / "training" / "color").mkdir()
    pixel = write_subset(tmp_path / "one", "training", 1, seed=0)
    source = tmp_path / "one" / "training" / "color" / f"{pixel.numbers[0]:05d}.png"
    for n in range(1000):
        os.link(source, tmp_path / "training" / "color" / f"{n:05d}.png")
    table = read(f"rhd:{tmp_path},split=train,parity=true,hands=stored")
    refused = {"small": 0, "hidden": 0, "covered": 0}
    expected = published(truth, refused)
    found = [
        (truth.numbers.index(number(name)), mode == "right")
        for name, mode in zip(table.image_N, table.mode_N, strict=True)
    ]
    assert found == list(expected)
    assert 100 < len(found) < 1500
    np.testing.assert_array_equal(table.box_N4, np.array(list(expected.values())))
    assert table.boxes_from == "labels"
    for sample, (row, right) in enumerate(found):
        seen_K = truth.seen_MJ[row, np.array(JOINT_OF_KEYPOINT) + 21 * right]
        np.testing.assert_array_equal(table.visible_NK[sample], seen_K)
    assert not table.occluded_NK.any()
    assert min(refused.values()) > 20, "each of the three conditions must matter"


def test_parity_crops_of_mirrored_hands_show_the_joint_where_the_published_code_has_it(tmp_path):
    training, _ = write_rhd(tmp_path, training=40)
    table = read(f"rhd:{tmp_path},split=train,parity=true")
    checked = 0
    for sample, ((row, right), (left, top, width, _)) in enumerate(published(training).items()):
        points_K2 = training.points_MJ2[row, np.array(JOINT_OF_KEYPOINT) + 21 * right]
        points_K2 = points_K2 - (left, top)  # crop, then flip within it
        if right:
            points_K2[:, 0] = width - 1 - points_K2[:, 0]
        to_crop_23 = crop_matrices(table.box_N4[[sample]], width)[0]
        seen_K = table.visible_NK[sample]
        found_K2 = apply(to_crop_23, table.keypoints_NK2[sample])
        np.testing.assert_allclose(found_K2[seen_K], points_K2[seen_K], atol=1e-3)
        checked += right
    assert checked > 2
    assert read(f"rhd:{tmp_path},split=train,parity=true,boxes=file").box_N4 is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({0: {"uv_vis": np.ones((21, 3))}}, r"found float64 of shape \(21, 3\) for 0"),
        ({0: {"uv": 1}}, r"found object of shape \(0,\) for 0"),
        ({0: {"uv_vis": np.full((42, 3), "x")}}, r"found <U1 of shape \(42, 3\) for 0"),
        ({"../../x": {"uv_vis": np.ones((42, 3))}}, r"for '\.\./\.\./x'"),
        ({-1: {"uv_vis": np.ones((42, 3))}}, "for -1"),
    ],
)
def test_labels_of_another_form(tmp_path, content, told):
    training, _ = write_rhd(tmp_path, 2, 1)
    save_labels(training, content)
    with pytest.raises(ValueError, match=told):
        read(f"rhd:{tmp_path}")


def test_infinite_joints_are_hidden_and_listed_and_many_refused(tmp_path):
    training, _ = write_rhd(tmp_path)
    row, right = rhd_hands(training)[2]
    training.points_MJ2[row, 21 * right + 4] = np.nan
    training.seen_MJ[row, 21 * right + 4] = True
    save_labels(training)
    table = read(f"rhd:{tmp_path},split=train")
    assert not table.visible_NK[2, table.skeleton.keypoints.index("thumb_cmc")]
    assert any("thumb_cmc at (nan, nan)" in line for line in table.problems)
    training.points_MJ2[:, 3] = np.inf
    training.points_MJ2[:, 5:9] = -7000
    training.seen_MJ[:] = True
    save_labels(training)
    with pytest.raises(ValueError, match="visible keypoints lie off their images"):
        read(f"rhd:{tmp_path},split=train")
