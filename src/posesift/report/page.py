"""One self-contained page about a finished folder: `write_report`.

The page holds its style and its pictures and asks the network for nothing. Its own content
security policy forbids that, and lets no script run but the explorer's, which it knows by its
hash. The same folder always gives the same bytes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from posesift import results, storage
from posesift.report import contents, glossary, pictures
from posesift.report.blocks import Explorer, Page
from posesift.report.wording import typeset
from posesift.version import __version__

SCRIPT = (
    "folds.js",
    "explore_poses.js",
    "explore_draw.js",
    "explore_histogram.js",
    "explore_heatmap.js",
    "explore_views.js",
    "explore.js",
)


def write_report(folder: str | Path, target: str | None = None) -> Path:
    """Render a score, run or comparison folder to its ``report.html``.

    Args:
        folder: as `posesift score`, `train`, `evaluate` or `demo` leave it. Images are taken from
            the data's addresses; where these are not available the page says so.
        target: address of labelled poses to set beside those of a score.

    Returns:
        The path of the page.

    Raises:
        ValueError: the folder is none of the three, or a file in it is missing or broken.
    """
    return save(contents.of(results.read(folder), target), folder)


def save(page: Page, folder: str | Path) -> Path:
    """Write a page to the ``report.html`` of a folder and return its path."""
    path = Path(folder) / "report.html"
    storage.write_text(path, render(page))
    return path


def render(page: Page) -> str:
    """Return the HTML of a page; every string in it is shown as text."""
    explored = any(isinstance(block, Explorer) for part in page.sections for block in part.blocks)
    script = _script() if explored else ""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _template().render(
        page=page,
        coded=coded,
        words=glossary.of(page),
        repeated=pictures.of(page),
        version=__version__,
        script=script,
        script_hash=f"'sha256-{digest}'",
    )


def coded(text: str) -> Markup:
    r"""Return a sentence as HTML, with what stands between backticks as code.

    >>> coded("`posesift score` is < 1 %")
    Markup('<code>posesift score</code> is &lt; 1\xa0%')
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(typeset(text)))))


@functools.cache
def _template() -> jinja2.Template:
    """Compile the page's template, once in a process."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("posesift.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: typeset(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("template.html.j2")


def _script() -> str:
    """Return the explorer's files as one script that leaves no name behind."""
    folder = resources.files("posesift.report.explorer")
    parts = [folder.joinpath(name).read_text("utf-8") for name in SCRIPT]
    return "\n".join(['(() => {\n"use strict";', *parts, "})();"])
