from __future__ import annotations

import math

import pytest
import torch
from tests.difficulty.skeletal import BODY, poses
from torch.distributions import Normal, kl_divergence

from posesift.difficulty import pose_vae, vae_training
from posesift.difficulty.normalisation import normalise
from posesift.difficulty.pose_vae import PoseVAE, VAESettings
from posesift.difficulty.vae_batches import Batches

QUICK = VAESettings(width=32, latent=4, steps=80, batch_size=128)


def drawn(n=600, **options):
    table = poses(n, **options)
    points, visible = normalise(table.keypoints_NK2, table.visible_NK, BODY)
    return torch.from_numpy(points), torch.from_numpy(visible)


def test_kl_is_that_of_torch():
    mean, log_variance = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    posterior = Normal(mean, (log_variance / 2).exp())
    expected = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(pose_vae.kl(mean, log_variance), expected)


def test_scores_follow_the_printed_formula():
    points, visible = drawn(5)
    network = vae_training.fit(points, visible, BODY.torso, QUICK, seed=0)
    scores = network.scores(points, visible)
    mean, log_variance = network.encode(points / network.unit, visible)
    said = network.decode(mean) * network.unit
    left = said - points
    left = left - left.mean(1, keepdim=True)
    reconstruction = left.square().sum((1, 2))
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    torch.testing.assert_close(scores["reconstruction"], reconstruction)
    elbo = reconstruction + 1e-2 * network.unit**2 * kl
    torch.testing.assert_close(scores["elbo"], elbo)


def test_the_adam_is_that_of_torch():
    points, visible = drawn(64)
    ours = PoseVAE(16, BODY.torso, QUICK, 1.0, torch.Generator().manual_seed(0))
    theirs = PoseVAE(16, BODY.torso, QUICK, 1.0, torch.Generator().manual_seed(0))
    adam = vae_training.Adam(ours)
    reference = torch.optim.Adam(theirs.parameters())
    for step in range(10):
        rate = 1e-2 / (step + 1)
        reference.param_groups[0]["lr"] = rate
        reference.zero_grad()
        adam.gradient_W.zero_()
        for network in (ours, theirs):
            network.loss(points, visible, torch.Generator().manual_seed(step)).backward()
        adam.step(rate)
        reference.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_training_gives_the_weights_of_autograd_to_the_last_bit(hidden):
    points, visible = drawn(300, hidden=hidden)
    found = vae_training.fit(points, visible, BODY.torso, QUICK, seed=2)

    generator = torch.Generator().manual_seed(2)
    expected = PoseVAE(16, BODY.torso, QUICK, found.unit, generator)
    adam = vae_training.Adam(expected)
    order, done = torch.randperm(300, generator=generator), 0
    for step in range(QUICK.steps):
        if done + 128 > 300:
            order, done = torch.randperm(300, generator=generator), 0
        rows = order[done : done + 128]
        done += 128
        adam.gradient_W.zero_()
        expected.loss(points[rows], visible[rows], generator).backward()
        t = step / QUICK.steps
        pace = t / 0.1 if t < 0.1 else 0.5 * (1 + math.cos(math.pi * (t - 0.1) / 0.9))
        adam.step(QUICK.learning_rate * pace)
    for name, weight in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], weight), name


def test_beyond_its_bounds_the_log_variance_has_no_gradient():
    points, visible = drawn(64)
    network = PoseVAE(16, BODY.torso, QUICK, 1.0, torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.encoder[-1].bias[QUICK.latent :] = torch.tensor([-50.0, 50.0, -11.99, 0.0])
    adam = vae_training.Adam(network)
    adam.gradient_W.zero_()
    network.loss(points, visible, torch.Generator().manual_seed(1)).backward()
    expected = adam.gradient_W.clone()
    batches = Batches(network, points, visible)
    vae_training.Gradient(network).of(
        batches.of(torch.arange(64), torch.Generator().manual_seed(1))
    )
    assert torch.equal(adam.gradient_W, expected)
    assert (network.encoder[-1].bias.grad[QUICK.latent :] != 0).tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_training_lowers_the_loss_and_keeps_the_threads():
    points, visible = drawn()
    threads = torch.get_num_threads()
    generator = torch.Generator().manual_seed(1)
    begun = PoseVAE(16, BODY.torso, QUICK, 1.0, generator).loss(points, visible, generator)
    network = vae_training.fit(points, visible, BODY.torso, QUICK, seed=0)
    ended = network.loss(points, visible, generator)
    assert ended.item() < 0.3 * begun.item()
    assert torch.get_num_threads() == threads


def test_a_seed_gives_the_same_network():
    points, visible = drawn(hidden=0.1)
    one, same, other = (
        vae_training.fit(points, visible, BODY.torso, QUICK, seed).tensors() for seed in (3, 3, 4)
    )
    for name in one:
        assert torch.equal(one[name], same[name])
    assert not torch.equal(one["encoder.0.weight"], other["encoder.0.weight"])


def test_the_unit_of_the_poses_means_nothing():
    points, visible = drawn(hidden=0.1)
    plain = vae_training.fit(points, visible, BODY.torso, QUICK, 0).scores(points, visible)
    large = vae_training.fit(points * 8, visible, BODY.torso, QUICK, 0).scores(points * 8, visible)
    for name in plain:
        torch.testing.assert_close(large[name] / 64, plain[name], rtol=1e-3, atol=1e-5)


def test_incomplete_poses_are_in_distribution():
    """Trained on complete poses alone, a pose that lacks keypoints scores much as it did."""
    points, visible = drawn(1500)
    settings = VAESettings(steps=300, width=64)
    network = vae_training.fit(points, visible, BODY.torso, settings, seed=0)
    whole = network.scores(points, visible)["reconstruction"]
    lacking = visible.clone()
    lacking[:, BODY.keypoints.index("left_hip")] = False
    table = poses(1500)
    there, _ = normalise(table.keypoints_NK2, lacking.numpy(), BODY)
    part = network.scores(torch.from_numpy(there), lacking)["reconstruction"]
    ratio = (part.median() / whole.median()).item()
    assert 0.6 < ratio < 1.6
    assert torch.corrcoef(torch.stack([whole.log(), part.log()]))[0, 1] > 0.6


def test_keypoints_are_dropped_but_three_always_stay():
    settings = VAESettings(incomplete=1.0, dropout=0.95)
    network = PoseVAE(16, BODY.torso, settings)
    visible = torch.rand(500, 16, generator=torch.Generator().manual_seed(0)) < 0.5
    kept = network.some_of(visible, torch.Generator().manual_seed(1))
    assert not (kept & ~visible).any()
    assert (kept.sum(1) >= torch.minimum(visible.sum(1), torch.tensor(3))).all()
    assert (kept != visible).any()
    never = PoseVAE(16, BODY.torso, VAESettings(incomplete=0.0))
    assert torch.equal(never.some_of(visible, torch.Generator()), visible)
