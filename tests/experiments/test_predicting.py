"""``posesift predict``: what it writes, that it measures as `evaluate` does, and bad input."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import warnings
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.datasets import coco_document, save_coco, write_coco, write_images
from tests.experiments.tiny import experiment

import posesift as ps
from posesift import cli, folders
from posesift.adaptation.training.runtime import Runtime
from posesift.data.checks.contact_sheet import is_contact_sheet
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.evaluation.predict import predict as predict_table
from posesift.experiments import predicting
from posesift.experiments.predicting import crops, people, rows
from posesift.experiments.run import train
from posesift.experiments.trained import load_method
from posesift.poses import geometry
from posesift.results import predictions as of_runs

pytestmark = pytest.mark.xdist_group("predict")  # which trains a network once


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    train(experiment(method="source-only", steps=1), folder)
    return folder


def posesift(capsys, *arguments) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    code = cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def content(folder: Path) -> dict[str, str]:
    """All files by name, as checksums."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def table(out: Path) -> list[dict]:
    return pq.read_table(out / "predictions.parquet").to_pylist()


def write_video(path: Path, frames: int = 40, size: tuple[int, int] = (64, 48)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264" if path.suffix != ".avi" else "mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(frames):
            noise = rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(noise)))
        out.mux(stream.encode())
    return path


def coarse(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (count, 48, 64, 3), dtype=np.uint8)


