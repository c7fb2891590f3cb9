"""Pages that are nothing but an explorer, over as many drawn poses as a test wants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.report.conftest import BODY, SIDE, stick_poses

from posesift.poses.angles import joint_angles
from posesift.poses.table import PoseTable
from posesift.report.blocks import Explorer, Page, Section
from posesift.report.explorer.data import explorer_json
from posesift.report.page import render
from posesift.report.pose_sets import UNBINNED, Outcome, PoseSet

RUNS = "document.title = 'hacked'"
HOSTILE = [
    f'<img src=x onerror="{RUNS}">',
    f"</script><script>{RUNS}</script>",
    f"\"quoted\" 'names' & {RUNS} &lt;b&gt;",
    "\u202egpj.exe \u05e9\u05dc\u05d5\u05dd",
    "javascript:" + RUNS,
]
MODELS = ["Source only", f"<b onclick='{RUNS}'>ours</b>"]


def pose_set(
    which: str, n: int, k: int, seed: int, *, names: bool = True, hidden: float = 0.04
) -> PoseSet:
    """Stick figures with scores, bins, hidden joints, hostile names; outcomes for a target."""
    rng = np.random.default_rng(seed)
    wild_N = rng.beta(1.2, 4.0, n)
    visible_NK = rng.random((n, 16)) > hidden
    visible_NK[: n // 2, 10] = True  # the right wrist is hidden in the second half alone
    keypoints_NK2 = stick_poses(n, wild_N, seed).astype(np.float32)
    modes = np.array(["stand", "walk", *HOSTILE[:2]], dtype=object)
    files = [f"{HOSTILE[i % 5]} {i}.png" for i in range(n)] if names else None
    table = PoseTable(
        skeleton=BODY,
        keypoints_NK2=keypoints_NK2,
        visible_NK=visible_NK,
        width_N=np.full(n, SIDE, np.int32),
        height_N=np.full(n, SIDE, np.int32),
        image_N=None if files is None else np.array(files, dtype=object),
        root="/nowhere",
        mode_N=modes[rng.integers(0, 4, n)],
        clip_N=np.array([f"clip {i % 120} {HOSTILE[i % 5]}" for i in range(n)], dtype=object),
    )
    score_N = np.exp(3 * wild_N) * (1.3 if which == "target" else 1.0)
    edges = np.quantile(np.exp(3 * np.random.default_rng(0).beta(1.2, 4.0, 4000)), _shares(k))
    bin_N = np.clip(np.searchsorted(edges, score_N, side="right") - 1, 0, k - 1)
    score_N[-1], bin_N[-1] = np.nan, UNBINNED
    outcomes = []
    if which == "target":
        for skill, label in enumerate(MODELS):
            pck_N = np.clip(100 - 60 * wild_N + 10 * skill + rng.normal(0, 8, n), 0, 100)
            outcomes.append(Outcome(label, pck_N, np.where(rng.random(n) < 0.1, np.nan, pck_N / 2)))
    return PoseSet(
        which=which,
        title=f"{which} poses",
        table=table,
        row_N=np.arange(n) + 1000,
        score_N=score_N,
        bin_N=bin_N.astype(np.int64),
        edges=edges,
        scored_by="elbo",
        angles_NA=joint_angles(table.keypoints_NK2, visible_NK, BODY.triplets),
        outcomes=outcomes,
    )


def _shares(k: int) -> np.ndarray:
    return np.linspace(0, 1, k + 1)


def similarity(k: int) -> dict:
    """A matrix as ``summary.json`` has it; one of its cells is undefined."""
    matrix = np.exp(-np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / 4).tolist()
    matrix[0][-1] = None
    return {"matrix": matrix}


def write_page(path: Path, *sets: PoseSet, k: int, covered_N: np.ndarray | None = None) -> Path:
    """A page over one set, or over source and target."""
    source = next((one for one in sets if one.which == "source"), None)
    target = next((one for one in sets if one.which == "target"), None)
    data = explorer_json(source, target, similarity(k) if source else None, covered_N)
    section = Section("explore", "Look", "A lead.", [Explorer(data, "Without a script: nothing.")])
    page = Page("Score", "Poses", "Lede.", [], [], "", [], [], [], [section])
    path.write_text(render(page), encoding="utf-8")
    return path
