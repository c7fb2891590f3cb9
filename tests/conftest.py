import sys
from functools import partial
from pathlib import Path

import pytest

# The writers of tiny data sets are shared: `from tests.datasets import write_lspet`.
sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest.fixture
def quick_fits(monkeypatch):
    """A Pose VAE is fitted in few steps: for tests of what is done with its scores."""
    from posesift.difficulty import scorers

    monkeypatch.setattr(scorers, "VAESettings", partial(scorers.VAESettings, steps=50))
