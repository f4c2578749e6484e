"""Make dense triangle soups lighter, keeping their shape, colours and sharp edges.

Needs the packages fast-simplification and scipy, which only this tool uses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CREASE_DEG = 42.0
LEAST_TRIANGLES = 200


@dataclass(frozen=True)
class Soup:
    """Loose triangles: three rows each of places (3n, 3), normals (3n, 3) and uv (3n, 2)."""

    places: Floats
    normals: Floats
    uv: Floats

    @property
    def triangles(self) -> int:
        """Number of triangles."""
        return len(self.places) // 3


def joined(soups: list[Soup]) -> Soup:
    """Put soups together."""
    return Soup(
        *(np.concatenate([getattr(s, k) for s in soups]) for k in ('places', 'normals', 'uv'))
    )


def lighten(soup: Soup, share: float) -> Soup:
    """Keep about `share` of the triangles (quadric edge collapse)."""
    import fast_simplification  # type: ignore[import-not-found]  # only where this tool runs

    target = max(LEAST_TRIANGLES, round(soup.triangles * share))
    if share >= 1.0 or soup.triangles <= target:
        return soup
    points, back = np.unique(soup.places.round(5), axis=0, return_inverse=True)
    faces = back.reshape(-1, 3)
    solid = (
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    )
    fewer, kept = fast_simplification.simplify(points, faces[solid], target_count=target)[:2]
    places = np.asarray(fewer)[np.asarray(kept).ravel()]
    return Soup(places, _creased_normals(places), _carried_uv(soup, places))


def _carried_uv(soup: Soup, places: Floats) -> Floats:
    """Give each new triangle the texture map of the nearest old one, extended to its corners."""
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # scipy has no types

    old = soup.places.reshape(-1, 3, 3)
    nearest = cKDTree(old.mean(axis=1)).query(places.reshape(-1, 3, 3).mean(axis=1))[1]
    corner, uv = old[nearest], soup.uv.reshape(-1, 3, 2)[nearest]
    edges = corner[:, 1:] - corner[:, :1]
    offset = places.reshape(-1, 3, 3) - corner[:, :1]
    shares = np.clip(offset @ np.linalg.pinv(edges, rcond=1e-3), -4.0, 4.0)
    return np.asarray(uv[:, :1] + shares @ (uv[:, 1:] - uv[:, :1])).reshape(-1, 2)


def _creased_normals(places: Floats) -> Floats:
    """Average face normals around each corner, but not across edges sharper than the crease."""
    faces = places.reshape(-1, 3, 3)
    raw = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    unit = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-15)
    _, point = np.unique(places.round(6), axis=0, return_inverse=True)
    order = np.argsort(point.ravel(), kind='stable')
    starts = np.flatnonzero(np.diff(point.ravel()[order], prepend=-1))
    out = np.empty_like(places)
    least = np.cos(np.radians(CREASE_DEG))
    for corners in np.split(order, starts[1:]):
        near = unit[corners // 3] @ unit[corners // 3].T > least
        out[corners] = near.astype(float) @ raw[corners // 3]
    return out
