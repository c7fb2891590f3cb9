"""What makes a re-implementation the published UDAPE or RegDA: a test for each row.

| row | `test_...` |
|---|---|
| whole-cell targets, 13 x 13 cells, weight 0 outside | `targets_are_cut_off_...` |
| matrix and signs of the affine views | `signs_of_the_...`, `matrix_of_the_affine_views` |
| labels masked at one value for the batch | `mask_is_one_threshold_for_batch_and_joints` |
| one strength of style a batch; the source looks like the teacher's view | `style_goes_both_...` |
| the student's target images are never stylised | `student_never_sees_a_stylised_...` |
| teacher: BatchNorm in train mode, only parameters averaged | `teacher_averages_parameters_only` |
| rate falls at epochs 44 and 59 of 500 steps | `rate_falls_at_two_absolute_steps` |
| un-halved consistency, halved supervised loss | `only_the_supervised_loss_is_halved` |
| RegDA: ground false, gradient scale, three optimisers | `regda/test_regda.py` |
| RegDA: views, target's weights, BatchNorm statistics, gate | `regda/test_published.py` |
| source alone: Adam, half the squared error, two falls | `source_only/test_published.py` |
| style network: views, constant rate | `test_style_training.py` |
| widths by kind; steps counted from the run before | `experiments/test_trained.py` |
| labels at loading | `data/test_loading.py` |
| PCK: 3.2 cells strictly, labels from cell 2, by batch size | `evaluation/test_pck_reference.py` |
| PCK pooled beside it | `evaluation/test_pck.py` |

The losses as a whole are held to loops in `udape/test_published.py`.
"""

from __future__ import annotations

import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.adaptation.tiny import batch, pair
from tests.adaptation.udape.test_published import Blend, parity, runtime, slow_matrix, warp_of
from torch import Tensor

from posesift.adaptation.udape.published import (
    UDAPEParity,
    UDAPEParitySettings,
    most_confident,
)
from posesift.adaptation.views.augment import generator
from posesift.networks.heatmaps import HeatmapCodec

PUBLISHED = UDAPEParitySettings()


def adapting(style=None, **settings) -> UDAPEParity:
    method = parity(style, **settings)
    method.prepare(runtime)
    method.start_stage(method.stages[-1])
    return method


def step(method: UDAPEParity, seed: int = 0, t: float = 0.0):
    return method.adapt(pair(batch(seed), batch(50 + seed)), t, generator("cpu", seed))


def seen(module: torch.nn.Module) -> list[Tensor]:
    """What the module gets, from now on."""
    images: list[Tensor] = []
    module.register_forward_pre_hook(lambda _, inputs: images.append(inputs[0].detach().clone()))
    return images


def test_targets_are_cut_off_and_weigh_nothing_outside():
    codec = HeatmapCodec(256, 4, 2, rounding=True)
    # 0.5 is added before cutting towards zero, so -5.9 still is cell 0, and 254 is cell 64
    keypoints = torch.tensor([[[101.9, 58.1], [-5.9, 4.0], [-6.1, 4.0], [254.0, 4.0]]])
    heatmaps, weight = codec.encode(keypoints, torch.ones(1, 4, dtype=torch.bool))
    assert weight.tolist() == [[1, 1, 0, 0]]
    assert [int((h > 0).sum()) for h in heatmaps[0]] == [13 * 13, 7 * 8, 0, 0]
    assert heatmaps[0, 0, 15, 25] == 1
    assert heatmaps[0, 0, 15, 31].item() == pytest.approx(math.exp(-36 / 8))
    assert heatmaps[0, 1, 1, 0] == 1


@pytest.mark.parametrize(
    ("arguments", "point", "expected"),
    [
        ({"angle": 90}, (10, 0), (0, 10)),  # y down: a quarter turn clockwise, as seen
        ({"angle": 90}, (0, 10), (-10, 0)),
        ({"shear": 45}, (0, 10), (-10, 10)),  # what is below moves left
        ({"shear": 45}, (10, 0), (10, 0)),
        ({"scale": 2}, (3, -4), (6, -8)),
        ({"shift": (5, -7)}, (1, 1), (6, -6)),
        ({"angle": 90, "shear": 45, "scale": 2, "shift": (1, 2)}, (0, 10), (-19, -18)),
    ],
)
def test_signs_of_the_affine_views(arguments, point, expected):
    """Relative to the centre: side / 2 for labels, half a pixel less for images."""
    side, warp = 64, warp_of(**arguments)
    label = torch.tensor([[point]], dtype=torch.float32) + side / 2
    assert (warp.points(label, side) - side / 2)[0, 0].tolist() == pytest.approx(expected, abs=1e-4)

    image = torch.zeros(1, 1, side, side)
    centre = side // 2  # the pixel whose top-left corner is the centre of the image
    x, y = point[0] + centre, point[1] + centre
    image[0, 0, y - 1 : y + 1, x - 1 : x + 1] = 1  # the four pixels around that corner
    found = warp.image(image)[0, 0].nonzero().float().mean(0).flip(0) + 0.5 - centre
    assert found.tolist() == pytest.approx(expected, abs=0.51)


def test_matrix_of_the_affine_views():
    draws = torch.rand(20, 3, generator=generator("cpu", 0)).tolist()
    for angle, shear, scale in draws:
        found = warp_of(1, math.degrees(angle), math.degrees(shear), scale + 0.6).linear_B22[0]
        expected = torch.tensor(slow_matrix(angle, shear, scale + 0.6))
        assert torch.allclose(found, expected, atol=1e-5)


