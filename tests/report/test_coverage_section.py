"""What the target has and the source lacks: numbers, list, table, CSV, figures, finding."""

import base64
import csv
import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.report.conftest import BODY, SIDE, save_table, stick_poses

from posesift import skeletons
from posesift.poses.angles import joint_angles
from posesift.poses.table import PoseTable
from posesift.report import theme, uncovered
from posesift.report.blocks import (
    Charts,
    Download,
    Fold,
    Gallery,
    Note,
    Page,
    Section,
    Table,
    inner,
)
from posesift.report.figures import coverage as coverage_figures
from posesift.report.page import render
from posesift.report.pose_sets import Outcome, PoseSet
from posesift.report.sections import classes, coverage
from posesift.report.sections import coverage as coverage_section
from posesift.report.wording import capitalised, plural
from posesift.similarity.coverage import cover
from posesift.similarity.orientation import Poses

HOSTILE = ['=1+1,"x".png', "<script>alert(1)</script>.png", "+a\nb.png", "@ü‮.png", "-3.png"]


def pose_set(table: PoseTable, which: str, outcomes: list[Outcome] | None = None) -> PoseSet:
    n = len(table)
    return PoseSet(
        which=which,
        title=f"{which} poses",
        table=table,
        row_N=np.arange(n) + 100,
        score_N=np.zeros(n),
        bin_N=np.zeros(n, np.int64),
        edges=np.array([0.0, 1.0]),
        scored_by="elbo",
        angles_NA=joint_angles(table.keypoints_NK2, table.visible_NK, table.skeleton.triplets),
        outcomes=outcomes or [],
    )


def drawn(n: int, wild: float, seed: int, **changes) -> PoseTable:
    """Stick figures without images."""
    fields = {
        "skeleton": BODY,
        "keypoints_NK2": stick_poses(n, np.full(n, wild), seed).astype(np.float32),
        "visible_NK": np.ones((n, 16), bool),
        "width_N": np.full(n, SIDE, np.int32),
        "height_N": np.full(n, SIDE, np.int32),
    }
    return PoseTable(**fields | changes)


def predicted(table: PoseTable, label: str, off: float, seed: int, **changes) -> Outcome:
    n = len(table)
    noise = np.random.default_rng(seed).normal(0, off, table.keypoints_NK2.shape)
    found = (table.keypoints_NK2 + noise).astype(np.float32)
    return Outcome(label, np.zeros(n), np.zeros(n), found, SIDE, **changes)


@pytest.fixture(scope="module")
def source() -> PoseSet:
    return pose_set(drawn(300, -0.05, 1, mode_N=np.array(["stand"] * 300, object)), "source")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> PoseSet:
    table, _ = save_table(tmp_path_factory.mktemp("target"), 120, 9)
    table.visible_NK[3] = False  # one pose without any label
    table = replace(
        table, keypoints_NK2=np.where(table.visible_NK[..., None], table.keypoints_NK2, 0)
    )
    outcomes = [
        predicted(table, "plain <b>", 2.0, 1),
        predicted(table, "adapted", 1.0, 2),
        predicted(table, "third", 0.5, 3),
        predicted(table, "oracle", 0.0, 4, oracle=True),
    ]
    return pose_set(table, "target", outcomes)


@pytest.fixture(scope="module")
def found(source: PoseSet, target: PoseSet) -> uncovered.Lacking:
    result = uncovered.of(source, target)
    assert isinstance(result, uncovered.Lacking)
    return result


@pytest.fixture(scope="module")
def section(found: uncovered.Lacking) -> Section:
    return section_of(found)


def poses_of(one: PoseSet) -> Poses:
    return Poses.of(one.table.keypoints_NK2, one.table.visible_NK, BODY)


def section_of(found: uncovered.Lacking | str) -> Section:
    section = coverage_section.coverage(found)
    assert section is not None
    return section


def every(blocks: list) -> list:
    """Blocks, and those that are folded away in them."""
    return [one for block in blocks for one in (block, *every(inner(block)))]


