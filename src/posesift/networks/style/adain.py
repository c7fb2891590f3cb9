"""AdaIN: style transfer by a normalised VGG-19 and its mirror image.

Huang and Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization",
ICCV 2017: an encoder, fixed, up to relu4_1; its features' mean and spread a channel exchanged for
those of the style image; a decoder that was trained to turn such features into images. Layers
are numbered as in the usual published files, ``vgg_normalised.pth`` and ``decoder.pth``.

Tensor names: B batch, C channels, H W rows and columns, h w those of features.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from posesift.networks.seeded import seeded
from posesift.networks.style.base import Style
from posesift.networks.weights import read_tensors
from posesift.tensor_files import write_tensors

CONVOLUTIONS = (  # of the encoder, 3 x 3, in multiples of its width; 0 is the image, None halves
    (0, 1), (1, 1), None, (1, 2), (2, 2), None, (2, 4), (4, 4), (4, 4), (4, 4), None, (4, 8),
)  # fmt: skip
LEVELS = (3, 10, 17, 30)  # places of relu1_1, relu2_1, relu3_1 and relu4_1 in the encoder
ENCODER, DECODER = "vgg_normalised", "decoder"  # stems of the files of weights
FLAT = 1e-5  # added to variances of features
_WANTED = (
    "adain needs weights: a folder with vgg_normalised.pth or .safetensors (the encoder) and "
    "decoder.pth or .safetensors, both as published with the paper's PyTorch versions, or the "
    "folder of a finished `posesift style`; the styles statistics and fourier need none"
)


class AdaIN(Style):
    """Encode both, exchange statistics, decode.

    Sides of at least 16 pixels. Strength 0 gives the decoder's picture of the content.

    Args:
        parity: show the encoder normalised images and take the decoder's output for one, as the
            published code of UDAPE does. The encoder was trained on brightness in [0, 1], which
            it is shown otherwise; a decoder works in the one way that it was trained in.
        seed: of the initial weights. The global random state is left as it was.
        width: channels of the first layer; published weights are of 64.
    """

    def __init__(self, *, parity: bool = False, seed: int = 0, width: int = 64):
        super().__init__()
        self.parity = parity
        with seeded(seed):
            self.encoder = _encoder(width).requires_grad_(False)
            self.decoder = _decoder(width)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def forward(self, content_B3HW: Tensor, style_B3HW: Tensor, strength_B: Tensor) -> Tensor:
        """See `Style`."""
        content_BChw = self.encoder(self.seen(content_B3HW))
        exchanged_BChw = exchange(content_BChw, self.encoder(self.seen(style_B3HW)))
        mixed_BChw = torch.lerp(
            content_BChw.float(), exchanged_BChw, strength_B[:, None, None, None]
        )
        height, width = content_B3HW.shape[-2:]
        decoded_B3HW = self.decoder(mixed_BChw)[..., :height, :width].float()
        return self.within_range(decoded_B3HW if self.parity else self.normalised(decoded_B3HW))

    def seen(self, images_B3HW: Tensor) -> Tensor:
        """Normalised images as encoder and decoder know them."""
        images_B3HW = images_B3HW if self.parity else self.brightness(images_B3HW)
        return images_B3HW.contiguous(memory_format=torch.channels_last)

    def levels(self, images_B3HW: Tensor) -> list[Tensor]:
        """Features at relu1_1, relu2_1, relu3_1 and relu4_1 of images as `seen`."""
        found, x = [], images_B3HW
        for place, layer in enumerate(self.encoder):
            x = layer(x)
            if place in LEVELS:
                found.append(x)
        return found

    def save(self, folder: str | Path) -> None:
        """Write both files that `load` reads; the decoder's says whether it is one of parity."""
        parts = {
            ENCODER: self.encoder.state_dict(),
            DECODER: self.decoder.state_dict() | {"parity": torch.tensor(self.parity)},
        }
        for stem, state in parts.items():
            write_tensors(Path(folder) / f"{stem}.safetensors", state)


def exchange(content_BChw: Tensor, style_BChw: Tensor) -> Tensor:
    """Return the content's features with the style's mean and spread by channel; equation 8."""
    content_mean, content_spread = moments(content_BChw)
    style_mean, style_spread = moments(style_BChw)
    return (content_BChw.float() - content_mean) / content_spread * style_spread + style_mean


