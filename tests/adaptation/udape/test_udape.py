import math
from dataclasses import replace

import pytest
import torch
from tests.adaptation.tiny import KEYPOINTS, SIDE, TinyNet, batch, loader, pair

from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.udape.method import UDAPE, UDAPESettings
from posesift.adaptation.views.affine import apply, compose, invert
from posesift.adaptation.views.appearance import normalise
from posesift.adaptation.views.augment import NONE, STRONG, WEAK, generator, view
from posesift.networks.heatmaps import HeatmapCodec

MIRROR = (1, 0, 2)
PLAIN = {
    "augmentation": NONE, "student": NONE, "teacher": NONE, "occlusion_rate": 0.0, "ramp_up": 0.0,
}  # fmt: skip


class Swap(torch.nn.Module):
    """A style that can be seen: the content becomes the style image, as far as strength goes."""

    def forward(self, content_B3HW, style_B3HW, strength_B):
        strength_B111 = strength_B[:, None, None, None]
        return content_B3HW * (1 - strength_B111) + style_B3HW * strength_B111


def udape(style=None, **settings):
    network = TinyNet()
    given = {"warmup_steps": 6, "steps": 4, "mirror": MIRROR, **settings}
    return UDAPE(network, HeatmapCodec(SIDE, network.stride), UDAPESettings(**given), style)


def adapting(style=None, **settings):
    """A method at the first step of its second stage, with a student that has moved on."""
    method = udape(style, **{"warmup_steps": 0, **settings})
    method.prepare(Runtime.resolve("cpu", "fp32"))
    method.start_stage(method.stages[0])
    with torch.no_grad():
        random = torch.Generator().manual_seed(7)
        for parameter in method.student.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=random))
    return method


def unlabelled(number):
    return {name: value for name, value in batch(number).items() if name in ("image", "index")}


def test_losses_are_those_of_a_slow_formulation():
    """Every pixel, joint and sample in a loop; views undone by hand."""
    keep = 0.5
    method = adapting(keep=keep, **(PLAIN | {"student": STRONG, "teacher": WEAK}))
    source, target = batch(1), unlabelled(2)
    student, codec = method.student, method.codec
    reference = TinyNet()
    reference.load_state_dict(student.state_dict())
    teacher = TinyNet()
    teacher.load_state_dict(method.network.state_dict())

    # the views are those that the step draws: the same generator, in the same order
    random = generator("cpu", 0, 0, 0)
    source_views, source_matrix = view(source["image"], NONE, random)
    student_views, student_matrix = view(target["image"], STRONG, random)
    teacher_views, teacher_matrix = view(target["image"], WEAK, random)
    with torch.no_grad():
        teacher.eval()
        points, confidence = codec.decode(teacher(teacher_views))
        reference.train()
        found = reference(torch.cat([source_views, student_views]))
    cells, count = codec.cells, len(target["image"])

    def gaussian(x, y, i, j):
        cx, cy = (x - 0.5) / 2, (y - 0.5) / 2
        return math.exp(-((j - cx) ** 2 + (i - cy) ** 2) / 2)

    def mean_square(heatmaps, at):
        total = 0.0
        for b in range(count):
            for k in range(KEYPOINTS):
                point = at(b, k)
                if point is not None:
                    for i in range(cells):
                        for j in range(cells):
                            wanted = gaussian(*point, i, j)
                            total += (heatmaps[b, k, i, j].item() - wanted) ** 2
        return 200 * total / (count * KEYPOINTS * cells * cells)

    def labelled(b, k):
        x, y = source["keypoints"][b, k].tolist()
        seen = source["visible"][b, k].item() and -0.5 <= x < SIDE - 0.5 and -0.5 <= y < SIDE - 0.5
        return (x, y) if seen else None

    def pseudo(b, k):
        ordered = sorted((confidence[c, k].item() for c in range(count)), reverse=True)
        if confidence[b, k].item() < ordered[round(keep * count) - 1]:
            return None
        back = compose(student_matrix[b], invert(teacher_matrix[b]))
        x, y = apply(back[None], points[b : b + 1, k : k + 1])[0, 0].tolist()
        return (x, y) if -0.5 <= x < SIDE - 0.5 and -0.5 <= y < SIDE - 0.5 else None

    result = method.adapt(pair(source, target), 0.5, generator("cpu", 0, 0, 0))
    assert torch.equal(source_matrix[:, :, :2], torch.eye(2).expand(count, 2, 2))
    supervised = mean_square(found[:count], labelled)
    consistency = mean_square(found[count:], pseudo)
    assert supervised > 0
    assert consistency > 0
    assert result.losses["supervised"].item() == pytest.approx(supervised, rel=1e-5)
    assert result.losses["consistency"].item() == pytest.approx(consistency, rel=1e-5)


