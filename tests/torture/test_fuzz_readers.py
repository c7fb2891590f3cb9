"""Spoilt files of every format: one message or a table, in bounds, and nothing else is touched."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.torture.guard import guarded, piped, read_or_explained
from tests.torture.seeds import PARSE, SEEDS, Seed
from tests.torture.spoil import WRITERS, edited, edits, examples, spoilt

EXAMPLES = examples(6, 100)
AT_LENGTH = "POSESIFT_TORTURE" in os.environ


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: seed.name)
def seed(request, tmp_path_factory) -> tuple[Seed, Path, Path]:
    """A kind of input, its folder, and the file in it that is spoilt."""
    folder = tmp_path_factory.mktemp("seed")
    request.param.write(folder)
    file = sorted(folder.glob(request.param.file))[0]
    request.param.read(folder, file)  # as it is, it is read
    return request.param, folder, file


@pytest.fixture(scope="module")
def true_content(seed) -> bytes:
    return seed[2].read_bytes()


@settings(
    max_examples=EXAMPLES,
    derandomize=not AT_LENGTH,  # the same few files in every `make test`
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_spoilt_file_is_read_or_explained(seed, true_content, data):
    kind, folder, file = seed
    if kind.form == "bytes":
        content = edited(true_content, data.draw(edits()))
    else:
        content = WRITERS[kind.form](data.draw(spoilt(PARSE[kind.form](true_content))))
    file.write_bytes(content)
    try:
        if kind.form == "bytes" and AT_LENGTH:
            in_a_child(lambda: guarded_reading(kind, folder, file))
        else:
            guarded_reading(kind, folder, file)
    finally:
        file.write_bytes(true_content)


def guarded_reading(kind: Seed, folder: Path, file: Path) -> None:
    with guarded(folder):
        read_or_explained(kind.read, folder, file)


def in_a_child(do: Callable[[], None]) -> None:
    """Do it in a process of its own: decoders in C die of one spoilt file in thousands.

    scipy's of MATLAB files and the HDF5 library do. That they do not is no promise of ours
    (SECURITY.md), and must not end the other tests.
    """
    child = os.fork()
    if not child:
        try:
            do()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0


def test_a_pipe_is_not_waited_for(seed):
    kind, folder, file = seed
    with piped(file):
        read_or_explained(kind.read, folder, file)
