"""Training AdaIN's decoder on two domains, so that it paints either in the look of the other.

Huang and Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization",
ICCV 2017, section 6.2, with UDAPE's weights and its coin that chooses which domain is content and
which is style. The encoder stays as it is. No labels are looked at.

Tensor names: B batch, C channels, H W rows and columns, h w those of features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from posesift.adaptation.training.method import BOTH, Batches, Method, Stage, StepResult
from posesift.adaptation.training.optimisers import adamw, set_rate, trapezoid
from posesift.adaptation.views.augment import Augmentation, view
from posesift.adaptation.views.published import ParityViews
from posesift.networks.style.adain import AdaIN, exchange, moments

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime


# no colour: that is what is to be learnt
VIEWS = Augmentation(rotation=180, scale=0.3)
PARITY_VIEWS = ParityViews(rotation=180, shear=0, shift=0, colour=0)
RATE, PARITY_RATE = 1e-4, 1e-5


@dataclass(frozen=True, kw_only=True)
class StyleSettings:
    """Settings of the one stage.

    Attributes:
        steps: UDAPE trains for 500,000 of batch 4.
        learning_rate: highest rate of Adam on the decoder, constant under parity; None: 1e-4,
            under parity UDAPE's 1e-5.
        content: weight of the content loss.
        style: weight of the style loss.
        augmentation: of the images of both domains.
        views: under parity in place of that, UDAPE's: a crop of the image, turned and scaled, the
            nearest pixel, black beyond it.
    """

    steps: int = 20_000
    learning_rate: float | None = None
    content: float = 1.0
    style: float = 0.1
    augmentation: Augmentation = VIEWS
    views: ParityViews = PARITY_VIEWS


class StyleTraining(Method):
    """A method that trains the decoder of ``network`` (see the module).

    Its checkpoints hold encoder and decoder: 28 MB, for which they can be read without the file
    that the encoder came from. ``network.save(folder)`` writes what `networks.style.build` reads.

    Args:
        network: from `networks.style.adain.untrained`, or `load` to go on with a trained one.
        settings: see `StyleSettings`.
    """

    network: AdaIN

    def __init__(self, network: AdaIN, settings: StyleSettings = StyleSettings()):
        self.network = network
        self.settings = settings
        rate = settings.learning_rate
        self._rate = (PARITY_RATE if network.parity else RATE) if rate is None else rate

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The one stage, on images of both domains."""
        return (Stage("style", self.settings.steps, self.step, BOTH),)

    def prepare(self, runtime: Runtime) -> None:
        """Put the network on the device; only the decoder is trained."""
        self.runtime = runtime
        self.network.to(runtime.device)
        self._decode = runtime.setup(self.network.decoder.requires_grad_())

    def start_stage(self, stage: Stage) -> None:
        """Make a fresh optimiser of the decoder: AdamW without decay of weights, which is Adam."""
        self.optimiser = adamw(self.network.decoder, self._rate, weight_decay=0)

    def step(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Take a step in one of both directions."""
        settings = self.settings
        set_rate(self.optimiser, self._rate * (1 if self.network.parity else trapezoid(t)))
        content_B3HW = self._view(batch["source"]["image"], generator)
        style_B3HW = self._view(batch["target"]["image"], generator)
        if generator.initial_seed() % 2:  # a coin that the device need not be asked for
            content_B3HW, style_B3HW = style_B3HW, content_B3HW

        self.optimiser.zero_grad()
        losses = torch.zeros(2, device=content_B3HW.device)
        for part, share in self.runtime.parts(len(content_B3HW)):
            content, style = self._losses(content_B3HW[part], style_B3HW[part])
            content, style = settings.content * share * content, settings.style * share * style
            self.runtime.backward(content + style)
            losses += torch.stack([content.detach(), style.detach()])
        self.optimiser.step()
        content, style = losses
        return StepResult({"content": content, "style": style})

    def _view(self, images_B3HW: Tensor, generator: torch.Generator) -> Tensor:
        """Draw random views of the images, normalised."""
        settings = self.settings
        if not self.network.parity:
            return view(images_B3HW, settings.augmentation, generator)[0]
        crops_B3HW, _ = settings.views.crop(images_B3HW, generator)
        return settings.views.view(crops_B3HW, generator)[0]

    def _losses(self, content_B3HW: Tensor, style_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """Compute equations 12 and 13 at full strength."""
        network, runtime = self.network, self.runtime
        height, width = content_B3HW.shape[-2:]
        with torch.no_grad(), runtime.autocast():
            content_BChw = network.encoder(network.seen(content_B3HW))
            style_levels = network.levels(network.seen(style_B3HW))
            wanted_BChw = exchange(content_BChw, style_levels[-1])
        stylised_B3HW = self._decode(wanted_BChw)[..., :height, :width]
        with runtime.autocast():
            levels = network.levels(stylised_B3HW)
        content = mse_loss(levels[-1].float(), wanted_BChw)
        style = content.new_zeros(())
        for found, looked_for in zip(levels, style_levels, strict=True):
            for one, other in zip(moments(found), moments(looked_for), strict=True):
                style = style + mse_loss(one, other)
        return content, style

    def predict(self, images_B3HW: Tensor) -> NoReturn:
        """Refuse: there is nothing to predict.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            "a style network changes how images look and finds no keypoints in them: it cannot "
            "be evaluated; give its folder to `posesift train ... --style adain --style-weights`"
        )
