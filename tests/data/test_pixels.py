"""What a sample looks like: photographs, frames of videos, mirror images, pictures of worlds."""

from __future__ import annotations

import dataclasses

import av
import cv2
import numpy as np
import pytest
import torch
from tests.datasets import dot_colour, photograph, pose_table, save_image, write_images
from tests.patience import PATIENCE
from torch.utils.data import DataLoader

from posesift.data import worlds
from posesift.data.loading import PoseDataset, collate
from posesift.data.pixels import image_path, paint_pictures, read_crop, read_image, reduction_for
from posesift.data.readers import read
from posesift.poses import PoseTable, geometry

WIDTH, HEIGHT = 240, 216  # no pose of `pose_table` is larger


def filmed(folder, n: int = 8, seed: int = 0, name: str = "a/clip.mp4", **changes) -> PoseTable:
    """Random poses as the frames of a video, a dot under every visible keypoint."""
    table = pose_table(n, seed, root=str(folder))
    table = dataclasses.replace(
        table,
        width_N=np.full(n, WIDTH),
        height_N=np.full(n, HEIGHT),
        image_N=np.array([f"{name}#{index}" for index in range(n)], object),
        **changes,
    )
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.options, stream.codec_context.gop_size = {"crf": "4"}, 3
        for row in range(n):
            image_HW3 = photograph(table.keypoints_NK2[row], table.visible_NK[row], WIDTH, HEIGHT)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image_HW3, format="rgb24")))
        out.mux(stream.encode())
    return table


def dots_under(image_HW3: np.ndarray, points_K2: np.ndarray, visible_K: np.ndarray) -> int:
    found = 0
    for k in np.flatnonzero(visible_K).tolist():
        x, y = np.round(points_K2[k]).astype(int)
        assert np.abs(image_HW3[y, x].astype(int) - dot_colour(k)).max() < 60, k
        found += 1
    return found


def mirrored(table: PoseTable, which_N) -> PoseTable:
    """The same images on disk, some of them to be seen in a mirror."""
    which_N = np.asarray(which_N)
    points_NK2 = table.keypoints_NK2.copy()
    points_NK2[which_N, :, 0] = table.width_N[which_N, None] - 1 - points_NK2[which_N, :, 0]
    return dataclasses.replace(table, keypoints_NK2=points_NK2, mirrored_N=which_N)


def test_frames_of_a_video_are_images(tmp_path):
    table = filmed(tmp_path)
    assert image_path(table, 3) == tmp_path / "a" / "clip.mp4"
    for row in (5, 0, 7, 1):
        points_K2, visible_K = table.keypoints_NK2[row], table.visible_NK[row]
        image_HW3 = read_image(table, row)
        assert dots_under(image_HW3, points_K2, visible_K) >= 2
        matrix_23 = geometry.crop_matrices([[0, 0, WIDTH, HEIGHT]], 2 * WIDTH)[0]
        crop_SS3 = read_crop(table, row, matrix_23, 2 * WIDTH)[..., ::-1]
        dots_under(crop_SS3, geometry.apply(matrix_23, points_K2), visible_K)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_trainer_reads_frames_of_videos(tmp_path, workers):
    table = mirrored(filmed(tmp_path), np.arange(8) % 2 == 1)
    dataset = PoseDataset(table, 256)
    loader = DataLoader(
        dataset,
        3,
        shuffle=True,
        collate_fn=collate,
        num_workers=workers,
        timeout=PATIENCE * bool(workers),
    )
    dataset.batch([6])  # the parent has the clip open when it forks
    seen = 0
    for batch in loader:
        for b in range(len(batch["index"])):
            image_HW3 = batch["image"][b].permute(1, 2, 0).numpy()
            seen += dots_under(image_HW3, batch["keypoints"][b].numpy(), batch["visible"][b])
    assert seen == dataset.visible_NK.sum()
    assert torch.equal(dataset.batch([2])["image"][0], dataset[2]["image"])


