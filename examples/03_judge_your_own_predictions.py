"""PCK and EvalPose of any trainer's predictions, by joint group and by difficulty."""

import numpy as np

import posesift as ps
from posesift.evaluation.by_bin import evaluation_difficulty

table = ps.read("world:body,poses=target,n=500,split=test")
noise = np.random.default_rng(0).normal(0, 3, table.keypoints_NK2.shape)
predicted = table.keypoints_NK2 + noise  # stand-in for your network, in pixels of the crop

found = ps.evaluate(
    predicted,
    table.keypoints_NK2,
    table.visible_NK,
    side=64,
    skeleton=table.skeleton,
    difficulty_N=evaluation_difficulty(table),
).entry
for group, percent in found["pck"]["0.05"].items():
    print(f"PCK@0.05 {group:9} {percent:5.1f}")
print(f"EvalPose {found['evalpose_limbs']:.1f}, angle error {found['angle_error_deg']:.1f} degrees")
for row in found["by_bin"]:
    low, high = row["interval"]
    print(f"quarter {row['bin'] + 1}: PCK {row['pck']:.1f} ({low:.1f} to {high:.1f})")