def test_target_labels_change_nothing():
    ends = []
    for labels in (
        unlabelled,
        batch,
        lambda number: batch(number) | {"visible": torch.zeros(4, 3)},
    ):
        method = adapting()
        for step in range(3):
            method.adapt(
                pair(batch(step), labels(100 + step)),
                step / 3,
                generator("cpu", 0, 0, step),
            )
        ends.append(method.state_dict()["network"])
    for other in ends[1:]:
        for name, value in ends[0].items():
            assert torch.equal(value, other[name]), name


def test_the_teacher_follows_the_student_and_predicts():
    method = adapting(decay=0.5)
    before = method.network.head.weight.clone()
    first = method.student.head.weight.clone()
    method.adapt(pair(batch(0), unlabelled(1)), 0.5, generator("cpu", 0, 0, 0))
    assert not torch.equal(method.student.head.weight, first)
    torch.testing.assert_close(method.network.head.weight, method.student.head.weight)
    assert not torch.equal(method.network.head.weight, before)
    assert method.network is not method.student


def test_before_the_second_stage_the_student_predicts():
    method = udape()
    assert method.network is method.student
    assert [stage.domains for stage in method.stages] == [("source",), ("source", "target")]
    assert udape(Swap()).stages[0].domains == ("source", "target")


def test_consistency_rises_over_the_ramp_and_can_be_left_out():
    ends = []
    for t, weight in ((0.0, 1.0), (0.5, 0.0), (0.5, 1.0)):
        method = adapting(consistency=weight, ramp_up=0.1)
        method.rate = 1.0  # the trapezoid differs between t: compare gradients, not weights
        method.adapt(pair(batch(0), unlabelled(1)), t, generator("cpu", 0, 0, 0))
        ends.append([p.grad.clone() for p in method.student.parameters()])
    for at_start, without, _ in zip(*ends, strict=True):
        assert torch.equal(at_start, without)
    assert any(not torch.equal(a, b) for a, b in zip(ends[1], ends[2], strict=True))


def test_style_goes_both_ways_and_never_to_the_student():
    seen = []

    class Spy(Swap):
        def forward(self, content_B3HW, style_B3HW, strength_B):
            seen.append((content_B3HW.clone(), style_B3HW.clone(), strength_B.clone()))
            return super().forward(content_B3HW, style_B3HW, strength_B)

    method = adapting(Spy(), style_rate=0.5, **PLAIN)
    source, target = batch(0), unlabelled(1)
    given = []
    forward = method.forward
    method.forward = lambda images: given.append(images.clone()) or forward(images)
    method.adapt(pair(source, target), 0.5, generator("cpu", 0, 0, 0))
    (content, look, strength), (content_t, look_t, _) = seen
    source_views, target_views = normalise(source["image"]), normalise(target["image"])
    close = {"atol": 1e-4, "rtol": 0}
    torch.testing.assert_close(content, source_views[:2], **close)
    torch.testing.assert_close(look, target_views[2:], **close)
    torch.testing.assert_close(content_t, target_views[:2], **close)
    torch.testing.assert_close(look_t, source_views[2:], **close)  # un-stylised
    assert ((strength >= 0) & (strength <= 1)).all()
    torch.testing.assert_close(given[0][2:4], source_views[2:], **close)
    torch.testing.assert_close(given[0][4:], target_views, **close)
    assert not torch.allclose(given[0][:2], source_views[:2])


