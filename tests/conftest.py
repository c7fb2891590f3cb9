import sys
from functools import partial
from pathlib import Path

import pytest

# The writers of tiny data sets are shared: `from tests.datasets import write_lspet`.
sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run the tests of a file that share a fixture, which is then made once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _shares(item: pytest.Item) -> bool:
    found = getattr(item, "_fixtureinfo", None)  # doctests have none
    definitions = found.name2fixturedefs.values() if found else ()
    return any(definition[-1].scope == "module" for definition in definitions)


@pytest.fixture
def quick_fits(monkeypatch):
    """A Pose VAE is fitted in few steps: for tests of what is done with its scores."""
    from posesift.difficulty import scorers

    monkeypatch.setattr(scorers, "VAESettings", partial(scorers.VAESettings, steps=50))
