"""The crashes begin first, as they take longest; at the end, a table of what was done."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.torture.commands import Server


@pytest.fixture(scope="session")
def server():
    started = Server()
    yield started
    started.close()


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
