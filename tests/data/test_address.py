from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.data import address, worlds
from posesift.data.address import Address, parse

words = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
values = st.text(min_size=1, max_size=30).filter(
    lambda text: text == text.strip() and not text.endswith("\\")
)


@settings(max_examples=50)
@given(words, values, st.dictionaries(words, values, max_size=4))
def test_an_address_survives_its_spelling(kind, path, options):
    written = Address(kind, path, options)
    assert parse(str(written)) == written


def test_the_path_may_hold_colons_equals_signs_and_commas():
    found = parse(r"coco:/d/a=b\,c:d.json,images=/x\,y,skeleton=hand21")
    assert found.kind == "coco"
    assert found.path == "/d/a=b,c:d.json"
    assert found.options == {"images": "/x,y", "skeleton": "hand21"}


def test_blanks_before_an_option_are_a_habit_of_writing():
    assert parse("coco:/d/a b.json, images=/d/my photos,  split=test") == parse(
        "coco:/d/a b.json,images=/d/my photos,split=test"
    )


def test_a_windows_path_keeps_its_backslashes():
    assert parse("lspet:C:\\data\\lspet,split=test").path == "C:\\data\\lspet"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/data/lspet", "write the format and a colon"),
        ("", "write the format and a colon"),
        ("LSPET:/d", "write the format and a colon"),
        ("lspet:", "names nothing behind the colon"),
        ("lspet:,split=test", "names nothing behind the colon"),
        ("lspet:/d\\", "ends in a backslash"),
        ("lspet:/d,split", "found 'split'"),
        ("lspet:/d,split=", "found 'split='"),
        ("lspet:/d,=test", "found '=test'"),
        ("lspet:/d,", "found ''"),
        ("coco:/d/a,b.json", "needs quotes in a shell"),
        ("people.json", "did you mean coco:people.json?"),
        (" d/table.PARQUET", "did you mean poses:d/table.PARQUET?"),
        ("lspet:/d,split=test,split=train", "'split' twice"),
    ],
)
def test_a_misspelt_address_says_what_is_wrong(text, told):
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("holds", "told"),
    [
        (["render.json", "annotations.json", "poses.parquet"], "coco:mine/annotations.json"),
        (["data.yaml"], "yolo:mine/data.yaml"),
        (["joints.mat"], "lspet:mine"),
        ([], None),
    ],
)
def test_a_folder_without_a_format_is_told_by_what_it_holds(holds, told, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    for name in holds:
        (tmp_path / "mine" / name).touch()
    monkeypatch.chdir(tmp_path)
    expected = f"did you mean {told}?" if told else "write the format and a colon"
    with pytest.raises(ValueError, match=re.escape(expected)):
        parse("mine")


def test_a_world_without_its_format_is_told():
    with pytest.raises(ValueError, match=r"did you mean world:hand\?"):
        parse("hand")


def test_worlds_are_those_that_there_are():
    assert address.WORLDS == worlds.WORLDS
