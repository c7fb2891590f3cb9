"""From one skeleton to another, by the names of keypoints.

What both name is taken; what the target lacks is dropped; what the source lacks is computed where
``correspondences/keypoints.toml`` says how, and is invisible otherwise.

Legend: N samples, J keypoints of the source, K keypoints of the target, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesift import spelling
from posesift.skeletons.sides import all_sided
from posesift.skeletons.skeleton import Skeleton, names
from posesift.skeletons.synonyms import Synonyms, built_in, plain


@dataclass(frozen=True)
class Mapping:
    """Where each keypoint of ``target`` is found in ``source``.

    Attributes:
        source: what the data have.
        target: what is wanted.
        parts: for each of the K keypoints the indices of those whose mean it is; one for a
            keypoint that is there, none for one that is not.
        computed: of the K, those that the data do not have themselves.
        unshown: names in ``source`` that no pose of the data shows.
        unlabelled: names in ``target`` that the data name and no pose shows; they are missing.
    """

    source: Skeleton
    target: Skeleton
    parts: tuple[tuple[int, ...], ...]
    computed: tuple[int, ...]
    unshown: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()

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
        """One line each for what is computed, what is missing and what is dropped.

        A keypoint that the data name and no pose shows is not dropped: there is nothing of it.
        """
        wanted, given = self.target.keypoints, self.source.keypoints
        used = {j for part in self.parts for j in part}
        means = [
            f"{wanted[k]} (mean of {', '.join(given[j] for j in self.parts[k])})"
            for k in self.computed
        ]
        dropped = [n for j, n in enumerate(given) if j not in used and n not in self.unshown]
        kinds = {
            "computed": means,
            "never visible, for the data lack them": [
                name for name in self.missing if name not in self.unlabelled
            ],
            "never visible, for no pose of the data shows them": self.unlabelled,
            "dropped": [] if self.source.same_as(self.target) else dropped,
        }
        return [
            f"as {self.target.name}: {what}: {', '.join(items)}"
            for what, items in kinds.items()
            if items
        ]


def mapping(
    source: Skeleton,
    target: Skeleton,
    absent: Collection[str] = (),
    own: Synonyms | None = None,
) -> Mapping:
    """Return the mapping of ``source`` to ``target``.

    Args:
        source: what the data have.
        target: what is wanted.
        absent: keypoints of the source that the data never show; they are computed where that
            is known, as if the source lacked them.
        own: a table of names that comes before the names themselves and the built-in table.

    Raises:
        ValueError: nothing of the target is found in the source, or ``own`` names a keypoint
            that neither has.

    >>> from posesift.skeletons import load
    >>> to_body = mapping(load("coco17"), load("body16"))
    >>> to_body.parts[:7]  # right ankle, knee, hip, left hip, knee, ankle; pelvis of two hips
    ((16,), (14,), (12,), (11,), (13,), (15,), (12, 11))
    >>> to_body.missing
    ('upper_neck', 'head_top')
    """
    usual = built_in()
    key_of = {
        name: one.key
        for skeleton in (source, target)
        for name, one in zip(skeleton.keypoints, all_sided(skeleton.keypoints), strict=True)
    }

    def known(name: str) -> str:
        key = key_of.get(name, plain(name))
        return usual.names.get(key, key)

    def own_name(name: str) -> str:
        """Return what one's own table calls a keypoint of the source; "" where it says nothing."""
        theirs = {} if own is None else own.names
        return theirs.get(key_of[name]) or theirs.get(plain(name)) or ""

    lacking = {key_of.get(name, plain(name)) for name in absent}
    given = {
        key_of[name]: j for j, name in enumerate(source.keypoints) if key_of[name] not in lacking
    }
    place = {known(name): j for name, j in given.items()}
    place |= {plain(name): given[key] for name, key in key_of.items() if key in given}
    place |= given  # its own name before a synonym
    stated: dict[str, tuple[str, ...]] = {}
    if own is not None:
        _checked(own, source, target, known)
        called = {own_name(name): key_of[name] for name in source.keypoints}
        place |= {known(name): given[key] for name, key in called.items() if name and key in given}
        stated = {known(name): parts for name, parts in own.means.items()}

    def at(names: Collection[str]) -> tuple[int, ...]:
        """Places of all of these, or of none."""
        found = [place.get(name, place.get(known(name))) for name in names]
        return tuple(j for j in found if j is not None) if None not in found else ()

    parts: list[tuple[int, ...]] = []
    computed = []
    for k, keypoint in enumerate(target.keypoints):
        name = known(keypoint)
        mean = at(stated.get(name, ()))
        itself = () if mean else at([name])
        part = mean or itself or at(usual.means.get(name, ()))
        if part and not itself:
            computed.append(k)
        parts.append(part)
    if not any(parts):
        raise ValueError(
            f"no keypoint of {target.name} is found in {source.name}: "
            f"{source.difference(target)}; data of another kind of body cannot be mapped"
        )
    unshown = tuple(name for name in source.keypoints if key_of[name] in lacking)
    called = {known(name) for name in unshown}
    called |= {known(other) for name in unshown if (other := own_name(name))}
    unlabelled = tuple(
        name
        for name, part in zip(target.keypoints, parts, strict=True)
        if not part and known(name) in called
    )
    return Mapping(source, target, tuple(parts), tuple(computed), unshown, unlabelled)


def mismatch(found: Skeleton, wanted: Skeleton) -> str:
    """Say how data of ``found`` differ from ``wanted``, which is needed, and what to do.

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


def _checked(
    own: Synonyms, source: Skeleton, target: Skeleton, known: Callable[[str], str]
) -> None:
    """Refuse a table that names a keypoint which is nowhere: it would do nothing, silently."""
    given, wanted = (
        {plain(name) for name in skeleton.keypoints}
        | {one.key for one in all_sided(skeleton.keypoints)}
        for skeleton in (source, target)
    )
    parts = {part for others in own.means.values() for part in others}
    others_of: dict[str, list[str]] = {}
    for other, name in own.names.items():
        others_of.setdefault(name, []).append(other)

    def refuse(entry: str, name: str, skeleton: Skeleton, there: Collection[str]) -> None:
        close = spelling.meant(name, there)
        raise ValueError(
            f"{own.where}: {entry}: expected a keypoint of {skeleton.name}, found {name!r}"
            + (f" (is it {close!r}?)" if close else f"; it has {', '.join(skeleton.keypoints)}")
        )

    meant = {known(name) for name in wanted} | parts
    for title, entries in (("synonyms", others_of), ("means", own.means)):
        for name in entries:
            if known(name) not in meant and name not in meant:
                refuse(title, name, target, wanted)
    for name, others in others_of.items():
        if not given & set(others):
            refuse(f"synonyms.{name}", others[0], source, given)
    for name, others in own.means.items():
        for part in others:
            if part not in given | set(others_of) | {known(g) for g in given}:
                refuse(f"means.{name}", part, source, given)
