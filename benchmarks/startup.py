"""How long it takes until small work is done, imports included, in processor time.

Goals: 0.3 s for the help, which imports neither torch nor matplotlib, 6 s for a score of 1,000
poses, and 5 s for a check of 1,000 images.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, main, over, spent
from loading import write_photographs
from reading_coco import write_file

GOAL_HELP, GOAL_SCORE, GOAL_CHECK = 0.3, 6.0, 5.0
IMPORTS = "import posesift.experiments.score, posesift.report.page"


def rows(repeat: int = 2, count: int = 1000) -> Iterator[Figure]:
    """The help, the imports of a score, a score and a check of so many poses and images."""

    def runs(*words: str) -> list[float]:
        return [spent(*words)[0] for _ in range(repeat)]

    bare, helped = runs("-c", "pass"), runs("-m", "posesift", "--help")
    yield Figure("posesift --help", helped, "s", most=GOAL_HELP)
    yield Figure("posesift --help over bare Python", over(helped, bare))
    torch, imports = runs("-c", "import torch"), runs("-c", IMPORTS)
    yield Figure("imports of posesift score", imports, "s")
    yield Figure("imports of posesift score over torch", over(imports, torch))
    with tempfile.TemporaryDirectory() as name:
        out = ("--overwrite", "--out", f"{name}/out")
        score = runs("-m", "posesift", "score", f"world:body,n={count}", *out)
        yield Figure(f"posesift score of {count:,} poses", score, "s", most=GOAL_SCORE)
        photos, labels = Path(name) / "photos", Path(name) / "labels.json"
        photos.mkdir()
        write_photographs(photos, count, 640, 480)
        for path in photos.iterdir():
            path.rename(photos / f"{int(path.stem):012d}.jpg")  # as the labels name it
        write_file(labels, count, people=1)
        data = f"coco:{labels},images={photos},skeleton=coco17"
        check = runs("-m", "posesift", "check", data, "--sheet", f"{name}/sheet.jpg")
        yield Figure(f"posesift check of {count:,} images", check, "s", most=GOAL_CHECK)


if __name__ == "__main__":
    main(rows, repeat=1, count=60)
