"""The table that sets the VAE's scores beside scores without a network."""

from __future__ import annotations

import math
from typing import Any

from posesift.report.blocks import Cell, Row, Table
from posesift.report.outcome.tables import ties
from posesift.report.wording import number

VAE = ("elbo", "reconstruction")
NAMES = {
    "elbo": "VAE, elbo",
    "reconstruction": "VAE, reconstruction",
    "mean-distance": "distance to the mean pose",
    "pca": "PCA residual",
    "knn": "k-NN distance",
}


def scorers(summary: dict[str, Any]) -> Table | None:
    """What each score finds, and whether it repeats; None where nothing was measured."""
    found = summary.get("rare_mode_auc") or {}
    repeats = summary.get("agreement") or {}
    alike = summary.get("rank_correlation_with_default") or {}
    names = list(dict.fromkeys([*found, *repeats, *alike]))
    if not names:
        return None
    method = summary["method"]
    best = max((v for v in found.values() if v is not None and math.isfinite(v)), default=None)
    rows = []
    for name in names:
        itself = name == method
        cells = []
        if found:
            auc = found.get(name)
            cells.append(Cell(number(auc, 2), best=ties(auc, best, 2)))
        if repeats:
            cells.append(Cell(number(repeats.get(name), 2)))
        if alike:
            cells.append(Cell("itself" if itself else number(alike.get(name), 2)))
        shown = NAMES.get(name, name) + " (used here)" * itself
        rows.append(Row(shown, cells, "arm" if itself else "baseline"))
    columns = ["rare modes (AUC)"] * bool(found) + ["two fits agree"] * bool(repeats)
    columns += [f"like {method}"] * bool(alike)
    told = [
        "Rare modes: how well a score tells them from common ones (0.5 = not at all, 1 = "
        "perfectly)." * bool(found),
        "Two fits agree: rank correlation of fits with different seeds." * bool(repeats),
        f"Like {method}: rank correlation with the score in use." * bool(alike),
        "Reconstruction is the score as first proposed." * ("reconstruction" in names),
        "Only the VAE's scores need a network." * any(name not in VAE for name in names),
    ]
    return Table(
        title="Scorers side by side",
        corner="score",
        columns=columns,
        rows=rows,
        caption=" ".join(part for part in told if part),
    )