def moments(features_BChw: Tensor) -> tuple[Tensor, Tensor]:
    """mean_BC11 and spread_BC11, in float32; the variance is the unbiased one, plus 1e-5."""
    # flat and row by row: over channels-last axes torch.var takes many times as long
    flat_BCP = features_BChw.float().flatten(2).contiguous()
    mean_BC1 = flat_BCP.mean(-1, keepdim=True)
    centred_BCP = flat_BCP - mean_BC1
    variance_BC1 = centred_BCP.square().sum(-1, keepdim=True) / (flat_BCP.shape[-1] - 1)
    return mean_BC1[..., None], (variance_BC1 + FLAT).sqrt()[..., None]


def load(folder: str | Path | None, *, parity: bool = False) -> AdaIN:
    """AdaIN with trained encoder and decoder.

    Args:
        folder: with ``vgg_normalised`` and ``decoder``, each ``.safetensors`` or ``.pth``; in
            the decoder's place any one file whose name begins with ``decoder`` will do, such as
            UDAPE's ``decoder_r2h_0_1.pth.tar``.
        parity: for a decoder that does not say what it was trained on, see `AdaIN`; one that
            `AdaIN.save` wrote does, and is believed.

    Raises:
        ValueError: a file is missing, damaged, holds more than tensors, or does not fit.
    """
    if folder is None:
        raise ValueError(_WANTED)
    folder = Path(folder)
    if not folder.is_dir():
        what = "a single file" if folder.is_file() else "nothing"
        raise ValueError(f"{_WANTED}; found {what} at {folder}")
    network = AdaIN()
    _copy(network.encoder, _find(folder, ENCODER), "encoder")
    marks = _copy(network.decoder, _find(folder, DECODER), "decoder")
    network.parity = bool(marks["parity"]) if "parity" in marks else parity
    return network.requires_grad_(False).eval()


def untrained(encoder: str | Path, *, parity: bool = False, seed: int = 0) -> AdaIN:
    """AdaIN with a trained encoder and a decoder at random, to be trained.

    Args:
        encoder: ``vgg_normalised.pth`` or ``.safetensors``, or a folder that holds one of them.
        parity: see `AdaIN`.
        seed: of the decoder's initial weights.

    Raises:
        ValueError: the file is missing, damaged, holds more than tensors, or does not fit.
    """
    encoder = Path(encoder)
    network = AdaIN(parity=parity, seed=seed)
    path = _find(encoder, ENCODER) if encoder.is_dir() else encoder
    _copy(network.encoder, path, "encoder")
    return network


def _find(folder: Path, stem: str) -> Path:
    """Return the file of weights in ``folder`` that ``stem`` means."""
    for path in (folder / f"{stem}.safetensors", folder / f"{stem}.pth"):
        if path.is_file():
            return path
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    like = [name for name in files if name.startswith(stem)]
    if len(like) == 1:
        return folder / like[0]
    if like:
        raise ValueError(
            f"expected one {stem} in {folder}, found {', '.join(like)}; "
            f"keep one of them there, or name it {stem}.pth"
        )
    found = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
    raise ValueError(
        f"expected {stem}.pth or {stem}.safetensors in {folder}, found {found or 'no files'}; "
        + _WANTED
    )


def _copy(part: nn.Sequential, path: Path, what: str) -> dict[str, Tensor]:
    """Fill ``part`` from a file, all of it or nothing; gives what else the file held."""
    found = {
        name.removeprefix("module.").removeprefix(f"{what}."): tensor
        for name, tensor in read_tensors(path).items()
    }
    expected = part.state_dict()
    problems = [
        f"{name} {tuple(found[name].shape) if name in found else 'missing'} instead of "
        f"{tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name not in found or found[name].shape != tensor.shape
    ]
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise ValueError(
            f"the tensors in {path} do not fit AdaIN's {what}: {', '.join(problems[:3])}{more}; "
            f"expected the layout of the published {ENCODER if what == 'encoder' else DECODER}.pth"
        )
    part.load_state_dict({name: found[name] for name in expected})
    # what is left over: of the whole VGG-19 the layers after relu4_1
    return {name: tensor for name, tensor in found.items() if name not in expected}


def _encoder(width: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(3, 3, 1)]  # from RGB to what the original VGG was given
    for channels in CONVOLUTIONS:
        if channels is None:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        else:
            layers += _convolution(*channels, width)
    return nn.Sequential(*layers)


def _decoder(width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in reversed(CONVOLUTIONS):
        if channels is None:
            layers.append(nn.Upsample(scale_factor=2))
        else:
            outputs, inputs = channels
            layers += _convolution(inputs, outputs, width)
    return nn.Sequential(*layers[:-1])  # no ReLU on the image


def _convolution(inputs: int, outputs: int, width: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs * width or 3, outputs * width or 3, 3)
    return [nn.ReflectionPad2d(1), convolution, nn.ReLU(inplace=True)]
