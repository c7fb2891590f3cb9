"""A page as a person reads it: its large numbers, claims and tables, out of the HTML alone."""

from __future__ import annotations

import html.parser
from dataclasses import dataclass, field
from typing import Any

from posesift.report import pose_sets
from posesift.report.pose_sets import PoseSet
from posesift.results.comparison import Comparison

VOID = ("meta", "link", "img", "path", "input", "br")


@dataclass
class Table:
    """Title, names of the columns, and a row of cells for each name; group rows have no cells."""

    title: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[tuple[str, list[str]]] = field(default_factory=list)

    def row(self, name: str) -> list[str]:
        (found,) = [cells for called, cells in self.rows if called == name]
        return found

    def column(self, name: str) -> dict[str, str]:
        place = self.columns.index(name)
        return {called: cells[place] for called, cells in self.rows if cells}


@dataclass
class Claim:
    value: str = ""
    sentence: str = ""
    verdict: str = ""
    evidence: dict[str, str] = field(default_factory=dict)


class Reading(html.parser.HTMLParser):
    """Walks once through a page and keeps what stands in it.

    Attributes:
        figures: (number with unit, what it is) at the top.
        claims: in their order.
        tables: by title.
        findings: question to answer and detail.
        tags: every tag with its attributes.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.figures: list[tuple[str, str]] = []
        self.claims: list[Claim] = []
        self.tables: dict[str, Table] = {}
        self.findings: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._stack: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._table: Table | None = None
        self._term = self._figure = self._question = ""
        self.feed(text)
        assert self._stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in VOID:
            return
        kind = dict(attrs).get("class") or ""
        self._stack.append((tag, kind))
        if tag in ("h3", "td", "th", "dt", "dd", "p"):
            self._text = []
        if tag == "figure":
            self._table = Table() if kind == "table" else None
        elif tag == "tr" and self._table is not None:
            self._table.rows.append(("", []))
        elif tag == "article":
            self.claims.append(Claim())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        opened, kind = self._stack.pop()
        assert opened == tag
        said = self._said()
        if self._table is not None:
            self._of_table(tag, said)
        elif self._inside("article"):
            self._of_claim(tag, kind, said)
        elif self._inside("dl", "figures"):
            if tag == "dd":
                self._figure = said
            elif tag == "dt":
                self.figures.append((self._figure, said))
        elif self._inside("ol", "findings") and tag == "p":
            if kind == "question":
                self._question = said
                self.findings[said] = ""
            else:
                self.findings[self._question] += f" {said}"

    def _inside(self, tag: str, kind: str = "") -> bool:
        return any(opened == tag and kind in of for opened, of in self._stack)

    def _said(self) -> str:
        return " ".join("".join(self._text).replace("\u00a0", " ").split())

    def _of_table(self, tag: str, said: str) -> None:
        table = self._table
        assert table is not None
        if tag == "figure":
            table.rows = table.rows[1:]  # the heading
            assert table.title not in self.tables
            self.tables[table.title] = table
            self._table = None
        elif tag == "h3":
            table.title = said
        elif tag == "th" and self._inside("thead"):
            table.columns.append(said)
        elif tag == "thead":
            table.columns = table.columns[1:]
        elif tag == "th":
            table.rows[-1] = (said, [])
        elif tag == "td":
            table.rows[-1][1].append(said)

    def _of_claim(self, tag: str, kind: str, said: str) -> None:
        claim = self.claims[-1]
        if tag == "p" and "value" in kind:
            claim.value = said
        elif tag == "p" and "verdict" in kind:
            claim.verdict = said
        elif tag == "h3":
            claim.sentence = said
        elif tag == "dt":
            self._term = said
        elif tag == "dd":
            claim.evidence[self._term] = said


def as_tested(folder: Comparison) -> tuple[dict[str, Any], PoseSet | None]:
    """What a comparison says, and the tested poses with every model's errors."""
    return folder.comparison, pose_sets.target_of(folder)
