from __future__ import annotations

import base64
import xml.dom.minidom

from posesift.report.figures import curves as part_figures
from posesift.report.figures import forest as result_figures
from posesift.report.figures.curves import Parts
from posesift.report.theme import Chart
from posesift.report.wording import part_names
from posesift.results.by_seed import Interval

QUARTERS = Parts("PCK@0.05", "%", part_names(3), "difficulty")


def words(chart: Chart) -> list[str]:
    svg = base64.b64decode(chart.uri.split(",")[1]).decode()
    document = xml.dom.minidom.parseString(svg)
    return [node.firstChild.data for node in document.getElementsByTagName("text")]


def test_endpoints_say_how_sure_they_are() -> None:
    rows = [("main", Interval(1.0, 0.5, 1.5), True), ("other", Interval(-1.0, None, None), False)]
    chart = result_figures.forest([("", rows)], seeds=3, title="t")
    assert "main: +1.0 (+0.5 to +1.5); other: −1.0." in chart.alt
    assert "paired over seeds" in chart.caption
    assert {"main", "other"} <= set(words(chart))
    assert "no interval" in result_figures.forest([("", rows)], seeds=1, title="t").caption


def test_curves_name_the_ends_and_survive_gaps() -> None:
    levels: list[Interval | None] = [Interval(50, 40, 55), None, Interval(20, 10, 30)]
    chart = part_figures.curves(
        [("a", levels)], QUARTERS, oracle=("best", levels), title="t", caption="c"
    )
    shown = words(chart)
    assert "easiest" in shown
    assert "hardest" in shown
    assert {"a", "best"} <= set(shown)
    assert "from easiest third to hardest third. a: 50.0, –, 20.0" in chart.alt
    gains = part_figures.curves([("b", [None, None, None])], QUARTERS, against="a", caption="c")
    assert gains.title == "Difference to a"


def test_a_level_without_an_interval_has_no_bar() -> None:
    _, means, bars = part_figures._curve([Interval(1, None, None), Interval(3, None, None)], 0.0)
    assert means.tolist() == [1, 3]
    assert bars is None
    _, _, bars = part_figures._curve([Interval(5, 3, 9), None, Interval(1, None, None)], 0.0)
    assert bars is not None
    assert bars.tolist() == [[2, 0], [4, 0]]


def test_sizes_of_parts_are_told_and_parts_without_room_have_no_name() -> None:
    parts = Parts("EvalPose", "0–100", ["1", "", "3"], "bin", counts=[4, 0, 9])
    known: list[Interval | None] = [Interval(1, 0, 2), None, None]
    chart = part_figures.curves([("a", known)], parts, title="t", caption="c")
    assert chart.alt.endswith("a: 1.0, –, –. Samples: 4, 0, 9.")
    assert {"1", "3", "EvalPose (0–100)"} <= set(words(chart))


def test_losses_are_drawn_where_there_are_any() -> None:
    rows = [{"step": s, "loss_a": 1 / (s + 1), "lr": 1, "stage": "x"} for s in range(5)]
    chart = result_figures.losses(rows)
    assert chart is not None
    assert "loss_a" in chart.alt
    assert "lr" not in words(chart)
    assert result_figures.losses([{"step": 1, "loss": 2.0}]) is None
    assert result_figures.losses([]) is None


def test_losses_and_trust_of_adaptation_are_drawn_apart() -> None:
    """The names under which the methods log."""
    rows = [
        {"step": s, "supervised": 2.0, "consistency": 1.0, "source_disparity": 0.1,
         "confidence": 0.3, "trusted": 0.5, "adversarial_weight": 1.0, "steps_per_second": 6.0}
        for s in range(4)
    ]  # fmt: skip
    losses, trust = result_figures.losses(rows), result_figures.trust(rows)
    assert losses is not None
    assert trust is not None
    assert losses.alt.endswith("over steps: consistency, source_disparity, supervised.")
    assert trust.alt.endswith("over steps: confidence, trusted.")
    assert result_figures.trust([{"step": s, "supervised": 2.0} for s in range(4)]) is None


def test_long_names_leave_room_for_the_figure() -> None:
    long = "a very long name of an arm " * 9
    chart = part_figures.curves([(long, [Interval(1, 0, 2)] * 3)], QUARTERS, title="t", caption="c")
    assert any(word.endswith("…") and len(word) <= 28 for word in words(chart))
    assert long in chart.alt
