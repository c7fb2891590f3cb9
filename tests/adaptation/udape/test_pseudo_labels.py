import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from posesift.adaptation.udape.pseudo_labels import confident, pseudo_labels
from posesift.adaptation.views.affine import apply, draw_affine

SIDE, MIRROR = 32, (1, 0, 2)
LIMITS = {"rotation": 60.0, "scale": 0.3, "shift": 0.2}


def drawn(seed, count=6, flip=0.5):
    random = torch.Generator().manual_seed(seed)
    teacher_B23 = draw_affine(count, SIDE, random, flip=flip, **LIMITS)
    student_B23 = draw_affine(count, SIDE, random, flip=flip, **LIMITS)
    crop_BK2 = torch.rand(count, 3, 2, generator=random) * (SIDE - 1)
    confidence_BK = torch.rand(count, 3, generator=random)
    return teacher_B23, student_B23, crop_BK2, confidence_BK


@given(st.integers(0, 10_000))
def test_a_perfect_teacher_gives_the_true_keypoints_of_the_students_view(seed):
    teacher_B23, student_B23, crop_BK2, confidence_BK = drawn(seed)
    found = pseudo_labels(
        apply(teacher_B23, crop_BK2), confidence_BK, teacher_B23, student_B23, SIDE, None, keep=1.0
    )
    true_BK2 = apply(student_B23, crop_BK2)
    inside_BK = ((true_BK2 >= -0.5) & (true_BK2 < SIDE - 0.5)).all(-1)
    clear_BK = ((true_BK2 + 0.5).abs() > 1e-3).all(-1) & ((true_BK2 - SIDE + 0.5).abs() > 1e-3).all(
        -1
    )
    assert torch.equal(found.inside_BK[clear_BK], inside_BK[clear_BK])
    both = found.inside_BK & inside_BK
    torch.testing.assert_close(found.keypoints_BK2[both], true_BK2[both], atol=2e-3, rtol=0)


@given(st.integers(0, 10_000))
def test_one_mirrored_view_exchanges_left_and_right_and_two_do_not(seed):
    teacher_B23, student_B23, crop_BK2, confidence_BK = drawn(seed)
    # a true teacher names what it sees: in a mirrored view the left joint looks like the right
    swapped = torch.tensor(MIRROR)
    for b in range(len(teacher_B23)):
        seen_KB2 = apply(teacher_B23[b : b + 1], crop_BK2[b : b + 1])
        mirrored = torch.linalg.det(teacher_B23[b, :, :2]) < 0
        named = seen_KB2[:, swapped] if mirrored else seen_KB2
        confidence = confidence_BK[b : b + 1]
        confidence = confidence[:, swapped] if mirrored else confidence
        found = pseudo_labels(
            named, confidence, teacher_B23[b : b + 1], student_B23[b : b + 1], SIDE, MIRROR, keep=1
        )
        truth = apply(student_B23[b : b + 1], crop_BK2[b : b + 1])
        if torch.linalg.det(student_B23[b, :, :2]) < 0:
            truth = truth[:, swapped]
        inside = found.inside_BK
        torch.testing.assert_close(found.keypoints_BK2[inside], truth[inside], atol=2e-3, rtol=0)


def test_confidence_goes_with_the_name_that_its_keypoint_has_in_the_students_view():
    still = torch.tensor([[[1.0, 0, 0], [0, 1.0, 0]]])
    mirrored = torch.tensor([[[-1.0, 0, SIDE - 1.0], [0, 1.0, 0]]])
    points = torch.tensor([[[4.0, 5.0], [20.0, 6.0], [9.0, 9.0]]]).expand(2, -1, -1)
    confidence = torch.tensor([[0.9, 0.1, 0.5], [0.2, 0.8, 0.6]])
    found = pseudo_labels(
        points,
        confidence,
        still.expand(2, -1, -1),
        mirrored.expand(2, -1, -1),
        SIDE,
        MIRROR,
        keep=0.5,
    )
    # after the renaming joint 0 has confidences (0.1, 0.8) and joint 1 (0.9, 0.2)
    assert found.trusted_BK.tolist() == [[False, True, False], [True, False, True]]
    assert found.keypoints_BK2[0, 0].tolist() == [SIDE - 1 - 20.0, 6.0]


