"""Adaptive occlusion: hide a joint that the teacher is sure of, so that the student must infer it.

Kim et al., "A unified framework for domain adaptive pose estimation", 2022, section 3.3. The
patch is pasted in the student's own frame, where the joint is known in closed form, so nothing
is resampled.

Tensor names: B batch, K keypoints, H W rows and columns, P = H W pixels, 2 = (x, y).
"""

from __future__ import annotations

import torch
from torch import Tensor


def occlude(
    images_B3HW: Tensor,
    keypoints_BK2: Tensor,
    candidates_BK: Tensor,
    generator: torch.Generator,
    *,
    rate: float = 0.5,
    size: float = 0.08,
) -> Tensor:
    """Paste a patch from elsewhere in the same image over one candidate joint of some samples.

    Args:
        images_B3HW: square; any units.
        keypoints_BK2: pixels of these images.
        candidates_BK: bool, the joints that may be hidden; a sample without any stays as it is.
        generator: on the device of the images.
        rate: probability that a sample is occluded.
        size: side of the patch as a share of the image's (20 of 256 pixels in the paper's code).

    Returns:
        images_B3HW, new.
    """
    count, side = len(images_B3HW), images_B3HW.shape[-1]
    device = images_B3HW.device
    draw_BK = torch.rand(candidates_BK.shape, generator=generator, device=device)
    draw_3B = torch.rand(3, count, generator=generator, device=device)
    joint_B = (draw_BK * candidates_BK).argmax(1)  # uniform among the candidates
    chosen_B = candidates_BK.any(1) & (draw_3B[0] < rate)
    centre_B2 = keypoints_BK2.gather(1, joint_B[:, None, None].expand(-1, 1, 2))[:, 0].round()
    from_B2 = (draw_3B[1:].T * side).floor()  # centre of the patch's origin, any pixel

    half = max(1, round(size * side / 2))
    axis_W = torch.arange(side, device=device)
    offset_B2W = axis_W - centre_B2[..., None]
    within_B2W = (offset_B2W >= -half) & (offset_B2W < half) & chosen_B[:, None, None]
    taken_B2W = (from_B2[..., None] + offset_B2W).clamp(0, side - 1).long()
    pasted_BHW = within_B2W[:, 1, :, None] & within_B2W[:, 0, None, :]
    index_BHW = torch.where(
        pasted_BHW,
        taken_B2W[:, 1, :, None] * side + taken_B2W[:, 0, None, :],
        axis_W[:, None] * side + axis_W,
    )
    index_B3P = index_BHW.flatten(1)[:, None].expand(-1, images_B3HW.shape[1], -1)
    return images_B3HW.flatten(2).gather(2, index_B3P).view_as(images_B3HW)
