from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from tests.adaptation.regda.test_disparity import slow_false, slow_kl
from tests.adaptation.tiny import BATCH, KEYPOINTS, SIDE, TinyNet, batch, loader, pair, source_only
from torch import Tensor, nn
from torch.nn import functional

from posesift.adaptation.published_views import STILL
from posesift.adaptation.regda.method import RegDA, RegDASettings
from posesift.adaptation.regda.two_heads import TwoHeads
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.method import Batch, Stage
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.augment import NONE, STRONG, Augmentation, view
from posesift.networks.heatmaps import HeatmapCodec

runtime = Runtime.resolve("cpu", "fp32")
ADAPTATION = Stage("adaptation", 4, lambda *_: None, ("source", "target"))  # type: ignore[arg-type, return-value]


def regda(network: nn.Module | None = None, **settings) -> RegDA:
    network = TinyNet() if network is None else network
    settings = {"warmup_steps": 6, "steps": 4, "augmentation": NONE, "views": STILL} | settings
    return RegDA(network, HeatmapCodec(SIDE, 2), RegDASettings(**settings))


def adapting(**settings) -> tuple[RegDA, TwoHeads]:
    """A method in its second stage."""
    method = regda(**settings)
    method.prepare(runtime)
    method.start_stage(ADAPTATION)
    assert isinstance(method.network, TwoHeads)
    return method, method.network


def unlabelled(values: Batch) -> Batch:
    return {"image": values["image"], "index": values["index"]}


def target_loader(stage: Stage, start: int):
    return (unlabelled(batch(5000 + step)) for step in range(start, stage.steps))


