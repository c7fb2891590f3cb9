"""From one skeleton to another, by the names of keypoints.

What both name is taken; what the target lacks is dropped; what the source lacks is computed where
``correspondences/keypoints.toml`` says how, and is invisible otherwise.

Legend: N samples, J keypoints of the source, K keypoints of the target, 2 = (x, y).
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posesift.skeletons.document import names
from posesift.skeletons.skeleton import Skeleton

_TABLE = Path(__file__).parent / "correspondences" / "keypoints.toml"


@dataclass(frozen=True)
class Mapping:
    """Where each keypoint of ``target`` is found in ``source``.

    Attributes:
        source: what the data have.
        target: what is wanted.
        parts: for each of the K keypoints the indices of those whose mean it is; one for a
            keypoint that is there, none for one that is not.
        computed: of the K, those that the data do not have themselves.
    """

    source: Skeleton
    target: Skeleton
    parts: tuple[tuple[int, ...], ...]
    computed: tuple[int, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the target that the source does not give."""
        return tuple(
            name for name, part in zip(self.target.keypoints, self.parts, strict=True) if not part
        )

    def move(
        self, keypoints_NJ2: NDArray[np.floating], visible_NJ: NDArray[np.bool_]
    ) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """keypoints_NK2 and visible_NK; a mean is visible where all of its parts are."""
        keypoints_NK2 = np.zeros(
            (len(keypoints_NJ2), len(self.target), 2), np.asarray(keypoints_NJ2).dtype
        )
        visible_NK = np.zeros(keypoints_NK2.shape[:2], bool)
        for k, part in enumerate(self.parts):
            if part:
                keypoints_NK2[:, k] = keypoints_NJ2[:, part].mean(1)
                visible_NK[:, k] = visible_NJ[:, part].all(1)
        return np.where(visible_NK[..., None], keypoints_NK2, 0), visible_NK

    def any(self, flags_NJ: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """flags_NK: whether any part of a keypoint has the flag (say, is occluded)."""
        return np.stack([flags_NJ[:, part].any(1) for part in self.parts], 1)

    def describe(self) -> list[str]:
        """One line each for what is computed, what is missing and what is dropped."""
        wanted, given = self.target.keypoints, self.source.keypoints
        used = {j for part in self.parts for j in part}
        means = [
            f"{wanted[k]} (mean of {', '.join(given[j] for j in self.parts[k])})"
            for k in self.computed
        ]
        dropped = [name for j, name in enumerate(given) if j not in used]
        kinds = {
            "computed": means,
            "never visible, for the data lack them": self.missing,
            "dropped": [] if self.source.same_as(self.target) else dropped,
        }
        return [
            f"as {self.target.name}: {what}: {', '.join(items)}"
            for what, items in kinds.items()
            if items
        ]


def mapping(source: Skeleton, target: Skeleton, absent: Collection[str] = ()) -> Mapping:
    """The mapping of ``source`` to ``target``.

    Args:
        source: what the data have.
        target: what is wanted.
        absent: keypoints of the source that the data never show; they are computed where that
            is known, as if the source lacked them.

    Raises:
        ValueError: nothing of the target is found in the source.

    >>> from posesift.skeletons import load
    >>> to_body = mapping(load("coco17"), load("body16"))
    >>> to_body.parts[:7]  # right ankle, knee, hip, left hip, knee, ankle; pelvis of two hips
    ((16,), (14,), (12,), (11,), (13,), (15,), (12, 11))
    >>> to_body.missing
    ('upper_neck', 'head_top')
    """
    synonyms, means = _correspondences()

    def known(name: str) -> str:
        return synonyms.get(plain(name), plain(name))

    lacking = {plain(name) for name in absent}
    given = {
        plain(name): j for j, name in enumerate(source.keypoints) if plain(name) not in lacking
    }
    place = {known(name): j for name, j in given.items()} | given  # its own name before a synonym
    parts: list[tuple[int, ...]] = []
    computed = []
    for k, keypoint in enumerate(target.keypoints):
        name = known(keypoint)
        needed = means.get(name, ())
        if name in place:
            parts.append((place[name],))
        elif needed and all(part in place for part in needed):
            parts.append(tuple(place[part] for part in needed))
            computed.append(k)
        else:
            parts.append(())
    if not any(parts):
        raise ValueError(
            f"no keypoint of {target.name} is found in {source.name}: "
            f"{source.difference(target)}; data of another kind of body cannot be mapped"
        )
    return Mapping(source, target, tuple(parts), tuple(computed))


def mismatch(found: Skeleton, wanted: Skeleton) -> str:
    """What to say of data of ``found`` where ``wanted`` is needed: the difference, and a way out.

    >>> from posesift.skeletons import load
    >>> mismatch(load("coco17"), load("body16")).split("; ")[-1]
    'add as=body16 to the address of the data to map the keypoints by their names'
    """
    text = wanted.difference(found)
    try:
        mapping(found, wanted)
    except ValueError:
        return text
    name = wanted.name if wanted.name in names() else f"FILE (the .toml file of {wanted.name})"
    return f"{text}; add as={name} to the address of the data to map the keypoints by their names"


def plain(name: str) -> str:
    """A keypoint's name as it is compared: ``"Left Wrist"`` is ``left_wrist``."""
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


@functools.cache
def _correspondences() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Synonym to name, and name to the keypoints whose mean it is."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    synonyms = {other: name for name, others in table["synonyms"].items() for other in others}
    return synonyms, {name: tuple(parts) for name, parts in table["means"].items()}
