"""Numbers on the page are those of the files, found again from the cells by hand.

The page is read as HTML; means, deviations and intervals are computed here from
``evaluation.json`` and ``comparison.json`` with nothing of the report's own.
"""

from __future__ import annotations

import json
import statistics
from math import sqrt
from pathlib import Path

import pytest
from tests.report.reading import Reading

STUDENT = {2: 12.706205, 3: 4.302653}  # 97.5 % quantile for so many seeds
COLUMNS = {
    "PCK@0.05 %": ("pck", "0.05", "all"),
    "PCK@0.1 %": ("pck", "0.1", "all"),
    "PCK AUC %": ("pck_auc",),
    "EvalPose 0–100": ("evalpose_limbs",),
    "EvalPose cosine": ("evalpose_cosine",),
    "angle error °": ("angle_error_deg",),
    "angles within 15° %": ("angle_at_15",),
}
GROUPS = {
    "PCK@0.05 by joint group (%)": ("pck", "0.05"),
    "PCK@0.1 by joint group (%)": ("pck", "0.1"),
    "Angle error by joint group (degrees, lower is better)": ("angle_error_by_group",),
}
HARDEST = "hardest"


def look(entry: dict, keys: tuple[str, ...]) -> float | None:
    found = entry
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None  # type: ignore[assignment]
    return found  # type: ignore[return-value]


def printed(value: float | None, digits: int = 1, sign: bool = False) -> str:
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        return text.lstrip("-")
    return ("+" + text if sign and value > 0 else text).replace("-", "−")


def mean_and_deviation(values: list[float], digits: int = 1) -> str:
    if not values:
        return "–"
    text = printed(statistics.fmean(values), digits)
    return text if len(values) == 1 else f"{text} ±{printed(statistics.stdev(values), digits)}"


def ends(values: list[float]) -> tuple[float, float]:
    half = STUDENT[len(values)] * statistics.stdev(values) / sqrt(len(values))
    return statistics.fmean(values) - half, statistics.fmean(values) + half


class Found:
    """``comparison.json``, by hand."""

    def __init__(self, folder: Path) -> None:
        self.all = json.loads((folder / "comparison.json").read_text())
        self.labels = {arm["name"]: arm.get("label") or arm["name"] for arm in self.all["arms"]}

    def values(self, arm: str, *keys: str, set_name: str = "target") -> list[float]:
        """One figure by seed, in the order of the seeds."""
        found = []
        for seed in self.all["seeds"]:
            for cell in self.all["cells"]:
                if (cell["arm"], cell["seed"]) == (arm, seed):
                    entry = cell["sets"][set_name]
                    value = entry["by_bin"][-1]["pck"] if keys == (HARDEST,) else look(entry, keys)
                    found += [] if value is None else [value]
        return found

    def difference(self, one: str, other: str, *keys: str) -> list[float]:
        pairs = zip(self.values(one, *keys), self.values(other, *keys), strict=True)
        return [a - b for a, b in pairs]


@pytest.fixture(scope="module")
def found(comparison: Path) -> Found:
    return Found(comparison)


@pytest.fixture(scope="module")
def page(comparison_page: Path) -> Reading:
    return Reading(comparison_page.read_text())


@pytest.fixture(scope="module")
def several(methods_comparison: Path) -> Found:
    return Found(methods_comparison)


@pytest.fixture(scope="module")
def page_of_methods(methods_page: Path) -> Reading:
    return Reading(methods_page.read_text())


def test_a_run_is_its_evaluation(comparison: Path, run_page: Path) -> None:
    folder = comparison / "cells/uniform/seed0"
    sets = json.loads((folder / "evaluation.json").read_text())["sets"]
    shown = Reading(run_page.read_text())
    checked = 0
    for name, entry in sets.items():
        for column, keys in COLUMNS.items():
            digits = 3 if "cosine" in column else 1
            cell = shown.tables["All sets"].column(column)[name]
            assert cell == printed(look(entry, keys), digits)
            checked += 1
        for title, keys in GROUPS.items():
            for group, cell in zip(*row_of(shown, title, name), strict=True):
                assert cell == printed(look(entry, (*keys, group)))
                checked += 1
    assert checked > 100
    target = sets["target"]
    assert [value for value, _ in shown.figures] == [
        f"{printed(target['pck']['0.05']['all'])} %",
        f"{printed(target['evalpose_limbs'])} of 100",
        f"{printed(target['angle_error_deg'])} degrees",
    ]
    easy, hard = (printed(target["by_bin"][b]["pck"]) for b in (0, -1))
    assert f"PCK@0.05 is {easy} % in the easiest and {hard} % in the" in str(shown.findings)


def row_of(shown: Reading, title: str, name: str) -> tuple[list[str], list[str]]:
    """Columns and cells of one row of a table that a page may lack."""
    table = shown.tables.get(title)
    return (table.columns, table.row(name)) if table else ([], [])


def test_a_comparison_is_the_mean_of_its_cells(found: Found, page: Reading) -> None:
    checked = 0
    for arm in found.all["arms"]:
        if arm["role"] == "oracle" and arm["trained_on"] != "target":
            continue
        label = found.labels[arm["name"]]
        for column, keys in COLUMNS.items():
            digits = 3 if "cosine" in column else 1
            cell = page.tables["On target"].column(column)[label]
            assert cell == mean_and_deviation(found.values(arm["name"], *keys), digits)
            checked += 1
        for title, keys in GROUPS.items():
            for group, cell in zip(*row_of(page, title, label), strict=True):
                path = (*keys, group)
                if group == "all" and keys == ("angle_error_by_group",):
                    path = ("angle_error_deg",)
                assert cell == mean_and_deviation(found.values(arm["name"], *path))
                checked += 1
    assert checked > 100


