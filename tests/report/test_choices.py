"""One of several blocks at a time, and images that several pictures share."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.report.browser import OpenPage, press, until

from posesift.report import pictures
from posesift.report.blocks import Choice, Gallery, Page, Picture, Section, Strip
from posesift.report.page import render
from posesift.skeletons import load

BODY = load("body16")


def picture(image: str | None, alt: str) -> Picture:
    keypoints_K2 = [[float(i), 20.0 - i] for i in range(16)]
    visible_K = [True] * 16
    return pictures.picture(BODY, keypoints_K2, visible_K, side=20, image=image, alt=alt)  # type: ignore[arg-type]


def page(*images: str | None) -> Page:
    """A page with one option of a choice an image, each image also in a gallery of all."""
    strips = [Strip("all", "", [picture(image, f"in all {i}") for i, image in enumerate(images)])]
    options = [
        (str(i), [Gallery("One", "", [Strip("one", "", [picture(image, f"alone {i}")])], ["c"])])
        for i, image in enumerate(images[:2])
    ]
    blocks = [Gallery("All", "", strips), Choice("Which", options)]  # type: ignore[arg-type]
    sections = [Section("s", "Title", "", blocks)]
    return Page("Run", "t", "", [], [], "", [], [], [], sections)


def test_an_image_that_several_pictures_show_is_kept_once() -> None:
    shared, own = (f"data:image/jpeg;base64,{name}" for name in ("c2hhcmVk", "b3du"))
    found = page(shared, None, own)
    assert pictures.of(found) == {shared: "image-0"}
    text = render(found)
    assert text.count(shared) == text.count(own) == 1
    assert len(re.findall(r'<use href="#image-0" transform="scale\(20\)"/>', text)) == 2
    assert re.findall(r'<img src="([^"]*)" alt="([^"]*)"', text) == [(own, "in all 2")]
    assert sorted(re.findall(r'role="img" aria-label="([^"]*)"', text)) == [
        "alone 0", "alone 1", "in all 0", "in all 1",
    ]  # fmt: skip


VISIBLE = """
[...document.querySelectorAll("#%s > .choice > .option")].map(o => getComputedStyle(o).display)
"""


@pytest.mark.browser
def test_an_arrow_key_shows_the_next_option_also_on_paper(
    open_page: OpenPage, methods_page: Path
) -> None:
    page = open_page(methods_page)
    visible = VISIBLE % "difficulty"
    assert page.evaluate(visible) == ["block", "none"]
    page.focus("#difficulty input")
    press(page, "ArrowRight")
    assert page.evaluate(visible) == ["none", "block"]
    page.emulate_media(media="print")
    assert page.evaluate(visible) == ["none", "block"]


@pytest.mark.browser
def test_shared_images_are_painted_wherever_they_are_used(
    open_page: OpenPage, methods_page: Path
) -> None:
    """Each fills its frame, also where the first picture that shows it is not on view."""
    page = open_page(methods_page)
    sizes = "[...document.querySelectorAll('%s')].map(u => u.getBoundingClientRect().width)"
    assert page.evaluate("document.querySelectorAll('#examples use').length") > 20
    for option in ("1", "2"):
        chosen = f"#examples .option:nth-of-type({option}) use"
        page.evaluate(f"document.querySelector('#examples input[value=\"{option}\"]').click()")
        assert min(page.evaluate(sizes % chosen)) > 60
    names = page.evaluate("[...document.querySelectorAll('use')].map(u => u.getAttribute('href'))")
    kept = page.evaluate(
        "[...document.querySelectorAll('svg.repeated image')].map(i => '#' + i.id)"
    )
    assert set(names) == set(kept)


@pytest.mark.browser
def test_a_link_opens_the_folded_part_that_it_leads_to(
    open_page: OpenPage, methods_page: Path
) -> None:
    page = open_page(methods_page)
    for anchor in ("gap", "claim-1"):
        part = f"document.getElementById('{anchor}').closest('details')"
        assert page.evaluate(f"{part}.open") is False
        page.evaluate(
            "(() => { const link = document.createElement('a');"
            f" link.href = '#{anchor}'; document.querySelector('main').append(link);"
            " link.click(); })()"
        )
        until(page, f"{part}.open")
