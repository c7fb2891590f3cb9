"""The contact sheet: crops with their poses drawn on, on one page for the eye.

Shapes: T tiles, S side of a tile, H W of the page, 3 = (red, green, blue).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from posesift import storage
from posesift.data.checks.lettering import ALARM, FAINT, LARGE, Words, written
from posesift.data.checks.suspects import Suspect
from posesift.data.checks.tiles import TILE, close_up, tiles
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton
from posesift.skeletons.sides import all_sided

_MARK = b"\nposesift contact sheet\n"  # decoders read to the end of the picture, not of the file
_WIDTH = 1600  # px
_COLUMNS = 8
_GAP = 10
_LINE = 17  # px, a line of text
_MARGIN = _GAP // 2 + (_WIDTH - _COLUMNS * (TILE + _GAP)) // 2
_LETTERS = TILE // 7  # of a name that fit under a tile
_REASON = TILE // 6  # of a reason, which has fewer capitals and digits
_MODE = 14
_PAPER = (250, 250, 249)


class Tile(NamedTuple):
    """A picture on a sheet, and the words below it.

    Attributes:
        picture_SS3: uint8 RGB, of the side `posesift.data.checks.tiles.TILE`.
        name: its end is shown where it is long.
        aside: a few words behind the name.
        why: what is wrong with it, in a line of its own.
    """

    picture_SS3: np.ndarray
    name: str
    aside: str = ""
    why: str = ""


def contact_sheet(
    table: PoseTable,
    path: str | Path,
    n: int = 40,
    seed: int = 0,
    suspects: Sequence[Suspect] = (),
) -> Path:
    """Write one picture, 1600 px wide: random crops with their poses, then the suspicious ones.

    The crops are those that training sees; the suspicious ones are closer to the pose. Poses
    without an image are drawn on plain ground, and so are those whose image cannot be read, with
    a cross behind them. Under each tile stand the image's name and the mode; the legend says
    which colours are left and right.

    Args:
        table: what to show; all of it where it has fewer than ``n`` poses.
        path: of the picture; the ending (``.png``, ``.jpg``, ``.webp``) chooses the format.
        n: how many random tiles.
        seed: another seed, another choice.
        suspects: shown below, each with the reason.

    Returns:
        ``path``.

    Raises:
        ValueError: the table is empty, or OpenCV does not know the ending of ``path``.
    """
    if not len(table):
        raise ValueError("a contact sheet needs at least one pose; the table is empty")
    path = Path(path)
    if not path.suffix or not cv2.haveImageWriter(f"x{path.suffix}"):
        raise ValueError(f"expected a picture's ending such as .png or .jpg, found {path.name!r}")
    chosen = np.random.default_rng([seed, 48]).choice(len(table), min(n, len(table)), replace=False)
    sections = [(f"{len(chosen)} samples at random", [Suspect(int(r), "") for r in sorted(chosen)])]
    if suspects:
        title = (
            "Worth a look: limbs many times too long, sides that contradict each other, and such"
        )
        sections.append((title, list(suspects)))
    facts = f"{len(table):,} samples, {table.skeleton.name}, boxes from {table.boxes_from}"
    return write_sheet(
        path,
        table.address or "poses",
        facts,
        table.skeleton,
        [(title, _tiles(table, samples)) for title, samples in sections],
        hollow="hidden, yet labelled"
        if table.occluded_NK is not None and table.occluded_NK.any()
        else "",
    )


def write_sheet(
    path: Path,
    title: str,
    facts: str,
    skeleton: Skeleton,
    sections: Sequence[tuple[str, Sequence[Tile]]],
    *,
    hollow: str = "",
) -> Path:
    """Write tiles in sections on one page, with the legend of the limbs' colours.

    Args:
        path: of the picture.
        title: of the page.
        facts: below it.
        skeleton: whose colours the legend explains.
        sections: title and tiles of each; at least one tile each.
        hollow: what hollow dots mean; "" where there are none.

    Returns:
        ``path``.

    Raises:
        ValueError: it cannot be written.
    """
    heights = [_section_height(shown) for _, shown in sections]
    page_HW3 = np.empty((_header_height() + sum(heights) + _GAP, _WIDTH, 3), np.uint8)
    page_HW3[:] = _PAPER
    texts = _header(page_HW3, title, facts, skeleton, hollow)
    top = _header_height()
    for (words, shown), height in zip(sections, heights, strict=True):
        texts += _section(page_HW3, top, words, shown)
        top += height
    page_HW3 = written(page_HW3, texts)
    done, content = cv2.imencode(path.suffix, cv2.cvtColor(page_HW3, cv2.COLOR_RGB2BGR))
    assert done, path
    storage.write_bytes(path, content.tobytes() + _MARK)
    return path


def is_contact_sheet(path: Path) -> bool:
    """Whether a file was written by `contact_sheet`: it says so behind the picture."""
    try:
        if storage.irregular(path):
            return False
        with path.open("rb") as file:
            file.seek(-len(_MARK), 2)
            return file.read() == _MARK
    except OSError:
        return False


def shortened(text: str, letters: int = _LETTERS) -> str:
    """Return the text, or its end behind an ellipsis: names differ at their ends.

    >>> shortened("run0/ung_91_31/ung_91_31_c0002.mp4#12", 18)
    '…_31_c0002.mp4#12'
    """
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= letters else "…" + text[-(letters - 2) :]


def legend(skeleton: Skeleton) -> list[tuple[str, list[str]]]:
    """Return what the limbs' colours stand for: the sides, else the first words of their names.

    >>> from posesift.skeletons import load
    >>> legend(load("body16"))
    [('right', ['#D55E00', '#E69F00']), ('left', ['#0072B2', '#56B4E9'])]
    >>> legend(load("hand21"))[0]
    ('thumb', ['#E69F00'])
    """
    meant: dict[str, set[str]] = {}
    named = all_sided(skeleton.keypoints)
    for (_, end), colour in zip(skeleton.limbs, skeleton.colours, strict=True):
        name = skeleton.keypoints[end]
        meant.setdefault(colour, set()).add(named[end].side or name.partition("_")[0])
    words: dict[str, list[str]] = {}
    for colour, names in meant.items():
        if len(names) == 1:  # a colour of both sides means neither
            words.setdefault(names.pop(), []).append(colour)
    sides = {side: words[side] for side in ("right", "left") if side in words}
    return list((sides or words).items())[:12]


def _header_height() -> int:
    return 2 * _LINE + 2 * _GAP


def _header(
    page_HW3: np.ndarray, title: str, facts: str, skeleton: Skeleton, hollow: str
) -> list[Words]:
    """Return the title and the legend, whose bars are drawn on the page."""
    base = _GAP + _LINE
    texts = [
        Words(_MARGIN, base, shortened(title, 100), size=LARGE),
        Words(_MARGIN, base + _LINE + 2, facts, FAINT),
    ]
    left = float(_WIDTH - _MARGIN)
    entries = legend(skeleton)
    width = sum(7 * len(word) + 24 * len(colours) + 20 for word, colours in entries)
    left -= width + (130 if hollow else 0)
    for word, colours in entries:
        for colour in colours:
            bar = [int(v) for v in (left, base + 8, left + 20, base + 14)]
            cv2.rectangle(page_HW3, (bar[0], bar[1]), (bar[2], bar[3]), _rgb(colour), cv2.FILLED)
            left += 24
        texts.append(Words(left + 2, base + _LINE, word))
        left += 7 * len(word) + 20
    if hollow:
        centre = int(left) + 8, base + 11
        for radius, colour in ((6, (24, 24, 27)), (4, (255, 255, 255)), (2, (24, 24, 27))):
            cv2.circle(page_HW3, centre, radius, colour, cv2.FILLED, cv2.LINE_AA)
        texts.append(Words(left + 20, base + _LINE, hollow))
    return texts


def _tiles(table: PoseTable, samples: Sequence[Suspect]) -> list[Tile]:
    """Return the samples' crops with their poses; those with a reason are seen from nearer."""
    part = table.select([sample.row for sample in samples])
    pictures = tiles(close_up(part) if samples[0].why else part)
    modes = [""] * len(part) if part.mode_N is None else [str(mode or "") for mode in part.mode_N]
    names = (
        [f"row {sample.row}" for sample in samples]
        if part.image_N is None
        else [str(name) for name in part.image_N]
    )
    whys = [sample.why for sample in samples]
    return [Tile(*found) for found in zip(pictures, names, modes, whys, strict=True)]


