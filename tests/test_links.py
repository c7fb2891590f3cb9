"""Every link of the README and the manual leads somewhere: files, headings, addresses."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]
MARKDOWN = MarkdownIt("commonmark").enable("table")
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::\d+)?", re.IGNORECASE)


def on_github(heading: str) -> str:
    """
    >>> on_github("Why limbs: the forms, measured — `evaluation.json`")
    'why-limbs-the-forms-measured--evaluationjson'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def on_the_site(heading: str) -> str:
    """As Python-Markdown's ``toc`` has it.

    >>> on_the_site("Why limbs: the forms, measured — `evaluation.json`")
    'why-limbs-the-forms-measured-evaluationjson'
    """
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def tokens(path: Path) -> list[Token]:
    """Of all blocks and, behind each, of what stands in its line."""
    return tokens_of(path.read_text(encoding="utf-8"))


@functools.cache
def tokens_of(text: str) -> list[Token]:
    flat: list[Token] = []
    for token in MARKDOWN.parse(text):
        flat += [token, *(token.children or [])]
    return flat


def anchors(path: Path, slug: Callable[[str], str], again: str) -> set[str]:
    """What ``#`` may name in a page; the second heading of a name has a number behind ``again``."""
    flat, found, seen = tokens(path), set(), Counter()
    for opening, line in itertools.pairwise(flat):
        if opening.type == "heading_open":
            words = (t.content for t in line.children or [] if t.type in ("text", "code_inline"))
            name = slug("".join(words))
            found.add(f"{name}{again}{seen[name]}" if seen[name] else name)
            seen[name] += 1
    raw = "".join(t.content for t in flat if t.type.startswith("html"))
    return found | set(re.findall(r"\b(?:id|name)=\"([^\"]+)\"", raw))


def targets(path: Path) -> Iterator[str]:
    for token in tokens(path):
        for name in ("href", "src"):
            if (value := token.attrGet(name)) is not None:
                yield str(value)
        if token.type.startswith("html"):
            yield from re.findall(r"\b(?:href|src)=\"([^\"]*)\"", token.content)


def fault(path: Path, target: str, site: Path) -> str | None:
    """What is wrong with a link of a page; pages in ``site`` are read there and on GitHub."""
    parts = urlsplit(target)
    if parts.scheme:
        fine = parts.scheme in ("http", "https") and HOST.fullmatch(parts.netloc)
        is_mail = parts.scheme == "mailto"
        ended = fine and target[-1] not in ".,;"
        return None if ended or is_mail else f"{target} is no address of the web"
    file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not file.exists():
        return f"{target}: there is no {file}"
    in_site = site in path.parents
    if in_site and site not in file.parents:
        return f"{target} leads out of the manual"
    if parts.fragment and file.suffix == ".md":
        if parts.fragment not in anchors(file, on_github, "-"):
            return f"{target}: no such heading on GitHub"
        if in_site and parts.fragment not in anchors(file, on_the_site, "_"):
            return f"{target}: no such heading in the manual"
    return None


def unresolved(path: Path) -> list[str]:
    """``[text][name]`` where nothing says what ``name`` is."""
    texts = "\n".join(token.content for token in tokens(path) if token.type == "text")
    return re.findall(r"\[[^\][]+\]\[[^\][]*\]", texts)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    assert [told for target in targets(path) if (told := fault(path, target, DOCS))] == []
    assert unresolved(path) == []


def test_the_pages_have_links():
    """The test above looks at something."""
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "index.md"} <= {
        path.name for path in PAGES
    }
    assert sum(1 for path in PAGES for _ in targets(path)) > 150


def test_each_fault_is_found(tmp_path):
    site = tmp_path / "docs"
    site.mkdir()
    (tmp_path / "README.md").write_text('# A\n## B c\n## B c\n<a id="own"></a>\n')
    (site / "a.md").write_text("# Two — dashes\n")
    wrong = {
        "b.md": "there is no",
        "a.md#one": "no such heading",
        "a.md#two--dashes": "no such heading in the manual",
        "a.md#two-dashes": "no such heading on GitHub",
        "../README.md": "leads out of the manual",
        "htp://example.org": "no address",
        "https://example": "no address",
        "https://example.org/a.": "no address",
        "https:/example.org": "no address",
    }
    for target, told in wrong.items():
        (site / "page.md").write_text(f'[x]({target}) and <img src="{target}">\n')
        assert list(targets(site / "page.md")) == [target, target]
        assert told in str(fault(site / "page.md", target, site))
    readme = tmp_path / "README.md"
    fine = ("#b-c", "#b-c-1", "#own", "docs/a.md", "docs/a.md#two--dashes", "https://example.org/x")
    assert [fault(readme, target, site) for target in fine] == [None] * len(fine)
    assert fault(readme, "#b-c-2", site)
    readme.write_text("[x][nowhere] `[a][b]`\n")
    assert unresolved(readme) == ["[x][nowhere]"]
