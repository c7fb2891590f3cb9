from __future__ import annotations

import pytest
import torch
from tests.networks.style.images import BEYOND, DECODER, VGG, images, narrow, published, write
from torch import Tensor

from posesift.networks import MEAN, SPREAD
from posesift.networks.style import build
from posesift.networks.style.adain import AdaIN, exchange, load, moments, untrained


@pytest.fixture(scope="module")
def network() -> AdaIN:
    return narrow(seed=1)


def slow_layers(image: Tensor, tensors: dict[str, Tensor], plan: str, places: list[int]) -> Tensor:
    """``plan`` read letter by letter: colour layer, convolution, relu, half, double; float64."""
    x, left = image.double(), list(places)
    for letter in plan:
        if letter in "1c":
            place = left.pop(0)
            weight, bias = (tensors[f"{place}.{name}"].double() for name in ("weight", "bias"))
            if letter == "c":
                rows = [1, *range(x.shape[1]), x.shape[1] - 2]
                columns = [1, *range(x.shape[2]), x.shape[2] - 2]
                x = x[:, rows][:, :, columns]  # the mirror does not repeat the border
            reach = weight.shape[-1]
            height, width = x.shape[1] - reach + 1, x.shape[2] - reach + 1
            y = bias[:, None, None].expand(-1, height, width).clone()
            for row in range(reach):
                for column in range(reach):
                    shifted = x[:, row : row + height, column : column + width]
                    y += torch.einsum("oi,ihw->ohw", weight[:, :, row, column], shifted)
            x = y
        elif letter == "r":
            x = x.clamp(min=0)
        elif letter == "h":
            height, width = x.shape[1:]
            x = torch.stack([
                torch.stack([
                    x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].amax((1, 2))
                    for j in range((width + 1) // 2)
                ], -1)
                for i in range((height + 1) // 2)
            ], -2)  # fmt: skip
        elif letter == "d":
            x = x.repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert not left
    return x


def slow_exchange(content: Tensor, style: Tensor) -> Tensor:
    result = torch.empty_like(content)
    for c in range(len(content)):
        numbers, others = content[c].flatten().tolist(), style[c].flatten().tolist()
        mean, other_mean = sum(numbers) / len(numbers), sum(others) / len(others)
        variance = sum((v - mean) ** 2 for v in numbers) / (len(numbers) - 1)
        other = sum((v - other_mean) ** 2 for v in others) / (len(others) - 1)
        spread, other_spread = (variance + 1e-5) ** 0.5, (other + 1e-5) ** 0.5
        result[c] = (content[c] - mean) / spread * other_spread + other_mean
    return result


ENCODE, DECODE = "1crcrhcrcrhcrcrcrcrhcr", "crdcrcrcrcrdcrcrdcrc"


@pytest.mark.parametrize("parity", [False, True])
@pytest.mark.parametrize("sides", [(32, 32), (20, 27)])
def test_the_whole_network_is_that_of_a_slow_reading_of_the_paper(parity, sides):
    network = narrow(parity, seed=2)
    content, style, strength = images(0, 2, *sides), images(1, 2, *sides), torch.tensor([0.3, 1.0])
    found = network(content, style, strength)
    vgg, decoder = network.encoder.state_dict(), network.decoder.state_dict()
    mean, spread = (torch.tensor(v).double().view(3, 1, 1) for v in (MEAN, SPREAD))
    for i in range(2):
        seen = [
            x[i].double() if parity else x[i].double() * spread + mean for x in (content, style)
        ]
        features = [slow_layers(x, vgg, ENCODE, [layer[0] for layer in VGG]) for x in seen]
        mixed = float(strength[i]) * slow_exchange(*features)
        mixed += (1 - float(strength[i])) * features[0]
        image = slow_layers(mixed, decoder, DECODE, [layer[0] for layer in DECODER])
        image = image[:, : sides[0], : sides[1]]
        image = image * spread + mean if parity else image
        expected = (image.clamp(0, 1) - mean) / spread
        torch.testing.assert_close(found[i].double(), expected, atol=2e-3, rtol=1e-3)
    inside = (network.brightness(found) - 0.5).abs() < 0.49
    assert inside.float().mean() > 0.5  # and not all cut off
    assert found.std() > 0.05


def test_exchanged_features_have_the_style_s_statistics():
    random = torch.Generator().manual_seed(0)
    content = torch.randn(2, 5, 6, 7, generator=random) * 3 + 1
    style = torch.randn(2, 5, 9, 4, generator=random) * 0.5 - 2
    found = exchange(content, style)
    torch.testing.assert_close(found.mean((-2, -1)), style.mean((-2, -1)))
    torch.testing.assert_close(found.std((-2, -1)), style.std((-2, -1)), atol=1e-4, rtol=1e-4)
    for one, other in zip(content, found, strict=True):
        # and the content's places: an affine map a channel, which rises
        for a, b in zip(one, other, strict=True):
            assert torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] > 0.999


def test_moments_by_hand():
    mean, spread = moments(torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]]))
    assert mean.shape == spread.shape == (1, 1, 1, 1)
    assert mean.item() == 3
    assert spread.item() == pytest.approx((14 / 3 + 1e-5) ** 0.5)


def test_strength_0_is_the_decoded_content_whatever_the_style(network):
    content = images(2)
    one = network(content, images(3), torch.zeros(2))
    assert torch.equal(one, network(content, images(4), torch.zeros(2)))
    assert not torch.allclose(one, network(content, images(4), torch.ones(2)), atol=1e-3)


