"""The settings of an ``experiment.yaml``: in groups, as it is written, and each by its own name.

A group stands for a component: ``network: {name: small, side: 64}``. By their own names, which
are those of flags and of files without groups, these are ``network`` and ``side``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GROUPS = ("data", "method", "network", "sampling", "scoring", "training", "hardware")
NAME = "name"
"""Within a group, what the group's own name stands for where there are no groups."""


def ungrouped(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give every setting by its own name; a document without groups stays as it is.

    >>> ungrouped({"seed": 3, "network": {"name": "small", "side": 64}})
    {'seed': 3, 'network': 'small', 'side': 64}
    """
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key in GROUPS and isinstance(value, Mapping):
            found |= {key if name == NAME else name: setting for name, setting in value.items()}
        else:
            found[key] = value
    return found
