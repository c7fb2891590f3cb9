"""The version of this package, for all rooms: nobody need import the public face for it."""

__version__ = "0.1.0"
