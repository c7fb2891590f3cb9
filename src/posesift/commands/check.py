"""``posesift check DATA``: is this data what it should be?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from posesift.commands.flags import number, table_text

SHOWN = 20  # problems printed; --json has all
MOST_BAD = 0.05  # share of samples without a readable image that can be trained around


@dataclass(kw_only=True)
class Check:
    """Count, validate and show a data set: images, keypoints, and a contact sheet."""

    data: Annotated[str, tyro.conf.Positional]
    """Data address, for instance lspet:/data/lspet or coco:ann.json,images=img,skeleton=coco17."""
    sheet: Path = Path("contact-sheet.jpg")
    """Where the contact sheet with skeletons goes."""
    json: bool = False
    """Print the findings as JSON."""

    def run(self) -> None:
        """Print the findings.

        Raises:
            ValueError: the data cannot be trained on.
        """
        from posesift.data.checking import check, contact_sheet
        from posesift.data.readers import read

        table = read(self.data)
        found = check(table)
        if self.json:
            print(json.dumps(found, allow_nan=False))
        else:
            print(describe(found))
        contact_sheet(table, self.sheet)
        if not self.json:
            print(f"Contact sheet: {self.sheet}")
        if found["problems"] and found["bad_images"] > MOST_BAD * max(found["samples"], 1):
            raise ValueError(
                f"{found['bad_images']} of {found['samples']} samples have no readable image; "
                "this cannot be trained on. Mend or leave out the files listed above"
            )


def describe(found: dict[str, Any]) -> str:
    """The findings of `posesift.data.checking.check` as text."""
    lines = [
        f"{found['samples']} samples of {found['skeleton']}, {found['images']} images, "
        f"boxes from {found['boxes_from']}",
    ]
    for key, what in (("keypoints_per_sample", "visible keypoints"), ("image_side", "image side")):
        if spread := found[key]:
            low, middle, high = spread["least"], spread["median"], spread["greatest"]
            lines.append(f"{what}: {low:g} to {high:g}, median {middle:g}")
    rows = [[name, number(share)] for name, share in found["visible_percent"].items()]
    lines += ["", table_text(rows, ["keypoint", "visible %"]), ""]
    if found["occluded_percent"] is not None:
        lines.append(f"occluded but labelled: {found['occluded_percent']:.1f} % of visible joints")
    if found["never_visible"]:
        lines.append("never visible: " + ", ".join(found["never_visible"]))
    if found["without_labels"]:
        lines.append(f"samples without a visible keypoint: {found['without_labels']}")
    problems = found["problems"]
    lines += [f"problem: {line}" for line in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"... and {len(problems) - SHOWN} more (see --json)")
    lines.append("Nothing is wrong." if found["ok"] else f"{len(problems)} problems.")
    return "\n".join(lines)
