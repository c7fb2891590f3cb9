"""``posesift prepare``: what it leaves, what it says, and what it refuses."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tests.data.formats.surreal import write_surreal
from tests.datasets import write_coco, write_images, write_lspet

from posesift import cli, folders
from posesift.data import prepare as preparing
from posesift.data.readers import read


@pytest.fixture
def raw(tmp_path):
    """What stands behind ``coco:``."""
    truth = write_coco(tmp_path / "raw", n=5)
    return f"{truth.path},images={tmp_path}/raw/photos,skeleton=coco17"


def test_the_last_line_looks_at_the_result(tmp_path, raw, capsys):
    out = tmp_path / "crops"
    assert cli.main(["prepare", "coco", raw, "--out", str(out), "--side", "64"]) == 0
    shown = capsys.readouterr()
    assert "problems" not in shown.err
    first, *_, last = shown.out.splitlines()
    assert first == f"5 crops of 64 px from coco:{raw}"
    assert last == f"Look at them: posesift check poses:{out}/poses.parquet"
    assert cli.main([*last.split()[4:], "--sheet", str(tmp_path / "sheet.png")]) == 0
    assert "5 samples of coco17, 5 images" in capsys.readouterr().out
    assert (tmp_path / "sheet.png").is_file()
    manifest = folders.read_manifest(out, "prepared")
    assert {k: manifest[k] for k in ("samples", "left_out", "side", "scale", "every")} == {
        "samples": 5, "left_out": 0, "side": 64, "scale": 1.0, "every": 1,
    }  # fmt: skip
    assert set(manifest["files"]) == {"poses.parquet", "prepare.json"}


def test_a_prepared_folder_is_not_lost(tmp_path, raw, capsys):
    out = tmp_path / "crops"
    arguments = ["prepare", "coco", raw, "--out", str(out)]
    assert cli.main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(out)
    assert found["samples"] == 5
    assert found["problems"] is None
    before = (out / "poses.parquet").read_bytes()
    assert cli.main([*arguments, "--side", "32"]) == 2
    assert "give --overwrite to replace it" in capsys.readouterr().err
    assert (out / "poses.parquet").read_bytes() == before
    assert cli.main([*arguments, "--side", "32", "--overwrite"]) == 0
    assert set(read(f"poses:{out}/poses.parquet").width_N) == {32}


def test_videos_with_every_nth_frame(tmp_path, capsys):
    write_surreal(tmp_path / "raw")
    out = tmp_path / "crops"
    raw = f"{tmp_path}/raw,split=train,run=0"
    assert cli.main(["prepare", "surreal", raw, "--every", "3", "--out", str(out)]) == 0
    expected = read(f"surreal:{raw},every=3")
    table = read(f"poses:{out}/poses.parquet")
    assert len(table) == len(expected) > 3
    assert table.clip_N.tolist() == expected.clip_N.tolist()
    assert table.boxes_from == "labels"
    assert folders.read_manifest(out)["address"] == f"surreal:{raw},every=3"


def test_bad_samples_are_said(tmp_path, capsys):
    write_lspet(tmp_path / "raw", n=30)
    table = read(f"lspet:{tmp_path}/raw")
    table.save(tmp_path / "t.parquet")
    (tmp_path / "raw" / table.image_N[3]).unlink()
    arguments = ["prepare", "poses", f"{tmp_path}/t.parquet", "--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 0
    shown = capsys.readouterr()
    assert "warning: 1 samples have no readable image and are left out" in shown.err
    assert f"{tmp_path}/out/problems.txt" in shown.out
    assert cli.main([*arguments[:-1], str(tmp_path / "again"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["left_out"] == 1
    assert found["problems"] == f"{tmp_path}/again/problems.txt"


def test_ctrl_c_says_how_to_go_on(tmp_path, raw, capsys, monkeypatch):
    out = tmp_path / "out"

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "_in_turn", interrupted)
        assert cli.main(["prepare", "coco", raw, "--out", str(out)]) == 130
    assert f"--out {out} --resume goes on" in capsys.readouterr().err
    assert cli.main(["prepare", "coco", raw, "--out", str(out)]) == 2
    assert "give --resume to go on with it" in capsys.readouterr().err
    assert cli.main(["prepare", "coco", raw, "--out", str(out), "--resume", "--every", "2"]) == 2
    assert "was begun with every 1, and now every 2" in capsys.readouterr().err
    assert cli.main(["prepare", "coco", raw, "--out", str(out), "--resume"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["surrreal", "raw"], "did you mean 'surreal'"),
        (["lspet", "nowhere"], "nowhere"),
        (["images", "empty"], "expected images"),
        (["images", "raw,splt=train"], "no option 'splt'; did you mean 'split'"),
        (["images", "raw", "--side", "2"], "expected side from 8 to 4096 pixels, found 2"),
        (["images", "raw", "--every", "0"], "expected every of at least 1, found 0"),
        (["images", "raw", "--scale", "-1"], "expected a scale above 0"),
        (["images", "raw", "--workers", "0"], "expected workers of at least 1"),
        (["images", "raw", "--resume"], "--resume needs --out"),
        (["images", "raw", "--out", "raw/crops"], "expected --out outside of the raw data"),
        (["images", "raw", "--out", "new", "--resume"], "there is nothing to resume in new"),
        (["images", "raw", "--out", "other"], "holds files that PoseSift did not write"),
        (["images", "raw", "--out", "raw/photo000.png"], "expected --out outside"),
    ],
)
def test_a_users_mistake_is_one_message(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "raw", n=2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("years of work")
    assert cli.main(["prepare", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "other", "raw"]
    assert (tmp_path / "other" / "thesis.txt").is_file()


def test_raw_data_are_never_removed(tmp_path, raw, capsys):
    """An earlier result that is itself the raw data of the next."""
    out = tmp_path / "crops"
    assert cli.main(["prepare", "coco", raw, "--out", str(out)]) == 0
    again = ["prepare", "poses", f"{out}/poses.parquet", "--out", str(out), "--overwrite"]
    assert cli.main(again) == 2
    assert "--overwrite would remove" in capsys.readouterr().err
    table = read(f"poses:{out}/poses.parquet")
    dataclasses.replace(table, root=str(out / "images")).save(tmp_path / "t.parquet")
    again[2] = f"{tmp_path}/t.parquet"
    assert cli.main(again) == 2
    assert "--overwrite would remove" in capsys.readouterr().err
    again = ["prepare", "coco", "nowhere.json", "--out", str(out), "--overwrite"]
    assert cli.main(again) == 2  # a slip of the pen costs nothing
    assert len(read(f"poses:{out}/poses.parquet")) == 5
