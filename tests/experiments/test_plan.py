"""Plans: names, shared warm-ups, one budget, what is compared with what."""

import dataclasses
import itertools

import pytest

from posesift.experiments.arms import Arm, Comparison, against
from posesift.experiments.cost import training_steps
from posesift.experiments.demo import demo_plan
from posesift.experiments.plan import compare_plan
from posesift.experiments.recipes import recipe

ALL = ("source-only", "regda", "udape")
THREE = ("uniform", "curriculum", "hard-mining")


def by_role(plan, role):
    return {arm.name: arm for arm in plan.arms if arm.role == role}


@pytest.mark.parametrize("sample_in", ["warm-up", "adaptation", "both"])
def test_every_arm_has_one_budget_and_shares_its_warm_up(sample_in):
    plan = compare_plan("world-body", ALL, THREE, sample_in=sample_in, warmup_steps=7, steps=5)
    arms, warm = by_role(plan, "arm"), by_role(plan, "warm-up")
    assert list(arms) == [m if s == "uniform" else f"{m}+{s}" for m in ALL for s in THREE]
    places = [arm.name for arm in plan.arms]
    for arm in arms.values():
        start = warm[arm.start]
        assert places.index(start.name) < places.index(arm.name)
        assert (start.warmup_steps, start.steps, arm.warmup_steps, arm.steps) == (7, 0, 0, 5)
        assert start.method == "source-only"
        drawn = "uniform" if sample_in == "adaptation" else arm.sampling
        assert start.sampling == drawn
        assert arm.sample_in == sample_in
    assert {arms[method].start for method in ALL} == {"warm-up"}
    assert len(warm) == (1 if sample_in == "adaptation" else 3)
    (oracle,) = by_role(plan, "oracle").values()
    assert oracle.warmup_steps + oracle.steps == 12
    assert training_steps(plan) == 3 * (7 * len(warm) + 5 * len(arms) + 12)


@pytest.mark.parametrize(
    ("changes", "starts"),
    [
        ({"parity": True}, ["warm-up", "warm-up-regda", "warm-up-udape"]),
        ({"style": "statistics"}, ["warm-up", "warm-up", "warm-up-udape"]),
    ],
)
def test_methods_whose_warm_ups_differ_have_their_own(changes, starts):
    plan = compare_plan("world-body", ALL, [], changes=changes)
    assert [arm.start for arm in by_role(plan, "arm").values()] == starts


def test_each_arm_has_its_reference():
    plan = compare_plan("world-body", ALL, ["hard-mining"])
    found = {arm.name: against(plan, arm) for arm in plan.arms if arm.role == "arm"}
    assert found == {
        "source-only": None, "source-only+hard-mining": "source-only",
        "regda": "source-only", "regda+hard-mining": "regda",
        "udape": "source-only", "udape+hard-mining": "udape",
    }  # fmt: skip
    assert plan.primary == ("udape+hard-mining", "udape")
    assert all(against(plan, arm) is None for arm in plan.arms if arm.role != "arm")
    assert compare_plan("world-body", ALL, ["uniform"]).primary == ("udape", "source-only")
    assert compare_plan("world-body", ["regda", "udape"], []).primary == ("udape", "regda")
    assert compare_plan("world-body", ["source-only"], ["easy"]).primary == (
        "source-only+easy", "source-only",
    )  # fmt: skip


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("sampling", ["curriculum", "easy", "hard-mining"])
def test_one_method_is_compared_with_itself_drawn_uniformly(method, sampling):
    plan = compare_plan("world-body", [method], [sampling])
    assert plan.primary == (f"{method}+{sampling}", method)
    assert against(plan, plan.arm(f"{method}+{sampling}")) == method
    # of several strategies the last, unless one is hard mining
    several = compare_plan("world-body", [method], [sampling, "shuffled"]).primary
    last = sampling if sampling == "hard-mining" else "shuffled"
    assert several == (f"{method}+{last}", method)


