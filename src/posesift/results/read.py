"""Opening a result, whichever of the three kinds it is."""

from __future__ import annotations

from pathlib import Path

from posesift.results.comparison import COMPARISON, Comparison, read_comparison
from posesift.results.run import EVALUATION, Run, read_run
from posesift.results.score import SUMMARY, Score, read_score


def read(folder: str | Path) -> Score | Run | Comparison:
    """Read the result in ``folder``, whichever of the three kinds it is.

    Raises:
        ValueError: there is no such folder, it holds none of the three, or a file in it is
            missing, broken, or lacks something.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"expected a folder with a result at {folder}, found no folder there")
    if (folder / COMPARISON).is_file():
        return read_comparison(folder)
    if (folder / EVALUATION).is_file():
        return read_run(folder)
    if (folder / SUMMARY).is_file():
        return read_score(folder)
    found = ", ".join(sorted(item.name for item in folder.iterdir())[:6]) or "nothing"
    raise ValueError(
        f"{folder} is no result that a report can be made of: expected summary.json (a score), "
        f"evaluation.json (a run) or comparison.json (a comparison), found {found}; "
        "give a folder that `posesift score`, `train`, `evaluate` or `demo` has finished"
    )