def only(section: Section, kind: type):
    (block,) = (b for b in every(section.blocks) if isinstance(b, kind))
    return block


def notes(section: Section) -> str:
    return " ".join(b.text for b in every(section.blocks) if isinstance(b, Note))


def rows_of(block: Download) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(block.content)))


def as_page(section: Section, findings=()) -> str:
    return render(Page("Score", "t", "l", [], [], "c", [], [], list(findings), [section]))


def test_the_lead_says_what_coverage_found(source, target, found, section):
    expected = cover(poses_of(target), poses_of(source))
    assert 0 < expected.lacking < len(expected.row_N) == 119
    text = coverage_section.lead(found)
    share = round(100 * (119 - expected.lacking) / 119)
    assert text.startswith(f"The source covers {119 - expected.lacking} of 119 target poses ")
    assert f"({share} %) and not {expected.lacking}." in text
    assert "one of the 300 source poses, as it is or mirrored, within 15 degrees" in text
    assert "turned against it by at most 30 degrees" in text
    said = " ".join(b.text for b in every(section.blocks) if isinstance(b, Note))
    assert "Left out: one target pose with fewer than three joint angles defined." in said
    both = np.maximum(expected.nearest_deg_N, expected.turned_deg_N / 2)
    within = [round(100 * (both <= r).mean()) for r in (10, 20)]
    assert f"narrower (10° and 20°) {within[0]} %" in said
    assert f"wider (20° and 40°) {within[1]} %" in said
    alone = (~expected.by_angles_N).sum()
    assert f"By joint angles alone {alone} of 119 " in said
    assert "blind to orientation" in said


def test_the_gallery_shows_each_pose_beside_its_nearest_with_its_numbers(found, section):
    gallery = only(section, Gallery)
    c = found.coverage
    assert len(gallery.strips) == min(uncovered.SHOWN, len(c.ranked_R))
    modes = found.mode_N[c.ranked_R]
    for rank, strip in enumerate(gallery.strips):  # one ranking
        assert strip.name == f"{rank + 1}. {modes[rank]}"
        place = c.ranked_R[rank]
        assert f"stands for {plural(int(c.stands_for_R[rank]), 'pose')}" in strip.detail
        away = f"{c.nearest_deg_N[place]:.1f}° away, turned by {c.turned_deg_N[place]:.0f}°"
        assert f"nearest {away}" in strip.detail
        assert strip.detail.endswith(", mirrored") == c.mirrored_N[place]
        pose, nearest = strip.pictures
        assert pose.image is not None
        assert nearest.image is None  # drawn without one, and the page says so
    half = next(r for r in range(1, 200) if c.stands_for_R[:r].sum() >= c.lacking / 2)
    assert f"{capitalised(plural(half, 'pose'))} would stand for half" in gallery.caption
    notes = [b.text for b in every(section.blocks) if isinstance(b, Note)]
    assert "Skeletons without images: the data have no images." in notes


def test_the_csv_holds_the_list_as_numbers(source, target, found, section):
    rows, c = rows_of(only(section, Download)), found.coverage
    names = BODY.angle_names
    assert len(rows) == len(c.ranked_R)
    assert [int(r["rank"]) for r in rows] == list(range(1, len(rows) + 1))
    assert [int(r["stands_for"]) for r in rows] == c.stands_for_R.tolist()
    assert float(rows[-1]["share_reached"]) == 1
    for row, place in zip(rows, c.ranked_R, strict=True):
        i = int(row["row"]) - 100
        assert i == c.row_N[place]
        assert row["file"] == f"{i:04d}.png"
        assert row["mode"] == target.table.mode_N[i]
        j = int(row["nearest_source_row"]) - 100
        angles = np.array([float(row[name] or "nan") for name in names])
        np.testing.assert_allclose(angles, target.angles_NA[i], atol=0.006)
        one = poses_of(source) if row["mirrored"] == "0" else poses_of(source).mirrored
        away = np.sqrt(np.nanmean((angles - one.angles_NA[j]) ** 2))
        sum_ = (poses_of(target).place_NK[i] * one.place_NK[j].conj()).sum()
        if target.table.visible_NK[i].all():
            turn = abs(np.degrees(np.angle(sum_)))
            assert float(row["turned_deg"]) == pytest.approx(turn, abs=0.02)
        assert float(row["nearest_source_deg"]) == pytest.approx(away, abs=0.02)


