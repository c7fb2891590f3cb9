"""From a COCO file and from a CSV to scores and a sampler, with keypoint names of one's own."""

import csv
import json
import tempfile
from pathlib import Path

import numpy as np

import posesift as ps

# The built-in world stands in for labels of yours: 400 rendered people, 100 photographed ones.
rendered, photographed = ps.read("world:body,n=400"), ps.read("world:body,poses=target,n=100")
NAMES = [  # what the second labeller called the keypoints of body16
    "foot R", "knee R", "hip R", "hip L", "knee L", "foot L", "centre", "chest", "throat", "crown",
    "hand R", "elbow R", "shoulder R", "shoulder L", "elbow L", "hand L",
]  # fmt: skip


def write_coco(path: Path) -> None:
    """What an annotation tool exports: images, annotations with x, y, v, a category."""
    names = list(rendered.skeleton.keypoints)
    images = [
        {"id": i, "file_name": f"{i:06d}.jpg", "width": int(w), "height": int(h)}
        for i, (w, h) in enumerate(zip(rendered.width_N, rendered.height_N, strict=True))
    ]
    values_NK3 = np.dstack([rendered.keypoints_NK2, 2 * rendered.visible_NK])
    annotations = [
        {"id": i, "image_id": i, "category_id": 1, "keypoints": values_K3.ravel().tolist()}
        for i, values_K3 in enumerate(values_NK3.astype(float))
    ]
    person = {"id": 1, "name": "person", "keypoints": names}
    document = {"images": images, "annotations": annotations, "categories": [person]}
    path.write_text(json.dumps(document))


def write_csv(path: Path) -> None:
    """One pose a line: the image, its size, and NAME_x and NAME_y of every keypoint."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        points = [f"{name}_{axis}" for name in NAMES for axis in "xy"]
        writer.writerow(["image", "width", "height", *points])
        for i, points_K2 in enumerate(photographed.keypoints_NK2):
            size = photographed.width_N[i], photographed.height_N[i]
            writer.writerow([f"{i:04d}.jpg", *size, *points_K2.ravel().tolist()])


def write_names(path: Path) -> None:
    """Which keypoint of body16 is which of theirs; pelvis is the mean of the hips."""
    pairs = zip(photographed.skeleton.keypoints, NAMES, strict=True)
    lines = [f'{name} = ["{theirs}"]' for name, theirs in pairs if name != "pelvis"]
    means = '[means]\npelvis = ["hip R", "hip L"]'
    path.write_text("\n".join(["[synonyms]", *lines, means]))


with tempfile.TemporaryDirectory() as folder:
    write_coco(Path(folder, "people.json"))
    write_csv(Path(folder, "labels.csv"))
    write_names(Path(folder, "names.toml"))

    source = ps.read(f"coco:{folder}/people.json,skeleton=body16")
    own = ps.read(f"csv:{folder}/labels.csv")
    target = ps.read(f"csv:{folder}/labels.csv,as=body16,map={folder}/names.toml")

print(
    f"{len(source)} poses from COCO; {len(own)} from the CSV, called {own.skeleton.keypoints[0]} .."
)
for line in target.problems:
    print(f"as {target.skeleton.name}: {line.partition(': ')[2]}")

scorer = ps.fit_scorer(source, "knn")
difficulty = scorer.score(source)  # (400,), higher = harder
harder = scorer.score(target).mean() / difficulty.mean()
print(f"the CSV's poses are {harder:.1f} times as hard, by the COCO file's measure")

strategy = ps.strategy("hard-mining", difficulty)
sampler = ps.StrategySampler(strategy, draws=50 * 32, batch_size=32)
drawn = np.array(list(sampler))
hardest = difficulty >= np.quantile(difficulty, 0.75)
print(f"hard mining draws {hardest[drawn].mean():.0%} from the hardest quarter")
