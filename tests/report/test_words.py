"""The list of words: only what a page uses, one sentence each."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from posesift import results
from posesift.report import contents, glossary
from posesift.report.blocks import Cell, Download, Explorer, Finding, Page, Row, Section, Table

EMPTY = Page("Score", "", "", [], [], "", [], [], [], [])


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("An arm is best.", ["arm"]),
        ("Harm, army and carbine.", []),
        ("Regret of the oracle", ["oracle", "regret"]),
        ("p (Holm)", ["p (Holm)"]),
        ("UDAPE + hard mining", ["UDAPE", "hard mining"]),
        ("EvalPose cosine", ["EvalPose", "EvalPose cosine"]),
        ("Source only", ["source only"]),
    ],
)
def test_words_are_found_where_they_stand(text: str, terms: list[str]) -> None:
    table = Table("", "", ["x"], [Row("", [Cell(text)])])
    for page in (
        replace(EMPTY, title=text),
        replace(EMPTY, findings=[Finding("", "", text)]),
        replace(EMPTY, sections=[Section("a", "", "", [table])]),
    ):
        assert [term for term, _ in glossary.of(page)] == terms


def test_files_and_pictures_are_no_text() -> None:
    hidden = [Explorer('["oracle"]', "regret"), Download("arm.csv", "mode", "UDAPE")]
    assert glossary.of(replace(EMPTY, sections=[Section("a", "", "", hidden)])) == []
    assert glossary.of(replace(EMPTY, command="oracle", facts=[("x", "data:,arm")])) == []


def test_a_term_is_one_plain_sentence_and_stands_once() -> None:
    names = [term for term, _, _ in glossary.WORDS]
    assert len(set(names)) == len(names)
    for _, pattern, meaning in glossary.WORDS:
        re.compile(pattern)
        assert meaning.endswith(".")
        assert len(meaning) < 260


def test_parts_of_a_page_are_known_by_their_headings(methods_comparison: Path) -> None:
    page = contents.of(results.read(methods_comparison))
    terms = dict(glossary.of(page))
    assert {"arm", "oracle", "UDAPE", "curriculum", "PCK@0.05"} <= terms.keys()
    assert "random pacing" not in terms
    named = ["Summary", *(part.title for part in page.sections)]
    assert len(set(named)) == len(named) <= 8  # one line of the menu
    assert all(0 < len(name.split()) <= 4 for name in named)
