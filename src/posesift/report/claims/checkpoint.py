"""Which labels chose the checkpoint, in words; a choice by the target's test labels is a leak."""

from __future__ import annotations

from typing import Any

from posesift.experiments import choice

LEAKING = "best-on-target-test"
LAST = "last step; none of the target's labels"
_CHOICES = {
    "last": LAST,
    "agreement": "agreement on unlabelled target images; none of the target's labels",
    LEAKING: "a leak: best on the labels of the target's test set (best-on-target-test)",
}
LEAK = choice.describe(LEAKING)


def of_run(settings: dict[str, Any]) -> str:
    """Which labels chose the checkpoint of one run.

    >>> of_run({"method": "udape"})
    "last step; none of the target's labels"
    >>> of_run({"method": "oracle", "choose_by": "last"})
    "last step; trained on the target's labels (oracle)"
    """
    chosen = str(settings.get("choose_by") or "last")
    if settings.get("method") == "oracle" and chosen == "last":
        return "last step; trained on the target's labels (oracle)"
    return _CHOICES.get(chosen, chosen)


def of_comparison(comparison: dict[str, Any]) -> tuple[str, list[str]]:
    """Which labels chose the checkpoints of a comparison, and the warning if that is a leak.

    >>> of_comparison({})
    ("last step; none of the target's labels", [])
    >>> of_comparison({"checkpoint": "Leak: by the test set."})[1]
    ['Leak: by the test set.']
    """
    said = str(comparison.get("checkpoint") or LAST)
    if said.startswith("Leak"):
        return _CHOICES[LEAKING], [said]
    return said, [f"{LEAK} ({said})"] if LEAKING in said else []
