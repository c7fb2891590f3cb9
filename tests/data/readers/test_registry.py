from __future__ import annotations

import pytest
from tests.datasets import write_lspet

from posesift.data.address import Address, parse
from posesift.data.readers import READERS, help_text, options, read


def test_the_address_of_a_table_is_canonical_and_names_the_split(tmp_path):
    write_lspet(tmp_path)
    assert read(f"lspet:{tmp_path}").address == f"lspet:{tmp_path}"
    table = read(f"lspet:{tmp_path}", default_split="test")
    assert table.address == f"lspet:{tmp_path},split=test"
    assert len(table) == 2
    chosen = read(f"lspet:{tmp_path},split=train", default_split="test")
    assert len(chosen) == 6
    again = read(parse(chosen.address))
    assert again.image_N.tolist() == chosen.image_N.tolist()


def test_an_unknown_kind_lists_the_kinds_and_the_closest():
    with pytest.raises(ValueError, match=r"lspet, .*coco.* found 'cocoo'; did you mean 'coco'"):
        read("cocoo:/d/x.json")


def test_an_unknown_option_lists_the_options_and_the_closest():
    with pytest.raises(ValueError, match=r"no option 'splt'; did you mean 'split'.*boxes=file"):
        read("lspet:/d,splt=test")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("lspet:/d,split=tset", r"expected split=all\|train\|test, found 'tset'; .* 'test'"),
        ("world:body,n=many", "expected n=int, found 'many'"),
        ("world:body,n=0", "expected n of at least 1, found 0"),
        ("world:body,seed=-1", "expected seed of at least 0"),
    ],
)
def test_a_value_that_does_not_fit_says_what_does(address, told):
    with pytest.raises(ValueError, match=told):
        read(address)


def test_options_are_the_keyword_parameters():
    own = {"split", "boxes", "images", "skeleton", "category", "names", "exif"}
    own |= {"threshold", "bbox", "coordinates"}
    assert set(options("coco")) == own | {"as", "map"}
    assert options("world")["side"].annotation is int
    for kind in READERS:
        assert f"{kind}:PATH" in help_text()
        for name in ("as", "map"):
            assert (name in options(kind)) == (kind != "images"), "images have no keypoints"
    assert "    as=str" in help_text()


def test_a_default_split_leaves_other_options_alone(tmp_path):
    write_lspet(tmp_path)
    address = Address("lspet", str(tmp_path), {"boxes": "labels"})
    table = read(address, default_split="test")
    assert table.boxes_from == "labels"
    assert parse(table.address).options == {"split": "test", "boxes": "labels"}
    assert address.options == {"boxes": "labels"}
