"""Skeletons as TOML: reading them, and explaining a mistake in one.

The built-in skeletons are the TOML files beside this one. The path of a file of your own is
accepted wherever a skeleton is named.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from posesift import spelling
from posesift.skeletons.skeleton import Skeleton

_FOLDER = Path(__file__).parent
_FIELDS = ("name", "keypoints", "mirror", "torso", "limbs", "groups", "angles")
_PALETTE = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B7280")


def names() -> list[str]:
    """The built-in skeletons.

    >>> names()
    ['animal14', 'animal18', 'ap10k17', 'body16', 'coco17', 'hand21']
    """
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str | Path) -> Skeleton:
    """A built-in skeleton by name, or one of your own by the path of its TOML file.

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
    """What a TOML file says.

    Raises:
        ValueError: it is not valid; the message says where.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from None


def from_document(document: dict[str, Any], where: str) -> Skeleton:
    """Check a TOML document and make names into indices."""

    def wrong(entry: str, expected: str, found: Any) -> ValueError:
        return ValueError(f"{where}: {entry}: expected {expected}, found {found!r}")

    if unknown := set(document) - set(_FIELDS):
        raise wrong("top level", f"only {', '.join(_FIELDS)}", ", ".join(sorted(unknown)))
    for field, kind in (("name", str), ("keypoints", list), ("limbs", list)):
        if not isinstance(document.get(field), kind):
            raise wrong(field, "text" if kind is str else "a list", document.get(field, "nothing"))
    keypoints = tuple(document["keypoints"])
    if len(keypoints) < 3 or any(not isinstance(name, str) or not name for name in keypoints):
        raise wrong("keypoints", "at least 3 names", list(keypoints))
    if repeated := {name for name in keypoints if keypoints.count(name) > 1}:
        raise wrong("keypoints", "every name once", f"{sorted(repeated)} repeated")
    number = {name: index for index, name in enumerate(keypoints)}

    def index(name: Any, entry: str) -> int:
        if not isinstance(name, str) or name not in number:
            close = spelling.meant(str(name), keypoints)
            hint = f" (is it {close!r}?)" if close else ""
            raise wrong(entry, f"the name of a keypoint{hint}", name)
        return number[name]

    def indices(members: Any, entry: str, count: int | None = None) -> tuple[int, ...]:
        if not isinstance(members, list) or (count and len(members) != count):
            raise wrong(entry, f"a list of {count or 'keypoint'} names", members)
        found = tuple(index(member, entry) for member in members)
        if len(set(found)) < len(found):
            raise wrong(entry, "different keypoints", members)
        return found

    mirror = list(range(len(keypoints)))
    for row, pair in enumerate(document.get("mirror", [])):
        one, other = indices(pair, f"mirror[{row}]", 2)
        if mirror[one] != one or mirror[other] != other:
            raise wrong(f"mirror[{row}]", "each keypoint in at most one pair", pair)
        mirror[one], mirror[other] = other, one

    limbs, lengths, colours = [], [], []
    for row, limb in enumerate(document["limbs"]):
        entry = f"limbs[{row}]"
        if not isinstance(limb, dict) or not {"from", "to"} <= set(limb) <= {
            "from",
            "to",
            "length",
            "colour",
        }:
            raise wrong(entry, '{ from = "..", to = ".." } and maybe length and colour', limb)
        limbs.append(indices([limb["from"], limb["to"]], entry, 2))
        length = limb.get("length")
        if length is not None and not (_is_number(length) and length > 0):
            raise wrong(f"{entry}.length", "a positive number", length)
        lengths.append(length)
        colour = limb.get("colour", _PALETTE[row % len(_PALETTE)])
        if not (
            isinstance(colour, str)
            and len(colour) == 7
            and colour[0] == "#"
            and _is_hex(colour[1:])
        ):
            raise wrong(f"{entry}.colour", "a colour like '#D55E00'", colour)
        colours.append(colour)
    if not limbs:
        raise wrong("limbs", "at least one limb", [])
    given = [length is not None for length in lengths]
    if any(given) and not all(given):
        raise wrong("limbs", "a length for every limb or for none", f"{sum(given)} of {len(given)}")

    named = document.get("groups", {})
    if not isinstance(named, dict):
        raise wrong("groups", "a table [groups] of lists of keypoint names", named)
    groups = {name: indices(members, f"groups.{name}") for name, members in named.items()}
    headline = groups.pop("all", tuple(range(len(keypoints))))
    groups["all"] = headline  # last, whatever its place in the file
    if empty := [name for name, members in groups.items() if not members]:
        raise wrong(f"groups.{empty[0]}", "at least one keypoint", [])

    triplets, angle_names, means, spreads = [], [], [], []
    for row, angle in enumerate(document.get("angles", [])):
        entry = f"angles[{row}]"
        if not isinstance(angle, dict) or not {"at"} <= set(angle) <= {
            "name",
            "at",
            "mean",
            "spread",
        }:
            raise wrong(
                entry, '{ at = ["..", "vertex", ".."] } and maybe name, mean, spread', angle
            )
        triplets.append(indices(angle["at"], f"{entry}.at", 3))
        angle_names.append(str(angle.get("name", keypoints[triplets[-1][1]])))
        for field, store in (("mean", means), ("spread", spreads)):
            value = angle.get(field)
            if value is not None and not (_is_number(value) and 0 < value <= 180):
                raise wrong(f"{entry}.{field}", "degrees above 0, at most 180", value)
            store.append(value)
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
        name=document["name"],
        keypoints=keypoints,
        limbs=tuple(limbs),
        limb_lengths=tuple(map(float, lengths)) if all(given) else None,
        mirror=tuple(mirror),
        groups=groups,
        torso=indices(document.get("torso", []), "torso") or tuple(range(len(keypoints))),
        triplets=tuple(triplets),
        angle_names=tuple(angle_names),
        angle_groups=angle_groups,
        angle_mean_deg=tuple(map(float, means)) if means and all(stated) else None,
        angle_spread_deg=tuple(map(float, spreads)) if spreads and all(stated) else None,
        colours=tuple(colours),
    )


def to_document(skeleton: Skeleton) -> dict[str, Any]:
    """The inverse of `from_document`."""
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_hex(text: str) -> bool:
    return all(letter in "0123456789abcdefABCDEF" for letter in text)
