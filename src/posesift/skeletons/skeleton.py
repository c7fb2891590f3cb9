"""What a skeleton is: keypoints, limbs, mirror pairs, reporting groups, angle triplets; its TOML.

The built-in skeletons are the TOML files beside this one. The path of a file of your own is
accepted wherever a skeleton is named.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from posesift import documents, spelling, storage
from posesift.skeletons.sides import mirror_pairs, same_side, unexchanged

_FOLDER = Path(__file__).parent
_PALETTE = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B7280")

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SHOWN = 12  # entries of a list in a message
_MANY = 10_000  # keypoints, limbs, angles: more is no skeleton


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
        return json.dumps(to_document(self), separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Skeleton:
        """Return the skeleton that `to_json` wrote.

        >>> from posesift.skeletons import load
        >>> Skeleton.from_json(load("hand21").to_json()) == load("hand21")
        True
        """
        where = "the stored skeleton"
        return from_document(documents.from_json(text, Any, where), where)


class _Limb(msgspec.Struct, forbid_unknown_fields=True):
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    length: float | None = None
    colour: str | None = None


class _Angle(msgspec.Struct, forbid_unknown_fields=True):
    at: list[str]
    name: str | None = None
    mean: float | None = None
    spread: float | None = None


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    keypoints: list[str]
    limbs: list[_Limb]
    mirror: list[list[str]] | None = None
    torso: list[str] = []
    groups: dict[str, list[str]] = {}
    angles: list[_Angle] = []


def names() -> list[str]:
    """Return the built-in skeletons.

    >>> names()
    ['animal14', 'animal18', 'ap10k17', 'body16', 'coco17', 'hand21']
    """
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str | Path) -> Skeleton:
    """Return a built-in skeleton by name, or one of your own by the path of its TOML file.

    >>> body = load("body16")
    >>> len(body), body.keypoints[body.limbs[0][0]], body.groups["elbow"]
    (16, 'right_ankle', (11, 14))

    Raises:
        ValueError: no such name or file, or a mistake in the file; the message says which entry
            is wrong and what was expected there.
    """
    path = _FOLDER / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
        if path.suffix != ".toml":
            close = spelling.meant(str(name), names())
            hint = f" (did you mean {close!r}?)" if close else ""
            raise ValueError(
                f"unknown skeleton {str(name)!r}{hint}; expected one of {', '.join(names())}, "
                "or the path of a .toml file"
            )
        if not path.is_file():
            raise ValueError(f"expected a skeleton file at {path}, found none")
    return from_document(read_toml(path), str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises:
        ValueError: it is not valid; the message says where.
    """
    return documents.from_toml(storage.read_text(path, "a TOML file"), str(path))


