"""What is lacking as tables: by mode on the page, pose by pose as CSV to compute with.

N target poses that were looked at, A angles, R ranked poses.
"""

from __future__ import annotations

import csv
import io

import numpy as np

from posesift.report.blocks import Cell, Download, Row, Table
from posesift.report.coverage.lacking import Lacking
from posesift.report.summary.rare_poses import spoken
from posesift.report.wording import count, percent

EXPORTED = 500  # rows of the CSV; some 100 kB
LISTED = 20  # modes in the table
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FIRST = ("rank", "row", "file", "mode", "stands_for", "share_reached")
_COLUMNS = (*_FIRST, "nearest_source_deg", "turned_deg", "mirrored", "nearest_source_row")


def by_mode(found: Lacking) -> Table | None:
    """What is lacking by mode, most first; None where the target does not know its modes."""
    if not found.by_mode:
        return None
    source_modes = found.source.table.mode_N
    rendered = None if source_modes is None else source_modes.astype(str)
    rows = []
    for one in found.by_mode[:LISTED]:
        share = percent(100 * one.lacking / one.total)
        cells = [count(one.lacking), count(one.total), share, count(one.only_turned)]
        if rendered is not None:
            cells.append(count((rendered == one.mode).sum()))
        rows.append(Row(spoken(one.mode), [Cell(text) for text in cells]))
    columns = ["lacking", "of", "share", "only turned"]
    left_out = len(found.by_mode) - len(rows)
    return Table(
        title="What is lacking, by mode",
        corner="mode",
        columns=columns if rendered is None else [*columns, "in source"],
        rows=rows,
        caption=(
            "Mode: the kind of pose that the data name. Lacking: target poses without a similar "
            "source pose, of all of this mode. Only turned: lacking poses whose joint angles the "
            "source has, but turned otherwise."
            + (
                " In source: source poses of this mode; a mode may have many and still lack, where "
                "they are other poses."
                if rendered is not None
                else ""
            )
            + (f" {left_out} modes that lack less are left out." if left_out else "")
        ),
    )


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
                _degrees(float(coverage.turned_deg_N[place])),
                int(coverage.mirrored_N[place]) if nearest >= 0 else "",
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
