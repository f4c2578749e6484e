"""What the simulator's own model of a scene shows, body by body: meshes, boxes, colours, pictures.

Flow: `build.build` compiles a scene for MuJoCo, `solids_of` reads the result. So Gazebo gets what
the simulator draws, down to the picture on the wall. Frames: each body's own, metres.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..canvas import import_mujoco
from ..room import Scene
from .meshes import Array, box, Look, Surface

WORLD = 'world'
# Gazebo's own light already makes up for most of what a window sheds in the simulator.
GLOW_SHARE = 0.3


@dataclass(frozen=True)
class Solid:
    """One body: its surfaces, the looks that they name, and its boxes (center, size)."""

    name: str
    surfaces: tuple[Surface, ...]
    looks: tuple[tuple[str, Look], ...]
    boxes: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]


def solids_of(scene: Scene) -> tuple[Solid, ...]:
    """Return the bodies of a scene: `world` (the room), `furniture:ID` and `thing:ID`.

    Raises canvas.RenderError when MuJoCo is missing.
    """
    mujoco = import_mujoco()
    from ..build import build

    model = build(scene, {})
    names = [model.body(number).name for number in range(model.nbody)]
    return tuple(
        _Reader(mujoco, model).solid(number, name)
        for number, name in enumerate(names)
        if name == WORLD or name.startswith(('furniture:', 'thing:'))
    )


class _Reader:
    """Reads geoms of one compiled model."""

    def __init__(self, mujoco: Any, model: Any) -> None:
        self._mujoco = mujoco
        self._model = model

    def solid(self, body: int, name: str) -> Solid:
        """Gather the geoms of one body; their looks are numbered in order of appearance."""
        looks: dict[Any, tuple[str, Look]] = {}
        surfaces, boxes = [], []
        for geom in self._geoms(body):
            key, look = self._look(geom)
            label, _ = looks.setdefault(key, (f'look_{len(looks)}', look))
            kind = int(self._model.geom_type[geom])
            if kind == self._mujoco.mjtGeom.mjGEOM_MESH:
                surfaces.append(self._mesh(geom, label))
            elif kind == self._mujoco.mjtGeom.mjGEOM_BOX:
                center, size = self._model.geom_pos[geom], 2 * self._model.geom_size[geom]
                surfaces.append(box(center, size, label))
                boxes.append((tuple(center.tolist()), tuple(size.tolist())))
        return Solid(name, _joined(surfaces), tuple(looks.values()), tuple(boxes))

    def _geoms(self, body: int) -> Iterator[int]:
        first, count = self._model.body_geomadr[body], self._model.body_geomnum[body]
        yield from range(int(first), int(first + count))

    def _look(self, geom: int) -> tuple[Any, Look]:
        """Return what covers a geom, with a key that is the same for the same look."""
        material = int(self._model.geom_matid[geom])
        if material < 0:
            r, g, b, _ = (float(x) for x in self._model.geom_rgba[geom])
            return (r, g, b), Look((r, g, b))
        texture = int(self._model.mat_texid[material].max())
        first = int(self._model.tex_adr[texture])
        high, wide = int(self._model.tex_height[texture]), int(self._model.tex_width[texture])
        pixels = self._model.tex_data[first : first + high * wide * 3]
        picture = np.asarray(pixels, np.uint8).reshape(high, wide, 3)
        glow = GLOW_SHARE * float(self._model.mat_emission[material])
        return material, Look(picture=picture, glow=glow)

    def _mesh(self, geom: int, label: str) -> Surface:
        """Return a mesh in its body's frame, one vertex for each corner that differs."""
        model, mesh = self._model, int(self._model.geom_dataid[geom])
        corners = np.stack(
            [
                _span(table, model.mesh_faceadr[mesh], model.mesh_facenum[mesh]).ravel()
                for table in (model.mesh_face, model.mesh_facenormal, model.mesh_facetexcoord)
            ],
            axis=1,
        )
        used, faces = np.unique(corners, axis=0, return_inverse=True)
        vertices = _span(model.mesh_vert, model.mesh_vertadr[mesh], model.mesh_vertnum[mesh])
        normals = _span(model.mesh_normal, model.mesh_normaladr[mesh], model.mesh_normalnum[mesh])
        uv = _span(model.mesh_texcoord, model.mesh_texcoordadr[mesh], model.mesh_texcoordnum[mesh])
        turn = np.zeros(9)
        self._mujoco.mju_quat2Mat(turn, model.geom_quat[geom])
        surface = Surface(
            vertices[used[:, 0]].astype(float),
            normals[used[:, 1]].astype(float),
            uv[used[:, 2]],
            faces.reshape(-1, 3),
            label,
        )
        return surface.moved(model.geom_pos[geom], turn.reshape(3, 3))


def _span(table: Array, first: int, count: int) -> Array:
    """Return the rows of one mesh."""
    return np.asarray(table[int(first) : int(first) + int(count)])


def _joined(surfaces: list[Surface]) -> tuple[Surface, ...]:
    """Join surfaces of one look, because each costs Gazebo a draw call."""
    joined: dict[str, Surface] = {}
    for surface in surfaces:
        old = joined.get(surface.look)
        if old is None:
            joined[surface.look] = surface
            continue
        joined[surface.look] = replace(
            old,
            vertices=np.vstack([old.vertices, surface.vertices]),
            normals=np.vstack([old.normals, surface.normals]),
            uv=np.vstack([old.uv, surface.uv]),
            faces=np.vstack([old.faces, surface.faces + len(old.vertices)]),
        )
    return tuple(joined.values())
