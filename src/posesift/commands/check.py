"""``posesift check DATA``: is this data what it should be, and where is it found?"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from posesift import spelling, storage
from posesift.commands.flags import number, table_text
from posesift.progress import printable, say, say_json

if TYPE_CHECKING:
    from posesift.data.address import Address
    from posesift.data.readers.about import About
    from posesift.poses.table import PoseTable

SHOWN = 20  # problems printed; --json has all
MODES = 10  # modes printed


@dataclass(kw_only=True)
class Check:
    """Count, validate and show a data set: images, keypoints, sides, duplicates, contact sheet."""

    data: Annotated[str, tyro.conf.Positional]
    """Data address, for instance lspet:/data/lspet; or a format alone (lspet): its download page,
    licence and expected folder layout."""
    sheet: Path = Path("contact-sheet.jpg")
    """Where the contact sheet with skeletons goes; an earlier one is replaced."""
    overwrite: bool = False
    """Replace any other file at --sheet, too."""
    json: bool = False
    """Print the findings as JSON."""

    def run(self) -> None:
        """Print the findings.

        Raises:
            ValueError: the data cannot be read, or not be trained on.
        """
        from posesift.data.address import WORLDS
        from posesift.data.readers import READERS, UNLABELLED

        kind = self.data.strip().removesuffix(":")
        is_other = Path(kind).exists() or kind in WORLDS  # both want a format before them
        if kind.replace("-", "_").isidentifier() and (kind in READERS or not is_other):
            self._tell(kind)
            return
        from posesift.data.address import parse
        from posesift.data.checks.checking import check, images_of_test
        from posesift.data.checks.contact_sheet import contact_sheet
        from posesift.data.checks.suspects import Suspect

        address = parse(self.data)
        about = about_kind(address.kind)
        table, seconds = _read(address, about)
        _spare(self.sheet, table, address, self.overwrite)
        labelled = address.kind not in UNLABELLED
        found = check(table, labelled=labelled, test_images=images_of_test(address, seconds))
        found["terms"] = about.terms if about and not about.is_own(address.path) else None
        if len(table):
            suspects = [Suspect(**suspect) for suspect in found["suspects"]]
            storage.sweep(self.sheet.absolute().parent, below=False)
            contact_sheet(table, self.sheet, suspects=suspects)
            found["sheet"] = str(self.sheet)
        if self.json:
            say_json(found)
        else:
            say(describe(found))
        if found["unusable"]:
            raise ValueError(f"{address} cannot be trained on: " + "; ".join(found["unusable"]))

    def _tell(self, kind: str) -> None:
        """Say what a format is, without data."""
        about = about_kind(kind)
        if self.json:
            import dataclasses

            say_json({"kind": kind, **(dataclasses.asdict(about) if about else {})})
        else:
            say(about.text() if about else f"{kind}: see `posesift check --help`")


def _spare(sheet: Path, table: PoseTable, address: Address, overwrite: bool) -> None:
    """Refuse a contact sheet that would take the place of something, or become a part of the data.

    Raises:
        ValueError: it would.
    """
    from posesift.data.checks.contact_sheet import is_contact_sheet

    named = sheet
    sheet, root = sheet.expanduser().resolve(), Path(table.root or ".").resolve()
    if sheet == Path(address.path).expanduser().resolve():
        raise ValueError(f"--sheet {sheet} would overwrite the labels; choose another place")
    if table.image_N is not None and sheet.is_relative_to(root):
        beside = sheet.parent.relative_to(root).as_posix()
        folders = {str(name).rpartition("/")[0] or "." for name in table.image_N}
        if address.kind == "images" or beside in folders:
            raise ValueError(
                f"the contact sheet {sheet} would lie among the images that are checked; choose a "
                "place elsewhere with --sheet"
            )
    if sheet.exists() and not overwrite and not is_contact_sheet(sheet):
        raise ValueError(
            f"{named} exists and is no contact sheet of PoseSift's; choose another place with "
            "--sheet, or give --overwrite to replace it"
        )


def about_kind(kind: str) -> About | None:
    """Say what a format is; None where its reader does not say.

    Raises:
        ValueError: there is no such format; all are listed.
    """
    import importlib

    from posesift.data import readers

    readers.options(kind)  # refuses an unknown kind
    return getattr(importlib.import_module(readers.READERS[kind]), "ABOUT", None)


def describe(found: dict[str, Any]) -> str:
    """Give the findings of `posesift.data.checks.checking.check` as text."""
    clips = "" if found["clips"] is None else f"{found['clips']} clips, "
    lines = [
        f"{found['samples']} samples of {found['skeleton']}, {found['images']} images, {clips}"
        f"boxes from {found['boxes_from']}",
    ]
    for key, what, digits in (
        ("keypoints_per_sample", "visible keypoints", 0),
        ("image_side", "image side", 0),
        ("box_over_labels", "box over labels' extent", 2),
    ):
        if spread := found[key]:
            low, middle, high = (
                f"{spread[name]:.{digits}f}" for name in ("least", "greatest", "median")
            )
            lines.append(f"{what}: {low} to {middle}, median {high}")
    sizes = [f"{width} x {height} ({count})" for width, height, count in found["image_sizes"]]
    if sizes:
        lines.append("most frequent image sizes: " + ", ".join(sizes))
    if modes := found["modes"]:
        shown = [f"{mode} ({count})" for mode, count in list(modes.items())[:MODES]]
        more = f" and {len(modes) - MODES} more" if len(modes) > MODES else ""
        lines.append("modes: " + ", ".join(shown) + more)
    rows = [[name, number(share)] for name, share in found["visible_percent"].items()]
    lines += ["", *table_text(rows, ["keypoint", "visible %"]).splitlines(), ""]
    if found["occluded_percent"] is not None:
        lines.append(f"occluded but labelled: {found['occluded_percent']:.1f} % of visible joints")
    if found["cut_by_box"]:
        lines.append(f"outside their box: {found['cut_by_box']:.1f} % of visible joints")
    if found["never_visible"]:
        lines.append("never visible: " + ", ".join(found["never_visible"]))
    if found["without_labels"]:
        lines.append(f"samples without a visible keypoint: {found['without_labels']}")
    lines += _said_of_sides(found["sides"])
    lines += [f"note: {line}" for line in found.get("notes", [])]
    lines += [f"warning: {line}" for line in found["warnings"]]
    problems = found["problems"]
    lines += [f"problem: {line}" for line in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"... and {len(problems) - SHOWN} more (see --json)")
    if found.get("terms"):
        lines.append(f"Terms: {found['terms']}")
    if found.get("sheet"):
        lines.append(f"Contact sheet: {found['sheet']}")
    if not found["ok"]:
        lines.append(f"{_counted(found['warnings'], 'warning')}, {_counted(problems, 'problem')}.")
    lines.append(found["verdict"])
    return "\n".join(map(printable, lines))


def _counted(things: list[Any], word: str) -> str:
    """Count in words.

    >>> _counted(["a"], "warning"), _counted([], "warning")
    ('1 warning', '0 warnings')
    """
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _said_of_sides(sides: dict[str, Any]) -> list[str]:
    """Say what speaks for left and right being right, in one line."""
    said = [
        f"{words} {sides[key]:.0f} %"
        for key, words in (
            ("front_percent", "seen from the front"),
            ("far_side_hidden_percent", "hidden side is the far one"),
            ("face_front_percent", "order of a front where the face is seen"),
        )
        if sides[key] is not None
    ]
    return ["sides: " + ", ".join(said)] if said else []


def _read(address: Address, about: About | None) -> tuple[Any, float]:
    """Give the table and how many seconds it took.

    Raises:
        ValueError: the reader's, and what was expected beside what is there.
    """
    import time

    from posesift.data.readers import read
    from posesift.data.readers.about import found_tree, indented

    began = time.monotonic()
    try:
        return read(address), time.monotonic() - began
    except ValueError as error:
        # what is wrong with the address itself begins with it; then the folder is not to blame
        if about is None or not about.tree or str(error).startswith(f"{address}: "):
            raise
        path = Path(address.path).expanduser()
        beside = [] if path.exists() or not path.parent.is_dir() else os.listdir(path.parent)
        meant = spelling.hint(path.name, beside)
        if meant or about.is_own(path):
            raise ValueError(f"{error}{meant}") from None
        found = indented(found_tree(address.path))
        raise ValueError(f"{error}\n\n{about.text()}\nFound:\n{found}") from None
