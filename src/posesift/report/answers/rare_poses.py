"""Which poses are rare in the source, in words and pictures.

A built-in world knows which of its modes are rare. Of data nobody does, whatever they name: there
the poses of the source's hardest bin are shown, and it is told what that bin holds.
"""

from __future__ import annotations

import numpy as np

from posesift.poses.table import RARE_SHARE, PoseTable
from posesift.report.blocks import Finding, Picture
from posesift.report.pictures import labelled, of_bin
from posesift.report.pose_sets import PoseSet
from posesift.report.wording import (
    capitalised,
    count,
    listed,
    number,
    ordinal_part,
    percent,
    plural,
    shortened,
    spoken,
)
from posesift.similarity import plane

SHOWN = 6
NAMED = 9  # modes that a sentence lists
_ANGLES = 3
QUESTION = "Which poses are rare in the source?"


def modes_of(table: PoseTable) -> dict[str, float] | None:
    """Give the rare modes of a built-in world with their shares in percent, rarest first.

    Rare in the world's mixture, and by counting too (a flat target holds as much of each); a mode
    that the mixture has but none of its poses shows counts.

    Returns:
        None where nobody knows which modes are rare: names in data are categories, and few rows
        of one do not make its poses rare. Nothing where no mode is rare.
    """
    if table.mode_N is None or table.share is None:
        return None
    counted = _counted(table)
    return _rarest_first(
        {
            mode: counted.get(mode, 0.0)
            for mode, share in table.share.items()
            if share < RARE_SHARE and counted.get(mode, 0.0) < RARE_SHARE
        }
    )


def few_rows(table: PoseTable) -> dict[str, float]:
    """List what data name with less than 3 % of the rows, and those shares in percent.

    Nothing for a world, whose generator knows what is rare, and for data without names.
    """
    if table.mode_N is None or table.share is not None:
        return {}
    few = {mode: share for mode, share in _counted(table).items() if share < RARE_SHARE and mode}
    return _rarest_first(few)


def _counted(table: PoseTable) -> dict[str, float]:
    assert table.mode_N is not None
    names, counts = np.unique(table.mode_N.astype(str), return_counts=True)
    return {str(name): n / len(table) for name, n in zip(names, counts, strict=True)}


def _rarest_first(shares: dict[str, float]) -> dict[str, float]:
    return {mode: 100 * shares[mode] for mode in sorted(shares, key=lambda m: (shares[m], m))}


def rarest(source: PoseSet, target: PoseSet | None) -> Finding | None:
    """Describe the rare poses by name, how few they are, and what they look like.

    Where no mode is rare or none is known, the hardest bin and what it holds; None where that is
    empty or the only one.
    """
    if modes := modes_of(source.table):
        return _by_mode(source, target, modes)
    told = source.k > 1 and (source.bin_N == source.k - 1).any()
    return _by_bin(source, target) if told else None


def _by_mode(source: PoseSet, target: PoseSet | None, modes: dict[str, float]) -> Finding:
    named = [spoken(mode) for mode in modes]
    if len(named) > NAMED + 1:
        named[NAMED:] = [f"{len(named) - NAMED} more"]
    total = sum(modes.values())
    few = f"{number(total)} % of the source"
    if share := _share(target, set(modes)):
        few += f", but {percent(share)} of the target"
    verb = "is" if len(modes) == 1 else "are"
    answer = f"{capitalised(listed(named))} {verb} rare: {'together ' * (len(modes) > 1)}{few}."
    detail = [
        f"Rare: a kind of pose that makes up less than {100 * RARE_SHARE:.0f} % of the source."
    ]
    last_N = source.bin_N == source.k - 1
    assert source.table.mode_N is not None
    rare_N = np.isin(source.table.mode_N.astype(str), list(modes))
    if rare_N.any() and source.k > 1:
        part = f"hardest {ordinal_part(source.k)}" if source.k <= 10 else "hardest bin"
        held = 100 * (rare_N & last_N).sum() / rare_N.sum()
        detail.append(
            f"The {part} by the score holds {percent(held)} of them, without knowing their names."
        )
    return Finding(
        QUESTION, answer, " ".join(detail), pictures=_typical(source, modes), links=_links()
    )


