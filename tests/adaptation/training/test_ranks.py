"""Two ranks on the processor, connected by gloo, against one process with the same batches.

The ranks are forked from a server that has done the importing, so that the tests take seconds.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.adaptation.methods import NAMES, TOTAL, load, loaders, make
from tests.adaptation.tiny import batch, source_only
from tests.experiments.tiny import experiment

from posesift import cli
from posesift.adaptation.training import checkpoint, runtime
from posesift.adaptation.training.bf16 import Verdict
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.augment import NONE, STRONG
from posesift.results.run import read_run
from posesift.sampling.sampler import StrategySampler
from posesift.sampling.strategies import make as make_strategy

pytestmark = pytest.mark.xdist_group("ranks")  # one server to fork them from

RANKS = 2
SECONDS = 120  # a rank that takes longer waits for one that is gone
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["lightning_fabric", "tests.adaptation.training.test_ranks"])


def become(
    rank: int, port: int, machines: int, work: Callable[..., Any], arguments: tuple, pipe: Any
) -> None:
    """What a process does that torchrun has started."""
    here = RANKS // machines
    os.environ.update(
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
        WORLD_SIZE=str(RANKS),
        RANK=str(rank),
        LOCAL_RANK=str(rank % here),
        LOCAL_WORLD_SIZE=str(here),
        GROUP_RANK=str(rank // here),
    )
    try:
        pipe.send((True, work(*arguments)))
    except BaseException as error:
        pipe.send((False, f"{type(error).__name__}: {error}"))
        if not isinstance(error, (KeyboardInterrupt, ValueError)):
            traceback.print_exc()


def on_two_ranks(
    work: Callable[..., Any], *arguments: Any, machines: int = 1
) -> list[tuple[bool, Any]]:
    """What ``work`` gives on each rank, or the error that it ends with."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    ends, started = [], []
    for rank in range(RANKS):
        mine, theirs = processes.Pipe()
        given = (rank, port, machines, work, arguments, theirs)
        started.append(processes.Process(target=become, args=given))
        started[-1].start()
        theirs.close()
        ends.append(mine)
    try:
        for end in ends:
            assert end.poll(SECONDS), "a rank does not answer"
        return [end.recv() for end in ends]
    finally:
        for process in started:
            process.join(10)
            process.kill()


def two_ranks(accumulate: int = 1) -> Runtime:
    return Runtime.resolve("cpu", "fp32", 1, devices=RANKS, accumulate=accumulate)


def weights(method: Any) -> dict[str, list]:
    """Of the network, as lists, which go through a pipe."""
    return {name: tensor.tolist() for name, tensor in method.network.state_dict().items()}


def assert_close(one: dict[str, list], other: dict[str, list], tolerance: float = 1e-5) -> None:
    assert one.keys() == other.keys()
    for name in one:
        difference = torch.tensor(one[name], dtype=torch.float64) - torch.tensor(other[name])
        assert difference.abs().max() <= tolerance, name


# ---- what the ranks do


def disagreeing() -> list[str]:
    """The precisions chosen where each rank by itself would choose another."""
    rank, chosen = two_ranks().rank, []
    for first in (True, False):
        runtime.bf16_pays = lambda device, pays=first == (rank == 0): Verdict(pays, "")
        chosen.append(Runtime.resolve("cpu", threads=1, devices=RANKS).precision)
    return chosen


def train_all(folder: str) -> dict[str, Any]:
    runtime, found = two_ranks(), {}
    for name in NAMES:
        method = make(name, NONE, frozen=True)
        shares = loaders(runtime.rank, runtime.ranks)
        fit(method, shares, runtime, Path(folder) / name, log_every=3, save_every=4)
        found[name] = weights(method)
    return found


