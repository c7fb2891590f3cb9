"""Tables of angles that people bring: what they may lack, and how their mistakes are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from posesift.data import worlds
from posesift.data.rendering import angle_table, columns
from posesift.data.rendering.world_address import WorldAddress
from posesift.data.worlds import body, hand

BODY, HAND = WorldAddress.of("world:body,seed=2"), WorldAddress.of("world:hand,seed=2")
STANDING = {name: np.zeros(3) for name in body.ANGLES}


def written(path: Path, values: dict) -> Path:
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(pa.table(values), path)
    else:
        pq.write_table(pa.table(values), path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("world", [BODY, HAND], ids=["body", "hand"])
def test_every_number_comes_back_as_it_was(tmp_path, world, suffix):
    scene = world.scene([3, 70, 5000])
    angle_table.write(scene, world, ["a", "b", "c"], tmp_path)
    given = angle_table.read(tmp_path / f"angles{suffix}", world, strict=True)
    found, true = columns.read_columns(given.scene), columns.read_columns(scene)
    assert list(found) == list(true)
    for name, value_N in true.items():
        assert found[name].dtype == value_N.dtype, name
        assert np.array_equal(found[name], value_N), name
    assert np.array_equal(given.scene.neg_log_p_N, scene.neg_log_p_N)
    assert (given.clipped, given.lacking) == (0, [])


def test_what_a_table_lacks_is_that_of_the_worlds_samples(tmp_path):
    given = angle_table.read(written(tmp_path / "a.parquet", STANDING), BODY)
    own = BODY.scene([0, 1, 2])
    assert given.lacking == ["shape_*", "camera_*"]
    assert given.scene.mode_N is None
    for name in ("shape", "camera"):
        for key, value_N in getattr(own, name).items():
            assert np.array_equal(getattr(given.scene, name)[key], value_N)
    assert not given.scene.angles_NA.any()
    modes = pa.array(["sit", "sit", None]).dictionary_encode()
    given = angle_table.read(written(tmp_path / "c.parquet", STANDING | {"mode": modes}), BODY)
    assert given.scene.mode_N.tolist() == ["sit", "sit", ""]
    given = angle_table.read(written(tmp_path / "a.parquet", STANDING), BODY)
    assert np.array_equal(given.scene.neg_log_p_N, body.neg_log_p(np.zeros((3, 26))))
    cameras = {"camera_yaw": [0.0, 90.0, 180.0], "camera_distance": [3, 4, 5]}
    given = angle_table.read(written(tmp_path / "b.csv", STANDING | cameras), BODY)
    assert given.scene.camera["yaw"].tolist() == [0, 90, 180]
    assert given.scene.camera["distance"].dtype == np.float32
    assert "camera_yaw" not in given.lacking
    assert "camera_pitch" in given.lacking


def test_angles_beyond_their_limits_are_cut_off_and_counted_or_refused(tmp_path):
    changed = STANDING | {
        "left_knee_flex": np.array([-5.0, 150, 170]),  # 0 to 150
        "neck_turn": np.array([71.0, -70, 0]),  # -70 to 70
        "tilt": np.array([270.0, -200, 200]),  # turns all the way round: no limit is met
    }
    path = written(tmp_path / "a.csv", changed)
    given = angle_table.read(path, BODY)
    assert (given.clipped, given.clipped_rows) == (3, 2)
    found = columns.read_columns(given.scene)
    assert found["left_knee_flex"].tolist() == [0, 150, 150]
    assert found["neck_turn"].tolist() == [70, -70, 0]
    assert found["tilt"].tolist() == [-90, -200, 200]
    with pytest.raises(ValueError, match="neck_turn from -70 to 70 degrees, found 71; 3 angles of"):
        angle_table.read(path, BODY, strict=True)
    within = STANDING | {"tilt": changed["tilt"]}
    assert not angle_table.read(written(tmp_path / "b.csv", within), BODY, strict=True).clipped


def table_of_hands() -> dict:
    return {name: np.zeros(3) for name in columns.angle_columns(hand)}


CASES = {
    "another world": (table_of_hands(), "holds the angles of world:hand, and world:body is to be"),
    "a missing angle": (
        {name: v for name, v in STANDING.items() if name != "lean"},
        "expected a column for each of the 26 joint angles of world:body in .*, missing lean;",
    ),
    "no angles": ({"x": [1.0]}, "missing tilt, lean, .* and 21 more"),
    "NaN": (
        STANDING | {"lean": np.array([0, np.nan, 0])},
        "column lean: expected a number, found ",
    ),
    "infinity": (STANDING | {"lean": np.array([0, np.inf, 0])}, "column lean: expected a number"),
    "a near camera": (
        STANDING | {"camera_distance": np.array([3.0, 0.2, 3])},
        "column camera_distance: expected 1 to 10000, found 0.2",
    ),
    "half a sample": (STANDING | {"sample": np.array([0, 0.5, 1])}, "column sample: expected 0 to"),
}


def test_half_a_left_hand_is_no_left_hand(tmp_path):
    path = written(tmp_path / "a.csv", table_of_hands() | {"shape_left": np.array([0, 0.5, 1])})
    with pytest.raises(ValueError, match=r"column shape_left: expected 0 to 1, found 0\.5"):
        angle_table.read(path, HAND)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("case", CASES)
def test_mistakes_in_a_table_are_named(tmp_path, case, suffix):
    values, message = CASES[case]
    path = written(tmp_path / f"a{suffix}", values)
    with pytest.raises(ValueError, match=message) as error:
        angle_table.read(path, BODY)
    assert str(path) in str(error.value)
    if case in ("NaN", "a near camera", "half a sample"):
        assert {".csv": "line 3", ".parquet": "row 1"}[suffix] in str(error.value)


def test_files_that_are_no_tables_are_named(tmp_path):
    empty = written(tmp_path / "empty.parquet", {n: v[:0] for n, v in STANDING.items()})
    with pytest.raises(ValueError, match=r"expected rows of angles in .*empty.parquet, found none"):
        angle_table.read(empty, BODY)
    (tmp_path / "cut.parquet").write_bytes(empty.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"cut.parquet is not a readable Parquet file"):
        angle_table.read(tmp_path / "cut.parquet", BODY)
    words = {name: ["much"] * 3 for name in STANDING}
    with pytest.raises(ValueError, match="column tilt: expected numbers, found string"):
        angle_table.read(written(tmp_path / "words.parquet", words), BODY)
    with pytest.raises(ValueError, match="line 2, column tilt: expected a number, found 'much'"):
        angle_table.read(written(tmp_path / "words.csv", words), BODY)
    twice = pa.table([*STANDING.values(), [0.0] * 3], names=[*STANDING, "tilt"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(ValueError, match=r"twice.parquet: the column tilt comes twice"):
        angle_table.read(tmp_path / "twice.parquet", BODY)
    (tmp_path / "no.csv").write_text("")
    with pytest.raises(ValueError, match="expected the names of the columns in line 1"):
        angle_table.read(tmp_path / "no.csv", BODY)
    with pytest.raises(ValueError, match=r"expected a table of angles .*, found a folder"):
        angle_table.read(tmp_path, BODY)
    worlds.sample("body", n=2).table.save(tmp_path / "poses.parquet")
    with pytest.raises(ValueError, match="missing tilt, lean"):
        angle_table.read(tmp_path / "poses.parquet", BODY)
