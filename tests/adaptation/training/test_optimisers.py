"""Groups of parameters: who decays, who learns slower, and the step that results."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from posesift.adaptation.training.optimisers import adamw, groups, set_rate


class Net(nn.Module):
    def __init__(self, backbone: bool = True):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            part = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
            self.add_module("backbone" if backbone else "body", part)
            self.head = nn.Linear(4, 2)


@pytest.mark.parametrize("backbone", [True, False])
def test_each_parameter_is_in_one_group_with_its_speed_and_decay(backbone):
    network = Net(backbone)
    found = {
        id(p): (group["speed"], group["weight_decay"])
        for group in groups(network, 0.1, 0.3)
        for p in group["params"]
    }
    assert len(found) == sum(len(g["params"]) for g in groups(network, 0.1, 0.3)) == 6
    for name, parameter in network.named_parameters():
        speed = 0.3 if name.startswith("backbone") else 1.0
        decay = 0.1 if name in ("backbone.0.weight", "body.0.weight", "head.weight") else 0.0
        assert found[id(parameter)] == (speed, decay), name


def test_a_step_of_adamw_is_that_of_its_formula():
    """The first step: rate x speed x (sign of the gradient + decay x weight)."""
    network, rate, decay = Net(), 0.01, 0.5
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    optimiser = adamw(network, 1.0, decay, backbone_speed=0.1)
    set_rate(optimiser, rate)
    random = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=random)
    optimiser.step()
    for name, parameter in network.named_parameters():
        step = rate * (0.1 if name.startswith("backbone") else 1.0)
        shrunk = before[name] * (1 - step * decay) if parameter.ndim > 1 else before[name]
        assert torch.allclose(parameter, shrunk - step * parameter.grad.sign(), atol=1e-6), name