def small_jobs() -> dict[str, Any]:
    runtime = two_ranks()
    assert two_ranks().fabric is runtime.fabric, "launched twice"
    rank = runtime.rank
    values = torch.arange(4.0).view(2, 2) + 10 * rank
    found = {
        "ranks": (rank, runtime.ranks, runtime.describe()["ranks"]),
        "gather": runtime.gather(values.requires_grad_()).tolist(),
        "gather bool": runtime.gather(torch.tensor([rank == 0])).tolist(),
        "mean": runtime.mean(values).tolist(),
        "untouched": values.tolist(),
        "any": [runtime.any(rank == 1), runtime.any(False)],
        "alone": Runtime.resolve("cpu", "fp32").ranks,
    }
    try:
        Runtime.resolve("cpu", devices=3)
    except ValueError as error:
        found["other number"] = str(error)

    drawn: list[float] = []
    method = source_only(STRONG, warmup_steps=3, steps=0)
    take = method.step

    def spy(batch, t, generator):
        drawn.append(torch.rand(1, generator=generator.clone_state()).item())
        return take(batch, t, generator)

    method.step = spy  # type: ignore[method-assign]
    fit(method, loaders(rank, RANKS), runtime, seed=5)
    found["drawn"] = drawn
    found["statistics"] = method.network.body[1].running_mean.tolist()
    found["weights"] = method.network.body[0].weight.tolist()
    return found


def interrupt_one(folder: str) -> tuple[int, dict[str, list]]:
    runtime = two_ranks()

    def interrupting(stage, start):
        for step, values in enumerate(load("source", stage, start, runtime.rank, RANKS), start):
            if runtime.rank == 1 and stage.name == "warm-up" and step == 3 and not start:
                os.kill(os.getpid(), signal.SIGINT)
            yield values

    signal.signal(signal.SIGINT, signal.default_int_handler)
    method = make("source_only", NONE, frozen=True)
    options = {"log_every": 5, "save_every": 1000}
    try:
        fit(method, {"source": interrupting}, runtime, folder, **options)
    except KeyboardInterrupt:
        found = checkpoint.latest(Path(folder) / "checkpoints")
        assert found is not None
        at = found[0]
    else:
        raise AssertionError("not interrupted")
    method = make("source_only", NONE, frozen=True)
    fit(method, {"source": interrupting}, runtime, folder, resume=True, **options)
    return at, weights(method)


def train_by_command(folder: str) -> int:
    """`posesift train` of a small experiment, as each process runs it."""
    return cli.main(["train", f"{folder}/tiny.yaml", "--devices", "2", "--out", f"{folder}/run"])


