"""RegDA (Jiang et al., CVPR 2021): adaptation by an adversarial second head."""

from posesift.adaptation.regda.method import RegDA
from posesift.adaptation.regda.settings import RegDASettings

__all__ = ["RegDA", "RegDASettings"]