def test_classes_are_counted(found, source, target):
    section = classes.classes(source, target, found)
    table = only(section, Table)
    columns = ["source %", "target %", *(f"PCK {one.label}" for one in target.outcomes)]
    assert table.columns == [*columns, "not covered %", "covered up to rotation %"]
    rows = {row.name: dict(zip(table.columns, row.cells, strict=True)) for row in table.rows}
    looked, lacks = target.table.mode_N[found.coverage.row_N], ~found.coverage.covered_N
    assert set(rows) == set(target.table.mode_N)
    for mode, cells in rows.items():
        assert cells["source %"].value == 100 * (mode == "stand")
        assert cells["target %"].value == pytest.approx(100 * (target.table.mode_N == mode).mean())
        here = looked == mode
        assert cells["not covered %"].value == pytest.approx(100 * lacks[here].mean())
        turned = (lacks & found.coverage.by_angles_N)[here]
        assert cells["covered up to rotation %"].value == pytest.approx(100 * turned.mean())
    bare = classes.classes(source, replace(target, outcomes=[]), "why not")
    cells = only(bare, Table).rows[0].cells
    assert [cell.text for cell in cells[2:]] == ["–", "–"]
    assert "PCK" not in only(bare, Table).caption
    assert classes.classes(None, target, "") is None


def test_predictions_alone_are_the_control_and_the_oracle_is_none(source, target, found):
    assert [c.label for c in found.controls] == ["plain <b>", "adapted"]
    lacks = ~found.coverage.covered_N
    for control, outcome in zip(found.controls, target.outcomes, strict=False):
        keypoints = outcome.predicted_NK2[found.coverage.row_N]
        seen = np.ones(keypoints.shape[:2], bool)
        by_hand = ~cover(Poses.of(keypoints, seen, BODY), poses_of(source)).covered_N
        assert control.lacking == by_hand.sum()
        assert control.found == (by_hand & lacks).sum()
    sentence = coverage_section.control(found)
    first = found.controls[0]
    assert f"{first.lacking} poses would not be covered, and {first.found} of these" in sentence
    base = found.coverage.lacking / 119
    assert f"Of all target poses {100 * base:.0f} % are, so " in sentence
    for control in found.controls:
        precision = control.found / control.lacking
        assert control.tells == (precision >= base + 0.25 * (1 - base))


def test_predictions_near_the_base_rate_hardly_tell(found):
    def said(*hits: int) -> str:
        controls = [uncovered.Control(f"m{i}", 100, hit, 0.6) for i, hit in enumerate(hits)]
        return coverage_section.control(replace(found, controls=controls))

    assert "60 % are, so predictions hardly tell which poses are not covered" in said(60, 69)
    assert "so only those of m1 tell something" in said(65, 71)
    assert "so predictions do tell something" in said(71, 90)
    assert coverage_section.control(replace(found, controls=[])) == ""
    assert (
        coverage_section.control(replace(found, controls=[uncovered.Control("m", 0, 0, 1)])) == ""
    )


def test_without_labels_the_predictions_take_their_place(source, target):
    blind = replace(target.table, visible_NK=np.zeros_like(target.table.visible_NK))
    unlabelled = replace(target, table=blind, angles_NA=np.full_like(target.angles_NA, np.nan))
    found = uncovered.of(source, unlabelled)
    assert isinstance(found, uncovered.Lacking)
    assert found.predicted_by == "plain <b>"
    assert found.controls == []
    assert len(found.coverage.row_N) == 120
    assert found.pictures[0].image is not None
    assert len(found.pictures[0].joints) == 16
    assert "The target has no labels." in notes(section_of(found))
    nothing = uncovered.of(source, replace(unlabelled, outcomes=unlabelled.outcomes[3:]))
    assert isinstance(nothing, str)
    assert "No pose of the target" in nothing


