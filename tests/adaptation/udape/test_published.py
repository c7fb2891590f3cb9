"""The published UDAPE against the same algorithm in loops over samples, joints and pixels."""

from __future__ import annotations

import copy
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.adaptation.tiny import (
    BATCH,
    KEYPOINTS,
    SIDE,
    TinyNet,
    batch,
    loader,
    pair,
    stopping_loader,
)
from torch import Tensor, nn

from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.udape.published import (
    UDAPEParity,
    UDAPEParitySettings,
    most_confident,
)
from posesift.adaptation.views.affine import apply
from posesift.adaptation.views.appearance import MEAN, SPREAD, normalise
from posesift.adaptation.views.augment import generator
from posesift.adaptation.views.published import BODIES, Crop, ParityViews, draw_crop, jitter
from posesift.adaptation.views.published_warps import Warp, draw_warp, occlude, unwarp
from posesift.networks.heatmaps import HeatmapCodec

STRIDE, SIGMA = TinyNet.stride, 1
CELLS = SIDE // STRIDE
RANGES = {"rotation": 60.0, "shear": 30.0, "shift": 0.05, "scale": (0.6, 1.3)}
runtime = Runtime.resolve("cpu", "fp32")


class Blend(nn.Module):
    """A "style" that can be followed by hand: part of the other image."""

    def forward(self, content_B3HW: Tensor, style_B3HW: Tensor, strength_B: Tensor) -> Tensor:
        return torch.lerp(content_B3HW, style_B3HW, strength_B[:, None, None, None])


def parity(style: nn.Module | None = None, **settings) -> UDAPEParity:
    network = TinyNet()
    network.head.bias.data = torch.tensor([0.1, 0.3, -9.0])  # the last map is nowhere positive
    chosen = UDAPEParitySettings(**({"warmup_steps": 6, "steps": 4} | settings))
    codec = HeatmapCodec(SIDE, STRIDE, SIGMA, rounding=True)
    return UDAPEParity(network, codec, chosen, style)


def warp_of(count: int = 1, angle=0.0, shear=0.0, scale=1.0, shift=(0.0, 0.0)) -> Warp:
    one = torch.ones(count)
    return Warp(
        one * math.radians(angle), one * math.radians(shear), one * scale,
        torch.tensor([shift]).expand(count, 2),
    )  # fmt: skip


# the algorithm once more, slowly


def slow_matrix(angle: float, shear: float, scale: float) -> list[list[float]]:
    """Without a shear along y."""
    return [
        [scale * math.cos(angle), scale * (-math.cos(angle) * math.tan(shear) - math.sin(angle))],
        [scale * math.sin(angle), scale * (-math.sin(angle) * math.tan(shear) + math.cos(angle))],
    ]


def slow_nearest(image: np.ndarray, linear, shift) -> np.ndarray:
    """One image (C, H, W), by the map p -> linear (p - c) + c + shift about its centre c."""
    side = image.shape[-1]
    result = np.zeros_like(image)
    (a, b), (c, d) = linear
    determinant = a * d - b * c
    for row in range(side):
        for column in range(side):
            x = column - (side - 1) / 2 - shift[0]
            y = row - (side - 1) / 2 - shift[1]
            from_x = round((d * x - b * y) / determinant + (side - 1) / 2)
            from_y = round((a * y - c * x) / determinant + (side - 1) / 2)
            if 0 <= from_x < side and 0 <= from_y < side:
                result[:, row, column] = image[:, from_y, from_x]
    return result


def slow_unwarp(image: np.ndarray, warp: Warp, b: int, stride: int) -> np.ndarray:
    angle, shear, scale = (float(values[b]) for values in warp[:3])
    right, down = (float(value) / stride for value in warp.shift_B2[b])
    image = slow_nearest(image, ((1, 0), (0, 1)), (-right, -down))
    image = slow_nearest(image, slow_matrix(-angle, 0, 1 / scale), (0, 0))
    return slow_nearest(image, slow_matrix(0, -shear, 1), (0, 0))


