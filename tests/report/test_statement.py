"""The honesty rules: interval x seeds x control -> verdict, and the one grammar that says it."""

from __future__ import annotations

from itertools import product

import pytest

from posesift.report import statement
from posesift.report.statement import (
    BETTER,
    INCONCLUSIVE,
    SINGLE,
    UNATTRIBUTED,
    UNCORRECTED,
    WORSE,
    Statement,
)
from posesift.results.by_seed import Interval

INTERVALS = {
    "none": Interval(1.0, None, None),
    "above 0": Interval(1.0, 0.2, 1.8),
    "includes 0": Interval(1.0, -0.2, 2.2),
    "below 0": Interval(-1.0, -1.8, -0.2),
}
CONTROLS = {"none needed": "none needed", "not run": "not run"} | INTERVALS

# interval, seeds, control -> verdict; "*" is any
TABLE = [
    ("none", "*", "*", SINGLE),
    ("*", 1, "*", SINGLE),
    ("includes 0", 3, "*", INCONCLUSIVE),
    ("below 0", 3, "*", WORSE),
    ("above 0", 3, "none needed", BETTER),
    ("above 0", 3, "above 0", BETTER),
    ("above 0", 3, "not run", UNATTRIBUTED),
    ("above 0", 3, "none", UNATTRIBUTED),
    ("above 0", 3, "includes 0", UNATTRIBUTED),
    ("above 0", 3, "below 0", UNATTRIBUTED),
]


def made(interval: str, seeds: int, control: str, **more: float) -> Statement:
    return Statement(
        "UDAPE", "RegDA", "PCK@0.05", INTERVALS[interval], seeds, CONTROLS[control], **more
    )


def rows(interval: str, seeds: int, control: str) -> list[str]:
    """What the table says of a case."""
    case = (interval, seeds, control)
    return [
        row[-1]
        for row in TABLE
        if all(mine in ("*", its) for mine, its in zip(row[:3], case, strict=True))
    ]


@pytest.mark.parametrize("case", list(product(INTERVALS, (1, 3), CONTROLS)), ids=str)
def test_every_case_has_the_verdict_of_the_table(case: tuple[str, int, str]) -> None:
    (wanted,) = set(rows(*case))  # the table knows every case, and contradicts itself in none
    assert statement.verdict(made(*case)) == wanted
    assert wanted in statement.RULES


@pytest.mark.parametrize(("p", "wanted"), [(0.05, UNCORRECTED), (0.049, BETTER)])
def test_one_number_of_many_has_to_stand_holms_correction(p: float, wanted: str) -> None:
    assert statement.verdict(made("above 0", 3, "none needed", p_holm=p)) == wanted
    assert statement.verdict(made("includes 0", 3, "none needed", p_holm=p)) == INCONCLUSIVE


@pytest.mark.parametrize("case", list(product(INTERVALS, (1, 3), CONTROLS)), ids=str)
def test_a_sentence_says_no_more_than_its_verdict(case: tuple[str, int, str]) -> None:
    one = made(*case)
    said, found = statement.sentence(one), statement.verdict(one)
    assert ("is better than" in said) == (found in (BETTER, UNATTRIBUTED))
    assert ("is worse than" in said) == (found == WORSE)
    assert ("single seed" in said) == (found == SINGLE)
    assert ("do not differ significantly" in said) == (found == INCONCLUSIVE)
    gains = one.interval.mean > 0
    if found == UNATTRIBUTED and case[2] != "none":
        assert "cannot be attributed to difficulty" in said
    assert ("No shuffled-score control was run" in said) == (gains and case[2] == "not run")
    assert ("so difficulty makes the difference" in said) == (gains and case[2] == "above 0")


@pytest.mark.parametrize(
    ("mean", "way"), [(0.04, "level with"), (0.06, "ahead of"), (-0.06, "behind")]
)
def test_one_seed_is_ahead_only_as_far_as_a_reader_sees(mean: float, way: str) -> None:
    one = Statement("a", "b", "PCK", Interval(mean, None, None), 1)
    assert f" is {way} " in statement.sentence(one)


def test_an_amount_holds_its_interval_and_its_significance() -> None:
    assert statement.amount(INTERVALS["above 0"]) == "+1.0 points (95 % CI +0.2 to +1.8)"
    assert "not significant" in statement.amount(INTERVALS["includes 0"])
    assert statement.amount(INTERVALS["none"], "%") == "+1.0 %"
    assert "95 % CI over images" in statement.amount(INTERVALS["above 0"], over="over images")


def at(mean: float, half: float | None = None) -> Interval:
    return Interval(mean, None, None) if half is None else Interval(mean, mean - half, mean + half)


@pytest.mark.parametrize(
    ("own", "oracle", "more", "start"),
    [
        (at(1.0), at(-2.0), at(-3.0), "No: "),
        (at(-1.0, 2.0), at(-2.0, 2.0), at(-1.0, 3.0), "Not significantly: "),
        (at(-5.0), None, None, "Yes: "),
        (at(-5.0, 1.0), at(-1.0, 1.0), at(4.0, 3.0), "Yes: "),
        (at(-5.0, 1.0), at(-4.0, 1.0), at(1.0, 2.0), "Yes, but so does an oracle: "),
        (at(-5.0, 1.0), at(-8.0, 1.0), at(-3.0, 2.0), "Yes, but no more than an oracle: "),
        (at(-5.0), at(-8.0), at(-3.0), "Yes, but no more than an oracle: "),
    ],
)
def test_a_drop_is_the_sources_only_beyond_the_oracles(
    own: Interval, oracle: Interval | None, more: Interval | None, start: str
) -> None:
    said = statement.excess("Source only", "on rare poses", own, oracle, more)
    assert said.startswith(start)
    caused = oracle is not None and more is not None and bool(more.clear) and more.mean > 0
    assert ("comes from missing source poses" in said) == caused
