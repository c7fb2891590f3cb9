"""Failure despite support: beside an oracle with as much support, over hand-made groups."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from posesift.report.sections import support as support_section


@pytest.fixture
def found(comparison: Path) -> dict:
    return json.loads((comparison / "comparison.json").read_text())


def with_oracle(found: dict, mine: list[list[float]], oracle: list[list[float]]) -> dict:
    """PCK of the groups 0, 1 to 9 and at least 1000, one list a seed, of either arm."""
    bounds = [(0, 0), (1, 9), (1000, None)]
    for arm, levels in (("uniform", mine), ("oracle target", oracle)):
        found["support"][arm] = []
        for i, (low, high) in enumerate(bounds):
            row = {"neighbours_low": low, "neighbours_high": high, "samples": 40}
            pooled = sum(level[i] for level in levels) / len(levels)
            found["support"][arm].append(row | {"pck": pooled})
        for cell in found["cells"]:
            if cell["arm"] == arm:
                cell["sets"]["target"]["by_support"] = [
                    row | {"pck": levels[cell["seed"]][i]}
                    for i, row in enumerate(found["support"][arm])
                ]
    return found


@pytest.mark.parametrize(
    ("last", "says"), [(60.0, "rises with"), (30.2, "hardly depends on"), (10.0, "falls with")]
)
def test_support_is_read_both_ways(found: dict, last: float, says: str) -> None:
    found["support"]["uniform"][-1]["pck"] = last
    said = support_section.supported(found)
    assert f"Accuracy {says} support" in said
    best = max(row["pck"] for row in found["support"]["uniform"])
    assert f"{100 - best:.0f} % of the joints are missed" in said
    assert "No oracle says" in said


def test_an_oracle_tells_failure_from_hard_poses(found: dict) -> None:
    mine = [[16.0, 36.0, 33.0], [16.0, 35.0, 32.0], [16.0, 37.0, 34.0]]
    oracle = [[23.0, 44.0, 41.0], [23.1, 44.0, 40.1], [22.9, 44.0, 41.9]]
    said = support_section.supported(with_oracle(found, mine, oracle))
    assert said.startswith("Yes: ")
    assert "+8.0 points (95 % CI +7.8 to +8.2)" in said  # 8.0, 8.1 and 7.9
    assert "with no similar source pose +7.0 points" in said
    assert "such poses are easier for anyone" in said
    assert "the distance to the oracle changes by +1.0 points" in said
    assert "with 1 to 9 similar source poses, 64 % of the joints are missed" in said


def test_an_oracle_that_does_no_better_shows_no_failure(found: dict) -> None:
    mine = [[16.0, 36.0, 33.0], [16.0, 35.0, 32.0], [16.0, 37.0, 34.0]]
    level = [[16.0, 36.0, 34.0], [16.0, 35.0, 31.0], [16.0, 37.0, 34.5]]
    said = support_section.supported(with_oracle(found, mine, level))
    assert said.startswith("Not significantly: ")
    worse = [[seed[0], seed[1], seed[2] - 5] for seed in mine]
    said = support_section.supported(with_oracle(found, mine, worse))
    assert said.startswith("No: ")
    assert "−5.0 points" in said


def test_fewer_than_two_groups_say_nothing(found: dict) -> None:
    found["support"]["uniform"] = found["support"]["uniform"][:1]
    assert support_section.supported(found) == ""
    assert support_section.supported(found | {"support": None}) == ""
