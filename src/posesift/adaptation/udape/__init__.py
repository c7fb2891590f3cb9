"""UDAPE (Kim et al., ECCV 2022): adaptation by a mean teacher, styles and occlusion."""

from posesift.adaptation.udape.method import UDAPE
from posesift.adaptation.udape.settings import UDAPESettings

__all__ = ["UDAPE", "UDAPESettings"]
