"""The guide to new parts, run as it stands: every file and every line."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest
import torch
from tests.experiments.tiny import experiment

from posesift.data.readers import read
from posesift.difficulty import scorers
from posesift.experiments import methods
from posesift.experiments.run import train
from posesift.networks import NETWORKS, Listed
from posesift.networks.build import build
from posesift.sampling import strategies

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
METHOD, NETWORK, SCORE, STRATEGY = (BLOCKS[i : i + 2] for i in range(0, 8, 2))


def line(text: str, names: dict) -> dict:
    return eval(f"{{{text}}}", names)


@pytest.fixture
def module(monkeypatch):
    def made(name: str, text: str) -> types.ModuleType:
        found = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, found)
        exec(compile(text, name, "exec"), vars(found))
        return found

    return made


def test_the_page_has_a_file_and_a_line_each():
    assert len(BLOCKS) == 8


def test_the_method_trains_by_its_name(module, monkeypatch, tmp_path):
    module("posesift.adaptation.entropy", METHOD[0])
    for name, entry in line(METHOD[1], vars(methods)).items():
        monkeypatch.setitem(methods.METHODS, name, entry)
    found = train(experiment(method="entropy", network="small"), tmp_path)
    assert found["sets"]["target"]["samples"] == 24
    assert '"entropy"' in (tmp_path / "metrics.jsonl").read_text()
    with pytest.raises(ValueError, match="entropy has no published form; leave --parity out"):
        train(experiment(method="entropy", parity=True), tmp_path / "published")


def test_the_network_is_built_by_its_name(module, monkeypatch):
    module("posesift.networks.plain", NETWORK[0])
    for name, entry in line(NETWORK[1], {"Listed": Listed}).items():
        monkeypatch.setitem(NETWORKS, name, entry)
    assert build("plain", 5)(torch.zeros(1, 3, 32, 32)).shape == (1, 5, 8, 8)
    assert experiment(network="plain", side=20).network.side == 20


def test_the_score_is_fitted_saved_and_read(module, monkeypatch, tmp_path):
    spread = module("posesift.difficulty.spread", SCORE[0])
    for name, kind in line(SCORE[1], {"Kind": scorers.Kind, "Spread": spread.Spread}).items():
        monkeypatch.setitem(scorers.SCORES, name, kind)
    table = read("world:body,n=20")
    scorer = scorers.fit(table, "spread")
    scorer.save(tmp_path)
    again = scorers.load_scorer(tmp_path).score(table)
    assert (again == scorer.score(table)).all()
    assert len(set(again.tolist())) == 20


def test_the_strategy_draws_from_the_middle(module, monkeypatch):
    middle = module("posesift.sampling.middle", STRATEGY[0])
    for name, rule in line(STRATEGY[1], {"middle": middle.middle}).items():
        monkeypatch.setitem(strategies._STRATEGIES, name, rule)
    weights = strategies.make("middle", range(8), k=4).weights()
    assert weights.tolist() == [0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0]
