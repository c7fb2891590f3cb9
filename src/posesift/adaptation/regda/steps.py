"""The three steps that RegDA's adaptation repeats.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021.

A. `fit_source` fits features and both heads to the source: the main head to the labels, the
   adversarial head to the main head (`margin` times as much);
B. `maximise_disparity` moves the adversarial head alone on the target, towards where the main
   head sees the *other* joints, so that it disagrees wherever nothing in the features forbids it;
C. `minimise_disparity` moves the features alone on the target, so that the adversarial head
   agrees again.

What moves apart in B and together in C are predictions for the target that the source does not
pin down. Only the adversarial head talks to the features through a gradient made smaller
(``disparity.scale_gradient``), which grows from 0 while the heads are still fresh.

The reference code runs the target through the backbone twice, for B and for C, with the same
weights and the same images. Here it runs once: B gets the features cut off from the graph, and C
asks the adversarial head again. The same gradients result; the running statistics of BatchNorm in
features and main head take up the target once a step, not twice, but for `parity`, where the one
pass counts twice. (Where a batch is cut into several parts to fit into memory, C computes the
features again, as the reference does.)

Tensor names: B batch, K keypoints, C channels, H W image rows and columns, h w heatmap rows and
columns.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Optimizer

from posesift.adaptation.regda.disparity import (
    ground_false,
    ground_truth,
    kl,
    peak,
    scale_gradient,
)
from posesift.adaptation.regda.settings import RegDASettings
from posesift.adaptation.regda.two_heads import TwoHeads
from posesift.adaptation.supervised import LabelledViews
from posesift.networks.batchnorm import running_statistics_taken
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

AGREE = 0.05  # of the crop's side: heads closer than this agree on a joint


class Seen(NamedTuple):
    """Of a part of the target: its features, if their graph is kept, and the main head's view."""

    features_BChw: Tensor | None
    truth_BKhw: Tensor


