"""One cluster for all tests of engines: it takes seconds to start."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture(scope="session")
def two_workers():
    """Two workers on this machine."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # else a busy machine lets the workers wait
        ray.init(
            "local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    yield ray
    ray.shutdown()


@pytest.fixture
def ray(two_workers, request):
    """Give the two workers, which know the functions of the test's file."""
    two_workers.cloudpickle.register_pickle_by_value(request.module)
    return two_workers
