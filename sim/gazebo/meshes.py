"""Surfaces with pictures, and how they are written: Wavefront OBJ, MTL and PNG.

Gazebo 11 and the new Gazebo both read these three. Units and frames: metres, z up; `uv` has its
origin at the picture's upper left, as in the simulator (in the file it lies at the lower left).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Look:
    """What covers a surface: a colour (0 to 1), and a picture (h, w, 3) uint8 RGB or None."""

    color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    picture: Array | None = None
    glow: float = 0.0


@dataclass(frozen=True)
class Surface:
    """Triangles (k, 3) over vertices (n, 3) with normals (n, 3) and places in a picture (n, 2)."""

    vertices: Array
    normals: Array
    uv: Array
    faces: Array
    look: str

    def moved(self, offset: Array, turn: Array) -> Surface:
        """Return it turned by a matrix (3, 3), then shifted."""
        return Surface(
            self.vertices @ turn.T + offset, self.normals @ turn.T, self.uv, self.faces, self.look
        )


def smooth_normals(vertices: Array, faces: Array) -> Array:
    """Return normals (n, 3): the mean of a vertex' triangles, where large ones count more."""
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], across)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12))


def cut(surface: Surface, chosen: Array) -> Surface:
    """Return the surface of the chosen triangles (k,) bool alone."""
    faces = surface.faces[chosen]
    used, renumbered = np.unique(faces, return_inverse=True)
    return Surface(
        surface.vertices[used],
        surface.normals[used],
        surface.uv[used],
        renumbered.reshape(faces.shape),
        surface.look,
    )


def box(center: Iterable[float], size: Iterable[float], look: str) -> Surface:
    """Return a box; `size` is its whole extent."""
    half = np.asarray([*size], float) / 2
    vertices: list[Array] = []
    normals: list[Array] = []
    faces: list[list[int]] = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal, u, v = np.zeros(3), np.zeros(3), np.zeros(3)
            normal[axis], u[(axis + 1) % 3], v[(axis + 2) % 3] = sign, sign, 1.0
            first = len(vertices)
            vertices += [normal - u - v, normal + u - v, normal + u + v, normal - u + v]
            normals += [normal] * 4
            faces += [[first, first + 1, first + 2], [first, first + 2, first + 3]]
    placed = np.asarray(vertices) * half + np.asarray([*center], float)
    return Surface(placed, np.asarray(normals), np.zeros((24, 2)), np.asarray(faces), look)


def write_obj(path: Path, surfaces: Iterable[Surface], materials: str) -> None:
    """Write surfaces as one OBJ file that takes its looks from the file `materials` beside it."""
    lines, first = [f'mtllib {materials}'], 1
    for surface in surfaces:
        uv = np.c_[surface.uv[:, 0], 1.0 - surface.uv[:, 1]]
        lines.append(f'o {surface.look}\nusemtl {surface.look}')
        lines += _rows('v', surface.vertices, 4)
        lines += _rows('vt', uv, 4)
        lines += _rows('vn', surface.normals, 3)
        lines += [
            f'f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}'
            for a, b, c in (surface.faces + first).tolist()
        ]
        first += len(surface.vertices)
    path.write_text('\n'.join(lines) + '\n', encoding='ascii')


def _rows(word: str, values: Array, digits: int) -> list[str]:
    """Write one line for each row, without the minus of a zero."""
    shape = f'{word} ' + ' '.join([f'%.{digits}f'] * values.shape[1])
    return [shape % tuple(row) for row in (np.round(values, digits) + 0.0).tolist()]


def write_looks(path: Path, looks: Mapping[str, Look]) -> None:
    """Write an MTL file, and a PNG file for each picture beside it."""
    lines: list[str] = []
    for name, look in looks.items():
        color = ' '.join(f'{c:.3f}' for c in look.color)
        lines += [f'newmtl {name}', f'Ka {color}', f'Kd {color}', 'Ks 0.02 0.02 0.02', 'Ns 4']
        lines += [f'Ke {look.glow:.2f} {look.glow:.2f} {look.glow:.2f}', 'd 1', 'illum 2']
        if look.picture is not None:
            file = path.with_name(f'{path.stem}_{name}.png')
            cv2.imwrite(str(file), np.ascontiguousarray(look.picture[:, :, ::-1]))
            lines.append(f'map_Kd {file.name}')
    path.write_text('\n'.join(lines) + '\n', encoding='ascii')
