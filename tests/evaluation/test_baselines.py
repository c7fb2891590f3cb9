"""The constant pose by hand; BatchNorm re-estimated against one pass over all images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from posesift.evaluation import baselines
from posesift.poses.table import PoseTable
from posesift.skeletons import load

BODY = load("body16")


def test_constant_pose_is_the_median_in_the_crop():
    points = np.zeros((3, 16, 2), np.float32)
    points[:, 0, 0] = [10, 20, 100]
    visible = np.ones((3, 16), bool)
    visible[2, 0] = False  # leaves 10 and 20
    visible[:, 9] = False  # the head is never seen
    size = np.full(3, 128, np.int32)
    pose = baselines.constant_pose(PoseTable(BODY, points, visible, size, size), 64)
    assert pose.shape == (16, 2)
    assert pose[0].tolist() == [15 * 0.5 - 0.25, -0.25]  # 128 px halved, pixel centres at 0
    assert pose[9].tolist() == [31.5, 31.5]


def network():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5))
    net(torch.randn(8, 3, 6, 6) + 3)  # source statistics
    return net.eval()


def test_reestimated_statistics_are_those_of_the_target():
    net = network()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    images = torch.randn(22, 3, 6, 6) - 1
    adapted = baselines.reestimated_batchnorm(net, images.split(8))  # 8, 8, 6: uneven
    features = net[0](images).detach()
    torch.testing.assert_close(adapted[1].running_mean, features.mean((0, 2, 3)))
    inside = sum(len(part) * part.var((0, 2, 3)) for part in features.split(8)) / len(features)
    torch.testing.assert_close(adapted[1].running_var, inside)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(module.training for module in adapted.modules())
    torch.testing.assert_close(adapted[0].weight, net[0].weight)
    torch.testing.assert_close(adapted(images), adapted(images))  # dropout is off


def test_transductive_predictions_depend_on_the_batch_and_inductive_do_not():
    net = network()
    images = torch.randn(6, 3, 6, 6)
    transductive = baselines.transductive_batchnorm(net)
    inductive = baselines.reestimated_batchnorm(net, [images])
    assert not torch.allclose(transductive(images)[:2], transductive(images[:2]), atol=1e-3)
    torch.testing.assert_close(inductive(images)[:2], inductive(images[:2]))
    normalised = transductive[1](transductive[0](images))
    torch.testing.assert_close(normalised.mean((0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    assert net[1].running_mean is not None


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="Conv2d has none"):
        baselines.reestimated_batchnorm(nn.Conv2d(3, 3, 1), [torch.ones(2, 3, 4, 4)])
    with pytest.raises(ValueError, match="found none"):
        baselines.reestimated_batchnorm(network(), [])
