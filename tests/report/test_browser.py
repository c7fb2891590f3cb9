"""The page in a real browser: silent console, silent network, every figure drawn, no overflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.report.browser import CHROMIUM, Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    tab = Browser(tmp_path_factory.mktemp("profile"))
    yield tab
    tab.close()


@pytest.fixture(params=["comparison", "methods", "one_seed", "score", "run"])
def page(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(f"{request.param}_page")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_opens_silently_whole_and_within_its_width(
    browser: Browser, page: Path, width: int, dark: bool
) -> None:
    browser.open(page, width, dark)
    requested = [sent["request"]["url"] for sent in browser.seen("Network.requestWillBeSent")]
    assert [url for url in requested if not url.startswith("data:")] == [page.as_uri()]
    assert browser.seen("Log.entryAdded") == []
    assert browser.seen("Runtime.consoleAPICalled") == []
    assert browser.seen("Runtime.exceptionThrown") == []
    images = browser.value("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt])")
    assert len(images) >= 3
    assert all(complete and wide > 0 and alt for complete, wide, alt in images)
    overflow = browser.value(
        "[document.documentElement.scrollWidth - innerWidth,"
        " Math.max(...[...document.querySelectorAll('main *')]"
        ".filter(e => !e.closest('.scroll') || e.matches('.scroll'))"
        ".map(e => e.getBoundingClientRect().right)) - innerWidth]"
    )
    assert max(overflow) <= 0


def test_the_browser_check_sees_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    """The checks above can fail: a page with every fault is caught by each of them."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<main><img src='missing.png' alt='x'><p style='width:3000px'>wide</p></main>"
        "<script>console.error('oh')</script>"
    )
    browser.open(bad, 390)
    assert len(browser.seen("Network.requestWillBeSent")) == 2
    assert browser.seen("Runtime.consoleAPICalled")
    assert browser.value("document.images[0].naturalWidth") == 0
    assert browser.value("document.documentElement.scrollWidth") > 390
