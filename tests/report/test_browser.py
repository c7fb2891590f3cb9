"""The page in a real browser: silent console, silent network, every figure drawn, no overflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.report.browser import OpenPage, complaints, requested, settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


@pytest.fixture(params=["comparison", "methods", "one_seed", "score", "run"])
def path(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(f"{request.param}_page")


@pytest.mark.parametrize(
    ("width", "schemes"), [(1280, ["light", "dark"]), (390, ["dark", "light"])]
)
def test_the_page_opens_silently_whole_and_within_its_width(
    open_page: OpenPage, path: Path, width: int, schemes: list[Any]
) -> None:
    """In the one scheme of colours, and then in the other."""
    page = open_page(path, width, dark=schemes[0] == "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        settle(page)
        assert requested(page) == [path.as_uri()]
        assert complaints(page) == []
        images = page.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt])")
        assert len(images) >= 3
        assert all(complete and wide > 0 and alt for complete, wide, alt in images)
        overflow = page.evaluate(
            "[document.documentElement.scrollWidth - innerWidth,"
            " Math.max(...[...document.querySelectorAll('main *')]"
            ".filter(e => !e.closest('.scroll') || e.matches('.scroll'))"
            ".map(e => e.getBoundingClientRect().right)) - innerWidth]"
        )
        assert max(overflow) <= 0


def test_the_browser_check_sees_what_is_wrong(open_page: OpenPage, tmp_path: Path) -> None:
    """The checks above can fail: a page with every fault is caught by each of them."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<main><img src='missing.png' alt='x'><p style='width:3000px'>wide</p></main>"
        "<script>console.error('oh'); throw Error('ah')</script>"
    )
    page = open_page(bad, 390)
    assert len(requested(page)) == 2
    assert {"oh", "ah"} <= set(complaints(page))
    assert page.evaluate("document.images[0].naturalWidth") == 0
    assert page.evaluate("document.documentElement.scrollWidth") > 390
