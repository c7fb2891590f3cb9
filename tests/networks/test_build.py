from __future__ import annotations

import pickle

import pytest
import torch
from safetensors.torch import save_file

from posesift.networks.build import NETWORKS, build, load_weights, read_tensors
from posesift.networks.heads import pose_head
from posesift.networks.resnet import ResNet


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_keeps_the_common_contract(name):
    network = build(name, 5)
    images = torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        features = network.eval().features(images)
        heatmaps = network(images)
        assert torch.equal(network.head(features), heatmaps)
    assert features.shape[1] == network.channels
    assert heatmaps.shape == (1, 5, 64 // network.stride, 64 // network.stride)


def test_the_seed_decides_the_weights_and_the_global_random_state_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = (build("small", 4, seed=seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["stem.0.weight"], other["stem.0.weight"])


# Parameters of the published classification networks, less the classifier
@pytest.mark.parametrize(
    ("depth", "millions"), [(18, 11.177), (34, 21.285), (50, 23.508), (101, 42.500)]
)
def test_parameters_are_as_many_as_published(depth, millions):
    count = sum(parameter.numel() for parameter in ResNet(depth).parameters())
    assert count / 1e6 == pytest.approx(millions, abs=1e-3)


def test_parameter_names_are_torchvision_s():
    names = ResNet(50).state_dict()
    for name, shape in {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.running_mean": (64,),
        "layer1.0.conv3.weight": (256, 64, 1, 1),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer1.0.downsample.1.num_batches_tracked": (),
        "layer3.5.bn2.bias": (256,),
        "layer4.2.conv3.weight": (2048, 512, 1, 1),
    }.items():
        assert names[name].shape == shape
    assert len(names) == 318  # 53 convolutions and 53 x 5 of BatchNorm


def published(depth: int) -> dict[str, torch.Tensor]:
    """What an ImageNet file holds: the backbone, ``fc``, and (older files) no counters."""
    torch.manual_seed(7)
    state = {k: v for k, v in ResNet(depth).state_dict().items() if "num_batches" not in k}
    return {**state, "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_published_backbone_loads_from_a_file(tmp_path, suffix):
    path, tensors = tmp_path / f"resnet18{suffix}", published(18)
    save_file(tensors, path) if suffix == ".safetensors" else torch.save(tensors, path)
    loaded = build("resnet18", 16, path).state_dict()
    for name, tensor in tensors.items():
        if not name.startswith("fc."):
            assert torch.equal(loaded[f"backbone.{name}"], tensor)


def test_a_whole_network_loads_also_from_a_wrapped_and_prefixed_file(tmp_path):
    network = build("small", 4, seed=5)
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "small.pth")
    loaded = build("small", 4, tmp_path / "small.pth").state_dict()
    assert all(torch.equal(loaded[k], v) for k, v in network.state_dict().items())


def test_what_does_not_fit_is_listed_and_nothing_is_loaded(tmp_path):
    state = build("small", 4, seed=5).state_dict()
    state["head.weight"] = torch.zeros(9, 32, 1, 1)
    state["surplus"] = state.pop("head.bias")
    save_file(state, tmp_path / "other.safetensors")
    network = build("small", 4)
    before = network.state_dict()["stem.0.weight"].clone()
    with pytest.raises(ValueError, match="do not fit the network") as error:
        load_weights(network, tmp_path / "other.safetensors")
    for words in (
        "1 missing (head.bias)",
        "1 unknown (surplus)",
        "head.weight (9, 32, 1, 1) instead of (4, 32, 1, 1)",
        "other.safetensors",
    ):
        assert words in str(error.value)
    assert torch.equal(network.state_dict()["stem.0.weight"], before)


class Trap:
    """Runs code when unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('the trap was sprung')",))


def test_code_in_a_file_is_refused_and_not_run(tmp_path):
    torch.save({"conv1.weight": Trap()}, tmp_path / "trap.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Trap(), protocol=2))
    for name in ("trap.pth", "plain.pth"):
        with pytest.raises(ValueError, match=r"more than tensors \(pickled code.*refused"):
            build("resnet18", 16, tmp_path / name)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_missing_and_cut_short_files_say_so(tmp_path, suffix):
    with pytest.raises(ValueError, match="found none"):
        build("resnet18", 16, tmp_path / f"absent{suffix}")
    path = tmp_path / f"cut{suffix}"
    tensors = {"weight": torch.zeros(1000)}
    save_file(tensors, path) if suffix == ".safetensors" else torch.save(tensors, path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(ValueError, match="not a whole"):
        build("resnet18", 16, path)


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="expected tensors by parameter name"):
        build("small", 4, tmp_path / "list.pth")


def test_an_unknown_name_gets_the_right_spelling():
    with pytest.raises(ValueError, match="did you mean 'resnet50'"):
        build("resnet-50", 4)


def test_heads_of_two_layers_have_a_hidden_convolution():
    head = pose_head(8, 3, layers=2)
    assert [tuple(p.shape) for p in head.parameters()] == [
        (8, 8, 3, 3), (8,), (8,), (8,), (3, 8, 1, 1), (3,),
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"root:x:0:0:root:/bin/sh\n", b"", b"\x80", b"PK\x03\x04"])
def test_what_is_no_file_of_weights(tmp_path, content):
    (tmp_path / "passwd").write_bytes(content)
    with pytest.raises(ValueError, match=r"passwd"):
        read_tensors(tmp_path / "passwd")
