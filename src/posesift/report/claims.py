"""The part of a page that sets every headline number beside its evidence."""

from __future__ import annotations

from posesift.report.blocks import Section
from posesift.report.folders import RunFolder
from posesift.report.results import Comparison


def of_comparison(comparison: Comparison) -> Section | None:
    """Claims of a comparison."""
    return None


def of_run(folder: RunFolder) -> Section | None:
    """Claims of one run."""
    return None
