from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tests.adaptation.tiny import SIDE, TinyNet, batch, loader, source_only, stopping_loader
from torch import Tensor

from posesift.adaptation import checkpoint
from posesift.adaptation.affine import warp
from posesift.adaptation.appearance import normalise
from posesift.adaptation.augment import STRONG
from posesift.adaptation.loop import fit
from posesift.adaptation.method import Stage, StepResult
from posesift.adaptation.runtime import Runtime
from posesift.adaptation.schedules import trapezoid
from posesift.adaptation.source_only import SourceOnly
from posesift.networks.heatmaps import HeatmapCodec

TOTAL = 10  # steps of `source_only`: 6 of warm-up, 4 of adaptation
runtime = Runtime.resolve("cpu", "fp32")
loaders = {"source": loader}


def weights(method: SourceOnly) -> dict[str, Tensor]:
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
        optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-4, fused=True)
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


@pytest.mark.parametrize("at", range(TOTAL))
def test_a_run_that_broke_off_and_was_resumed_ends_like_one_that_ran_through(at, tmp_path, whole):
    with pytest.raises(OSError, match="the disk of the images is gone"):
        run(tmp_path, stopping_loader(at, OSError("the disk of the images is gone")))
    resumed = run(tmp_path, resume=True)
    assert equal(weights(resumed), whole[0])
    assert lines(tmp_path) == whole[1]


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


def test_a_signal_within_a_step_waits_for_its_end(tmp_path, whole):
    def interrupt_after(stage, start):
        for step, values in enumerate(loader(stage, start), start):
            if stage.name == "warm-up" and step == 4:
                os.kill(os.getpid(), signal.SIGINT)
            yield values

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, interrupt_after, save_every=1000)
    assert signal.getsignal(signal.SIGINT) is before
    assert equal(weights(run(tmp_path, resume=True)), whole[0])


def test_a_finished_run_resumes_to_itself(tmp_path, whole):
    run(tmp_path)
    calls = []

    def counting(stage, start):
        calls.append((stage.name, start))
        return loader(stage, start)

    assert equal(weights(run(tmp_path, counting, resume=True)), whole[0])
    assert calls == [("adaptation", 4)]
    assert lines(tmp_path) == whole[1]


KILLED = """
import sys
from posesift.adaptation.loop import fit
from posesift.adaptation.augment import STRONG
from posesift.adaptation.runtime import Runtime
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
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed")],
        stdout=subprocess.PIPE, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    time.sleep(0.01)  # into whatever it is doing then
    process.kill()
    process.wait(10)
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

    def watch(self, source_batch, target_batch, t, generator) -> StepResult:
        result = self.step(source_batch, None, t, generator)
        self.seen.append((t, target_batch["index"].tolist(), torch.rand(1, generator=generator)))
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