def test_headlines_of_sampling_alone(found: Found, page: Reading, comparison: Path) -> None:
    summary = json.loads((comparison / "score/summary.json").read_text())
    reference = found.all["primary"]["against"]
    falls = [
        b["pck"] - a["pck"]
        for cell in found.all["cells"]
        if cell["arm"] == reference
        for a, b in [(cell["sets"]["target"]["by_bin"][0], cell["sets"]["target"]["by_bin"][-1])]
    ]
    assert [claim.value for claim in page.claims[:4]] == [
        f"{printed(found.all['primary']['mean'], sign=True)} points",
        f"{printed(statistics.fmean(falls), sign=True)} points",
        f"{printed(found.all['headroom']['mean'], sign=True)} points",
        f"{printed(summary['rare_mode_auc']['elbo'], 2)} AUC",
    ]
    low, high = ends(falls)
    shown = f"{printed(low, sign=True)} to {printed(high, sign=True)}"
    assert page.claims[1].evidence["95 % CI"] == f"{shown} points, significant"


def test_endpoints_are_those_of_the_file(found: Found, page: Reading) -> None:
    table = page.tables["Endpoints"]
    rows = [found.all["primary"], *found.all["secondary"]]
    assert len(table.rows) == len(rows)
    for row, (name, cells) in zip(rows, table.rows, strict=True):
        assert name == row["endpoint"]
        low, high = (printed(row[key], sign=True) for key in ("low", "high"))
        assert cells[:4] == [
            printed(row["mean"], sign=True),
            f"{low} to {high}",
            printed(row["half_width"]),
            printed(row["p"], 3),
        ]


def test_methods_are_the_means_of_their_cells(several: Found, page_of_methods: Reading) -> None:
    by_group = page_of_methods.tables["PCK@0.05 by joint group (%)"]
    table = page_of_methods.tables["Results on the target"]
    closed = {row["arm"]: row for row in several.all["gap_closed"]}
    arms = [a for a in several.all["arms"] if a["role"] == "arm"]
    assert len(table.rows) == len(arms) + 2  # the constant pose and the oracle
    for arm in arms:
        name = several.labels[arm["name"]]
        for group, cell in zip(by_group.columns, by_group.row(name), strict=True):
            assert cell == mean_and_deviation(several.values(arm["name"], "pck", "0.05", group))
        values = several.values(arm["name"], "pck", "0.05", "all")
        low, high = map(printed, ends(values))
        shown = table.column("PCK@0.05 %")[name]
        assert shown == f"{printed(statistics.fmean(values))} ({low} to {high})"
        share = closed.get(arm["name"])
        if share:
            mean, low, high = (printed(share[key], 0) for key in ("mean", "low", "high"))
            assert table.column("gap closed %")[name] == f"{mean} ({low} to {high})"


def test_headlines_of_methods(several: Found, page_of_methods: Reading) -> None:
    gain = several.difference("udape", "source-only", "pck", "0.05", "all")
    primary = several.difference("udape+hard-mining", "udape", HARDEST)
    first = page_of_methods.claims[0]
    assert first.value == f"{printed(statistics.fmean(gain), sign=True)} points"
    low, high = (printed(end, sign=True) for end in ends(gain))
    assert first.evidence["95 % CI"].startswith(f"{low} to {high} points")
    said = page_of_methods.claims[3]
    assert said.value == f"{printed(statistics.fmean(primary), sign=True)} points"
    by_seed = page_of_methods.claims[3].evidence["by seed"]
    told = [printed(value, sign=True) for value in primary]
    assert by_seed == f"{told[0]}, {told[1]} and {told[2]} (seeds 0, 1 and 2)"


def test_the_best_arm_is_the_highest_mean(several: Found, page_of_methods: Reading) -> None:
    means = {
        arm["name"]: statistics.fmean(several.values(arm["name"], "pck", "0.05", "all"))
        for arm in several.all["arms"]
        if arm["role"] == "arm"
    }
    best, second = sorted(means, key=lambda name: -means[name])[:2]
    ahead = several.difference(best, second, "pck", "0.05", "all")
    told = page_of_methods.findings["Which method and strategy is best?"]
    assert f"{several.labels[best]} is best by PCK@0.05: {printed(means[best])} %" in told
    low, high = (printed(end, sign=True) for end in ends(ahead))
    lead = f"{printed(statistics.fmean(ahead), sign=True)} points (95 % CI {low} to {high}"
    assert lead in told
    claim = page_of_methods.claims[-1]
    assert claim.value == f"{printed(statistics.fmean(ahead), sign=True)} points"
    assert claim.evidence["95 % CI"].startswith(f"{low} to {high} points")


def test_every_link_leads_to_a_part_of_the_page(page: Reading, page_of_methods: Reading) -> None:
    for shown in (page, page_of_methods):
        targets = {attrs["id"] for _, attrs in shown.tags if attrs.get("id")}
        links = [
            attrs["href"] for tag, attrs in shown.tags if tag == "a" and "download" not in attrs
        ]
        assert {link[1:] for link in links if link} <= targets
        assert sum((link or "").startswith("#claim-") for link in links) >= 1
