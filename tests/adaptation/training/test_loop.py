from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tests.adaptation.methods import NAMES, TOTAL, breaking, make
from tests.adaptation.methods import loaders as both_domains
from tests.adaptation.tiny import SIDE, TinyNet, batch, loader, source_only, stopping_loader
from tests.patience import PATIENCE
from torch import Tensor

from posesift.adaptation.source_only.method import SourceOnly
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.loop import Fitted, fit
from posesift.adaptation.training.method import Method, Stage, StepResult
from posesift.adaptation.training.optimisers import trapezoid
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.affine import warp
from posesift.adaptation.views.appearance import normalise
from posesift.adaptation.views.augment import STRONG
from posesift.networks.heatmaps import HeatmapCodec

runtime = Runtime.resolve("cpu", "fp32")
loaders = {"source": loader}


def weights(method: Method) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in method.network.state_dict().items()}


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def lines(folder: Path) -> list[dict]:
    """The journal, less the one entry that tells the time."""
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        assert record.pop("steps_per_second") > 0
    return records


def run(folder: Path | None, load=loader, resume: bool = False, **options) -> SourceOnly:
    method = source_only(STRONG)
    options = {"seed": 3, "log_every": 3, "save_every": 2} | options
    fit(method, {"source": load}, runtime, folder, resume=resume, **options)
    return method


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return weights(run(folder / "new" / "run")), lines(folder / "new" / "run")


