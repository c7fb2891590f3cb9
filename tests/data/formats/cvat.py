"""Write a tiny CVAT for images 1.1, as CVAT exports it: skeletons, and points."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from tests.data.formats.csv import JOINTS, write_csv
from tests.datasets import Truth

EDGES = [("left_eye", "nose"), ("right_eye", "nose"), ("nose", "tail")]
AROUND = np.array([-6.0, -6, 12, 12])


def write_cvat(folder: Path, n: int = 8, form: str = "skeletons") -> Truth:
    """``annotations.xml`` and ``images/``; ``path`` is the XML file.

    Coordinates count from the image's corner. The first keypoint, and every third one, is hidden
    behind something; every pose of a skeleton has a rectangle in its group. ``form`` is
    ``skeletons``, ``points`` (four in one element) or ``single`` (an element a keypoint).
    """
    truth = write_csv(folder, n)
    truth.path.unlink()
    (folder / "photos").rename(folder / "images")
    truth.path = folder / "annotations.xml"
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "<version>1.1</version>"]
    lines += ["<meta><job><labels>", *labels(form), "</labels></job></meta>"]
    for number, name in enumerate(dict.fromkeys(truth.names)):
        rows = [row for row, other in enumerate(truth.names) if other == name]
        width, height = truth.size_N2[rows[0]].tolist()
        lines.append(
            f'<image id="{number}" name={quoteattr(name)} width="{width}" height="{height}">'
        )
        for row in rows:
            lines += pose(truth, row, form)
        lines.append("</image>")
    truth.path.write_text("\n".join([*lines, "</annotations>", ""]))
    return truth


def labels(form: str) -> list[str]:
    """What the task says of its labels, the drawing of the skeleton among it."""
    if form != "skeletons":
        names = JOINTS if form == "single" else ("animal",)
        return [f"<label><name>{name}</name><type>points</type></label>" for name in names]
    circles = [
        f'<circle r="0.75" data-type="element node" data-node-id="{j + 1}" '
        f'data-label-name="{name}">'
        for j, name in enumerate(JOINTS)
    ]
    drawn = [
        f'<line data-type="edge" data-node-from="{JOINTS.index(a) + 1}" stroke-width="0.5" '
        f'data-node-to="{JOINTS.index(b) + 1}"></line>'
        for a, b in EDGES
    ]
    svg = escape("".join([*drawn, *circles]))
    parts = [
        f"<label><name>{name}</name><type>points</type><parent>animal</parent></label>"
        for name in JOINTS
    ]
    return [f"<label><name>animal</name><type>skeleton</type><svg>{svg}</svg></label>", *parts]


def pose(truth: Truth, row: int, form: str) -> list[str]:
    points_J2 = truth.keypoints_NJ2[row] + 0.5
    seen_J = truth.visible_NJ[row]
    texts = [f"{x:.4f},{y:.4f}" for x, y in points_J2.tolist()]
    group = f' group_id="{row + 1}"'
    if form == "points":
        return [f'<points label="animal" occluded="0" points="{";".join(texts)}"{group}></points>']
    hidden = [int(j % 3 == 0) for j in range(len(JOINTS))]
    joints = [
        f'<points label="{name}" source="manual" outside="{int(not seen)}" occluded="{hide}" '
        f'points="{text}"{group if form == "single" else ""}></points>'
        for name, seen, hide, text in zip(JOINTS, seen_J.tolist(), hidden, texts, strict=True)
    ]
    if form == "single":
        return joints
    left, top, width, height = box(truth, row)
    return [
        f'<skeleton label="animal" source="manual" occluded="0" z_order="0"{group}>',
        *joints,
        "</skeleton>",
        f'<box label="body" occluded="0" xtl="{left:.4f}" ytl="{top:.4f}" '
        f'xbr="{left + width:.4f}" ybr="{top + height:.4f}"{group}></box>',
    ]


def box(truth: Truth, row: int) -> np.ndarray:
    """Left, top, width, height, 6 px around the visible keypoints."""
    points_J2 = truth.keypoints_NJ2[row][truth.visible_NJ[row]]
    low_2 = points_J2.min(0)
    return AROUND + np.append(low_2, points_J2.max(0) - low_2)
