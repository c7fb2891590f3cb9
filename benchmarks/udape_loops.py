"""What un-warping and rectifying a teacher's heatmaps costs, in three formulations.

    python benchmarks/udape_loops.py --batch 32 --keypoints 16 --rounds 5

Loops: a sample at a time through three resamplings, then a joint at a time through its arg-max
and Gaussian, as published. Batched: the same numbers, for the whole batch at once. Closed form:
the teacher's arg-max mapped into the student's view by a matrix and drawn there; the student's
heatmaps need no resampling then. The three do the work of one adaptation step: teacher labels,
and student heatmaps in the frame of their labels, without the networks and the loss. Timed in
turns.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import torch
from figures import Figure, in_turns, main, over
from torch import Tensor
from torch.nn import functional

from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.affine import compose, invert, move
from posesift.adaptation.views.published_warps import Warp, draw_warp, unwarp
from posesift.networks.heatmaps import HeatmapCodec

SIDE, STRIDE, SIGMA = 256, 4, 2


def unwarp_by_sample(maps_BKhw: Tensor, warp: Warp, stride: int) -> Tensor:
    """Un-warped heatmaps, one sample after the other, each through three affine resamplings.

    Every matrix is made on the processor and copied to the device, as a transform does that is
    written for a single image.
    """
    side, device, unwarped = maps_BKhw.shape[-1], maps_BKhw.device, []
    axis = torch.arange(side, device=device) - (side - 1) / 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    cell_hw3 = torch.stack([x, y, torch.ones_like(x)], -1)
    for b in range(len(maps_BKhw)):
        angle, shear, scale = (values[b].item() for values in warp[:3])
        right, down = (value / stride for value in warp.shift_B2[b].tolist())
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        sample_1Khw = maps_BKhw[b : b + 1]
        for matrix_23 in (  # each from where a cell goes to where it comes from
            [[1.0, 0.0, right], [0.0, 1.0, down]],
            [[cos, -sin, 0.0], [sin, cos, 0.0]],
            [[1.0, -math.tan(shear), 0.0], [0.0, 1.0, 0.0]],
        ):
            from_hw2 = cell_hw3 @ torch.tensor(matrix_23).T.to(device)
            sample_1Khw = functional.grid_sample(
                sample_1Khw,
                from_hw2[None] / (side / 2),
                mode="nearest",
                padding_mode="zeros",
                align_corners=False,
            )
        unwarped.append(sample_1Khw)
    return torch.cat(unwarped)


def rectify_by_joint(maps_BKhw: Tensor, sigma: int) -> Tensor:
    """A Gaussian of peak 1 at the arg-max of each map, one joint after the other."""
    batch, keypoints, side, _ = maps_BKhw.shape
    rectified_BKhw = torch.zeros_like(maps_BKhw)
    reach = 3 * sigma
    line = torch.arange(-reach, reach + 1, dtype=torch.float32)
    bump = torch.exp(-(line[:, None] ** 2 + line[None, :] ** 2) / (2 * sigma**2))
    bump = bump.to(maps_BKhw.device)
    for b in range(batch):
        for k in range(keypoints):
            flat = int(maps_BKhw[b, k].argmax())
            x, y = (flat % side, flat // side) if maps_BKhw[b, k].max() > 0 else (0, 0)
            left, right = max(0, x - reach), min(side, x + reach + 1)
            top, bottom = max(0, y - reach), min(side, y + reach + 1)
            rectified_BKhw[b, k, top:bottom, left:right] = bump[
                top - y + reach : bottom - y + reach, left - x + reach : right - x + reach
            ]
    return rectified_BKhw


def in_loops(teacher_BKhw, student_BKhw, teacher: Warp, student: Warp, codec: HeatmapCodec):
    """As published; rectified labels and un-warped student heatmaps in the frame of the crop."""
    label_BKhw = rectify_by_joint(
        unwarp_by_sample(teacher_BKhw, teacher, codec.stride), int(codec.sigma)
    )
    return label_BKhw, unwarp_by_sample(student_BKhw, student, codec.stride)


def batched(teacher_BKhw, student_BKhw, teacher: Warp, student: Warp, codec: HeatmapCodec):
    """The same numbers with no loop."""
    keypoints_BK2, confidence_BK = codec.decode(unwarp(teacher_BKhw, teacher.divided(codec.stride)))
    label_BKhw, _ = codec.encode(keypoints_BK2, torch.ones_like(confidence_BK))
    return label_BKhw, unwarp(student_BKhw, student.divided(codec.stride))


def closed_form(teacher_BKhw, student_BKhw, teacher: Warp, student: Warp, codec: HeatmapCodec):
    """Labels in the student's view; its heatmaps stay as they are."""
    keypoints_BK2, confidence_BK = codec.decode(teacher_BKhw)
    to_student_B23 = compose(matrix(student, codec.side), invert(matrix(teacher, codec.side)))
    known_BK = torch.ones_like(confidence_BK, dtype=torch.bool)
    keypoints_BK2, inside_BK = move(keypoints_BK2, known_BK, to_student_B23, codec.side)
    return codec.encode(keypoints_BK2, inside_BK)[0], student_BKhw


def matrix(warp: Warp, side: int) -> Tensor:
    """The map between pixels of crop and view, as `affine` writes it."""
    centre = (side - 1) / 2
    shift_B2 = warp.shift_B2 + centre - warp.linear_B22.sum(-1) * centre
    return torch.cat([warp.linear_B22, shift_B2[..., None]], -1)


def rows(
    device: str = "auto",
    threads: int | None = None,
    batch: int = 32,
    keypoints: int = 16,
    rounds: int = 5,
) -> Iterator[Figure]:
    """Time of each formulation over that of the loops, and whether it gives the same heatmaps."""
    runtime = Runtime.resolve(device, "fp32", threads)
    random = torch.Generator(runtime.device).manual_seed(0)

    def drawn() -> Warp:
        return draw_warp(batch, SIDE, random, rotation=60, shear=30, shift=0.05, scale=(0.6, 1.3))

    reference = HeatmapCodec(SIDE, STRIDE, SIGMA, rounding=True)
    keypoints_BK2 = SIDE * torch.rand(batch, keypoints, 2, generator=random, device=runtime.device)
    maps_BKhw, _ = reference.encode(keypoints_BK2, torch.ones_like(keypoints_BK2[..., 0]))
    given = (maps_BKhw, maps_BKhw, drawn(), drawn())
    steps = {
        "loops": lambda: in_loops(*given, reference),
        "batched": lambda: batched(*given, reference),
        "closed form": lambda: closed_form(*given, HeatmapCodec(SIDE, STRIDE, SIGMA)),
    }
    slow, fast = steps["loops"](), steps["batched"]()
    # next to half a cell the two may take different neighbours: their angles are rounded twice
    same = [
        float((a == b).flatten(2).all(-1).float().mean()) for a, b in zip(slow, fast, strict=True)
    ]

    def clock() -> float:
        if runtime.device.type == "cuda":
            torch.cuda.synchronize(runtime.device)
        return time.perf_counter()

    found = in_turns(steps, rounds, clock)
    for name in ("batched", "closed form"):
        took = f"{1e3 * min(found[name]):.1f} ms, loops {1e3 * min(found['loops']):.1f}"
        size = f"{batch} images of {keypoints} joints"
        yield Figure(f"{name} over loops, {size}", over(found[name], found["loops"]), beside=took)
    for what, share in zip(("labels", "student's heatmaps"), same, strict=True):
        yield Figure(f"{what} equal to those of loops, batched", [share], "share")


if __name__ == "__main__":
    main(rows, batch=2, rounds=1)