def test_what_cannot_be_compared_is_left_out_or_says_why(source, target):
    for one, two in ((None, target), (source, None), (None, None)):
        assert uncovered.of(one, two) == ""
    assert coverage_section.coverage("") is None
    assert coverage.render_next("") == []
    hand = skeletons.load("hand21")
    rng = np.random.default_rng(0)
    other = drawn(
        5, 0.1, 2, skeleton=hand, keypoints_NK2=rng.random((5, 21, 2), np.float32),
        visible_NK=np.ones((5, 21), bool),
    )  # fmt: skip
    why = uncovered.of(source, pose_set(other, "target"))
    section = section_of(why)
    assert "different skeletons" in only(section, Note).text
    assert coverage.render_next(why) == []


def test_a_source_that_covers_everything_has_no_list(source):
    found = uncovered.of(source, replace(source, which="target"))
    section = section_of(found)
    assert section.lead.startswith("The source covers all of the 300 target poses")
    assert {type(b) for b in every(section.blocks)} == {Fold, Note, Charts}
    (finding,) = coverage.render_next(found)
    assert finding.answer.startswith("Nothing new by this measure")


@pytest.mark.parametrize("n", [1, 2])
def test_one_target_pose_or_two_are_enough(source, n):
    found = uncovered.of(source, pose_set(drawn(n, 1.0, 5), "target"))
    section = section_of(found)
    listed = {type(b) for b in every(section.blocks)} & {Gallery, Download}
    assert listed == ({Gallery, Download} if found.coverage.lacking else set())
    html = as_page(section, coverage.render_next(found))
    assert html.count('class="gallery pairs"') == bool(found.coverage.lacking)


def test_an_empty_source_covers_nothing(target, source):
    nobody = pose_set(drawn(0, 0.1, 1), "source")
    found = uncovered.of(nobody, target)
    assert found.coverage.lacking == 119
    section = section_of(found)
    assert all(row["nearest_source_deg"] == "" for row in rows_of(only(section, Download)))
    assert all(len(strip.pictures) == 1 for strip in only(section, Gallery).strips)
    assert as_page(section, coverage.render_next(found))


def test_hostile_names_are_data(source):
    n = len(HOSTILE)
    table = drawn(
        n, 1.2, 9, image_N=np.array(HOSTILE, object), root="/nowhere",
        mode_N=np.array(HOSTILE, object),
    )  # fmt: skip
    found = uncovered.of(source, pose_set(table, "target"))
    section = section_of(found)
    rows = rows_of(only(section, Download))
    assert len(rows) == found.coverage.lacking == n
    for row in rows:
        name = HOSTILE[int(row["row"]) - 100]
        line = "".join(" " if c in "\n\r\t" else c for c in name)
        expected = line if name.startswith("<") else f"'{line}"
        assert row["file"] == row["mode"] == expected
    html = as_page(section, coverage.render_next(found))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_the_finding_names_modes_and_numbers(found, target):
    (finding,) = coverage.render_next(found)
    c = found.coverage
    assert finding.question == "What should be rendered next?"
    assert f"for {c.lacking} of 119 target poses" in finding.answer
    most = found.by_mode[0]
    assert f"above all {most.mode} ({most.lacking} of {most.total} not covered)" in finding.answer
    assert "by the target's labels" in finding.answer
    named = re.findall(r"(\w+) \((\d+) of (\d+) not covered\)", finding.answer)
    assert named == [(m.mode, str(m.lacking), str(m.total)) for m in found.by_mode[:5]]
    assert len(named) > 1
    # Pictured is where the one ranking begins, which the list and its file follow, too.
    first = target.table.mode_N[found.row_R[:6]]
    pictured = [p.caption[0] for p in finding.pictures]
    assert pictured == [f"{rank}. {mode}" for rank, mode in enumerate(first, 1)]
    assert len(pictured) == 6
    assert [anchor for _, anchor in finding.links] == [section_of("any").anchor]