def slow_crop(image: np.ndarray, corner, size: int) -> np.ndarray:
    side = image.shape[-1]
    result = np.zeros(image.shape)
    for row in range(side):
        for column in range(side):
            x = min(max((column + 0.5) * size / side - 0.5 + corner[0], 0), side - 1)
            y = min(max((row + 0.5) * size / side - 0.5 + corner[1], 0), side - 1)
            for i in (math.floor(y), math.floor(y) + 1):
                for j in (math.floor(x), math.floor(x) + 1):
                    if i < side and j < side:
                        share = (1 - abs(y - i)) * (1 - abs(x - j))
                        result[:, row, column] += share * image[:, i, j]
    return result


def slow_jitter(image: np.ndarray, factors, order) -> np.ndarray:
    for kind in order:
        grey = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
        other = (0.0, grey.mean(), grey)[kind]
        image = np.clip(factors[kind] * image + (1 - factors[kind]) * other, 0, 1)
    return image


def slow_gaussian(x: int, y: int) -> np.ndarray:
    heatmap = np.zeros((CELLS, CELLS))
    for dy in range(-3 * SIGMA, 3 * SIGMA + 1):
        for dx in range(-3 * SIGMA, 3 * SIGMA + 1):
            if 0 <= x + dx < CELLS and 0 <= y + dy < CELLS:
                heatmap[y + dy, x + dx] = math.exp(-(dx**2 + dy**2) / (2 * SIGMA**2))
    return heatmap


def slow_argmax(heatmap: np.ndarray) -> tuple[int, int]:
    best, place = heatmap[0, 0], (0, 0)
    for y in range(CELLS):
        for x in range(CELLS):
            if heatmap[y, x] > best:
                best, place = heatmap[y, x], (x, y)
    return place if best > 0 else (0, 0)


