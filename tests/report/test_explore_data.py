"""What the explorer reads: decoded here in Python and set against the poses it was made of."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.report.conftest import build_score

from posesift import skeletons
from posesift.data.pixels import read_crop
from posesift.data.readers import read
from posesift.poses import geometry
from posesift.poses.angles import joint_angles
from posesift.poses.table import PoseTable
from posesift.report.blocks import Explorer, Note
from posesift.report.explorer import data as explore_data
from posesift.report.explorer import outcomes, thumbnails
from posesift.report.explorer import outcomes as pictured
from posesift.report.explorer.data import explore
from posesift.report.explorer.outcomes import fair_share
from posesift.report.figures import axes
from posesift.report.page import write_report
from posesift.report.pose_sets import Outcome, PoseSet

BODY = skeletons.load("body16")
TYPES = {"f4": "<f4", "i4": "<i4", "i2": "<i2", "u2": "<u2", "u1": "u1"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '"; alert(1); //',
    "'&amp;<img src=x onerror=alert(1)>",
    "line\u2028and\u2029paragraph\x00\n",
    "name\udcff",  # what Python makes of a file name that is not UTF-8
    "{{ 7 * 7 }} ünï 人",
)


def poses(
    n: int = 60,
    k: int = 5,
    seed: int = 0,
    which: Any = "source",
    scale: float = 1.0,
    **columns: Any,
) -> PoseSet:
    """Random poses in k bins of equal size; ``columns`` go to the table."""
    rng = np.random.default_rng(seed)
    table = PoseTable(
        skeleton=BODY,
        keypoints_NK2=(scale * rng.normal(100, 30, (n, 16, 2))).astype(np.float32),
        visible_NK=rng.random((n, 16)) > 0.1,
        width_N=np.full(n, 256, np.int32),
        height_N=np.full(n, 256, np.int32),
        **columns,
    )
    score_N = rng.lognormal(0, 0.4, n).astype(np.float32).astype(np.float64)
    edges = np.quantile(score_N, np.linspace(0, 1, k + 1))
    return PoseSet(
        which=which,
        title=f"{which} poses",
        table=table,
        row_N=rng.permutation(10 * n)[:n].astype(np.int64),
        score_N=score_N,
        bin_N=np.clip(np.searchsorted(edges, score_N, side="right") - 1, 0, k - 1),
        edges=edges,
        scored_by="elbo",
        angles_NA=joint_angles(table.keypoints_NK2, table.visible_NK, BODY.triplets),
    )


def loaded(*sets: PoseSet, similarity: dict[str, Any] | None = None) -> dict[str, Any]:
    """The data as a browser would read them."""
    source, target = ([one for one in sets if one.which == w] for w in ("source", "target"))
    return json.loads(
        explore_data.explorer_json(
            source[0] if source else None, target[0] if target else None, similarity
        )
    )


def column(one: dict[str, Any], name: str) -> NDArray:
    packed = one["columns"][name]
    content = zlib.decompress(base64.b64decode(packed["data"]))
    return np.frombuffer(content, TYPES[packed["type"]]).reshape(packed["shape"])


def names(one: dict[str, Any]) -> list[str]:
    return json.loads(zlib.decompress(base64.b64decode(one["names"]["text"])).decode("utf-8"))


def picture(one: dict[str, Any], place: int) -> NDArray:
    content = np.frombuffer(base64.b64decode(one["pictures"][place]), np.uint8)
    return cv2.imdecode(content, cv2.IMREAD_COLOR)


def photographs(folder: Path, n: int, side: int = 128) -> NDArray:
    """n images of one grey each, image i of brightness 40 + 3 i."""
    for i in range(n):
        cv2.imwrite(str(folder / f"{i:03d}.png"), np.full((side, side, 3), 40 + 3 * i, np.uint8))
    return np.array([f"{i:03d}.png" for i in range(n)], object)


@settings(max_examples=25)
@given(
    n=st.integers(1, 30),
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1e-3, 0.1, 1.0, 30.0]),
    hidden=st.floats(0, 1),
)
def test_a_pose_is_read_back_within_a_step(n: int, seed: int, scale: float, hidden: float) -> None:
    one = poses(n, min(n, 4), seed, scale=scale)
    rng = np.random.default_rng(seed)
    visible_NK = rng.random((n, 16)) >= hidden
    angles_NA = joint_angles(one.table.keypoints_NK2, visible_NK, BODY.triplets)
    table = dataclasses.replace(one.table, visible_NK=visible_NK)
    one = dataclasses.replace(one, table=table, angles_NA=angles_NA)
    found = loaded(one)["sets"][0]
    assert found["total"] == found["listed"] == n

    assert (column(found, "visible") == visible_NK).all()
    assert np.array_equal(column(found, "score"), one.score_N.astype(np.float32))
    assert (column(found, "bin") == one.bin_N).all()
    assert (column(found, "row") == one.row_N).all()
    across_NK2 = column(found, "keypoints") / 255
    for i in range(n):
        seen = visible_NK[i]
        if seen.sum() < 2:
            continue
        points = one.table.keypoints_NK2[i, seen].astype(np.float64)
        low, high = points.min(0), points.max(0)
        side = thumbnails.AROUND * (high - low).max()
        back = (low + high) / 2 + (across_NK2[i, seen] - 0.5) * side
        assert np.abs(back - points).max() <= 0.51 * side / 255 + 1e-6 * np.abs(points).max()
    degrees = column(found, "angles")
    for i in range(n):
        for a, angle in enumerate(angles_NA[i]):
            assert degrees[i, a] == 255 if np.isnan(angle) else abs(degrees[i, a] - angle) <= 0.5


def test_modes_clips_names_and_errors_are_those_of_the_poses() -> None:
    n = 12
    mode_N = np.array(["walk", "kick", None, "walk", "", float("nan")] * 2, object)
    clip_N = np.array([f"clip {i // 4}" for i in range(n)], object)
    image_N = np.array([f"folder/{i}.jpg" for i in range(n)], object)
    target = poses(n, 3, which="target", mode_N=mode_N, clip_N=clip_N, image_N=image_N, root="/no")
    pck_N = np.linspace(0, 100, n)
    pck_N[5] = np.nan
    outcomes = [
        Outcome("Source only", pck_N, 100 - pck_N),
        Outcome("UDAPE", np.full(n, 49.6), np.full(n, np.nan)),
    ]
    data = loaded(poses(n, 3), dataclasses.replace(target, outcomes=outcomes))
    source, found = data["sets"]
    assert data["models"] == ["Source only", "UDAPE"]
    assert source["columns"]["pck"]["shape"] == [n, 0]
    assert source["names"] is None
    assert source["modes"] == source["clips"] == []
    assert set(column(source, "mode")) == {65535}
    assert set(column(source, "clip")) == {-1}

    shown = [None if m == 65535 else found["modes"][m] for m in column(found, "mode")]
    assert shown == ["walk", "kick", None, "walk", None, None] * 2
    assert [found["clips"][c] for c in column(found, "clip")] == clip_N.tolist()
    assert names(found) == image_N.tolist()
    assert column(found, "pck")[5].tolist() == [255, 50]
    assert column(found, "pck")[[0, -1], 0].tolist() == [0, 100]
    assert set(column(found, "evalpose")[:, 1]) == {255}
    assert data["skeleton"]["limbs"] == [list(limb) for limb in BODY.limbs]
    assert data["skeleton"]["angles"] == list(BODY.angle_names)
    assert len(data["score"]["ramp"]) == data["score"]["k"] == 3


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    most=st.integers(1, 120),
)
def test_shares_are_as_equal_as_groups_allow(sizes: list[int], most: int) -> None:
    group_N = np.repeat(np.arange(len(sizes)) - 1, sizes)
    group_N = np.random.default_rng(1).permutation(group_N)
    rows = fair_share(group_N, most)
    assert (np.diff(rows) > 0).all()
    assert len(rows) == min(most, sum(sizes))
    got = [(group_N[rows] == group - 1).sum() for group in range(len(sizes))]
    for mine, mine_room in zip(got, sizes, strict=True):
        for other in got:  # nobody has two more than one who could have had another
            assert mine == mine_room or other <= mine + 1
    assert np.array_equal(rows, fair_share(group_N, most))


def test_beyond_the_cap_bins_are_listed_alike_and_counted_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(explore_data, "LISTED", 50)
    one = poses(700, 5)
    one.score_N[:9] = np.nan
    found = loaded(one)["sets"][0]
    assert (found["total"], found["listed"]) == (700, 50)
    bin_M = column(found, "bin")
    assert np.bincount(bin_M + 1).tolist() in [
        [*np.full(6, 8) + (np.arange(6) == a) + (np.arange(6) == b)]
        for a in range(6)
        for b in range(a)
    ]
    assert sum(found["bin_counts"]) == sum(found["histogram"]["counts"]) == 691
    assert found["unscored"] == 9
    row_M = column(found, "row")
    at = {int(row): i for i, row in enumerate(one.row_N)}
    for row, score in zip(row_M, column(found, "score"), strict=True):
        assert np.float32(one.score_N[at[int(row)]]) == score or np.isnan(score)
    assert "50 of them" in found["note"]


def test_pictures_are_of_the_hardest_of_each_bin_and_of_others(tmp_path: Path) -> None:
    n, k = 1000, 4
    image_N = np.full(n, photographs(tmp_path, 1)[0], object)
    one = poses(n, k, image_N=image_N, root=str(tmp_path))
    one.table.width_N[:] = one.table.height_N[:] = 128
    pictured_N = column(loaded(one)["sets"][0], "picture") >= 0
    for b in range(k):
        inside = np.flatnonzero(one.bin_N == b)
        falling = inside[np.argsort(-one.score_N[inside])]
        each = pictured.A_BIN["source"]
        assert pictured_N[falling].sum() == each
        assert pictured_N[falling[: each // 2]].all()
        assert pictured_N[falling[len(falling) // 2 :]].any()


def test_pictures_are_of_failures_and_of_each_mode(tmp_path: Path) -> None:
    n, k = 2000, 4
    rng = np.random.default_rng(0)
    image_N = np.full(n, photographs(tmp_path, 1)[0], object)
    mode_N = np.array(["walk"] * 1980 + ["handstand"] * 16 + ["lie"] * 4, object)
    one = poses(n, k, which="target", image_N=image_N, root=str(tmp_path), mode_N=mode_N)
    one.table.width_N[:] = one.table.height_N[:] = 128
    one.score_N[1980:] = one.score_N.min()
    outcomes = [
        Outcome(label, 6.25 * rng.integers(0, 16, n), rng.uniform(0, 100, n))
        for label in ("Source only", "ours")
    ]
    for outcome in outcomes:
        outcome.pck_N[1980:] = 100
    one = dataclasses.replace(one, outcomes=outcomes)
    found = loaded(one)
    assert found["model"] == 1  # the first that is set against the reference
    pictured_N = column(found["sets"][0], "picture") >= 0
    assert pictured_N.sum() == 360
    ours = outcomes[1]
    worst = sorted(range(n), key=lambda i: (np.rint(ours.pck_N[i]), np.rint(ours.evalpose_N[i]), i))
    assert pictured_N[worst[:110]].all()  # a third of the pictures, less what the modes take
    hardest = np.argsort(-one.score_N[one.bin_N == k - 1])[:20]
    assert pictured_N[np.flatnonzero(one.bin_N == k - 1)[hardest]].all()
    assert pictured_N[1980:1996].sum() >= 6
    assert pictured_N[1996:].all()
    assert "of lowest PCK by ours" in found["sets"][0]["note"]


@pytest.mark.parametrize("boxed", [False, True])
def test_predictions_lie_in_the_frame_of_the_pose(boxed: bool) -> None:
    """From pixels of a crop by way of the image, as a crop is defined."""
    n, side = 30, 64
    rng = np.random.default_rng(1)
    box_N4 = np.array([[20, 30, 160, 120]]) + rng.uniform(-9, 9, (n, 4)) if boxed else None
    one = poses(n, 3, which="target", box_N4=None if box_N4 is None else box_N4.astype(np.float32))
    predicted_NK2 = rng.uniform(-10, 74, (n, 16, 2)).astype(np.float32)
    predicted_NK2[:, 5] = np.nan
    boxes_N4 = np.tile([0.0, 0, 256, 256], (n, 1)) if box_N4 is None else box_N4
    labels_NK2 = one.table.keypoints_NK2
    for i, (x, y, w, h) in enumerate(boxes_N4):  # two joints that are right, one just wrong
        for joint, off in ((0, 0.0), (1, 0.049), (2, 0.051)):
            scale = side / max(w, h)
            corner = np.array([x + w / 2, y + h / 2]) - max(w, h) / 2
            at = (labels_NK2[i, joint] + 0.5 - corner) * scale - 0.5
            predicted_NK2[i, joint] = at + np.array([off * side, 0])
    score = np.full(n, 50.0)
    one = dataclasses.replace(one, outcomes=[Outcome("a", score, score, predicted_NK2, side)])
    found = loaded(one)["sets"][0]
    assert (column(found, "prediction") == np.arange(n)).all()
    drawn = column(found, "predicted")[:, 0]
    wrong = column(found, "wrong")[:, 0]
    frame_N4 = thumbnails.frames(one.table)
    for i, (x, y, w, h) in enumerate(boxes_N4):
        corner = np.array([x + w / 2, y + h / 2]) - max(w, h) / 2
        image = (predicted_NK2[i] + 0.5) * max(w, h) / side + corner
        across = 255 * (image - frame_N4[i, :2]) / frame_N4[i, 2:]
        expected = np.where(np.isnan(across), outcomes.UNPREDICTED, across)
        assert np.abs(drawn[i] - expected).max() <= 0.51
        seen = one.table.visible_NK[i]
        assert wrong[i, [0, 1, 2, 5]].tolist() == [0, 0, int(seen[2]), int(seen[5])]
        assert not wrong[i, ~seen].any()


def test_predictions_of_many_poses_are_kept_where_there_are_pictures(tmp_path: Path) -> None:
    n = 5000
    image_N = np.full(n, photographs(tmp_path, 1)[0], object)
    one = poses(n, 4, which="target", image_N=image_N, root=str(tmp_path))
    one.table.width_N[:] = one.table.height_N[:] = 128
    values_N = np.random.default_rng(0).uniform(0, 100, n)
    outcomes = [Outcome(str(i), values_N, values_N, one.table.keypoints_NK2, 256) for i in range(5)]
    found = loaded(dataclasses.replace(one, outcomes=outcomes))["sets"][0]
    kept = column(found, "prediction") >= 0
    assert np.array_equal(kept, column(found, "picture") >= 0)
    assert column(found, "predicted").shape == (kept.sum(), 5, 16, 2)
    assert "Predictions are kept for the 360 poses chosen for pictures" in found["note"]
    assert "predicted" not in loaded(one)["sets"][0]["columns"]


def test_the_target_says_what_the_source_covers() -> None:
    source, target = poses(), poses(which="target")
    covered_N = (np.arange(60) % 2).astype(np.uint8)
    covered_N[7] = 255
    text = explore_data.explorer_json(source, target, None, covered_N)
    of_source, of_target = json.loads(text)["sets"]
    assert np.array_equal(column(of_target, "covered"), covered_N)
    assert "covered" not in of_source["columns"]


def test_missing_and_damaged_images_are_counted_and_stop_no_other(tmp_path: Path) -> None:
    image_N = photographs(tmp_path, 30)
    one = poses(30, 2, image_N=image_N, root=str(tmp_path))
    one.table.width_N[:] = one.table.height_N[:] = 128
    one.table.visible_NK[:] = True
    one.table.keypoints_NK2[:] = np.clip(one.table.keypoints_NK2, 40, 90)
    gone, damaged = [2, 3, 11, 29], [5, 17]
    for i in gone:
        (tmp_path / image_N[i]).unlink()
    for i in damaged:
        (tmp_path / image_N[i]).write_bytes(b"\x89PNG\r\n\x1a\n no more")
    found = loaded(one)["sets"][0]
    assert "6 of 30 images are not available (first: " in found["note"]
    assert "002.png" in found["note"]
    place_M = column(found, "picture")
    assert np.flatnonzero(place_M < 0).tolist() == sorted(gone + damaged)
    assert sorted(place_M[place_M >= 0]) == list(range(24)) == list(range(len(found["pictures"])))
    for i in np.flatnonzero(place_M >= 0):
        assert abs(float(np.median(picture(found, place_M[i]))) - (40 + 3 * i)) < 3


@pytest.mark.parametrize(("side", "mirrored"), [(96, False), (700, False), (1500, True)])
def test_a_skeleton_lies_on_its_picture(tmp_path: Path, side: int, mirrored: bool) -> None:
    """A bright patch in the image is seen where the keypoint's two bytes say."""
    at = np.array([0.4, 0.55]) * side
    image = np.full((side, side, 3), 40, np.uint8)
    stored = [side - 1 - at[0], at[1]] if mirrored else at
    centre = tuple(int(16 * v) for v in stored)
    cv2.circle(image, centre, 16 * side // 30, (255, 255, 255), -1, cv2.LINE_AA, 4)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    one = poses(1, 1, image_N=np.array(["a.png"], object), root=str(tmp_path))
    table = dataclasses.replace(
        one.table,
        keypoints_NK2=np.float32(
            [[*[at] * 14, [0.2 * side, 0.3 * side], [0.7 * side, 0.9 * side]]]
        ),
        visible_NK=np.ones((1, 16), bool),
        width_N=np.array([side], np.int32),
        height_N=np.array([side], np.int32),
        mirrored_N=np.array([mirrored]),
    )
    found = loaded(dataclasses.replace(one, table=table))["sets"][0]
    light = np.clip(picture(found, 0).mean(2) - 60, 0, None)
    rows, columns = np.indices(light.shape)
    seen = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
    said = column(found, "keypoints")[0, 0] / 255 * len(light) - 0.5
    assert np.abs(seen - said).max() < 0.6


def test_a_world_is_painted_in_the_same_frame() -> None:
    table = read("world:body,poses=source,look=synthetic,n=4,seed=3")
    frame_M4 = thumbnails.frames(table)
    large, shortfall = thumbnails.thumbnails(table)
    assert shortfall == ""
    for row, matrix_23 in enumerate(geometry.crop_matrices(frame_M4, thumbnails.SIDE)):
        content = large[row]
        assert content
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        small = read_crop(table, row, matrix_23, thumbnails.SIDE).mean(2)
        inside = small > 0  # what lies off the image is black there
        # another ground at another size, but the same figure: the best shift is none
        agreement = {
            (x, y): np.corrcoef(np.roll(found, (y, x), (0, 1))[inside], small[inside])[0, 1]
            for x in (-3, 0, 3)
            for y in (-3, 0, 3)
        }
        assert max(agreement, key=lambda shift: agreement[shift]) == (0, 0)


def test_hostile_names_are_data(tmp_path: Path) -> None:
    n = len(HOSTILE)
    named = np.array(HOSTILE, object)
    one = poses(n, 1, mode_N=named, clip_N=named, image_N=named, root=str(tmp_path / HOSTILE[0]))
    one = dataclasses.replace(one, title=HOSTILE[0], problem=HOSTILE[0])
    text = explore_data.explorer_json(one, None)
    assert text.isascii()
    assert not set(text) & set("<>&\u2028\u2029")
    found = json.loads(text)["sets"][0]
    assert found["title"] == HOSTILE[0]
    for kind in ("modes", "clips"):
        assert sorted(found[kind]) == sorted(HOSTILE)
        assert [found[kind][i] for i in column(found, kind[:-1])] == list(HOSTILE)
    assert names(found) == list(HOSTILE)


def test_same_poses_same_bytes(tmp_path: Path) -> None:
    image_N = photographs(tmp_path, 40)

    def text() -> str:
        source = poses(40, 3, image_N=image_N, root=str(tmp_path), mode_N=image_N)
        return explore_data.explorer_json(source, poses(30, 3, 1, "target"))

    assert text() == text()


def test_noise_over_20_000_poses_leaves_room_for_the_page(tmp_path: Path) -> None:
    """The worst pictures there are, in as many bins as such a set has, beside a target."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (256, 256, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "noise.png"), noise)
    sets = []
    for which, n in (("source", 20_000), ("target", 2_000)):
        image_N = np.full(n, "noise.png", object)
        sets.append(poses(n, 25, which=which, image_N=image_N, root=str(tmp_path)))
    values_N = rng.uniform(0, 100, 2_000)
    drawn_NK2 = rng.uniform(0, 256, (2_000, 16, 2)).astype(np.float32)
    outcomes = [Outcome(f"model {i}", values_N, values_N, drawn_NK2, 256) for i in range(6)]
    target = dataclasses.replace(sets[1], outcomes=outcomes, edges=sets[0].edges)
    text = explore_data.explorer_json(sets[0], target)
    pictures = [len(one["pictures"]) for one in json.loads(text)["sets"]]
    assert pictures == [720, 360]
    assert len(text) < 5_500_000

    # The rest of a page does not grow with the poses.
    table = dataclasses.replace(
        sets[1].table, neg_log_p_N=rng.uniform(20, 60, 2_000).astype(np.float32)
    )
    table.save(tmp_path / "table.parquet")
    score = tmp_path / "score"
    score.mkdir()
    build_score(score, table, f"poses:{tmp_path / 'table.parquet'},split=all", k=25)
    page = write_report(score).read_text(encoding="utf-8")
    _, inside, _ = re.split(r"(?<=explorer-data\">)|(?=</script>)", page, maxsplit=2)
    assert len(json.loads(inside)["sets"][0]["pictures"]) == 720
    assert len(text) + len(page) - len(inside) < 8_000_000


@pytest.mark.parametrize("n", [1, 2, 50])
@pytest.mark.parametrize("case", ["plain", "unscored", "equal", "unlabelled", "many bins"])
def test_small_and_odd_sets(n: int, case: str) -> None:
    one = poses(n, 1)
    if case == "unscored":
        one.score_N[:] = np.nan
    if case == "equal":
        one = dataclasses.replace(one, score_N=np.full(n, 2.0), edges=np.array([2.0, 2.0]))
    if case == "unlabelled":
        table = dataclasses.replace(one.table, visible_NK=np.zeros((n, 16), bool))
        one = dataclasses.replace(one, table=table, angles_NA=np.full_like(one.angles_NA, np.nan))
    if case == "many bins":
        edges = np.linspace(0.1, 5, 10_001)
        bin_N = np.clip(np.searchsorted(edges, one.score_N) - 1, 0, 9_999)
        one = dataclasses.replace(one, edges=edges, bin_N=bin_N)
    data = loaded(one)
    found = data["sets"][0]
    k = data["score"]["k"]
    assert k == (10_000 if case == "many bins" else 1)
    assert len(data["score"]["edges"]) == len(data["score"]["ramp"]) + 1 == k + 1
    edges, counts = found["histogram"]["edges"], found["histogram"]["counts"]
    assert len(edges) == len(counts) + 1
    assert (np.diff(edges) > 0).all()
    scored = 0 if case == "unscored" else n
    assert sum(counts) == sum(found["bin_counts"]) == scored
    assert found["unscored"] == n - scored
    assert len(column(found, "bin")) == n


def test_a_target_of_another_score_keeps_bins_of_its_own() -> None:
    source, target = poses(50, 4), poses(60, 10, 1, "target")
    data = loaded(source, dataclasses.replace(target, scored_by="difficulty of the evaluation"))
    found = data["sets"][1]
    assert data["score"]["k"] == 4
    assert len(found["edges"]) == 5
    assert found["bin_counts"] == [15, 15, 15, 15]
    assert "edges" not in data["sets"][0]
    assert "Bins are of this set alone, by the difficulty of the evaluation" in found["note"]
    assert loaded(target)["score"]["k"] == 10


def test_the_matrix_names_the_bins_of_its_rows() -> None:
    matrix = [[1.0, None], [None, -0.123456]]
    cells = [[1.0, None], [None, -0.1235]]
    found = loaded(poses(), similarity={"matrix": matrix})["similarity"]
    assert (found["matrix"], found["bins"]) == (cells, [[0, 0], [1, 1]])
    assert found["range"] == [-0.1235, 1.0]
    content = np.frombuffer(base64.b64decode(found["picture"].split(",")[1]), np.uint8)
    bgra_GG4 = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    assert (bgra_GG4[..., 3] > 0).tolist() == [[True, False], [False, True]]
    assert bgra_GG4[0, 0, :3].sum() > bgra_GG4[1, 1, :3].sum()  # dark = less similar
    nothing = loaded(poses(), similarity={"matrix": [[None]]})["similarity"]
    assert nothing["range"] == [None, None]
    grouped = {"matrix": matrix, "bins": [[0, 2], [3, 4]], "used": 60, "left_out": 0}
    assert loaded(poses(), similarity=grouped)["similarity"]["bins"] == [[0, 2], [3, 4]]
    assert loaded(poses(which="target"), similarity=grouped)["similarity"] is None


@given(
    score_N=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60),
    k=st.integers(1, 12),
)
def test_bars_are_equal_along_their_axis(score_N: list[float], k: int) -> None:
    scores = np.array(score_N)
    edges = np.quantile(scores, np.linspace(0, 1, k + 1))
    logarithmic, bars = axes.bars(scores, edges)
    assert (np.diff(bars) >= 0).all()
    assert len(bars) == 2 or axes.FEWEST <= len(bars) - 1 <= axes.MOST
    if logarithmic:
        assert scores.min() > 0
    width = np.diff(np.log(bars) if logarithmic else bars)
    assert width.max() - width.min() <= 1e-6 * max(width.max(), abs(bars).max())


def test_every_bin_of_a_tailed_score_has_a_bar() -> None:
    scores = np.random.default_rng(0).lognormal(0, 0.8, 5000)
    edges = np.quantile(scores, np.linspace(0, 1, 26))
    logarithmic, bars = axes.bars(scores, edges)
    assert logarithmic
    middle = np.sqrt(bars[1:] * bars[:-1])
    assert len(set(np.clip(np.searchsorted(edges, middle) - 1, 0, 24))) == 25


def test_the_section_says_what_is_not_at_hand() -> None:
    whole = explore(poses(), poses(which="target"), "")
    assert [type(block) for block in whole.blocks] == [Explorer]
    alone = explore(None, poses(which="target"), "the data were moved")
    assert [type(block) for block in alone.blocks] == [Note, Explorer]
    assert "the data were moved" in alone.blocks[0].text  # type: ignore[union-attr]
    assert isinstance(alone.blocks[1], Explorer)
    assert [one["which"] for one in json.loads(alone.blocks[1].data)["sets"]] == ["target"]
    for missing in ("", "the data were moved"):
        assert [type(block) for block in explore(None, None, missing).blocks] == [Note]
    hand = skeletons.load("hand21")
    other = poses(which="target")
    table = PoseTable(
        skeleton=hand,
        keypoints_NK2=np.zeros((60, 21, 2), np.float32),
        visible_NK=np.ones((60, 21), bool),
        width_N=other.table.width_N,
        height_N=other.table.height_N,
    )
    mixed = explore(poses(), dataclasses.replace(other, table=table), "")
    assert [type(block) for block in mixed.blocks] == [Note, Explorer]