def test_the_finding_says_whether_the_gain_is_known(found):
    (finding,) = coverage.render_next(found)
    assert "Nothing on this page shows how much rendering them would gain." in finding.answer
    (finding,) = coverage.render_next(found, {"mean": None})
    assert "Nothing on this page" in finding.answer
    (finding,) = coverage.render_next(found, {"mean": 4.25})
    assert "gains +4.2 points" in finding.answer
    assert "Nothing on this page" not in finding.answer


def test_a_mode_is_spoken_as_people_do(source, target):
    modes = np.array(["arms_overhead"] * len(target.table), object)
    found = uncovered.of(source, replace(target, table=replace(target.table, mode_N=modes)))
    html = as_page(section_of(found), coverage.render_next(found))
    html = html.replace(only(section_of(found), Download).uri, "")
    assert "arms overhead" in html
    assert "arms_overhead" not in html


def test_without_modes_the_finding_names_joints(source, target):
    found = uncovered.of(source, replace(target, table=replace(target.table, mode_N=None)))
    (finding,) = coverage.render_next(found)
    named = re.search(
        r"source's at (.+) \(\d+°\), (.+) \(\d+°\) and (.+) \(\d+°\):", finding.answer
    )
    assert named
    assert set(named.groups()) <= set(BODY.angle_names)


def test_figures_are_pictures_that_say_what_they_show(found, section, source):
    charts = only(section, Charts).charts
    again = only(section_of(found), Charts).charts
    assert [c.uri for c in charts] == [c.uri for c in again]
    the_map = charts[0]
    assert f"{found.coverage.lacking} lacking" in the_map.alt
    svgs = [base64.b64decode(c.uri.split(",")[1]).decode() for c in charts]
    for svg in svgs:
        ElementTree.fromstring(svg)
        assert "prefers-color-scheme:dark" in svg
    numbers = re.findall(r">(\d+)</text>", svgs[0])
    assert numbers == [str(i + 1) for i in range(len(found.pictures))]
    assert f"Numbers 1 to {len(found.pictures)}" in the_map.caption
    for name in BODY.angle_names:
        assert f">{name}</text>" in svgs[1]


def test_the_map_says_what_it_leaves_out_and_lays_no_number_over_another(source):
    many = pose_set(drawn(1600, 0.4, 3), "target")
    found = uncovered.of(source, many)
    c = found.coverage
    same = np.zeros(12, int)  # all at one place
    chart = coverage_figures.pose_map(
        source.angles_NA, many.angles_NA[c.row_N], c, same, BODY.angle_names
    )
    assert chart is not None
    assert "1\u202f500 of them are drawn" in chart.caption
    (axis,) = chart.draw(theme.PAGE).axes
    texts = [t for t in axis.texts if t.get_text().isdigit()]
    at = np.array([axis.transAxes.inverted().transform(axis.transData.transform(t.get_position()))
                   for t in texts])  # fmt: skip
    apart = np.linalg.norm(at[:, None] - at[None], axis=-1)[~np.eye(12, dtype=bool)]
    assert apart.min() > 0.035


def test_a_skeleton_of_many_angles_shows_those_that_differ_most():
    rng = np.random.default_rng(0)
    first, second = rng.uniform(60, 120, (2, 50, 40))
    second[:, 7] += 40
    chart = coverage_figures.angle_densities(first, second, tuple(f"angle {i}" for i in range(40)))
    assert "They differ most in angle 7 " in chart.alt
    assert "16 angles that differ less are not shown" in chart.caption
    first[:, 3] = np.nan
    assert coverage_figures.angle_densities(first, second, tuple(map(str, range(40)))).uri


def test_samples_of_large_sets_are_named_as_such(source, target, monkeypatch):
    def sampled(target, source):
        return cover(target, source, target_cap=60, source_cap=100)

    monkeypatch.setattr(uncovered.coverage, "cover", sampled)
    found = uncovered.of(source, target)
    said = notes(section_of(found))
    assert "60 of the 119 target poses are looked at" in said
    assert "100 of the 300 source poses are compared with" in said
