"""What goes into a paper: every figure as SVG and PDF, every table as CSV and LaTeX.

`write` makes the folder ``paper`` beside ``report.html``, of the same `Page` that the page is made
of. The folder is whole or not there, and it is replaced only where all in it is PoseSift's own.
"""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from posesift import progress
from posesift.report.blocks import (
    Block,
    Cell,
    Charts,
    Choice,
    Claims,
    Download,
    Gallery,
    Page,
    Row,
    Table,
    inner,
)  # fmt: skip
from posesift.report.export import figures as printing
from posesift.report.export import gallery as print_gallery
from posesift.report.export.latex import latex
from posesift.report.spreadsheet import csv_text
from posesift.report.wording import typeset
from posesift.storage import TEMPORARY, explained

FOLDER = "paper"
README = "README.txt"


@dataclass(frozen=True)
class Item:
    """One figure or table: where it stands, what it is, and what it is made of."""

    place: tuple[str, ...]
    title: str
    caption: str
    content: Figure | Table | Download

    @property
    def name(self) -> str:
        """The file's name: where it stands and its title, no word said twice in a row."""
        *above, last = self.place
        return slug(*above, *([last] * (not slug(self.title).startswith(slug(last)))), self.title)


def write(page: Page, folder: str | Path) -> Path:
    """Write the figures and tables of a page to ``folder/paper`` and return that path.

    The same page gives the same bytes; a run that is killed leaves the old folder or none, and
    what it had written is removed by the next that holds the folder (`posesift.folders.writing`).

    Raises:
        ValueError: ``paper`` is not PoseSift's own (see `check`), or cannot be written.
    """
    check(folder)
    goal = Path(folder) / FOLDER
    mark = secrets.token_hex(4)
    beside, old = (goal.with_name(f"{TEMPORARY}{FOLDER}-{kind}-{mark}") for kind in ("new", "old"))
    try:
        beside.mkdir()
        try:
            _fill(page, beside)
            if goal.exists():
                goal.rename(old)
            beside.rename(goal)
        except BaseException:
            if old.exists() and not goal.exists():
                old.rename(goal)
            raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise explained(error, goal) from error
    return goal


def check(folder: str | Path) -> None:
    """Refuse to replace a ``paper`` that holds anything but what `write` puts there.

    Raises:
        ValueError: it is a file or a link, or holds files of somebody else.
    """
    path = Path(folder) / FOLDER
    what = "move or rename it, or give --no-paper"
    if path.is_symlink():
        raise ValueError(f"{path} is a link, and is not replaced by a folder; {what}")
    if not path.exists():
        return
    if not path.is_dir():
        raise ValueError(f"expected a folder or nothing at {path}, found a file; {what}")
    readme = path / README
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    ours = {README, *re.findall(r"^(?:figures|tables)/\S+", text, flags=re.MULTILINE)}
    for item in sorted(path.rglob("*")):
        name = item.relative_to(path).as_posix()
        if item.is_symlink() or (not item.is_dir() and name not in ours):
            raise ValueError(
                f"{path} is replaced as a whole, but holds {name}, which PoseSift did not write; "
                "move it elsewhere, or give --no-paper"
            )


def names(paper: Path) -> list[str]:
    """List what `write` has put into ``paper``: paths inside it."""
    return sorted(path.relative_to(paper).as_posix() for path in paper.rglob("*.*"))


def items(page: Page) -> Iterator[Item]:
    """Every figure and table of a page, in its order."""
    for section in page.sections:
        for block in section.blocks:
            yield from _of(block, (section.anchor,))


def slug(*parts: str) -> str:
    """Return a file name of a-z, 0-9 and hyphens, whatever stands in the parts.

    >>> slug("poses", "Variation of the score", "../../é $x")
    'poses-variation-of-the-score-e-x'
    """
    text = re.sub("['\u2019]", "", " ".join(parts))
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")[:72].strip("-") or "untitled"


def _of(block: Block, place: tuple[str, ...]) -> Iterator[Item]:
    """Yield what one block gives; all options of a choice, one after the other."""
    if isinstance(block, Charts):
        for chart in block.charts:
            yield Item(place, chart.title, chart.caption, printing.printed(chart))
    elif isinstance(block, Gallery):
        figures = print_gallery.gallery(block)
        for part, figure in enumerate(figures, 1):
            which = f"Part {part} of {len(figures)}. " * (len(figures) > 1)
            yield Item(place, block.title, which + block.caption, figure)
    elif isinstance(block, Download):
        yield Item(place, Path(block.name).stem, block.label, block)
    elif isinstance(block, Choice):
        for label, some in block.options:
            for one in some:
                yield from _of(one, (*place, label))
    else:
        for one in inner(block):
            yield from _of(one, place)
    for table in of(block):
        yield Item(place, table.title, table.caption, table)


def _fill(page: Page, folder: Path) -> None:
    """Write all files of a page into an empty folder, and what they are."""
    said = [
        "Figures and tables of a report by PoseSift",
        "",
        f"{page.kind}: {_line(page.title)}",
        *([f"Result of: {_line(page.command)}"] if page.command else []),
        "These files are of: posesift report FOLDER, which replaces all of this folder.",
        f"Figures are {printing.COLUMN:g} in wide (one column of a paper), "
        f"{printing.WIDE_COLUMN:g} in or {printing.PAGE_WIDTH:g} in (two columns), with text of "
        f"{printing.SMALLEST:g} pt or more: include them without scaling.",
        r"Tables need \usepackage{booktabs}.",
        "",
    ]
    for part in ("figures", "tables"):
        (folder / part).mkdir()
    taken: set[tuple[bool, str]] = set()
    for item in progress.track(items(page), "figures and tables"):
        name = base = item.name
        drawn, number = isinstance(item.content, Figure), 1
        while (drawn, name) in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add((drawn, name))
        files = _files(item, name)
        for path, content in files.items():
            (folder / path).write_bytes(content)
        said += [*files, f"    {_line(item.title)}. {_line(item.caption)}".rstrip(), ""]
    (folder / README).write_bytes("\n".join(said).encode())


def _files(item: Item, name: str) -> dict[str, bytes]:
    """Paths inside the folder, and what is written there."""
    made = item.content
    if isinstance(made, Figure):
        return {
            f"figures/{name}.svg": printing.svg(made, item.title),
            f"figures/{name}.pdf": printing.pdf(made, item.title),
        }
    if isinstance(made, Table):
        return {
            f"tables/{name}.csv": csv_text(made).encode(),
            f"tables/{name}.tex": latex(made, name).encode(),
        }
    return {f"tables/{name}.csv": made.content.encode()}


def _line(text: str) -> str:
    return " ".join(typeset(text).split())


def of(block: Block) -> list[Table]:
    """Return the tables that one block gives; of what is a choice, a chart or a note, none."""
    if isinstance(block, Table):
        return [block]
    if isinstance(block, Claims):
        return _claims(block)
    return []


def _claims(block: Claims) -> list[Table]:
    """List what is claimed, and, one line a term, what each claim rests on."""
    claimed = [
        Row(claim.sentence, [claim.value, Cell(claim.unit), Cell(claim.verdict)])
        for claim in block.claims
    ]
    evidence = []
    based = [(claim.sentence, claim.evidence) for claim in block.claims]
    for title, terms in based:
        evidence += [Row(title, [], "group"), *(Row(name, [Cell(what)]) for name, what in terms)]
    return [
        Table("Claims", "claim", ["value", "unit", "verdict"], claimed),
        Table("Evidence of the claims", "term", ["what it is"], evidence),
    ]