def test_parts_of_a_batch_add_up_to_its_gradient():
    gradients = []
    for accumulate in (1, 2, 4):
        method = adapting(occlusion_rate=0.0)
        method.runtime = replace(method.runtime, accumulate=accumulate)
        method.student.body[1].eval()  # with running statistics, as parts see other batches
        method.adapt(pair(batch(0), unlabelled(1)), 0.5, generator("cpu", 0, 0, 0))
        gradients.append([p.grad.clone() for p in method.student.parameters()])
    for other in gradients[1:]:
        for mine, theirs in zip(gradients[0], other, strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("stop", range(1, 10))
def test_killed_and_resumed_is_uninterrupted_bit_for_bit(tmp_path, stop):
    class KilledError(Exception):
        pass

    def whole(stage, start):
        return (b for b in loader(stage, start))

    def dying(stage, start):
        before = {"warm-up": 0, "adaptation": 6}[stage.name]
        for step, values in enumerate(loader(stage, start), start):
            if before + step == stop:
                raise KilledError
            yield values

    runtime = Runtime.resolve("cpu", "fp32")
    settings = {"seed": 3, "save_every": 1, "log_every": 3}
    uninterrupted = udape(Swap())
    fit(uninterrupted, {"source": whole, "target": whole}, runtime, tmp_path / "a", **settings)
    with pytest.raises(KilledError):
        fit(udape(Swap()), {"source": dying, "target": whole}, runtime, tmp_path / "b", **settings)
    resumed = udape(Swap())
    fit(
        resumed,
        {"source": whole, "target": whole},
        runtime,
        tmp_path / "b",
        resume=True,
        **settings,
    )
    mine, theirs = (
        checkpoint.latest(tmp_path / name / "checkpoints")[1]["method"] for name in ("a", "b")
    )
    for part in ("network", "student"):
        for name, value in mine[part].items():
            assert torch.equal(value, theirs[part][name]), name


def test_it_learns_to_agree_on_the_target():
    method = adapting(steps=60, adaptation_learning_rate=5e-3, **PLAIN)
    first, last = [], []
    for step in range(60):
        result = method.adapt(
            pair(batch(step % 4), unlabelled(50 + step % 4)),
            step / 60,
            generator("cpu", 0, 0, step),
        )
        (first if step < 10 else last).append(sum(v.item() for v in result.losses.values()))
    assert sum(last[-10:]) < sum(first)


@pytest.mark.parametrize("name", ["keep", "style_rate", "occlusion_rate"])
def test_shares_outside_of_0_to_1_are_refused(name):
    with pytest.raises(ValueError, match=rf"expected {name} in \[0, 1\], found 1.5"):
        UDAPESettings(**{name: 1.5})


def test_flips_without_a_mirror_are_refused():
    with pytest.raises(ValueError, match="flips need `mirror`"):
        UDAPESettings(student=replace(STRONG, flip=0.5))


def test_domain_statistics_normalise_each_domain_alone_and_keep_the_targets():
    """Against two passes of a copy by hand; the source is far brighter than the target."""
    method = adapting(domain_statistics=True, **PLAIN)
    source, target = batch(1), unlabelled(2)
    source["image"] = source["image"] // 2 + 127
    target["image"] = target["image"] // 4
    reference = TinyNet()
    reference.load_state_dict(method.student.state_dict())
    reference.train()
    views = [normalise(values["image"]) for values in (source, target)]
    with torch.no_grad():
        on_source = reference(views[0])
        reference.load_state_dict(method.student.state_dict())  # the source leaves no trace
        reference(views[1])
    label, weight = method.codec.encode(source["keypoints"], source["visible"])
    error = ((on_source - label).square().mean((-2, -1)) * weight).mean()
    result = method.adapt(pair(source, target), 0.5, torch.Generator().manual_seed(0))
    expected = method.settings.loss_scale * error
    assert result.losses["supervised"].item() == pytest.approx(expected.item(), rel=1e-4)
    norm, other = method.student.body[1], reference.body[1]
    assert torch.allclose(norm.running_mean, other.running_mean, atol=1e-6)
    assert torch.allclose(norm.running_var, other.running_var, atol=1e-6)
    assert norm.momentum == 0.1


def test_without_domain_statistics_both_domains_are_normalised_together():
    source, target = batch(1), unlabelled(2)
    found = {}
    for own in (False, True):
        method = adapting(domain_statistics=own, **PLAIN)
        method.adapt(pair(source, target), 0.5, torch.Generator().manual_seed(0))
        found[own] = method.student.body[1].running_mean.clone()
    student = adapting(**PLAIN).student.train()
    with torch.no_grad():
        student(normalise(torch.cat([source["image"], target["image"]])))
    assert torch.allclose(found[False], student.body[1].running_mean, atol=1e-6)
    assert not torch.allclose(found[False], found[True], atol=1e-4)
