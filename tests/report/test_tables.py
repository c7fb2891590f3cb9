from __future__ import annotations

import pytest

from posesift.report import tables
from posesift.report.sections import score
from posesift.report.tables import Column


def comparison(values: dict[str, list[float]], oracle: float = 99.0) -> dict:
    """Arms with one value a seed in every measure."""
    cells = [
        {"arm": arm, "seed": seed, "sets": {"target": {"m": value}}}
        for arm, of_arm in values.items()
        for seed, value in enumerate(of_arm)
    ]
    cells.append({"arm": "o", "seed": 0, "sets": {"target": {"m": oracle}}})
    return {
        "seeds": [0, 1],
        "sets": {"target": {"label": "photos"}, "source": {"label": "drawings"}},
        "arms": [{"name": name, "role": "arm"} for name in values]
        + [
            {"name": "o", "role": "oracle", "trained_on": "target"},
            {"name": "elsewhere", "role": "oracle", "trained_on": "source"},
        ],
        "cells": cells,
        "baselines": [{"name": "constant pose", "seed": 0, "sets": {"target": {"m": 3.0}}}],
    }


def bold(table: tables.Table, column: int = 0) -> list[str]:
    return [row.name for row in table.rows if row.cells[column].best]


def test_the_best_is_bold_and_an_oracle_never_is() -> None:
    found = comparison({"a": [10.0, 12.0], "b": [20.0, 20.0]})
    table = tables.compared(found, [Column("m", ("m",))], "t", "c")
    assert [row.name for row in table.rows] == ["constant pose", "a", "b", "o"]
    assert bold(table) == ["b"]
    assert [(cell.text, cell.deviation) for row in table.rows for cell in row.cells] == [
        ("3.0", ""),
        ("11.0", "1.4"),
        ("20.0", "0.0"),
        ("99.0", ""),
    ]


def test_lower_can_be_better_and_a_baseline_can_win() -> None:
    found = comparison({"a": [10.0, 12.0], "b": [20.0, 20.0]})
    table = tables.compared(found, [Column("m", ("m",), higher=False)], "t", "c")
    assert bold(table) == ["constant pose"]


def test_equal_to_the_reader_is_equally_bold() -> None:
    found = comparison({"a": [10.01, 10.01], "b": [10.04, 10.04], "c": [9.9, 9.9]})
    assert bold(tables.compared(found, [Column("m", ("m",))], "t", "c")) == ["a", "b"]


def test_nothing_to_compare_is_not_bold() -> None:
    found = comparison({"a": [10.0]})
    found["baselines"] = []
    assert bold(tables.compared(found, [Column("m", ("m",))], "t", "c")) == []


def test_an_arm_of_fewer_seeds_is_named_and_not_in_bold() -> None:
    """Seed 0 alone is easier here: 30 over one seed is no better than (30 + 10) / 2 over two."""
    found = comparison({"a": [30.0, 10.0], "b": [30.0], "c": [28.0, 10.0]})
    table = tables.compared(found, [Column("m", ("m",))], "t", "c")
    assert bold(table) == ["a"]
    assert tables.spread_note(found) == (
        "Mean ± standard deviation over two seeds (fewer: b 1 and o 1)."
    )
    assert tables.bold_note(found).endswith("oracles and configurations of fewer seeds apart.")
    whole = comparison({"a": [30.0, 10.0]})
    whole["cells"].append({"arm": "o", "seed": 1, "sets": {}})
    assert tables.spread_note(whole) == "Mean ± standard deviation over two seeds."
    assert tables.bold_note(whole).endswith("column, oracles apart.")


@pytest.mark.parametrize(
    ("higher", "b", "says"),
    [
        (True, [20.0, 20.1], "In every column the paired 95 % interval over seeds tells"),
        (True, [12.0, 12.2], "In no column is the best told apart from the next"),
        (False, [5.0, 5.1], "In every column"),
        (False, [20.0, 20.1], "In every column"),  # then a is the best
    ],
)
def test_the_best_says_whether_it_is_told_apart(higher: bool, b: list[float], says: str) -> None:
    """Differences 10 and 10.1 leave no doubt over two seeds; 0.6 and 1.6 do (t = 12.7)."""
    found = comparison({"a": [10.0, 10.0] if says.startswith("In e") else [11.4, 10.6], "b": b})
    found["baselines"] = []
    table = tables.compared(found, [Column("m", ("m",), higher=higher)], "t", "c")
    assert table.caption.startswith(f"c {says}")


def test_only_some_columns_may_be_told_apart() -> None:
    columns = [Column("hip", ("h",)), Column("knee", ("k",)), Column("none", ("n",))]
    clear = {"a": {0: 1.0, 1: 1.1}, "b": {0: 9.0, 1: 9.1}}
    tie = {"a": {0: 1.0, 1: 1.0}, "b": {0: 1.0, 1: 1.0}}
    values: list[dict[str, dict[int, float]]] = [clear, tie, {"a": {0: 1.0}, "b": {}}]
    said = tables.told_apart(columns, values, seeds=2)
    assert said.endswith("the best of hip; that of the other columns may be chance.")
    assert tables.told_apart(columns, values, seeds=1) == ""  # said once, at the top
    assert tables.told_apart(columns[2:], values[2:], seeds=2) == ""


def test_missing_measures_are_dashes() -> None:
    table = tables.compared(comparison({"a": [1.0]}), [Column("n", ("n",))], "t", "c")
    assert {cell.text for row in table.rows for cell in row.cells} == {"–"}


def test_a_column_without_ranking_has_no_best() -> None:
    found = comparison({"a": [10.0, 12.0], "b": [20.0, 20.0]})
    table = tables.compared(found, [Column("m", ("m",), ranked=False)], "t", "c")
    assert bold(table) == []
    assert table.caption == "c"  # nor is any told apart from the next


def test_groups_put_all_first() -> None:
    entry = {"pck": {"0.05": {"hip": 2, "all": 1}}}
    ((title, columns),) = tables.by_group(entry, *tables.GROUPED)
    assert title.startswith("PCK@0.05")
    assert [c.title for c in columns] == ["all", "hip"]
    assert tables.by_group(entry, ("t", ("pck", "0.2"), True)) == []


def test_arms_say_whose_labels_trained_them() -> None:
    table = tables.arms(comparison({"a": [1.0]}))
    assert [(row.name, row.cells[-1].text) for row in table.rows] == [
        ("a", "drawings"),
        ("o", "photos"),
        ("elsewhere", "drawings"),
    ]


def test_scorers_side_by_side() -> None:
    summary = {
        "method": "elbo",
        "rare_mode_auc": {"elbo": 0.9701, "knn": 0.9742, "pca": None},
        "agreement": {"elbo": 0.96},
        "rank_correlation_with_default": {"elbo": 1.0, "knn": 0.8},
    }
    table = score.scorers(summary)
    assert table is not None
    assert [row.name for row in table.rows] == [
        "VAE, elbo (used here)",
        "k-NN distance",
        "PCA residual",
    ]
    assert bold(table) == ["VAE, elbo (used here)", "k-NN distance"]  # both read 0.97
    assert [cell.text for cell in table.rows[0].cells] == ["0.97", "0.96", "itself"]
    assert [cell.text for cell in table.rows[2].cells] == ["–", "–", "–"]
    assert score.scorers({"method": "pca"}) is None
