"""The mannequins: surfaces with bones, as `tools/make_mannequin.py` wrote them.

A mannequin is a surface at rest that bends with its bones. Its shape is a polynomial of six traits
between -1 and 1: sex (from female to male), age (25 to 90 years), muscle, weight, height and
proportions. A vertex follows up to four bones, each an affine map from the surface at rest to the
posed figure; a bone may stretch, so that the joints lie exactly on a figure's keypoints.

The surfaces are MakeHuman's (CC0; see `mannequin.md` beside the data).

Names: N figures, V vertices, T triangles, B bones, J joints, D shape directions, 3 = (x, y, z).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posesift.data.worlds.figure import Place, Quantity

DATA = Path(__file__).with_name("mannequin.npz")

CONTENT = "832e45cd13dd69e13f5ad1b100aea572d30965db99d498a288e3d909055c550b"
"""SHA-256 of the arrays in `DATA`: of their names and bytes, in the order of the names."""

TRAITS: dict[str, Quantity] = {
    "sex": Quantity("", -1, 1, "from a female body to a male one"),
    "age": Quantity("", -1, 1, "from 25 to 90 years"),
    "muscle": Quantity("", -1, 1, "from weak to strong"),
    "weight": Quantity("", -1, 1, "from thin to heavy"),
    "height": Quantity("", -1, 1, "from a small body's proportions to a tall one's"),
    "proportions": Quantity("", -1, 1, "from unusual to ideal"),
}
"""What shapes a mannequin."""


@dataclass(frozen=True, eq=False)
class Mannequin:
    """One surface: `load("body")` or `load("hand")`.

    The body is 1 high, its origin lies between the hips; the hand's palm is 1 long, from the wrist,
    the origin, to the middle knuckle. Frames are those of the worlds: `figure`.
    """

    rest_V3: np.ndarray
    """float32, the mean surface at rest."""

    normal_V3: np.ndarray
    """float32, unit vectors out of it."""

    corners_T3: np.ndarray
    """int64, vertices of each triangle, counter-clockwise from outside."""

    part_T: np.ndarray
    """uint8, what the triangle belongs to: 0 the skin, others what may be put on (see `PARTS`)."""

    weight_VB: np.ndarray
    """float32, how much a vertex follows each bone; rows sum to 1."""

    bones: tuple[str, ...]
    joints: tuple[str, ...]

    fields: dict[str, np.ndarray]
    """(V,) float32 each, where on the body a vertex lies: `"arm"` 0 at the shoulder, 1 elbow, 2
    wrist; `"leg"` 0 at the hip, 1 knee, 2 ankle, 3 sole; `"hair"` how far within the hair, heads;
    `"open"` share of the sky that it sees at rest; ..."""

    shape_DV3: np.ndarray
    joint_J3: np.ndarray
    joint_shape_DJ3: np.ndarray
    exponents_DT: np.ndarray

    @functools.cached_property
    def place(self) -> Place:
        """Where the vertices lie."""
        part_V = np.zeros(len(self.rest_V3), np.uint8)
        part_V[self.corners_T3] = self.part_T[:, None]
        return Place(self.rest_V3, self.fields, part_V)

    @functools.cached_property
    def values_VX(self) -> np.ndarray:
        """What pixels ask of the vertices: the place at rest, then the fields; float32."""
        return np.concatenate([self.rest_V3, np.stack(list(self.fields.values()), 1)], axis=1)

    @functools.lru_cache(maxsize=8)  # noqa: B019  (two mannequins, for as long as the process)
    def worn(self, parts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Triangles (T, 3) of the skin and of some other parts, and their parts (T,)."""
        kept_T = np.isin(self.part_T, (0, *parts))
        return self.corners_T3[kept_T], self.part_T[kept_T]

    def shaped(self, traits_NT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the surfaces (N, V, 3) and joints (N, J, 3) of figures at rest, float32.

        Args:
            traits_NT: `TRAITS`, each from -1 to 1.
        """
        terms_ND = np.prod(
            traits_NT[:, None].astype(np.float32) ** self.exponents_DT[None], axis=2
        ).astype(np.float32)
        count = len(terms_ND)
        moved_NV3 = (terms_ND @ self.shape_DV3.reshape(terms_ND.shape[1], -1)).reshape(count, -1, 3)
        moved_NV3 += self.rest_V3
        joint_NJ3 = np.einsum("nd,djx->njx", terms_ND, self.joint_shape_DJ3) + self.joint_J3
        return moved_NV3, joint_NJ3

    def bent(
        self, surface_NV3: np.ndarray, bones_NB34: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Let surfaces follow their bones: points (N, V, 3) and normals (N, V, 3), float32.

        The normals point out of the surface and are of any length.

        Args:
            surface_NV3: at rest.
            bones_NB34: affine map of each bone: 3 x 3 and, last, what is added.
        """
        count, bones = bones_NB34.shape[:2]
        flat_B = np.ascontiguousarray(bones_NB34.transpose(1, 0, 3, 2)).reshape(bones, -1)
        map_VN43 = (self.weight_VB @ flat_B).reshape(-1, count, 4, 3)
        x_VN1, y_VN1, z_VN1 = (surface_NV3.transpose(1, 0, 2)[..., i : i + 1] for i in range(3))
        point_VN3 = map_VN43[:, :, 0] * x_VN1
        point_VN3 += map_VN43[:, :, 1] * y_VN1
        point_VN3 += map_VN43[:, :, 2] * z_VN1
        point_VN3 += map_VN43[:, :, 3]
        x_V11, y_V11, z_V11 = self.normal_V3.T[:, :, None, None]
        normal_VN3 = map_VN43[:, :, 0] * x_V11
        normal_VN3 += map_VN43[:, :, 1] * y_V11
        normal_VN3 += map_VN43[:, :, 2] * z_V11
        return (
            np.ascontiguousarray(point_VN3.swapaxes(0, 1)),
            np.ascontiguousarray(normal_VN3.swapaxes(0, 1)),
        )


def traits(values: dict[str, np.ndarray]) -> np.ndarray:
    """Return the traits of N figures (N, T) float32, cut off where a mannequin's end.

    Args:
        values: (N,) of each name in `TRAITS`, at least.
    """
    traits_NT = np.stack([values[name] for name in TRAITS], axis=1)
    return np.clip(traits_NT, -1, 1).astype(np.float32)


@functools.cache
def load(name: str) -> Mannequin:
    """Read a mannequin, `"body"` or `"hand"`, once in a process."""
    with np.load(DATA) as data:
        found = {
            key.removeprefix(f"{name}/"): data[key] for key in data.files if key.startswith(name)
        }
    rest_V3, corners_T3 = found["rest"], found["faces"].astype(np.int64)
    weight_VB = np.zeros((len(rest_V3), len(found["bones"])), np.float32)
    rows_V1 = np.arange(len(rest_V3))[:, None]
    np.add.at(weight_VB, (rows_V1, found["bone"]), found["weight"].astype(np.float32))
    weight_VB /= weight_VB.sum(1, keepdims=True)
    fields = found["fields"].astype(np.float32).T
    return Mannequin(
        rest_V3=rest_V3,
        normal_V3=_normals(rest_V3, corners_T3),
        corners_T3=corners_T3,
        part_T=found["part"],
        weight_VB=weight_VB,
        bones=tuple(found["bones"].tolist()),
        joints=tuple(found["joint_names"].tolist()),
        fields=dict(zip(found["field_names"].tolist(), fields, strict=True)),
        shape_DV3=found["shape"].astype(np.float32),
        joint_J3=found["joint"],
        joint_shape_DJ3=found["joint_shape"],
        exponents_DT=found["exponents"],
    )


def _normals(points_V3: np.ndarray, corners_T3: np.ndarray) -> np.ndarray:
    a_T3, b_T3, c_T3 = points_V3[corners_T3].swapaxes(0, 1)
    across_T3 = np.cross(b_T3 - a_T3, c_T3 - a_T3)
    total_V3 = np.zeros_like(points_V3)
    for corner in range(3):
        np.add.at(total_V3, corners_T3[:, corner], across_T3)
    return total_V3 / np.maximum(np.linalg.norm(total_V3, axis=1, keepdims=True), 1e-9)
