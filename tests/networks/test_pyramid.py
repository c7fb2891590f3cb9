"""The additive decoder against a slow version, and what a backbone must give it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from posesift.networks.pyramid import CHANNELS, Decoder, PyramidPoseNet


class Steps(nn.Module):
    """A backbone whose features are averages of the image."""

    strides = (4, 8)
    channels = (3, 3)

    def forward(self, images_B3HW):
        return [nn.functional.avg_pool2d(images_B3HW, stride) for stride in self.strides]


def test_each_level_is_doubled_added_and_smoothed():
    torch.manual_seed(0)
    decoder = Decoder((5, 7, 9)).eval()
    levels = [torch.randn(2, c, s, s) for c, s in ((5, 8), (7, 4), (9, 2))]
    with torch.no_grad():
        found = decoder(levels)
        x = torch.einsum("oc,bchw->bohw", decoder.lateral[2].weight[:, :, 0, 0], levels[2])
        for number in (1, 0):
            x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
            weight = decoder.lateral[number].weight[:, :, 0, 0]
            x = decoder.smooth[number](x + torch.einsum("oc,bchw->bohw", weight, levels[number]))
    assert found.shape == (2, CHANNELS, 8, 8)
    assert torch.allclose(found, x, atol=1e-4)


def test_the_stride_is_that_of_the_finest_level():
    network = PyramidPoseNet(Steps(), keypoints=4)
    assert network.stride == 4
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 4, 8, 8)
    assert network.features(torch.zeros(1, 3, 32, 32)).shape == (1, CHANNELS, 8, 8)


def test_a_timm_backbone_gives_the_pyramid_from_stride_4_on():
    try:
        import timm  # noqa: F401
    except Exception as error:
        pytest.skip(f"timm does not import here: {error!r:.80}")
    from posesift.networks.build import build

    network = build("timm:mobilenetv3_small_050", 5).eval()
    assert network.backbone.strides[0] == network.stride == 4
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 5, 16, 16)
