"""Supervised training without adaptation: the floor of every comparison, and its oracle."""

from posesift.adaptation.source_only.method import SourceOnly, SourceOnlySettings

__all__ = ["SourceOnly", "SourceOnlySettings"]
