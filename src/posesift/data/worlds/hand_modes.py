"""What hands do: the joint angles of the hand world, their limits and the modes they come from.

Legend: N samples, A angles (`ANGLES`, in degrees), M modes.

An angle vector is drawn from a mixture of correlated Gaussians, one a mode. All modes share one
correlation matrix (fingers curl together, the two far joints of a finger bend together), each has
its own mean and spread. The source mixture is what a careless capture session gives: hands that
lie open or relaxed, and now and then something else; the target mixture is nearly flat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FINGERS = ("index", "middle", "ring", "little")

#: Positive: flexion bends towards the palm, deviation leads to the thumb's side, opposition swings
#: the thumb in front of the palm, abduction leads it away from the index finger.
ANGLES: tuple[str, ...] = (
    "palm cupping",
    "thumb opposition",
    "thumb abduction",
    "thumb MCP flexion",
    "thumb IP flexion",
    *(f"{finger} MCP flexion" for finger in FINGERS),
    *(f"{finger} deviation" for finger in FINGERS),
    *(f"{finger} PIP flexion" for finger in FINGERS),
    *(f"{finger} DIP flexion" for finger in FINGERS),
)
THUMB, FLEXION, DEVIATION = slice(1, 5), slice(5, 9), slice(9, 13)
PIP, DIP = slice(13, 17), slice(17, 21)

#: (A, 2) lowest and highest angle of a healthy hand, in degrees.
LIMITS_A2 = np.array(
    [(0, 25), (-15, 95), (0, 70), (-15, 65), (-25, 85)]
    + [(-30, 95)] * 4
    + [(-20, 28), (-18, 18), (-22, 16), (-36, 16)]
    + [(-6, 115)] * 4
    + [(-12, 85)] * 4,
    dtype=np.float32,
)


@dataclass(frozen=True)
class Mode:
    """One thing hands do: its shares of the two mixtures, its mean angles and their spread.

    Attributes:
        source: Share of the source mixture.
        target: Share of the target mixture, before division by the sum.
        thumb: Mean opposition, abduction, MCP flexion and IP flexion, degrees.
        flexion: Mean MCP flexion of index, middle, ring and little finger, degrees.
        pip: Mean PIP flexion of the four fingers, degrees.
        dip: Mean DIP flexion of the four fingers, degrees.
        deviation: Mean sideways deviation of the four fingers, degrees.
        cup: Mean cupping of the palm, degrees.
        spread: Standard deviations of thumb, MCP flexion, deviation, PIP and DIP, degrees.
        firm: Factor on the spread of each finger: a finger that touches the thumb is held still.
    """

    source: float
    target: float
    thumb: tuple[float, float, float, float]
    flexion: tuple[float, float, float, float]
    pip: tuple[float, float, float, float]
    dip: tuple[float, float, float, float]
    deviation: tuple[float, float, float, float] = (5.0, 0.0, -5.0, -11.0)
    cup: float = 8.0
    spread: tuple[float, float, float, float, float] = (6.0, 6.0, 3.0, 6.0, 4.0)
    firm: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)

    def mean_A(self) -> np.ndarray:
        """Mean angles in the order of `ANGLES`, degrees."""
        return np.array(
            (self.cup, *self.thumb, *self.flexion, *self.deviation, *self.pip, *self.dip)
        )

    def spread_A(self) -> np.ndarray:
        """Return standard deviations in the order of `ANGLES`, degrees."""
        fingers = np.outer(self.spread[1:], self.firm).ravel()
        return np.concatenate([[4.0], np.repeat(self.spread[0], 4), fingers])


#: The modes of the hand world. The first four make up 96 % of the source mixture.
MODES: dict[str, Mode] = {
    "open": Mode(
        0.40, 1.0, (25, 38, 5, 5), (5, 4, 5, 6), (8, 8, 9, 9), (5, 5, 5, 5),
        spread=(6, 5.5, 2.5, 5, 3),
    ),
    "relaxed": Mode(
        0.34, 1.0, (40, 30, 15, 18), (22, 27, 31, 33), (28, 33, 36, 36), (14, 16, 18, 18),
        spread=(6, 7, 2.5, 7, 4), cup=10,
    ),
    "spread": Mode(
        0.14, 0.8, (15, 55, 0, 0), (0, 0, 0, 0), (5, 5, 5, 5), (3, 3, 3, 3),
        deviation=(17, 2, -12, -28), spread=(6, 5, 3, 4, 3), cup=4,
    ),
    "grasp": Mode(
        0.08, 1.0, (72, 38, 15, 22), (42, 44, 46, 48), (48, 50, 50, 48), (25, 26, 26, 24),
        spread=(6, 7, 2.5, 7, 4.5), cup=12,
    ),
    "fist": Mode(
        0.006, 1.0, (61, 53, 40, 55), (80, 84, 86, 84), (96, 100, 100, 96), (56, 58, 58, 54),
        deviation=(0, 0, 0, 0), spread=(6, 7, 3.5, 9, 8), cup=14,
    ),
    "pinch": Mode(
        0.006, 1.0, (88, 42, -4, 2), (57, 36, 28, 22), (39, 36, 30, 26), (6, 16, 14, 12),
        spread=(5, 8, 4, 9, 6.5), firm=(0.5, 1.2, 1.4, 1.6), cup=12,
    ),
    "ok sign": Mode(
        0.004, 1.0, (88, 41, 0, -6), (50, 16, 6, 0), (46, 14, 10, 8), (8, 8, 6, 5),
        deviation=(2, 1, -8, -20), spread=(5, 8, 4, 8, 6), firm=(0.5, 1.2, 1.4, 1.6), cup=10,
    ),
    "pointing": Mode(
        0.005, 1.0, (73, 49, 31, 41), (8, 76, 80, 78), (8, 94, 96, 92), (4, 52, 54, 50),
        deviation=(3, 0, 0, 0), spread=(7, 8, 4, 9, 7), cup=12,
    ),
    "victory": Mode(
        0.005, 1.0, (86, 54, 32, 38), (3, 3, 76, 76), (5, 5, 92, 92), (3, 3, 50, 50),
        deviation=(15, -10, 0, 0), spread=(7, 8, 4, 8, 6.5), cup=13,
    ),
    "thumb up": Mode(
        0.004, 1.0, (2, 50, -4, -8), (78, 82, 84, 84), (94, 98, 98, 94), (54, 56, 56, 52),
        deviation=(0, 0, 0, 0), spread=(7, 7, 3.5, 9, 8), cup=10,
    ),
    "claw": Mode(
        0.004, 1.0, (45, 52, 10, 50), (-8, -8, -8, -8), (72, 74, 74, 70), (44, 45, 45, 42),
        deviation=(10, 1, -8, -20), spread=(8, 8, 4, 9, 7), cup=6,
    ),
    "crossed": Mode(
        0.002, 0.8, (86, 53, 31, 34), (14, 2, 74, 76), (8, 26, 92, 92), (4, 14, 50, 50),
        deviation=(-10, 16, 0, 0), spread=(7, 7, 3.5, 8, 7), firm=(0.6, 0.6, 1.5, 1.5), cup=13,
    ),
    "horns": Mode(
        0.002, 0.8, (79, 55, 36, 44), (2, 78, 80, 2), (5, 94, 94, 6), (3, 52, 52, 4),
        deviation=(8, 0, 0, -16), spread=(7, 8, 4, 8, 7), cup=10,
    ),
    "call me": Mode(
        0.002, 0.8, (8, 56, -4, -6), (74, 78, 76, 4), (92, 96, 92, 6), (52, 54, 52, 4),
        deviation=(0, 0, 0, -22), spread=(8, 8, 4, 8, 7), cup=10,
    ),
}  # fmt: skip


#: Mixture shares: pose set -> mode -> share.
SHARES: dict[str, dict[str, float]] = {
    poses: dict(zip(MODES, (share_M / share_M.sum()).tolist(), strict=True))
    for poses, share_M in (
        ("source", np.array([mode.source for mode in MODES.values()])),
        ("target", np.array([mode.target for mode in MODES.values()])),
    )
}


def _correlation_AA() -> np.ndarray:
    """Correlation of the angles inside every mode: shared causes plus each angle's own part."""
    loading = np.zeros((len(ANGLES), 8))
    loading[THUMB, 0] = 0.3, 0.2, 0.6, 0.6  # the thumb bends as one
    loading[FLEXION, 1] = 0.75  # the knuckles bend together
    loading[PIP, 2], loading[DIP, 2] = 0.6, 0.5  # so do the far joints,
    for finger in range(4):  # and those of one finger even more
        loading[PIP.start + finger, 3 + finger] = loading[DIP.start + finger, 3 + finger] = 0.6
    loading[DEVIATION, 7] = 0.6, 0.0, -0.5, -0.6  # fingers fan out together
    shared_AA = loading @ loading.T
    np.fill_diagonal(shared_AA, 1.0)
    return shared_AA


