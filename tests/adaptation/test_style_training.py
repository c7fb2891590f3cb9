from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.adaptation.tiny import pair
from tests.adaptation.udape.test_published import slow_crop, slow_matrix, slow_nearest
from tests.networks.style.images import narrow
from torch import Tensor
from torch.nn import functional

from posesift.adaptation.style_training import StyleSettings, StyleTraining
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.method import Batch, Stage
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.appearance import normalise
from posesift.adaptation.views.augment import NONE, Augmentation, generator
from posesift.adaptation.views.published import ParityViews
from posesift.networks.style.adain import AdaIN

SIDE = 32
STILL = ParityViews(area=(1, 1), rotation=0, shear=0, shift=0, scale=(1, 1), colour=0)
runtime = Runtime.resolve("cpu", "fp32")


def batch(number: int, domain: str) -> Batch:
    """Dark grain and bright stripes; nothing but what an unlabelled set has."""
    random = torch.Generator().manual_seed(number)
    shape = (2, 3, SIDE, SIDE)
    if domain == "source":
        image = torch.randint(0, 100, shape, generator=random)
    else:
        image = 150 + 80 * (torch.arange(SIDE) // 4 % 2).expand(shape)
        image = image + torch.randint(0, 20, shape, generator=random)
    return {"image": image.to(torch.uint8), "index": torch.arange(2)}


def loader(domain: str, breaks_at: int | None = None):
    def load(stage: Stage, start: int) -> Iterator[Batch]:
        for step in range(start, stage.steps):
            if step == breaks_at:
                raise OSError("the disk of the images is gone")
            yield batch(step, domain)

    return load


def train(folder: Path | None, breaks_at: int | None = None, resume: bool = False):
    views = Augmentation(rotation=180, scale=0.3)
    method = StyleTraining(narrow(), StyleSettings(steps=4, augmentation=views))
    loaders = {"source": loader("source"), "target": loader("target", breaks_at)}
    fit(method, loaders, runtime, folder, seed=3, log_every=1, save_every=1, resume=resume)
    return method


def state(method: StyleTraining) -> dict[str, Tensor]:
    return method.network.state_dict()


@pytest.mark.parametrize("parity", [False, True])
def test_the_losses_are_the_paper_s(parity):
    """Against a plain writing of equations 11 to 13, and the coin against both directions."""
    network = narrow(parity)
    settings = StyleSettings(content=2.0, style=0.3, augmentation=NONE, views=STILL)
    method = StyleTraining(network, settings)
    method.prepare(runtime)
    seen = set()
    for position in (0, 7):
        method.start_stage(method.stages[0])
        source, target = batch(0, "source"), batch(0, "target")
        random = generator("cpu", position)
        expected = {}
        for name, content, style in (("there", source, target), ("back", target, source)):
            expected[name] = plain_losses(network, content, style)
        found = method.step(pair(source, target), 0.5, random).losses
        found = (found["content"].item() / 2, found["style"].item() / 0.3)
        close = [name for name in expected if found == pytest.approx(expected[name], rel=1e-3)]
        assert len(close) == 1, (found, expected)
        seen.update(close)
    assert seen == {"there", "back"}


@torch.no_grad()
def plain_losses(network: AdaIN, content: Batch, style: Batch) -> tuple[float, float]:
    images = [values["image"] / 255 for values in (content, style)]
    if network.parity:
        images = [normalise(image) for image in images]
    layers = list(network.encoder)

    def features(x: Tensor) -> list[Tensor]:
        cuts = (0, 4, 11, 18, 31)
        found = []
        for first, last in itertools.pairwise(cuts):
            x = torch.nn.Sequential(*layers[first:last])(x)
            found.append(x)
        return found

    def statistics(x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True) + 1e-5).sqrt()

    of_content, of_style = features(images[0])[-1], features(images[1])
    mean, spread = statistics(of_content)
    style_mean, style_spread = statistics(of_style[-1])
    wanted = (of_content - mean) / spread * style_spread + style_mean
    painted = features(network.decoder(wanted))
    content_loss = functional.mse_loss(painted[-1], wanted).item()
    style_loss = 0.0
    for one, other in zip(painted, of_style, strict=True):
        for a, b in zip(statistics(one), statistics(other), strict=True):
            style_loss += functional.mse_loss(a, b).item()
    return content_loss, style_loss


def test_training_lowers_the_loss_and_leaves_the_encoder_alone():
    network = narrow()
    method = StyleTraining(network, StyleSettings(learning_rate=1e-3, augmentation=NONE))
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    before = {name: tensor.clone() for name, tensor in state(method).items()}
    losses = []
    for step in range(12):
        random = torch.Generator().manual_seed(2 * step)  # even: source to target
        found = method.step(pair(batch(0, "source"), batch(0, "target")), 0.3, random).losses
        assert all(not loss.requires_grad for loss in found.values())
        losses.append(sum(loss.item() for loss in found.values()))
    assert losses[-1] < 0.7 * losses[0]
    for name, tensor in state(method).items():
        assert torch.equal(tensor, before[name]) == name.startswith("encoder."), name


