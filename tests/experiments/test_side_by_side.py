"""Tasks in several processes: order, errors, and nobody left behind.

Each of the processes imports this file: it does without torch, which takes longer than a task.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from posesift.engines.processes import processes
from posesift.experiments.side_by_side import side_by_side


def in_processes(needs, do, begin=lambda task: None, gpus=()):
    with processes(2, gpus) as pool:
        assert pool.room == 2
        side_by_side(needs, do, pool, begin)


def write(folder: Path, task: str) -> None:
    """Where a task ran, on which GPU; what it found when it began."""
    where = f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES')}"
    (folder / f"{task}.txt").write_text(f"{where} {' '.join(sorted(os.listdir(folder)))}")


def found(folder: Path, task: str) -> set[str]:
    return set((folder / f"{task}.txt").read_text().split()[2:])


def test_nothing_begins_before_what_it_needs(tmp_path):
    needs = {"a": set(), "b": {"a"}, "c": {"a"}, "d": {"b", "c"}, "e": set()}
    began = []
    in_processes(needs, partial(write, tmp_path), began.append, ["7", "9"])
    assert sorted(began) == sorted(needs)
    for task, before in needs.items():
        assert {f"{one}.txt" for one in before} <= found(tmp_path, task)
        assert [began.index(one) < began.index(task) for one in before] == [True] * len(before)
    ran = {tuple((tmp_path / f"{task}.txt").read_text().split()[:2]) for task in needs}
    processes_of, gpus_of = zip(*ran, strict=True)
    assert str(os.getpid()) not in processes_of
    assert len(ran) == len(set(processes_of)) == len(set(gpus_of)) <= 2  # a GPU each, throughout
    assert set(gpus_of) <= {"7", "9"}


def fail(folder: Path, task: str) -> None:
    if task == "bad":
        raise ValueError("expected good, found bad")
    write(folder, task)


def test_the_first_error_ends_the_work_as_it_is(tmp_path):
    needs = {"bad": set(), "after": {"bad"}}
    with pytest.raises(ValueError, match="expected good, found bad"):
        in_processes(needs, partial(fail, tmp_path))
    assert not (tmp_path / "after.txt").exists()


def warn(task: str) -> None:
    warnings.warn("said twice", stacklevel=1)
    warnings.warn("said twice", stacklevel=1)


def test_a_warning_of_a_task_is_heard_here():
    with pytest.warns(UserWarning, match="said twice") as heard:
        in_processes({"a": set()}, warn)
    assert len([one for one in heard if str(one.message) == "said twice"]) == 1


def die(task: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_the_system_ends_is_one_message():
    with pytest.raises(OSError, match="ended by the system; is there enough memory"):
        in_processes({"a": set()}, die)


def wait_long(folder: Path, task: str) -> None:
    """Until somebody ends it: then say so, as training keeps a checkpoint."""
    (folder / f"{task}.pid").write_text(str(os.getpid()))
    try:
        time.sleep(10 * PATIENCE)
    except KeyboardInterrupt:
        (folder / f"{task}.ended").write_text("")
        raise


SCRIPT = """
import sys
from functools import partial
from pathlib import Path
from posesift.cli import heard
from tests.experiments.test_side_by_side import in_processes, wait_long
if __name__ == "__main__":
    with heard("SIGTERM"):
        in_processes({"a": set(), "b": set()}, partial(wait_long, Path(sys.argv[1])))
"""


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except OSError:
        return False


def until(true) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_when_the_command_ends_its_processes_end(tmp_path, how):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
        stderr=subprocess.DEVNULL,
    )
    files = [tmp_path / f"{task}.pid" for task in "ab"]
    until(lambda: all(file.exists() and file.read_text() for file in files))
    pids = [int(file.read_text()) for file in files]
    process.send_signal(how)
    assert process.wait(PATIENCE) != 0
    until(lambda: not any(is_alive(pid) for pid in pids))
    ended = [(tmp_path / f"{task}.ended").exists() for task in "ab"]
    assert ended == [how != signal.SIGKILL] * 2
