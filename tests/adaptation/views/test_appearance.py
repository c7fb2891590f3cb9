from __future__ import annotations

import torch
from torch import Tensor

from posesift.adaptation.views import appearance
from posesift.adaptation.views.augment import generator

images = torch.rand(200, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.3


def grey(images_B3HW: Tensor) -> Tensor:
    red, green, blue = images_B3HW.unbind(1)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_recolouring_is_brightness_contrast_saturation_and_balance_in_turn():
    strength = 0.5
    found = appearance.recolour(images, strength, generator("cpu", 5))
    draws = 2 * torch.rand(6, 200, generator=generator("cpu", 5)) - 1
    for i in range(0, 200, 20):
        brightness, contrast, saturation = (1 + 0.4 * strength * draws[:3, i]).tolist()
        balance = 1 + 0.1 * strength * draws[3:, i]
        image = images[i]
        pale = grey(image[None])[0]
        image = saturation * image + (1 - saturation) * pale
        image = contrast * image + (1 - contrast) * pale.mean()
        image = (brightness * balance[:, None, None] * image).clamp(0, 1)
        assert torch.allclose(found[i], image, atol=1e-5)


def test_recoloured_images_stay_in_range_and_differ_between_samples():
    found = appearance.recolour(images[:1].expand(50, 3, 16, 16), 1.0, generator("cpu", 0))
    assert found.min() >= 0
    assert found.max() <= 1
    assert found.mean((1, 2, 3)).std() > 0.05


def test_blur_spreads_a_dot_by_the_variance_it_drew_and_loses_nothing():
    dots = torch.zeros(500, 1, 9, 9)
    dots[:, :, 4, 4] = 1
    blurred = appearance.blur(dots, 0.7, generator("cpu", 2))[:, 0]
    spread = 0.7 * torch.rand(500, generator=generator("cpu", 2))
    axis = torch.arange(9.0) - 4
    assert torch.allclose(blurred.sum((1, 2)), torch.ones(500), atol=1e-5)
    for variance in (
        (blurred.sum(1) * axis.square()).sum(1),
        (blurred.sum(2) * axis.square()).sum(1),
    ):
        assert torch.allclose(variance, spread.square(), atol=1e-5)
    assert (blurred >= 0).all()
    assert dots[0, 0, 4, 4] == 1, "the input was changed"


def test_blur_is_a_step_of_diffusion_along_rows_and_then_along_columns():
    found = appearance.blur(images[:8], 0.7, generator("cpu", 3))
    flow = (0.7 * torch.rand(8, generator=generator("cpu", 3))).square() / 2
    for i in range(8):
        step = torch.eye(16) * (1 - 2 * flow[i])
        step += flow[i] * (torch.diag(torch.ones(15), 1) + torch.diag(torch.ones(15), -1))
        step[0, 0] += flow[i]
        step[-1, -1] += flow[i]
        assert torch.allclose(found[i], step @ images[i] @ step, atol=1e-6)


def test_blur_continues_borders():
    flat = torch.full((4, 3, 8, 8), 0.6)
    assert torch.allclose(appearance.blur(flat, 0.7, generator("cpu", 0)), flat)


def test_noise_has_the_spread_it_was_given_and_another_strength_a_sample():
    noisy = appearance.add_noise(torch.zeros(400, 3, 32, 32), 0.1, generator("cpu", 0))
    spread = noisy.std((1, 2, 3))
    assert spread.max() < 0.105
    assert abs(spread.mean() - 0.05) < 0.005
    assert abs(noisy.mean()) < 1e-3


def test_cut_outs_are_that_many_rectangles_of_at_most_that_side():
    ones = torch.ones(300, 3, 40, 40)
    for count in (1, 2):
        hidden = appearance.cut_out(ones, count, 0.3, generator("cpu", 0)) == 0
        assert (hidden.all(1) == hidden.any(1)).all()
        area = hidden[:, 0].float().mean((1, 2))
        assert area.max() <= count * 0.3**2 * 1.1
        assert 0.5 * count * 0.15**2 < area.mean() < count * 0.15**2
    one = (appearance.cut_out(ones, 1, 0.3, generator("cpu", 0)) == 0)[:, 0]
    rows, columns = one.any(2).sum(1), one.any(1).sum(1)
    assert (rows * columns == one.sum((1, 2))).all(), "not a rectangle"
