from __future__ import annotations

import torch

from posesift.networks.small import SmallPoseNet


def test_sides_that_are_multiples_of_16_work_and_keep_stride_2():
    network = SmallPoseNet(2).eval()
    for side in (32, 64, 96):
        with torch.inference_mode():
            assert network(torch.zeros(1, 3, side, side)).shape == (1, 2, side // 2, side // 2)


def test_every_parameter_takes_part():
    network = SmallPoseNet(3)
    network(torch.rand(2, 3, 32, 32)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
