"""Scenes: all that a world draws of its samples, before anything is computed from it.

A scene holds how each figure holds its joints, how it is built, and the camera that looks at it. It
says which sample each row is, whose number dresses the figure and fills the background. So
`posesift.data.worlds.draw`, `photograph` and `paint` are three steps, and a scene may come from
elsewhere than the first: from a table of joint angles, or chosen among many that were drawn.

Names: N samples, A angles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Scene:
    """N samples of a world, not photographed yet."""

    name: str
    """World: `"body"` or `"hand"`."""

    seed: int
    split: str
    """With the sample numbers, what each figure wears and stands before."""

    number_N: np.ndarray
    """int64, sample numbers."""

    angles_NA: np.ndarray
    """Degrees, in the order of the world's `ANGLES`."""

    shape: dict[str, np.ndarray]
    """(N,) of each name in the world's `SHAPE`."""

    camera: dict[str, np.ndarray]
    """(N,) of each name in `camera.CAMERA`."""

    neg_log_p_N: np.ndarray
    """float32, -log density of the pose under the *source* generator, nats."""

    mode_N: np.ndarray | None = None
    """Names of activities; None where they are not known."""

    def __len__(self) -> int:
        return len(self.number_N)

    def select(self, rows: ArrayLike) -> Scene:
        """Return the scene of some rows, in their order (integers, or N booleans).

        Look, pose and camera of a row stay what they are, wherever it stands.
        """
        chosen = np.asarray(rows)
        chosen = chosen.astype(np.intp) if chosen.size == 0 else chosen
        return dataclasses.replace(
            self,
            number_N=self.number_N[chosen],
            angles_NA=self.angles_NA[chosen],
            shape={name: value_N[chosen] for name, value_N in self.shape.items()},
            camera={name: value_N[chosen] for name, value_N in self.camera.items()},
            neg_log_p_N=self.neg_log_p_N[chosen],
            mode_N=None if self.mode_N is None else self.mode_N[chosen],
        )


def joined(scenes: Sequence[Scene]) -> Scene:
    """Return one scene of several, one after the other.

    Args:
        scenes: of one world, seed and split, all with modes or all without; at least one.

    Raises:
        ValueError: they do not go together.
    """
    first = scenes[0]
    for scene in scenes[1:]:
        kinds = [(s.name, s.seed, s.split, s.mode_N is None) for s in (first, scene)]
        if kinds[0] != kinds[1]:
            raise ValueError(
                "expected scenes of one world, seed and split, all with modes or all without; "
                f"found {first.name}, {first.seed}, {first.split} and {scene.name}, {scene.seed}, "
                f"{scene.split}"
            )
    modes = [scene.mode_N for scene in scenes if scene.mode_N is not None]
    return dataclasses.replace(
        first,
        number_N=np.concatenate([scene.number_N for scene in scenes]),
        angles_NA=np.concatenate([scene.angles_NA for scene in scenes]),
        shape={key: np.concatenate([s.shape[key] for s in scenes]) for key in first.shape},
        camera={key: np.concatenate([s.camera[key] for s in scenes]) for key in first.camera},
        neg_log_p_N=np.concatenate([scene.neg_log_p_N for scene in scenes]),
        mode_N=np.concatenate(modes) if modes else None,
    )
