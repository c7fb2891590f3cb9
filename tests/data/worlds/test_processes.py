"""Processes that paint: signals are the first one's, which ends the others."""

from __future__ import annotations

import signal

import pytest

from posesift.data.worlds import processes


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows holds no signals back")
def test_processes_hear_no_signal_from_their_start_on_and_this_one_hears_them_again():
    jobs = [(signal.SIG_BLOCK, ())] * 2
    for held in processes.done(signal.pthread_sigmask, jobs, workers=2):
        assert {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1} <= held
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}
