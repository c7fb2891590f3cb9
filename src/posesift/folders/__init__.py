"""Folders of results: claimed by one writer, filled, and finished by a manifest.

A folder is finished when it holds ``manifest.json``, which is written last; so a run that was
killed, or met a full disk, never looks like one that ended. What takes the place of an earlier
result is made beside it (``replacing``), so that there is always one that is whole.
"""

from posesift.folders.claim import Claim, begun_in, claim, dated_folder, remember, writing
from posesift.folders.layout import RESUMABLE, place_of
from posesift.folders.manifest import (
    MANIFEST,
    finish_with,
    is_finished,
    is_unfinished,
    read_manifest,
    reopen,
    resumable,
    write_manifest,
)

__all__ = [
    "MANIFEST", "RESUMABLE", "Claim", "begun_in", "claim", "dated_folder", "finish_with",
    "is_finished", "is_unfinished", "place_of", "read_manifest", "remember", "reopen",
    "resumable", "write_manifest", "writing",
]  # fmt: skip
