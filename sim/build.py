"""Turn a scene into a MuJoCo model: room, furniture, things and people that can be moved.

Bodies named `thing:ID`, `person:ID` and `gripper` are mocap bodies: set their pose
and call `mj_kinematics`. People are skins named `person:ID`, whose vertices are set each frame.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

import mujoco
import numpy as np

from . import textures
from .people import Body
from .room import Decor, Furniture, Scene
from .shapes import Array, GEOM, Paint, Shapes
from .state import CAMERA_HFOV_DEG, HEIGHT_PX, WIDTH_PX

TABLE_TOP_M = 0.04
TABLE_LEG_M = 0.06


def field_of_view_deg() -> float:
    """Return the vertical field of view of the robot's camera."""
    half = math.tan(math.radians(CAMERA_HFOV_DEG / 2)) * HEIGHT_PX / WIDTH_PX
    return math.degrees(2 * math.atan(half))


def build(
    scene: Scene, bodies: Mapping[str, Body], paints: Mapping[str, Paint] | None = None
) -> Any:
    """Compile the model; `bodies` maps people's ids to their meshes.

    `paints` changes pictures by the name of their material (`floor`, `rug:0`, `decor:0`,
    `person:ID`, a table's id) or of what wears them (`thing:ID`, `furniture:ID`).
    """
    return _Builder(scene, paints).model(bodies)


