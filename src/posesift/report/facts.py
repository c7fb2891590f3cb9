"""Small print of any page: budgets in words, settings as lines, notes each once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from posesift.data import address
from posesift.report.wording import capitalised, count, number, plural
from posesift.results import by_seed
from posesift.results.by_seed import Compared
from posesift.results.run import Run

LONGEST_FACT = 240  # characters; a stored skeleton, say, belongs in its file
BOXES_FROM_LABELS = (
    "Person boxes come from labels (boxes=labels): the crops have looked at them, so numbers of "
    "this page cannot be set beside results with detected or given boxes."
)


def budget(settings: dict[str, Any]) -> str:
    """Return steps and batch size in words, from a comparison's budget or a run's settings."""
    spelled = {
        "warmup_steps": "{} warm-up steps",
        "steps": "{} steps after it",
        "oracle_steps": "{} for an oracle",
        "batch_size": "batches of {}",
    }
    spent = [text.format(count(settings[k])) for k, text in spelled.items() if settings.get(k)]
    return ", ".join(spent)


def seeds(numbers: list[int]) -> str:
    """How many seeds and which.

    >>> seeds([0]), seeds([0, 1, 2])
    ('one seed (seed 0)', 'three seeds (0, 1, 2)')
    """
    named = f"seed {numbers[0]}" if len(numbers) == 1 else ", ".join(map(str, numbers))
    return f"{plural(len(numbers), 'seed')} ({named})"


def box_note(notes: list[str], addresses: Iterable[str | None]) -> list[str]:
    """Give the note on boxes, when an address takes them from labels and no note says so."""
    if any("boxes" in note.lower() and "label" in note for note in notes):
        return []
    for text in addresses:
        try:
            if text and address.parse(text).options.get("boxes") == "labels":
                return [BOXES_FROM_LABELS]
        except ValueError:
            continue  # the address is shown with the facts, and where data are missing
    return []


def once(notes: list[str], summary: dict[str, Any] | None) -> list[str]:
    """Return notes, the scorer's warnings and how its data were read, as sentences, each once."""
    said = [*((summary or {}).get("warnings") or []), *((summary or {}).get("notes") or [])]
    told = [*map(str, notes), *map(str, said)]
    return list(dict.fromkeys(sentence(text) for text in told))


def sentence(text: str) -> str:
    """Return a warning of a command line as a sentence on a page.

    >>> sentence("the score is noisy")
    'The score is noisy.'
    """
    return capitalised(text) if text.endswith((".", "!", "?")) else f"{capitalised(text)}."


def flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as lines of text, in their order; what is longer than a line is left out."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += flat(item, f"{prefix}{key}.")
        elif item not in (None, "", [], ()):
            text = f"{item:g}" if isinstance(item, float) else str(item)
            if len(text) <= LONGEST_FACT:
                lines.append((f"{prefix}{key}", text))
    return lines


NAMES = {
    "constant pose": "a constant pose",
    "BatchNorm re-estimated": "re-estimating BatchNorm on unlabelled target images",
}


VAE = ("elbo", "reconstruction")
SCORES = {
    "elbo": "VAE, elbo",
    "reconstruction": "VAE, reconstruction",
    "mean-distance": "distance to the mean pose",
    "pca": "PCA residual",
    "knn": "k-NN distance",
}
HEADLINE = (
    "pooled over the visible joints of the headline group; thresholds as shares of the crop's side"
)


def protocol(comparison: Compared) -> str:
    """Name the protocol of the numbers."""
    return stated_protocol(by_seed.some_entry(comparison, "target"))


def stated_protocol(entry: dict[str, Any]) -> str:
    """Name the protocol of one set's figures."""
    name = entry.get("protocol", "pooled")
    return HEADLINE if name == "pooled" else str(name)


def beside(folder: Run, *keys: str) -> str:
    """Say what a constant pose reaches on the headline's set, behind a number; or nothing."""
    name, _ = folder.headline
    free = ((folder.evaluation.get("baselines") or {}).get("constant pose") or {}).get(name)
    value = by_seed.lookup(free, *keys)
    return "" if value is None else f" (a constant pose: {number(value)})"