def said_by_command(folder: str) -> tuple[int, str]:
    """How the same ends, and what it says on the standard error."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = train_by_command(folder)
    return code, said.getvalue()


def explode() -> None:
    method = source_only(learning_rate=1e30, warmup_steps=40)
    runtime = two_ranks()
    if runtime.rank == 0:  # its own loss stays finite: nothing of it is visible
        hidden = [batch(i, visible=False) for i in range(40)]
        fit(method, {"source": lambda stage, start: hidden}, runtime, log_every=5)
    fit(method, loaders(1, RANKS), runtime, log_every=5)


# ---- what comes of it


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    answers = on_two_ranks(train_all, str(folder))
    assert all(ended for ended, _ in answers), answers
    return folder, [answer for _, answer in answers]


@pytest.fixture(scope="module")
def jobs():
    answers = on_two_ranks(small_jobs)
    assert all(ended for ended, _ in answers), answers
    return [answer for _, answer in answers]


def test_all_ranks_compute_in_the_precision_that_the_first_finds_faster():
    assert on_two_ranks(disagreeing) == [(True, ["bf16", "fp32"])] * RANKS


@pytest.mark.parametrize("name", NAMES)
def test_two_ranks_train_what_one_process_trains(name, trained, tmp_path):
    folder, by_rank = trained
    method, start = make(name, NONE, frozen=True), make(name, NONE, frozen=True)
    fit(method, loaders(), Runtime.resolve("cpu", "fp32"), tmp_path, log_every=3, save_every=4)
    alone = weights(method)
    assert alone != weights(start)
    assert_close(by_rank[0][name], alone)
    assert by_rank[0][name] == by_rank[1][name]

    found = checkpoint.latest(folder / name / "checkpoints")
    assert found is not None
    assert found[0] == TOTAL
    assert_close({k: v.tolist() for k, v in found[1]["method"]["network"].items()}, alone)
    journals = [
        [json.loads(line) for line in (kept / "metrics.jsonl").read_text().splitlines()]
        for kept in (folder / name, tmp_path)
    ]
    assert [r["step"] for r in journals[0]] == [r["step"] for r in journals[1]] == [3, 6, 9, 10]
    losses = ("supervised", "consistency", "source_disparity", "target_disparity")
    losses += ("false_disparity",)
    for one, other in zip(*journals, strict=True):
        known = [loss for loss in losses if loss in other]
        assert known == [loss for loss in losses if loss in one]
        for loss in known:
            assert one[loss] == pytest.approx(other[loss], rel=1e-4, abs=1e-7), loss
    expected = {"regda": 4, "udape": 2}.get(name)
    assert expected is None or len(known) == expected, "the last lines are of the adaptation"


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_in_parts_trains_what_a_whole_one_trains(name):
    found = []
    for accumulate in (1, 2, 3):
        method = make(name, NONE, frozen=True)
        fit(method, loaders(), Runtime.resolve("cpu", "fp32", accumulate=accumulate))
        found.append(weights(method))
    assert_close(found[0], found[1])
    assert_close(found[0], found[2])


@pytest.mark.parametrize("name", NAMES)
def test_training_in_bf16_ends_near_that_in_fp32(name):
    ends = []
    for precision in ("fp32", "bf16"):
        method = make(name)
        losses: list[float] = []
        fit(
            method, loaders(), Runtime.resolve("cpu", precision),
            log=lambda record, losses=losses: losses.append(record["supervised"]), log_every=1,
        )  # fmt: skip
        assert all(p.dtype == torch.float32 for p in method.network.parameters())
        ends.append(losses)
    assert ends[0] != ends[1]
    assert ends[1] == pytest.approx(ends[0], rel=0.1)


def test_every_rank_knows_its_place_and_launches_once(jobs):
    assert [job["ranks"] for job in jobs] == [(0, 2, 2), (1, 2, 2)]
    for job in jobs:
        assert job["alone"] == 1
        assert "one of 2 processes that were started together" in job["other number"]


def test_values_of_all_ranks_come_in_rank_order(jobs):
    for rank, job in enumerate(jobs):
        assert job["gather"] == [[0, 1], [2, 3], [10, 11], [12, 13]]
        assert job["gather bool"] == [True, False]
        assert job["mean"] == [[5, 6], [7, 8]]
        assert job["untouched"] == [[10 * rank, 1 + 10 * rank], [2 + 10 * rank, 3 + 10 * rank]]
        assert job["any"] == [True, False]


def test_ranks_draw_views_of_their_own_and_share_their_weights_but_not_their_statistics(jobs):
    assert len({*jobs[0]["drawn"], *jobs[1]["drawn"]}) == 6
    assert jobs[0]["weights"] == jobs[1]["weights"]
    assert jobs[0]["statistics"] != jobs[1]["statistics"]


def test_on_one_rank_there_is_nothing_to_gather():
    runtime, values = Runtime.resolve("cpu", "fp32"), torch.rand(3)
    assert runtime.gather(values) is values
    assert runtime.mean(values) is values
    assert runtime.any(True)
    runtime.barrier()


def test_ctrl_c_on_one_rank_ends_both_at_the_same_step(tmp_path):
    answers = on_two_ranks(interrupt_one, str(tmp_path))
    assert all(ended for ended, _ in answers), answers
    method = make("source_only", NONE, frozen=True)
    fit(method, loaders(), Runtime.resolve("cpu", "fp32"))
    for _, (at, resumed) in answers:
        assert at == 5, "the step of the first line of the journal after the signal at 3"
        assert_close(resumed, weights(method))


def test_torchrun_trains_by_the_command_on_two_machines(tmp_path):
    experiment(warmup_steps=2, steps=0).save(tmp_path / "tiny.yaml")
    answers = on_two_ranks(train_by_command, str(tmp_path), machines=2)
    assert answers == [(True, 0), (True, 0)]
    run = read_run(tmp_path / "run")
    assert run.environment["ranks"] == 2
    assert run.evaluation["sets"]["target"]["samples"] == 24
    assert run.metrics[-1]["step"] == 2


def test_where_the_first_process_is_refused_the_other_says_so(tmp_path):
    experiment(warmup_steps=2, steps=0).save(tmp_path / "tiny.yaml")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    (_, first), (_, other) = on_two_ranks(said_by_command, str(tmp_path), machines=2)
    assert first[0] == other[0] == 2
    assert "such as thesis.txt" in first[1].splitlines()[-1]
    assert "the first of these processes ended before training" in other[1].splitlines()[-1]
    assert "Traceback" not in first[1] + other[1]


def test_a_loss_that_is_no_longer_finite_on_one_rank_is_an_error_on_both():
    for ended, answer in on_two_ranks(explode):
        assert not ended
        assert answer.startswith("ValueError: the loss 'supervised' is no longer finite"), answer


def test_the_shares_of_the_ranks_are_the_batches_of_one_process():
    strategy = make_strategy("uniform", list(range(20)))
    options: dict[str, Any] = {"draws": 24, "batch_size": 4, "seed": 1}
    whole = list(StrategySampler(strategy, **options))
    shares = [list(StrategySampler(strategy, rank=r, ranks=2, **options)) for r in range(2)]
    for step in range(6):
        joined = [i for share in shares for i in share[2 * step : 2 * step + 2]]
        assert joined == whole[4 * step : 4 * step + 4]


LAUNCHED = """
import os
import torch
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from tests.adaptation.tiny import batch, source_only
from tests.experiments.tiny import experiment

