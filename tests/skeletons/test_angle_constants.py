"""Mean and spread of the angles, as the skeleton files say, are those of the flat mixture."""

import numpy as np
import pytest

from posesift import skeletons
from posesift.data import worlds
from posesift.poses.angles import angle_statistics, joint_angles


@pytest.mark.parametrize(("world", "name"), [("body", "body16"), ("hand", "hand21")])
def test_constants_are_those_of_the_flat_mixture(world, name):
    skeleton = skeletons.load(name)
    table = worlds.sample(world, "target", 12_000, seed=7, split="test", side=64).table
    found = joint_angles(table.keypoints_NK2, table.visible_NK, skeleton.triplets)
    mean, spread = angle_statistics(found)
    np.testing.assert_allclose(skeleton.angle_mean_deg, mean, atol=2.0)
    np.testing.assert_allclose(skeleton.angle_spread_deg, spread, atol=2.0)
