"""What a skeleton is: keypoints, limbs, mirror pairs, reporting groups, angle triplets.

`document.load` reads one from its TOML file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from posesift import documents


@dataclass(frozen=True)
class Skeleton:
    """Keypoints and all that is said by naming them. Indices count from 0.

    Attributes:
        name: ``"body16"`` or whatever the file says.
        keypoints: K names.
        limbs: pairs of keypoint indices, drawn as lines.
        limb_lengths: canonical length of each limb in one common unit, or None: then they are
            estimated from the pose table at hand.
        mirror: permutation of the K keypoints that a left-right flip applies.
        groups: reporting groups, name to keypoint indices; the last, ``"all"``, is the headline.
        torso: keypoints whose mean is a pose's centre.
        triplets: angle triplets, the vertex in the middle.
        angle_names: one name an angle.
        angle_groups: name of the vertex's reporting group to angle indices.
        angle_mean_deg: mean of each angle over a broad mixture of poses, in degrees, or None:
            then taken from the source's pose table.
        angle_spread_deg: standard deviation likewise.
        colours: one ``#rrggbb`` a limb.
    """

    name: str
    keypoints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    limb_lengths: tuple[float, ...] | None
    mirror: tuple[int, ...]
    groups: dict[str, tuple[int, ...]]
    torso: tuple[int, ...]
    triplets: tuple[tuple[int, int, int], ...]
    angle_names: tuple[str, ...]
    angle_groups: dict[str, tuple[int, ...]]
    angle_mean_deg: tuple[float, ...] | None
    angle_spread_deg: tuple[float, ...] | None
    colours: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of keypoints K."""
        return len(self.keypoints)

    def __hash__(self) -> int:
        return hash((self.name, self.keypoints))

    def same_as(self, other: Skeleton) -> bool:
        """Whether both name the same keypoints in the same order."""
        return self.keypoints == other.keypoints

    def difference(self, other: Skeleton) -> str:
        """In words, how the keypoints of two skeletons differ.

        >>> from posesift.skeletons import load
        >>> load("animal14").difference(load("animal18")).split("; ")[1][:33]
        '14 are shared: left_eye, right_ey'
        """
        mine, theirs = set(self.keypoints), set(other.keypoints)
        shared = [name for name in self.keypoints if name in theirs]
        text = (
            f"{self.name} has {len(self)} keypoints and {other.name} has {len(other)}; "
            f"{len(shared) or 'none'} are shared" + (f": {', '.join(shared)}" if shared else "")
        )
        for one, rest in ((self, theirs), (other, mine)):
            if only := [name for name in one.keypoints if name not in rest]:
                text += f"; only in {one.name}: {', '.join(only)}"
        return text

    def to_json(self) -> str:
        """One line of JSON from which `from_json` makes the same skeleton."""
        from posesift.skeletons.document import to_document

        return json.dumps(to_document(self), separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Skeleton:
        """Return the skeleton that `to_json` wrote.

        >>> from posesift.skeletons import load
        >>> Skeleton.from_json(load("hand21").to_json()) == load("hand21")
        True
        """
        from posesift.skeletons.document import from_document

        where = "the stored skeleton"
        return from_document(documents.from_json(text, Any, where), where)