def test_an_image_may_be_seen_in_a_mirror(tmp_path):
    truth = write_images(tmp_path, n=4)
    plain = read(f"images:{tmp_path}")
    order = [truth.names.index(name) for name in plain.image_N]
    plain = dataclasses.replace(
        plain,
        keypoints_NK2=np.pad(truth.keypoints_NJ2[order], ((0, 0), (0, 2), (0, 0))),
        visible_NK=np.pad(truth.visible_NJ[order], ((0, 0), (0, 2))),
    )
    table = mirrored(plain, [True, False, True, False])
    for row in range(4):
        side = int(max(table.width_N[row], table.height_N[row]))
        image_HW3 = read_image(table, row)
        assert dots_under(image_HW3, table.keypoints_NK2[row], table.visible_NK[row]) >= 2
        stored_HW3 = read_image(plain, row)
        expected = stored_HW3[:, ::-1] if table.mirrored_N[row] else stored_HW3
        np.testing.assert_array_equal(image_HW3, expected)
        # a crop is what one gets from the mirror image itself
        for zoom in (1.0, 0.5):
            matrix_23 = geometry.crop_matrices([[3, 5, side / zoom, side / zoom]], side)[0]
            crop_SS3 = read_crop(table, row, matrix_23, side)
            save_image(tmp_path / "seen.png", np.ascontiguousarray(expected))
            seen = dataclasses.replace(table.select([row]), mirrored_N=None, root=str(tmp_path))
            seen.image_N = np.array(["seen.png"])
            off = crop_SS3.astype(int) - read_crop(seen, 0, matrix_23, side)
            assert np.abs(off).mean() < 0.6
    same = read_crop(plain, 0, np.eye(2, 3), 40)
    np.testing.assert_array_equal(read_crop(dataclasses.replace(plain, mirrored_N=np.zeros(4, bool)), 0, np.eye(2, 3), 40), same)  # fmt: skip  # noqa: E501


def test_a_mirror_image_is_warped_exactly(tmp_path):
    """No half pixel is lost: mirror and turn back is the stored image."""
    rng = np.random.default_rng(0)
    save_image(tmp_path / "a.png", rng.integers(0, 255, (33, 51, 3), dtype=np.uint8))
    table = dataclasses.replace(read(f"images:{tmp_path}"), mirrored_N=np.array([True]))
    stored = read_image(dataclasses.replace(table, mirrored_N=None), 0)
    crop = read_crop(table, 0, np.eye(2, 3), 51)[:33, :, ::-1]
    np.testing.assert_array_equal(crop, stored[:, ::-1])


def test_pictures_of_a_world_are_crops_too():
    table = read("world:body,n=2,side=64")
    crop = read_crop(table, 1, np.eye(2, 3), 64)
    np.testing.assert_array_equal(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), read_image(table, 1))


def test_read_image_gives_rgb(tmp_path):
    truth = write_images(tmp_path, n=2)
    table = read(f"images:{tmp_path}")
    for row, name in enumerate(truth.names):
        image_HW3 = read_image(table, table.image_N.tolist().index(name))
        x, y = np.round(truth.keypoints_NJ2[row, 0]).astype(int)
        np.testing.assert_array_equal(image_HW3[y, x], dot_colour(0))


def test_names_that_climb_are_refused_at_the_door(tmp_path):
    table = read(f"images:{write_images(tmp_path / 'in', n=1).path}")
    for name in ("../out.png", "../out.mp4#3", "/etc/passwd#1"):
        table.image_N[0] = name
        with pytest.raises(ValueError, match="leads out of its folder"):
            read_image(table, 0)
    with pytest.raises(ValueError, match="names no images"):
        read_image(pose_table(), 0)


def test_images_and_frames_of_another_size_than_the_labels_say(tmp_path):
    table = filmed(tmp_path, n=2)
    table.width_N[1] += 2
    with pytest.raises(ValueError, match=r"clip\.mp4 is 240 x 216 px, its labels say 242 x 216"):
        read_crop(table, 1, np.eye(2, 3), 64)
    table.image_N[0] = "a/clip.mp4#2"
    with pytest.raises(ValueError, match="has no frame 2: it ends after 2"):
        read_crop(table, 0, np.eye(2, 3), 64)
    table.image_N[0] = "a/other#1.mp4"  # a name with the mark in it, and no frame
    with pytest.raises(ValueError, match=r"expected an image at .*other#1\.mp4, found no file"):
        read_crop(table, 0, np.eye(2, 3), 64)


def test_reduction_leaves_at_least_as_many_pixels_as_the_crop():
    for size, expected in [(40, 1), (64, 1), (127, 1), (128, 2), (255, 2), (256, 4), (4000, 8)]:
        matrix_23 = geometry.crop_matrices([[0, 0, size, size]], 64)[0]
        assert reduction_for(matrix_23) == expected
        mirror_23 = geometry.compose(matrix_23, geometry.mirror_matrix(size))
        assert reduction_for(mirror_23) == expected


def test_pictures_of_a_world_are_of_the_figures_that_their_labels_are_of():
    """Every option of the address counts, how far figures turn away from the camera too."""
    table = read("world:body,poses=target,look=photo,facing=20,seed=3,split=test,side=32,n=3")
    sampled = worlds.sample("body", "target", n=3, seed=3, split="test", side=32, facing=20)
    assert np.array_equal(table.keypoints_NK2, sampled.table.keypoints_NK2)
    assert np.array_equal(paint_pictures(table), worlds.paint(sampled, "photo"))