runtime = Runtime.resolve("cpu", "fp32", 1, devices=2)
ranks = runtime.gather(torch.tensor([runtime.rank])).tolist()
os.write(1, f"{runtime.rank} {runtime.ranks} {ranks}\\n".encode())

def breaking_off(stage, start):
    yield from (batch(0), batch(1))
    if runtime.rank == 0:
        raise OSError("the disk is gone")
    yield from (batch(2), batch(3))

try:
    fit(source_only(warmup_steps=4, steps=0), {"source": breaking_off}, runtime)
except OSError:
    runtime.fabric.strategy.launcher.procs[0].wait()  # for ever, if nobody ends it
"""


def launch(script: str, output: Any) -> None:
    """Be the process that somebody has started with ``python script``."""
    os.dup2(output.fileno(), 1)
    output.close()
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        os.environ.pop(name, None)
    sys.argv = [script]
    sys.modules["__main__"].__spec__ = None
    runpy.run_path(script)


def test_fabric_starts_the_other_rank_itself_and_a_failing_rank_ends_it(tmp_path):
    script = tmp_path / "script.py"
    root = Path(__file__).parents[3]
    script.write_text(f"import sys\nsys.path.insert(0, {str(root)!r})\n{LAUNCHED}")
    reader, writer = processes.Pipe(duplex=False)
    process = processes.Process(target=launch, args=(str(script), writer))
    process.start()
    writer.close()
    said = b""
    while True:  # until both ranks have ended
        assert reader.poll(SECONDS), "a rank does not end"
        some = os.read(reader.fileno(), 1000)
        if not some:
            break
        said += some
    process.join(10)
    assert sorted(said.decode().splitlines()) == ["0 2 [0, 1]", "1 2 [0, 1]"]
