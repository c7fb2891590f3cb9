"""What a page says of names in the data: where the score puts them, never that they are rare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.data.formats.csv import save_csv
from tests.report.reading import Reading

from posesift import cli, storage
from posesift.data.readers import read
from posesift.difficulty.scorers import fit
from posesift.report.answers import score as score_finds

RARE = "Which poses are rare in the source?"
FEW = 12


def slow_auc(score_N: np.ndarray, few_N: np.ndarray) -> float:
    """Pair by pair."""
    few_N1, other_N = score_N[few_N][:, None], score_N[~few_N]
    return float(np.mean((few_N1 > other_N) + 0.5 * (few_N1 == other_N)))


def write_poses(path: Path, mode_N: np.ndarray | None, n: int = 500) -> str:
    """A CSV of a world's poses in clips of 25 frames, each with what it shows."""
    world = read(f"world:body,n={n}")
    columns = {
        "image": [f"{row:04d}.jpg" for row in range(n)],
        "width": world.width_N.tolist(),
        "height": world.height_N.tolist(),
        "clip": [f"clip{row // 25:02d}" for row in range(n)],
        "mode": None if mode_N is None else mode_N.tolist(),
    }
    for k, name in enumerate(world.skeleton.keypoints):
        for axis, letter in enumerate("xy"):
            cells = world.keypoints_NK2[:, k, axis].tolist()
            shown = world.visible_NK[:, k].tolist()
            columns[f"{name}_{letter}"] = [
                c if v else "" for c, v in zip(cells, shown, strict=True)
            ]
    save_csv(path, columns)
    return f"csv:{path},skeleton=body16"


def scored(folder: Path, mode_N: np.ndarray | None) -> tuple[dict[str, str], np.ndarray]:
    """What the page of a score answers, and the scores."""
    import pyarrow.parquet as pq

    data = write_poses(folder / "labels.csv", mode_N)
    out = folder / "score"
    assert cli.main(["score", data, "--method", "pca", "--out", str(out)]) == 0
    score_N = pq.read_table(out / "difficulty.parquet")["score"].to_numpy()
    assert storage.read_json(out / "summary.json")["rare_mode_auc"] is None
    return answers(out), score_N


def answers(folder: Path) -> dict[str, str]:
    """Question to what the page answers."""
    text = (folder / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    return {asked: told.strip() for asked, told in Reading(text).findings.items()}


@pytest.fixture(scope="module")
def activities() -> np.ndarray:
    """A sport a clip, as videos of activities have it."""
    return np.repeat(np.array(["bowl", "golf_swing", "tennis", "pull_ups"], object), 125)


def test_a_sport_with_few_but_easy_rows_is_neither_rare_nor_found(
    tmp_path: Path, activities: np.ndarray
) -> None:
    """Jumping jacks look like standing: few rows of them, and none of them hard."""
    world = read("world:body,n=500")
    easy = np.argsort(fit(world, "pca").score(world), kind="stable")[: 10 * FEW : 10]
    mode_N = activities.copy()
    mode_N[easy] = "jumping_jacks"
    said, score_N = scored(tmp_path, mode_N)
    few_N = mode_N == "jumping_jacks"
    auc = slow_auc(score_N, few_N)
    assert auc < 0.4
    assert not any(f"acks {verb} rare" in told for told in said.values() for verb in ("is", "are"))
    assert said[RARE].startswith("By the score, those of the hardest bin, whose angles differ")
    told = said[score_finds.QUESTION]
    assert told.startswith("No: it takes them for easier than the others. The hardest tenth holds")
    hardest_N = score_N >= np.sort(score_N)[-50]
    held = 100 * (few_N & hardest_N).sum() / FEW
    assert f"holds {held:.1f} % of them (by chance 10.0 %); AUC {auc:.2f} (by chance 0.50)" in told
    assert "jumping jacks" in told
    assert "Few rows do not make a pose rare" in told


def test_what_the_hardest_bin_holds_is_said_by_mode_and_clip(
    tmp_path: Path, activities: np.ndarray
) -> None:
    said, score_N = scored(tmp_path, activities)
    hardest_N = score_N >= np.sort(score_N)[-50]
    names, counts = np.unique(activities[hardest_N], return_counts=True)
    top = names[counts.argmax()].replace("_", " ")
    assert f"It holds {top} {2 * counts.max():.1f} % (of the source 25.0 %)" in said[RARE]
    clip_N = np.arange(500) // 25
    shown, of_clip = np.unique(clip_N[hardest_N], return_counts=True)
    assert f"come from {len(shown)} of 20 clips, {2 * of_clip.max():.1f} % of them" in said[RARE]
    # no activity has few rows, so nothing tells what the score should find
    assert said[score_finds.QUESTION].startswith("Not known: the data do not say which poses are")


def test_a_word_on_rows_at_random_is_not_rare(tmp_path: Path) -> None:
    """``mode=walk`` in 2 % of a CSV: where the score puts these is chance."""
    mode_N = np.full(500, "stand", object)
    mode_N[np.random.default_rng(0).permutation(500)[:10]] = "walk"
    said, score_N = scored(tmp_path, mode_N)
    assert not any("alk is rare" in told for told in said.values())
    told = said[score_finds.QUESTION]
    assert told.startswith("No. ")
    assert f"AUC {slow_auc(score_N, mode_N == 'walk'):.2f} (by chance 0.50)" in told


def test_a_built_in_world_keeps_its_sentence(tmp_path: Path) -> None:
    out = tmp_path / "score"
    assert cli.main(["score", "world:body,n=3000", "--method", "pca", "--out", str(out)]) == 0
    said = answers(out)
    assert " are rare: together " in said[RARE]
    auc = storage.read_json(out / "summary.json")["rare_mode_auc"]["pca"]
    assert auc > 0.8
    assert said[score_finds.QUESTION].startswith("Yes. The hardest tenth holds ")
    assert f"AUC {auc:.2f} (by chance 0.50)" in said[score_finds.QUESTION]


@pytest.mark.parametrize(
    ("auc", "some", "begins"),
    [
        (0.95, 100, "Yes. "),
        (0.70, 100, "In part. "),
        (0.70, 8, "No. "),  # eight poses: within three standard errors of chance
        (0.55, 10_000, "No. "),  # sure, and not to speak of
        (0.29, 100, "No: it takes them for easier than the others. "),
        (0.29, 8, "No. "),
    ],
)
def test_yes_in_part_and_no(auc: float, some: int, begins: str) -> None:
    """Standard error by hand: 0.0289 for 100 of 2,000, 0.1 for 8 of 1,000."""
    assert score_finds._answer(auc, some, 20_000, 1, 0.1, 10).startswith(begins + "The hardest")


def test_the_margin_is_three_standard_errors_of_ranks_dealt_at_random() -> None:
    rng = np.random.default_rng(0)
    few_N = np.arange(60) < 12
    dealt = [slow_auc(rng.permutation(60), few_N) for _ in range(3000)]
    assert score_finds.margin(12, 48) == pytest.approx(3 * np.std(dealt), rel=0.05)