def save(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def test_the_same_numbers_as_evaluate(run, tmp_path, capsys):
    """In crops of the same boxes: every bit, where batches are the same ones."""
    truth = write_coco(tmp_path / "raw", n=9, skeleton="body16")
    out, photos = tmp_path / "out", tmp_path / "raw/photos"
    code, said, _ = posesift(
        capsys, "predict", run, photos, "--boxes", truth.path, "--out", out, "--device", "cpu"
    )
    assert code == 0
    assert "9 predictions on 9 images" in said
    address = f"coco:{truth.path},images={photos},skeleton=body16,split=all"
    code, _, error = posesift(
        capsys, "evaluate", run, address, "--device", "cpu", "--out", tmp_path / "evaluated"
    )
    assert code == 0, error
    measured = pq.read_table(tmp_path / "evaluated/predictions.parquet").to_pylist()
    data = read(address)
    back_N23 = PoseDataset(data, side=32).crop_to_image_B23(np.arange(9))
    expected = {}
    for row in measured:
        points_K2 = np.array(row["predicted"], np.float64).reshape(-1, 2)
        placed_K2 = geometry.apply(back_N23[row["index"]], points_K2).astype(np.float32)
        expected[str(data.image_N[row["index"]])] = placed_K2, row["confidence"]
    found = table(out)
    assert len(found) == len(expected) == 9
    for row in found:
        points_K2, confidence_K = expected[row["image"]]
        assert np.array_equal(np.array(row["keypoints"], np.float32).reshape(-1, 2), points_K2)
        assert row["confidence"] == confidence_K
        assert row["score"] == pytest.approx(np.mean(confidence_K))


def test_without_boxes_the_whole_image_is_the_crop(run, tmp_path, capsys):
    write_images(tmp_path / "photos", n=5)
    (tmp_path / "photos/readme.txt").write_text("not an image")
    out = tmp_path / "out"
    code, said, _ = posesift(capsys, "predict", run, tmp_path / "photos", "--out", out)
    assert code == 0
    (line,) = [line for line in said.splitlines() if "--boxes" in line]
    assert "whole" in line
    assert "not taken, for they are no images: .txt (1)" in said
    data = read(f"images:{tmp_path}/photos")
    method = load_method(run, Runtime.resolve("cpu", "fp32"))
    expected = predict_table(method, PoseDataset(data, side=32, keep=False))
    back_N23 = PoseDataset(data, side=32).crop_to_image_B23(np.arange(5))
    placed_NK2 = geometry.apply(back_N23, expected.keypoints_NK2.astype(np.float64))
    found = table(out)
    assert [row["image"] for row in found] == data.image_N.tolist()
    points_NK2 = np.array([row["keypoints"] for row in found], np.float32).reshape(5, -1, 2)
    assert np.array_equal(points_NK2, placed_NK2.astype(np.float32))
    assert is_contact_sheet(out / "contact-sheet.jpg")
    manifest = folders.read_manifest(out, "prediction")
    assert manifest["complete"]
    assert set(manifest["files"]) == {
        "contact-sheet.jpg", "images.json", "predict.json", "predictions.csv",
        "predictions.parquet", "results.json",
    }  # fmt: skip


def test_all_files_say_the_same(run, tmp_path):
    truth = write_coco(tmp_path / "raw", n=4, skeleton="body16")
    out = tmp_path / "out"
    facts = ps.predict(run, tmp_path / "raw/photos", out, boxes=truth.path, device="cpu")
    assert (facts["pictures"], facts["samples"], facts["left_out"]) == (4, 4, 0)
    found = table(out)
    results = json.loads((out / "results.json").read_text())
    images = {i["id"]: i for i in json.loads((out / "images.json").read_text())["images"]}
    with (out / "predictions.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    names = ps.read("world:body,n=4").skeleton.keypoints
    assert len(found) == len(results) == len(lines) == 4
    for row, result, line in zip(found, results, lines, strict=True):
        points_K2 = np.array(row["keypoints"]).reshape(-1, 2)
        values_K3 = np.column_stack([points_K2, row["confidence"]])
        np.testing.assert_allclose(np.reshape(result["keypoints"], (-1, 3)), values_K3, atol=6e-4)
        in_csv = [[float(line[f"{n}_{w}"]) for w in ("x", "y", "confidence")] for n in names]
        np.testing.assert_allclose(in_csv, values_K3, atol=6e-4)
        assert result["score"] == pytest.approx(row["score"], abs=1e-6)
        assert images[result["image_id"]]["file_name"] == row["image"] == line["image"]
        assert result["image_id"] == int(Path(row["image"]).stem)  # the ids of the boxes' file
    poses = read(f"poses:{out}/predictions.parquet,images={tmp_path}/raw/photos")
    assert len(poses) == 4
    assert poses.visible_NK.any()


@pytest.mark.parametrize("tool", ["pycocotools", "faster_coco_eval"])
def test_coco_tools_score_the_results(run, tmp_path, tool):
    """Labels that are the predictions themselves: an OKS of 1, so an AP of 1."""
    module = pytest.importorskip(tool)
    truth = write_coco(tmp_path / "raw", n=6, skeleton="body16")
    out = tmp_path / "out"
    ps.predict(run, tmp_path / "raw/photos", out, boxes=truth.path, device="cpu")
    labels = coco_document(truth)
    by_image = {r["image_id"]: r for r in json.loads((out / "results.json").read_text())}
    for one in labels["annotations"]:
        values_K3 = np.reshape(by_image[one["image_id"]]["keypoints"], (-1, 3))
        values_K3[:, 2] = 2
        one |= {"keypoints": values_K3.reshape(-1).tolist(), "num_keypoints": len(values_K3)}
        one["area"] = 5000.0
    save_coco(tmp_path / "labels.json", labels)
    if tool == "pycocotools":
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    else:
        from faster_coco_eval import COCO
        from faster_coco_eval import COCOeval_faster as COCOeval
    assert module
    gt = COCO(str(tmp_path / "labels.json"))
    judged = COCOeval(gt, gt.loadRes(str(out / "results.json")), "keypoints")
    judged.params.kpt_oks_sigmas = np.full(16, 0.05)
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[0] == pytest.approx(1.0)


def test_several_people_an_image_from_every_form_of_boxes(run, tmp_path):
    for number, image in enumerate(coarse(3, 1)):
        save(tmp_path / f"photos/{number}.png", image)
    boxes = [("1.png", 4, 5, 30, 20), ("0.png", 0, 0, 64, 48), ("1.png", 20, 10, 16, 30.5)]
    plain = [{"image": name, "box": box} for name, *box in boxes]
    (tmp_path / "boxes.json").write_text(json.dumps(plain))
    lines = [",".join(map(str, row)) for row in boxes]
    (tmp_path / "boxes.csv").write_text("\n".join(["image,box_x,box_y,box_w,box_h", *lines]))
    save_coco(tmp_path / "coco.json", {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in range(3)],
        "annotations": [{"id": i, "image_id": int(name[0]), "category_id": 1, "bbox": box}
                        for i, (name, *box) in enumerate(boxes)],
        "categories": [{"id": 1, "name": "person"}],
    })  # fmt: skip
    found = {}
    for form in ("boxes.json", "boxes.csv", "coco.json"):
        out = tmp_path / f"out-{form}"
        facts = ps.predict(run, tmp_path / "photos", out, boxes=tmp_path / form, device="cpu")
        assert facts["complete"]
        assert any(
            "images without a box, where nobody is predicted: 1" in note for note in facts["notes"]
        )
        found[form] = [(r["image"], r["box"], r["keypoints"]) for r in table(out)]
    assert found["boxes.json"] == found["boxes.csv"] == found["coco.json"]
    assert [(name, *box) for name, box, _ in found["boxes.csv"]] == [boxes[1], boxes[0], boxes[2]]


def test_keypoints_count_in_the_image_as_viewers_show_it(run, tmp_path):
    """An image that EXIF turns gives what its turned pixels, stored upright, give."""
    (image,) = coarse(1, 5)
    stored = save(tmp_path / "stored/a.png", np.rot90(image, 1))
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"[6:]
    png, marked = stored.read_bytes(), tmp_path / "turned/a.png"
    chunk = len(exif).to_bytes(4, "big") + b"eXIf" + exif
    chunk += zlib.crc32(b"eXIf" + exif).to_bytes(4, "big")
    marked.parent.mkdir()
    marked.write_bytes(png[:33] + chunk + png[33:])
    save(tmp_path / "upright/a.png", image)
    for name in ("turned", "upright"):
        ps.predict(run, tmp_path / name, tmp_path / f"out-{name}", device="cpu")
    turned, upright = (table(tmp_path / f"out-{name}") for name in ("turned", "upright"))
    assert (turned[0]["width"], turned[0]["height"]) == (64, 48)
    assert turned == upright


def test_overlays_and_videos(run, tmp_path, capsys):
    """Frames are predicted as the same pictures are; one mp4 a video."""
    clip = write_video(tmp_path / "clips/a.mp4", size=(65 - 1, 50))
    save(tmp_path / "clips/b.png", coarse(1, 2)[0])
    out = tmp_path / "out"
    code, said, _ = posesift(
        capsys, "predict", run, tmp_path / "clips/*", "--out", out, "--overlays", "--device", "cpu"
    )
    assert code == 0
    assert "41 predictions on 41 images" in said
    found = table(out)
    assert [row["image"] for row in found] == ["b.png", *(f"a.mp4#{n}" for n in range(40))]
    assert sorted(p.name for p in (out / "overlays").iterdir()) == ["000001-b.jpg", "000002-a.mp4"]
    with av.open(str(out / "overlays/000002-a.mp4")) as drawn:
        frames = [frame.to_ndarray(format="rgb24") for frame in drawn.decode(video=0)]
        assert drawn.streams.video[0].average_rate == 25
    assert len(frames) == 40
    assert frames[0].shape == (50, 64, 3)
    assert clip.is_file()
    folders.read_manifest(out, "prediction")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_video_that_ends_in_the_middle(run, tmp_path, capsys, suffix):
    """What was read is kept, and everything says that it is not all."""
    whole = write_video(tmp_path / f"clips/whole{suffix}", frames=50)
    cut = tmp_path / f"clips/cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    out = tmp_path / "out"
    code, said, error = posesift(
        capsys, "predict", run, cut, "--out", out, "--overlays", "--device", "cpu"
    )
    assert code == 2
    assert "problems.txt names them" in error
    count = len(table(out))
    assert 0 < count < 50
    assert f"{count} predictions on {count} images" in said
    assert f"({count} frames were taken)" in (out / "problems.txt").read_text()
    manifest = folders.read_manifest(out, "prediction")
    assert not manifest["complete"]
    assert manifest["samples"] == count
    with av.open(str(next((out / "overlays").iterdir()))) as drawn:
        assert sum(1 for _ in drawn.decode(video=0)) == count
    ps.predict(run, whole, tmp_path / "of-whole", device="cpu")
    same = table(tmp_path / "of-whole")[:count]
    assert [row["keypoints"] for row in same] == [row["keypoints"] for row in table(out)]


def test_parts_do_not_show(run, tmp_path, monkeypatch):
    """A video and photographs in parts of any size give the same predictions."""
    write_video(tmp_path / "clips/a.mp4", frames=12)
    for number, image in enumerate(coarse(7, 3)):
        save(tmp_path / f"clips/{number}.png", image)
    found = []
    for size in (256, 6, 4):
        monkeypatch.setattr(crops, "PART", size)
        out = tmp_path / f"out-{size}"
        ps.predict(run, tmp_path / "clips/*", out, device="cpu", batch_size=2)
        found.append((out / "predictions.csv").read_text())
    assert found[0] == found[1] == found[2]
    assert found[0].count("\n") == 20


def test_low_confidence_is_reported_and_warned_of(run, tmp_path, capsys):
    """Against the confidence on the run's own test images; nothing is left out for it."""
    write_images(tmp_path / "photos", n=4)
    sure = shutil.copytree(run, tmp_path / "sure")  # as if its own test images were far clearer
    path = sure / of_runs.NAME
    kept = pq.read_table(path)
    place = kept.schema.get_field_index("confidence")
    k = kept.schema.field("confidence").type.list_size
    raised = np.array(kept["confidence"].to_pylist(), np.float32) + 10
    column = pa.FixedSizeListArray.from_arrays(pa.array(raised.reshape(-1)), k)
    pq.write_table(kept.set_column(place, "confidence", column), path)
    code, _, error = posesift(
        capsys, "predict", sure, tmp_path / "photos", "--out", tmp_path / "low", "--device", "cpu"
    )
    assert code == 0
    assert "4 of 4 predictions are less confident" in error
    assert "perhaps nobody is there" in error
    assert [row["low"] for row in table(tmp_path / "low")] == [True] * 4
    assert folders.read_manifest(tmp_path / "low")["low"] == 4
    ps.predict(run, tmp_path / "photos", tmp_path / "plain", device="cpu")
    assert [r["confidence"] for r in table(tmp_path / "plain")] == [
        r["confidence"] for r in table(tmp_path / "low")
    ]


def test_of_a_run_s_own_test_images_hardly_any_are_low(run):
    confidence_NK = of_runs.read_confidence(run)
    low = predicting._low(run)
    assert (confidence_NK.mean(1) < low).mean() <= 0.01


def refused(capsys, *arguments) -> str:
    """Wrong from the start: one line, and nothing is written."""
    code, _, error = posesift(capsys, *arguments)
    assert code == 2
    out = Path(arguments[arguments.index("--out") + 1])
    assert not out.exists()
    return error


def test_a_run_without_a_checkpoint(run, tmp_path, capsys):
    write_images(tmp_path / "photos", n=2)
    bare = shutil.copytree(run, tmp_path / "bare")
    shutil.rmtree(bare / "checkpoints")
    error = refused(capsys, "predict", bare, tmp_path / "photos", "--out", tmp_path / "out")
    assert "expected the checkpoint of" in error


def test_nothing_to_look_at(run, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("x")
    out = tmp_path / "out"
    for what, said in (
        (tmp_path / "empty", "expected images"),
        (tmp_path / "none/*.jpg", "that match"),
        (tmp_path / "none", "found nothing at"),
        (tmp_path / "a.txt", "expected an image or a video"),
        (f"coco:{tmp_path}/a.json", "given with --boxes"),
    ):
        assert said in refused(capsys, "predict", run, what, "--out", out)
    code, _, error = posesift(capsys, "predict", run, tmp_path, "--boxen", "x", "--out", out)
    assert (code, out.exists()) == (2, False)
    assert "--boxen" in error


def test_half_a_file(run, tmp_path, capsys):
    write_images(tmp_path / "photos", n=4, suffix=".jpg")
    half = tmp_path / "photos/photo000.jpg"
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    out = tmp_path / "out"
    code, _, error = posesift(
        capsys, "predict", run, tmp_path / "photos", "--out", out, "--overlays", "--device", "cpu"
    )
    assert code == 2
    assert "1 images or boxes are left out" in error
    assert "photo000.jpg is a JPEG that is cut short" in (out / "problems.txt").read_text()
    assert len(table(out)) == 3
    assert len(list((out / "overlays").iterdir())) == 3
    code, _, error = posesift(capsys, "predict", run, half, "--out", tmp_path / "nothing")
    assert code == 2
    assert "none of the images could be read" in error
    assert not folders.is_finished(tmp_path / "nothing")


@pytest.mark.parametrize("form", ["list", "coco"])
def test_a_box_beyond_any_number_is_left_out_without_a_warning(tmp_path, form):
    boxes = [[1, 2, 30, 30], [1e308, 0, 1e308, 5]]
    listed = [{"image": "a.png", "box": box} for box in boxes]
    images = [{"id": 1, "file_name": "a.png"}]
    annotations = [{"id": n, "image_id": 1, "bbox": box} for n, box in enumerate(boxes)]
    coco = {"images": images, "annotations": annotations, "categories": []}
    (tmp_path / "boxes.json").write_text(json.dumps(listed if form == "list" else coco))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = people.read_people(tmp_path / "boxes.json", ["a.png"])
    assert found.box_N4.tolist() == [[1, 2, 30, 30]]
    assert found.left_out == ["a.png: a box of no size (1e+308, 0, 1e+308, 5)"]


def test_boxes_of_images_that_are_not_there(run, tmp_path, capsys):
    save(tmp_path / "photos/a.png", coarse(1, 0)[0])
    lines = ["image,box_x,box_y,box_w,box_h", "a.png,1,2,30,30", "b.png,1,2,30,30"]
    lines += ["a.png,1,2,0,30", "a.png,900,2,30,30"]
    (tmp_path / "boxes.csv").write_text("\n".join(lines))
    out, photos = tmp_path / "out", tmp_path / "photos"
    boxes = ["--boxes", tmp_path / "boxes.csv"]
    code, _, _ = posesift(capsys, "predict", run, photos, *boxes, "--out", out, "--device", "cpu")
    assert code == 2
    told = (out / "problems.txt").read_text()
    assert "b.png" not in told, "boxes may be of a whole set, of which some images are given"
    assert "a.png: a box of no size" in told
    assert "a.png: a box beside the image" in told
    assert len(table(out)) == 1
    (tmp_path / "boxes.csv").write_text("\n".join(lines[:3]))
    some = tmp_path / "some"
    code, said, _ = posesift(capsys, "predict", run, photos, *boxes, "--out", some,
                             "--device", "cpu")  # fmt: skip
    assert code == 0
    assert "1 of 2 boxes are of other images than were given (b.png), and passed over" in said
    assert not (some / "problems.txt").exists()
    (tmp_path / "boxes.csv").write_text("\n".join([lines[0], lines[2]]))
    error = refused(capsys, "predict", run, photos, *boxes, "--out", tmp_path / "x")
    assert "is of one of the images" in error
    for name, text, said in (
        ("c.csv", "image,box_x\na.png,1", "expected the columns"),
        ("d.json", '[{"image_id": 3, "bbox": [1, 2, 3, 4]}]', "A list of boxes is read as"),
        ("e.json", '{"images": [', "cut short"),
    ):
        (tmp_path / name).write_text(text)
        boxes = ["--boxes", tmp_path / name]
        assert said in refused(capsys, "predict", run, photos, *boxes, "--out", tmp_path / "x")


def test_every_name_that_a_file_system_allows(run, tmp_path, capsys):
    letters = "".join(map(chr, range(1, 128))).replace("/", "")
    names = [letters[:80], letters[80:], "-x", "ä\u202e日本 🤸", "a,b\"c'd\n", "[ab]", "clip#3"]
    for name, image in zip(names, coarse(len(names), 4), strict=True):
        save(tmp_path / "photos" / f"{name}.png", image)
    for name in (b"\xff\xfe.png", b"caf\xe9.png"):
        place = os.fsencode(tmp_path / "photos") + b"/" + name
        with open(place, "wb") as file:
            file.write(b"never opened")
    out = tmp_path / "out"
    code, said, error = posesift(
        capsys, "predict", run, tmp_path / "photos", "--out", out, "--overlays", "--device", "cpu"
    )
    assert code == 2  # those that are not UTF-8 are left out, and named
    assert all(letter.isprintable() or letter == "\n" for letter in said + error)
    assert folders.read_manifest(out)["left_out"] == 2
    expected = sorted(f"{name}.png" for name in names)
    assert sorted(row["image"] for row in table(out)) == expected
    with (out / "predictions.csv").open(newline="", encoding="utf-8") as file:
        assert sorted(line["image"] for line in csv.DictReader(file)) == expected
    images = json.loads((out / "images.json").read_text())["images"]
    assert sorted(image["file_name"] for image in images) == expected
    assert len(list((out / "overlays").iterdir())) == len(names)
    literal = tmp_path / "photos/[ab].png"  # a file first, a pattern where there is none
    facts = ps.predict(run, literal, tmp_path / "one", device="cpu")
    assert facts["samples"] == 1


def test_names_that_differ_by_folder_or_case_alone(run, tmp_path):
    names = ["a/x.png", "b/x.png", "a/X.png", "a/x.jpg"]
    for name, image in zip(names, coarse(4, 6), strict=True):
        save(tmp_path / "photos" / name, image)
    out = tmp_path / "out"
    ps.predict(run, tmp_path / "photos", out, overlays=True, device="cpu")
    drawn = [path.name.lower() for path in (out / "overlays").iterdir()]
    assert len(set(drawn)) == 4


def test_a_folder_with_files_in_it(run, tmp_path, capsys):
    write_images(tmp_path / "photos", n=2)
    out, arguments = tmp_path / "out", ["predict", run, tmp_path / "photos", "--device", "cpu"]
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    code, _, error = posesift(capsys, *arguments, "--out", out)
    assert code == 2
    assert "files that PoseSift did not write, such as mine.txt" in error
    assert os.listdir(out) == ["mine.txt"]
    code, _, error = posesift(capsys, *arguments, "--out", tmp_path / "photos/out")
    assert code == 2
    assert "expected --out outside of the images" in error
    (out / "mine.txt").unlink()
    assert posesift(capsys, *arguments, "--out", out)[0] == 0
    (out / "mine.txt").write_text("mine")
    code, _, error = posesift(capsys, *arguments, "--out", out)
    assert code == 2
    assert "already holds a finished result" in error
    assert posesift(capsys, *arguments, "--out", out, "--overwrite", "--overlays")[0] == 0
    assert (out / "mine.txt").read_text() == "mine"
    assert len(list((out / "overlays").iterdir())) == 2


class Interrupting:
    """A real shard writer that sends Ctrl-C to its process once it has written some parts."""

    def __init__(self, after: int):
        self.left = after
        self.real = rows.Written.write_shard

    def __call__(self, written, *arguments, **keywords):
        self.real(written, *arguments, **keywords)
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("after", [1, 3, 5])
def test_ctrl_c_and_resume_give_the_same_bytes(run, tmp_path, capsys, monkeypatch, after):
    for number, image in enumerate(coarse(11, 7)):
        save(tmp_path / f"in/{number:02d}.png", image)
    write_video(tmp_path / "in/v.mp4", frames=10)
    monkeypatch.setattr(crops, "PART", 4)
    arguments = ["predict", run, tmp_path / "in/*", "--overlays", "--device", "cpu",
                 "--batch-size", "3", "--out"]  # fmt: skip
    assert posesift(capsys, *arguments, tmp_path / "whole")[0] == 0
    interrupting = Interrupting(after)
    with monkeypatch.context() as patch:
        patch.setattr(rows.Written, "write_shard", lambda *a, **k: interrupting(*a, **k))
        code, _, error = posesift(capsys, *arguments, tmp_path / "out")
    assert code == 130
    assert "--resume goes on with it" in error
    assert not folders.is_finished(tmp_path / "out")
    code, _, error = posesift(capsys, *arguments, tmp_path / "out", "--batch-size", "2", "--resume")
    assert code == 2
    assert "was begun with batch_size 3, and now batch_size 2 is asked for" in error
    assert posesift(capsys, *arguments, tmp_path / "out", "--resume")[0] == 0
    assert content(tmp_path / "out") == content(tmp_path / "whole")
