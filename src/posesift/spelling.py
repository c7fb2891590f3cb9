"""What somebody meant who misspelt a name: guessed only where the guess is close."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

CLOSE = 0.8
"""Ratio of `difflib.SequenceMatcher` from which two names are close. A letter too many, too few or
wrong in five letters or more is; ``left_ear`` for ``left_eye`` (0.75) is not."""

_TELLING = re.compile(r"(?<![a-z])(?:left|right|l|r)(?![a-z])|\d+")
"""Sides and numbers: where these differ, another thing is meant, however alike the names."""


def meant(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``word`` most likely misspells, or None where none is close.

    >>> meant("left_wirst", ["left_wrist", "right_wrist"])
    'left_wrist'
    >>> meant("elob", ["elbo", "pca"])
    'elbo'
    >>> print(meant("left_wrist", ["right_wrist", "left_hip"]), meant("left_eye", ["left_ear"]))
    None None
    >>> print(meant("thumb1", ["thumb2"]))
    None
    """
    asked = word.lower()
    alike = [name for name in known if _TELLING.findall(name.lower()) == _TELLING.findall(asked)]
    by_form = {name.lower(): name for name in reversed(alike)}
    close = difflib.get_close_matches(asked, by_form, n=1, cutoff=CLOSE)
    turned = [form for form in by_form if sorted(form) == sorted(asked)]  # letters exchanged
    return next((by_form[form] for form in [*close, *turned]), None)


def hint(word: str, known: Iterable[str]) -> str:
    """Return the same as the end of a message: "" where nothing is close.

    >>> hint("elob", ["elbo", "pca"]), hint("x", ["elbo"])
    ("; did you mean 'elbo'?", '')
    """
    found = meant(word, known)
    return "" if found is None else f"; did you mean {found!r}?"
