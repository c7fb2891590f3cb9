"""The examples are documentation that runs."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).parents[1].glob("examples/[0-9]*.py"))
SAYS = {
    "01": "finds rare modes with AUC 0.9",
    "02": "loss after 10 steps",
    "03": "quarter 4: PCK",
    "04": "10 are the odd ones",
    "05": "pelvis (mean of hip_r, hip_l)",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    assert SAYS[path.stem[:2]] in capsys.readouterr().out
