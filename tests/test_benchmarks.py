"""What `python benchmarks` makes of figures: the table that is kept, and what moved since."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """The command, whose table is in a page of its own."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    monkeypatch.delitem(sys.modules, "figures", raising=False)
    spec = importlib.util.spec_from_file_location("bench", BENCHMARKS / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench", module)
    spec.loader.exec_module(module)
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{module.BEGIN}{module.END}\nafter\n")
    monkeypatch.setattr(module, "KEPT", page)
    return module


def of(bench, *figures):
    return {("steps", figure.name): figure for figure in figures}


def kept_after(bench, figures, kept=None):
    bench.keep(figures, kept or {})
    text = bench.KEPT.read_text()
    assert text.startswith("before\n\n")
    assert text.endswith("\nafter\n")
    return bench.read_kept(text)


def test_what_is_kept_is_read_again_and_replaced_by_name(bench):
    figure = bench.Figure
    one, other = figure("one", [1.0, 1.2, 1.1], most=1.15), figure("other", [12_345.0], "poses/s")
    machine, kept = kept_after(bench, of(bench, one, other))
    assert machine == bench.MACHINE
    assert [(k, v.value, v.low, v.high) for k, v in kept.items()] == [
        (("steps", "one"), 1.1, 1.0, 1.2),
        (("steps", "other"), 12_345.0, 12_345.0, 12_345.0),
    ]
    _, kept = kept_after(bench, of(bench, figure("one", [2.0])), kept)
    assert {name: found.value for (_, name), found in kept.items()} == {
        "one": 2.0,
        "other": 12_345.0,
    }


@pytest.mark.parametrize(
    ("repeats", "moved"),
    [
        ([1.25, 1.3, 1.28], False),  # by 0.18, as the kept ones lie 0.2 apart
        ([1.31, 1.33, 1.32], True),
        ([0.7, 0.9, 0.86], True),
        ([0.7, 1.4, 1.35], False),  # by 0.25, but these lie 0.7 apart
    ],
)
def test_what_moved_is_named_where_it_moved_by_more_than_the_noise(bench, repeats, moved):
    figure = bench.Figure
    _, kept = kept_after(bench, of(bench, figure("one", [1.0, 1.2, 1.1])))
    said = bench.compared(of(bench, figure("one", repeats)), kept, same_machine=True)
    assert ("moved: steps, one: 1.1 ->" in said) == moved


def test_on_another_machine_only_ratios_are_compared(bench):
    figure = bench.Figure
    _, kept = kept_after(bench, of(bench, figure("ratio", [1.0]), figure("time", [1.0], "s")))
    now = of(bench, figure("ratio", [2.0]), figure("time", [2.0], "s"), figure("new", [1.0]))
    for same_machine, moved, without in ((True, 2, 1), (False, 1, 2)):
        said = bench.compared(now, kept, same_machine=same_machine)
        assert said.count("moved: ") == moved
        assert said.endswith(f"{without} without one to compare with")


def test_a_bound_that_is_not_kept_is_named(bench):
    figure = bench.Figure
    figures = of(bench, figure("a", [1.2], most=1.15), figure("b", [0.9], least=0.8))
    said = bench.compared(figures, {}, same_machine=True)
    assert "missed: steps, a: 1.2, at most 1.15" in said
    assert said.count("missed: ") == 1


def test_an_interrupted_benchmark_keeps_what_it_measured(bench, tmp_path, monkeypatch):
    lines = "import figures\ndef rows(fail: bool = True):\n    yield figures.Figure('a', [1.5])\n"
    lines += "    if fail:\n        raise SystemExit(3)\n    yield figures.Figure('b', [2.5])\n"
    monkeypatch.setattr(bench, "HERE", tmp_path)
    (tmp_path / "short.py").write_text(
        f"import sys\nsys.path.append({str(BENCHMARKS)!r})\n{lines}"
        "if __name__ == '__main__':\n    figures.main(rows, fail=False)\n"
    )
    assert not bench.measure("short", tmp_path, quick=False, resume=True)
    assert [(f.name, f.value) for f in bench.read(tmp_path, "short")] == [("a", 1.5)]
    assert bench.measure("short", tmp_path, quick=True, resume=True)
    assert [(f.name, f.value) for f in bench.read(tmp_path, "short")] == [("a", 1.5), ("b", 2.5)]
    (tmp_path / "short.py").unlink()
    assert bench.measure("short", tmp_path, quick=False, resume=True), "measured again"
