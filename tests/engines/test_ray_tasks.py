"""A comparison on a cluster finds what one process finds, whoever dies on the way."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from tests.experiments.test_side_by_side import until
from tests.experiments.tiny import CHANGES

from posesift import storage
from posesift.adaptation.training.interrupt import deferred_interrupt
from posesift.adaptation.training.resume import Checkpoints
from posesift.engines import ray_errors
from posesift.engines.on_ray import OnRay
from posesift.engines.ray_tasks import Origin, arrived
from posesift.experiments.arms import cell_folder
from posesift.experiments.compare import Task, compare
from posesift.experiments.plan import plan_of
from posesift.version import __version__

pytestmark = pytest.mark.xdist_group("ray")  # which starts one cluster

PLAN = plan_of(
    "world-body",
    [("source-only", "uniform"), ("udape", "uniform")],
    seeds=(0,),
    quick=True,
    warmup_steps=2,
    steps=2,
    oracle=False,
    changes=CHANGES,
)


@dataclasses.dataclass
class Deadly:
    """A pool, or an engine that gives one, whose workers die of ``change``."""

    of: object
    change: object

    @contextlib.contextmanager
    def tasks(self, *size):
        with self.of.tasks(*size) as pool:
            yield Deadly(pool, self.change)

    @property
    def room(self):
        return self.of.room

    def submit(self, do, task):
        return self.of.submit(partial(self.change, do), task)


def killed_in_training(marker: Path, do, task: Task):
    """Whoever trains UDAPE first is killed when it has kept a checkpoint."""
    if task.arm != "udape" or marker.exists():
        return do(task)
    save = Checkpoints.save

    def last(*arguments):
        save(*arguments)
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)

    Checkpoints.save = last  # of a process that ends by it
    return do(task)


def test_a_cluster_finds_what_one_process_finds(ray, tmp_path):
    """The same bytes; the cell whose worker was killed has gone on from its checkpoint."""
    here, there, marker = tmp_path / "here", tmp_path / "there", tmp_path / "marker"
    for folder in (here, there):
        folder.mkdir()
    compare(PLAN, here)
    compare(PLAN, there, engine=Deadly(OnRay(ray), partial(killed_in_training, marker)))
    names = ("evaluation.json", "baselines.json", "comparison.json")
    same = [
        path.relative_to(here)
        for path in here.rglob("*")
        if path.suffix in (".safetensors", ".parquet") or path.name in names
    ]
    assert len(same) > 4 * len(PLAN.arms)
    for name in same:
        assert (there / name).read_bytes() == (here / name).read_bytes(), name
    assert {path.relative_to(there) for path in there.rglob("*")} == {
        path.relative_to(here) for path in here.rglob("*")
    }
    kept = list((cell_folder(there, "udape", 0) / "checkpoints").iterdir())
    assert kept
    assert max(path.stat().st_mtime_ns for path in kept) <= marker.stat().st_mtime_ns


def until_asked(folder: Path, task: str) -> None:
    """As training does: end at the next step, with something kept."""
    with deferred_interrupt() as interrupt:
        (folder / f"{task}.begun").touch()
        while not interrupt.asked:
            time.sleep(0.02)
        (folder / f"{task}.kept").touch()
        interrupt.obey()


def test_what_runs_keeps_its_work_when_the_command_ends(ray, tmp_path):
    engine = OnRay(ray)
    with pytest.raises(KeyboardInterrupt), engine.tasks(tmp_path, 1) as pool:
        assert pool.room == 2
        for task in "abc":
            pool.submit(partial(until_asked, tmp_path), task)
        until(lambda: len(list(tmp_path.glob("*.begun"))) == 2)
        raise KeyboardInterrupt
    begun = {path.stem for path in tmp_path.glob("*.begun")}
    assert len(begun) == 2
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{task}.{what}" for task in begun for what in ("begun", "kept")
    }


def die(task: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_who_dies_again_and_again_is_one_message(ray, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_errors, "RETRIES", 0)
    with (
        pytest.raises(ValueError, match=r"died with the same piece of work 1 times .*--resume"),
        OnRay(ray).tasks(tmp_path, 1) as pool,
    ):
        pool.submit(die, "a").result()


def test_a_cluster_that_cannot_do_a_task_is_refused(ray, tmp_path):
    engine = OnRay(ray)
    few = r"with 3 cores and 0 GPUs.*found machines with 2 and 0; give fewer --threads"
    for size, expected in (((3,), few), ((1, 1), "with 1 cores and 1 GPUs")):
        with pytest.raises(ValueError, match=expected), engine.tasks(tmp_path, *size):
            pass
    with (
        pytest.raises(ValueError, match=r"found another folder of that name on .*: give --out"),
        engine.tasks(tmp_path, 1, most=1) as pool,
    ):
        assert pool.room == 1
        next(tmp_path.glob(f"{storage.TEMPORARY}*")).unlink()  # as on a disk that is not shared
        pool.submit(str, 1).result()
    assert not list(tmp_path.iterdir())

    mine = Origin(__version__, os.getcwd(), tmp_path / "token")
    mine.token.touch()
    arrived(mine)
    for other, expected in (
        (mine._replace(version="0.0.0"), "install the same version on every machine"),
        (mine._replace(token=tmp_path / "no" / "token"), "found no such folder"),
        (mine._replace(working=str(tmp_path / "no")), "where the command was given"),
    ):
        with pytest.raises(ValueError, match=expected):
            arrived(other)


@dataclasses.dataclass
class Refusing:
    """An engine of machines that cannot do a task; it keeps what it was asked for."""

    asked: tuple = ()

    @contextlib.contextmanager
    def tasks(self, folder, *size):
        self.asked = size
        raise ValueError("no room")
        yield


@pytest.mark.parametrize(
    ("methods", "threads", "cores"),
    [(("source-only",), 1, 4), (("source-only", "udape"), 1, 7), (("udape",), 3, 9)],
)
def test_a_cell_has_cores_for_those_who_read_its_images_too(tmp_path, methods, threads, cores):
    engine, changes = Refusing(), CHANGES | {"threads": threads, "workers": 3}
    arms = [(method, drawn) for method in methods for drawn in ("uniform", "easy")]
    plan = plan_of(
        "world-body", arms, seeds=(0,), quick=True, warmup_steps=2, steps=2, oracle=False,
        changes=changes,
    )  # fmt: skip
    with pytest.raises(ValueError, match="no room"):
        compare(plan, tmp_path, engine=engine)
    assert engine.asked == (cores, 0, None)


def test_what_a_cluster_refuses_leaves_nothing_begun(tmp_path):
    with pytest.raises(ValueError, match="no room"):
        compare(PLAN, tmp_path, engine=Refusing())
    assert not list(tmp_path.iterdir())
