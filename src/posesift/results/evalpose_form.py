"""Which form of EvalPose a page shows: by limbs, or as folders of earlier versions hold it.

One form a page, since two would not compare: a single entry without the newer one decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from posesift.results.by_seed import Compared


class Form(NamedTuple):
    """Key of an entry and of its difficulty bins, and the name that a page gives it."""

    key: str
    name: str


LIMBS = Form("evalpose_limbs", "EvalPose")
STANDARDISED = Form("evalpose_100", "EvalPose, standardised")


def of(entries: Iterable[dict[str, Any] | None]) -> Form:
    """Return the form that all entries hold; those that hold none do not count.

    >>> of([{"evalpose_limbs": 50.0, "evalpose_100": 40.0}, {}]).name
    'EvalPose'
    >>> of([{"evalpose_limbs": 50.0, "evalpose_100": 40.0}, {"evalpose_100": 40.0}]).name
    'EvalPose, standardised'
    """
    keys = [form.key for form in (LIMBS, STANDARDISED)]
    holding = [entry for entry in entries if entry and any(key in entry for key in keys)]
    return LIMBS if all(LIMBS.key in entry for entry in holding) else STANDARDISED


def of_run(evaluation: dict[str, Any]) -> Form:
    """Return the form of a run's ``evaluation.json``."""
    free = (evaluation.get("baselines") or {}).values()
    return of(entry for sets in (evaluation["sets"], *free) for entry in sets.values())


def of_comparison(comparison: Compared) -> Form:
    """Return the form of ``comparison.json``."""
    return of(_entries(comparison))


def _entries(comparison: Compared) -> Iterator[dict[str, Any] | None]:
    for part in (*comparison["cells"], *(comparison.get("baselines") or [])):
        yield from part["sets"].values()
