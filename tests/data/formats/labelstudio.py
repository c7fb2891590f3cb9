"""Write a tiny export of Label Studio, in JSON and in JSON_MIN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.data.formats.csv import JOINTS, write_csv
from tests.data.formats.cvat import box
from tests.datasets import Truth


def write_labelstudio(folder: Path, n: int = 8, form: str = "parents") -> Truth:
    """``export.json`` and ``photos/``; ``path`` is the JSON file.

    Coordinates are percents of the image, from its corner. ``form`` says how keypoints belong to
    rectangles: ``parents``, ``relations``, or ``min`` (JSON_MIN, where they only lie in them).
    """
    truth = write_csv(folder, n)
    truth.path.unlink()
    truth.path = folder / "export.json"
    tasks: list[dict[str, Any]] = []
    for number, name in enumerate(dict.fromkeys(truth.names)):
        rows = [row for row, other in enumerate(truth.names) if other == name]
        regions = [region for row in rows for region in pose(truth, row, form)]
        image = f"/data/upload/1/0a1b2c3d-{name.replace(' ', '%20')}"
        if form == "min":
            of_box = [flat(region) for region in regions if region["type"] == "rectanglelabels"]
            of_point = [flat(region) for region in regions if region["type"] == "keypointlabels"]
            tasks.append({"image": image, "id": number, "kp": of_point, "box": of_box})
            continue
        cancelled = {"id": 7, "result": regions[:1], "was_cancelled": True}
        tasks.append(
            {
                "id": number,
                "annotations": [cancelled, {"id": 8, "result": regions, "was_cancelled": False}],
                "drafts": [],
                "predictions": [],
                "data": {"image": image, "about": "a day"},
                "meta": {},
            }
        )
    truth.path.write_text(json.dumps(tasks))
    return truth


def pose(truth: Truth, row: int, form: str) -> list[dict[str, Any]]:
    width, height = truth.size_N2[row].tolist()
    common = {"original_width": width, "original_height": height, "image_rotation": 0}
    left, top, wide, high = box(truth, row)
    region = {
        **common,
        "value": {
            "x": 100 * left / width,
            "y": 100 * top / height,
            "width": 100 * wide / width,
            "height": 100 * high / height,
            "rotation": 0,
            "rectanglelabels": ["Animal"],
        },
        "id": f"box{row}",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
    }
    found = [region]
    for j, name in enumerate(JOINTS):
        if not truth.visible_NJ[row, j]:
            continue
        x, y = (truth.keypoints_NJ2[row, j] + 0.5).tolist()
        point = {
            **common,
            "value": {
                "x": 100 * x / width,
                "y": 100 * y / height,
                "width": 0.4,
                "keypointlabels": [name],
            },
            "id": f"p{row}.{j}",
            "from_name": "kp",
            "to_name": "image",
            "type": "keypointlabels",
        }
        if form == "parents":
            point["parentID"] = f"box{row}"
        found.append(point)
        if form == "relations":
            ends = {"from_id": point["id"], "to_id": f"box{row}"}
            found.append({"type": "relation", "direction": "right", **ends})
    return found


def flat(region: dict[str, Any]) -> dict[str, Any]:
    """A region as JSON_MIN has it."""
    sizes = {name: region[name] for name in ("original_width", "original_height")}
    return region["value"] | sizes
