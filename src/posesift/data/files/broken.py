"""Which images of a table nobody can train on, told without decoding them.

M images.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from posesift import progress, storage
from posesift.data.files.image_names import is_there
from posesift.data.files.images import check_complete
from posesift.poses.table import PoseTable

_THREADS = 8  # most of the time is spent waiting for the disk
_TOGETHER = 64  # images a task


def broken_images(table: PoseTable) -> dict[str, str]:
    """Find photographs that are empty, cut short, or no images: name to what is wrong.

    A JPEG or PNG is told by how it begins and ends, so damage in its middle is not found. Images
    that are not there, frames of videos and pictures of worlds are not looked at.
    """
    if table.image_N is None or table.root.startswith("world:"):
        return {}
    names = list(dict.fromkeys(table.image_N.tolist()))

    def look(some: list[str]) -> dict[str, str]:
        return {name: told for name in some if (told := _wrong(table.root, name))}

    tasks = [names[i : i + _TOGETHER] for i in range(0, len(names), _TOGETHER)]
    found: dict[str, str] = {}
    with ThreadPoolExecutor(_THREADS) as pool, progress.bar("images", len(names)) as bar:
        for task, part in zip(tasks, pool.map(look, tasks), strict=True):
            found |= part
            bar.advance(len(task))
    return found


def _wrong(root: str, name: str) -> str:
    path = storage.inside(root, name)
    try:
        check_complete(path)
    except ValueError as error:
        return str(error) if is_there(path) else ""  # a frame, clip.mp4#12, is no file either
    return ""
