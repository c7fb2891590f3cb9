"""posesift render, as it is typed: what it says, and how it ends."""

from __future__ import annotations

import json

import pyarrow.csv
import pytest

from posesift import cli
from posesift.data import worlds
from posesift.data.rendering import pictures
from posesift.data.worlds import hand_modes
from posesift.experiments.renderings.chosen import chosen

SMALL = ["render", "world:hand,seed=5,side=32", "--workers", "1"]


def test_it_says_where_the_result_is_and_what_was_cut_off(tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main([*SMALL, "--n", "2", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"2 images: {out}"
    table = pyarrow.csv.read_csv(out / "angles.csv").to_pydict()
    table = {n: v for n, v in table.items() if not n.startswith("camera_")}
    table["index_pip_flexion"][1] = 400
    angles, again = tmp_path / "mine.csv", tmp_path / "again"
    pyarrow.csv.write_csv(pyarrow.table(table), angles)
    words = [*SMALL, "--angles", str(angles), "--out", str(again)]
    assert cli.main([*words, "--strict-limits"]) == 2
    assert "line 3: expected index_pip_flexion from -6 to 115" in capsys.readouterr().err
    assert not again.exists()
    assert cli.main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert "1 angles in 1 of 2 rows" in said.err
    facts = json.loads(said.out)
    assert (facts["folder"], facts["clipped"], facts["lacking"]) == (str(again), 1, ["camera_*"])


def test_what_a_target_has_and_the_source_lacks_is_rendered(tmp_path, capsys):
    like, source = "world:hand,poses=target,n=30", "world:hand,n=50"
    words = [*SMALL, "--like", like, "--source", source, "--n", "3", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    wanted = chosen("world:hand,seed=5,side=32", like, source, 3)
    before, after = wanted.found.lacking_before, wanted.found.lacking_after
    assert f"of the target {before:.0%} was lacking, {after:.0%} is" in said
    found = pyarrow.csv.read_csv(tmp_path / "out" / "angles.csv").to_pydict()
    assert found["sample"] == wanted.number_R.tolist()
    drawn = worlds.draw("hand", "source", wanted.number_R, seed=5)
    name = hand_modes.ANGLES[3].lower().replace(" ", "_")
    assert found[name] == pytest.approx(drawn.angles_NA[:, 3].tolist(), rel=1e-6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["render", "world:hand", "--n", "0"], "expected n from 1 to"),
        (["render", "photos", "--n", "3"], "expected a data address"),
        ([*SMALL, "--resume"], "--resume needs --out"),
        ([*SMALL, "--where-failing"], "give --like, too"),
        ([*SMALL, "--like", "x", "--angles", "y"], "give one"),
        ([*SMALL, "--like", "nowhere", "--n", "3"], "nowhere"),
        ([*SMALL, "--like", "world:body,n=30", "--n", "3"], "world:hand,"),
        ([*SMALL, "--like", "world:hand,n=30", "--where-failing", "--n", "3"], "only of a run"),
        ([*SMALL, "--like", "world:hand,n=30", "--n", "20001"], "expected to choose 1 to 20000"),
        ([*SMALL, "--n", "2", "--resume", "--overwrite", "--out", "x"], "give one"),
    ],
)
def test_mistakes_are_one_message(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_ctrl_c_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"

    def interrupted(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(worlds, "draw", interrupted)
        assert cli.main([*SMALL, "--n", "2", "--out", str(out)]) == 130
    assert "interrupted; nothing was left half-written" in capsys.readouterr().err
    with monkeypatch.context() as patched:
        patched.setattr(pictures, "_paint_part", interrupted)
        assert cli.main([*SMALL, "--n", "2", "--out", str(out)]) == 130
    assert (
        f"posesift {' '.join(SMALL)} --n 2 --out {out} --resume goes on" in capsys.readouterr().err
    )
    assert cli.main([*SMALL, "--n", "2", "--out", str(out), "--resume"]) == 0
    assert (out / "images/000001.png").is_file()
