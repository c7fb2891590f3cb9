from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.networks.style.images import images

from posesift.networks import MEAN, SPREAD
from posesift.networks.style import NAMES, build
from posesift.networks.style.fourier import Fourier
from posesift.networks.style.statistics import Statistics

LOW = torch.tensor([(0 - m) / s for m, s in zip(MEAN, SPREAD, strict=True)]).view(3, 1, 1)
HIGH = torch.tensor([(1 - m) / s for m, s in zip(MEAN, SPREAD, strict=True)]).view(3, 1, 1)
WEIGHT_FREE = [name for name in NAMES if name != "adain"]


def brightness(image_3HW: torch.Tensor) -> np.ndarray:
    return np.stack([image_3HW[c].double().numpy() * SPREAD[c] + MEAN[c] for c in range(3)])


def normalised(image_3HW: np.ndarray) -> torch.Tensor:
    planes = [(image_3HW[c].clip(0, 1) - MEAN[c]) / SPREAD[c] for c in range(3)]
    return torch.tensor(np.stack(planes), dtype=torch.float32)


def slow_statistics(content: np.ndarray, style: np.ndarray, strength: float) -> np.ndarray:
    result = np.empty_like(content)
    for c in range(3):
        # what is added to variances is a hundredth of a normalised image's spread, squared
        flat = (0.01 * SPREAD[c]) ** 2
        spread, other = (content[c].var() + flat) ** 0.5, (style[c].var() + flat) ** 0.5
        matched = (content[c] - content[c].mean()) / spread * other + style[c].mean()
        result[c] = (1 - strength) * content[c] + strength * matched
    return result


def slow_fourier(
    content: np.ndarray, style: np.ndarray, strength: float, beta: float
) -> np.ndarray:
    """The paper's: a shifted spectrum, a square about its centre, a loop over what is in it."""
    _, height, width = content.shape
    reach = math.floor(beta * min(height, width))
    result = np.empty_like(content)
    for c in range(3):
        of_content = np.fft.fftshift(np.fft.fft2(content[c]))
        of_style = np.fft.fftshift(np.fft.fft2(style[c]))
        for row in range(height // 2 - reach, height // 2 + reach + 1):
            for column in range(width // 2 - reach, width // 2 + reach + 1):
                here, there = of_content[row, column], of_style[row, column]
                amplitude = (1 - strength) * abs(here) + strength * abs(there)
                of_content[row, column] = amplitude * cmath.exp(1j * cmath.phase(here))
        mixed = np.fft.ifft2(np.fft.ifftshift(of_content))
        assert np.abs(mixed.imag).max() < 1e-9
        result[c] = mixed.real
    return result


def test_statistics_are_those_of_a_loop_over_samples_and_channels():
    content, style, strength = images(0, 3), images(1, 3), torch.tensor([0.3, 0.8, 1.0])
    found = Statistics()(content, style, strength)
    for i in range(3):
        expected = slow_statistics(brightness(content[i]), brightness(style[i]), float(strength[i]))
        torch.testing.assert_close(found[i], normalised(expected), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("beta", [0.0, 0.05, 0.1, 0.3, 0.49])
@pytest.mark.parametrize("sides", [(32, 32), (20, 33), (31, 24)])
def test_fourier_is_the_paper_s_square_of_a_centred_spectrum(beta, sides):
    content, style, strength = images(2, 2, *sides), images(3, 2, *sides), torch.tensor([0.6, 1.0])
    found = Fourier(beta)(content, style, strength)
    for i in range(2):
        expected = slow_fourier(
            brightness(content[i]), brightness(style[i]), float(strength[i]), beta
        )
        torch.testing.assert_close(found[i], normalised(expected), atol=2e-4, rtol=0)


def test_fourier_by_hand():
    """A wave of one period gets the amplitude of the style's, which stands elsewhere."""
    column = 2 * torch.pi * torch.arange(32) / 32
    content = (0.5 + 0.1 * torch.cos(column)).expand(1, 3, 32, 32)
    style = (0.4 + 0.3 * torch.sin(column)).expand(1, 3, 32, 32)
    expected = (0.4 + 0.3 * torch.cos(column)).expand(1, 3, 32, 32)
    module = Fourier(beta=1 / 32)
    found = module(module.normalised(content), module.normalised(style), torch.ones(1))
    torch.testing.assert_close(module.brightness(found), expected, atol=1e-6, rtol=0)


def test_the_style_of_a_flat_content_is_its_mean_colour_and_no_amplified_noise():
    flat = torch.full((1, 3, 32, 32), 0.5)
    flat[0, 0, 3, 5] += 1e-3
    style = images(4, 1)
    for name in WEIGHT_FREE:
        found = build(name)(flat, style, torch.ones(1))
        assert torch.isfinite(found).all()
    found = Statistics()(flat, style, torch.ones(1))
    assert (found - style.mean((-2, -1), keepdim=True)).abs().max() < 0.1


@pytest.mark.parametrize("name", WEIGHT_FREE)
@settings(max_examples=10)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_results_stay_within_what_brightness_can_be(name, number, strength):
    content, style = images(number), images(number + 1)
    found = build(name)(content, style, torch.tensor([strength, 0.0]))
    assert found.shape == content.shape
    assert found.dtype == torch.float32
    assert (found >= LOW - 1e-5).all()
    assert (found <= HIGH + 1e-5).all()
    # the second sample has strength 0: nothing of the first one's reaches it
    torch.testing.assert_close(found[1], content[1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", WEIGHT_FREE)
def test_too_bright_is_cut_off_and_the_arguments_are_left_alone(name):
    content = images(5)
    bright = HIGH.expand(2, 3, 32, 32).clone()
    bright[..., ::2, :] = LOW
    kept = content.clone(), bright.clone()
    found = build(name)(content, bright, torch.ones(2))
    assert torch.equal(content, kept[0])
    assert torch.equal(bright, kept[1])
    assert (found <= HIGH + 1e-5).all()
    if name == "statistics":
        assert torch.isclose(found, HIGH, atol=1e-5).any()


@pytest.mark.parametrize("name", WEIGHT_FREE)
def test_there_is_nothing_to_train_or_to_save_and_no_gradient(name):
    style = build(name)
    assert not style.state_dict()
    assert not list(style.parameters())
    content = images(6).requires_grad_()
    assert not style(content, images(7), torch.ones(2)).requires_grad


def test_a_style_of_the_same_image_changes_nothing():
    content = images(8)
    for name in WEIGHT_FREE:
        torch.testing.assert_close(
            build(name)(content, content, torch.ones(2)), content, atol=1e-4, rtol=0
        )


@pytest.mark.parametrize("beta", [-0.1, 0.5, float("nan")])
def test_a_square_larger_than_the_spectrum_is_refused(beta):
    with pytest.raises(ValueError, match=r"beta of at least 0 and below 0\.5"):
        Fourier(beta)


def test_wrong_names_and_needless_weights_are_explained(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'fourier'"):
        build("furier")
    with pytest.raises(ValueError, match="'statistics' has no weights"):
        build("statistics", tmp_path)
