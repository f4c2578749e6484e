"""Meshes, pictures and boxes as parts of a MuJoCo specification."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from .people import ASSETS

Array = NDArray[Any]
Paint = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
GEOM = mujoco.mjtGeom
QUAD_UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)


@dataclass(frozen=True)
class Part:
    """One mesh of a model with its picture."""

    vertices: Array
    normals: Array
    uv: Array
    faces: Array
    picture: Array


def load_parts(names: Iterable[str]) -> dict[str, list[Part]]:
    """Read the packed meshes of some models."""
    import cv2

    wanted = set(names)
    found: dict[str, list[Part]] = {}
    with np.load(ASSETS / 'things.npz') as pack:
        for key in pack.files:
            name, number, kind = key.split('/')
            if name in wanted and kind == 'vertices':
                read = {
                    k: pack[f'{name}/{number}/{k}'] for k in ('normals', 'uv', 'faces', 'picture')
                }
                picture = cv2.imdecode(read['picture'], cv2.IMREAD_COLOR)
                if picture is None:
                    raise ValueError(
                        f'{ASSETS}/things.npz: the picture of {name}/{number} is damaged'
                    )
                part = Part(
                    vertices=pack[key].astype(np.float32) * 1e-4,
                    normals=read['normals'].astype(np.float32) / 127,
                    uv=read['uv'],
                    faces=read['faces'].astype(np.int32),
                    picture=np.ascontiguousarray(picture[:, :, ::-1]),
                )
                found.setdefault(name, []).append(part)
    return found


class Shapes:
    """Adds what can be seen to one MjSpec; nothing collides.

    `paints` changes the (h, w, 3) uint8 RGB picture of the material with that name.
    """

    def __init__(self, models: Iterable[str], paints: Mapping[str, Paint] | None = None) -> None:
        self._paints = dict(paints or {})
        self.spec = mujoco.MjSpec()
        self.world = self.spec.worldbody
        self._parts = load_parts(models)

    def material(self, name: str, picture: Array) -> str:
        """Add an RGB picture as texture and material."""
        if name in self._paints:
            picture = self._paints[name](picture)
        height, width = picture.shape[:2]
        texture = self.spec.add_texture(
            name=name,
            type=mujoco.mjtTexture.mjTEXTURE_2D,
            width=width,
            height=height,
            nchannel=3,
        )
        texture.data = np.ascontiguousarray(picture).tobytes()
        material = self.spec.add_material(name=name, specular=0.06, shininess=0.2)
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
        return name

    def mesh(self, name: str, vertices: Array, normals: Array, uv: Array, faces: Array) -> str:
        """Add a mesh that may be open or flat."""
        self.spec.add_mesh(
            name=name,
            uservert=np.ascontiguousarray(vertices, np.float32).ravel(),
            usernormal=np.ascontiguousarray(normals, np.float32).ravel(),
            usertexcoord=np.ascontiguousarray(uv, np.float32).ravel(),
            userface=np.ascontiguousarray(faces, np.int32).ravel(),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
        return name

    def show_model(self, body: Any, model: str, own: str = '', **placing: Any) -> None:
        """Show a packed model; its meshes and pictures are shared by all that show it.

        Where there is a paint named `own`, this one has painted pictures of its own.
        """
        paint = self._paints.get(own)
        for number, part in enumerate(self._parts[model]):
            name = f'model:{model}:{number}'
            if self.spec.mesh(name) is None:
                self.mesh(name, part.vertices, part.normals, part.uv, part.faces)
                self.material(name, part.picture)
            look = name if paint is None else self.material(f'{own}:{number}', paint(part.picture))
            add = partial(body.add_geom, type=GEOM.mjGEOM_MESH, contype=0, conaffinity=0)
            add(meshname=name, material=look, **placing)

    def quad(self, name: str, corners: Array, material: str, body: Any = None) -> None:
        """Show a flat picture; corners go lower left, lower right, upper right, upper left."""
        normal = np.cross(corners[1] - corners[0], corners[3] - corners[0])
        normals = np.tile(normal / np.linalg.norm(normal), (4, 1))
        self.mesh(name, corners, normals, QUAD_UV, np.array([[0, 1, 2], [0, 2, 3]]))
        place = self.world if body is None else body
        place.add_geom(
            type=GEOM.mjGEOM_MESH, meshname=name, material=material, contype=0, conaffinity=0
        )

    def box(self, body: Any, center: Iterable[float], size: Iterable[float], **looks: Any) -> None:
        """Show a box; `size` is its whole extent."""
        half = [max(x / 2, 1e-4) for x in size]
        body.add_geom(
            type=GEOM.mjGEOM_BOX, pos=list(center), size=half, contype=0, conaffinity=0, **looks
        )
