"""What values show of themselves in a notebook: small tables, well formed, escaped, no script."""

from __future__ import annotations

import html.parser
from pathlib import Path

import numpy as np
import pytest
from tests.report.conftest import build_comparison

from posesift import notebook as tables
from posesift import results, skeletons
from posesift.difficulty.scorers import fit
from posesift.evaluation.evaluate import evaluate
from posesift.poses.angles import statistics_of
from posesift.poses.table import PoseTable

EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
MISSING = "–"
TAGS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "span"}


class Shown(html.parser.HTMLParser):
    """Rows of cells, captions, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.tags: set[str] = set()
        self.stack: list[str] = []
        self.bars: list[float] = []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.stack.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "caption":
            self.titles.append("")
        elif tag == "span":
            style = dict(attrs)["style"] or ""
            self.bars.append(float(style.split("width:")[1].split("em")[0]))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "caption" in self.stack:
            self.titles[-1] += data
        elif self.stack[-1:] in (["td"], ["th"]):
            self.rows[-1][-1] += data

    def row(self, name: str) -> list[str]:
        return next(row for row in self.rows if row[0] == name)


def shown(value: object) -> Shown:
    text = value._repr_html_()  # type: ignore[attr-defined]
    found = Shown(text)
    assert found.tags <= TAGS
    assert "color:#" not in text  # the notebook's own colours
    assert "background:#" not in text
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_comparison(tmp_path_factory.mktemp("notebook"), n=60)


@pytest.fixture(scope="module")
def table(folder: Path) -> PoseTable:
    return PoseTable.load(folder / "data/scored/table.parquet")


def test_a_pose_table_counts_its_poses_and_modes(table: PoseTable) -> None:
    found = shown(table)
    assert found.titles == ["Pose table, 400 poses", "Modes"]
    assert found.row("skeleton") == ["skeleton", "body16, 16 keypoints"]
    assert found.row("labelled keypoints")[1] == f"{100 * table.visible_NK.mean():.1f} %"
    assert table.mode_N is not None
    counts = {mode: int((table.mode_N == mode).sum()) for mode in set(table.mode_N)}
    listed = {row[0]: int(row[1]) for row in found.rows if row[0] in counts}
    assert listed == counts
    assert list(listed.values()) == sorted(counts.values(), reverse=True)
    np.testing.assert_allclose(found.bars, [7 * n / max(counts.values()) for n in listed.values()],
                               atol=0.006)  # fmt: skip


def test_a_pose_table_of_nothing_and_of_many_modes(table: PoseTable) -> None:
    assert shown(table.select([])).titles == ["Pose table, 0 poses"]
    many = table.select(np.arange(30))
    many.mode_N = np.array([f"m{i}" for i in range(30)], dtype=object)
    text = many._repr_html_()
    assert "and 10 more" in text
    assert shown(many).row("m0")[1] == "1"


def test_names_are_text(table: PoseTable, folder: Path) -> None:
    evil = table.select(np.arange(5))
    evil.mode_N = np.full(5, EVIL, dtype=object)
    evil.address = EVIL
    found = shown(evil)
    assert found.row(EVIL)[1] == "5"
    assert found.row("address")[1] == EVIL
    opened = results.read(folder)
    assert isinstance(opened, results.Comparison)
    for arm in opened.comparison["arms"]:
        arm["label"] = EVIL
    opened.comparison["title"] = EVIL
    assert shown(opened).titles == [EVIL]
    run = results.read(folder / "cells/uniform/seed0")
    assert isinstance(run, results.Run)
    run.settings["labels"] = {"target": EVIL}
    assert shown(run).row(EVIL)


def test_a_comparison_shows_means_over_its_seeds(folder: Path) -> None:
    opened = results.read(folder)
    assert isinstance(opened, results.Comparison)
    values = [
        cell["sets"]["target"]["pck"]["0.05"]["all"]
        for cell in opened.comparison["cells"]
        if cell["arm"] == "hard-mining"
    ]
    row = shown(opened).row("hard mining")
    assert row[1] == f"{sum(values) / 3:.1f}"
    half = 4.302653 * np.std(values, ddof=1) / np.sqrt(3)  # Student's t, 2 degrees of freedom
    assert row[2] == f"{np.mean(values) - half:.1f} to {np.mean(values) + half:.1f}"
    assert row[3] == "3"


def test_a_run_and_its_figures(folder: Path) -> None:
    run = results.read(folder / "cells/uniform/seed0")
    assert isinstance(run, results.Run)
    found = shown(run)
    for name, entry in run.evaluation["sets"].items():
        assert found.row(name)[2] == f"{entry['pck']['0.05']['all']:.1f}"


def test_scores_show_a_row_a_bin(folder: Path) -> None:
    score = results.read(folder / "score")
    assert isinstance(score, results.Score)
    found = shown(score)
    bins = [row for row in found.rows if row[0].isdigit()]
    assert [row[0] for row in bins] == [str(b + 1) for b in range(10)]
    assert [int(row[3]) for row in bins] == np.bincount(score.bin_N, minlength=10).tolist()
    assert len(found.bars) == 10


def test_undefined_figures_are_dashes() -> None:
    """One sample without a single visible joint: nothing can be measured."""
    body = skeletons.load("body16")
    points = np.zeros((1, 16, 2))
    statistics = statistics_of(body, fitted(body))
    measured = evaluate(points, points, np.zeros((1, 16), bool), 64, body, statistics=statistics)
    found = shown(measured)
    assert found.row("PCK@0.05")[1:] == [MISSING] * len(body.groups)
    assert len(found.titles) == 2  # no bins
    assert tables.number(float("nan")) == MISSING


def fitted(body: skeletons.Skeleton) -> PoseTable:
    points_NK2 = np.random.default_rng(0).normal(30, 9, (20, 16, 2)).astype(np.float32)
    size_N = np.full(20, 64, np.int32)
    return PoseTable(body, points_NK2, np.ones((20, 16), bool), size_N, size_N, address=EVIL)


def test_a_scorer_says_what_it_is() -> None:
    scorer = fit(fitted(skeletons.load("body16")), "mean-distance")
    found = shown(scorer)
    assert found.titles == ["Scorer: mean-distance"]
    assert found.row("fitted on")[1] == EVIL