def test_the_primary_endpoint_names_two_arms_that_there_are():
    for methods in itertools.chain.from_iterable(itertools.permutations(ALL, n) for n in (1, 2, 3)):
        for samplings in itertools.permutations(["easy", "curriculum", "hard-mining"], 2):
            plan = compare_plan("world-body", methods, samplings)
            assert len(set(plan.primary)) == 2
            assert set(plan.primary) <= by_role(plan, "arm").keys()


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("samplings", [[], ["uniform"]])
def test_one_arm_alone_is_nothing_to_compare(method, samplings):
    with pytest.raises(ValueError, match=f"{method} drawn uniform alone leaves nothing to compare"):
        compare_plan("world-body", [method], samplings)


def test_a_style_gives_udape_a_warm_up_of_its_own():
    """Source-only training must not have seen the target's looks."""
    plan = compare_plan("world-body", ALL, ["uniform"], changes={"style": "statistics"})
    arms, warm = by_role(plan, "arm"), by_role(plan, "warm-up")
    assert warm[arms["udape"].start].method == "udape"
    assert warm[arms["source-only"].start].method == "source-only"


def test_labels_for_people():
    labels = {arm.name: arm.label for arm in compare_plan("world-body", ALL, THREE).arms}
    assert labels["udape+hard-mining"] == "UDAPE + hard mining"
    assert labels["regda+curriculum"] == "RegDA + curriculum"
    assert (labels["source-only"], labels["regda"]) == ("Source only", "RegDA")
    assert (labels["oracle"], labels["warm-up"]) == ("Oracle", "Warm-up")
    assert len(set(labels.values())) == len(labels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["magic"],), r"unknown method to compare 'magic'; expected one of source-only, regda"),
        ((["oracle"],), r"unknown method to compare 'oracle'"),
        ((ALL, ["hard-minning"]), r"did you mean 'hard-mining'\?"),
        ((ALL, THREE, ()), "at least one method and one seed"),
        ((ALL, THREE, (0,), "never"), "expected one of warm-up, adaptation, both"),
    ],
)
def test_impossible_plans_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare_plan("world-body", *arguments)


def test_a_comparison_needs_a_target_and_steps():
    with pytest.raises(ValueError, match="give --target"):
        compare_plan("photos", ["source-only", "udape"])
    with pytest.raises(ValueError, match="at least one step in both stages"):
        compare_plan("world-body", ALL, steps=0)


def test_the_demo_tells_the_posters_story_on_one_budget():
    plan = demo_plan()
    arms = by_role(plan, "arm")
    strategies = ("curriculum", "hard-mining", "shuffled")
    assert list(arms) == ["source-only", "regda", "udape", *(f"udape+{s}" for s in strategies)]
    assert len({(arm.warmup_steps, arm.steps) for arm in arms.values()}) == 1
    assert {arm.start for arm in arms.values()} == {
        "warm-up",
        *(f"warm-up+{s}" for s in strategies),
    }
    assert plan.seeds == (0,)
    assert plan.primary == ("udape+hard-mining", "udape")
    first, second = recipe("demo").training.warmup_steps, recipe("demo").training.steps
    assert training_steps(plan) == 4 * first + 6 * second + first + second


@pytest.mark.parametrize("installed", [True, False])
def test_the_demo_does_without_the_pretrained_network_where_it_is_not_installed(
    installed, monkeypatch
):
    monkeypatch.setattr("posesift.experiments.recipes.worlds.is_installed", lambda name: installed)
    found = recipe("demo")
    assert found.network.name == ("efficientnet-lite0" if installed else "small")
    assert all(
        ",facing=60," in where
        for where in (found.data.source, found.data.target, *found.data.test.values())
    )


def test_an_arm_without_a_reference_stands_alone():
    lone = Arm(name="udape+easy", method="udape", sampling="easy")
    assert against(Comparison(recipe="world-body", arms=(lone,)), lone) is None
    assert dataclasses.replace(lone, method="regda").label == "RegDA + easy"


def test_renderings_that_no_arm_has_are_refused():
    with pytest.raises(ValueError, match="--rendered 5: no arm has renderings; name some"):
        compare_plan("world-body", ["source-only"], ["hard-mining"], rendered=5)
    with pytest.raises(ValueError, match="looks-at"):
        compare_plan("world-body", ["source-only"], ["rendered-flat"], looks_at="everything")
    flat = compare_plan("world-body", ["source-only"], ["rendered-flat"], quick=True).arms[-2]
    assert (flat.rendered, flat.student, flat.sample_in) == (250, None, "adaptation")
