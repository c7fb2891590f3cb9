"""For all tests: a cache of their own, one thread a process, one profile of Hypothesis, Ctrl-C."""

import gc
import os
import signal
import tempfile

import pytest
from hypothesis import settings

# Before torch and OpenMP are loaded: the workers of pytest-xdist share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No deadline: how long an example takes says how busy the machine is. Where nobody is there to look
# at a chance find (CI), the examples are the same in every run.
settings.register_profile(
    "posesift", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True
)
settings.load_profile("posesift")


# A shell that starts something in the background has it ignore Ctrl-C, and so would the commands
# that tests end by it, for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    if "POSESIFT_CACHE" not in os.environ:  # workers inherit the first process's
        folder = tempfile.TemporaryDirectory(prefix="posesift-tests-")
        os.environ["POSESIFT_CACHE"] = folder.name
        config.add_cleanup(folder.cleanup)


@pytest.hookimpl(trylast=True)  # after pytest-xdist
def pytest_collection_modifyitems(items):
    """Let the marks ``xdist_group`` count.

    pytest-xdist 3.8 writes a test's group behind its name in a field from which pytest reads the
    name no longer since 9.2 (pytest-xdist's issue 1386): without a word, what shares a cluster or
    a comparison ran in every process. Nothing is done where the two agree.
    """
    for item in items:
        named = getattr(item, "_nodeid", item.nodeid)
        if named != item.nodeid:
            item._id = type(item._id).parse(named)


def pytest_collection_finish():
    gc.freeze()  # thousands of tests and all modules: nothing of it will be garbage