def test_fit_ends_with_the_weights_of_the_plainest_possible_loop():
    method = source_only()
    fit(method, loaders, runtime)

    network = TinyNet().to(memory_format=torch.channels_last)
    codec = HeatmapCodec(SIDE, network.stride)
    for first, steps, rate in ((0, 6, 2e-3), (1000, 4, 1e-3)):
        weights_only, vectors = (
            [p for p in network.parameters() if (p.ndim > 1) == wide] for wide in (True, False)
        )
        optimiser = torch.optim.AdamW(
            [{"params": weights_only}, {"params": vectors, "weight_decay": 0.0}],
            weight_decay=1e-4,
            fused=True,
        )
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = rate * trapezoid(step / steps)
            values = batch(first + step)
            # without augmentation a view is the crop, resampled where it is
            identity = torch.eye(2, 3).expand(len(values["image"]), 2, 3)
            images = normalise(warp(values["image"], identity) / 255)
            target, weight = codec.encode(values["keypoints"], values["visible"])
            predicted = network(images)
            loss = 200 * ((predicted - target) * weight[..., None, None]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    assert equal(weights(method), network.state_dict())


@pytest.fixture(scope="module", params=NAMES)
def name_and_whole(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    method = make(request.param, STRONG)
    fit(method, both_domains(), runtime, folder, seed=3, log_every=3, save_every=2)
    return request.param, weights(method), lines(folder)


@pytest.mark.parametrize("at", range(TOTAL))
def test_a_run_that_broke_off_and_was_resumed_ends_like_one_that_ran_through(
    at, tmp_path, name_and_whole
):
    name, ended, journal = name_and_whole
    options = {"seed": 3, "log_every": 3, "save_every": 2}
    broken = breaking(at, OSError("the disk of the images is gone"))
    with pytest.raises(OSError, match="the disk of the images is gone"):
        fit(make(name, STRONG), broken, runtime, tmp_path, **options)
    resumed = make(name, STRONG)
    fit(resumed, both_domains(), runtime, tmp_path, resume=True, **options)
    assert equal(weights(resumed), ended)
    assert lines(tmp_path) == journal


@pytest.mark.parametrize("at", [0, 3, 6, 9])
def test_ctrl_c_keeps_a_checkpoint_of_that_very_step(at, tmp_path, whole):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stopping_loader(at, KeyboardInterrupt()), save_every=1000)
    found = checkpoint.latest(tmp_path / "checkpoints")
    assert found is not None
    assert found[0] == at
    resumed = run(tmp_path, resume=True, save_every=1000)
    assert equal(weights(resumed), whole[0])
    assert lines(tmp_path) == whole[1]


SIGNALS = {
    signal.SIGINT: pytest.raises(KeyboardInterrupt),
    signal.SIGTERM: pytest.raises(SystemExit, match="143"),
    signal.SIGUSR1: pytest.raises(SystemExit, match="138"),
}


def signalled(signum: signal.Signals, times: int = 1):
    """A loader that sends a signal before the step 4 of the warm-up."""

    def load(stage, start):
        for step, values in enumerate(loader(stage, start), start):
            if stage.name == "warm-up" and step == 4:
                for _ in range(times):
                    os.kill(os.getpid(), signum)
            yield values

    return load


@pytest.fixture(autouse=True)
def heard():
    """Python's own way with Ctrl-C, which is ignored where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_within_a_step_waits_for_its_end(tmp_path, whole, signum):
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with SIGNALS[signum]:
        run(tmp_path, signalled(signum), save_every=1000)
    assert {number: signal.getsignal(number) for number in SIGNALS} == before
    assert checkpoint.latest(tmp_path / "checkpoints")[0] == 4
    assert equal(weights(run(tmp_path, resume=True)), whole[0])


@pytest.mark.parametrize("stop", [signal.SIGINT, None])
def test_loaders_are_closed_when_training_ends_though_the_exception_lives_on(stop):
    """What an exception keeps would keep loader processes, for which the interpreter waits."""
    closed = []
    inner = loader if stop is None else signalled(stop)

    def load(stage, start):
        try:
            yield from inner(stage, start)
        finally:
            closed.append(stage.name)

    if stop is None:
        run(None, load)
        assert closed == ["warm-up", "adaptation"]
    else:
        with SIGNALS[stop] as held:
            run(None, load)
        assert held.value is not None
        assert closed == ["warm-up"]


def test_what_heeded_a_signal_before_decides_how_it_ends(tmp_path):
    class EndedError(Exception):
        pass

    def heed(signum, frame):
        raise EndedError

    before = signal.signal(signal.SIGTERM, heed)
    try:
        with pytest.raises(EndedError):
            run(tmp_path / "a", signalled(signal.SIGTERM), save_every=1000)
        assert checkpoint.latest(tmp_path / "a" / "checkpoints")[0] == 4
        with pytest.raises(EndedError):  # the second one does not wait
            run(tmp_path / "b", signalled(signal.SIGTERM, times=2), save_every=1000)
        assert checkpoint.latest(tmp_path / "b" / "checkpoints") is None
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        run(tmp_path / "c", signalled(signal.SIGTERM))  # what is ignored stays so
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("save_every", [2, 3, 1000])
def test_a_run_that_was_interrupted_leaves_the_same_checkpoints(tmp_path, save_every):
    """Those of interruptions are gone in the end, and none is missing."""
    options = {"save_every": save_every}
    run(tmp_path / "whole", **options)
    for at in (3, 4, 4, 6, 7, 8):  # 6 begins the second stage; twice at 4 is no step further
        with pytest.raises(KeyboardInterrupt):
            run(
                tmp_path / "broken",
                stopping_loader(at, KeyboardInterrupt()),
                resume=True,
                **options,
            )
        assert checkpoint.latest(tmp_path / "broken" / "checkpoints")[0] == at
    run(tmp_path / "broken", resume=True, **options)
    found = {}
    for name in ("whole", "broken"):
        folder = tmp_path / name / "checkpoints"
        found[name] = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found["broken"] == found["whole"]


def test_a_finished_run_resumes_to_itself(tmp_path, whole):
    run(tmp_path)
    calls = []

    def counting(stage, start):
        calls.append((stage.name, start))
        return loader(stage, start)

    assert equal(weights(run(tmp_path, counting, resume=True)), whole[0])
    assert calls == []  # nothing is left to read
    assert lines(tmp_path) == whole[1]


KILLED = """
import sys
from posesift.adaptation.training.loop import fit
from posesift.adaptation.views.augment import STRONG
from posesift.adaptation.training.runtime import Runtime
from tests.adaptation.tiny import loader, source_only
def slowly(stage, start):
    for values in loader(stage, start):
        print(stage.name, flush=True)
        yield values
method = source_only(STRONG, warmup_steps=60, steps=0)
runtime = Runtime.resolve("cpu", "fp32")
fit(method, {"source": slowly}, runtime, sys.argv[1], seed=3, log_every=7, save_every=5)
"""


def test_a_killed_process_resumes_to_the_same_weights(tmp_path):
    places = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed")],
        stdout=subprocess.PIPE, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    time.sleep(0.01)  # into whatever it is doing then
    process.kill()
    process.wait(PATIENCE)
    process.stdout.close()
    before = sorted(path.name for path in (tmp_path / "killed" / "checkpoints").glob("*.json"))
    assert before, "killed before it had kept anything"
    assert "00000060.json" not in before

    ends = {}
    for name in ("killed", "whole"):
        method = source_only(STRONG, warmup_steps=60, steps=0)
        fit(
            method, loaders, runtime, tmp_path / name,
            seed=3, log_every=7, save_every=5, resume=name == "killed",
        )  # fmt: skip
        ends[name] = weights(method)
    assert equal(ends["killed"], ends["whole"])
    assert lines(tmp_path / "killed") == lines(tmp_path / "whole")


VALUES = {7: 1.0, 8: 3.0, 9: math.nan, 10: 2.0}  # by step: those of the second stage


def judged(folder: Path, load=loader, values=VALUES, **options) -> tuple[SourceOnly, Fitted]:
    """A run that keeps its best checkpoint, with a validator that goes by the step."""
    method = source_only(STRONG)

    def validate(given: Method, stage: str) -> float | None:
        assert given is method
        assert stage == "adaptation", "only what the last stage leaves is to choose from"
        done = next(iter(method.optimiser.state.values()))["step"]  # in this stage
        return values[6 + int(done)]

    fitted = fit(
        method, {"source": load}, runtime, folder,
        seed=3, log_every=3, save_every=1, validate=validate, keep="best", **options,
    )  # fmt: skip
    return method, fitted


def best_of(folder: Path) -> tuple[int, dict]:
    return checkpoint.load(folder / "checkpoints" / "best.json")


def test_the_best_checkpoint_is_kept_and_every_value_is_in_the_journal(tmp_path, whole):
    method, fitted = judged(tmp_path)
    assert fitted.best == (3.0, 8)
    assert equal(weights(method), whole[0]), "validation must not change the training"
    step, state = best_of(tmp_path)
    assert step == 8
    stopped = source_only(STRONG)
    with pytest.raises(OSError, match="stop"):
        fit(
            stopped, {"source": stopping_loader(8, OSError("stop"))}, runtime, seed=3,
        )  # fmt: skip
    assert equal(state["method"]["network"], weights(stopped))
    values = {r["step"]: r["validation"] for r in lines(tmp_path) if "validation" in r}
    assert values == {7: 1.0, 8: 3.0, 9: None, 10: 2.0}
    assert [r["step"] for r in lines(tmp_path)] == [3, 6, 7, 8, 9, 10]
    newest = checkpoint.latest(tmp_path / "checkpoints")
    assert newest is not None
    assert (newest[0], newest[1]["best"]) == (10, [3.0, 8])


@pytest.mark.parametrize("at", [7, 8, 9])
def test_the_best_checkpoint_survives_a_break(at, tmp_path):
    judged(tmp_path / "whole")
    with pytest.raises(OSError, match="stop"):
        judged(tmp_path / "broken", stopping_loader(at, OSError("stop")))
    _, fitted = judged(tmp_path / "broken", resume=True)
    assert fitted.best == (3.0, 8)
    one, other = best_of(tmp_path / "whole"), best_of(tmp_path / "broken")
    assert one[0] == other[0]
    assert equal(one[1]["method"]["network"], other[1]["method"]["network"])
    assert lines(tmp_path / "whole") == lines(tmp_path / "broken")


def test_a_kill_between_the_best_checkpoint_and_the_newest_is_made_good(tmp_path, monkeypatch):
    real = checkpoint.save

    def killed(folder, step, state, name=None, **more):
        if step == 8 and name is None:
            raise SystemExit
        return real(folder, step, state, name, **more)

    monkeypatch.setattr(checkpoint, "save", killed)
    with pytest.raises(SystemExit):
        judged(tmp_path)
    monkeypatch.undo()
    assert best_of(tmp_path)[0] == 8
    _, fitted = judged(tmp_path, resume=True)
    assert fitted.best == (3.0, 8)
    assert best_of(tmp_path)[0] == 8
    judged(tmp_path / "whole")
    assert lines(tmp_path) == lines(tmp_path / "whole")


def test_a_damaged_best_checkpoint_is_chosen_anew(tmp_path):
    with pytest.raises(OSError, match="stop"):
        judged(tmp_path, stopping_loader(9, OSError("stop")))
    (tmp_path / "checkpoints" / "best.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match="the best checkpoint is chosen anew from here"):
        _, fitted = judged(tmp_path, resume=True)
    assert fitted.best == (2.0, 10)
    assert best_of(tmp_path)[0] == 10


def test_without_a_number_there_is_no_best_checkpoint(tmp_path):
    _, fitted = judged(tmp_path, values=dict.fromkeys(VALUES))
    assert fitted.best is None
    assert not (tmp_path / "checkpoints" / "best.json").exists()


@pytest.mark.parametrize("options", [{"keep": "first"}, {"keep": "best"}])
def test_keep_must_be_known_and_have_something_to_choose_by(options, tmp_path):
    with pytest.raises(ValueError, match="expected keep to be one of last, best"):
        fit(source_only(), loaders, runtime, tmp_path, **options)
    with pytest.raises(ValueError, match="a folder to keep it in"):
        fit(source_only(), loaders, runtime, keep="best", validate=lambda method, stage: 1.0)


def test_resuming_an_empty_folder_begins_anew(tmp_path, whole):
    assert equal(weights(run(tmp_path, resume=True)), whole[0])


def test_checkpoints_of_another_run_are_refused(tmp_path):
    run(tmp_path)
    with pytest.raises(ValueError, match="holds checkpoints of an earlier run"):
        run(tmp_path)
    with pytest.raises(ValueError, match=r"belongs to another run.*'seed': 4"):
        run(tmp_path, resume=True, seed=4)


def test_the_seed_changes_the_views():
    one, same, other = (weights(run(None, seed=seed)) for seed in (1, 1, 2))
    assert equal(one, same)
    assert not equal(one, other)


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e9])
def test_coordinates_of_invisible_keypoints_change_no_bit_of_the_training(garbage):
    def dirty(stage, start):
        for values in loader(stage, start):
            hidden = ~values["visible"][..., None]
            yield {**values, "keypoints": values["keypoints"].masked_fill(hidden, garbage)}

    losses: dict[str, list[float]] = {"clean": [], "dirty": []}
    ends = {}
    for name, load in (("clean", loader), ("dirty", dirty)):
        method = run(
            None, load, log=lambda r, name=name: losses[name].append(r["supervised"]), log_every=1
        )
        ends[name] = weights(method)
    assert losses["clean"] == losses["dirty"]
    assert len(losses["clean"]) == TOTAL
    assert equal(ends["clean"], ends["dirty"])


def test_a_loss_that_is_no_longer_finite_ends_the_run_and_is_not_kept(tmp_path):
    method = source_only(learning_rate=1e30, warmup_steps=40)
    with pytest.raises(ValueError, match=r"loss 'supervised' is no longer finite at step \d+") as e:
        fit(method, loaders, runtime, tmp_path, log_every=5, save_every=1)
    assert "lower the learning rate" in str(e.value)
    found = checkpoint.latest(tmp_path / "checkpoints")
    assert found is None or all(
        torch.isfinite(v).all() for v in found[1]["journal"]["sums"].values()
    )


def test_a_loader_that_ends_early_and_one_that_is_missing_are_named():
    with pytest.raises(
        ValueError, match=r"source loader of the stage 'warm-up' ended after 2 of 6"
    ):
        fit(source_only(), {"source": lambda stage, start: [batch(0), batch(1)]}, runtime)
    with pytest.raises(ValueError, match="needs batches of the source, found loaders for target"):
        fit(source_only(), {"target": loader}, runtime)


class TwoDomains(SourceOnly):
    """A stage that wants both domains; reports what it was given."""

    def __init__(self):
        method = source_only()
        super().__init__(method.network, method.codec, method.settings)
        self.seen = []

    @property
    def stages(self):
        return (Stage("adaptation", 3, self.watch, ("source", "target")),)

    def watch(self, batch, t, generator) -> StepResult:
        result = self.step(batch, t, generator)
        self.seen.append((t, batch["target"]["index"].tolist(), torch.rand(1, generator=generator)))
        return StepResult(result.losses, {"seen": torch.tensor(float(len(self.seen)))})


def test_a_stage_of_two_domains_gets_both_batches_and_its_logs_are_averaged():
    method, records = TwoDomains(), []
    fit(method, {"source": loader, "target": loader}, runtime, log=records.append, log_every=2)
    assert [t for t, _, _ in method.seen] == [0, 1 / 3, 2 / 3]
    assert all(index == [0, 1, 2, 3] for _, index, _ in method.seen)
    assert len({float(draw) for _, _, draw in method.seen}) == 3
    assert [(r["step"], r["stage"], r["seen"]) for r in records] == [
        (2, "adaptation", 1.5),
        (3, "adaptation", 3.0),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"plan": None}, "expected the field plan"),
        ({"plan": {"seed": "x", "stages": []}}, "plan.seed: expected a whole number"),
        ({"method": None}, "expected the field method"),
        ({"method": {}}, "its state does not fit"),
        ({"journal": None}, "expected the field journal"),
        ({"journal": {"sums": 5}}, "its state does not fit"),
        ({"position": "x"}, "position: expected an object, found text"),
        ({"position": [99, 0]}, "stands at step 0 of stage 100"),
        ({"position": [0, 99]}, "stands at step 99 of stage 1"),
        ({"position": {"stage": 0, "step": 99}}, "stands at step 99 of stage 1"),
        ({"position": {"stage": 0}}, r"position: expected the field step"),
        ({"position": [0, -1]}, r"position\.step: expected a whole number >= 0"),
    ],
)
def test_a_checkpoint_with_another_state_is_not_gone_on_with(tmp_path, change, told):
    fit(source_only(STRONG, warmup_steps=3, steps=0), loaders, runtime, tmp_path, save_every=2)
    newest = max((tmp_path / "checkpoints").glob("[0-9]*.json"))
    content = json.loads(newest.read_text())
    for name, value in change.items():
        del content["state"][name]
        content["state"] |= {} if value is None else {name: value}
    newest.write_text(json.dumps(content))
    again = source_only(STRONG, warmup_steps=3, steps=0)
    with pytest.raises(ValueError, match=told):
        fit(again, loaders, runtime, tmp_path, save_every=2, resume=True)


def test_a_run_begun_when_positions_were_lists_is_gone_on_with(tmp_path, whole):
    """Files of `run` that broke off at the eighth step, as PoseSift wrote them until then."""
    shutil.copytree(Path(__file__).parent / "run_of_2026_11_29", tmp_path / "run")
    newest = max((tmp_path / "run" / "checkpoints").glob("[0-9]*.json"))
    assert json.loads(newest.read_text())["state"]["position"] == [0, 6]
    method = run(tmp_path / "run", resume=True)
    expected = [(line["step"], line["stage"]) for line in whole[1]]
    assert [(line["step"], line["stage"]) for line in lines(tmp_path / "run")] == expected
    for name, tensor in weights(method).items():
        if tensor.ndim > 1:  # a bias before BatchNorm follows rounding, which processors differ in
            torch.testing.assert_close(tensor, whole[0][name], rtol=1e-3, atol=1e-3)
