"""For every test and doctest: a cache of their own, and one thread a process."""

import os
import tempfile

# Before torch and OpenMP are loaded: the workers of pytest-xdist share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config):
    if "POSESIFT_CACHE" not in os.environ:  # workers inherit the first process's
        folder = tempfile.TemporaryDirectory(prefix="posesift-tests-")
        os.environ["POSESIFT_CACHE"] = folder.name
        config.add_cleanup(folder.cleanup)
