"""What goes into a paper: files that open everywhere, the same bytes, a folder that is whole."""

from __future__ import annotations

import base64
import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys
import xml.dom.minidom
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.patience import PATIENCE
from tests.report.test_latex import check_table

from posesift import folders, results, skeletons
from posesift.report import contents, pictures, theme
from posesift.report.blocks import (
    Block,
    Cell,
    Charts,
    Choice,
    Download,
    Fold,
    Gallery,
    Note,
    Page,
    Picture,
    Row,
    Section,
    Strip,
    Table,
)
from posesift.report.export import export as paper
from posesift.report.export import figures as printing
from posesift.report.export import gallery as print_gallery

BODY = skeletons.load("body16")


def page_of(*blocks: Block, title: str = "A page") -> Page:
    section = Section("results", "Results", "", list(blocks))
    return Page("Run", title, "", [], [], "posesift train", [], [], [], [section])


@theme.styled
def chart(
    look: theme.Look, title: str = "A chart", label: str = "share of the poses in per cent of all"
) -> theme.Drawing:
    figure, axes = look.canvas()
    axes.plot([0, 1], [0, 1], **theme.series(1).plot(), label="a series of a rather long name")
    axes.plot([0, 1], [1, 0], **theme.series(2).plot(), label="another one, which is longer still")
    axes.text(0.5, 0.5, "small", fontsize=look.tiny)
    axes.set(xlabel="x", ylabel=label)
    theme.legend_below(axes)
    return theme.finish(figure, title=title, alt="a", caption="How to read it.")


def pose(i: int, image: bool = True) -> Picture:
    rng = np.random.default_rng(i)
    uri = None
    if image:
        _, content = cv2.imencode(".png", rng.integers(0, 255, (24, 24, 3), dtype=np.uint8))
        uri = theme.data_uri(content.tobytes(), "image/png")
    missed_K = np.arange(16) == i % 16
    return pictures.picture(
        BODY, rng.uniform(2, 60, (16, 2)), np.ones(16, bool), side=64, image=uri, alt="a pose",
        caption=["walk", f"{i}.0"], missed_K=missed_K,
    )  # fmt: skip


