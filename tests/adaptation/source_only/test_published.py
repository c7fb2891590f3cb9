"""The published training on the source alone, against the same in loops."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from tests.adaptation.slow_views import slow_views
from tests.adaptation.tiny import SIDE, TinyNet, batch, loader, stopping_loader
from torch import Tensor

from posesift.adaptation.published_views import BODIES
from posesift.adaptation.source_only.published import (
    SourceOnlyParity,
    SourceOnlyParitySettings,
)
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.augment import generator
from posesift.networks.heatmaps import HeatmapCodec

runtime = Runtime.resolve("cpu", "fp32")
PUBLISHED = SourceOnlyParitySettings()


def made(**settings) -> SourceOnlyParity:
    chosen = SourceOnlyParitySettings(**({"warmup_steps": 6, "steps": 4} | settings))
    return SourceOnlyParity(TinyNet(), HeatmapCodec(SIDE, 2, rounding=True), chosen)


class SlowAdam:
    """Kingma and Ba, "Adam", 2015, algorithm 1, without decay of weights."""

    def __init__(self, parameters: list[Tensor]):
        self.parameters, self.steps = parameters, 0
        self.first = [torch.zeros_like(p, dtype=torch.float64) for p in parameters]
        self.second = [torch.zeros_like(p, dtype=torch.float64) for p in parameters]

    @torch.no_grad()
    def step(self, gradients: tuple[Tensor, ...], rate: float) -> None:
        self.steps += 1
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second, strict=True):
            m += 0.1 * (g.double() - m)
            v += 0.001 * (g.double() ** 2 - v)
            mean, spread = m / (1 - 0.9**self.steps), (v / (1 - 0.999**self.steps)).sqrt()
            p -= (rate * mean / (spread + 1e-8)).float()


def test_it_trains_as_the_loop_does_over_both_stages():
    method = made(warmup_steps=3, steps=3, drops=(2, 5))
    method.prepare(runtime)
    network = copy.deepcopy(method.network).train()
    adam, done = SlowAdam(list(network.parameters())), 0
    for stage in method.stages:
        method.start_stage(stage)
        for number in range(3):
            loss = stage.step({"source": batch(done)}, number / 3, generator("cpu", done))
            views = slow_views(batch(done), BODIES, 2, 1, generator("cpu", done))
            images, heatmaps, weights = views
            error = (network(images) - heatmaps) * weights[..., None, None]
            expected = sum(0.5 * e**2 for e in error.flatten()) / error.numel()
            rate = 1e-3 * (1 if done < 2 else 0.1 if done < 5 else 0.01)
            gradients = torch.autograd.grad(expected, adam.parameters)
            assert loss.losses["supervised"].item() == pytest.approx(expected.item(), rel=1e-3)
            assert method.optimiser.param_groups[0]["lr"] == pytest.approx(rate)
            adam.step(gradients, rate)
            done += 1
    for (name, found), wanted in zip(
        method.network.named_parameters(), network.parameters(), strict=True
    ):
        if name != "body.0.bias":  # cancelled by BatchNorm: rounding noise, which Adam enlarges
            torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4, msg=name)
    assert {int(state["step"]) for state in method.optimiser.state.values()} == {6}


def test_the_numbers_are_the_published_ones():
    assert (PUBLISHED.warmup_steps, PUBLISHED.steps) == (70 * 500, 0)
    assert PUBLISHED.drops == (44 * 500, 59 * 500)
    assert (PUBLISHED.learning_rate, PUBLISHED.views) == (1e-3, BODIES)
    method = made()
    method.prepare(runtime)
    (group,) = method.optimiser.param_groups
    assert type(method.optimiser) is torch.optim.Adam
    assert (group["weight_decay"], group["betas"], group["eps"]) == (0, (0.9, 0.999), 1e-8)


@pytest.mark.parametrize(("before", "rate"), [(0, 1e-3), (21_999, 1e-3), (22_000, 1e-4)])
def test_the_rate_counts_the_steps_before(before, rate):
    method = made(warmup_steps=0, steps=4, steps_before=before)
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    method.stages[0].step({"source": batch(0)}, 0.0, generator("cpu", 0))
    assert method.optimiser.param_groups[0]["lr"] == pytest.approx(rate)


@pytest.mark.parametrize("at", [3, 6, 8])
def test_a_run_resumed_in_either_stage_ends_at_the_same_bits(at, tmp_path: Path):
    def run(folder: Path | None, load=loader, resume: bool = False) -> SourceOnlyParity:
        method = made(drops=(4, 8))
        fit(method, {"source": load}, runtime, folder, seed=3, save_every=2, resume=resume)
        return method

    whole = run(None)
    with pytest.raises(OSError, match="gone"):
        run(tmp_path, stopping_loader(at, OSError("gone")))
    found = run(tmp_path, resume=True)
    for one, other in zip(
        found.network.state_dict().values(), whole.network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_predictions_are_cells_and_a_codec_between_them_is_refused():
    method = made()
    method.prepare(runtime)
    keypoints, confidence = method.predict(batch(0)["image"])
    assert (keypoints % 2 == 0).all()
    assert confidence.shape == keypoints.shape[:2]
    with pytest.raises(ValueError, match="rounding=True"):
        SourceOnlyParity(TinyNet(), HeatmapCodec(SIDE, 2))