_CHOLESKY_AA = np.linalg.cholesky(_correlation_AA())
_MEAN_MA = np.stack([mode.mean_A() for mode in MODES.values()])
_SPREAD_MA = np.stack([mode.spread_A() for mode in MODES.values()])

# A mode's density is that of independent unit normals w = W (angles - mean), all modes in one
# matrix product: w_NMA = angles_NA @ _WHITEN_AMA - _WHITE_MEAN_MA.
_WHITEN_AMA = (np.linalg.inv(_CHOLESKY_AA)[None] / _SPREAD_MA[:, None]).transpose(2, 0, 1)
_WHITE_MEAN_MA = np.einsum("AMB,MA->MB", _WHITEN_AMA, _MEAN_MA).astype(np.float32)
_WHITEN_AMA = _WHITEN_AMA.astype(np.float32)
_LOG_PEAK_M = (
    np.log(list(SHARES["source"].values()))
    - np.log(_SPREAD_MA).sum(axis=1)
    - np.log(np.diag(_CHOLESKY_AA)).sum()
    - 0.5 * len(ANGLES) * np.log(2 * np.pi)
)


def draw_angles(
    rng: np.random.Generator, poses: str, samples: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw joint angles.

    Args:
        rng: Source of randomness.
        poses: ``source`` or ``target`` mixture.
        samples: N.

    Returns:
        Angles (N, A) float32 in degrees within `LIMITS_A2`; index of the mode (N,) int16; and
        their `neg_log_p` (N,) float32.
    """
    mode_N = rng.choice(len(MODES), size=samples, p=list(SHARES[poses].values()))
    normal_NA = rng.standard_normal((samples, len(ANGLES)))
    drawn_NA = _MEAN_MA[mode_N] + _SPREAD_MA[mode_N] * (normal_NA @ _CHOLESKY_AA.T)
    cut_NA = np.clip(drawn_NA, LIMITS_A2[:, 0], LIMITS_A2[:, 1]).astype(np.float32)
    return cut_NA, mode_N.astype(np.int16), neg_log_p(cut_NA)


def neg_log_p(angles_NA: np.ndarray) -> np.ndarray:
    """Negative log density (N,) float32, nats, of angles in degrees under the source mixture."""
    white_NMA = angles_NA.astype(np.float32) @ _WHITEN_AMA.reshape(len(ANGLES), -1)
    white_NMA = white_NMA.reshape(-1, *_WHITE_MEAN_MA.shape) - _WHITE_MEAN_MA
    log_p_NM = _LOG_PEAK_M - 0.5 * np.einsum("NMA,NMA->NM", white_NMA, white_NMA)
    largest_N = log_p_NM.max(axis=1)
    rest_N = np.log(np.exp(log_p_NM - largest_N[:, None]).sum(axis=1))
    return -(largest_N + rest_N).astype(np.float32)