@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.2, 0.5, 0.9]), min_size=6, max_size=6),
    st.sampled_from([0.17, 0.34, 0.5, 0.84, 1.0]),
)
def test_mask_is_one_threshold_for_batch_and_joints(confidences, masked):
    found = most_confident(torch.tensor(confidences).view(2, 3), masked)
    threshold = sorted(confidences)[int(masked * 6) - 1]  # ties with it are left out
    assert found.flatten().tolist() == [float(value > threshold) for value in confidences]


def test_style_goes_both_ways_at_one_strength():
    calls = []

    class Recording(Blend):
        def forward(self, content_B3HW, style_B3HW, strength_B):
            calls.append((content_B3HW, style_B3HW, strength_B))
            return super().forward(content_B3HW, style_B3HW, strength_B)

    method = adapting(Recording(), source_style=1.0, target_style=1.0, teacher_views=2)
    by_student, by_teacher = seen(method.student), seen(method.teacher)
    step(method)
    (source, look, strength), *teacher_calls = calls
    assert strength.unique().numel() == 1
    assert 0 <= strength[0] <= 1
    assert torch.equal(look, teacher_calls[0][0]), "the teacher's first view, before its own style"
    assert len(teacher_calls) == 2
    for view, other, alpha in teacher_calls:
        assert torch.equal(other, source), "the source batch before its style"
        assert alpha.unique().numel() == 1
        assert not torch.equal(view, source)
    assert torch.equal(by_student[0], Blend()(source, look, strength))
    assert torch.equal(by_teacher[1], Blend()(*teacher_calls[1]))

    calls.clear()
    often = adapting(Recording())
    for seed in range(30):
        step(often, seed)
    assert 20 < len(calls) < 40, "each way in half of the batches"
    assert len({float(alpha[0]) for _, _, alpha in calls}) == len(calls)
    assert (PUBLISHED.source_style, PUBLISHED.target_style) == (0.5, 0.5)
    assert PUBLISHED.style_strength == (0.0, 1.0)


def test_student_never_sees_a_stylised_target_image():
    found = []
    for style in (None, Blend()):
        method = adapting(style, source_style=1.0, target_style=1.0, occlude_from=99.0)
        by_student, by_teacher = seen(method.student), seen(method.teacher)
        step(method)
        found.append((*by_student, *by_teacher))
    (plain_source, plain_target, plain_teacher), (source, target, teacher) = found
    assert torch.equal(plain_target, target)
    assert not torch.equal(plain_source, source)
    assert not torch.equal(plain_teacher, teacher)


def test_teacher_averages_parameters_only():
    method = adapting()
    before = copy.deepcopy(method.teacher.state_dict())
    by_teacher = seen(method.teacher)
    step(method)
    assert method.settings.decay == 0.999
    assert method.teacher.training
    student, teacher = dict(method.student.named_parameters()), method.teacher.state_dict()
    for name, weights in student.items():
        expected = 0.999 * before[name] + 0.001 * weights
        assert torch.allclose(teacher[name], expected, atol=1e-8), name
    assert not torch.equal(teacher["head.weight"], before["head.weight"])
    # its statistics come from its own batch, not from the student's statistics
    with torch.no_grad():
        convolution = torch.nn.Conv2d(3, 8, 3, 2, 1)
        convolution.load_state_dict({k: before[f"body.0.{k}"] for k in ("weight", "bias")})
        mean = convolution(by_teacher[0]).mean((0, 2, 3))
    expected = 0.9 * before["body.1.running_mean"] + 0.1 * mean
    assert torch.allclose(teacher["body.1.running_mean"], expected, atol=1e-5)


def test_rate_falls_at_two_absolute_steps():
    assert (PUBLISHED.warmup_steps, PUBLISHED.steps) == (40 * 500, 30 * 500)
    assert PUBLISHED.drops == (44 * 500, 59 * 500)
    assert PUBLISHED.learning_rate == 1e-4
    method = parity(warmup_steps=6, steps=6, drops=(4, 9))
    method.prepare(runtime)
    rates, adam = [], method.optimiser
    for stage in method.stages:
        method.start_stage(stage)
        for number in range(6):
            stage.step(pair(batch(0), batch(1)), number / 6, generator("cpu", number))
            rates.append(method.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([1e-4] * 4 + [1e-5] * 5 + [1e-6] * 3)
    assert method.optimiser is adam
    assert {int(state["step"]) for state in adam.state.values()} == {12}, "moments are kept"

    later = adapting(warmup_steps=0, steps=6, steps_before=6, drops=(4, 9))
    step(later)
    assert later.optimiser.param_groups[0]["lr"] == pytest.approx(1e-5)


def test_only_the_supervised_loss_is_halved():
    """A student that says 0 everywhere: what is left are the squares of the targets."""
    method = adapting(masked=1 / 12, occlude_from=99.0)
    for weights in method.student.parameters():
        weights.data.zero_()
    method.teacher.head.bias.data.fill_(1)  # all maps are positive: no ties at 0
    drawn: list[Tensor] = []
    encode = HeatmapCodec.encode

    class Recording(HeatmapCodec):
        def encode(self, keypoints_BK2, visible_BK):
            found = encode(self, keypoints_BK2, visible_BK)
            drawn.append(found[0] * found[1][..., None, None])
            return found

    method.codec = Recording(16, 2, 1, rounding=True)
    losses = step(method).losses
    supervised, labels = drawn
    assert losses["supervised"].item() == pytest.approx(0.5 * supervised.square().mean().item())
    energy = labels.square().sum((-2, -1)).flatten()
    kept = losses["consistency"] * labels.numel()  # one of the 12 is masked, all are counted
    assert torch.isclose(energy.sum() - energy, kept, rtol=1e-5).any()
