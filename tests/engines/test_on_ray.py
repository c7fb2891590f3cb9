"""A cluster gives the bytes of one process, also when a worker is killed; one walk over all."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.data.prepare.test_prepare import content
from tests.datasets import write_coco

from posesift import cli
from posesift.data import prepare as preparing
from posesift.data import stream
from posesift.data.prepare import prepare
from posesift.data.readers import poses, read
from posesift.difficulty import scorers
from posesift.difficulty.normalisation import CHUNK
from posesift.engines import on_ray, ray_errors
from posesift.experiments.score import ScoreSettings, score_poses

pytestmark = pytest.mark.xdist_group("ray")  # which starts one cluster

N = 3 * CHUNK + 500


def test_without_the_package_one_line_says_what_to_install():
    assert ray_errors.missing("json") is None
    told = ray_errors.missing("no_such_package")
    assert told is not None
    assert "pip install 'posesift[no_such_package]'" in told
    assert "\n" not in told
    rays = RuntimeError(
        "The remote function failed to import on the worker. This may be because needed library "
        "dependencies are not installed:\nTraceback\n"
        "ModuleNotFoundError: No module named 'posesift'"
    )
    for cause in (rays, ModuleNotFoundError("No module named 'posesift'")):
        told = ray_errors.lacking(cause)
        assert told is not None
        assert "No module named 'posesift'" in told
        assert "on every machine" in told
        assert "\n" not in told
    assert ray_errors.lacking(ZeroDivisionError("No module named")) is None


def test_a_cluster_that_is_not_there_or_has_another_version(monkeypatch):
    with pytest.raises(ValueError, match=r"no Ray cluster at 127\.0\.0\.1:1 \(RAY_ADDRESS\)"):
        on_ray._check_answers("127.0.0.1:1")
    with pytest.raises(ValueError, match=r"0\.0\.0 asks for its work: install the same version"):
        on_ray._done(len, "", "0.0.0")
    assert "RAY_AUTH_MODE=token" in str(on_ray._refused("10.0.0.1:6379", "Failed\nto connect"))
    assert "fewer cores" in ray_errors.lost("OutOfMemoryError", "\nTask was killed\nlong tale")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Poses in three shards, some of them with hardly a keypoint."""
    folder = tmp_path_factory.mktemp("shards")
    world = read("world:body,n=400")
    rng = np.random.default_rng(0)
    whole = dataclasses.replace(world, image_N=None, root="").select(np.arange(N) % 400)
    visible_NK = whole.visible_NK & (rng.random((N, 16)) < 0.9)
    visible_NK[::700, 2:] = False
    moved_NK2 = np.clip(whole.keypoints_NK2 + rng.normal(0, 2, (N, 16, 2)), 0, 63)
    whole = dataclasses.replace(whole, visible_NK=visible_NK, keypoints_NK2=moved_NK2)
    for number, rows in enumerate(np.split(np.arange(N), [1000, CHUNK + 7])):
        whole.select(rows).save(folder / f"part-{number}-of-3.parquet")
    return folder


def killed(marker: Path, work, item):
    """The first who comes here is killed as the system kills who has taken too much memory."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return work(item)
    os.kill(os.getpid(), signal.SIGKILL)


def always_killed(of: int, work, item):
    """Whoever has the piece with this number is killed, every time."""
    if item[0] == of:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(item)


@dataclasses.dataclass
class Deadly:
    """An engine whose workers die of ``change``, a function of the work and an item."""

    engine: on_ray.OnRay
    change: object
    cores: int = 1

    def map(self, work, items):
        return self.engine.map(partial(self.change, work), items)


def scored(folder: Path) -> tuple[bytes, dict]:
    summary = json.loads((folder / "summary.json").read_text()) | {"seconds": 0}
    return (folder / "difficulty.parquet").read_bytes(), summary


def test_a_cluster_gives_the_bytes_of_one_process(ray, table, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(poses, "ROWS", CHUNK)
    monkeypatch.setattr(stream, "WHOLE", 0)
    monkeypatch.setattr(ray_errors, "RETRIES", 1)
    engine = on_ray.OnRay(ray)
    assert engine.cores == 2

    # score: here, on the cluster by the command, and with a worker killed in the middle
    address = f"poses:{table}"
    scorers.fit(read(address), steps=20, width=32).save(tmp_path / "fit")
    settings = ScoreSettings(scorer=str(tmp_path / "fit"), bins=5)
    for name, opener in (
        ("here", None),
        ("killed", Deadly(engine, partial(killed, tmp_path / "marker"))),
    ):
        (tmp_path / name).mkdir()
        if opener is None:
            found = stream.opened(address)
        else:
            found = dataclasses.replace(stream.opened(address, engine), engine=opener)
            assert len(found.pieces) == 4
        score_poses(found, tmp_path / name, settings)
    assert (tmp_path / "marker").exists()
    words = ["score", address, "--scorer", str(tmp_path / "fit"), "--bins", "5"]
    assert cli.main([*words, "--engine", "ray", "--out", str(tmp_path / "cluster")]) == 0
    assert f"{N} poses scored by elbo" in capsys.readouterr().out
    assert scored(tmp_path / "cluster") == scored(tmp_path / "killed") == scored(tmp_path / "here")

    # prepare: in threads, and on the cluster, where a piece is lost each time that it is tried
    monkeypatch.setattr(preparing, "_SAMPLES", 2)
    truth = write_coco(tmp_path / "raw", n=6)
    raw = f"coco:{truth.path},images={tmp_path}/raw/photos,skeleton=coco17"
    prepare(raw, tmp_path / "threads", side=32, workers=1)
    with pytest.raises(ValueError, match=r"died with the same piece of work 2 times .*stays"):
        prepare(raw, tmp_path / "crops", side=32, engine=Deadly(engine, partial(always_killed, 2)))
    kept = content(tmp_path / "crops")
    assert {"parts/000000.parquet", "parts/000001.parquet"} <= kept.keys()
    prepare(raw, tmp_path / "crops", side=32, engine=engine, resume=True)
    assert content(tmp_path / "crops") == content(tmp_path / "threads")

    # what a user did wrong is told as it is here, from a process of the cluster
    (table / "part-1-of-3.parquet").unlink()
    assert cli.main([*words, "--engine", "ray", "--out", str(tmp_path / "no")]) == 2
    assert "number 1 is missing" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
