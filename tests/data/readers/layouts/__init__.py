"""Every layout of files that is read: a small set of each, and what its reader must find there."""

from tests.data.readers.layouts import animals, bodies, hands, own  # noqa: F401 - they fill the list
from tests.data.readers.layouts.layout import LAYOUTS, Layout, Written

__all__ = ["LAYOUTS", "Layout", "Written"]