class SlowUDAPE:
    """A step in loops, on the draws that a generator gives in the order of the real one."""

    def __init__(self, method: UDAPEParity, seed: int):
        self.settings = method.settings
        self.random = generator("cpu", seed)
        self.coins = random.Random(self.random.initial_seed())
        self.student, self.teacher = copy.deepcopy(method.student), copy.deepcopy(method.teacher)
        self.style = method.style

    def crop(self, images: Tensor) -> tuple[list[np.ndarray], Crop]:
        crop = draw_crop(BATCH, SIDE, self.settings.views.area, self.random)
        values = zip(images.numpy(), crop.corner_B2.tolist(), crop.size_B.tolist(), strict=True)
        return [slow_crop(image, corner, size) / 255 for image, corner, size in values], crop

    def view(self, crops: list[np.ndarray]) -> tuple[np.ndarray, Warp]:
        warp = draw_warp(BATCH, SIDE, self.random, **RANGES)
        draws = torch.rand(2, 3, BATCH, generator=self.random)
        views = []
        for b, crop in enumerate(crops):
            linear = slow_matrix(*(float(values[b]) for values in warp[:3]))
            image = slow_nearest(crop, linear, warp.shift_B2[b].tolist())
            factors = [1 + 0.25 * (2 * float(draw) - 1) for draw in draws[0, :, b]]
            image = slow_jitter(image, factors, np.argsort(draws[1, :, b].numpy()))
            views.append([(image[c] - MEAN[c]) / SPREAD[c] for c in range(3)])
        return np.array(views), warp

    def supervised(self, images: np.ndarray, source: dict[str, Tensor], crop: Crop, warp: Warp):
        found = self.run(self.student, images)
        total = 0.0
        for b in range(BATCH):
            linear = slow_matrix(*(float(values[b]) for values in warp[:3]))
            for k in range(KEYPOINTS):
                x, y = (
                    (float(source["keypoints"][b, k, a]) - float(crop.corner_B2[b, a]))
                    * SIDE / float(crop.size_B[b]) - SIDE / 2
                    for a in range(2)
                )  # fmt: skip
                x, y = (
                    row[0] * x + row[1] * y + SIDE / 2 + float(warp.shift_B2[b, a])
                    for a, row in enumerate(linear)
                )
                cell = int(x / STRIDE + 0.5), int(y / STRIDE + 0.5)
                if source["visible"][b, k] and all(0 <= value < CELLS for value in cell):
                    error = found[b, k] - slow_gaussian(*cell)
                    total += sum(0.5 * float(pixel) ** 2 for pixel in error.flat)
        return total / (BATCH * KEYPOINTS * CELLS * CELLS)

    def consistency(self, views: list, student: np.ndarray, warp: Warp) -> float:
        averaged = np.zeros((BATCH, KEYPOINTS, CELLS, CELLS))
        for images, teacher_warp in views:
            maps = self.run(self.teacher, images)
            for b in range(BATCH):
                unwarped = slow_unwarp(maps[b], teacher_warp, b, STRIDE)
                averaged[b] += unwarped / len(views)
        confidence = averaged.reshape(BATCH * KEYPOINTS, -1).max(-1)
        threshold = sorted(confidence)[int(self.settings.masked * BATCH * KEYPOINTS) - 1]
        self.occluded = self.occlude(student, warp, averaged)
        found = self.run(self.student, student)
        total = 0.0
        for b in range(BATCH):
            unwarped = slow_unwarp(found[b], warp, b, STRIDE)
            for k in range(KEYPOINTS):
                if averaged[b, k].max() > threshold:
                    error = unwarped[k] - slow_gaussian(*slow_argmax(averaged[b, k]))
                    total += sum(float(pixel) ** 2 for pixel in error.flat)
        return total / (BATCH * KEYPOINTS * CELLS * CELLS)

    def occlude(self, student: np.ndarray, warp: Warp, averaged: np.ndarray) -> list[int]:
        """In place; the samples that got a patch."""
        draws = torch.rand(BATCH, KEYPOINTS + 3, generator=self.random).tolist()
        half, done = max(1, round(10 * SIDE / 256)), []
        for b, (*joints, coin, x_draw, y_draw) in enumerate(draws):
            sure = [k for k in range(KEYPOINTS)
                    if averaged[b, k].max() >= self.settings.occlude_from]  # fmt: skip
            if not sure or coin > self.settings.occlude_rate:
                continue
            x, y = (STRIDE * c for c in slow_argmax(averaged[b, max(sure, key=joints.__getitem__)]))
            image = slow_unwarp(student[b], warp, b, STRIDE)  # sic: the shift of heatmaps
            top, bottom = max(y - half, 0), min(y + half, SIDE)
            left, right = max(x - half, 0), min(x + half, SIDE)
            row = int(y_draw * (SIDE - (bottom - top) + 1))
            column = int(x_draw * (SIDE - (right - left) + 1))
            patch = image[:, row : row + bottom - top, column : column + right - left].copy()
            image[:, top:bottom, left:right] = patch
            linear = slow_matrix(*(float(values[b]) for values in warp[:3]))
            shift = [float(value) / STRIDE for value in warp.shift_B2[b]]
            student[b] = slow_nearest(image, linear, shift)
            done.append(b)
        return done

    def styled(self, content: np.ndarray, look: np.ndarray) -> np.ndarray:
        strength = self.coins.uniform(*self.settings.style_strength)
        return (1 - strength) * content + strength * look

    def run(self, network: nn.Module, images: np.ndarray) -> np.ndarray:
        with torch.no_grad():  # in train mode: with the statistics of the batch
            return network.train()(torch.from_numpy(images).float()).numpy()

    def warm_up(self, source, target) -> float:
        crops, crop = self.crop(source["image"])
        images, warp = self.view(crops)
        if self.style is not None and self.coins.random() < self.settings.source_style:
            images = self.styled(images, self.view(self.crop(target["image"])[0])[0])
        return self.supervised(images, source, crop, warp)

    def adapt(self, source, target) -> tuple[float, float]:
        crops, crop = self.crop(source["image"])
        images, warp = self.view(crops)
        frame, _ = self.crop(target["image"])
        student, student_warp = self.view(frame)
        views = [self.view(frame) for _ in range(self.settings.teacher_views)]
        plain, look = images, views[0][0]
        if self.style is not None and self.coins.random() < self.settings.source_style:
            images = self.styled(plain, look)
        if self.style is not None and self.coins.random() < self.settings.target_style:
            views = [(self.styled(view, plain), warp) for view, warp in views]
        consistency = self.consistency(views, student, student_warp)
        return self.supervised(images, source, crop, warp), consistency