def table(title: str = "A table") -> Table:
    return Table(title, "arm", ["PCK"], [Row("a", [Cell(1.0, best=True)])], "Read it so.")


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def text_sizes(pdf: bytes) -> list[float]:
    """Sizes of fonts that the content of a PDF sets text in, read from its streams."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            plain = zlib.decompress(stream)
        except zlib.error:
            continue
        found += [float(size) for size in re.findall(rb"/F\S+ ([\d.]+) Tf", plain)]
    return found


def check_pdf(pdf: bytes, width: float) -> None:
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf)) == 1
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf)
    assert box
    assert float(box[1]) == pytest.approx(72 * width, abs=0.01)
    assert float(box[2]) <= 72 * printing.TALLEST + 0.01
    assert b"/FontFile2" in pdf  # TrueType, embedded
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    assert min(text_sizes(pdf)) >= printing.SMALLEST


def check_svg(svg: bytes, width: float) -> None:
    document = xml.dom.minidom.parseString(svg)
    root = document.documentElement
    assert root is not None
    assert root.getAttribute("width") == f"{72 * width:g}pt"
    assert not document.getElementsByTagName("text")  # outlines need no font
    assert not document.getElementsByTagName("script")
    assert not re.search(rb"\d{4}-\d\d-\d\d", svg)
    for node in document.getElementsByTagName("image"):
        assert node.getAttribute("xlink:href").startswith("data:image/png;base64,")


def test_a_chart_fits_a_column(tmp_path: Path) -> None:
    folder = paper.write(page_of(Charts([chart()])), tmp_path)
    check_pdf((folder / "figures/results-a-chart.pdf").read_bytes(), 3.25)
    check_svg((folder / "figures/results-a-chart.svg").read_bytes(), 3.25)


@pytest.mark.parametrize(
    "label", ["y", "share of the poses in per cent of all that are drawn " * 2]
)
def test_nothing_is_cut_off_in_print(label: str) -> None:
    figure = printing.printed(chart(label=label))
    with printing.printing():
        figure.draw_without_rendering()
    width, height = figure.bbox.size
    (legend,) = figure.legends
    for part in (*figure.axes[0].texts, legend):
        extent = part.get_window_extent()
        assert extent.x0 >= -1
        assert extent.y0 >= -1
        assert extent.x1 <= width + 1
        assert extent.y1 <= height + 1
    assert not legend.get_window_extent().overlaps(figure.axes[0].bbox)


def test_each_drawing_in_print_is_the_same() -> None:
    drawn = chart()
    first, again = printing.printed(drawn), printing.printed(drawn)
    assert printing.svg(first, "t") == printing.svg(again, "t")
    assert printing.pdf(first, "t") == printing.pdf(again, "t")


@pytest.mark.parametrize(
    ("columns", "strips", "width"),
    [(2, 2, 3.25), (3, 9, 5.5), (5, 2, 6.875), (0, 2, 6.875), (1, 1, 3.25)],
)
def test_a_gallery_holds_every_picture(columns: int, strips: int, width: float) -> None:
    each = columns or 8
    block = Gallery(
        "Poses", "How.",
        [Strip(f"Strip {s}", "detail", [pose(s * each + i) for i in range(each)])
         for s in range(strips)],
        [f"column {j}" for j in range(columns)],
    )  # fmt: skip
    figures = print_gallery.gallery(block)
    shown = 0
    for figure in figures:
        assert figure.get_size_inches()[0] == pytest.approx(width)
        assert figure.get_size_inches()[1] <= printing.TALLEST + 1e-9
        svg = printing.svg(figure, "t")
        check_svg(svg, width)
        shown += svg.count(b"<image")
    check_pdf(printing.pdf(figures[0], "t"), width)
    assert shown == strips * each


def test_pairs_stand_one_below_the_other() -> None:
    strips = [Strip(str(s), "stands for two poses", [pose(s), pose(s + 1)]) for s in range(20)]
    figures = print_gallery.gallery(Gallery("Next", "How.", strips, pairs=True))
    shown = 0
    for figure in figures:
        assert figure.get_size_inches()[0] == pytest.approx(printing.COLUMN)
        assert figure.get_size_inches()[1] <= printing.TALLEST + 1e-9
        shown += printing.svg(figure, "t").count(b"<image")
    assert shown == 40


def test_pictures_keep_their_own_pixels() -> None:
    picture = pose(1)
    assert picture.image
    own = cv2.imdecode(
        np.frombuffer(base64.b64decode(picture.image.split(",")[1]), np.uint8), cv2.IMREAD_COLOR
    )
    (figure,) = print_gallery.gallery(Gallery("g", "", [Strip("s", "", [picture])]))
    href = re.search(rb'xlink:href="data:image/png;base64,\s*([^"]+)"', printing.svg(figure, "t"))
    assert href
    found = cv2.imdecode(np.frombuffer(base64.b64decode(href[1]), np.uint8), cv2.IMREAD_COLOR)
    assert own is not None
    assert found is not None
    same = [np.array_equal(own, turned) for turned in (found, found[::-1])]
    assert any(same)


def test_skeletons_are_drawn_where_images_are_missing() -> None:
    block = Gallery("g", "", [Strip("s", "", [pose(2, image=False)])])
    (figure,) = print_gallery.gallery(block)
    svg = printing.svg(figure, "t").decode()
    assert "<image" not in svg
    for colour in set(BODY.colours):
        assert f"stroke: {colour.lower()}" in svg
    assert not print_gallery.gallery(Gallery("g", "", []))


SOME = ("bins", "similarity", "scorers")  # a gallery, figures and a table


def test_the_same_folder_gives_the_same_bytes(comparison: Path, tmp_path: Path) -> None:
    def written() -> dict[str, bytes]:
        page = contents.of(results.read(comparison / "score"))
        (poses,) = [part for part in page.sections if part.anchor == "poses"]
        kept = [b for b in poses.blocks if isinstance(b, Fold) and b.anchor in SOME]
        assert {fold.anchor for fold in kept} == set(SOME)
        few = dataclasses.replace(poses, blocks=kept)
        return everything(paper.write(dataclasses.replace(page, sections=[few]), tmp_path))

    first = written()
    assert len(first) >= 5
    assert written() == first


def test_a_real_page_gives_all_it_shows(comparison: Path, tmp_path: Path) -> None:
    """Every chart, table and gallery of a page, in files that open."""
    run = results.read(comparison / "cells/uniform/seed0")
    files = everything(paper.write(contents.of(run), tmp_path))
    assert all(re.fullmatch(r"README\.txt|(figures|tables)/[a-z0-9-]+\.[a-z]+", f) for f in files)
    figures = [name for name in files if name.endswith(".pdf")]
    assert len(figures) >= 4
    widths = (printing.COLUMN, printing.WIDE_COLUMN, printing.PAGE_WIDTH)
    for name in figures:
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", files[name])
        assert box
        width = min(widths, key=lambda w, box=box: abs(72 * w - float(box[1])))
        check_pdf(files[name], width)
        check_svg(files[name.removesuffix(".pdf") + ".svg"], width)
    tables = [name for name in files if name.endswith(".tex")]
    assert len(tables) >= 2
    for name in tables:
        check_table(files[name].decode())
        assert name.removesuffix(".tex") + ".csv" in files
    readme = files["README.txt"].decode()
    assert {line for line in readme.splitlines() if re.match("figures/|tables/", line)} == {
        name for name in files if name != "README.txt"
    }


def test_data_that_moved_still_gives_a_paper(comparison: Path, tmp_path: Path) -> None:
    score = tmp_path / "score"
    shutil.copytree(comparison / "score", score)
    text = (score / "summary.json").read_text()
    (score / "summary.json").write_text(text.replace("poses:", "poses:/gone"))
    files = everything(paper.write(contents.of(results.read(score)), score))
    assert "figures/poses-how-the-scores-are-spread.pdf" in files
    assert not any("pictures" in name for name in files)


def test_names_are_safe_and_never_two_alike(tmp_path: Path) -> None:
    hostile = ["../../etc/passwd", "A table", "a  TABLE!", "<script>", "con", "", "ü" * 300, "日本"]
    options: list[tuple[str, list[Block]]] = [("x/y", [table("A table")]), ("..", [table("B")])]
    page = page_of(*map(table, hostile), Note("n"), Choice("Which", options), title="../x")
    folder = paper.write(page, tmp_path)
    names = [path.name for path in (folder / "tables").iterdir()]
    assert len(names) == 2 * (len(hostile) + 2)
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}\.(csv|tex)", name) for name in names)
    assert {"results-a-table.csv", "results-a-table-2.csv", "results-x-y-a-table.csv"} <= set(names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["paper"]


def test_what_is_downloaded_from_the_page_lies_among_the_tables(tmp_path: Path) -> None:
    block = Download("../angles.csv", "The angles", "a,b\n1,2\n")
    folder = paper.write(page_of(block), tmp_path)
    assert (folder / "tables/results-angles.csv").read_text() == "a,b\n1,2\n"


def test_the_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    paper.write(page_of(table("Old")), tmp_path)
    folder = paper.write(page_of(table("New")), tmp_path)
    assert sorted(everything(folder)) == [
        "README.txt", "tables/results-new.csv", "tables/results-new.tex",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["paper"]


@dataclasses.dataclass(frozen=True)
class Killer(Download):
    """Ends the process, or interrupts it, when its content is to be written."""

    kind_of_end: str = "interrupt"

    def __getattribute__(self, name: str) -> object:
        if name == "content":
            if object.__getattribute__(self, "kind_of_end") == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt
        return object.__getattribute__(self, name)


def test_an_interrupted_run_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    before = everything(paper.write(page_of(table("Old")), tmp_path))
    with pytest.raises(KeyboardInterrupt):
        paper.write(page_of(table("New"), Killer("a.csv", "a", "")), tmp_path)
    assert everything(tmp_path / "paper") == before
    assert [path.name for path in tmp_path.iterdir()] == ["paper"]


def test_a_killed_run_leaves_the_old_folder_and_the_next_one_clears_up(tmp_path: Path) -> None:
    before = everything(paper.write(page_of(table("Old")), tmp_path))
    code = (
        "import sys; from tests.report.test_paper import Killer, page_of, paper, table;"
        "paper.write(page_of(table('New'), Killer('a.csv', 'a', '', kind_of_end='kill')),"
        "sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], timeout=PATIENCE, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert everything(tmp_path / "paper") == before
    (left,) = (path for path in tmp_path.iterdir() if path.name != "paper")
    paper.write(page_of(table("New")), tmp_path)
    assert left.exists()  # it may be of a run that is at work
    with folders.writing(tmp_path):  # as the command does: now it cannot be
        paper.write(page_of(table("Newer")), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["paper"]


@pytest.mark.parametrize("what", ["file", "link", "foreign", "nested", "link inside"])
def test_what_is_not_ours_is_left_alone(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if what == "file":
        folder.write_text("my paper")
    elif what == "link":
        folder.symlink_to(elsewhere)
    elif what == "foreign":
        folder.mkdir()
        (folder / "main.tex").write_text("my paper")
    else:
        paper.write(page_of(table()), tmp_path)
        if what == "nested":
            (folder / "figures/mine.pdf").write_text("mine")
        else:
            (folder / "mine").symlink_to(elsewhere)
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    with pytest.raises(ValueError, match="--no-paper"):
        paper.write(page_of(table()), tmp_path)
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before
