"""Images that several pictures of a page show: kept in it once, under a name.

The truth and each arm's prediction are drawn on the same crop, and a failure of one arm is often
one of another's too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from posesift.report.blocks import Block, Choice, Gallery, Page


def of(page: Page) -> dict[str, str]:
    """Each image (a ``data:`` URI) that more than one picture shows, and its name in the page."""
    shown = Counter(_images(block for section in page.sections for block in section.blocks))
    return {image: f"image-{i}" for i, (image, times) in enumerate(shown.items()) if times > 1}


def _images(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Choice):
            yield from _images(inner for _, some in block.options for inner in some)
        elif isinstance(block, Gallery):
            pictures = (picture for strip in block.strips for picture in strip.pictures)
            yield from (picture.image for picture in pictures if picture.image)
