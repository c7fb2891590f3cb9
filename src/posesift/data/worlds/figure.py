"""What a world must provide, and what its figures are.

A world ("body", "hand") is a module with the names listed in `World`. It draws figures: joint
angles and builds, and the points in 3-D that follow from them. A mannequin, dressed in an `Outfit`,
stands in each figure's place when a picture is painted.

Names: N samples, P points (the K keypoints first, then others that the crop holds), 3 = (x, y, z).
The figure's own frame is right-handed: x to its own left, y up, z to its front. One unit is the
size of the figure (a person's height, a hand's length).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Quantity:
    """What a number about a figure or its camera means, and what it may be."""

    unit: str
    low: float
    high: float
    about: str
    kind: type = np.float32
    """In which it is drawn and computed: float32, float64, or bool (low 0, high 1)."""

    @property
    def told(self) -> str:
        """Say what it is, with its unit.

        >>> Quantity("degrees", -90, 90, "the wrist's flexion").told
        "the wrist's flexion, degrees"
        """
        return f"{self.about}, {self.unit}" if self.unit else self.about


@dataclass(frozen=True)
class Drawn:
    """N figures as they are drawn: how they hold their joints, and how they are built."""

    angles_NA: np.ndarray
    """Degrees, in the order of `World.ANGLES`."""

    shape: dict[str, np.ndarray]
    """(N,) of each name in `World.SHAPE`."""

    mode_N: np.ndarray
    """int16, index into `World.MODES`."""

    neg_log_p_N: np.ndarray
    """float32, -log density of the pose under the *source* generator; finite."""


@dataclass(frozen=True)
class Figures:
    """N figures in their own frame, before any camera has seen them."""

    points_NP3: np.ndarray
    """float32, units; the first K are the skeleton's keypoints, in its order."""

    angles_NA: np.ndarray
    """float32, the joint angles the figures were posed with, degrees."""

    traits_NT: np.ndarray
    """float32, what their bodies are like, each from -1 to 1: `mannequin.TRAITS`."""

    mirrored_N: np.ndarray
    """bool, whether the figure's x was turned round after it was posed."""

    def __len__(self) -> int:
        return len(self.points_NP3)

    def __getitem__(self, rows: np.ndarray | slice) -> Figures:
        return Figures(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def joined(figures: Sequence[Figures]) -> Figures:
        """Put several sets of figures into one."""
        columns = ([getattr(f, field.name) for f in figures] for field in fields(Figures))
        return Figures(*map(np.concatenate, columns))


@dataclass(frozen=True)
class View:
    """From where a world's camera looks at its figures (degrees, units of the figure)."""

    yaw_deg: tuple[float, float] = (-180.0, 180.0)
    """Uniform range; 0 looks the figure in the face, 90 sees its left side."""

    pitch_deg: tuple[float, float] = (4.0, 10.0)
    """Mean and spread; positive looks down on the figure."""

    roll_deg: tuple[float, float] = (0.0, 5.0)
    """Mean and spread of the camera's rotation about its own axis."""

    distance: tuple[float, float] = (2.2, 5.0)
    """Uniform range, from the camera to the middle of the figure."""


@dataclass(frozen=True)
class Place:
    """Where on the mannequin some places are: vertices, or what is seen at pixels (P of them)."""

    rest_P3: np.ndarray
    """float32, on the mean surface at rest, units of the mannequin."""

    field_P: dict[str, np.ndarray]
    """`Mannequin.fields` there."""

    part_P: np.ndarray
    """uint8, `Mannequin.part_T` there."""


class Outfit(Protocol):
    """What one figure wears, and what its skin and hair are like."""

    @property
    def parts(self) -> tuple[int, ...]:
        """Parts of the mannequin that are there besides the skin."""
        ...

    @property
    def fold(self) -> float:
        """Usual size of a fold of cloth, units of the mannequin."""
        ...

    def stand_off(self, place: Place) -> np.ndarray:
        """How far cloth and hair stand off the skin (P,), units of the mannequin."""
        ...

    def colour(self, place: Place) -> tuple[np.ndarray, np.ndarray]:
        """Give base colours (P, 3) in 0-255, and whether it is cloth, which falls in folds (P,)."""
        ...


class World(Protocol):
    """The names that a world's module has."""

    SKELETON: str
    """Name of the skeleton: `"body16"`."""

    MODES: tuple[str, ...]
    """Names of the activities poses are drawn from."""

    SHARES: dict[str, dict[str, float]]
    """`{"source": {mode: share}, "target": {mode: share}}`; shares sum to 1."""

    UNIT: str
    """What one unit of length is: `"body heights"`."""

    ANGLES: tuple[str, ...]
    """Names of the joint angles, in the order of every array of angles."""

    LIMITS_A2: np.ndarray
    """Lowest and highest value of each angle, degrees."""

    SHAPE: dict[str, Quantity]
    """What makes one figure's build, beside its pose; all that `figures` needs."""

    ROOT: int
    """The keypoint from which the figure is built."""

    VIEW: View
    """The camera's ranges."""

    MANNEQUIN: str
    """Name of the mannequin that stands in the figures' place."""

    FLESH: tuple[float, ...]
    """How thick the figure is over each keypoint, from whichever side, units."""

    @staticmethod
    def draw(rng: np.random.Generator, poses: str, count: int) -> Drawn:
        """Draw `count` figures; `poses` is `"source"` or `"target"`."""
        ...

    @staticmethod
    def figures(angles_NA: np.ndarray, shape: dict[str, np.ndarray]) -> Figures:
        """Make the figures with these angles (degrees) and builds; nothing is drawn."""
        ...

    @staticmethod
    def root_turn(angles_NA: np.ndarray) -> np.ndarray:
        """Return how the angles turn the part about `ROOT` in the figure's frame, (N, 3, 3)."""
        ...

    @staticmethod
    def neg_log_p(angles_NA: np.ndarray) -> np.ndarray:
        """Return -log density (N,) float32 of angles under the *source* generator, nats."""
        ...

    @staticmethod
    def bones(figures: Figures, joint_NJ3: np.ndarray) -> np.ndarray:
        """Where the mannequin's bones lie in the figures' frames: (N, B, 3, 4)."""
        ...

    @staticmethod
    def outfit(rng: np.random.Generator, look: str) -> Outfit:
        """Choose what one figure wears."""
        ...
