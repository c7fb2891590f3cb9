from __future__ import annotations

import os

import pytest

from posesift.adaptation.training.bf16 import bf16_pays
from posesift.commands import doctor


def advice_on_threads(monkeypatch, cores: int, load: float, threads: int) -> str:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    return " ".join(doctor._threads_advice(threads))


@pytest.mark.parametrize(
    ("cores", "load", "threads", "use"),
    [(2, 1.0, 2, 1), (2, 0.6, 2, 1), (2, 7.5, 2, 1), (16, 4.2, 16, 11), (16, 40.0, 8, 1)],
)
def test_on_a_busy_machine_it_says_how_many_threads_to_use(monkeypatch, cores, load, threads, use):
    text = advice_on_threads(monkeypatch, cores, load, threads)
    assert f"load {load} on {cores} cores" in text
    assert text.endswith(f"use --threads {use}")


@pytest.mark.parametrize(
    ("cores", "load", "threads"), [(2, 0.2, 2), (2, 5.0, 1), (16, 8.0, 8), (1, 3.0, 1)]
)
def test_where_the_threads_have_cores_of_their_own_it_says_nothing(
    monkeypatch, cores, load, threads
):
    assert advice_on_threads(monkeypatch, cores, load, threads) == ""


def test_a_system_without_a_load_average_gets_no_advice_on_threads(monkeypatch):
    monkeypatch.delattr(os, "getloadavg", raising=False)
    assert doctor._threads_advice(8) == []


def test_it_says_which_precision_is_used_and_why():
    found = doctor.examine()
    pays, why = bf16_pays(found["runtime"]["device"])
    word = "bf16" if pays else "fp32"
    assert found["runtime"]["precision"] == word
    assert f"--precision auto is {word} here: {why}" in found["advice"]
