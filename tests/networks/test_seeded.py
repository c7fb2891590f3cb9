"""Initial weights of everything that is made from a seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tests.adaptation.tiny import TinyNet
from torch import nn

from posesift.adaptation.regda.two_heads import TwoHeads
from posesift.networks import build as networks
from posesift.networks.heads import pose_head
from posesift.networks.small import SmallPoseNet
from posesift.networks.style import adain

TINY = TinyNet()


def heads(seed: int) -> nn.Module:
    two = TwoHeads(TINY, seed)
    return nn.ModuleList([two.head, two.head_adv])


def plain_heads() -> nn.Module:
    shape = (TINY.channels, TINY.head.out_channels)
    return nn.ModuleList([pose_head(*shape, layers=2) for _ in range(2)])


def plain_style() -> nn.Module:
    parts = {"encoder": adain._encoder(4), "decoder": adain._decoder(4)}
    return nn.ModuleDict(parts)


MADE: dict[str, tuple[Callable[[int], nn.Module], Callable[[], nn.Module]]] = {
    "build": (
        lambda seed: networks.build("small", 4, seed=seed),
        lambda: SmallPoseNet(4),
    ),
    "two heads": (heads, plain_heads),
    "AdaIN": (lambda seed: adain.AdaIN(seed=seed, width=4), plain_style),
}


@pytest.mark.parametrize("name", MADE)
def test_a_seed_moves_no_random_state_and_gives_torch_s_own_weights(name, monkeypatch):
    make, plain = MADE[name]
    before = torch.random.get_rng_state()
    with monkeypatch.context() as patched:
        touched: list[int] = []
        for device in (torch.cuda, torch.mps, torch.xpu):
            for call in ("manual_seed", "manual_seed_all"):
                patched.setattr(device, call, touched.append, raising=False)
        made = make(11).state_dict()
    assert touched == [], "the generators of accelerators are reseeded"
    assert torch.equal(torch.random.get_rng_state(), before)
    with torch.random.fork_rng():
        plain()  # what only its arguments need is drawn before the seed
        torch.manual_seed(11)
        expected = plain().state_dict()
    drawn = {name: tensor for name, tensor in expected.items() if tensor.is_floating_point()}
    assert drawn
    for name, tensor in drawn.items():
        assert torch.equal(made[name], tensor), name


def test_an_error_within_leaves_the_state_too():
    from posesift.networks.seeded import seeded

    before = torch.random.get_rng_state()
    with pytest.raises(ZeroDivisionError), seeded(1):
        torch.rand(1)
        1 / 0  # noqa: B018
    assert torch.equal(torch.random.get_rng_state(), before)
