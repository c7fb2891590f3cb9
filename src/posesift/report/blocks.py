"""What a page is made of: sections of charts, tables, galleries and notes.

Plain values without markup; the template alone knows HTML, and escapes every string in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from posesift.report import theme
from posesift.report.theme import Chart, data_uri
from posesift.report.wording import written

Point = tuple[float, float]
Line = tuple[Point, Point]


@dataclass(frozen=True)
class Picture:
    """One pose, on its image where there is one.

    Numbers are in the pixels of the crop, the outer corner of its first pixel at (0, 0).

    Attributes:
        image: the crop as a ``data:`` URI, or None: the skeleton is drawn on an empty ground.
        side: the crop's side in these pixels.
        limbs: of each colour the lines drawn in it, each from (x, y) to (x, y).
        joints: centres of the joints that are drawn.
        missed: centres of joints that were off by more than the threshold.
        alt: what is seen, in words.
        caption: lines below the picture.
    """

    image: str | None
    side: float
    limbs: list[tuple[str, list[Line]]]
    joints: list[Point]
    missed: list[Point]
    alt: str
    caption: list[str] = field(default_factory=list)


COUNT, WHOLE, SIGNED = ",.0f", ".0f", "+.1f"  # forms of numbers


@dataclass(frozen=True)
class Cell:
    """One table cell: a number that every writer of tables writes in its own way, or words.

    Attributes:
        value: a number, or words; None = not known.
        form: of the number and what belongs to it, as `format` takes it.
        spread: its standard deviation over seeds.
        ends: of its interval; a cell without a value may be an interval alone.
        best: whether it is the best of its column.
        shade: the cell's ground, from 0 (pale) to 1 on the ramp of difficulty; None = none.
    """

    value: float | str | None = None
    form: str = ".1f"
    spread: float | None = None
    ends: tuple[float, float] | None = None
    best: bool = False
    shade: float | None = None

    @property
    def number(self) -> float | None:
        """The number; None for words and where none is known."""
        if self.value is None or isinstance(self.value, str) or not math.isfinite(self.value):
            return None
        return self.value

    @property
    def text(self) -> str:
        """What a reader sees first: the value, or the interval where it is alone."""
        if isinstance(self.value, str):
            return self.value
        if self.value is None and self.ends:
            return self.interval
        return written(self.value, self.form)

    @property
    def beside(self) -> str:
        """The interval behind a value, or ""."""
        return "" if self.value is None else self.interval

    @property
    def interval(self) -> str:
        """Both ends, or ""."""
        return " to ".join(written(end, self.form) for end in self.ends or ())

    @property
    def deviation(self) -> str:
        """The spread, or ""."""
        return "" if self.spread is None else written(self.spread, self.form)

    @property
    def colours(self) -> dict[str, str]:
        """Ground and ink on a light and on a dark page; none without a shade."""
        if self.shade is None:
            return {}
        light, dark = theme.ramp_pair(self.shade)
        inks = {"ink-light": theme.on(light), "ink-dark": theme.on(dark)}
        return {"light": light, "dark": dark, **inks}


@dataclass(frozen=True)
class Row:
    """One table row; ``role`` is "baseline", "arm", "oracle" or "group" and sets its look.

    A row of role "group" is a heading across the table and has no cells; ``picture`` stands before
    the name.
    """

    name: str
    cells: list[Cell]
    role: str = "arm"
    picture: Picture | None = None


@dataclass(frozen=True)
class Table:
    """A table with a heading and a caption that says how to read it."""

    kind: ClassVar[str] = "table"
    title: str
    corner: str
    columns: list[str]
    rows: list[Row]
    caption: str = ""


@dataclass(frozen=True)
class Strip:
    """A named row of pictures; ``follows`` where it belongs to the row above."""

    name: str
    detail: str
    pictures: list[Picture]
    follows: bool = False


@dataclass(frozen=True)
class Gallery:
    """Strips of pictures, one a bin (``columns`` empty) or one an example (columns named).

    ``pairs``: each strip holds two pictures, and strips stand beside each other under the title.
    """

    kind: ClassVar[str] = "gallery"
    title: str
    caption: str
    strips: list[Strip]
    columns: list[str] = field(default_factory=list)
    pairs: bool = False


@dataclass(frozen=True)
class Charts:
    """Figures side by side where there is room."""

    kind: ClassVar[str] = "charts"
    charts: list[Chart]


@dataclass(frozen=True)
class Note:
    """A paragraph that must not be missed, or a plain one."""

    kind: ClassVar[str] = "note"
    text: str
    strong: bool = True


@dataclass(frozen=True)
class Download:
    """A CSV file inside the page, saved by a click: a table that somebody computes with."""

    kind: ClassVar[str] = "download"
    name: str
    label: str
    content: str

    @property
    def uri(self) -> str:
        """The file as a ``data:`` URI."""
        return data_uri(self.content.encode(), "text/csv")


@dataclass(frozen=True)
class Choice:
    """Blocks of which the reader sees one at a time: one method of several, say.

    Works without a script (radio buttons), so it prints and mails like the rest; on paper the
    first is shown.
    """

    kind: ClassVar[str] = "choice"
    title: str
    options: list[tuple[str, list[Block]]]


@dataclass(frozen=True)
class Fold:
    """Blocks that are closed until a reader opens them; in print they are open.

    ``anchor``: where links to them lead, or "".
    """

    kind: ClassVar[str] = "fold"
    title: str
    blocks: list[Block]
    anchor: str = ""


@dataclass(frozen=True)
class Explorer:
    """The poses themselves, to be looked through in the page.

    Attributes:
        data: of `posesift.report.explorer.data`, as JSON text that is safe inside HTML.
        fallback: what is said where scripts do not run.
    """

    kind: ClassVar[str] = "explorer"
    data: str
    fallback: str


@dataclass(frozen=True)
class Claim:
    """One statement with its number and what it rests on.

    Attributes:
        sentence: what is claimed, never more than the evidence holds.
        value: the number, with its sign where it is a difference.
        unit: of the number.
        verdict: one of the words that the block's rules explain.
        evidence: term and what it is; what holds for all claims stands at the top of the page.
        strong: the one that was named in advance.
    """

    sentence: str
    value: Cell
    unit: str
    verdict: str
    evidence: list[tuple[str, str]]
    strong: bool = False


@dataclass(frozen=True)
class Claims:
    """Claims one below the other, and how verdicts are given."""

    kind: ClassVar[str] = "claims"
    claims: list[Claim]
    rules: list[tuple[str, str]]


Block = Table | Gallery | Charts | Note | Download | Choice | Fold | Explorer | Claims


def one_of(title: str, options: list[tuple[str, list[Block]]]) -> list[Block]:
    """Let the reader choose where there is a choice; of one option give its blocks."""
    return [Choice(title, options)] if len(options) > 1 else options[0][1]


def inner(block: Block) -> list[Block]:
    """Give the blocks inside a block; none of most."""
    if isinstance(block, Choice):
        return [one for _, some in block.options for one in some]
    return block.blocks if isinstance(block, Fold) else []


@dataclass(frozen=True)
class Section:
    """A part of the page with an anchor, a heading, and a lead sentence."""

    anchor: str
    title: str
    lead: str
    blocks: list[Block]


@dataclass(frozen=True)
class Figure:
    """A figure at the top of the page: a number with its unit and what it is."""

    value: str
    unit: str
    what: str
    strong: bool = False


@dataclass(frozen=True)
class Finding:
    """One statement of the summary: a question, its answer in one line, and the numbers.

    Attributes:
        question: as a reader would ask it.
        answer: in one or two plain sentences.
        detail: what stands behind it.
        pictures: up to six poses that show the answer.
        links: words and anchor of the parts of the page that hold the evidence.
    """

    question: str
    answer: str
    detail: str
    pictures: list[Picture] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """A whole report.

    ``terms`` stand beside the headline (budget, seeds, protocol, labels); ``facts`` at the end;
    ``key`` names the colours of drawn limbs.
    """

    kind: str
    title: str
    lede: str
    terms: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    command: str
    notes: list[str]
    figures: list[Figure]
    findings: list[Finding]
    sections: list[Section]
    key: list[tuple[str, str]] = field(default_factory=list)
