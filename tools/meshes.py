"""Surfaces of triangles: what `make_mannequin.py` computes on them.

Names: N people, V vertices, T triangles, D shape directions, J joints, P points, 3 = (x, y, z).
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import fast_simplification
import numpy as np
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).parents[1] / "src" / "posesift" / "data" / "worlds"))
from rasterizer import rasterize

_DIRECTIONS = 120


def openness(vertices_V3: np.ndarray, faces_T3: np.ndarray, size: int = 700) -> np.ndarray:
    """How much of the sky over its surface each vertex sees, 0 to 1: ambient occlusion."""
    normals_V3 = normals(vertices_V3, faces_T3)
    golden = np.pi * (3 - 5**0.5)
    seen_V, all_V = np.zeros((2, len(vertices_V3)))
    low, high = vertices_V3.min(0), vertices_V3.max(0)
    zoom = 0.98 * size / np.linalg.norm(high - low)
    for k in range(_DIRECTIONS):
        y = 1 - 2 * (k + 0.5) / _DIRECTIONS
        towards = np.array([np.cos(k * golden) * (1 - y * y) ** 0.5, y,
                            np.sin(k * golden) * (1 - y * y) ** 0.5])  # fmt: skip
        right = np.cross(towards, [0.3, 0.2, 0.9])
        right /= np.linalg.norm(right)
        plane_V2 = (vertices_V3 - (low + high) / 2) @ np.stack([right, np.cross(towards, right)]).T
        plane_V2 = (plane_V2 * zoom + size / 2).astype(np.float32)
        depth_V = 3 - (vertices_V3 - (low + high) / 2) @ towards / np.linalg.norm(high - low)
        found = rasterize(plane_V2, (1 / depth_V).astype(np.float32), faces_T3, size)
        buffer = np.zeros(size * size)
        buffer[found.pixel_F] = found.near_F
        column, row = np.rint(plane_V2).astype(int).T
        facing_V = np.maximum(normals_V3 @ towards, 0)
        clear_V = 1 / depth_V > buffer[row * size + column] - 0.0012
        seen_V += facing_V * clear_V
        all_V += facing_V
    return seen_V / np.maximum(all_V, 1e-6)


def normals(vertices_V3: np.ndarray, faces_T3: np.ndarray) -> np.ndarray:
    """Unit normals of the vertices, outwards."""
    a, b, c = vertices_V3[faces_T3].swapaxes(0, 1)
    across = np.cross(b - a, c - a)
    total = np.zeros_like(vertices_V3)
    for corner in range(3):
        np.add.at(total, faces_T3[:, corner], across)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def thinned(vertices_V3: np.ndarray, faces_T3: np.ndarray, triangles: int) -> np.ndarray:
    """Fewer triangles (T, 3) between the same vertices."""
    used = np.unique(faces_T3)
    local = np.searchsorted(used, faces_T3)
    points = vertices_V3[used].astype(np.float64)
    new_points, new_faces = fast_simplification.simplify(
        points, local.astype(np.int32), target_count=triangles
    )
    nearest = used[cKDTree(points).query(new_points)[1]]
    found = nearest[new_faces]
    distinct = (
        (found[:, 0] != found[:, 1]) & (found[:, 1] != found[:, 2]) & (found[:, 0] != found[:, 2])
    )
    return np.unique(found[distinct], axis=0)


def polynomial(traits_NT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear, mixed and square terms (N, D) of traits, and their exponents (D, T)."""
    count = traits_NT.shape[1]
    exponents = [np.eye(count, dtype=np.uint8)[t] for t in range(count)]
    exponents += [a + b for a, b in itertools.combinations_with_replacement(exponents, 2)]
    terms = [np.prod(traits_NT**e, axis=1) for e in exponents]
    return np.stack(terms, 1), np.array(exponents, np.uint8)


def fitted(traits_NT, points_NP3, kept: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean points (P, 3), directions (D, P, 3) and exponents (D, T), by least squares.

    The terms are those that move the points most.
    """
    terms_ND, exponents_DT = polynomial(traits_NT)
    flat = points_NP3.reshape(len(points_NP3), -1)
    design = np.c_[np.ones(len(terms_ND)), terms_ND]
    solution = np.linalg.lstsq(design, flat, rcond=None)[0]
    moved_D = np.linalg.norm(solution[1:], axis=1) * terms_ND.std(0)
    best = np.sort(np.argsort(-moved_D)[:kept])
    solution = np.linalg.lstsq(design[:, [0, *(best + 1)]], flat, rcond=None)[0]
    error = np.linalg.norm(
        (design[:, [0, *(best + 1)]] @ solution - flat).reshape(points_NP3.shape), axis=2
    )
    spread = np.linalg.norm(points_NP3 - points_NP3.mean(0), axis=2)
    print(f"  shape: {error.mean():.5f} of {spread.mean():.5f} units are not explained")
    shape = points_NP3.shape[1:]
    return solution[0].reshape(shape), solution[1:].reshape(-1, *shape), exponents_DT[best]


def along(points_V3: np.ndarray, path_J3: np.ndarray) -> np.ndarray:
    """Place along a chain of joints: j at joint j, straight on before the first and the last."""
    best_V, place_V = np.full(len(points_V3), np.inf), np.zeros(len(points_V3))
    for j, (a, b) in enumerate(itertools.pairwise(path_J3)):
        t_V = (points_V3 - a) @ (b - a) / ((b - a) @ (b - a))
        low = -np.inf if j == 0 else 0
        high = np.inf if j == len(path_J3) - 2 else 1
        t_V = np.clip(t_V, low, high)
        distance_V = np.linalg.norm(points_V3 - a - t_V[:, None] * (b - a), axis=1)
        nearer = distance_V < best_V
        best_V[nearer], place_V[nearer] = distance_V[nearer], j + t_V[nearer]
    return place_V
