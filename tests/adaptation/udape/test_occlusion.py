import torch
from hypothesis import given
from hypothesis import strategies as st

from posesift.adaptation.udape.occlusion import occlude

SIDE = 20


def numbered(count):
    """Images in which every pixel is its own number, so that it is known where one came from."""
    return (
        torch.arange(SIDE * SIDE, dtype=torch.float32).view(1, 1, SIDE, SIDE).repeat(count, 3, 1, 1)
    )


def slow(images, before, centres, half):
    """Which pixels of every sample may differ: the square about its joint."""
    for b, (x, y) in enumerate(centres):
        for row in range(SIDE):
            for column in range(SIDE):
                within = -half <= column - x < half and -half <= row - y < half
                if not within:
                    assert images[b, 0, row, column] == before[b, 0, row, column]


@given(st.integers(0, 10_000))
def test_only_the_square_about_the_joint_changes_and_it_comes_from_one_place(seed):
    random = torch.Generator().manual_seed(seed)
    before = numbered(4)
    keypoints = (torch.rand(4, 1, 2, generator=random) * (SIDE - 1)).round()
    after = occlude(
        before, keypoints, torch.ones(4, 1, dtype=torch.bool), random, rate=1.0, size=0.3
    )
    half = 3
    slow(after, before, keypoints[:, 0].tolist(), half)
    for b in range(4):
        x, y = (int(v) for v in keypoints[b, 0])
        x0, x1, y0, y1 = (
            max(0, x - half),
            min(SIDE, x + half),
            max(0, y - half),
            min(SIDE, y + half),
        )
        patch = after[b, 0, y0:y1, x0:x1]
        rows, columns = patch // SIDE, patch % SIDE
        # neighbours in the patch were neighbours in the image, but for its border
        assert (rows.diff(dim=0).abs() <= 1).all()
        assert (columns.diff(dim=1).abs() <= 1).all()
        assert torch.equal(after[b, 0], after[b, 1])


def test_samples_without_a_candidate_and_unlucky_ones_stay_as_they_are():
    random = torch.Generator().manual_seed(0)
    before = numbered(2)
    keypoints = torch.full((2, 1, 2), 10.0)
    none = torch.zeros(2, 1, dtype=torch.bool)
    assert torch.equal(occlude(before, keypoints, none, random, rate=1.0), before)
    assert torch.equal(occlude(before, keypoints, ~none, random, rate=0.0), before)


def test_the_rate_is_the_share_of_occluded_samples():
    random = torch.Generator().manual_seed(1)
    images = torch.rand(2000, 1, 8, 8, generator=random)
    keypoints = torch.full((2000, 1, 2), 4.0)
    after = occlude(
        images, keypoints, torch.ones(2000, 1, dtype=torch.bool), random, rate=0.3, size=0.5
    )
    changed = (after != images).flatten(1).any(1).float().mean().item()
    # one patch in 64 lands on itself
    assert abs(changed - 0.3 * 63 / 64) < 0.04


def test_every_candidate_is_hidden_equally_often_and_the_others_never():
    random = torch.Generator().manual_seed(2)
    count = 3000
    images = torch.rand(count, 1, SIDE, SIDE, generator=random)
    places = torch.tensor([[3.0, 3.0], [16.0, 3.0], [10.0, 16.0]])
    candidates = torch.tensor([True, False, True]).expand(count, 3)
    after = occlude(images, places.expand(count, 3, 2), candidates, random, rate=1.0, size=0.2)
    hidden = []
    for x, y in places.int().tolist():
        square = (slice(None), 0, slice(y - 2, y + 2), slice(x - 2, x + 2))
        hidden.append((after[square] != images[square]).flatten(1).any(1).float().mean().item())
    assert hidden[1] == 0
    assert abs(hidden[0] - 0.5) < 0.04
    assert abs(hidden[2] - 0.5) < 0.04
