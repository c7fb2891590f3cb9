"""Renderings: new poses of a built-in world where a target has them and a source lacks them.

``like`` says what the target has, ``chosen`` which samples of a world stand for it, ``replaced``
puts them in the place of a part of a source, for the arms of a comparison. No torch here.
"""

from __future__ import annotations

from typing import Literal

RENDERINGS = (
    "rendered-like-target",
    "rendered-where-failing",
    "rendered-at-random",
    "rendered-flat",
)
"""What a part of the source can be replaced by: renderings that stand for what the target has and
the source lacks; the same, weighed by where the student fails; and two controls, as many at random
from the mixture of the source, and as many from poses of all kinds equally often."""

CHOOSING = RENDERINGS[:2]
"""Those that look at the target."""

LooksAt = Literal["predictions", "labels"]
LOOKS_AT: tuple[LooksAt, ...] = ("predictions", "labels")
"""How the poses of the target are known: as a student predicts them, or by the target's labels."""
