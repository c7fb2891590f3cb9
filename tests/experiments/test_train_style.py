import json

import cv2
import pytest
import torch
from tests.experiments.tiny import experiment
from tests.networks.style.images import VGG, published, write

from posesift import folders
from posesift.adaptation.training.trackers import Trackers
from posesift.experiments import train_style as module
from posesift.experiments.train_style import train_style
from posesift.networks.style import build


def settings(tmp_path, **changes):
    write(tmp_path / "vgg_normalised.pth", published(VGG, 0))
    given = {"warmup_steps": 0, "steps": 2, "batch_size": 2, "save_every": 1, "test": {}}
    weights = str(tmp_path / "vgg_normalised.pth")
    return experiment(**{**given, "recipe": "style", "style_weights": weights, **changes})


def test_its_folder_is_a_style_that_udape_can_be_given(tmp_path):
    chosen = settings(tmp_path)
    folder = tmp_path / "style"
    train_style(chosen, folder)
    assert folders.is_finished(folder)
    images = torch.zeros(1, 3, 32, 32)
    assert build("adain", folder)(images, images, torch.ones(1)).shape == images.shape
    picture = cv2.imread(str(folder / "examples.jpg"))
    assert picture.shape == (4 * 32, 8 * 32, 3)


def test_trackers_get_its_journal(tmp_path, monkeypatch):
    class Kept(list):
        """A tracker that needs no package."""

        def write(self, step, values):
            self.append((step, values))

        def close(self):
            self.append("closed")

    def opened(names, *_):
        return Trackers([lambda _: kept] * len(names))

    kept = Kept()
    monkeypatch.setattr(module, "trackers", opened)
    folder = tmp_path / "style"
    train_style(settings(tmp_path, log_to=("tensorboard",)), folder)
    (step, values), end = kept
    assert (step, end) == (2, "closed")
    line = json.loads((folder / "metrics.jsonl").read_text())
    assert values["content"] == line["content"]


def test_without_an_encoder_it_says_what_needs_none(tmp_path):
    with pytest.raises(ValueError, match="statistics and fourier need no training"):
        train_style(settings(tmp_path, style_weights=None), tmp_path / "style")


def test_images_of_both_domains_are_needed(tmp_path):
    with pytest.raises(ValueError, match="two domains: give --target"):
        train_style(settings(tmp_path, target=None), tmp_path / "style")
