"""The published RegDA: its views, weights, statistics and gate, each against a slow derivation.

Losses, optimisers and schedules are in ``test_regda.py``.
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageFilter
from tests.adaptation.regda.test_disparity import slow_false, slow_kl
from tests.adaptation.regda.test_regda import (
    ADAPTATION,
    Fixed,
    adapting,
    reference_adaptation,
    regda,
    runtime,
    slow_pseudo,
    unlabelled,
)  # fmt: skip
from tests.adaptation.slow_views import Draws, slow_blur, slow_views
from tests.adaptation.tiny import SIDE, TinyNet, batch, pair
from torch import Tensor, nn

from posesift.adaptation.published_views import BODIES, HANDS, STILL, RegDAViews, blur
from posesift.adaptation.views.augment import generator
from posesift.networks import MEAN, SPREAD
from posesift.networks.heatmaps import HeatmapCodec


def brightness(images: Tensor) -> np.ndarray:
    """Normalised images (B, 3, H, W) in levels of 255."""
    mean, spread = (torch.tensor(values)[:, None, None] for values in (MEAN, SPREAD))
    return (255 * (images * spread + mean)).numpy()


# ---- views


@pytest.mark.parametrize("views", [BODIES, HANDS, RegDAViews(rotation=77, area=(0.3, 0.5))])
def test_views_are_those_of_the_loop(views):
    images, heatmaps, weights = slow_views(batch(3), views, 2, 1, generator("cpu", 1))
    found = views.labelled(batch(3), HeatmapCodec(SIDE, 2, rounding=True), generator("cpu", 1))
    torch.testing.assert_close(found.images_B3HW, images, rtol=0, atol=2e-5)
    torch.testing.assert_close(found.target_BKhw, heatmaps, rtol=0, atol=1e-6)
    assert torch.equal(found.weight_BK, weights)
    assert 0 < weights.sum() < weights.numel()


def test_views_are_what_pillow_makes_of_photographs():
    """The published chain by the library it uses, up to what it rounds and cuts off."""
    side, count = 64, 6
    rows, columns = np.indices((side, side)) / side
    images = np.zeros((count, side, side, 3), np.uint8)
    for b in range(count):
        for c in range(3):
            wave = np.sin(5 * rows * (1 + c) + b) * np.cos(4 * columns + c)
            images[b, ..., c] = 127 + 100 * wave
    as_tensor = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    found = brightness(BODIES.view(as_tensor, generator("cpu", 5))[0])
    draws = Draws(BODIES, count, side, generator("cpu", 5))
    enhancers = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
    for b in range(count):
        picture = Image.fromarray(images[b]).rotate(-math.degrees(draws.angle[b]))
        left, top, size = *draws.corner[b], draws.size[b]
        picture = picture.crop((left, top, left + size, top + size))
        picture = picture.resize((side, side), Image.Resampling.BILINEAR)
        for kind in draws.order[b]:
            picture = enhancers[kind](picture).enhance(draws.factors[b][kind])
        picture = picture.filter(ImageFilter.GaussianBlur(draws.spread[b]))
        difference = np.abs(np.asarray(picture).transpose(2, 0, 1) - found[b])
        assert difference.mean() < 2, "half a level each of three blends, and their consequences"
        assert np.quantile(difference, 0.99) < 4.5, b


def test_a_blur_has_the_spread_that_was_drawn():
    spike = torch.zeros(40, 1, 21, 21)
    spike[:, :, 10, 10] = 1
    found = blur(spike, 0.8, generator("cpu", 0))
    drawn = 0.8 * torch.rand(40, generator=generator("cpu", 0))
    place = torch.arange(21.0) - 10
    variance = (found[:, 0].sum(1) * place**2).sum(1)
    torch.testing.assert_close(variance, drawn**2, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(found.sum((1, 2, 3)), torch.ones(40))
    image = torch.rand(3, 3, 6, 6, generator=generator("cpu", 1))
    drawn = 0.8 * torch.rand(3, generator=generator("cpu", 2))
    found = blur(image, 0.8, generator("cpu", 2))
    for b in range(3):
        expected = slow_blur(image[b].double().numpy(), float(drawn[b]))
        assert np.allclose(found[b].numpy(), expected, atol=1e-6)
    assert torch.equal(blur(image, 0.0, generator("cpu", 2)), image)


def test_views_have_the_published_ranges():
    images = torch.zeros(4000, 3, 8, 8, dtype=torch.uint8)
    for views, degrees in ((BODIES, 30), (HANDS, 180)):
        _, (turn, crop) = views.view(images, generator("cpu", 0))
        angle = torch.rad2deg(turn.angle_B)
        assert angle.abs().max() <= degrees
        assert angle.std().item() == pytest.approx(degrees / math.sqrt(3), rel=0.05)
        assert not turn.shear_B.any()
        assert not turn.shift_B2.any()
        assert (turn.scale_B == 1).all()
        assert crop.size_B.unique().tolist() == [6, 7, 8]  # sqrt(0.6) to 1 of 8 pixels
    assert (BODIES.area, BODIES.colour, BODIES.blur) == ((0.6, 1.3), 0.25, 0.8)
    assert replace(HANDS, rotation=30.0) == BODIES


def test_of_a_still_view_nothing_is_changed():
    found, moved = STILL.view(batch(0)["image"], generator("cpu", 0))
    assert np.allclose(brightness(found), batch(0)["image"].numpy(), atol=1e-3)
    still = moved.points(batch(0)["keypoints"], SIDE)
    torch.testing.assert_close(still, batch(0)["keypoints"], rtol=0, atol=1e-5)


# ---- a step


@pytest.mark.parametrize("still_target", [False, True])
def test_losses_on_published_views_are_those_of_the_loops(still_target):
    """Views and labels too; some of the target's joints leave the view, and weigh nothing."""
    views = RegDAViews(rotation=180, area=(0.3, 0.5))
    of_target = STILL if still_target else None
    method, network = adapting(parity=True, views=views, target_views=of_target)
    method.settings = replace(method.settings, adaptation_learning_rate=0.0)
    method.start_stage(ADAPTATION)
    with torch.no_grad():  # logits of both signs
        network.head[-1].weight.normal_(generator=torch.Generator().manual_seed(5))
        network.head_adv[-1].weight.normal_(generator=torch.Generator().manual_seed(6))
    frozen = copy.deepcopy(network)
    found = method.adapt(pair(batch(0), batch(1)), 0.5, generator("cpu", 4)).losses

    random, eps = generator("cpu", 4), method.settings.epsilon
    images, label, weight = slow_views(batch(0), views, 2, 1, random)
    images_t, _, weight_t = slow_views(batch(1), of_target or views, 2, 1, random)
    if not still_target:
        assert weight_t.sum() < batch(1)["visible"].sum(), "no joint left the view"
    assert weight_t.any()
    with torch.no_grad():
        features, features_t = frozen.features(images), frozen.features(images_t)
        main, adversarial = frozen.head(features), frozen.head_adv(features)
        main_t, adversarial_t = frozen.head(features_t), frozen.head_adv(features_t)
    truth, truth_t = (slow_pseudo(maps, method.codec, gate=True) for maps in (main, main_t))
    expected = {
        "supervised": slow_kl(main, label, weight, 0.0),
        "source_disparity": slow_kl(adversarial, truth, weight, eps),
        "false_disparity": slow_kl(adversarial_t, slow_false(truth_t), weight_t, eps),
        "target_disparity": slow_kl(adversarial_t, truth_t, weight_t, eps),
    }
    assert {name: value.item() for name, value in found.items()} == pytest.approx(
        expected, rel=1e-4
    )