def _by_bin(source: PoseSet, target: PoseSet | None) -> Finding:
    """Of the hardest bin: which joints are bent otherwise, and how much of the target lies there.

    The share of the source says nothing: bins of equal size hold as much by construction.
    """
    inside_N = source.bin_N == source.k - 1
    answer = "By the score, those of the hardest bin"
    if unlike := differing(source.angles_NA[inside_N], source):
        answer += f", whose angles differ most from the source's at {unlike}"
    if target is not None and len(target) and target.binned_as(source.edges):
        theirs = percent(100 * (target.bin_N == source.k - 1).mean())
        answer += f"; {theirs} of the target poses lie there too"
    rows = of_bin(source.bin_N, source.k - 1, SHOWN)
    captions = [[f"bin {source.k}", number(float(source.score_N[row]), 2)] for row in rows]
    named = "The data do not say which poses are rare"
    if source.table.share is not None:
        named = f"By name none is rare: each kind makes up at least {100 * RARE_SHARE:.0f} %"
    drawn = f"{named}; here are {plural(len(rows), 'pose')} of the bin, drawn at random."
    detail, links = [*holds(source), drawn], _links()
    if not source.of_world:
        detail.append("Of labelled photographs, a part of the hardest are mistakes of the labels.")
        links.append(("Look at these labels first", "labels"))
    pictures = _pictures(source, rows, captions)
    return Finding(QUESTION, f"{answer}.", " ".join(detail), pictures=pictures, links=links)


def differing(angles_NA: np.ndarray, source: PoseSet) -> str:
    """Name the joints at which some poses bend most otherwise than the source; "" where none do."""
    shift_A = np.nan_to_num(plane.shift_deg(angles_NA, source.angles_NA))
    most = np.argsort(-shift_A.round(9), kind="stable")[:_ANGLES]
    names = source.table.skeleton.angle_names
    told = [f"{names[a]} ({number(float(shift_A[a]), 0)}°)" for a in most]
    return listed(told) if shift_A.any() else ""


def _links() -> list[tuple[str, str]]:
    return [("The bins in pictures", "bins")]


def _share(target: PoseSet | None, modes: set[str]) -> float | None:
    """Percent of the target that shows these modes."""
    if target is None or target.table.mode_N is None or len(target) == 0:
        return None
    return 100 * float(np.isin(target.table.mode_N.astype(str), list(modes)).mean())


def _typical(source: PoseSet, modes: dict[str, float]) -> list[Picture]:
    """Of the rarest modes the pose with the middle score of its mode."""
    assert source.table.mode_N is not None
    mode_N = source.table.mode_N.astype(str)
    middle = {mode: source.middle(mode_N == mode) for mode in modes}
    shown = [(row, mode) for mode, row in middle.items() if row is not None][:SHOWN]
    captions = [[spoken(mode), f"{number(modes[mode])} %"] for _, mode in shown]
    return _pictures(source, np.array([row for row, _ in shown], np.int64), captions)


def _pictures(of: PoseSet, rows: np.ndarray, captions: list[list[str]]) -> list[Picture]:
    """Small pictures of some poses; skeletons where the images are not available."""
    if len(rows) == 0:
        return []
    said = [(f"Pose of the {of.which}: {', '.join(caption)}", caption) for caption in captions]
    return labelled(of.table, rows, said)[0]


_MODES = 3


def holds(source: PoseSet) -> list[str]:
    """Sentences on the modes and the clips of the hardest bin; none where the data name neither."""
    inside_N = source.bin_N == source.k - 1
    return [
        text
        for text in (_modes(source.table.mode_N, inside_N), _clips(source.table.clip_N, inside_N))
        if text
    ]


def _modes(mode_N: np.ndarray | None, inside_N: np.ndarray) -> str:
    if mode_N is None:
        return ""
    names, code_N = np.unique(mode_N.astype(str), return_inverse=True)
    if len(names) < 2:
        return ""
    here, all_of = (
        np.bincount(codes, minlength=len(names)) for codes in (code_N[inside_N], code_N)
    )
    first = np.argsort(-here, kind="stable")[:_MODES]
    told = [
        f"{shortened(spoken(str(names[i]))) or 'without a name'} {_percent(here, i)} "
        f"(of the source {_percent(all_of, i)})"
        for i in first.tolist()
        if here[i]
    ]
    more = int((here > 0).sum()) - len(told)
    return f"It holds {listed([*told, *([f'{count(more)} more'] if more else [])])}."


def _clips(clip_N: np.ndarray | None, inside_N: np.ndarray) -> str:
    if clip_N is None:
        return ""
    names, code_N = np.unique(clip_N.astype(str), return_inverse=True)
    if len(names) < 2:
        return ""
    here = np.bincount(code_N[inside_N], minlength=len(names))
    top = int(here.argmax())
    return (
        f"Its poses come from {count((here > 0).sum())} of {count(len(names))} clips, "
        f"{_percent(here, top)} of them from {shortened(str(names[top]))}."
    )


def _percent(counts: np.ndarray, i: int) -> str:
    return f"{number(100 * float(counts[i]) / max(int(counts.sum()), 1))} %"
