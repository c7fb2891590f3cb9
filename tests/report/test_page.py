"""Whole pages: the story's order, honesty, safety of names, repeatability, clear refusals."""

from __future__ import annotations

import html.parser
import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.report.reading import as_tested

from posesift import results, storage
from posesift.poses.table import PoseTable
from posesift.report import pose_sets
from posesift.report.blocks import Gallery, Note, Page, Section
from posesift.report.page import render, write_report
from posesift.report.sections import examples as example_sections
from posesift.report.sections import failures as nearest_section
from posesift.report.sections import score as score_sections
from posesift.results.comparison import Comparison

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"
OURS = [{"type": "application/json", "id": "explorer-data"}, {}]  # data, and what reads it


class Reader(html.parser.HTMLParser):
    """Tags with their attributes, text, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "path", "input"):
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def text(comparison_page: Path) -> str:
    return comparison_page.read_text()


@pytest.fixture
def copied(comparison: Path, tmp_path: Path) -> Path:
    """The comparison without its data and most of its cells, free to change."""
    for name in ("comparison.json", "score", "cells/uniform/seed0", "cells/hard-mining/seed0"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (comparison / name).is_dir() else shutil.copy)(
            comparison / name, tmp_path / name
        )
    return tmp_path


def change(path: Path, **changes: object) -> None:
    storage.write_json(path, json.loads(path.read_text()) | changes)


def test_the_story_is_told_in_order(text: str) -> None:
    shown = Reader(text)
    parts = [found["id"] for found in shown.all("section") if found.get("id")]
    assert parts == [
        "summary", "classes", "results", "difficulty", "coverage", "poses", "failures", "explore"
    ]  # fmt: skip
    nav = text[text.index("<nav") : text.index("</nav>")]
    assert [found["href"] for found in Reader(nav + "</nav>").all("a")] == [f"#{p}" for p in parts]
    folded = {found["id"] for found in shown.all("details") if found.get("id")}
    assert folded >= {
        "claims", "differences", "groups", "gap", "support", "bins", "similarity", "labels",
        "scorers", "examples", "words", "made",
    }  # fmt: skip


def test_headlines_have_their_terms(text: str) -> None:
    top = Reader(text[text.index("<header") : text.index("<nav")]).text
    for said in (
        "400 warm-up steps",
        "batches of 32",
        "three seeds (0, 1, 2)",
        "pooled",
        "last step; none of the target's labels",
        "posesift demo --seeds 3 --out runs/demo",
        "Boxes come from labels.",
        "not significant",
    ):
        assert said in top


def test_everything_is_there(text: str) -> None:
    shown = Reader(text)
    for said in (
        "constant pose", "BatchNorm re-estimated", "PCK AUC %", "EvalPose cosine",
        "angles within 15° %", "shoulder", "photo look, oracle", "interaction",
        "oracle (target)", "Bin 1", "Bin 4", "Bin 7", "Bin 10", "Largest gain 1", "Random 1",
        "VAE, reconstruction", "pre-specified", "With support 1", "Without support 1",
    ):  # fmt: skip
        assert said in shown.text, said
    drawn = [svg for svg in shown.all("svg") if svg.get("role") == "img" and svg["aria-label"]]
    images = shown.all("img")
    assert len(images) + len(drawn) > 50
    assert all(image["alt"] for image in images)


def test_the_page_holds_all_that_it_shows(text: str) -> None:
    shown = Reader(text)
    assert shown.all("script") == OURS
    for _, attributes in shown.tags:
        for name, value in attributes.items():
            if name in ("src", "href"):
                assert value is not None
                assert value.startswith(("data:", "#"))
            assert not name.startswith("on")
    own = r"url\(#x-(chosen|colours)\)"  # parts of the explorer's own drawing
    assert "url(" not in re.sub(own, "", text)
    assert "@import" not in text
    policy = next(m for m in shown.all("meta") if m.get("http-equiv"))["content"]
    assert policy is not None
    allowed = r"default-src 'none'; script-src 'sha256-[\w+/]{43}='; img-src data:; style-src"
    assert re.match(allowed, policy)


def test_size_and_repeatability(comparison: Path, text: str) -> None:
    assert len(text) < 5e6
    assert write_report(comparison).read_text() == text


def test_names_are_text(copied: Path) -> None:
    path = copied / "comparison.json"
    found = json.loads(path.read_text())
    for arm in found["arms"]:
        arm["label"] = f"{arm['name']} {EVIL}"
    found["sets"]["target"]["label"] = EVIL
    found["primary"]["endpoint"] = EVIL
    found["baselines"][0]["name"] = EVIL
    found |= {"title": EVIL, "notes": [EVIL], "command": EVIL, "environment": {EVIL: EVIL}}
    storage.write_json(path, found)
    change(copied / "score/summary.json", address=EVIL, warnings=[EVIL])
    shown = Reader(write_report(copied).read_text())
    assert shown.all("script") == OURS
    assert all(image["src"] != "x" and "onerror" not in image for image in shown.all("img"))
    assert shown.text.count("<script>alert('x')</script>") > 20


def test_mode_names_are_text(comparison: Path, tmp_path: Path) -> None:
    """Names that come from the data themselves, by way of a pose table."""
    folder = shutil.copytree(comparison / "score", tmp_path / "score")
    table = PoseTable.load(comparison / "data/scored/table.parquet")
    table.mode_N[:] = EVIL  # type: ignore[index]
    table.save(tmp_path / "t.parquet")
    address = f"poses:{tmp_path / 't.parquet'},split=all,images={table.root}"
    change(folder / "summary.json", address=address)
    shown = Reader(write_report(folder).read_text())
    assert shown.all("script") == OURS
    assert shown.text.count("<script>alert('x')</script>") == 24


def test_without_images_skeletons_are_drawn_and_it_is_said(
    comparison: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(comparison / "score", tmp_path / "score")
    table = PoseTable.load(comparison / "data/scored/table.parquet")
    table.image_N = None
    table.save(tmp_path / "t.parquet")
    change(folder / "summary.json", address=f"poses:{tmp_path / 't.parquet'},split=all")
    shown = Reader(write_report(folder).read_text())
    assert "Skeletons without images: the data have no images." in shown.text
    drawn = [s for s in shown.all("svg") if s.get("role") == "img" and s["aria-label"]]
    # six poses of each of four bins, six of the summary, twelve labels to look at first
    assert len(drawn) == 42


def readdress(folder: Path, address: str) -> Comparison:
    """Let the stored predictions say that the target lies at ``address``."""
    for arm in ("uniform", "hard-mining"):
        path = folder / f"cells/{arm}/seed0/predictions.parquet"
        table = pq.read_table(path)
        facts = dict(table.schema.metadata or {})
        facts[b"addresses"] = json.dumps({"target": address}).encode()
        pq.write_table(table.replace_schema_metadata(facts), path)
    found = results.read(folder)
    assert isinstance(found, Comparison)
    return found


def said(section: Section | None) -> str:
    assert section is not None
    return " ".join(block.text for block in section.blocks if isinstance(block, Note))


def test_without_data_the_numbers_stand_and_it_is_said(copied: Path) -> None:
    gone = "poses:/nowhere/gone.parquet"
    change(copied / "score/summary.json", address=gone)
    found = readdress(copied, gone)
    assert found.score is not None
    assert "No poses are shown: " in said(score_sections.gallery(found.score, None, None, "gone"))
    source, missing = pose_sets.source_of(found.score)
    shown = nearest_section.nearest_sources(*as_tested(found), source, missing)
    assert "No source poses are shown: " in said(shown)
    examples = example_sections.of_comparison(*as_tested(found))
    assert "Skeletons without images: " in said(examples)
    gallery = examples.blocks[-1]
    assert isinstance(gallery, Gallery)
    assert gallery.strips[0].name == "Largest gain 1"
    assert gallery.strips[0].pictures[0].image is None


def test_data_that_have_changed_are_not_drawn(copied: Path, comparison: Path) -> None:
    moved = PoseTable.load(comparison / "data/target/table.parquet")
    moved.keypoints_NK2 += 3
    moved.save(copied / "moved.parquet")
    address = f"poses:{copied / 'moved.parquet'},images={moved.root}"
    found = readdress(copied, f"{address},split=all")
    assert "have changed since the predictions" in said(
        example_sections.of_comparison(*as_tested(found))
    )
    found = readdress(copied, f"{address},split=test")
    assert "is not what the predictions were" in said(
        example_sections.of_comparison(*as_tested(found))
    )


def test_parts_that_were_not_left_are_said(copied: Path) -> None:
    shutil.rmtree(copied / "cells")
    shutil.rmtree(copied / "score")
    shown = Reader(write_report(copied).read_text())
    assert "The score folder is not available" in shown.text
    assert "No single predictions are shown" in shown.text
    assert "Results on the target" in shown.text


def test_one_seed_is_called_one_seed(one_seed_page: Path) -> None:
    shown = Reader(one_seed_page.read_text())
    assert shown.text.count("no confidence intervals over seeds") == 1  # said once
    assert "±" not in shown.text


def test_boxes_from_labels_are_prominent(copied: Path) -> None:
    shutil.rmtree(copied / "cells")
    shutil.rmtree(copied / "score")
    sets = {"target": {"label": "photos", "address": "coco:a.json,boxes=labels", "samples": 3}}
    change(copied / "comparison.json", sets=sets, notes=[])
    text = write_report(copied).read_text()
    notes = re.findall(r'<p class="note">(.*?)</p>', text[: text.index("<nav")])
    assert any("boxes=labels" in note for note in notes)


def test_the_page_of_a_score(score_page: Path) -> None:
    shown = Reader(score_page.read_text())
    anchors = [found["id"] for found in shown.all("section") if found.get("id")]
    assert anchors == ["summary", "poses", "explore"]
    folded = {found["id"] for found in shown.all("details") if found.get("id")}
    assert folded >= {"bins", "similarity", "labels", "scorers", "words", "made"}
    assert "posesift score" in shown.text


def test_the_page_of_a_run(run_page: Path) -> None:
    shown = Reader(run_page.read_text())
    anchors = [found["id"] for found in shown.all("section") if found.get("id")]
    assert anchors == ["summary", "results", "examples", "explore"]
    folded = {found["id"] for found in shown.all("details") if found.get("id")}
    assert folded >= {"groups", "difficulty", "support", "training", "words", "made"}
    assert "Best 1" in shown.text
    assert "Worst 1" in shown.text


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda f: shutil.rmtree(f), "found no folder"),
        (lambda f: (f / "comparison.json").unlink(), "expected summary.json"),
        (lambda f: (f / "comparison.json").write_text('{"a": '), "comparison.json is not valid"),
        (lambda f: (f / "comparison.json").write_text("[]"), "comparison.json lacks 'title'"),
        (lambda f: (f / "score/difficulty.parquet").unlink(), "difficulty.parquet"),
        (lambda f: (f / "score/difficulty.parquet").write_bytes(b"x"), "not a readable Parquet"),
        (lambda f: change(f / "score/summary.json", bins=3), "speaks of 3 bins but lists 11"),
        (
            lambda f: change(f / "comparison.json", arms=[]),
            "cell of the arm 'warm-up', which is not among its arms",
        ),
    ],
)
def test_broken_folders_are_refused_in_words(copied: Path, break_it: object, says: str) -> None:
    break_it(copied)  # type: ignore[operator]
    with pytest.raises(ValueError, match=re.escape(says)):
        write_report(copied)
    assert not (copied / "report.html").exists()


def test_a_broken_cell_is_refused_in_words(copied: Path) -> None:
    cell = copied / "cells/uniform/seed0"
    (cell / "predictions.parquet").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"predictions\.parquet is not a readable"):
        results.read_predictions(cell, "target")
    assert results.read_predictions(copied, "target") is None


def test_a_cell_cannot_climb_out(copied: Path) -> None:
    found = json.loads((copied / "comparison.json").read_text())
    found["cells"] = [cell | {"folder": "../../elsewhere"} for cell in found["cells"]]
    change(copied / "comparison.json", **found)
    opened = results.read(copied)
    assert isinstance(opened, Comparison)
    with pytest.raises(ValueError, match="leads out of its folder"):
        opened.cell("uniform", 0)


def test_commands_in_notes_are_code_and_the_rest_is_text() -> None:
    note = "`posesift score --method pca` beats <b>2 %</b>"
    page = Page("Score", "x", "", [], [], "", [note], [], [], [])
    told = "<code>posesift score --method pca</code> beats &lt;b&gt;2\u00a0%&lt;/b&gt;"
    assert told in render(page)
