"""PoseSift: choose the synthetic poses that make a pose estimator work on real images.

The rooms, in the order of the data: ``skeletons``, ``poses``, ``data``, ``difficulty``,
``sampling``, ``networks``, ``adaptation``, ``evaluation``, ``experiments``, ``report``.
Importing this package loads neither torch nor matplotlib.
"""

__version__ = "0.1.0"