def test_every_sample_has_its_own_style_and_strength(network):
    content, style, strength = images(5, 3), images(6, 3), torch.tensor([0.0, 0.5, 1.0])
    together = network(content, style, strength)
    for i in range(3):
        alone = network(content[i : i + 1], style[i : i + 1], strength[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-4, rtol=1e-4)


def test_levels_end_with_what_the_encoder_says(network):
    levels = network.levels(network.seen(images(7)))
    assert [tuple(level.shape[1:]) for level in levels] == [
        (8, 32, 32), (16, 16, 16), (32, 8, 8), (64, 4, 4),
    ]  # fmt: skip
    assert torch.equal(levels[-1], network.encoder(network.seen(images(7))))
    assert all((level >= 0).all() for level in levels)  # after the ReLU, not before it


def test_no_gradients(network):
    assert not network(images(0).requires_grad_(), images(1), torch.ones(2)).requires_grad


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_both_formats_load_tensor_by_tensor(tmp_path, suffix):
    vgg, decoder = published(VGG, 3), published(DECODER, 4)
    write(tmp_path / f"vgg_normalised{suffix}", vgg)
    write(tmp_path / f"decoder{suffix}", decoder)
    network = build("adain", tmp_path)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    state = network.state_dict()
    assert state.keys() == {f"encoder.{n}" for n in vgg} | {f"decoder.{n}" for n in decoder}
    assert all(torch.equal(state[f"encoder.{name}"], tensor) for name, tensor in vgg.items())
    assert all(torch.equal(state[f"decoder.{name}"], tensor) for name, tensor in decoder.items())


def test_old_wrapped_prefixed_and_otherwise_named_files_load(tmp_path):
    decoder = published(DECODER, 4)
    path = tmp_path / "vgg_normalised.pth"  # the whole VGG-19, older than zipped files of weights
    torch.save(published(VGG + BEYOND, 3), path, _use_new_zipfile_serialization=False)
    wrapped = {"state_dict": {f"module.decoder.{name}": t for name, t in decoder.items()}}
    torch.save(wrapped, tmp_path / "decoder_r2h_0_1.pth.tar")
    state = load(tmp_path).decoder.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in decoder.items())


@pytest.mark.parametrize("parity", [False, True])
def test_what_was_saved_loads_and_says_how_it_was_trained(tmp_path, parity):
    network = AdaIN(parity=parity, seed=5)
    network.save(tmp_path)
    again = build("adain", tmp_path, parity=not parity)  # the file knows better
    assert again.parity is parity
    state = again.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())


def test_a_decoder_to_be_trained_depends_on_the_seed_alone(tmp_path):
    vgg = published(VGG, 3)
    path = write(tmp_path / "vgg_normalised.pth", vgg)
    torch.manual_seed(9)
    expected = torch.rand(1)
    torch.manual_seed(9)
    one, same, other = (untrained(where, seed=seed).state_dict() for where, seed in (
        (tmp_path, 1), (path, 1), (path, 2),
    ))  # fmt: skip
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert torch.equal(other["encoder.29.weight"], vgg["29.weight"])
    assert not torch.equal(one["decoder.1.weight"], other["decoder.1.weight"])


def test_missing_files_are_named_and_the_way_round_is_told(tmp_path):
    with pytest.raises(ValueError, match="styles statistics and fourier need none"):
        build("adain")
    with pytest.raises(ValueError, match=r"found nothing at .*absent"):
        build("adain", tmp_path / "absent")
    file = write(tmp_path / "vgg_normalised.pth", {"0.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"a folder with .*found a single file at .*vgg_norm"):
        build("adain", file)
    with pytest.raises(ValueError, match="expected a file of network weights"):
        untrained(tmp_path / "absent.pth")
    with pytest.raises(ValueError, match=r"expected vgg_normalised\.pth .*found no files"):
        untrained(write_folder(tmp_path / "empty"))


def write_folder(path):
    path.mkdir()
    return path


def test_no_decoder_or_several_are_told_apart(tmp_path):
    write(tmp_path / "vgg_normalised.safetensors", published(VGG, 3))
    with pytest.raises(ValueError, match=r"expected decoder\.pth .*found vgg_normalised\.safe"):
        load(tmp_path)
    for name in ("decoder_r2h.pth.tar", "decoder_s2l.pth.tar"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=r"one decoder in .*found decoder_r2h.*decoder_s2l"):
        load(tmp_path)


def test_files_that_do_not_fit_are_listed(tmp_path):
    write(tmp_path / "vgg_normalised.pth", published(DECODER, 3))
    write(tmp_path / "decoder.pth", published(DECODER, 3))
    with pytest.raises(ValueError, match=r"encoder: 0\.weight missing .*and \d+ more"):
        load(tmp_path)
    tensors = published(VGG, 3)
    tensors["2.bias"] = torch.zeros(65)
    write(tmp_path / "vgg_normalised.pth", tensors)
    with pytest.raises(ValueError, match=r"2\.bias \(65,\) instead of \(64,\)"):
        load(tmp_path)


class Trap:
    """Runs code when unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('the trap was sprung')",))


def test_code_is_refused_and_cut_files_are_noticed(tmp_path):
    path = tmp_path / "vgg_normalised.pth"
    torch.save({"0.weight": Trap()}, path)
    with pytest.raises(ValueError, match="pickled code"):
        untrained(tmp_path)
    for suffix in (".pth", ".safetensors"):
        path = write(tmp_path / f"cut{suffix}", published(VGG[:3], 3))
        path.write_bytes(path.read_bytes()[:20_000])
        with pytest.raises(ValueError, match="not a whole"):
            untrained(path)
