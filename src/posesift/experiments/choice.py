"""Which checkpoint of a run is kept, and what a report must say about it. No torch here."""

from __future__ import annotations

CHOICES = ("last", "agreement", "best-on-target-test")
LEAKS = ("best-on-target-test",)
"""Choices that look at the labels that the result is measured with."""

_SENTENCES = {
    "last": "The last checkpoint is kept; no labels of the target chose it.",
    "agreement": (
        "The checkpoint is kept whose predictions on two views of the same unlabelled target "
        "training images agree best; no labels of the target chose it."
    ),
    "best-on-target-test": (
        "Leak: the checkpoint is kept that scores best on the labelled target test set, the set "
        "that the results are measured on. Such figures are higher than what can be reached "
        "without target labels; they may be compared with nothing but figures chosen in the "
        "same way."
    ),
}


def describe(choice: str) -> str:
    """Say what a report says about the checkpoint; a leak is called one.

    >>> describe("last")
    'The last checkpoint is kept; no labels of the target chose it.'

    Raises:
        ValueError: an unknown choice.
    """
    if choice not in CHOICES:
        raise ValueError(
            f"unknown choice of the checkpoint {choice!r}, expected one of {', '.join(CHOICES)}"
        )
    return _SENTENCES[choice]


def is_leak(choice: str) -> bool:
    """Whether a choice uses labels of the target test set.

    >>> is_leak("best-on-target-test"), is_leak("agreement")
    (True, False)
    """
    return choice in LEAKS