@given(
    st.integers(1, 12), st.integers(1, 4), st.floats(0, 1), st.sampled_from(["joint", "batch"]),
    st.integers(0, 99),
)  # fmt: skip
def test_the_mask_keeps_the_highest_share(count, joints, keep, scope, seed):
    confidence_BK = torch.rand(count, joints, generator=torch.Generator().manual_seed(seed))
    mask_BK = confident(confidence_BK, keep, scope)
    groups = confidence_BK.T.tolist() if scope == "joint" else [confidence_BK.flatten().tolist()]
    masks = mask_BK.T.tolist() if scope == "joint" else [mask_BK.flatten().tolist()]
    for values, mask in zip(groups, masks, strict=True):
        order = sorted(range(len(values)), key=lambda i: -values[i])
        kept = set(order[: round(keep * len(values))])
        assert {i for i, inside in enumerate(mask) if inside} == kept


def test_the_mask_counts_the_confidences_of_all_ranks():
    mine = torch.tensor([[0.2], [0.3]])
    all_ranks = torch.tensor([[0.2], [0.3], [0.9], [0.8]])
    assert confident(mine, 0.5, gather=lambda _: all_ranks).tolist() == [[False], [False]]
    assert confident(mine, 0.5).tolist() == [[False], [True]]


def test_labels_outside_of_the_students_view_are_never_trusted():
    still = torch.tensor([[[1.0, 0, 0], [0, 1.0, 0]]])
    far = torch.tensor([[[1.0, 0, 100.0], [0, 1.0, 0]]])
    points = torch.tensor([[[4.0, 5.0]]])
    found = pseudo_labels(points, torch.tensor([[math.inf]]), still, far, SIDE, None, keep=1.0)
    assert not found.inside_BK.any()
    assert not found.trusted_BK.any()


@pytest.mark.parametrize("scope", ["joint", "batch"])
def test_keeping_nothing_trusts_nothing(scope):
    assert not confident(torch.rand(3, 2), 0.0, scope).any()


def test_half_of_the_labels_are_trusted_by_default():
    confidence_BK = torch.arange(10.0)[:, None]
    same_B23 = torch.eye(3)[:2].repeat(10, 1, 1)
    middle_BK2 = torch.full((10, 1, 2), 4.0)
    found = pseudo_labels(middle_BK2, confidence_BK, same_B23, same_B23, 9, None)
    assert found.trusted_BK.flatten().tolist() == [False] * 5 + [True] * 5


def test_scope_and_other_ranks_reach_the_mask():
    """Of all joints together, and beside the labels of another rank; worked out by hand."""
    eye_B23 = torch.eye(2, 3).expand(2, 2, 3)
    inside_BK2 = torch.full((2, 2, 2), 10.0)
    confidence_BK = torch.tensor([[0.9, 0.1], [0.8, 0.3]])
    arguments = (inside_BK2, confidence_BK, eye_B23, eye_B23, SIDE, None)
    of_each = pseudo_labels(*arguments, keep=0.5)
    assert of_each.trusted_BK.tolist() == [[True, False], [False, True]]
    of_all = pseudo_labels(*arguments, keep=0.5, scope="batch")
    assert of_all.trusted_BK.tolist() == [[True, False], [True, False]]
    # another rank is surer of both: half of four labels a joint are those two
    surer_BK = torch.tensor([[0.99, 0.99], [0.98, 0.98]])
    shared = pseudo_labels(*arguments, keep=0.5, gather=lambda own: torch.cat([own, surer_BK]))
    assert not shared.trusted_BK.any()


def test_a_mask_of_nothing_is_a_mask():
    nothing = confident(torch.rand(3, 2), 0.0)
    assert nothing.dtype == torch.bool
    assert not nothing.any()
