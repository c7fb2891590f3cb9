"""The ranges of settings that are numbers: what lies outside is refused before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LARGEST_SEED = 2**32 - 1
_MANY = 10**9

RANGES: dict[str, tuple[float, float]] = {
    "warmup_steps": (0, _MANY),
    "steps": (0, _MANY),
    "batch_size": (1, 2**20),
    "side": (16, 2048),
    "sigma": (1e-3, 1e3),
    "learning_rate": (0, 1e3),
    "learning_rate_second": (0, 1e3),
    "backbone_speed": (0, 1e3),
    "rotation": (0, 360),
    "bins": (1, _MANY),
    "seed": (0, LARGEST_SEED),
    "threads": (1, 4096),
    "workers": (0, 4096),
    "accumulate": (1, 2**20),
    "devices": (1, 2**16),
    "save_every": (1, _MANY),
}
"""A setting to the least and the greatest value that it may have."""

_NO_FLAG = (
    "sigma", "learning_rate", "learning_rate_second", "backbone_speed", "rotation", "save_every",
)  # fmt: skip


def check_ranges(settings: Mapping[str, Any]) -> None:
    """Refuse a number out of its range; settings that are None, or have no range, pass.

    Raises:
        ValueError: the message names the flag, or the field where there is none.

    >>> check_ranges({"seed": -1})
    Traceback (most recent call last):
    ...
    ValueError: --seed: expected 0 to 4294967295, found -1
    """
    for name, (least, greatest) in RANGES.items():
        value = settings.get(name)
        if value is None or least <= value <= greatest:  # NaN lies in no range
            continue
        said = name if name in _NO_FLAG else f"--{name.replace('_', '-')}"
        found = f"{value:g}" if isinstance(value, float) else str(value)
        raise ValueError(f"{said}: expected {least:g} to {_plain(greatest)}, found {found:.40}")


def _plain(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
