"""Differences and the share of the gap, by hand."""

import pytest

from posesift.experiments import published
from posesift.experiments.arms import Arm, Comparison
from posesift.experiments.differences import differences, gap_closed
from posesift.results.endpoints import HARDEST

ARMS = (
    Arm(name="source-only"),
    Arm(name="udape", method="udape"),
    Arm(name="udape+hard-mining", method="udape", sampling="hard-mining"),
    Arm(name="oracle", role="oracle", method="oracle", trained_on="target"),
)
PRIMARY = ("udape+hard-mining", "udape")
LEVELS = {
    "source-only": (20.0, 30.0),
    "udape": (28.0, 33.0),
    "udape+hard-mining": (29.0, 36.0),
    "oracle": (40.0, 40.0),
}


def plan(seeds=(0, 1), arms=ARMS, primary=PRIMARY):
    return Comparison(
        recipe="world-body", arms=arms, seeds=seeds, oracle_seeds=seeds, primary=primary
    )


def cells(seeds=(0, 1), levels=LEVELS):
    return [
        {
            "arm": name,
            "seed": seed,
            "sets": {
                "target": {
                    "pck": {"0.05": {"all": values[seed]}},
                    "by_bin": [{"pck": values[seed] + 5}, {"pck": values[seed] - 5}],
                }
            },
        }
        for name, values in levels.items()
        for seed in seeds
    ]


def check_holm(rows):
    """Holm's step-down, slowly: the largest of (m - rank) p over all p that are not larger."""
    ordered = sorted(row["p"] for row in rows)
    for row in rows:
        steps = [(len(rows) - rank) * p for rank, p in enumerate(ordered) if p <= row["p"]]
        assert row["p_holm"] == pytest.approx(min(1.0, max(steps)))
    smallest = min(rows, key=lambda row: row["p"])
    assert smallest["p_holm"] == pytest.approx(min(1.0, len(rows) * smallest["p"]))
    assert smallest["p_holm"] > smallest["p"]


def test_the_share_of_the_gap_by_hand():
    """Gaps of 20 and 10; UDAPE gains 8 and 3: 40 % and 30 %, together 11 of 30."""
    rows = {row["arm"]: row for row in gap_closed(plan(), cells())}
    assert rows.keys() == {"udape", "udape+hard-mining"}
    row = rows["udape"]
    assert row["values"] == pytest.approx([40.0, 30.0])
    assert row["mean"] == pytest.approx(100 * 11 / 30)
    # residuals 8 - 20 * 11/30 = 2/3 and 3 - 10 * 11/30 = -2/3; standard error
    # sqrt(2 / 1 * 2 * (2/3)^2) / 30 = 4/90; Student's t with one degree of freedom: 12.706
    assert row["high"] - row["mean"] == pytest.approx(100 * 12.7062 * 4 / 90, rel=1e-4)
    assert row["mean"] - row["low"] == pytest.approx(row["high"] - row["mean"])
    assert rows["udape+hard-mining"]["mean"] == pytest.approx(100 * 15 / 30)


def test_equal_gaps_give_the_interval_of_the_shares():
    levels = LEVELS | {"source-only": (20.0, 20.0), "udape": (24.0, 28.0)}
    row = gap_closed(plan(), cells(levels=levels))[0]
    assert row["mean"] == pytest.approx(30.0)  # 20 % and 40 %
    assert row["high"] == pytest.approx(30 + 12.7062 * 10, rel=1e-4)


def test_one_seed_has_a_share_and_no_interval():
    row = gap_closed(plan((0,)), cells((0,)))[0]
    assert (row["mean"], row["low"], row["high"]) == (pytest.approx(40.0), None, None)


def test_no_gap_or_no_oracle_no_share():
    assert gap_closed(plan(arms=ARMS[:3]), cells()) == []
    assert gap_closed(plan(), cells(levels=LEVELS | {"oracle": (10.0, 10.0)})) == []


