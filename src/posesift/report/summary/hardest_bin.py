"""What the hardest bin holds, by what the data name and by clip.

N samples.
"""

from __future__ import annotations

import numpy as np

from posesift.report.pose_sets import PoseSet
from posesift.report.wording import count, listed, number, shortened, spoken

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