def from_document(document: Any, where: str) -> Skeleton:
    """Check a TOML document and make names into indices."""

    def wrong(entry: str, expected: str, found: Any) -> ValueError:
        return ValueError(f"{where}: {entry}: expected {expected}, found {found!r}")

    given = documents.converted(document, _Document, where)
    keypoints = tuple(given.keypoints)
    if not 3 <= len(keypoints) <= _MANY or not all(keypoints):
        raise wrong("keypoints", "at least 3 names", list(keypoints[:_SHOWN]))
    if repeated := [name for name, times in Counter(keypoints).items() if times > 1]:
        raise wrong("keypoints", "every name once", f"{sorted(repeated)} repeated")
    number = {name: index for index, name in enumerate(keypoints)}

    def index(name: str, entry: str) -> int:
        if name not in number:
            close = spelling.meant(name, same_side(name, keypoints))
            hint = f" (is it {close!r}?)" if close else ""
            raise wrong(entry, f"the name of a keypoint{hint}", name)
        return number[name]

    def indices(members: list[str], entry: str, count: int | None = None) -> tuple[int, ...]:
        if count and len(members) != count:
            raise wrong(entry, f"a list of {count} names", members[:_SHOWN])
        found = tuple(index(member, entry) for member in members)
        if len(set(found)) < len(found):
            raise wrong(entry, "different keypoints", members[:_SHOWN])
        return found

    mirror = list(range(len(keypoints)))
    for row, pair in enumerate(given.mirror or []):
        one, other = indices(pair, f"mirror[{row}]", 2)
        if mirror[one] != one or mirror[other] != other:
            raise wrong(f"mirror[{row}]", "each keypoint in at most one pair", pair)
        mirror[one], mirror[other] = other, one
    if given.mirror != []:  # [] says that there are none
        mirror = with_sides(mirror, keypoints)

    limbs, lengths, colours = [], [], []
    for row, limb in enumerate(given.limbs):
        entry = f"limbs[{row}]"
        limbs.append(indices([limb.start, limb.end], entry, 2))
        if limb.length is not None and not 0 < limb.length < math.inf:
            raise wrong(f"{entry}.length", "a positive number", limb.length)
        lengths.append(limb.length)
        colour = _PALETTE[row % len(_PALETTE)] if limb.colour is None else limb.colour
        if not _COLOUR.fullmatch(colour):
            raise wrong(f"{entry}.colour", "a colour like '#D55E00'", colour)
        colours.append(colour)
    if not 1 <= len(limbs) <= _MANY:
        raise wrong("limbs", "at least one limb", len(limbs))
    known = [length is not None for length in lengths]
    if any(known) and not all(known):
        raise wrong("limbs", "a length for every limb or for none", f"{sum(known)} of {len(known)}")

    groups = {name: indices(members, f"groups.{name}") for name, members in given.groups.items()}
    headline = groups.pop("all", tuple(range(len(keypoints))))
    groups["all"] = headline  # last, whatever its place in the file
    if empty := [name for name, members in groups.items() if not members]:
        raise wrong(f"groups.{empty[0]}", "at least one keypoint", [])

    triplets, angle_names = [], []
    means, spreads = ([getattr(a, name) for a in given.angles] for name in ("mean", "spread"))
    for row, angle in enumerate(given.angles):
        entry = f"angles[{row}]"
        triplets.append(indices(angle.at, f"{entry}.at", 3))
        angle_names.append(keypoints[triplets[-1][1]] if angle.name is None else angle.name)
        for field, value in (("mean", angle.mean), ("spread", angle.spread)):
            if value is not None and not 0 < value <= 180:
                raise wrong(f"{entry}.{field}", "degrees above 0, at most 180", value)
    stated = [value is not None for value in means + spreads]
    if any(stated) and not all(stated):
        raise wrong(
            "angles", "mean and spread for every angle or for none", f"{sum(stated)} values"
        )

    angle_groups: dict[str, tuple[int, ...]] = {}
    for row, (_, vertex, _) in enumerate(triplets):
        owner = next(
            (name for name, members in groups.items() if name != "all" and vertex in members),
            keypoints[vertex].replace("_", " "),
        )
        angle_groups[owner] = (*angle_groups.get(owner, ()), row)

    return Skeleton(
        name=given.name,
        keypoints=keypoints,
        limbs=tuple(limbs),
        limb_lengths=tuple(map(float, lengths)) if all(known) else None,
        mirror=tuple(mirror),
        groups=groups,
        torso=indices(given.torso, "torso") or tuple(range(len(keypoints))),
        triplets=tuple(triplets),
        angle_names=tuple(angle_names),
        angle_groups=angle_groups,
        angle_mean_deg=tuple(map(float, means)) if means and all(stated) else None,
        angle_spread_deg=tuple(map(float, spreads)) if spreads and all(stated) else None,
        colours=tuple(colours),
    )


def with_sides(mirror: list[int], keypoints: tuple[str, ...]) -> list[int]:
    """Return the permutation of a flip, with the pairs that the names tell; none if a side is left.

    A flip that leaves a left keypoint called left would teach it on the right one.

    >>> with_sides([0, 1, 2], ("nose", "L_ear", "R_ear")), with_sides([1, 0, 2], ("a", "b", "l_c"))
    ([0, 2, 1], [0, 1, 2])
    """
    mirror = list(mirror)
    for one, other in mirror_pairs(keypoints):
        if mirror[one] == one and mirror[other] == other:
            mirror[one], mirror[other] = other, one
    return list(range(len(mirror))) if unexchanged(keypoints, mirror) else mirror


def to_document(skeleton: Skeleton) -> dict[str, Any]:
    """Return the inverse of `from_document`."""
    named = skeleton.keypoints
    lengths = skeleton.limb_lengths or (None,) * len(skeleton.limbs)
    means = skeleton.angle_mean_deg or (None,) * len(skeleton.triplets)
    spreads = skeleton.angle_spread_deg or (None,) * len(skeleton.triplets)
    return {
        "name": skeleton.name,
        "keypoints": list(named),
        "mirror": [[named[i], named[j]] for i, j in enumerate(skeleton.mirror) if i < j],
        "torso": [named[i] for i in skeleton.torso],
        "limbs": [
            {"from": named[i], "to": named[j], "colour": colour}
            | ({} if length is None else {"length": length})
            for (i, j), length, colour in zip(
                skeleton.limbs, lengths, skeleton.colours, strict=True
            )
        ],
        "angles": [
            {"name": name, "at": [named[i] for i in triplet]}
            | ({} if mean is None else {"mean": mean, "spread": spread})
            for name, triplet, mean, spread in zip(
                skeleton.angle_names, skeleton.triplets, means, spreads, strict=True
            )
        ],
        "groups": {name: [named[i] for i in members] for name, members in skeleton.groups.items()},
    }
