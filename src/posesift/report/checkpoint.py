"""Which labels chose the checkpoint, in words; a choice by the target's test labels is a leak."""

from __future__ import annotations

import re
from typing import Any

LEAKING = "best-on-target-test"
LAST = "last step; none of the target's labels"
_CHOICES = {
    "last": LAST,
    "agreement": "agreement on unlabelled target images; none of the target's labels",
    LEAKING: "a leak: best on the labels of the target's test set (best-on-target-test)",
}
LEAK = (
    "Leak: the checkpoint was chosen by the labels of the target's test set "
    "(best-on-target-test). Figures on that set flatter the model; they can only be set beside "
    "published figures that were chosen in the same way, and are no estimate for new images."
)


def of_run(settings: dict[str, Any]) -> str:
    """Which labels chose the checkpoint of one run.

    >>> of_run({"method": "udape"})
    "last step; none of the target's labels"
    >>> of_run({"method": "oracle", "choose_by": "last"})
    "last step; trained on the target's labels (oracle)"
    """
    choice = str(settings.get("choose_by") or "last")
    if settings.get("method") == "oracle" and choice == "last":
        return "last step; trained on the target's labels (oracle)"
    return _CHOICES.get(choice, choice)


def is_leak(chosen: str) -> bool:
    """Whether a comparison's sentence on its checkpoints names a leak.

    >>> is_leak("best-on-target-test"), is_leak("last step; none of the target's labels")
    (True, False)
    """
    return LEAKING in chosen or re.search(r"\b(?:a|is|are) leak", chosen) is not None
