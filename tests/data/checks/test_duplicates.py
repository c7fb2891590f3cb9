"""The same picture twice, and every image looked at once."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.datasets import save_image

from posesift import skeletons
from posesift.data import worlds
from posesift.data.checks.duplicates import NEAR, NEAR_BELOW, find_duplicates, leaks, near_pairs
from posesift.data.checks.looking import look_at_images, look_of, reduced
from posesift.poses import PoseTable


def scene(seed: int, width: int = 120, height: int = 90) -> np.ndarray:
    """A picture of blobs, like no other."""
    rng = np.random.default_rng(seed)
    small = rng.integers(20, 235, (7, 8, 3)).astype(np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def table_of(folder: Path, names: list[str], sizes: list[tuple[int, int]]) -> PoseTable:
    skeleton = skeletons.load("body16")
    shape = (len(names), len(skeleton))
    return PoseTable(
        skeleton,
        np.zeros((*shape, 2), np.float32),
        np.ones(shape, bool),
        np.array([size[0] for size in sizes], np.int32),
        np.array([size[1] for size in sizes], np.int32),
        image_N=np.array(names, object),
        root=str(folder),
    )


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> PoseTable:
    """Eight pictures; 0 = 3 in pixels, 1 again at half the size, 2 again as a poor JPEG."""
    folder = tmp_path_factory.mktemp("photographs")
    images = [scene(seed) for seed in range(5)]
    images.insert(3, images[0])
    images.append(cv2.resize(images[1], (60, 45), interpolation=cv2.INTER_AREA))
    images.append(cv2.imdecode(cv2.imencode(".jpg", images[2], [1, 40])[1], 1))
    names = [f"{row}.png" for row in range(len(images))]
    for name, image_HW3 in zip(names, images, strict=True):
        save_image(folder / name, image_HW3)
    return table_of(folder, names, [image.shape[1::-1] for image in images])


def groups_by_name(table: PoseTable) -> tuple[set, set]:
    looks = look_at_images(table)
    found = find_duplicates(looks)
    assert looks.problems == []
    return tuple(
        {frozenset(looks.name_M[group]) for group in groups} for groups in (found.same, found.near)
    )


@settings(max_examples=10)
@given(st.permutations(range(8)))
def test_duplicates_are_found_in_any_order(photographs, order):
    same, near = groups_by_name(photographs.select(order))
    assert same == {frozenset(["0.png", "3.png"])}
    assert near == {frozenset(["1.png", "6.png"]), frozenset(["2.png", "7.png"])}


def test_an_image_with_several_people_is_looked_at_once(photographs):
    looks = look_at_images(photographs.select([1, 1, 0, 1, 0]))
    assert looks.images == len(looks) == 2
    assert looks.name_M.tolist() == ["1.png", "0.png"]
    assert looks.row_M.tolist() == [0, 2]
    found = find_duplicates(looks)
    assert found.same == found.near == []


def test_a_picture_in_training_and_test_is_a_leak(photographs):
    looks = look_at_images(photographs)
    found = find_duplicates(looks)
    assert [group.tolist() for group in leaks(looks, found, {"3.png", "4.png"})] == [[0, 3]]
    assert [group.tolist() for group in leaks(looks, found, {"7.png", "0.png", "3.png"})] == [
        [2, 7]
    ]
    assert leaks(looks, found, {"4.png"}) == []


def test_plain_pictures_look_like_nothing(tmp_path):
    rng = np.random.default_rng(0)
    for row in range(4):
        image_HW3 = np.full((60, 80, 3), 100 + 20 * row, np.uint8)
        image_HW3[rng.integers(60), rng.integers(80)] = 255  # not equal either
        save_image(tmp_path / f"{row}.png", image_HW3)
    same, near = groups_by_name(
        table_of(tmp_path, [f"{row}.png" for row in range(4)], [(80, 60)] * 4)
    )
    assert same == near == set()


def test_people_on_plain_backgrounds_are_told_apart_and_their_copies_found(tmp_path):
    sampled = worlds.sample("body", "source", n=80, seed=0, side=64)
    people = worlds.paint(sampled, "synthetic", np.arange(80))[..., ::-1]
    small = cv2.resize(people[7], (48, 48), interpolation=cv2.INTER_AREA)
    darker = cv2.convertScaleAbs(people[9], alpha=0.8, beta=5)
    images = [*people, small, darker]
    names = [f"{row:03}.png" for row in range(len(images))]
    for name, image_HW3 in zip(names, images, strict=True):
        save_image(tmp_path / name, image_HW3)
    table = table_of(tmp_path, names, [image.shape[1::-1] for image in images])
    looks = look_at_images(table)
    alike = sum(len(one_E) for one_E, _ in near_pairs(looks.look_M2))
    assert alike > 50  # the hashes alone do not tell them apart
    same, near = groups_by_name(table)
    assert same == set()
    assert near == {frozenset(["007.png", "080.png"]), frozenset(["009.png", "081.png"])}


def test_what_is_broken_is_said_and_has_no_duplicates(photographs, tmp_path):
    for row in range(4):
        save_image(tmp_path / f"{row}.png", scene(row))
    (tmp_path / "0.png").write_bytes((tmp_path / "1.png").read_bytes()[:300])
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "2.png").unlink()
    table = table_of(tmp_path, ["0.png", "1.png", "2.png", "3.png"], [(120, 90)] * 3 + [(90, 120)])
    looks = look_at_images(table)
    assert not looks.seen_M.any()
    assert len(looks.problems) == 4
    for words, line in zip(
        ["is corrupt", "is empty", "found no file", "were the labels made on a view turned"],
        looks.problems,
        strict=True,
    ):
        assert words in line
    assert find_duplicates(looks).same == []


def write_clip(path: Path, images: list[np.ndarray]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image_HW3 in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image_HW3, format="bgr24")))
        container.mux(stream.encode())


def test_frames_of_videos_are_looked_at_too(tmp_path):
    write_clip(tmp_path / "a.mp4", [scene(seed) for seed in range(6)])
    write_clip(tmp_path / "b #1.mp4", [scene(seed) for seed in (9, 2)])
    names = [f"a.mp4#{frame}" for frame in (5, 0, 2)] + ["b #1.mp4#1", "b #1.mp4#0"]
    looks = look_at_images(table_of(tmp_path, names, [(120, 90)] * 5))
    assert looks.problems == []
    assert looks.seen_M.all()
    found = find_duplicates(looks)
    assert [looks.name_M[group].tolist() for group in found.near] == [["a.mp4#2", "b #1.mp4#1"]]
    (tmp_path / "a.mp4").write_bytes((tmp_path / "a.mp4").read_bytes()[:700])
    looks = look_at_images(table_of(tmp_path, names, [(120, 90)] * 4 + [(64, 64)]))
    assert looks.seen_M.tolist() == [False, False, False, True, False]
    assert len(looks.problems) == 4
    assert "a.mp4" in looks.problems[0]
    assert "is 120 x 90 px, its labels say 64 x 64" in looks.problems[3]


def test_of_very_many_images_some_are_looked_at(photographs):
    looks = look_at_images(photographs, most=3)
    assert looks.images == 8
    assert looks.row_M.tolist() == [0, 3, 7]


@pytest.mark.parametrize("patience", ["PATIENCE", "PATIENCE_IN_COLOUR"])
def test_a_fixed_camera_is_given_up_and_said(photographs, monkeypatch, patience):
    from posesift.data.checks import checking, duplicates

    monkeypatch.setattr(duplicates, patience, 3)
    found = find_duplicates(look_at_images(photographs))
    assert not found.compared
    assert found.near == []
    assert len(found.same) == 1
    assert any("look alike" in line for line in checking.check(photographs)["warnings"])


def slow_pairs(look_U2: np.ndarray) -> set[tuple[int, int]]:
    return {
        (a, b)
        for a in range(len(look_U2))
        for b in range(a + 1, len(look_U2))
        if (int(look_U2[a, 0]) ^ int(look_U2[b, 0])).bit_count() <= NEAR
        and (int(look_U2[a, 1]) ^ int(look_U2[b, 1])).bit_count() <= NEAR_BELOW
    }


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=3),
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.lists(st.integers(0, 63), max_size=5),
            st.lists(st.integers(0, 63), max_size=14),
        ),
        min_size=2,
        max_size=40,
    ),
)
def test_near_pairs_are_those_of_the_slow_loop(seeds, changes):
    looks = set()
    for which, rows, columns in changes:
        look = [seeds[which % len(seeds)]] * 2
        for axis, bits in enumerate((rows, columns)):
            for bit in bits:
                look[axis] ^= 1 << bit
        looks.add(tuple(look))
    look_U2 = np.array(sorted(looks), np.uint64)
    found = {
        (min(a, b), max(a, b))
        for one, other in near_pairs(look_U2)
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
    }
    assert found == slow_pairs(look_U2)


def test_a_look_is_the_picture_and_not_its_size_or_light():
    image_HW3 = scene(3, 400, 300)
    look_2, plain = look_of(reduced(image_HW3))
    assert not plain
    for other_HW3 in (
        cv2.resize(image_HW3, (100, 75), interpolation=cv2.INTER_AREA),
        cv2.convertScaleAbs(image_HW3, alpha=0.9, beta=12),
    ):
        assert np.bitwise_count(look_of(reduced(other_HW3))[0] ^ look_2).max() <= NEAR
    assert np.bitwise_count(look_of(reduced(scene(4, 400, 300)))[0] ^ look_2).min() > 12
    assert np.bitwise_count(look_of(reduced(image_HW3[:, ::-1]))[0] ^ look_2)[0] > 12