def test_a_run_that_broke_off_and_was_resumed_ends_bit_for_bit_the_same(tmp_path):
    whole = train(tmp_path / "whole")
    with pytest.raises(OSError, match="disk of the images"):
        train(tmp_path / "broken", breaks_at=2)
    resumed = train(tmp_path / "broken", resume=True)
    assert all(torch.equal(tensor, state(resumed)[name]) for name, tensor in state(whole).items())
    records = [
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "broken")
    ]
    for record in records[0] + records[1]:
        record.pop("steps_per_second")
    assert records[0] == records[1]

    # what the checkpoint holds is enough to go on without the file of the encoder
    found = checkpoint.latest(tmp_path / "whole" / "checkpoints")
    assert found is not None
    again = StyleTraining(narrow(seed=7))
    again.load_network(found[1]["method"]["network"])
    images = [normalise(batch(5, domain)["image"]) for domain in ("source", "target")]
    expected = whole.network(*images, torch.ones(2))
    assert torch.equal(again.network(*images, torch.ones(2)), expected)


def test_parts_of_a_batch_add_up_to_it():
    losses = []
    for accumulate in (1, 2):
        method = StyleTraining(narrow(), StyleSettings(augmentation=NONE))
        method.prepare(Runtime(runtime.device, "fp32", runtime.threads, accumulate=accumulate))
        method.start_stage(method.stages[0])
        random = torch.Generator().manual_seed(0)
        losses.append(method.step(pair(batch(0, "source"), batch(0, "target")), 0.5, random).losses)
    for name in ("content", "style"):
        torch.testing.assert_close(losses[0][name], losses[1][name], rtol=1e-4, atol=1e-5)


def test_half_precision_is_close_and_gives_float32():
    found = []
    for precision in ("fp32", "bf16"):
        method = StyleTraining(narrow(), StyleSettings(augmentation=NONE))
        method.prepare(Runtime(runtime.device, precision, runtime.threads))
        method.start_stage(method.stages[0])
        random = torch.Generator().manual_seed(0)
        losses = method.step(pair(batch(0, "source"), batch(0, "target")), 0.5, random).losses
        images = [normalise(batch(5, domain)["image"]) for domain in ("source", "target")]
        with method.runtime.autocast():
            found.append((*losses.values(), narrow()(*images, torch.tensor([0.3, 1.0]))))
    for exact, close in zip(*found, strict=True):
        assert close.dtype == torch.float32
        torch.testing.assert_close(close, exact, rtol=0.05, atol=0.1)


@pytest.mark.parametrize(
    ("parity", "asked", "expected"),
    [(True, None, 1e-5), (True, 3e-4, 3e-4), (False, None, 1e-5), (False, 3e-4, 3e-5)],
)
def test_the_published_constant_rate_under_parity_and_a_trapezoid_else(parity, asked, expected):
    """A trapezoid of 1e-4 begins at a tenth of it."""
    method = StyleTraining(narrow(parity), StyleSettings(learning_rate=asked))
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    for t in (0.0, 0.9) if parity else (0.0,):
        method.step(
            pair(batch(0, "source"), batch(0, "target")),
            t,
            torch.Generator().manual_seed(0),
        )
        assert method.optimiser.param_groups[0]["lr"] == pytest.approx(expected)


def test_under_parity_it_sees_the_published_views(monkeypatch):
    """Of both domains a crop of the image, turned and scaled by loops; black beyond it."""
    from posesift.adaptation.views.published import draw_crop
    from posesift.adaptation.views.published_warps import draw_warp

    method = StyleTraining(narrow(parity=True))
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    seen = []
    losses = method._losses
    monkeypatch.setattr(method, "_losses", lambda *two: (seen.extend(two), losses(*two))[1])
    method.step(pair(batch(0, "source"), batch(0, "target")), 0.0, generator("cpu", 1))
    if generator("cpu", 1).initial_seed() % 2:
        seen.reverse()

    random = generator("cpu", 1)
    for domain, found in zip(("source", "target"), seen, strict=True):
        images = batch(0, domain)["image"]
        crop = draw_crop(2, SIDE, (0.6, 1.3), random)
        warp = draw_warp(2, SIDE, random, rotation=180, shear=0, shift=0, scale=(0.6, 1.3))
        torch.rand(2, 3, 2, generator=random)  # of colours, which stay
        for b in range(2):
            corner, size = crop.corner_B2[b].tolist(), int(crop.size_B[b])
            cropped = slow_crop(images[b].numpy(), corner, size) / 255
            linear = slow_matrix(float(warp.angle_B[b]), 0, float(warp.scale_B[b]))
            expected = normalise(torch.from_numpy(slow_nearest(cropped, linear, (0, 0)))[None])
            torch.testing.assert_close(found[b], expected[0].float(), rtol=0, atol=1e-4)
    black = normalise(torch.zeros(1, 3, 1, 1))
    assert any((found == black).all(1).any() for found in seen), "no border was seen"


def test_it_predicts_nothing_and_says_so():
    with pytest.raises(ValueError, match="finds no keypoints"):
        StyleTraining(narrow()).predict(torch.zeros(1, 3, SIDE, SIDE, dtype=torch.uint8))
