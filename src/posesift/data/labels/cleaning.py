"""What readers do about bad samples: name each, leave it out, and stop when there are many.

Shapes: N samples, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from posesift.poses import geometry
from posesift.poses.table import PoseTable

BAD_FRACTION = 0.05
"""Reading goes on as long as at most this share of the samples, or of the keypoints, is bad."""

_SHOWN = 5  # bad samples named in a message; all of them are in ``table.problems``


def leave_out(
    table: PoseTable,
    bad: Mapping[int, str],
    where: str,
    chosen_N: np.ndarray,
    least_bad: int = 0,
) -> PoseTable:
    """Return the chosen samples without the bad ones, whose descriptions join ``table.problems``.

    Args:
        table: the samples as read.
        bad: row to what is wrong with it, in words that name the file or annotation.
        where: the file or folder, for the message.
        chosen_N: bool, the split that was asked for.
        least_bad: so many may be bad in any case, as long as others are left.

    Raises:
        ValueError: more than `BAD_FRACTION` of the samples are bad; the first few are named.
    """
    rows = sorted(bad)
    most = max(BAD_FRACTION * len(table), min(least_bad, len(table) - 1))
    if len(bad) > most:
        raise ValueError(
            f"{where}: {len(bad)} of {len(table)} samples are bad; at most {BAD_FRACTION:.0%} are "
            "left out without asking. Mend or remove them:"
            + first_lines([bad[row] for row in rows])
        )
    kept_N = chosen_N.copy()
    kept_N[rows] = False
    problems = [*table.problems, *(f"left out: {bad[row]}" for row in rows)]
    return dataclasses.replace(table.select(np.flatnonzero(kept_N)), problems=problems)


def pull_to_edge(keypoints_NK2: np.ndarray, size_N2: np.ndarray) -> None:
    """Put keypoints on the edge of the image, of formats in which it ends half a pixel further.

    The array is changed in place.

    For COCO and YOLO an image of width W ends at x = W, and a keypoint there is on it; here it ends
    half a pixel behind the centre of its last pixel, at W - 0.5. What lies between the two is put
    on the edge.

    >>> points_NK2 = np.array([[[319.6, 97.6], [320.1, 5]]])
    >>> pull_to_edge(points_NK2, np.array([[320, 240]]))
    >>> points_NK2.tolist()
    [[[319.5, 97.6], [320.1, 5.0]]]
    """
    with np.errstate(invalid="ignore"):
        for axis in (0, 1):
            at_NK, end_N1 = keypoints_NK2[..., axis], size_N2[:, axis, None]
            row, k = np.nonzero((at_NK > end_N1 - 0.5) & (at_NK <= end_N1))
            at_NK[row, k] = end_N1[row, 0] - 0.5


def hide_impossible(
    keypoints_NK2: np.ndarray,
    visible_NK: np.ndarray,
    size_N2: np.ndarray,
    names_K: Sequence[str],
    sample_N: Sequence[str],
    where: str,
    least_bad: int = 0,
) -> tuple[np.ndarray, list[str]]:
    """Take back the visibility of keypoints that no image can show.

    ``visible`` promises that the coordinate may be used: for training, and as the truth in PCK. A
    keypoint that is not finite, or lies off the image (pixels reach half a pixel around their
    centres), cannot keep that promise, so it becomes invisible and its sample is listed.

    Args:
        keypoints_NK2: image pixels; anything where invisible.
        visible_NK: what the labels say.
        size_N2: width and height of the images.
        names_K: names of the keypoints, for the listing.
        sample_N: what to call each sample.
        where: the file or folder, for the message.
        least_bad: so many samples may lose keypoints in any case.

    Returns:
        The new ``visible_NK``, and one line for each sample that lost keypoints.

    Raises:
        ValueError: more than `BAD_FRACTION` of the visible keypoints would go: then the labels
            are no pixels, or not of these images.
    """
    told = Impossible(where, least_bad)
    kept_NK = told.hide(keypoints_NK2, visible_NK, size_N2, names_K, sample_N)
    told.check()
    return kept_NK, told.problems


class Impossible:
    """Keypoints that no image can show, of a set that is read part by part (`hide_impossible`).

    Args:
        where: the file or folder, for the message.
        least_bad: so many samples may lose keypoints in any case.
    """

    def __init__(self, where: str, least_bad: int = 0):
        self.problems: list[str] = []
        self._where, self._least_bad = where, least_bad
        self._lost, self._visible = 0, 0

    def hide(
        self,
        keypoints_NK2: np.ndarray,
        visible_NK: np.ndarray,
        size_N2: np.ndarray,
        names_K: Sequence[str],
        sample_N: Sequence[str],
    ) -> np.ndarray:
        """Return the new ``visible_NK`` of a part; its samples that lost some join `problems`."""
        kept_NK = visible_NK & geometry.on_image(keypoints_NK2, size_N2)
        lost_NK = visible_NK & ~kept_NK
        rows = np.flatnonzero(lost_NK.any(1)) if lost_NK.any() else np.empty(0, np.int64)
        for row in rows.tolist():
            points = [
                f"{names_K[k]} at ({keypoints_NK2[row, k, 0]:.1f}, {keypoints_NK2[row, k, 1]:.1f})"
                for k in np.flatnonzero(lost_NK[row]).tolist()
            ]
            width, height = size_N2[row]
            self.problems.append(
                f"made invisible, off the image: {sample_N[row]}, {width} x {height} px: "
                + ", ".join(points)
            )
        self._lost += int(lost_NK.sum())
        self._visible += int(visible_NK.sum())
        return kept_NK

    def merge(self, other: Impossible) -> None:
        """Take in what another counted of later samples."""
        self.problems += other.problems
        self._lost += other._lost
        self._visible += other._visible

    def check(self) -> None:
        """Refuse labels of which too many are impossible.

        Raises:
            ValueError: more than `BAD_FRACTION` of the visible keypoints so far went.
        """
        many = self._lost > BAD_FRACTION * self._visible
        if many and len(self.problems) > self._least_bad:
            raise ValueError(
                f"{self._where}: {self._lost} of {self._visible} visible keypoints lie off their "
                f"images; at most {BAD_FRACTION:.0%} are made invisible without asking. Are the "
                "coordinates pixels, and these the images that were labelled?"
                + first_lines(self.problems)
            )


def first_lines(problems: Sequence[str]) -> str:
    """Return a few lines of many for a message, and how many more there are."""
    lines = [f"\n  {problem}" for problem in problems[:_SHOWN]]
    more = len(problems) - _SHOWN
    return "".join(lines) + (f"\n  and {more} more" if more > 0 else "")