CASES = [
    {},
    {"teacher_views": 2, "masked": 0.7},
    {"style": Blend(), "source_style": 1.0, "target_style": 1.0},
    {"style": Blend(), "source_style": 0.5, "target_style": 0.5, "style_strength": (0.2, 0.4)},
    {"occlude_from": -99.0, "occlude_rate": 1.0, "masked": 0.2},
]


@pytest.mark.parametrize("case", CASES)
def test_losses_of_the_adaptation_are_those_of_the_loops(case):
    method = parity(**({"occlude_from": 0.2} | case))
    method.prepare(runtime)
    method.start_stage(method.stages[1])
    with torch.no_grad():  # a teacher of its own
        for weights in method.teacher.parameters():
            weights += 0.1 * torch.rand(weights.shape, generator=generator("cpu", 9))
    occluded = []
    for seed in range(2):
        slow = SlowUDAPE(method, seed)
        expected = slow.adapt(batch(seed), batch(50 + seed))
        occluded += slow.occluded
        losses = method.adapt(
            pair(batch(seed), batch(50 + seed)), 0.0, generator("cpu", seed)
        ).losses
        assert losses["supervised"].item() == pytest.approx(expected[0], abs=1e-5)
        assert losses["consistency"].item() == pytest.approx(expected[1], abs=1e-5)
        assert expected[1] > 1e-3
    assert occluded, "no patch was compared"


@pytest.mark.parametrize("style", [None, Blend()])
def test_the_loss_of_the_warm_up_is_that_of_the_loops(style):
    method = parity(style, source_style=1.0)
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    expected = SlowUDAPE(method, 3).warm_up(batch(0), batch(50))
    loss = method.warm_up(pair(batch(0), batch(50)), 0.0, generator("cpu", 3)).losses["supervised"]
    assert loss.item() == pytest.approx(expected, abs=1e-5)


def test_a_batch_in_parts_adds_up_to_the_losses_of_the_whole():
    """With BatchNorm in eval mode, or the parts would differ by their statistics."""
    found = []
    for parts in (1, 3):
        method = parity(occlude_from=0.2)
        method.prepare(Runtime(torch.device("cpu"), "fp32", 1, accumulate=parts))
        method.start_stage(method.stages[1])
        method.student.eval()
        found.append(method.adapt(pair(batch(0), batch(50)), 0.0, generator("cpu", 1)).losses)
        found[-1]["gradient"] = method.student.head.weight.grad
    for name, whole in found[0].items():
        assert torch.allclose(whole, found[1][name], atol=1e-6), name


# geometry


def test_a_crop_by_hand():
    crop = Crop(torch.tensor([[2.0, 3.0]]), torch.tensor([8.0]))
    assert crop.points(torch.tensor([[[4.0, 5.0]]]), 16).tolist() == [[[4.0, 4.0]]]
    ramp = torch.arange(16.0).expand(1, 3, 16, 16)
    # pixel 4 of the crop is centred on 4.5 of its 16 edges' units, 2.25 of 8, and 4.25 of the image
    assert crop.image(ramp)[0, 0, 5, 4].item() == pytest.approx(4.5 * 8 / 16 - 0.5 + 2)


