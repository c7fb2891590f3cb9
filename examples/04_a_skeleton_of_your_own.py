"""A custom skeleton in TOML, and poses of your own as a table."""

import tempfile
from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.readers import read
from posesift.difficulty.scorers import fit
from posesift.poses import PoseTable

ROBOT = """
name = "robot-arm"
keypoints = ["base", "shoulder", "elbow", "gripper"]
torso = ["base"]
limbs = [
  { from = "base", to = "shoulder" },
  { from = "shoulder", to = "elbow" },
  { from = "elbow", to = "gripper" },
]
angles = [{ at = ["base", "shoulder", "elbow"] }, { at = ["shoulder", "elbow", "gripper"] }]
"""

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "robot.toml")
    path.write_text(ROBOT)
    skeleton = skeletons.load(path)

    rng = np.random.default_rng(0)
    bend = np.cumsum(rng.normal(0, 0.2, (500, 3)), axis=1)  # small bends are usual ...
    bend[:10] += 2.0  # ... and ten arms point the other way
    steps = 60 * np.stack([np.sin(bend), -np.cos(bend)], axis=-1)
    keypoints = np.concatenate([np.zeros((500, 1, 2)), np.cumsum(steps, axis=1)], axis=1) + 200
    table = PoseTable(
        skeleton=skeleton,
        keypoints_NK2=keypoints.astype(np.float32),
        visible_NK=np.ones((500, 4), bool),
        width_N=np.full(500, 400, np.int32),
        height_N=np.full(500, 400, np.int32),
    )
    table.save(Path(folder, "arms.parquet"))
    arms = read(f"poses:{folder}/arms.parquet")

hardest = np.argsort(-fit(arms, "knn").score(arms))[:10]
print(f"{skeleton.name}: of the ten hardest poses, {(hardest < 10).sum()} are the odd ones")
