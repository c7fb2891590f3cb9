"""``posesift subset``: from a scored set to what other trainers read, and what it refuses."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.data.formats.yolo import write_yolo
from tests.datasets import coco_document, save_coco, write_coco

from posesift import cli, folders, skeletons
from posesift.data.pixels import read_image
from posesift.data.readers import read
from posesift.poses.table import PoseTable

WORLD = "world:body,n=120,side=32"


def run(*arguments: object) -> int:
    return cli.main(["subset", *map(str, arguments)])


def scored(address: str, out: Path) -> Path:
    assert cli.main(["score", address, "--method", "pca", "--bins", "4", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scored COCO set of 40 people, ``scores``."""
    root = tmp_path_factory.mktemp("people")
    truth = write_coco(root, n=40)
    scored(f"coco:{truth.path},images={root}/photos", root / "scores")
    return root


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scored(WORLD, tmp_path_factory.mktemp("world") / "scores")


def weights(out: Path) -> dict[str, np.ndarray]:
    """The columns of both files of weights, which are the same."""
    found = pq.read_table(out / "weights.parquet")
    with (out / "weights.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name in found.column_names:
        column = found[name].to_pylist()
        text = [row[name] for row in rows]
        if isinstance(column[0], float):
            np.testing.assert_allclose(np.array(text, float), column, rtol=1e-6)
        else:
            told = [str(v).lower() if isinstance(v, bool) else str(v) for v in column]
            assert told == text
    return {name: found[name].to_numpy(zero_copy_only=False) for name in found.column_names}


def same_poses(found: PoseTable, source: PoseTable, atol: float = 0.0) -> None:
    """The same poses with the same pictures, in any order."""
    order = np.argsort(found.image_N)
    expected = source.select(np.argsort([Path(n).name for n in source.image_N], kind="stable"))
    found = found.select(order)
    assert [Path(n).name for n in found.image_N] == [Path(n).name for n in expected.image_N]
    np.testing.assert_allclose(found.keypoints_NK2, expected.keypoints_NK2, atol=atol)
    np.testing.assert_array_equal(found.visible_NK, expected.visible_NK)
    np.testing.assert_array_equal(found.occluded_NK, expected.occluded_NK)
    for row in (0, len(found) - 1):
        np.testing.assert_array_equal(read_image(found, row), read_image(expected, row))


@pytest.mark.parametrize("form", ["coco", "yolo", "mmpose", "csv", "poses"])
@pytest.mark.parametrize("images", ["link", "copy"])
def test_every_format_is_read_back_as_it_was_scored(
    form: str, images: str, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    flags = ("--fraction", 0.25, "--format", form, "--images", images, "--out", out)
    assert run(people / "scores", *flags) == 0
    address = re.findall(r"^Read it as (.*)$", capsys.readouterr().out, re.MULTILINE)[0]
    source = read(f"coco:{people}/annotations.json,images={people}/photos")
    drawn = weights(out)["draws"]
    assert drawn.sum() == 10
    same_poses(read(address), source.select(drawn > 0), 1e-4 if form == "yolo" else 0)
    first = next((out / "images").rglob("*.jpg"))
    assert first.samefile(people / "photos" / first.name) == (images == "link")
    facts = folders.read_manifest(out, "subset")
    assert (facts["taken"], facts["poses"], facts["address"]) == (10, 40, address)
    assert set(facts["files"]) == {
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()
    } - {"manifest.json"}


def test_images_may_stay_where_they_are(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = read(f"coco:{people}/annotations.json,images={people}/photos")
    for form in ("coco", "csv", "poses"):
        out = tmp_path / form
        assert (
            run(people / "scores", "--n", 8, "--format", form, "--images", "keep", "--out", out)
            == 0
        )
        address = re.findall(r"^Read it as (.*)$", capsys.readouterr().out, re.MULTILINE)[0]
        assert f"images={people}/photos" in address
        same_poses(read(address), source.select(weights(out)["draws"] > 0))
        assert not (out / "images").exists()
    assert run(people / "scores", "--n", 8, "--format", "list", "--out", tmp_path / "l") == 0
    lines = (tmp_path / "l/images.txt").read_text().splitlines()
    taken = source.image_N[weights(tmp_path / "l")["draws"] > 0]
    assert lines == [f"{people}/photos/{name}" for name in taken]
    capsys.readouterr()
    flags = ("--format", "yolo", "--images", "keep", "--out", tmp_path / "y")
    assert run(people / "scores", "--n", 8, *flags) == 2
    assert "YOLO looks for labels in a folder beside" in capsys.readouterr().err
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("form", ["coco", "yolo", "mmpose", "csv", "poses", "list"])
def test_pictures_of_a_world_become_files(form: str, world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    flags = ("--images", "link", "--format", form, "--out", out)
    assert run(world, "--fraction", 0.1, *flags) == 0
    summary = json.loads((out / "subset.json").read_text())
    assert summary["files"] == {"decoded": 12}
    found, source = read(summary["address"]), read(WORLD)
    taken = np.flatnonzero(weights(out)["draws"])
    assert sorted(Path(n).name for n in found.image_N) == [f"{row:03d}.png" for row in taken]
    order = np.argsort([Path(n).name for n in found.image_N])
    for i, row in enumerate(taken):
        np.testing.assert_array_equal(read_image(found, order[i]), read_image(source, row))


def test_weights_are_those_of_the_strategy_for_every_pose(people: Path, tmp_path: Path) -> None:
    from posesift import sampling

    assert run(people / "scores", "--n", 9, "--strategy", "quadratic", "--out", tmp_path / "o") == 0
    found = weights(tmp_path / "o")
    score = pq.read_table(people / "scores/difficulty.parquet")
    made = sampling.make("quadratic", score["score"].to_numpy(), bins=score["bin"].to_numpy(), k=4)
    np.testing.assert_allclose(found["weight"], 40 * made.weights(), rtol=1e-6)
    assert found["index"].tolist() == list(range(40))
    assert found["bin"].tolist() == (score["bin"].to_numpy() + 1).tolist()
    names = read(f"coco:{people}/annotations.json,images={people}/photos").image_N
    assert found["file"].tolist() == names.tolist()


def test_the_page_shows_what_was_taken_beside_uniform(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    flags = ("--fraction", 0.5, "--strategy", "top", "--min-distance", 2, "--out", out)
    assert run(people / "scores", *flags) == 0
    said = capsys.readouterr()
    assert "Top never draws bins 1 and 2: none of the 20 poses there" in said.err
    summary = json.loads((out / "subset.json").read_text())
    by_bin = summary["sources"][0]["by_bin"]
    rows = [line.split() for line in said.out.splitlines()[2:6]]
    assert [list(map(int, row[1:])) for row in rows] == [
        list(row) for row in zip(by_bin["set"], by_bin["taken"], by_bin["uniform"], strict=True)
    ]
    page = (out / "report.html").read_text(encoding="utf-8")
    for text in ("Top never draws bins 1 and 2", "Taken and left", "To train on it"):
        assert text in page
    assert f"posesift subset {people}/scores --fraction 0.5 --strategy top" in page
    assert str(out) in page


def test_near_duplicates_are_shown_with_what_stays(tmp_path: Path) -> None:
    truth = write_coco(tmp_path, n=24)
    document = coco_document(truth)
    for number, one in enumerate(document["annotations"][:6]):  # the same pose once more
        moved = [v + 3 * (i % 3 < 2) for i, v in enumerate(one["keypoints"])]
        document["annotations"].append(one | {"id": 5000 + number, "keypoints": moved})
    save_coco(truth.path, document)
    scores = scored(f"coco:{truth.path},images={tmp_path}/photos", tmp_path / "scores")
    out = tmp_path / "out"
    assert run(scores, "--n", 12, "--min-distance", 1, "--out", out) == 0
    found = weights(out)
    table = read(f"coco:{truth.path},images={tmp_path}/photos")
    assert np.flatnonzero(found["duplicate"]).tolist() == list(range(24, 30))
    assert (found["weight"][24:] == 0).all()
    assert len(table) == 30
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Six poses of 30 were put aside before anything was drawn" in page
    assert "Put aside, and what stays" in page


def test_a_trainer_of_whole_images_gets_all_people_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_yolo(tmp_path / "in", images=12, flip_idx=list(skeletons.load("coco17").mirror))
    address = f"yolo:{tmp_path}/in/data.yaml"
    scores = scored(address, tmp_path / "scores")
    out = tmp_path / "out"
    assert (
        run(scores, "--n", 10, "--format", "yolo", "--val", tmp_path / "in/images", "--out", out)
        == 0
    )
    source, drawn = read(address), weights(out)["draws"] > 0
    expected = source.select(np.isin(source.image_N, source.image_N[drawn]))
    found = read(f"yolo:{out}/data.yaml,split=train")
    assert len(found) == len(expected) > 10
    said = capsys.readouterr().err
    more = len(expected) - 10
    assert f"{more} more pose{'s' * (more != 1)} of the same images were written too" in said
    assert "data.yaml validates on the training images" not in said
    assert f"val: {tmp_path}/in/images" in (out / "data.yaml").read_text()
    for name in np.unique(expected.image_N):
        old = expected.select(expected.image_N == name)
        new = found.select(found.image_N == f"images/train/{name.removeprefix('images/')}")
        np.testing.assert_allclose(new.keypoints_NK2, old.keypoints_NK2, atol=1e-4)
        np.testing.assert_array_equal(new.mode_N, old.mode_N)
    assert run(scores, "--n", 10, "--format", "coco", "--out", tmp_path / "c") == 0
    assert (
        len(read(f"coco:{tmp_path}/c/annotations.json,images={tmp_path}/c/images,category=all"))
        == 10
    )


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored COCO set of 10 images with three people each, whose ids are its own."""
    root = tmp_path_factory.mktemp("crowd")
    truth = write_coco(root, n=10)
    document = coco_document(truth)
    people = []
    for one in document["annotations"]:
        for person, scale in enumerate((1, 0.9, 0.8)):
            points = np.array(one["keypoints"]).reshape(-1, 3) * [scale, scale**2, 1]
            box = (np.array(one["bbox"]) * scale).tolist()
            number = 7 * one["id"] + person
            people.append(
                one | {"id": number, "keypoints": points.reshape(-1).tolist(), "bbox": box}
            )
    document["annotations"] = people
    save_coco(truth.path, document)
    scored(f"coco:{truth.path},images={root}/photos", root / "scores")
    return root


def coco(out: Path) -> dict:
    return json.loads((out / "annotations.json").read_text())


def test_the_other_people_of_an_image_are_told_or_written(
    crowd: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    given = coco(crowd)["annotations"]
    flags = ("--n", 6, "--strategy", "uniform")
    assert run(crowd / "scores", *flags, "--out", tmp_path / "c") == 0
    chosen = {one["id"]: one for one in coco(tmp_path / "c")["annotations"]}
    images = {one["image_id"] for one in chosen.values()}
    beside = [one["id"] for one in given if one["image_id"] in images]
    others = len(beside) - 6
    assert others > 0
    said = capsys.readouterr()
    told = " ".join(said.err.split())
    assert re.search(rf"{others} other poses on the chosen images .*--people all", told)
    assert f"Written: 6 poses on {len(images)} images (20 % of 30)." in said.out
    assert run(crowd / "scores", *flags, "--people", "all", "--out", tmp_path / "a") == 0
    assert sorted(one["id"] for one in coco(tmp_path / "a")["annotations"]) == sorted(beside)
    said = capsys.readouterr()
    assert "other poses" not in said.err
    share = round(100 * len(beside) / 30)
    told = f"{len(beside)} poses on {len(images)} images, 6 chosen and {others} on the same images"
    assert f"Written: {told} ({share} % of 30)." in said.out
    by_bin = json.loads((tmp_path / "a/subset.json").read_text())["sources"][0]["by_bin"]
    assert sum(by_bin["written"]) == sum(by_bin["uniform_written"]) == len(beside)
    assert "with all of their images" in (tmp_path / "a/report.html").read_text(encoding="utf-8")
    assert run(crowd / "scores", *flags, "--format", "list", "--out", tmp_path / "l") == 0
    said = capsys.readouterr().out
    assert f"The list: {tmp_path}/l/images.txt" in said
    assert "Read it as" not in said


def test_weights_and_labels_are_joined_to_the_data_by_id(crowd: Path, tmp_path: Path) -> None:
    given = coco(crowd)
    own = {one["id"]: one for one in given["annotations"]}
    name_of = {image["id"]: image["file_name"] for image in given["images"]}
    assert run(crowd / "scores", "--n", 8, "--out", tmp_path / "o") == 0
    found = weights(tmp_path / "o")
    assert found["annotation"].tolist() == list(own)
    assert found["image_id"].tolist() == [one["image_id"] for one in own.values()]
    assert found["file"].tolist() == [name_of[number] for number in found["image_id"].tolist()]
    written = coco(tmp_path / "o")
    drawn = found["annotation"][found["draws"] > 0].tolist()
    assert [one["id"] for one in written["annotations"]] == drawn
    for one in written["annotations"]:
        assert one["image_id"] == own[one["id"]]["image_id"]
        np.testing.assert_allclose(one["bbox"], own[one["id"]]["bbox"], rtol=1e-6)
    for image in written["images"]:
        assert Path(image["file_name"]).name == name_of[image["id"]]


def test_broken_images_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    truth = write_coco(tmp_path, n=20)
    document = coco_document(truth)
    document["annotations"][5]["bbox"] = None
    save_coco(truth.path, document)
    address = f"coco:{truth.path},images={tmp_path}/photos"
    scores = scored(address, tmp_path / "scores")
    empty, none, half = (tmp_path / "photos" / name for name in truth.names[:3])
    empty.write_bytes(b"")
    none.write_bytes(b"this is no image at all")
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    capsys.readouterr()
    assert run(scores, "--fraction", 1, "--strategy", "uniform", "--out", tmp_path / "o") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "Three images with three poses are empty, cut short or no image, and left out" in said
    assert ", ".join(truth.names[:3]) in said
    boxes = "no box, so one around the labelled keypoints: 1 sample (annotation 1005)"
    assert f"Of the data: {boxes}." in said
    notes = json.loads((scores / "summary.json").read_text())["notes"]
    assert f"reading the data: {boxes}" in notes
    found = weights(tmp_path / "o")
    assert np.flatnonzero(found["broken"]).tolist() == [0, 1, 2]
    assert np.flatnonzero(found["draws"]).tolist() == list(range(3, 20))
    placed = {path.name for path in (tmp_path / "o/images").rglob("*.jpg")}
    assert placed == set(truth.names[3:])
    assert run(scores, "--n", 18, "--strategy", "uniform", "--out", tmp_path / "p") == 2
    assert cli.main(["check", address, "--sheet", str(tmp_path / "sheet.jpg")]) == 2
    assert "3 of 20 images are missing or broken" in capsys.readouterr().out


def test_validation_images_have_a_whole_path_and_are_there(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(people)
    flags = ("--n", 5, "--format", "yolo")
    assert run("scores", *flags, "--val", "photos", "--out", tmp_path / "o") == 0
    assert f"val: {people.resolve()}/photos" in (tmp_path / "o/data.yaml").read_text()
    capsys.readouterr()
    assert run("scores", *flags, "--val", "phtos", "--out", tmp_path / "p") == 2
    assert f"a list of them (.txt) at {people.resolve()}/phtos, found none" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "p").exists()


def test_several_sources_at_fixed_ratios(people: Path, tmp_path: Path) -> None:
    other = tmp_path / "real"
    truth = write_coco(other, n=20, seed=7)
    scored(f"coco:{truth.path},images={other}/photos", other / "scores")
    out = tmp_path / "out"
    flags = ("--mix", "synthetic=0.6,real=0.4", "--strategy", "synthetic=hard-mining,real=uniform")
    sources = (f"synthetic={people}/scores", f"real={other}/scores")
    assert run(*sources, *flags, "--n", 20, "--out", out) == 0
    found = weights(out)
    names, counts = np.unique(found["source"][found["draws"] > 0], return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"synthetic": 12, "real": 8}
    assert found["weight"][found["source"] == "real"].sum() == pytest.approx(0.4 * 60)
    assert np.ptp(found["weight"][found["source"] == "real"]) == 0
    table = read(f"coco:{out}/annotations.json,images={out}/images")
    assert [str(n).split("/")[0] for n in table.image_N] == ["synthetic"] * 12 + ["real"] * 8
    row = int(np.flatnonzero((found["source"] == "real") & (found["draws"] > 0))[0])
    own = read(f"coco:{truth.path},images={other}/photos")
    index = int(found["index"][row])
    np.testing.assert_array_equal(table.keypoints_NK2[12], own.keypoints_NK2[index])
    ids = [one["id"] for one in json.loads((out / "annotations.json").read_text())["annotations"]]
    assert len(set(ids)) == 20
    kept = tmp_path / "kept"
    assert run(*sources, *flags, "--n", 20, "--images", "keep", "--out", kept) == 0
    summary = json.loads((kept / "subset.json").read_text())
    again = read(summary["address"])
    np.testing.assert_array_equal(again.keypoints_NK2, table.keypoints_NK2)
    np.testing.assert_array_equal(read_image(again, 19), read_image(table, 19))


# What it refuses


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--fraction", "0"], "expected --fraction above 0 and at most 1, such as 0.2; found 0"),
        (["--fraction", "1.5"], "found 1.5"),
        (["--n", "41"], "expected --n from 1 to 40, as many as there are poses; found 41"),
        ([], "give one of --fraction, --n and --budget"),
        (["--n", "5", "--strategy", "hard-minig"], "did you mean 'hard-mining'?"),
        (
            ["--n", "21", "--strategy", "top"],
            "those that 'top' draws of the 40 there are; found 21",
        ),
        (["--n", "5", "--min-distance", "0"], "expected a distance above 0 degrees"),
        (["--n", "5", "--mix", "a=0.5,b=0.5"], "give each as NAME=FOLDER"),
        (["--n", "5", "--mix", "a=much"], "expected --mix synthetic=0.6,real=0.4, found 'a=much'"),
        (["--n", "5", "--val", "x"], "--val is for --format yolo"),
        (["--n", "5", "--format", "list", "--people", "chosen"], "a list names whole images"),
        (["--n", "5", "--strategy", "a=top,b=top"], "expected --strategy NAME"),
    ],
)
def test_a_mistake_is_one_message_and_nothing_is_written(
    flags: list[str], told: str, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    capsys.readouterr()
    assert run(people / "scores", *flags, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert told in said[0]
    assert not (tmp_path / "out").exists()


def test_scores_that_are_none(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for place, told in (
        (tmp_path / "nowhere", "expected a score folder at"),
        (people / "photos", "is not a finished score"),
        ("coco:a.json,images=b", "posesift score coco:a.json,images=b --out runs/scores"),
    ):
        assert run(place, "--n", 3, "--out", tmp_path / "out") == 2
        assert told in capsys.readouterr().err
    assert run("a=x", "b=y", "--n", 3, "--out", tmp_path / "out") == 2
    assert run("a=x", "a=y", "--mix", "a=1", "--n", 3, "--out", tmp_path / "out") == 2
    assert "each with a name of its own" in capsys.readouterr().err


def test_data_that_moved_are_named_anew(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    truth = write_coco(tmp_path / "a", n=20)
    scores = scored(f"coco:{truth.path},images={tmp_path}/a/photos", tmp_path / "scores")
    (tmp_path / "a").rename(tmp_path / "b")
    out = tmp_path / "out"
    capsys.readouterr()
    assert run(scores, "--n", 5, "--out", out) == 2
    said = capsys.readouterr().err
    assert "which cannot be read" in said
    assert "give --data ADDRESS" in said
    moved = f"coco:{tmp_path}/b/annotations.json,images={tmp_path}/b/photos"
    assert run(scores, "--n", 5, "--data", moved, "--out", out) == 0
    assert len(read(f"coco:{out}/annotations.json,images={out}/images")) == 5


def test_a_folder_with_files_in_it_is_left_alone(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert run(people / "scores", "--n", 5, "--out", out) == 2
    assert "holds files that PoseSift did not write, such as mine.txt" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_a_subset_is_replaced_as_a_whole_and_own_files_stay(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    assert run(people / "scores", "--n", 30, "--format", "yolo", "--out", out) == 0
    assert run(people / "scores", "--n", 5, "--out", out) == 2
    assert "already holds a finished result" in capsys.readouterr().err
    mine, among = out / "mine.txt", out / "images/train/mine.jpg"
    for path in (mine, among):
        path.write_text("mine")
    assert run(people / "scores", "--n", 5, "--out", out, "--overwrite") == 2
    assert "holds images/train/mine.jpg, which PoseSift did not write" in capsys.readouterr().err
    among.unlink()
    assert run(people / "scores", "--n", 5, "--out", out, "--overwrite") == 0
    assert mine.read_text() == "mine"
    assert len([path for path in (out / "images").rglob("*") if path.is_file()]) == 5
    assert not (out / "labels").exists()
    assert all(path.is_file() for path in (people / "photos").iterdir())
    assert len(list((people / "photos").iterdir())) == 40


def test_what_a_trainer_leaves_in_it_is_in_nobodys_way(people: Path, tmp_path: Path) -> None:
    """Ultralytics keeps its caches beside the labels and the images."""
    out = tmp_path / "out"
    flags = ("--format", "yolo", "--out", out)
    assert run(people / "scores", "--n", 20, *flags) == 0
    caches = (out / "labels/train.cache", out / "images/train/000000000100.npy")
    for path in caches:
        path.write_text("cache")
    assert run(people / "scores", "--n", 5, *flags, "--overwrite") == 0
    assert len(list((out / "labels").rglob("*.txt"))) == 5
    assert [path.read_text() for path in caches] == ["cache"] * 2


def test_what_is_read_is_never_replaced(people: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(people / "scores", "--n", 5, "--out", people / "scores", "--overwrite") == 2
    assert "which is read here" in capsys.readouterr().err
    assert (people / "scores/difficulty.parquet").is_file()


def test_poses_without_images_can_only_be_poses(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    truth = write_coco(tmp_path / "a", n=20)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/annotations.json").write_bytes(truth.path.read_bytes())
    scores = scored(f"coco:{tmp_path}/labels/annotations.json", tmp_path / "scores")
    assert run(scores, "--n", 5, "--out", tmp_path / "out") == 2
    assert "have no images here" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    named = f"coco:{tmp_path}/labels/annotations.json,images={tmp_path}/a/photos"
    assert run(scores, "--n", 5, "--data", named, "--out", tmp_path / "out") == 0
    assert run(scores, "--n", 5, "--format", "poses", "--out", tmp_path / "p") == 0
    assert len(read(f"poses:{tmp_path}/p/poses.parquet")) == 5
