"""Sew collar, cuffs and hem over the ragged borders of the painted shirt in a people pack.

The shirt is a part of the base mesh's tights, cut along its faces, so that its borders are jagged.
A band follows each border: in polar coordinates around the border's axis it lies just outside the
skin and cloth nearby.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]
ANGLES, ROWS = 40, 5
NEAR_M, MARGIN_M, OVERLAP_M = 0.035, 0.004, 0.007
CUFF_M, CUFF_OVERLAP_M, CUFF_POINTS = 0.08, 0.024, 20
# Columns of the atlas (of 1024) where shirt and hair are painted, below row 832.
SHIRT, HAIR, SWATCH_ROW = (128, 384), (576, 768), 832
SHIRT_UV = (0.25, 0.9)
METRES = 1e-4


def sew(arrays: Arrays, people: tuple[str, ...]) -> Arrays:
    """Return the pack with bands added to vertices, faces, texture maps and weights."""
    out = dict(arrays)
    count = len(arrays[f'p_{people[0]}'])
    borders = border_loops(arrays)
    cloth = _without_hair(arrays)
    bands = {
        p: [_band(arrays[f'p_{p}'] * METRES, loop, cloth) for loop in borders] for p in people
    }
    for person, found in bands.items():
        added = np.concatenate([places for places, _ in found])
        out[f'p_{person}'] = np.concatenate(
            [arrays[f'p_{person}'], (added / METRES).round().astype(np.int16)]
        )
    nearest = np.concatenate([rows for _, rows in bands[people[0]]])
    for key in (k for k in arrays if k.startswith('w_')):
        out[key] = np.concatenate([arrays[key], arrays[key][nearest]])
    for kind in ('0', '1'):
        out.update(_with_faces(arrays, kind, count, len(borders)))
    return out


def border_loops(arrays: Arrays) -> list[Array]:
    """Return the vertices of each closed border of the shirt, in order."""
    corners = arrays['vi0'][arrays['f0'].astype(int)].astype(int)
    faces = corners[_painted(arrays, SHIRT)[arrays['f0'].astype(int)].all(axis=1)]
    edges = Counter(tuple(sorted((int(f[i]), int(f[i - 1])))) for f in faces for i in range(3))
    neighbours: dict[int, list[int]] = {}
    for (a, b), times in edges.items():
        if times == 1:
            neighbours.setdefault(a, []).append(b)
            neighbours.setdefault(b, []).append(a)
    loops = []
    while neighbours:
        loop = [next(iter(neighbours))]
        while loop:
            onward = [n for n in neighbours.pop(loop[-1], []) if n in neighbours]
            if not onward:
                break
            loop.append(onward[0])
        loops.append(np.array(loop))
    return [loop for loop in loops if len(loop) > 8]


def _painted(arrays: Arrays, columns: tuple[int, int], kind: str = '0') -> Array:
    """Say for each welded vertex whether it is painted from these columns of the atlas."""
    uv = arrays[f'uv{kind}'] / 65535 * 1024
    return np.asarray(
        (uv[:, 0] >= columns[0]) & (uv[:, 0] <= columns[1]) & (uv[:, 1] > SWATCH_ROW)
    )


def _without_hair(arrays: Arrays) -> Array:
    """Return the base vertices of skin and cloth."""
    return np.unique(arrays['vi0'][~_painted(arrays, HAIR)].astype(int))


def _band(places: Array, loop: Array, cloth: Array) -> tuple[Array, Array]:
    """Return the band's places (ROWS * ANGLES, 3) and the vertex of the body nearest to each."""
    ring = places[loop]
    center = ring.mean(axis=0)
    is_cuff = len(loop) < CUFF_POINTS
    frame = _cuff_frame(places[cloth], center) if is_cuff else np.linalg.svd(ring - center)[2]
    overlap = CUFF_OVERLAP_M if is_cuff else OVERLAP_M
    gaps = np.linalg.norm(places[cloth][:, None] - ring[None], axis=2).min(axis=1)
    near = cloth[gaps < NEAR_M]
    local = (places[near] - center) @ frame.T
    along, around = local[:, 2], np.arctan2(local[:, 1], local[:, 0])
    away = np.hypot(local[:, 0], local[:, 1])
    border = ((ring - center) @ frame.T)[:, 2]
    heights = np.linspace(border.min() - overlap, border.max() + overlap, ROWS)
    angles = np.linspace(-np.pi, np.pi, ANGLES, endpoint=False)
    grid_h, grid_a = (g.ravel() for g in np.meshgrid(heights, angles, indexing='ij'))
    turn = np.angle(np.exp(1j * (grid_a[:, None] - around[None])))
    pull = np.exp(-((turn / 0.22) ** 2) - ((grid_h[:, None] - along[None]) / 0.011) ** 2) + 1e-12
    mean = (pull * away).sum(axis=1) / pull.sum(axis=1)
    spread = np.sqrt((pull * (away[None] - mean[:, None]) ** 2).sum(axis=1) / pull.sum(axis=1))
    radius = mean + 0.8 * spread + MARGIN_M * _bulge()
    band = (
        np.stack([radius * np.cos(grid_a), radius * np.sin(grid_a), grid_h], axis=1) @ frame
        + center
    )
    nearest = np.linalg.norm(band[:, None] - places[near][None], axis=2).argmin(axis=1)
    return band, near[nearest]


def _cuff_frame(places: Array, center: Array) -> Array:
    """Return axes at a wrist, the arm's own last: the long direction of what lies around."""
    around = places[np.linalg.norm(places - center, axis=1) < CUFF_M]
    return np.linalg.svd(around - around.mean(axis=0), full_matrices=False)[2][::-1]


def _bulge() -> Array:
    """Return how far each vertex stands off: the middle rows more than the edges."""
    rows = np.sin(np.linspace(0.12, np.pi - 0.12, ROWS)) + 0.15
    return np.repeat(rows, ANGLES)


def _with_faces(arrays: Arrays, kind: str, first: int, bands: int) -> Arrays:
    """Add the bands, seen from both sides, to one of the two topologies."""
    at = np.arange(ROWS * ANGLES).reshape(ROWS, ANGLES)
    a, b = at[:-1], np.roll(at, -1, axis=1)[:-1]
    c, d = np.roll(at, -1, axis=1)[1:], at[1:]
    quads = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)
    one = np.concatenate([quads, quads[:, ::-1] + ROWS * ANGLES])
    old = len(arrays[f'vi{kind}'])
    each = 2 * ROWS * ANGLES
    faces = np.concatenate([one + old + n * each for n in range(bands)])
    rows = np.concatenate(
        [np.tile(at.ravel(), 2) + first + n * ROWS * ANGLES for n in range(bands)]
    )
    uv = np.tile(np.round(np.array(SHIRT_UV) * 65535), (len(rows), 1))
    return {
        f'vi{kind}': np.concatenate([arrays[f'vi{kind}'], rows]).astype(np.uint16),
        f'uv{kind}': np.concatenate([arrays[f'uv{kind}'], uv]).astype(np.uint16),
        f'f{kind}': np.concatenate([arrays[f'f{kind}'], faces]).astype(np.uint16),
    }