def _section_height(shown: Sequence[Tile]) -> int:
    lines = 2 if any(tile.why for tile in shown) else 1
    rows = -(-len(shown) // _COLUMNS)
    return 2 * _LINE + rows * (TILE + lines * _LINE + _GAP)


def _section(page_HW3: np.ndarray, top: int, title: str, shown: Sequence[Tile]) -> list[Words]:
    """Draw the tiles of one section; returns its texts."""
    texts = [Words(_MARGIN, top + _LINE, title, size=LARGE - 2)]
    height = (_section_height(shown) - 2 * _LINE) // -(-len(shown) // _COLUMNS)
    for place, tile in enumerate(shown):
        row, column = divmod(place, _COLUMNS)
        left = _MARGIN + column * (TILE + _GAP)
        upper = top + 2 * _LINE - 6 + row * height
        page_HW3[upper : upper + TILE, left : left + TILE] = tile.picture_SS3
        base = upper + TILE + _LINE - 4
        aside = tile.aside
        aside = aside if len(aside) <= _MODE else aside[: _MODE - 1].rstrip() + "…"
        room = _LETTERS - len(aside) - 1 if aside else _LETTERS
        texts.append(Words(left, base, shortened(tile.name, room)))
        if aside:
            texts.append(Words(left + TILE, base, aside, FAINT, right=True))
        if tile.why:
            texts.append(Words(left, base + _LINE - 2, tile.why[:_REASON], ALARM))
    return texts


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
