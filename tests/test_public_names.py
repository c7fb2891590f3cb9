"""The public face: names that stand at the top, and what importing it costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from tests.datasets import write_lspet

import posesift

HEAVY = {"torch", "matplotlib"}
LIGHT = (
    ("import posesift; assert set(posesift.__all__) <= set(dir(posesift))",
     {*HEAVY, "numpy", "pyarrow", "cv2"}),
    ("from posesift.cli import main; assert main(['--help']) == 0", {*HEAVY, "pyarrow", "cv2"}),
    ("posesift.strategy; import posesift.sampling", HEAVY),
    ("from posesift.networks.style import NAMES", HEAVY),
    ("from posesift.data.worlds import painted, sample, paint; "
     "paint(sample('hand', n=1), 'photo'); paint(sample('body', n=1), 'photo')", HEAVY),
    ("from posesift.data.readers import read, help_text; read('lspet:' + sys.argv[1]); "
     "help_text(); from posesift.data.checks.checking import check; from posesift.data.checks."
     "contact_sheet import contact_sheet; table = read('lspet:' + sys.argv[1]); check(table); "
     "contact_sheet(table, sys.argv[1] + '/sheet.png')", HEAVY),
    ("import posesift.notebook, posesift.poses.modes_view, posesift.evaluation.entry_view, "
     "posesift.results.score_table", HEAVY),
    ("import posesift.report", {"matplotlib"}),
)  # fmt: skip
"""What is done, one after the other in one process, and what must not be loaded by then."""


def test_nothing_heavy_is_loaded_before_it_is_needed(tmp_path):
    write_lspet(tmp_path)
    lines = ["import sys"]
    for code, heavy in LIGHT:
        lines += [code, f"assert not {heavy} & set(sys.modules), {code!r}"]
    subprocess.run([sys.executable, "-c", "\n".join(lines), str(tmp_path)], check=True)


@pytest.mark.parametrize("name", sorted(set(posesift.__all__) - {"__version__"}))
def test_a_public_name_is_the_rooms_own(name):
    module, inner = posesift._WHERE[name]
    assert getattr(posesift, name) is getattr(importlib.import_module(module), inner)
    assert getattr(posesift, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'fit_scores'"):
        posesift.fit_scores  # noqa: B018