def test_a_visible_target_joint_beside_the_heatmap_weighs_nothing():
    """At x = 15 of 16 pixels, int(15 / 2 + 0.5) is the ninth of eight cells."""
    target = batch(1)
    target["visible"][:] = True
    target["keypoints"][:, 0] = torch.tensor([15.0, 4.0])
    target["keypoints"][:, 1] = torch.tensor([14.9, 4.0])
    target["keypoints"][:, 2] = torch.tensor([-2.9, 4.0])  # cut towards zero: the first cell
    method, _ = adapting(parity=True, views=STILL)
    _, weight = method._target_views(target, torch.Generator())
    assert weight.tolist() == [[0, 1, 1]] * len(target["image"])


def test_a_target_without_labels_is_refused():
    method, _ = adapting(parity=True)
    visible = {"visible": batch(50)["visible"]}
    for target in (unlabelled(batch(50)), unlabelled(batch(50)) | visible):
        with pytest.raises(ValueError, match=r"visible and lie in the view.*leave parity out"):
            method.adapt(pair(batch(0), target), 0.5, torch.Generator())


# ---- statistics of BatchNorm


def statistics(module: nn.Module) -> list[Tensor]:
    layers = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(m.momentum == 0.1 for m in layers)
    return [s.clone() for m in layers for s in (m.running_mean, m.running_var)]  # type: ignore[union-attr]


