"""Read Wavefront OBJ and MTL files into triangles, one group for each material.

Polygons are cut by ear clipping, because fans tear concave ones such as the frame of a screen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Corner = tuple[int, int, int]


@dataclass(frozen=True)
class Material:
    """A colour (0 to 1) and, if any, the picture that covers it."""

    color: tuple[float, float, float] = (0.7, 0.7, 0.7)
    alpha: float = 1.0
    picture: Path | None = None


@dataclass
class Group:
    """Triangles of one material as (vertex, texture, normal) corners; -1 where a file has none."""

    material: Material
    corners: list[Corner] = field(default_factory=list)


@dataclass(frozen=True)
class Model:
    """Vertices (n, 3), texture coordinates (m, 2), normals (k, 3) and the groups that use them."""

    vertices: Floats
    texcoords: Floats
    normals: Floats
    groups: tuple[Group, ...]


def read_obj(path: Path) -> Model:
    """Read an OBJ file and the MTL files that it names."""
    rows: dict[str, list[list[float]]] = {'v': [], 'vt': [], 'vn': []}
    materials: dict[str, Material] = {}
    groups: dict[str, Group] = {}
    group = Group(Material())
    for line in path.read_text(errors='replace').splitlines():
        word, _, rest = line.strip().partition(' ')
        if word in rows:
            rows[word].append([float(x) for x in rest.split()[: 2 if word == 'vt' else 3]])
        elif word == 'mtllib':
            materials.update(read_mtl(path.parent / rest.strip()))
        elif word == 'usemtl':
            name = rest.strip()
            group = groups.setdefault(name, Group(materials.get(name, Material())))
        elif word == 'f':
            group.corners += _triangles(rest, rows)
    v, vt, vn = (
        np.array(rows[k], float).reshape(-1, n) for k, n in (('v', 3), ('vt', 2), ('vn', 3))
    )
    return Model(v, vt, vn, tuple(g for g in groups.values() if g.corners))


def read_mtl(path: Path) -> dict[str, Material]:
    """Read the colours, opacities and pictures of an MTL file."""
    found: dict[str, Material] = {}
    name = ''
    for line in path.read_text(errors='replace').splitlines():
        word, _, rest = line.strip().partition(' ')
        old = found.get(name, Material())
        if word == 'newmtl':
            name = rest.strip()
            found[name] = Material()
        elif word == 'Kd':
            r, g, b = (min(1.0, float(x)) for x in rest.split()[:3])
            found[name] = Material((r, g, b), old.alpha, old.picture)
        elif word == 'd':
            found[name] = Material(old.color, float(rest.split()[-1]), old.picture)
        elif word == 'map_Kd':
            found[name] = Material(old.color, old.alpha, path.parent / rest.strip())
    return found


def _triangles(text: str, rows: dict[str, list[list[float]]]) -> list[Corner]:
    """Cut one `f` line into triangles."""
    polygon = [_corner(part, rows) for part in text.split()]
    if len(polygon) == 3:
        return polygon
    points = np.array([rows['v'][c[0]] for c in polygon])
    return [polygon[i] for triangle in clip_ears(points) for i in triangle]


def _corner(text: str, rows: dict[str, list[list[float]]]) -> Corner:
    """Resolve `v/vt/vn` with its one-based or negative numbers."""
    numbers = [int(x) if x else 0 for x in (text.split('/') + ['', ''])[:3]]
    counts = [len(rows[k]) for k in ('v', 'vt', 'vn')]
    v, t, n = (
        x - 1 if x > 0 else c + x if x < 0 else -1 for x, c in zip(numbers, counts, strict=True)
    )
    return v, t, n


def clip_ears(points: Floats) -> list[tuple[int, int, int]]:
    """Cut a planar polygon (n, 3) into n - 2 triangles of indices, concave ones too."""
    flat = _flatten(points)
    left = list(range(len(points)))
    out: list[tuple[int, int, int]] = []
    while len(left) > 3:
        at = next((i for i in range(len(left)) if _is_ear(flat, left, i)), 0)
        out.append((left[at - 1], left[at], left[(at + 1) % len(left)]))
        del left[at]
    return [*out, (left[0], left[1], left[2])]


def _flatten(points: Floats) -> Floats:
    """Project a polygon on its own plane, counter-clockwise (Newell's normal)."""
    following = np.roll(points, -1, axis=0)
    normal = np.cross(points, following).sum(axis=0)
    axis = int(np.abs(normal).argmax())
    u, v = (axis + 1) % 3, (axis + 2) % 3
    flat = points[:, [u, v]]
    return flat if normal[axis] >= 0 else flat * [1.0, -1.0]


def _is_ear(flat: Floats, left: list[int], at: int) -> bool:
    """Say whether the corner is convex and its triangle holds no other corner."""
    a, b, c = flat[left[at - 1]], flat[left[at]], flat[left[(at + 1) % len(left)]]
    if _turn(a, b, c) <= 0:
        return False
    others = np.array(
        [flat[i] for i in left if not any(np.array_equal(flat[i], q) for q in (a, b, c))]
    )
    if not len(others):
        return True
    inside = (_turn(a, b, others) > 0) & (_turn(b, c, others) > 0) & (_turn(c, a, others) > 0)
    return not bool(inside.any())


def _turn(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return twice the signed area of the triangle a, b, c (c may be many points)."""
    return np.asarray((b[0] - a[0]) * (c[..., 1] - a[1]) - (b[1] - a[1]) * (c[..., 0] - a[0]))
