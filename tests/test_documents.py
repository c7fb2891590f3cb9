"""Small hostile documents: each is one message, soon."""

from __future__ import annotations

import msgspec
import pytest
import yaml

from posesift import documents

DEEP = 100_000


class Person(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    limbs: list[tuple[str, str]] = []


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"name": 5}, "me: name: expected text, found a whole number"),
        ({"name": "a", "limbs": 5}, "me: limbs: expected a list, found a whole number"),
        ({"name": "a", "limbs": [["b", None]]}, r"limbs\[0\]\[1\]: expected text, found nothing"),
        ({"name": "a", "limbs": [["b"]]}, r"limbs\[0\]: expected a list of length 2, found 1"),
        ({"limbs": []}, "expected the field name"),
        ({"name": "a", "nose": 1}, "expected no unknown field nose"),
        ([], "me: expected an object, found a list"),
    ],
)
def test_what_is_of_another_type_is_told_by_entry(value, told):
    with pytest.raises(ValueError, match=told):
        documents.converted(value, Person, "me")


@pytest.mark.parametrize(
    "content",
    [b"[" * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP, b"9" * 5000, b'"\\ud800"', b"\xff"],
)
@pytest.mark.parametrize("kind", [object, list, msgspec.Raw, dict[str, int]])
def test_json_that_is_none(content, kind):
    if kind is msgspec.Raw and content.isdigit():
        pytest.skip("what is kept as it stands is not read")
    with pytest.raises(ValueError, match=r"a\.json") as caught:
        documents.from_json(content, kind, "a.json")
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 50_000 + " = 1",
        "[a" + ".a" * 50_000 + "]",
        "a = " + "[" * DEEP,
        "a = " + "[" * 50_000 + "]" * 50_000,
        "a = " + "{b=" * 20_000,
        "a = " + "9" * 10_000,
        "a = 1979-99-99",
        "# " + "x" * documents.LARGEST,
    ],
)
def test_toml_that_would_never_end(text):
    with pytest.raises(ValueError, match=r"a\.toml"):
        documents.from_toml(text, "a.toml")


ANCHORS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        ANCHORS,
        "a: &a [*a]",
        "a: &a {b: *a}",
        "<<: &a {b: 1}\nc: {<<: *a}",
        "[" * DEEP,
        "{a: " * 10_000,
        "- " * 10_000,
        "a: !!float x",
        "a: !!int x",
        "a: !!timestamp x",
        "a: 2001-99-99",
        "a: " + "9" * 10_000,
        "!!python/object/apply:os.system [echo]",
        "? [a]\n: 1\n? {b: 1}\n: 2",
        "a: " + "x" * documents.LARGEST,
    ],
)
def test_yaml_that_would_never_end(text):
    with pytest.raises(ValueError, match=r"a\.yaml"):
        documents.from_yaml(text, "a.yaml")


def test_what_yaml_writes_of_shared_values_is_not_an_alias():
    """Own files are written of plain values, each of its own."""
    word = "the same"
    assert documents.from_yaml(yaml.safe_dump([word, word, 1.5, None]), "x") == [
        word,
        word,
        1.5,
        None,
    ]
