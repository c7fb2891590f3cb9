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
    "06": "Fabric: loss after 10 steps",
    "07": "supervision",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    assert SAYS[path.stem[:2]] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "package", "says"),
    [
        ("06_in_a_lightning_loop.py", "lightning", "Lightning: loss after 10 steps"),
        ("07_pandas_and_supervision.py", "pandas", "pandas: the 3 hardest poses of each mode"),
        ("07_pandas_and_supervision.py", "supervision", "supervision: 500 poses as KeyPoints"),
    ],
)
def test_an_example_uses_a_package_that_is_there(path, package, says, capsys):
    pytest.importorskip(package)
    runpy.run_path(str(EXAMPLES[0].parent / path), run_name="__main__")
    assert says in capsys.readouterr().out