def test_every_arm_is_set_against_its_own_reference():
    found = differences(plan(), cells())
    assert found["primary"]["endpoint"] == HARDEST
    assert found["primary"]["values"] == pytest.approx([1.0, 3.0])
    rows = {(row["endpoint"], row["arm"]): row for row in found["secondary"]}
    assert rows.keys() == {
        (HARDEST, "udape"),
        ("PCK@0.05, target", "udape"),
        ("PCK@0.05, target", "udape+hard-mining"),
    }
    assert rows[HARDEST, "udape"]["values"] == pytest.approx([8.0, 3.0])
    assert {row["against"] for row in rows.values()} == {"source-only", "udape"}
    check_holm(found["secondary"])


def test_a_strategy_is_set_against_its_control_of_the_same_method():
    """By hand: 29 - 26 and 36 - 37; the controls of source-only and of another pair stay out."""
    controls = (
        Arm(name="udape+shuffled", method="udape", sampling="shuffled"),
        Arm(name="udape+curriculum", method="udape", sampling="curriculum"),
        Arm(name="source-only+shuffled", sampling="shuffled"),
        Arm(name="source-only+random-pacing", sampling="random-pacing"),
    )
    levels = LEVELS | {"udape+shuffled": (26.0, 37.0), "udape+curriculum": (20.0, 21.0)}
    levels |= {"source-only+shuffled": (1.0, 2.0), "source-only+random-pacing": (3.0, 4.0)}
    found = differences(plan(arms=ARMS + controls), cells(levels=levels))
    uniform = {"source-only", "udape"}
    rows = [row for row in found["secondary"] if row["against"] not in uniform]
    assert [(row["endpoint"], row["arm"], row["against"]) for row in rows] == [
        (HARDEST, "udape+hard-mining", "udape+shuffled")
    ]
    assert rows[0]["values"] == pytest.approx([3.0, -1.0])
    assert rows[0]["mean"] == pytest.approx(1.0)
    # Student's t with one degree of freedom: 12.706; standard error |3 - -1| / 2
    assert rows[0]["half_width"] == pytest.approx(12.7062 * 2, rel=1e-4)
    check_holm(found["secondary"])


def test_without_strategies_the_method_is_the_endpoint():
    found = differences(plan(arms=ARMS[:2], primary=("udape", "source-only")), cells())
    assert found["primary"]["endpoint"] == "PCK@0.05, target"
    assert found["primary"]["values"] == pytest.approx([8.0, 3.0])


@pytest.mark.parametrize("task", published.tasks())
def test_published_rows_are_whole(task):
    rows = published.rows(task)
    names = {row["method"] for row in rows}
    assert {"Source only", "RegDA", "UDAPE (published)", "Oracle"} <= names
    assert len(names) == len(rows)
    for row in rows:
        assert row["trust"] in published.TRUST
        values = [value for value in (*row["groups"].values(), row["all"]) if value is not None]
        assert values
        assert all(0 < value < 100 for value in values)
        groups = row["groups"].values()
        if task != "rhd-to-h3d" and None not in groups and row["trust"] == published.TRUST[0]:
            mean = sum(row["groups"].values()) / 6  # All is the mean of the groups
            assert row["all"] == pytest.approx(mean, abs=0.11), row["method"]
    assert any("test images" in text for text in published.caveats(task))


def test_the_posters_rows():
    rows = {row["method"]: row for row in published.rows("surreal-to-lsp")}
    assert rows["UDAPE (published)"]["all"] == 82.0
    assert rows["UDAPE (rerun)"]["all"] == 80.6
    assert rows["UDAPE + VAE-HM"]["groups"]["elbow"] == 86.2
    human = {row["method"]: row for row in published.rows("surreal-to-human36m")}
    assert rows["Oracle"]["groups"] == human["Oracle"]["groups"]
    assert "copied" in rows["Oracle"]["note"]
    with pytest.raises(ValueError, match=r"unknown published task.*surreal-to-lsp"):
        published.rows("surreal-to-lspp")
