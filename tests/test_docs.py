"""The manual says what the code does: its examples run, its tables name what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from posesift import skeletons
from posesift.data import worlds
from posesift.data.readers import READERS, options
from posesift.difficulty.normalisation import HOW
from posesift.difficulty.scorers import METHODS
from posesift.sampling import NAMES
from posesift.skeletons.document import from_document

DOCS = Path(__file__).parent.parent / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page(name), re.DOTALL | re.MULTILINE)


def first_cells(text: str) -> set[str]:
    """Code words in the first cells of all table rows."""
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_tables_name_all_choices():
    assert first_cells(page("sampling")) == set(NAMES)
    assert set(METHODS) | set(HOW) <= first_cells(page("difficulty"))
    assert all(f"`{name}`" in page("your_own_skeleton") for name in skeletons.names())


@pytest.mark.parametrize("kind", READERS)
def test_the_address_table_lists_every_option(kind):
    rows = [row for row in page("index").splitlines() if row.startswith(f"| `{kind}:")]
    listed = re.findall(r"`(\w+)`", rows[0].split("|")[3])
    assert sorted(listed) == sorted(options(kind))


def test_the_first_example_runs():
    source = blocks("index", "python")[0].replace("n=8000", "n=300")
    source = source.replace("fit(table)", "fit(table, steps=20)")
    names: dict = {}
    exec(source, names)
    assert len(names["sampler"]) == 300 * 32
    assert names["score_N"].shape == (300,)


def test_the_examples_of_worlds_and_coordinates_run():
    names: dict = {}
    exec(blocks("worlds", "python")[0], names)
    assert names["images"].shape == (16, 96, 96, 3)
    exec(blocks("coordinates", "python")[0], names)
    np.testing.assert_allclose(names["crop_NK2"], [[[31.5, 31.5]]])
    np.testing.assert_allclose(names["image_NK2"], [[[73.5, 69.5]]])


def test_the_skeleton_example_loads_and_its_mistake_is_explained_so():
    example = tomllib.loads(blocks("your_own_skeleton", "toml")[0])
    lamp = from_document(example, "lamp.toml")
    assert (len(lamp), len(lamp.limbs), len(lamp.triplets)) == (4, 3, 2)
    example["limbs"][1]["from"] = "elbw"
    with pytest.raises(ValueError, match="limbs") as error:
        from_document(example, "lamp.toml")
    assert str(error.value) in page("your_own_skeleton")


def test_counts_in_the_text_of_worlds():
    text = page("worlds")
    assert f"in {len(worlds.sample('body', n=1).table.share)} activities" in text
    assert f"in {len(worlds.sample('hand', n=1).table.share)} modes" in text
    for world in worlds.WORLDS:
        share = worlds.sample(world, n=1).table.share.values()
        assert round(100 * sum(s for s in share if s >= 0.03)) == 96


def test_pictures_are_there_and_small():
    named = re.findall(r"\]\((pictures/[^)]+)\)", page("index") + page("worlds"))
    assert named
    for name in named:
        assert (DOCS / name).stat().st_size < 150_000