def values_of(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def parameters_of(module: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def plain(values: Batch) -> Tensor:
    """Normalised images, as a view without augmentation gives them."""
    return view(values["image"], NONE, torch.Generator())[0]


def in_view(values: Batch) -> Tensor:
    """1 for a visible joint whose cell, by the published rule, is one of the heatmap's."""
    weight = torch.zeros(BATCH, KEYPOINTS)
    for b in range(BATCH):
        for k in range(KEYPOINTS):
            cells = [int(value / 2 + 0.5) for value in values["keypoints"][b, k].tolist()]
            seen = bool(values["visible"][b, k]) and all(0 <= c < SIDE // 2 for c in cells)
            weight[b, k] = float(seen)
    return weight


def slow_pseudo(logits: Tensor, codec: HeatmapCodec, gate: bool) -> Tensor:
    """A bump on the arg-max of every map, cell by cell; with the gate (0, 0) where it is <= 0."""
    truth = torch.zeros_like(logits)
    for b in range(logits.shape[0]):
        for k in range(logits.shape[1]):
            flat = int(logits[b, k].argmax())
            x, y = flat % codec.cells, flat // codec.cells
            if gate and not logits[b, k].max() > 0:
                x, y = 0, 0
            for i in range(codec.cells):
                for j in range(codec.cells):
                    reach = 3 * codec.sigma if codec.rounding else math.inf
                    if abs(j - x) <= reach and abs(i - y) <= reach:
                        square = (j - x) ** 2 + (i - y) ** 2
                        truth[b, k, i, j] = math.exp(-square / (2 * codec.sigma**2))
    return truth


# ---- losses of a step


@pytest.mark.parametrize("parity", [False, True])
def test_losses_of_a_step_are_those_of_a_slow_derivation(parity):
    method, network = adapting(parity=parity)
    # networks that stand still, so that all losses are of the same weights
    method.settings = replace(method.settings, adaptation_learning_rate=0.0)
    method.start_stage(ADAPTATION)
    with torch.no_grad():  # logits of both signs
        network.head[-1].weight.normal_(generator=torch.Generator().manual_seed(5))
        network.head_adv[-1].weight.normal_(generator=torch.Generator().manual_seed(6))
    source, target = batch(0), batch(1)
    frozen = copy.deepcopy(network)
    found = method.adapt(pair(source, target), 0.5, torch.Generator()).losses

    eps, ones = method.settings.epsilon, torch.ones(BATCH, KEYPOINTS)
    with torch.no_grad():
        features = frozen.features(plain(source))
        main, adversarial = frozen.head(features), frozen.head_adv(features)
        features = frozen.features(plain(target))
        main_t, adversarial_t = frozen.head(features), frozen.head_adv(features)
    if parity:
        assert (main_t.amax((-2, -1)) > 0).any()
    label, weight = method.codec.encode(source["keypoints"], source["visible"])
    weight_t = in_view(target) if parity else ones
    truth, truth_t = (slow_pseudo(maps, method.codec, parity) for maps in (main, main_t))
    expected = {
        "supervised": slow_kl(main, label, weight, 0.0),
        "source_disparity": slow_kl(adversarial, truth, weight, eps),
        "false_disparity": slow_kl(adversarial_t, slow_false(truth_t), weight_t, eps),
        "target_disparity": slow_kl(adversarial_t, truth_t, weight_t, eps),
    }
    assert {name: value.item() for name, value in found.items()} == pytest.approx(
        expected, rel=1e-5
    )


def test_pseudo_labels_below_zero_go_to_the_corner_under_parity_only():
    for parity, corner in ((False, False), (True, True)):
        method, network = adapting(parity=parity)
        with torch.no_grad():
            network.head[-1].weight.normal_()
            network.head[-1].bias.fill_(-100.0)
        main = network(plain(batch(0)))
        cells = method._steps.pseudo_cell(main)
        assert bool((cells == 0).all()) == corner
        assert not cells.requires_grad


# ---- the three steps


def reference_adaptation(
    network: nn.Module, seed: int, settings: RegDASettings, batches
) -> nn.Module:
    """The loop as published: a pass through the whole network for each of A, B and C.

    Returns the two-headed network. Of ``settings`` it uses numbers alone.
    """
    two = TwoHeads(network, seed).to(memory_format=torch.channels_last).train()
    codec = HeatmapCodec(SIDE, 2, rounding=settings.parity)

    def optimiser(module, rate):
        if settings.optimiser == "sgd":
            return torch.optim.SGD(
                module.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=1e-4
            )
        weights = [p for p in module.parameters() if p.ndim > 1]
        vectors = [p for p in module.parameters() if p.ndim == 1]
        return torch.optim.AdamW(
            [{"params": weights}, {"params": vectors, "weight_decay": 0.0}], rate, weight_decay=1e-4
        )

    base = settings.adaptation_learning_rate
    f, h, h_adv = (
        optimiser(two.features, base),
        optimiser(two.head, base * settings.head_speed),
        optimiser(two.head_adv, base * settings.adversarial_speed),
    )
    for i, (source, target) in enumerate(batches):
        t = i / settings.steps
        for part, name in ((f, "features"), (h, "head"), (h_adv, "head_adv")):
            factor = settings.adaptation_factor(t, name)
            for group in part.param_groups:
                group["lr"] = group["initial_lr"] = (
                    factor
                    * {
                        "features": base,
                        "head": base * settings.head_speed,
                        "head_adv": base * settings.adversarial_speed,
                    }[name]
                )
        factor = settings.adversarial_factor(t)

        def forward(images, factor=factor):
            features = two.features(images)
            talk = factor * features + (1 - factor) * features.detach()
            return two.head(features), two.head_adv(talk)

        def kl(logits, target, weight, epsilon):
            q = functional.log_softmax(logits.flatten(2), -1)
            p = target.flatten(2) + epsilon
            p = p / p.sum(-1, keepdim=True).clamp(min=1e-30)
            return (functional.kl_div(q, p, reduction="none").sum(-1) * weight).mean()

        def pseudo(maps):
            return slow_pseudo(maps.detach(), codec, settings.parity)

        label, weight = codec.encode(source["keypoints"], source["visible"])
        weight_t = in_view(target) if settings.parity else torch.ones_like(weight)
        for part in (f, h, h_adv):
            part.zero_grad()
        y, a = forward(plain(source))
        loss = kl(y, label, weight, 0.0)
        loss = loss + settings.margin * settings.trade_off * kl(a, pseudo(y), weight, 1e-7)
        loss.backward()
        for part in (f, h, h_adv):
            part.step()

        h_adv.zero_grad()
        y, a = forward(plain(target))
        (settings.trade_off * kl(a, slow_false(pseudo(y)), weight_t, 1e-7)).backward()
        h_adv.step()

        f.zero_grad()
        y, a = forward(plain(target))
        (settings.trade_off * kl(a, pseudo(y), weight_t, 1e-7)).backward()
        f.step()
    return two


@pytest.mark.parametrize(
    "settings",
    [{}, {"optimiser": "sgd", "adaptation_learning_rate": 0.02}, {"parity": True}],
    ids=["adamw", "sgd", "parity"],
)
def test_one_pass_over_the_target_trains_as_the_published_two_do(settings):
    method, network = adapting(seed=7, steps=4, **settings)
    two = reference_adaptation(
        TinyNet(), 7, method.settings, [(batch(i), batch(100 + i)) for i in range(4)]
    )
    for i in range(4):
        method.adapt(pair(batch(i), batch(100 + i)), i / 4, torch.Generator())
    for (name, found), expected in zip(network.named_parameters(), two.parameters(), strict=True):
        if name.endswith((".0.bias", "head.3.bias", "head_adv.3.bias")):
            continue  # cancelled by BatchNorm or softmax: rounding noise, which AdamW enlarges
        assert torch.allclose(found, expected, rtol=1e-3, atol=2e-5), name
    tracked = network.features.body[1].num_batches_tracked
    assert tracked == 2 * 4, "source and target once a step"
    assert two.features.body[1].num_batches_tracked == 3 * 4


def test_which_part_moves_in_which_step():
    method, network = adapting(adversarial_weight=0.3, optimiser="sgd", weight_decay=0.0)
    parts = ("features", "head", "head_adv")
    before = {part: parameters_of(getattr(network, part)) for part in parts}
    steps: list[tuple[str, set[str]]] = []

    def watch(name):
        def after_step(*_):
            moved = set()
            for part in parts:
                now = parameters_of(getattr(network, part))
                if any(not torch.equal(x, y) for x, y in zip(now, before[part], strict=True)):
                    moved.add(part)
                before[part] = now
            steps.append((name, moved))

        return after_step

    gradients: dict[str, list[Tensor]] = {}

    def before_features(*_):
        """At step C: what reached the features, and what would have without scaling."""
        if len(steps) < 4:
            return
        gradients["found"] = [p.grad.clone() for p in network.features.parameters()]  # type: ignore[union-attr]
        still = copy.deepcopy(network)
        still.zero_grad()
        features = still.features(plain(batch(1)))
        truth = slow_pseudo(still.head(features).detach(), method.codec, False)
        q = functional.log_softmax(still.head_adv(features).flatten(2), -1)
        p = truth.flatten(2) + 1e-7
        loss = functional.kl_div(q, p / p.sum(-1, keepdim=True), reduction="none")
        loss.sum(-1).mean().backward()
        gradients["unscaled"] = [p.grad for p in still.features.parameters()]  # type: ignore[misc]

    for part in parts:
        method.optimisers[part].register_step_post_hook(watch(part))
    method.optimisers["features"].register_step_pre_hook(before_features)
    grads_of_b: list[Tensor] = []
    method.optimisers["head_adv"].register_step_post_hook(
        lambda *_: grads_of_b.__setitem__(
            slice(None), [p.grad.clone() for p in network.head_adv.parameters()]
        )
    )
    t = 0.5
    method.adapt(pair(batch(0), batch(1)), t, torch.Generator())
    assert steps == [
        ("features", {"features"}), ("head", {"head"}), ("head_adv", {"head_adv"}),  # A
        ("head_adv", {"head_adv"}),  # B
        ("features", {"features"}),  # C
    ]  # fmt: skip
    factor = method.settings.adversarial_factor(t)
    assert 0.29 < factor < 0.3
    for found, unscaled in zip(gradients["found"], gradients["unscaled"], strict=True):
        assert torch.allclose(found, factor * unscaled, rtol=1e-3, atol=1e-9)
    assert any(found.any() for found in gradients["found"])
    for parameter, gradient in zip(network.head_adv.parameters(), grads_of_b, strict=True):
        assert torch.equal(parameter.grad, gradient), "C left a gradient in the adversarial head"


def test_before_the_adversarial_weight_rises_the_target_moves_no_feature():
    method, network = adapting(optimiser="sgd", weight_decay=0.0)
    seen = []
    method.optimisers["features"].register_step_pre_hook(
        lambda *_: seen.append([p.grad.clone() for p in network.features.parameters()])
    )
    method.adapt(pair(batch(0), batch(1)), 0.0, torch.Generator())
    assert any(gradient.any() for gradient in seen[0])
    assert not any(gradient.any() for gradient in seen[1])


def test_a_batch_in_parts_trains_as_the_whole():
    def twice(values):  # BatchNorm then sees the same in each half as in the whole
        return {name: torch.cat([value, value]) for name, value in values.items()}

    ends = []
    for accumulate in (1, 2):
        method = regda(seed=1, optimiser="sgd", learning_rate=0.02, adaptation_learning_rate=0.01)
        method.prepare(replace(runtime, accumulate=accumulate))
        for stage in method.stages:
            method.start_stage(stage)
            for i in range(2):
                found = stage.step(
                    pair(twice(batch(i)), twice(batch(100 + i))),
                    0.5,
                    torch.Generator(),
                )
            ends.append((parameters_of(method.network), found.losses, found.logs))
    for one, other in ((ends[0], ends[2]), (ends[1], ends[3])):
        for x, y in zip(one[0], other[0], strict=True):
            assert torch.allclose(x, y, rtol=1e-3, atol=2e-5)
        for x, y in zip(one[1:], other[1:], strict=True):
            assert x.keys() == y.keys()
            assert all(torch.allclose(x[name], y[name], rtol=1e-3) for name in x)


# ---- labels


def test_labels_of_the_target_are_not_looked_at():
    ends = []
    for labels in (True, False):
        method, network = adapting(augmentation=STRONG)
        for i in range(3):
            target = batch(50 + i)
            if not labels:
                target = unlabelled(target)
            method.adapt(pair(batch(i), target), i / 4, torch.Generator().manual_seed(i))
        ends.append(values_of(network))
    assert equal(*ends)


def test_parity_leaks_the_visibility_of_the_target():
    ends = []
    for visible in (True, False):
        method, network = adapting(parity=True)
        target = {**batch(50), "visible": batch(50, visible)["visible"]}
        method.adapt(pair(batch(0), target), 0.5, torch.Generator())
        ends.append(values_of(network))
    assert not equal(*ends)


@pytest.mark.parametrize("parity", [False, True])
def test_without_a_visible_joint_or_with_all_out_of_frame_every_figure_is_finite(parity):
    away = batch(0)
    away["keypoints"] = away["keypoints"] + 1e4
    for values in (batch(0, visible=False), away):
        method = regda(parity=parity)
        method.prepare(runtime)
        for stage in method.stages:
            method.start_stage(stage)
            for i in range(2):
                target = {**values, "image": batch(9)["image"]}
                found = stage.step(pair(values, target), i / 4, torch.Generator())
            assert found.losses["supervised"] == 0
            assert all(torch.isfinite(v) for v in {**found.losses, **found.logs}.values())
            assert all(torch.isfinite(v).all() for v in values_of(method.network).values())


def test_flips_without_mirror_pairs_are_refused():
    with pytest.raises(ValueError, match="flips need `mirror`"):
        RegDASettings(augmentation=Augmentation(flip=0.5))


def test_wrong_settings_are_refused():
    with pytest.raises(
        ValueError, match="unknown optimiser 'adam' of RegDA, expected one of adamw"
    ):
        RegDASettings(optimiser="adam")
    with pytest.raises(ValueError, match=r"adversarial_weight of at least 0, found -0\.1"):
        RegDASettings(adversarial_weight=-0.1)
    with pytest.raises(ValueError, match=r"features_rise in \[0, 0\.6\]"):
        RegDASettings(features_rise=0.7)


# ---- schedules


@pytest.mark.parametrize("steps", [20, 200, 15000])
def test_the_adversarial_weight_reaches_its_height_however_short_the_stage(steps):
    settings = RegDASettings(steps=steps)
    weights = [settings.adversarial_factor(i / steps) for i in range(steps)]
    assert weights[0] == 0
    assert weights == sorted(weights)
    assert weights[steps // 2] > 0.099


def test_by_default_the_fresh_heads_lead_and_all_rates_fall_to_nothing():
    method, _ = adapting(adaptation_learning_rate=1e-3, head_speed=3, adversarial_speed=5)
    rates = {}
    for t in (0.0, 0.05, 0.3, 0.999):
        method.adapt(pair(batch(0), batch(1)), t, torch.Generator())
        rates[t] = {n: o.param_groups[0]["lr"] for n, o in method.optimisers.items()}
    assert rates[0.3] == pytest.approx({"features": 1e-3, "head": 3e-3, "head_adv": 5e-3})
    assert rates[0.05]["head"] == pytest.approx(3e-3)
    assert rates[0.05]["features"] < 0.4e-3
    assert all(rate < 1e-7 for rate in rates[0.999].values())


def test_parity_lambda_is_a_tenth_of_tanh_and_positive():
    settings = RegDASettings(parity=True, steps=15000, adversarial_weight=7.0).in_force()
    for i in (0, 1, 500, 1000, 5000, 14999):
        expected = 2 * 0.1 / (1 + math.exp(-i / 1000)) - 0.1
        found = settings.adversarial_factor(i / 15000)
        assert found == pytest.approx(expected, abs=1e-12)
        assert found >= 0
    short = RegDASettings(parity=True, steps=200).in_force()
    assert short.adversarial_factor(199 / 200) < 0.01  # why it is not the default


def test_parity_optimiser_rates():
    method, _ = adapting(parity=True, steps=15000)
    for i in (0, 7500, 15000 - 1):
        method.adapt(pair(batch(0), batch(1)), i / 15000, torch.Generator())
        factor = (1 + 1e-4 * i) ** -0.75
        for name, base in (("features", 0.01), ("head", 0.1), ("head_adv", 0.1)):
            optimiser = method.optimisers[name]
            assert isinstance(optimiser, torch.optim.SGD)
            (group,) = optimiser.param_groups
            assert group["lr"] == pytest.approx(base * factor)
            assert (group["momentum"], group["nesterov"]) == (0.9, True)
            assert group["weight_decay"] == 1e-4


class WithBackbone(TinyNet):
    """Its first convolution is a child ``backbone``, as in a PoseResNet."""

    def __init__(self):
        super().__init__()
        self.backbone, self.body = self.body[:1], self.body[1:]

    def features(self, images_B3HW: Tensor) -> Tensor:
        return self.body(self.backbone(images_B3HW))


def test_parity_warmup_rates_drop_at_epochs_44_and_59_and_the_backbone_is_slower():
    steps = 70 * 500
    method = regda(WithBackbone(), warmup_steps=steps, parity=True)
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    groups = method.optimisers["network"].param_groups
    rest, backbone = sorted(groups, key=lambda group: -group["speed"])
    owned = {id(p) for p in method.network.backbone.parameters()}  # type: ignore[union-attr]
    assert {id(p) for p in backbone["params"]} == owned
    assert len(rest["params"]) + len(owned) == len(list(method.network.parameters()))
    for epoch, drop in ((0, 1), (43, 1), (44, 0.1), (58, 0.1), (59, 0.01), (69, 0.01)):
        t = (epoch * 500 + (499 if epoch in (43, 58) else 0)) / steps
        method.warm_up({"source": batch(0)}, t, torch.Generator())
        assert (rest["lr"], backbone["lr"]) == pytest.approx((0.1 * drop, 0.01 * drop))


@given(st.integers(1, 200_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
@how(max_examples=200)
def test_parity_iterations_come_back_from_progress_so_that_a_resumed_run_goes_on(pair):
    steps, i = pair
    settings = RegDASettings(parity=True, steps=steps).in_force()
    assert settings.adversarial_factor(i / steps) == pytest.approx(
        0.1 * math.tanh(i / 2000), abs=1e-12
    )


def test_parity_target_is_int_quantised():
    method = regda(parity=True)
    assert method.codec.rounding
    drawn, _ = method.codec.encode(torch.tensor([[[5.2, 8.9]]]), torch.ones(1, 1).bool())
    assert divmod(int(drawn[0, 0].argmax()), SIDE // 2) == (4, 3)  # int(x / 2 + .5), a whole 1
    assert drawn[0, 0, 4, 3] == 1
    assert not regda().codec.rounding


def test_domain_statistics_are_those_of_the_target_alone():
    source, target = batch(0), batch(1)
    source["image"] = source["image"] // 2 + 127
    method, network = adapting(domain_statistics=True)
    before = copy.deepcopy(network)
    method.adapt(pair(source, target), 0.5, torch.Generator())
    plainly, _ = adapting(domain_statistics=False)
    plainly.adapt(pair(source, target), 0.5, torch.Generator())

    def statistics(net):
        return next(m for m in net.features.modules() if isinstance(m, nn.BatchNorm2d)).running_mean

    first = network.features.body[0]  # moved by step A before the target is seen
    seen = torch.nn.functional.conv2d(plain(target), first.weight, first.bias, 2, 1).mean((0, 2, 3))
    expected = 0.9 * statistics(before) + 0.1 * seen
    assert torch.allclose(statistics(network), expected, atol=2e-3)  # C moved the features since
    assert not torch.allclose(statistics(plainly.network), expected, atol=1e-2)


# ---- networks


def test_two_heads_share_the_features_and_leave_random_numbers_alone():
    network = TinyNet()
    state = torch.random.get_rng_state()
    one, same, other = TwoHeads(network, 3), TwoHeads(network, 3), TwoHeads(network, 4)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert equal(values_of(one.head), values_of(same.head))
    assert not torch.equal(one.head[0].weight, other.head[0].weight)
    assert not torch.equal(one.head[0].weight, one.head_adv[0].weight)
    assert one.features.body is network.body
    names = [name for name, _ in one.named_parameters()]
    assert not any("_features" in name for name in names)
    assert sum(name.startswith("features.") for name in names) == len(
        list(network.body.parameters())
    )


def test_a_copy_of_a_two_headed_network_has_features_of_its_own():
    one = TwoHeads(TinyNet()).eval()
    images = torch.rand(2, 3, SIDE, SIDE)
    expected = one(images)
    other = copy.deepcopy(one)
    with torch.no_grad():
        one.features.body[0].weight.zero_()
    assert torch.allclose(other(images), expected)
    assert not torch.allclose(one(images), expected)


def test_the_adaptation_keeps_the_features_of_the_warmup():
    method = regda(warmup_steps=3, steps=0)
    fit(method, {"source": loader}, runtime)
    warm = values_of(method.network)
    for source in (method, None):  # in the same run, or from the network of another
        after = method if source else regda()
        if not source:
            after.load_network(warm)
            after.prepare(runtime)
        after.start_stage(ADAPTATION)
        found = values_of(after.network)
        assert all(
            torch.equal(found["features." + name], warm[name]) for name in warm if "body" in name
        )


def test_a_network_trained_by_another_method_is_a_warm_start():
    other = source_only(warmup_steps=3, steps=0)
    fit(other, {"source": loader}, runtime)
    method = regda()
    method.load_network(other.state_dict()["network"])
    assert equal(values_of(method.network), values_of(other.network))


def test_a_finished_run_loads_to_predict_before_and_after_prepare():
    method = regda()
    fit(method, {"source": loader, "target": target_loader}, runtime)
    state = method.state_dict()["network"]
    images = batch(77)["image"]
    expected = method.predict(images)
    for early in (True, False):
        loaded = regda(TinyNet(seed=9), seed=9)
        if early:
            loaded.load_network(state)
        loaded.prepare(runtime)
        if not early:
            loaded.load_network(state)
        found = loaded.predict(images)
        assert torch.equal(found[0], expected[0])
        assert torch.equal(found[1], expected[1])
    with pytest.raises(RuntimeError):
        regda().load_network({"head_adv.0.weight": torch.zeros(1)})


# ---- prediction


class Fixed(nn.Module):
    """Says the same logits about every image."""

    stride, channels = 2, 1

    def __init__(self, logits: Tensor):
        super().__init__()
        self.logits = nn.Parameter(logits)
        self.head = nn.Identity()

    def forward(self, images_B3HW: Tensor) -> Tensor:
        return self.logits.expand(len(images_B3HW), -1, -1, -1)


@pytest.mark.parametrize("shift", [-50.0, 0.0, 50.0])
def test_prediction_reads_logits_of_any_sign(shift):
    codec = HeatmapCodec(SIDE, 2)
    keypoints = torch.tensor([[[7.3, 6.1], [9.0, 8.4], [5.5, 7.9]]])
    target, _ = codec.encode(keypoints, torch.ones(1, 3).bool())
    method = regda(Fixed((target + 1e-12).log() + shift))
    method.prepare(runtime)
    found, confidence = method.predict(batch(0)["image"])
    assert (found - keypoints).abs().max() < 0.1
    assert torch.allclose(confidence[:1], codec.decode(target)[1], rtol=0.02)


def test_prediction_is_unsure_where_the_logits_are_flat_and_never_above_one():
    logits = torch.zeros(1, 3, 8, 8)
    logits[0, 0, 3, 3] = 0.01
    logits[0, 1, 4, 4] = 1.5
    logits[0, 2, 5, 2] = 60.0  # sharper than any target
    method = regda(Fixed(logits))
    method.prepare(runtime)
    found, confidence = method.predict(batch(0)["image"][:1])
    assert 0 < confidence[0, 0] < 0.15
    assert confidence[0, 0] < confidence[0, 1] < confidence[0, 2] == 1
    assert found[0, 2].tolist() == pytest.approx([2 * 2 + 0.5, 2 * 5 + 0.5], abs=1e-3)


def test_the_second_stage_predicts_with_the_main_head():
    method, network = adapting()
    images = batch(0)["image"]
    before = method.predict(images)
    with torch.no_grad():
        network.head_adv[-1].weight.normal_()
    assert torch.equal(method.predict(images)[0], before[0])
    with torch.no_grad():
        network.head[-1].weight.normal_()
    assert not torch.equal(method.predict(images)[0], before[0])
    assert network.training


# ---- whole runs


def lines(folder: Path) -> list[dict]:
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        assert record.pop("steps_per_second") > 0
    return records


KINDS = {
    "adamw": {},
    "sgd": {"optimiser": "sgd", "learning_rate": 0.02, "adaptation_learning_rate": 0.01},
    "parity": {"parity": True},
}
TOTAL = 10


def run(folder: Path, kind: str, stop: int = -1, resume: bool = False) -> RegDA:
    """Ended by Ctrl-C when step ``stop`` wants its batch."""
    method = regda(augmentation=STRONG, **KINDS[kind])

    def source(stage: Stage, start: int):
        first = {"warm-up": 0, "adaptation": 6}[stage.name]
        for step, values in enumerate(loader(stage, start), start):
            if first + step == stop:
                raise KeyboardInterrupt
            yield values

    def target(stage: Stage, start: int):
        return (batch(5000 + step) for step in range(start, stage.steps))

    loaders = {"source": source, "target": target}
    fit(method, loaders, runtime, folder, seed=3, log_every=3, save_every=100, resume=resume)
    return method


@pytest.fixture(scope="module", params=list(KINDS))
def whole(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    method = run(folder, request.param)
    return request.param, checkpoint.latest(folder / "checkpoints"), lines(folder), method


@pytest.mark.parametrize("stop", [0, 2, 6, 8])
def test_a_run_stopped_in_either_stage_resumes_to_the_same_bits(stop, whole, tmp_path):
    kind, kept, journal, method = whole
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, kind, stop)
    resumed = run(tmp_path, kind, resume=True)
    assert equal(values_of(resumed.network), values_of(method.network))
    assert lines(tmp_path) == journal
    found = checkpoint.latest(tmp_path / "checkpoints")
    assert found is not None
    assert same(found[1]["method"], kept[1]["method"])


def same(one, other) -> bool:
    """Trees of tensors and JSON values, bit for bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, Tensor) else one == other


def test_a_state_holds_three_optimisers(whole):
    _, (steps, state), journal, _ = whole
    assert steps == TOTAL
    assert set(state["method"]["optimisers"]) == {"features", "head", "head_adv"}
    assert {"adversarial_weight", "head_agreement", "target_disparity"} <= set(journal[-1])
    assert 0 <= journal[-1]["head_agreement"] <= 1


def test_losses_fall_in_both_stages():
    records: dict[str, list[dict]] = {"warm-up": [], "adaptation": []}
    method = regda(warmup_steps=40, steps=40, learning_rate=1e-2, adaptation_learning_rate=5e-3)
    fit(
        method,
        {
            "source": lambda stage, start: (batch(0) for _ in range(stage.steps)),
            "target": lambda stage, start: (unlabelled(batch(1)) for _ in range(stage.steps)),
        },
        runtime, log=lambda record: records[record["stage"]].append(record), log_every=5,
    )  # fmt: skip
    for stage, found in records.items():
        assert found[-1]["supervised"] < 0.7 * found[0]["supervised"], stage
    first, last = records["adaptation"][0], records["adaptation"][-1]
    assert last["source_disparity"] < 0.7 * first["source_disparity"]
