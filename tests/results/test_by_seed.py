from __future__ import annotations

import math

import pytest

from posesift.results import by_seed


def entry(value: float, bins: list[float] | None = None) -> dict:
    rows = [{"bin": b, "pck": v, "interval": [v - 3, v + 4]} for b, v in enumerate(bins or [value])]
    return {"pck": {"0.05": {"all": value}}, "by_bin": rows}


def comparison(seeds: tuple[int, ...] = (0, 1)) -> dict:
    """Two arms and one oracle, numbers chosen for mental arithmetic."""
    cells = []
    for seed in seeds:
        for arm, base in (("a", 10.0), ("b", 12.0), ("best", 50.0)):
            level = base + seed
            sets = {
                "s": entry(level + 30),
                "look": entry(level + 10),
                "poses": entry(level + 20),
                "target": entry(level, [level + 5, level - 5]),
            }
            if arm == "b":
                sets["target"]["by_bin"][1]["pck"] += 4 * seed  # gains 2 and 6 in the hard bin
            cells.append({"arm": arm, "seed": seed, "sets": sets})
    return {
        "seeds": list(seeds),
        "arms": [
            {"name": "a", "label": "A", "role": "arm"},
            {"name": "b", "role": "arm"},
            {"name": "best", "role": "oracle", "trained_on": "target"},
        ],
        "cells": cells,
        "primary": {"arm": "b", "against": "a", "mean": 4.0},
        "gap": {"rows": [], "columns": [], "sets": [["s", "look"], ["poses", "target"]]},
    }


def test_paired_differences_by_hand() -> None:
    found = comparison()
    reference = by_seed.bins_by_seed(found, "a")
    gain = by_seed.difference(by_seed.bins_by_seed(found, "b")[1], reference[1])
    # differences 2 and 6: mean 4, standard error 2, t(1 degree) = 12.7062
    assert gain is not None
    assert gain.mean == 4
    assert gain.low == pytest.approx(4 - 12.7062 * 2, abs=1e-3)
    assert gain.high == pytest.approx(4 + 12.7062 * 2, abs=1e-3)
    assert gain.clear is False


def test_only_shared_seeds_are_paired() -> None:
    assert by_seed.difference({0: 1.0, 1: 9.0}, {1: 4.0, 2: 0.0}) == by_seed.Interval(5, None, None)
    assert by_seed.difference({0: 1.0}, {1: 1.0}) is None


def test_intervals_say_whether_they_are_clear() -> None:
    assert by_seed.Interval(1, 0.1, 2).clear is True
    assert by_seed.Interval(-1, -2, -0.1).clear is True
    assert by_seed.Interval(1, -0.1, 2).clear is False
    assert by_seed.Interval(1, None, None).clear is None


def test_levels_are_over_seeds_or_over_the_images_of_one() -> None:
    several = by_seed.bin_levels(comparison(), "a")[0]
    assert several is not None
    assert several.mean == 15.5  # 15 and 16
    assert several.high == pytest.approx(15.5 + 12.7062 * 0.5, abs=1e-3)
    assert by_seed.bin_levels(comparison((7,)), "a")[0] == by_seed.Interval(22, 19, 26)


def test_the_gap_by_hand() -> None:
    square = by_seed.gap(comparison(), "a")
    assert square is not None
    assert square.cells == [[40.5, 20.5], [30.5, 10.5]]
    assert square.regret == [[None, None], [None, 40.0]]
    assert square.interaction == 0  # -20 for the look in both rows
    assert by_seed.gap({**comparison(), "gap": None}, "a") is None


def test_the_interaction_has_a_sign() -> None:
    found = comparison((0,))
    found["cells"][0]["sets"]["target"]["pck"]["0.05"]["all"] = 3.0  # 7 below the sum
    square = by_seed.gap(found, "a")
    assert square is not None
    assert square.interaction == -7


def test_spread_is_that_of_a_sample() -> None:
    found = by_seed.spread([1.0, 2.0, 6.0])
    assert found is not None
    assert found.mean == 3
    assert found.deviation == pytest.approx(math.sqrt(7))
    assert by_seed.spread([]) is None
    assert by_seed.spread([2.0]) == by_seed.Spread(2.0, None, 1)


def test_order_and_labels_of_arms() -> None:
    found = comparison()
    found["primary"] = {"arm": "a", "against": "b", "mean": 0}
    assert by_seed.shown_arms(found) == ["b", "a"]
    assert by_seed.label(found, "a") == "A"
    assert by_seed.label(found, "b") == "b"


def test_support_is_pooled_with_the_interval_of_its_seeds() -> None:
    found = comparison()
    for cell, pck in zip(found["cells"], (10.0, 0.0, 0.0, 13.0, 0.0, 0.0), strict=True):
        row = {"neighbours_low": 0, "neighbours_high": 0, "samples": 5, "pck": pck}
        cell["sets"]["target"] = {"by_support": [row, row | {"neighbours_low": 1, "pck": None}]}
    rows = [{"neighbours_low": 0, "neighbours_high": 0, "samples": 10, "pck": 11.5},
            {"neighbours_low": 1, "neighbours_high": None, "samples": 0, "pck": None}]  # fmt: skip
    found["support"] = {"a": rows}
    none, one = by_seed.support(found, "a")
    assert none.by_seed == {0: 10.0, 1: 13.0}
    assert none.level is not None
    assert none.level.mean == 11.5
    assert none.level.high == pytest.approx(11.5 + 12.7062 * 1.5, abs=1e-3)
    assert (one.high, one.samples, one.level, one.by_seed) == (None, 0, None, {})
    assert by_seed.support(found, "b") == []


def test_a_bin_without_a_number_stays_a_bin() -> None:
    found = comparison((0,))
    found["cells"][0]["sets"]["target"]["by_bin"][1]["pck"] = None
    assert by_seed.bins_by_seed(found, "a") == [{0: 15.0}, {}]
    assert by_seed.bin_levels(found, "a") == [by_seed.Interval(15.0, 12.0, 19.0), None]
    assert by_seed.bin_levels(found, "a", metric="evalpose_limbs") == [None, None]


def test_what_is_missing_is_none() -> None:
    assert by_seed.lookup({"pck": {"0.05": {}}}, "pck", "0.05", "all") is None
    assert by_seed.lookup(None, "pck") is None
    assert by_seed.endpoint({"mean": None, "low": None}) is None
    assert by_seed.values(comparison(), "a", "elsewhere", "pck") == {}