class RegDASteps:
    """A, B and C on one batch of each domain (see the module); used in this order.

    Args:
        network: features and both heads, on their device.
        codec: draws the pseudo-labels.
        settings: those in force.
        runtime: where and in which parts to compute.
        optimisers: ``"features"``, ``"head"`` and ``"head_adv"``.
    """

    def __init__(
        self,
        network: TwoHeads,
        codec: HeatmapCodec,
        settings: RegDASettings,
        runtime: Runtime,
        optimisers: dict[str, Optimizer],
    ):
        self.network, self.codec, self.settings = network, codec, settings
        self.runtime, self.optimisers = runtime, optimisers
        self._features = runtime.setup(network.features)
        self._head, self._head_adv = runtime.setup(network.head), runtime.setup(network.head_adv)

    def fit_source(self, source: LabelledViews, weight: float) -> tuple[Tensor, Tensor]:
        """Fit all to the source (A), and give the supervised loss and the disparity."""
        settings = self.settings
        supervised = torch.zeros((), device=source.images_B3HW.device)
        disparity = torch.zeros_like(supervised)
        for optimiser in self.optimisers.values():
            optimiser.zero_grad()
        for part, share in self.runtime.parts(len(source.images_B3HW)):
            weight_BK = source.weight_BK[part]
            features_BChw = self._features(source.images_B3HW[part])
            main_BKhw = self._head(features_BChw)
            adversarial_BKhw = self._head_adv(scale_gradient(features_BChw, weight))
            fit = share * kl(main_BKhw, source.target_BKhw[part], weight_BK)
            truth_BKhw = ground_truth(self.pseudo_cell(main_BKhw), self.codec)
            apart = share * kl(adversarial_BKhw, truth_BKhw, weight_BK, settings.epsilon)
            self.runtime.backward(fit + settings.margin * settings.trade_off * apart)
            supervised += fit.detach()
            disparity += apart.detach()
        for optimiser in self.optimisers.values():
            optimiser.step()
        return supervised, disparity

    def maximise_disparity(
        self, target_B3HW: Tensor, weight_BK: Tensor
    ) -> tuple[list[Seen], Tensor, Tensor]:
        """Move the adversarial head away from the main head on the target (B).

        Returns:
            What C goes on with, part by part; the disparity to the ground false; and the share
            of joints on which the heads agree.
        """
        settings, network = self.settings, self.network
        parts = self.runtime.parts(len(target_B3HW))
        seen: list[Seen] = []
        disparity = torch.zeros((), device=target_B3HW.device)
        agreement = torch.zeros_like(disparity)
        self.optimisers["head_adv"].zero_grad()
        for part, share in parts:
            # the graph of one part is kept for C; those of several would not fit into memory,
            # which is why there are several
            graph = len(parts) == 1
            forward = self._features if graph else partial(self._look, network.features)
            with self._statistics_of_both_steps(graph):
                features_BChw = forward(target_B3HW[part])
                main_BKhw = self._look(network.head, features_BChw)
            cell_BK2 = self.pseudo_cell(main_BKhw)
            truth_BKhw = ground_truth(cell_BK2, self.codec)
            false_BKhw = ground_false(truth_BKhw)
            adversarial_BKhw = self._head_adv(features_BChw.detach())
            apart = share * kl(adversarial_BKhw, false_BKhw, weight_BK[part], settings.epsilon)
            self.runtime.backward(settings.trade_off * apart)
            disparity += apart.detach()
            gap_BK = (peak(adversarial_BKhw.detach())[0] - cell_BK2).float().norm(dim=-1)
            agreement += share * (gap_BK < AGREE * self.codec.cells).float().mean()
            seen.append(Seen(features_BChw if graph else None, truth_BKhw))
        self.optimisers["head_adv"].step()
        return seen, disparity, agreement

    def minimise_disparity(
        self, target_B3HW: Tensor, seen: list[Seen], weight_BK: Tensor, weight: float
    ) -> Tensor:
        """Move the features so that the adversarial head comes back (C); give the disparity."""
        settings, network = self.settings, self.network
        disparity = torch.zeros((), device=target_B3HW.device)
        # the head as B left it, held still: gradients pass through it and leave none
        still = {name: value.detach() for name, value in network.head_adv.named_parameters()}
        self.optimisers["features"].zero_grad()
        parts = self.runtime.parts(len(target_B3HW))
        for (part, share), (features_BChw, truth_BKhw) in zip(parts, seen, strict=True):
            if features_BChw is None:
                features_BChw = self._features(target_B3HW[part])
                if settings.parity:  # for the head's running statistics alone
                    self._look(network.head, features_BChw)
            scaled_BChw = scale_gradient(features_BChw, weight)
            with self.runtime.autocast():
                adversarial_BKhw = functional_call(network.head_adv, still, (scaled_BChw,))
            apart = share * kl(adversarial_BKhw, truth_BKhw, weight_BK[part], settings.epsilon)
            self.runtime.backward(settings.trade_off * apart)
            disparity += apart.detach()
        self.optimisers["features"].step()
        return disparity

    def _statistics_of_both_steps(self, graph: bool) -> AbstractContextManager[None]:
        """Count B's pass for C's too under `parity`, if C will go on with this one's graph."""
        if self.settings.parity and graph:
            return running_statistics_taken(self.network, 2)
        return nullcontext()

    def _look(self, module: nn.Module, inputs: Tensor) -> Tensor:
        """Ask ``module`` in training mode, without a gradient."""
        with torch.no_grad(), self.runtime.autocast():
            return module(inputs).float()

    def pseudo_cell(self, main_BKhw: Tensor) -> Tensor:
        """Find where the main head sees each joint: cell_BK2, no gradient.

        The reference puts a joint whose largest logit is not above 0 into the corner. Under the
        softmax of the loss the sign of a logit means nothing, so only `parity` does that here.
        """
        cell_BK2, height_BK = peak(main_BKhw.detach())
        if self.settings.parity:
            cell_BK2 = cell_BK2 * (height_BK > 0)[..., None]
        return cell_BK2