def test_crops_hold_60_to_100_percent_of_the_area_and_lie_inside():
    crop = draw_crop(20_000, 256, (0.6, 1.3), generator("cpu", 0))
    area = (crop.size_B / 256) ** 2
    assert 0.59 < area.min() < 0.61
    assert area.max() == 1
    assert area.mean().item() == pytest.approx(0.8, abs=0.005)
    assert (crop.corner_B2 == crop.corner_B2.floor()).all()
    assert (crop.corner_B2 >= 0).all()
    assert (crop.corner_B2 + crop.size_B[:, None] <= 256).all()
    room = 256 - crop.size_B
    last = (crop.corner_B2[:, 0] == room) & (room > 0)
    assert last.any(), "the last place is never drawn"


def test_views_have_the_published_ranges():
    warp = draw_warp(20_000, 256, generator("cpu", 0), **RANGES)
    assert warp.angle_B.abs().max().item() == pytest.approx(math.radians(60), abs=1e-3)
    assert warp.shear_B.abs().max().item() == pytest.approx(math.radians(30), abs=1e-3)
    assert (warp.scale_B.min().item(), warp.scale_B.max().item()) == pytest.approx(
        (0.6, 1.3), abs=1e-3
    )
    assert warp.scale_B.mean().item() == pytest.approx(0.95, abs=0.01)
    assert warp.shift_B2.unique().tolist() == list(range(-13, 14))
    published = ParityViews(
        rotation=60, shear=30, shift=0.05, scale=(0.6, 1.3), colour=0.25, area=(0.6, 1.3)
    )
    assert published == BODIES


def test_three_steps_undo_a_map_exactly_where_nothing_is_rounded():
    warp = draw_warp(50, 64, generator("cpu", 1), **RANGES)
    points_BK2 = 20 * torch.rand(50, 7, 2, generator=generator("cpu", 2))
    zero, one = torch.zeros(50), torch.ones(50)
    moved = warp.points(points_BK2, 64)
    moved = Warp(zero, zero, one, -warp.shift_B2).points(moved, 64)
    moved = Warp(-warp.angle_B, zero, 1 / warp.scale_B, 0 * warp.shift_B2).points(moved, 64)
    moved = Warp(zero, -warp.shear_B, one, 0 * warp.shift_B2).points(moved, 64)
    assert torch.allclose(moved, points_BK2, atol=1e-4)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.0, -2.0), (0.5, 1.5), (-0.25, 0.75)])
def test_half_a_cell_goes_to_the_even_neighbour(shift):
    image = torch.rand(1, 2, 8, 8, generator=generator("cpu", 0))
    expected = slow_nearest(image[0].numpy(), ((1, 0), (0, 1)), shift)
    assert np.array_equal(warp_of(shift=shift).image(image)[0].numpy(), expected)


