from __future__ import annotations

import pytest
import torch

from posesift.adaptation.views.affine import invert, warp
from posesift.adaptation.views.appearance import MEAN, SPREAD, normalise
from posesift.adaptation.views.augment import NONE, STRONG, Augmentation, generator, view

images = torch.randint(
    0, 256, (8, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def test_a_position_gives_the_same_view_and_another_position_another():
    one, matrix = view(images, STRONG, generator("cpu", 1, 0, 7))
    same, same_matrix = view(images, STRONG, generator("cpu", 1, 0, 7))
    assert torch.equal(one, same)
    assert torch.equal(matrix, same_matrix)
    for other in ((1, 0, 8), (1, 1, 7), (2, 0, 7), (0, 1, 7)):
        assert not torch.equal(one, view(images, STRONG, generator("cpu", *other))[0])


def test_views_leave_their_images_and_the_global_random_state_alone():
    before = images.clone()
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    view(images, STRONG, generator("cpu", 0))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(images, before)


def test_without_augmentation_a_view_is_the_normalised_image():
    seen, matrix = view(images, NONE, generator("cpu", 0))
    assert torch.allclose(seen, normalise(images), atol=1e-4)
    assert torch.allclose(matrix, torch.eye(2, 3).expand(8, 2, 3))


def test_the_recorded_matrix_undoes_the_geometry():
    rows, columns = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    smooth = (120 + 60 * torch.sin(columns / 6.0) * torch.cos(rows / 5.0)).round()
    batch = smooth.to(torch.uint8).expand(8, 3, 32, 32)
    turned = Augmentation(rotation=40, scale=0.2, shift=0.05, flip=0.5)
    seen, matrix = view(batch, turned, generator("cpu", 3))
    back = warp(seen, invert(matrix))
    middle = (..., slice(12, 20), slice(12, 20))
    assert (back[middle] - normalise(batch)[middle]).abs().max() < 0.06
    assert (seen[middle] - normalise(batch)[middle]).abs().max() > 0.3


def test_normalising_bytes_and_shares_is_the_formula():
    by_hand = torch.stack(
        [(images[:, c].double() / 255 - MEAN[c]) / SPREAD[c] for c in range(3)], 1
    )
    assert torch.allclose(normalise(images).double(), by_hand, atol=1e-5)
    assert torch.allclose(normalise(images / 255).double(), by_hand, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rotation": -1}, "rotation of at least 0"),
        ({"flip": 1.5}, r"flip probability in \[0, 1\]"),
        ({"blur": 3}, "blur of 0 to 0.7"),
    ],
)
def test_ranges_that_cannot_be_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Augmentation(**arguments)
