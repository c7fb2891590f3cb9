"""The crashes begin first, as they take longest; at the end, a table of what was done."""

from __future__ import annotations

import logging
import secrets
from collections import Counter

import pytest
from tests.torture.commands import Server


@pytest.fixture(scope="session")
def server():
    started = Server()
    yield started
    started.close()


@pytest.fixture(scope="session")
def server_beside_ray():
    """One whose commands find a cluster by Ray, with a token of its own, and all use it."""
    own = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # else a busy machine lets the workers wait
        for name, value in own.items():
            patch.setenv(name, value)  # read when Ray is imported
        ray = pytest.importorskip("ray")
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        ray.init("local", num_cpus=4, include_dashboard=False, **quiet)
    started = Server(**own, RAY_ADDRESS=ray.get_runtime_context().gcs_address)
    yield started
    started.close()
    ray.shutdown()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: "test_crashes.py" not in item.nodeid)


def pytest_terminal_summary(terminalreporter):
    rows = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            found = dict(getattr(report, "user_properties", []))
            if getattr(report, "when", "") == "call" and "counts" in found:
                rows.append((found["command"], Counter(found["counts"]), found["seconds"]))
    if not rows:
        return
    terminalreporter.section("crashes")
    for command, counts, seconds in rows:
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()) if count)
        terminalreporter.line(f"{command}: {counts.total()} ({told}); {seconds} s of processor")
    total = sum((counts for _, counts, _ in rows), Counter())
    terminalreporter.line(
        f"all: {total.total()}; "
        + ", ".join(f"{count} {what}" for what, count in sorted(total.items()) if count)
    )
