from __future__ import annotations

import pytest
import torch
from tests.adaptation.tiny import batch, source_only

from posesift.adaptation.source_only.method import SourceOnlySettings
from posesift.adaptation.supervised import mean_square
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.augment import NONE, Augmentation

runtime = Runtime.resolve("cpu", "fp32")


def test_the_loss_is_the_weighted_mean_over_every_cell():
    predicted, target = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    weight = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    total = 0.0
    for b in range(2):
        for k in range(3):
            for i in range(4):
                for j in range(4):
                    difference = float(predicted[b, k, i, j] - target[b, k, i, j])
                    total += float(weight[b, k]) * difference**2
    found = mean_square(predicted, target, weight)
    assert found.item() == pytest.approx(total / (2 * 3 * 4 * 4), rel=1e-5)


def test_it_learns_one_batch_by_heart():
    method = source_only(warmup_steps=300, steps=0, learning_rate=1e-2)
    losses = []
    fit(
        method, {"source": lambda stage, start: (batch(0) for _ in range(stage.steps))},
        runtime, log=lambda record: losses.append(record["supervised"]),
    )  # fmt: skip
    assert losses[-1] < 0.5 * losses[0]


def test_a_batch_without_visible_keypoints_moves_nothing_but_the_statistics():
    method = source_only()
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    result = method.step({"source": batch(0, visible=False)}, 0.0, torch.Generator())
    assert result.losses["supervised"] == 0
    assert all(not p.grad.any() for p in method.network.parameters() if p.grad is not None)


def test_stages_without_steps_are_left_out():
    assert [s.name for s in source_only(warmup_steps=0, steps=5).stages] == ["adaptation"]
    assert [s.name for s in source_only(warmup_steps=5, steps=0).stages] == ["warm-up"]


def test_prediction_uses_the_running_statistics_and_changes_nothing():
    method = source_only()
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    images = batch(0)["image"]
    before = {k: v.clone() for k, v in method.network.state_dict().items()}
    together, confidence = method.predict(images)
    alone, _ = method.predict(images[:1])
    assert method.network.training
    assert torch.allclose(together[:1], alone, atol=1e-4), "the batch had a say"
    assert confidence.shape == (len(images), 3)
    assert all(torch.equal(before[k], v) for k, v in method.network.state_dict().items())


def test_a_step_keeps_no_graph():
    method = source_only(NONE)
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    result = method.step({"source": batch(0)}, 0.5, torch.Generator())
    assert not result.losses["supervised"].requires_grad


def test_flips_without_mirror_pairs_are_refused():
    with pytest.raises(ValueError, match="flips need `mirror`"):
        SourceOnlySettings(augmentation=Augmentation(flip=0.5))
    SourceOnlySettings(augmentation=Augmentation(flip=0.5), mirror=(1, 0, 2))