@pytest.mark.parametrize("parity", [True, False])
def test_statistics_take_up_the_target_as_often_as_published(parity):
    """The published loop passes it through the whole network twice a step."""
    settings = {"parity": True, "views": STILL} if parity else {"optimiser": "sgd"}
    method, network = adapting(seed=7, steps=4, **settings)
    batches = [(batch(i), batch(100 + i)) for i in range(2)]
    two = reference_adaptation(TinyNet(), 7, method.settings, batches)
    for i, (source, target) in enumerate(batches):
        method.adapt(pair(source, target), i / 4, torch.Generator())
    for part in ("features", "head", "head_adv"):
        for one, other in zip(
            statistics(getattr(network, part)), statistics(getattr(two, part)), strict=True
        ):
            same = torch.allclose(one, other, rtol=1e-3, atol=1e-5)
            assert same == (parity or part == "head_adv"), part


def test_statistics_are_those_published_where_a_batch_is_cut_into_parts():
    """Standing still: two passes of a source half, and four of a target half, one by one."""

    def twice(values):
        return {name: torch.cat([value, value]) for name, value in values.items()}

    method = regda(parity=True, views=STILL)
    method.prepare(replace(runtime, accumulate=2))
    method.settings = replace(method.settings, adaptation_learning_rate=0.0)
    method.start_stage(ADAPTATION)
    expected = copy.deepcopy(method.network).train()
    method.adapt(pair(twice(batch(0)), twice(batch(1))), 0.0, torch.Generator())
    with torch.no_grad():
        for values in [batch(0)] * 2 + [batch(1)] * 4:
            expected(STILL.view(values["image"], torch.Generator())[0])
    for part in ("features", "head"):
        for one, other in zip(
            statistics(getattr(method.network, part)),
            statistics(getattr(expected, part)),
            strict=True,
        ):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


# ---- prediction


@pytest.mark.parametrize("parity", [True, False])
def test_a_joint_without_a_positive_logit_is_predicted_at_the_corner(parity):
    logits = torch.randn(1, 3, 8, 8, generator=generator("cpu", 0))
    logits[0, 1] -= logits[0, 1].max() + 0.1  # nowhere above 0
    logits[0, 2] -= logits[0, 2].max()  # 0 at the highest
    expected = []
    for k in range(3):
        best = max(((i, j) for i in range(8) for j in range(8)), key=lambda c: logits[0, k][c])
        gated = parity and not logits[0, k][best] > 0
        expected.append([0.0, 0.0] if gated else [2.0 * best[1], 2.0 * best[0]])
    method = regda(Fixed(logits), parity=parity)
    method.codec = HeatmapCodec(SIDE, 2, rounding=True)
    method.prepare(runtime)
    found, confidence = method.predict(batch(0)["image"][:1])
    assert found[0].tolist() == expected
    assert expected[0] != [0, 0]
    assert ((confidence > 0) & (confidence <= 1)).all()
