"""One self-contained page about a finished folder: `write_report`.

The page holds its style and its pictures, runs no script, asks the network for nothing (its own
content security policy forbids it), and the same folder always gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import jinja2

import posesift
from posesift import storage
from posesift.report import contents, folders
from posesift.report.blocks import Page
from posesift.report.wording import typeset


def write_report(folder: str | Path, target: str | None = None) -> Path:
    """Render a score, run or comparison folder to its ``report.html``.

    Args:
        folder: as `posesift score`, `train`, `evaluate` or `demo` leave it. Images are taken from
            the data's addresses; where these are not at hand the page says so.
        target: address of labelled poses to set beside those of a score.

    Returns:
        The path of the page.

    Raises:
        ValueError: the folder is none of the three, or a file in it is missing or broken.
    """
    page = contents.of(folders.read(folder), target)
    path = Path(folder) / "report.html"
    storage.write_text(path, render(page))
    return path


def render(page: Page) -> str:
    """The HTML of a page; every string in it is shown as text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("posesift.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: typeset(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("template.html.j2")
    return template.render(page=page, version=posesift.__version__)
