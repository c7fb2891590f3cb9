"""The poses to render next as a table: on the page, and as CSV to compute with.

N target poses that were looked at, A angles, R ranked poses.
"""

from __future__ import annotations

import csv
import io
from pathlib import PurePosixPath

import numpy as np

from posesift.report.blocks import Cell, Download, Row, Table
from posesift.report.coverage.lacking import Lacking
from posesift.report.summary.rare_poses import spoken
from posesift.report.wording import MISSING, count, number, percent, shortened

EXPORTED = 500  # rows of the CSV; some 100 kB
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FIRST = ("rank", "row", "file", "mode", "stands_for", "share_reached")
_COLUMNS = (*_FIRST, "nearest_source_deg", "nearest_source_row")


def ranked(found: Lacking, shown: int) -> Table:
    """The first poses of the list with their joint angles in degrees."""
    coverage = found.coverage
    rows = []
    for rank, (place, row) in enumerate(zip(coverage.ranked_R[:shown], found.row_R, strict=False)):
        away = float(coverage.nearest_deg_N[place])
        cells = [
            Cell(count(coverage.stands_for_R[rank])),
            Cell(percent(100 * float(coverage.share_reached_R[rank]))),
            Cell(f"{number(away)}°" if np.isfinite(away) else MISSING),
            *(
                Cell(number(float(angle), 0) if np.isfinite(angle) else MISSING)
                for angle in found.angles_NA[row]
            ),
        ]
        rows.append(Row(f"{rank + 1}. {_called(found, int(row))}", cells))
    names = found.target.table.skeleton.angle_names
    return Table(
        title="The same poses as joint angles, in degrees",
        corner="pose",
        columns=["stands for", "reached so far", "nearest source", *names],
        rows=rows,
        caption=(
            "Stands for: lacking target poses within "
            f"{coverage.radius_deg:g}° of this one and of none above it, itself among them. "
            "Reached so far: their share of all lacking poses, added up. "
            f"{MISSING}: undefined, as a joint is not labelled."
        ),
    )


def by_mode(found: Lacking) -> Table | None:
    """What is lacking by mode, most first; None where the target does not know its modes."""
    if found.mode_N is None or not found.coverage.lacking:
        return None
    source_modes = found.source.table.mode_N
    rendered = None if source_modes is None else source_modes.astype(str)
    rows = []
    for mode, lacking, total in modes(found)[:20]:
        cells = [Cell(count(lacking)), Cell(count(total)), Cell(percent(100 * lacking / total))]
        if rendered is not None:
            cells.append(Cell(count((rendered == mode).sum())))
        rows.append(Row(spoken(mode), cells))
    columns = ["lacking", "target poses", "share lacking"]
    return Table(
        title="What is lacking, by mode",
        corner="mode",
        columns=columns if rendered is None else [*columns, "source poses of this mode"],
        rows=rows,
        caption="A mode may have source poses and still lack: they are other poses of that mode.",
    )


def modes(found: Lacking) -> list[tuple[str, int, int]]:
    """Each mode of the target with its lacking poses and all its poses, most lacking first."""
    if found.mode_N is None:
        return []
    names, which_N = np.unique(found.mode_N, return_inverse=True)
    total = np.bincount(which_N, minlength=len(names))
    lacking = np.bincount(which_N[~found.coverage.covered_N], minlength=len(names))
    order = np.argsort(-lacking, kind="stable")
    return [(str(names[i]), int(lacking[i]), int(total[i])) for i in order if lacking[i]]


def download(found: Lacking) -> Download:
    """The list as CSV, most useful pose first; angles in degrees, empty where undefined."""
    coverage, table = found.coverage, found.target.table
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_COLUMNS, *map(harmless, table.skeleton.angle_names)])
    reached_R = coverage.share_reached_R
    places = coverage.ranked_R[:EXPORTED]
    for rank, (place, row) in enumerate(zip(places, found.row_R, strict=False)):
        nearest = int(coverage.nearest_row_N[place])
        writer.writerow(
            [
                rank + 1,
                int(found.target.row_N[row]),
                harmless(str(table.image_N[row])) if table.image_N is not None else "",
                harmless(str(table.mode_N[row])) if table.mode_N is not None else "",
                int(coverage.stands_for_R[rank]),
                f"{reached_R[rank]:.4f}",
                _degrees(float(coverage.nearest_deg_N[place])),
                int(found.source.row_N[nearest]) if nearest >= 0 else "",
                *(_degrees(float(angle)) for angle in found.angles_NA[row]),
            ]
        )
    total = len(coverage.ranked_R)
    what = "all" if total <= EXPORTED else f"the first {count(EXPORTED)} of"
    return Download(
        name="render-next.csv",
        label=f"Save the list as CSV: {what} {count(total)} poses with their joint angles",
        content=buffer.getvalue(),
    )


def harmless(text: str) -> str:
    """A cell of text that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("walk-1.png")
    ("'=1+1", 'walk-1.png')
    """
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def _degrees(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else ""


def _called(found: Lacking, row: int) -> str:
    """What a person would look a pose up by: its mode, else its file, else its row."""
    table = found.target.table
    if table.mode_N is not None:
        return shortened(spoken(str(table.mode_N[row])))
    if table.image_N is not None:
        return shortened(PurePosixPath(str(table.image_N[row])).name)
    return f"row {found.target.row_N[row]}"
