"""Pages in headless Chromium, driven by Playwright: the system's browser, no download of another.

Tests get Playwright's own pages; here is what they share.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.patience import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
PHONE = 600  # px: narrower pages are a phone's

OpenPage = Callable[..., Page]
"""``open_page(path, width=1280, dark=False, **options of the browser's context)``."""


@contextmanager
def chromium_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def opened(
    browser: Browser, path: Path, width: int = 1280, dark: bool = False, **more: Any
) -> Page:
    """The page in a window of its own, loaded; ``before`` is a script that runs before it."""
    before = more.pop("before", None)
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        is_mobile=width < PHONE,
        color_scheme="dark" if dark else "light",
        # The focus scrolls at once: a click aimed while the page still glides would miss.
        reduced_motion="reduce",
        **more,
    )
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    if before:
        page.add_init_script(before)
    page.goto(path.as_uri())
    return page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    with chromium_browser() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    yield lambda path, width=1280, dark=False, **more: opened(chromium, path, width, dark, **more)
    for context in chromium.contexts:
        context.close()


def requested(page: Page) -> list[str]:
    """What the page asked for; what lies in the page itself is no request."""
    urls = [request.url for request in page.requests()]
    return [url for url in urls if not url.startswith(("data:", "blob:"))]


def complaints(page: Page) -> list[str]:
    """What the console and failing scripts said."""
    return [message.text for message in page.console_messages()] + [
        str(error) for error in page.page_errors()
    ]


def settle(page: Page) -> None:
    """Wait until what was asked for is painted."""
    page.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true.

    Playwright's own ``wait_for_function`` compiles text in the page, which its policy forbids.
    """
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(10)


def place(page: Page, selector: str, across: float = 0.5, down: float = 0.5) -> dict[str, float]:
    """A place in the first such element, as shares of its sides, for ``position=`` of a click."""
    box = page.locator(selector).first.bounding_box()
    assert box
    return {"x": across * box["width"], "y": down * box["height"]}


def drag(page: Page, selector: str, start: float, end: float) -> None:
    """Press at one share of an element's width, let go at another."""
    page.locator(selector).first.scroll_into_view_if_needed()
    box = page.locator(selector).first.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=6)
    page.mouse.up()


def pick(page: Page, selector: str, text: str) -> None:
    """Choose an entry of a drop-down list with the arrow keys."""
    entries = page.locator(selector).first
    entries.focus()
    here, there = entries.evaluate(
        f"e => [e.selectedIndex, [...e.options].findIndex(o => o.text === {json.dumps(text)})]"
    )
    assert there >= 0, text
    press(page, "ArrowDown" if there > here else "ArrowUp", times=abs(there - here))


def press(page: Page, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.keyboard.press(key)
    settle(page)


def click(
    page: Page, selector: str, across: float | None = None, down: float = 0.5, **more: Any
) -> None:
    """Click the first such element, in its middle or at shares of its sides, and see what comes."""
    at = None if across is None else place(page, selector, across, down)
    page.click(selector, position=at, **more)  # type: ignore[arg-type]
    settle(page)
