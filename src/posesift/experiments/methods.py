"""The methods: one line each, read by everything that must know them. No torch here.

A new method is a file with its class and its settings, and a line of `METHODS`.
"""

from __future__ import annotations

import dataclasses
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posesift.adaptation.training.method import Method


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A method.

    Attributes:
        label: what people call it.
        made_by: module and class. The class takes network, codec and settings, which are a
            dataclass of its name with ``Settings`` behind it in the same module; of what an
            experiment says the settings get those fields that they have.
        published: the same of its published form (``--parity``), if there is one.
        views: module of the published views.
        cost: an adaptation step, in supervised ones of the same batch.
        needs_target: it looks at unlabelled images of the target.
        styled: its class takes a style, too.
        trains_on_target: it is trained on the target's labels.
        published_sees_labels: its published form looks at labels of the target.
    """

    label: str
    made_by: str
    published: str | None = None
    views: str = "posesift.adaptation.published_views"
    cost: float = 1.0
    needs_target: bool = False
    styled: bool = False
    trains_on_target: bool = False
    published_sees_labels: bool = False


_SUPERVISED: dict[str, Any] = {
    "made_by": "posesift.adaptation.source_only:SourceOnly",
    "published": "posesift.adaptation.source_only.published:SourceOnlyParity",
}
METHODS = {
    "source-only": Entry(label="Source only", **_SUPERVISED),
    "regda": Entry(
        label="RegDA",
        made_by="posesift.adaptation.regda:RegDA",
        published="posesift.adaptation.regda:RegDA",
        cost=2.8,
        needs_target=True,
        published_sees_labels=True,
    ),
    "udape": Entry(
        label="UDAPE",
        made_by="posesift.adaptation.udape:UDAPE",
        published="posesift.adaptation.udape.published:UDAPEParity",
        views="posesift.adaptation.views.published",
        cost=2.4,
        needs_target=True,
        styled=True,
    ),
    "oracle": Entry(label="Oracle", trains_on_target=True, **_SUPERVISED),
}
"""By name; the oracle is source-only training on the target's labels."""


def names(**what: bool) -> tuple[str, ...]:
    """Find the methods of which something holds.

    >>> names(needs_target=True), names(trains_on_target=False)
    (('regda', 'udape'), ('source-only', 'regda', 'udape'))
    """
    return tuple(
        name
        for name, entry in METHODS.items()
        if all(getattr(entry, key) == value for key, value in what.items())
    )


def label_of(name: str) -> str:
    """Return a method's name for people; of one that the table does not know, its own.

    >>> label_of("udape"), label_of("a-new-one")
    ('UDAPE', 'a-new-one')
    """
    return METHODS[name].label if name in METHODS else name


def make(
    name: str, network: Any, codec: Any, style: Any, parity: bool, known: dict[str, Any]
) -> Method:
    """Make a method.

    Args:
        name: of `METHODS`.
        network: to train.
        codec: of its heatmaps.
        style: for those that take one.
        parity: its published form.
        known: settings by name, of which it takes those that it has.

    Raises:
        ValueError: there is no published form.
    """
    entry = METHODS[name]
    where = entry.published if parity else entry.made_by
    if where is None:
        raise ValueError(f"--parity: {name} has no published form; leave --parity out")
    module, _, made_by = where.partition(":")
    found = importlib.import_module(module)
    kind = getattr(found, f"{made_by}Settings")
    has = {field.name for field in dataclasses.fields(kind)}
    settings = kind(**{key: value for key, value in known.items() if key in has})
    more = (style,) if entry.styled else ()
    return getattr(found, made_by)(network, codec, settings, *more)
