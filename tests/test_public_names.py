"""The public face: names that stand at the top, and what importing it costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import posesift


def test_importing_loads_nothing_heavy_and_every_name_is_there():
    code = (
        "import sys, posesift\n"
        "heavy = {'torch', 'numpy', 'matplotlib', 'pyarrow', 'cv2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert set(posesift.__all__) <= set(dir(posesift))\n"
        "posesift.strategy\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", sorted(set(posesift.__all__) - {"__version__"}))
def test_a_public_name_is_the_rooms_own(name):
    module, inner = posesift._WHERE[name]
    assert getattr(posesift, name) is getattr(importlib.import_module(module), inner)
    assert getattr(posesift, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'fit_scores'"):
        posesift.fit_scores  # noqa: B018