class _Builder(Shapes):
    """Adds a scene to one MjSpec, piece by piece."""

    def __init__(self, scene: Scene, paints: Mapping[str, Paint] | None = None) -> None:
        models = {f.model.name for f in scene.furniture} | {t.model.name for t in scene.things}
        super().__init__(models, paints)
        self.scene = scene
        self._look()

    def model(self, bodies: Mapping[str, Body]) -> Any:
        """Add everything and compile."""
        self._room()
        for piece in self.scene.furniture:
            self._furniture(piece)
        for thing in self.scene.things:
            body = self.world.add_body(name=f'thing:{thing.id}', mocap=True)
            self.show_model(body, thing.model.name, f'thing:{thing.id}')
        for person, mesh in bodies.items():
            self._person(person, mesh)
        self._gripper()
        return self.spec.compile()

    def _look(self) -> None:
        """Set lights and camera."""
        visual = self.spec.visual
        visual.global_.offwidth, visual.global_.offheight = WIDTH_PX, HEIGHT_PX
        visual.map.znear, visual.map.zfar = 0.01, 20.0
        visual.headlight.ambient[:] = 0.46
        visual.headlight.diffuse[:] = 0.22
        visual.headlight.specular[:] = 0.0
        self.spec.stat.extent = 3.0
        self.spec.stat.center = [1.0, 0.0, 1.0]
        for direction, strength in (
            ((0.75, -0.45, -0.5), 0.36),
            ((0.3, 0.8, -0.6), 0.14),
            ((-0.8, 0.1, -0.5), 0.4),
            ((0.0, 0.0, 1.0), 0.3),
        ):
            self.world.add_light(
                pos=[0, 0, 2.5],
                dir=list(direction),
                diffuse=[strength, strength, strength * 0.94],
                specular=[0.08, 0.08, 0.08],
                type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
                castshadow=False,
            )
        self.world.add_camera(name='robot', pos=[0, 0, 1], fovy=field_of_view_deg())

    # ------------------------------------------------------------------ the room
    def _room(self) -> None:
        """Add floor, ceiling, walls with skirting, rugs and what hangs on the walls."""
        room = self.scene.room
        (x0, x1), (y0, y1), top = room.x, room.y, room.height_m
        floor = np.array([[x0, y0, 0], [x1, y0, 0], [x1, y1, 0], [x0, y1, 0]], float)
        self.quad(
            'floor', floor, self.material('floor', textures.floor(room, self.scene.furniture))
        )
        ceiling = self.material('ceiling', textures.wall((0.93, 0.92, 0.90), 9))
        self.quad('ceiling', floor[[1, 0, 3, 2]] + [0, 0, top], ceiling)
        colors = dict(room.colors)
        for number, (wall, (low, high)) in enumerate(self._walls().items()):
            material = self.material(f'wall:{wall}', textures.wall(colors[wall], number))
            self.quad(f'wall:{wall}', _upright(low, high, 0.0, top), material)
            self._skirting(low, high)
        for number, decor in enumerate(room.decor):
            self._decor(number, decor)
        for number, rug in enumerate(room.rugs):
            self.material(f'rug:{number}', textures.rug())
            dx, dy = rug.deep_m / 2, rug.wide_m / 2
            flat = np.array(
                [
                    [rug.x - dx, rug.y + dy],
                    [rug.x - dx, rug.y - dy],
                    [rug.x + dx, rug.y - dy],
                    [rug.x + dx, rug.y + dy],
                ]
            )
            self.quad(f'rug:{number}', np.c_[flat, np.full(4, 0.006)], f'rug:{number}')

    def _walls(self) -> dict[str, tuple[Array, Array]]:
        """Return each wall's lower left and right corner as seen from inside."""
        (x0, x1), (y0, y1) = self.scene.room.x, self.scene.room.y
        corners = {
            'front': ((x1, y1), (x1, y0)),
            'right': ((x1, y0), (x0, y0)),
            'back': ((x0, y0), (x0, y1)),
            'left': ((x0, y1), (x1, y1)),
        }
        return {wall: (np.array(a), np.array(b)) for wall, (a, b) in corners.items()}

    def _skirting(self, low: Array, high: Array) -> None:
        """Add the white board at a wall's foot."""
        middle = (low + high) / 2
        size = np.abs(high - low) + 0.02
        self.box(self.world, [*middle, 0.045], [*size, 0.09], rgba=[0.9, 0.89, 0.86, 1])

    def _decor(self, number: int, decor: Decor) -> None:
        """Hang a window, painting or door on its wall."""
        low, high = self._walls()[decor.wall]
        run = (high - low) / np.linalg.norm(high - low)
        inward = np.array([run[1], -run[0]])
        axis = int(np.abs(run).argmax())
        middle = (low + high) / 2
        middle[axis] = decor.along_m
        left, right = (middle + s * run * decor.width_m / 2 + inward * 0.03 for s in (-1, 1))
        name = self.material(f'decor:{number}', _picture_of(decor, number))
        if decor.kind == 'window':
            self.spec.material(name).emission = 0.45
        self.quad(name, _upright(left, right, decor.foot_m, decor.foot_m + decor.height_m), name)
        self._frame(decor, left, right, run)

    def _frame(self, decor: Decor, left: Array, right: Array, run: Array) -> None:
        """Add the frame around a picture, and the bars of a window."""
        color = [0.93, 0.92, 0.9, 1] if decor.kind != 'painting' else [0.25, 0.18, 0.13, 1]
        thick = 0.06 if decor.kind != 'painting' else 0.03
        middle, up = (left + right) / 2, decor.foot_m + decor.height_m / 2
        across, depth = np.abs(run) * (decor.width_m + thick), np.abs(run[::-1]) * 0.07
        posts = [left, right] + ([middle] if decor.kind == 'window' else [])
        for post in posts:
            size = [*(np.abs(run) * thick + depth), decor.height_m]
            self.box(self.world, [*post, up], size, rgba=color)
        for z in (decor.foot_m, decor.foot_m + decor.height_m):
            self.box(self.world, [*middle, z], [*(across + depth), thick], rgba=color)

    # ------------------------------------------------------------------ what stands in it
    def _furniture(self, piece: Furniture) -> None:
        """Add a piece of furniture."""
        name = f'furniture:{piece.id}'
        place = {'pos': [piece.x, piece.y, piece.z], 'quat': yaw_quat(piece.heading_rad)}
        body = self.world.add_body(name=name, **place)
        if piece.model.name in ('table', 'stool'):
            self._table(piece.id, body, piece.model.size_m)
        else:
            self.show_model(body, piece.model.name, name)

    def _table(self, name: str, body: Any, size: tuple[float, float, float]) -> None:
        """Build a wooden table or stool: top, apron, four legs."""
        deep, wide, high = size
        top = self.material(name, textures.wood((156, 108, 68), 3))
        x, y = deep / 2, wide / 2
        flat = np.array([[-x, y, high], [-x, -y, high], [x, -y, high], [x, y, high]]) + [
            0,
            0,
            5e-4,
        ]
        self.quad(name, flat, top, body)
        dark = [0.50, 0.34, 0.21, 1]
        self.box(body, [0, 0, high - TABLE_TOP_M / 2], [deep, wide, TABLE_TOP_M], rgba=dark)
        self.box(
            body, [0, 0, high - 0.08], [deep - 0.12, wide - 0.12, 0.08], rgba=[0.42, 0.28, 0.17, 1]
        )
        for sx in (-1, 1):
            for sy in (-1, 1):
                foot = [sx * (x - TABLE_LEG_M), sy * (y - TABLE_LEG_M), (high - TABLE_TOP_M) / 2]
                self.box(body, foot, [TABLE_LEG_M, TABLE_LEG_M, high - TABLE_TOP_M], rgba=dark)

    def _person(self, person: str, mesh: Body) -> None:
        """Add a skin on a mocap body."""
        name = f'person:{person}'
        body = self.world.add_body(name=name, mocap=True)
        body.add_geom(
            type=GEOM.mjGEOM_SPHERE, size=[0.01, 0, 0], rgba=[0, 0, 0, 0], contype=0, conaffinity=0
        )
        skin = self.spec.add_skin(name=name, material=self.material(name, mesh.picture))
        vertices = mesh.deform()
        skin.vert, skin.texcoord, skin.face = vertices.ravel(), mesh.uv.ravel(), mesh.faces.ravel()
        skin.bodyname = [name]
        skin.bindpos, skin.bindquat = np.zeros(3, np.float32), np.array([1, 0, 0, 0], np.float32)
        skin.vertid, skin.vertweight = [list(range(len(vertices)))], [[1.0] * len(vertices)]

    def _gripper(self) -> None:
        """Build the two fingers that the robot sees when it holds something."""
        body = self.world.add_body(name='gripper', mocap=True)
        for side in (-1, 1):
            body.add_geom(
                type=GEOM.mjGEOM_CAPSULE,
                fromto=[-0.12, side * 0.052, -0.02, 0.01, side * 0.05, 0.04],
                size=[0.011, 0, 0],
                rgba=[0.25, 0.26, 0.29, 1],
                contype=0,
                conaffinity=0,
            )
        body.add_geom(
            type=GEOM.mjGEOM_CAPSULE,
            fromto=[-0.12, -0.052, -0.02, -0.12, 0.052, -0.02],
            size=[0.02, 0, 0],
            rgba=[0.8, 0.81, 0.83, 1],
            contype=0,
            conaffinity=0,
        )
        body.add_geom(
            type=GEOM.mjGEOM_CAPSULE,
            fromto=[-0.14, 0, -0.03, -0.4, 0.02, -0.22],
            size=[0.032, 0, 0],
            rgba=[0.86, 0.87, 0.89, 1],
            contype=0,
            conaffinity=0,
        )


def _picture_of(decor: Decor, number: int) -> textures.Picture:
    """Paint what hangs on the wall."""
    if decor.kind == 'door':
        return textures.door()
    return textures.view(number) if decor.kind == 'window' else textures.painting(number)


def yaw_quat(yaw_rad: float) -> list[float]:
    """Return the quaternion (w, x, y, z) of a turn about z."""
    return [math.cos(yaw_rad / 2), 0.0, 0.0, math.sin(yaw_rad / 2)]


def _upright(left: Array, right: Array, foot: float, top: float) -> Array:
    """Return the corners of an upright rectangle over a line on the floor."""
    return np.array([[*left, foot], [*right, foot], [*right, top], [*left, top]], float)