def test_unwarped_peaks_are_found_within_the_error_of_the_nearest_cell():
    """Measured for the published ranges: 0.83 cells on average, 1.69 in 95 % of the cases."""
    count, joints, cells = 64, 16, 64
    random_ = generator("cpu", 0)
    warp = draw_warp(count, 256, random_, **RANGES).divided(4)
    points_BK2 = 16 + 32 * torch.rand(count, joints, 2, generator=random_)  # cells of the crop
    centre = (cells - 1) / 2
    matrix_B23 = torch.cat([warp.linear_B22, warp.shift_B2[..., None]], -1)
    view_BK2 = apply(matrix_B23, points_BK2 - centre) + centre
    grid = torch.arange(cells)
    x_BKW, y_BKH = (grid - view_BK2[..., a, None] for a in range(2))
    maps = torch.exp(-(y_BKH[..., :, None] ** 2 + x_BKW[..., None, :] ** 2) / (2 * 2**2))
    flat = unwarp(maps, warp).flatten(2).argmax(-1)
    error = (torch.stack([flat % cells, flat // cells], -1) - points_BK2).norm(dim=-1)
    inside = ((view_BK2 > 2) & (view_BK2 < cells - 3)).all(-1)
    error = error[inside]
    assert len(error) > 800
    assert error.mean().item() == pytest.approx(0.83, abs=0.15)
    assert error.quantile(0.95).item() == pytest.approx(1.69, abs=0.3)


def test_the_patch_misses_its_joint_by_three_quarters_of_the_shift():
    count, side, stride = 16, 128, 4
    random_ = generator("cpu", 4)
    warp = draw_warp(count, side, random_, **(RANGES | {"shift": 0.1}))
    warp = warp._replace(scale_B=warp.scale_B.clamp(max=0.9))
    images = torch.rand(count, 3, side, side, generator=random_)
    joint_B12 = torch.floor(48 + 32 * torch.rand(count, 1, 2, generator=random_))
    published = warp.divided(stride)
    covered = occlude(images, published, joint_B12, torch.ones(count, 1) > 0, 1.0, random_)
    plain = published.image(unwarp(images, published))
    axis, misses = torch.arange(side), []
    for b in range(count):
        changed = (covered[b] != plain[b]).any(0)
        rows, columns = changed.any(1), changed.any(0)
        patch = torch.stack([axis[columns].float().mean(), axis[rows].float().mean()])
        joint = warp.points(joint_B12, side)[b, 0]
        misses.append((patch - joint).tolist())
        assert torch.allclose(patch - joint, -0.75 * warp.shift_B2[b], atol=2.5), b
    assert np.abs(np.mean(misses, 0) + 0.75 * warp.shift_B2.mean(0).numpy()).max() < 1


def test_a_patch_covers_a_candidate_and_nothing_else():
    images = torch.rand(200, 3, 64, 64, generator=generator("cpu", 0))
    joints = torch.tensor([[10.0, 20.0], [40.0, 50.0], [0.0, 0.0]]).expand(200, 3, 2)
    candidate = torch.tensor([[True, False, True]]).repeat(200, 1)
    candidate[:20] = False
    covered = occlude(images, warp_of(200), joints, candidate, 0.5, generator("cpu", 1))
    changed = (covered != images).any(1)
    happened = changed.flatten(1).any(1)
    assert not happened[:20].any()
    assert 0.35 < happened[20:].float().mean() < 0.65
    at = [changed[:, 18:22, 8:12].all(-1).all(-1), changed[:, :2, :2].all(-1).all(-1)]
    assert not changed[:, 48:53, 38:43].any()
    assert ((at[0].int() + at[1].int())[happened] <= 1).all()
    assert min(int(a.sum()) for a in at) > 10
    assert changed.flatten(1).sum(1).max() <= 16, "4 x 4 of 64: 20 x 20 of 256"


def test_colours_change_as_in_the_loop():
    images = torch.rand(6, 3, 5, 5, generator=generator("cpu", 0))
    found = jitter(images, 0.25, generator("cpu", 1))
    draws = torch.rand(2, 3, 6, generator=generator("cpu", 1))
    orders = set()
    for b in range(6):
        order = np.argsort(draws[1, :, b].numpy())
        orders.add(tuple(order))
        factors = [0.75 + 0.5 * float(draw) for draw in draws[0, :, b]]
        expected = slow_jitter(images[b].numpy(), factors, order)
        assert np.allclose(found[b].numpy(), expected, atol=1e-6)
    assert len(orders) > 1
    assert torch.equal(jitter(images, 0.0, generator("cpu", 1)), images)


# the training


def run(folder: Path | None, load=loader, resume: bool = False) -> UDAPEParity:
    method = parity(Blend(), occlude_from=0.2, drops=(4, 8))
    loaders = {"source": load, "target": loader}
    fit(method, loaders, runtime, folder, seed=3, log_every=3, save_every=2, resume=resume)
    return method


def everything(method: UDAPEParity) -> dict[str, Tensor]:
    state = method.state_dict()
    moments = state["optimiser"]["state"]
    return (
        {f"teacher {k}": v for k, v in state["network"].items()}
        | {f"student {k}": v for k, v in state["student"].items()}
        | {f"adam {i} {k}": v for i, values in moments.items() for k, v in values.items()}
    )


@pytest.fixture(scope="module")
def whole():
    return everything(run(None))


@pytest.mark.parametrize("at", [0, 3, 4, 6, 7, 9])
def test_a_run_resumed_in_either_stage_ends_bit_for_bit_like_one_that_ran_through(
    at, tmp_path, whole
):
    with pytest.raises(OSError, match="gone"):
        run(tmp_path, stopping_loader(at, OSError("gone")))
    found = everything(run(tmp_path, resume=True))
    assert found.keys() == whole.keys()
    assert all(torch.equal(found[name], whole[name]) for name in whole)


def test_gradients_reach_the_student_through_the_warp_and_never_the_teacher():
    method = parity(steps=4)
    method.prepare(runtime)
    method.start_stage(method.stages[1])
    method.adapt(pair(batch(0, visible=False), batch(50)), 0.0, generator("cpu", 0))
    assert method.student.head.weight.grad.any(), "only the consistency was there"
    assert all(p.grad is None for p in method.teacher.parameters())


def test_the_teacher_predicts_after_the_adaptation_with_its_running_statistics():
    method = parity()
    fit(method, {"source": loader, "target": loader}, runtime)
    images = batch(0)["image"]
    teacher = copy.deepcopy(method.teacher).eval()
    with torch.no_grad():
        expected = method.codec.decode(teacher(normalise(images)))
    found = method.predict(images)
    assert torch.equal(found[0], expected[0])
    assert torch.allclose(found[1], expected[1])
    assert method.network is method.teacher
    assert method.teacher.training


def test_a_trained_network_is_taken_up_to_predict_and_to_go_on():
    trained = parity()
    fit(trained, {"source": loader, "target": loader}, runtime)
    fresh = parity(warmup_steps=0)
    fresh.load_network(trained.state_dict()["network"])
    fresh.prepare(runtime)
    images = batch(0)["image"]
    assert torch.equal(fresh.predict(images)[0], trained.predict(images)[0])
    fresh.start_stage(fresh.stages[0])
    assert torch.equal(fresh.teacher.head.weight, trained.teacher.head.weight)


def test_stages_ask_for_target_images_where_they_look_at_them():
    assert [s.domains for s in parity().stages] == [("source",), ("source", "target")]
    assert [s.domains for s in parity(Blend()).stages] == [("source", "target")] * 2
    assert [s.name for s in parity(warmup_steps=0).stages] == ["adaptation"]


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="masked share of labels above 0 and up to 1, found 0"):
        UDAPEParitySettings(masked=0.0)
    with pytest.raises(ValueError, match="at least 1 teacher view, found 0"):
        UDAPEParitySettings(teacher_views=0)
    with pytest.raises(ValueError, match="rounding=True"):
        UDAPEParity(TinyNet(), HeatmapCodec(SIDE, STRIDE))


def test_the_mask_is_of_the_batch_of_all_ranks():
    """Two samples here, two on another rank that is surer of everything: nothing here is kept."""
    mine, theirs = torch.tensor([[0.1, 0.2], [0.3, 0.4]]), torch.full((2, 2), 0.9)
    assert most_confident(mine, 0.5).tolist() == [[0, 0], [1, 1]]
    kept = most_confident(mine, 0.5, lambda values: torch.cat([values, theirs]))
    assert kept.tolist() == [[0, 0], [0, 0]]


def test_an_adaptation_asks_for_the_confidences_of_all_ranks(monkeypatch):
    """A rank beside that is sure of everything leaves this one without a label to learn."""
    losses = []
    for beside in (0.0, 9.0):
        method = parity()
        method.prepare(Runtime.resolve("cpu", "fp32"))
        method.start_stage(method.stages[-1])
        monkeypatch.setattr(
            Runtime, "gather", lambda self, values, b=beside: torch.cat([values, values * 0 + b])
        )
        found = method.adapt(pair(batch(0), batch(1)), 0.0, generator("cpu", 0))
        losses.append(found.losses["consistency"].item())
    assert losses[0] > 0
    assert losses[1] == 0
