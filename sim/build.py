"""Turn a scene into a MuJoCo model: room, furniture, things and people that can be moved.

Bodies named `thing:ID`, `person:ID`, `shadow:ID` and `gripper` are mocap bodies: set their pose
and call `mj_kinematics`. People are skins named `person:ID`, whose vertices are set each frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
import math
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray
from robochat_sim import textures
from robochat_sim.people import ASSETS, Body
from robochat_sim.room import Decor, Furniture, Scene
from robochat_sim.state import CAMERA_HFOV_DEG, HEIGHT_PX, WIDTH_PX

Array = NDArray[Any]
GEOM = mujoco.mjtGeom
QUAD_UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
TABLE_TOP_M = 0.04
TABLE_LEG_M = 0.06


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
                read = {k: pack[f'{name}/{number}/{k}'] for k in ('normals', 'uv', 'faces', 'picture')}
                picture = cv2.imdecode(read['picture'], cv2.IMREAD_COLOR)
                if picture is None:
                    raise ValueError(f'{ASSETS}/things.npz: the picture of {name}/{number} is damaged')
                part = Part(
                    vertices=pack[key].astype(np.float32) * 1e-4,
                    normals=read['normals'].astype(np.float32) / 127,
                    uv=read['uv'],
                    faces=read['faces'].astype(np.int32),
                    picture=np.ascontiguousarray(picture[:, :, ::-1]),
                )
                found.setdefault(name, []).append(part)
    return found


def field_of_view_deg() -> float:
    """Return the vertical field of view of the robot's camera."""
    half = math.tan(math.radians(CAMERA_HFOV_DEG / 2)) * HEIGHT_PX / WIDTH_PX
    return math.degrees(2 * math.atan(half))


def build(scene: Scene, bodies: Mapping[str, Body], samples: int) -> Any:
    """Compile the model; `bodies` maps people's ids to their meshes, `samples` smooths edges."""
    return _Builder(scene, samples).model(bodies)


class _Builder:
    """Adds to one MjSpec, piece by piece."""

    def __init__(self, scene: Scene, samples: int) -> None:
        self.scene = scene
        self.spec = mujoco.MjSpec()
        self.world = self.spec.worldbody
        models = {f.model.name for f in scene.furniture} | {t.model.name for t in scene.things}
        self.parts = load_parts(models)
        self._look(samples)

    def model(self, bodies: Mapping[str, Body]) -> Any:
        """Add everything and compile."""
        self._room()
        for piece in self.scene.furniture:
            self._furniture(piece)
        for thing in self.scene.things:
            body = self.world.add_body(name=f'thing:{thing.id}', mocap=True)
            self._mesh_geoms(body, thing.model.name)
        for person, mesh in bodies.items():
            self._person(person, mesh)
        self._gripper()
        return self.spec.compile()

    def _look(self, samples: int) -> None:
        """Set lights, camera and quality."""
        visual = self.spec.visual
        visual.global_.offwidth, visual.global_.offheight = WIDTH_PX, HEIGHT_PX
        visual.quality.offsamples = samples
        visual.map.znear, visual.map.zfar = 0.01, 20.0
        visual.headlight.ambient[:] = 0.46
        visual.headlight.diffuse[:] = 0.22
        visual.headlight.specular[:] = 0.0
        self.spec.stat.extent = 3.0
        self.spec.stat.center = [1.0, 0.0, 1.0]
        for direction, strength in (((0.75, -0.45, -0.5), 0.36), ((0.3, 0.8, -0.6), 0.14), ((-0.8, 0.1, -0.5), 0.4), ((0.0, 0.0, 1.0), 0.3)):
            self.world.add_light(
                pos=[0, 0, 2.5],
                dir=list(direction),
                diffuse=[strength, strength, strength * 0.94],
                specular=[0.08, 0.08, 0.08],
                type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
                castshadow=False,
            )
        self.world.add_camera(name='robot', pos=[0, 0, 1], fovy=field_of_view_deg())

    # ------------------------------------------------------------------ materials and meshes
    def _material(self, name: str, picture: Array) -> str:
        """Add an RGB picture as texture and material."""
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

    def _mesh(self, name: str, vertices: Array, normals: Array, uv: Array, faces: Array) -> str:
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

    def _mesh_geoms(self, body: Any, model: str, **placing: Any) -> None:
        """Show a packed model; its meshes and pictures are shared by all that show it."""
        for number, part in enumerate(self.parts[model]):
            name = f'model:{model}:{number}'
            if self.spec.mesh(name) is None:
                self._mesh(name, part.vertices, part.normals, part.uv, part.faces)
                self._material(name, part.picture)
            add = partial(body.add_geom, type=GEOM.mjGEOM_MESH, contype=0, conaffinity=0)
            add(meshname=name, material=name, **placing)

    def _quad(self, name: str, corners: Array, material: str, body: Any = None) -> None:
        """Show a flat picture; corners go lower left, lower right, upper right, upper left."""
        normal = np.cross(corners[1] - corners[0], corners[3] - corners[0])
        normals = np.tile(normal / np.linalg.norm(normal), (4, 1))
        self._mesh(name, corners, normals, QUAD_UV, np.array([[0, 1, 2], [0, 2, 3]]))
        place = self.world if body is None else body
        place.add_geom(type=GEOM.mjGEOM_MESH, meshname=name, material=material, contype=0, conaffinity=0)

    def _box(self, body: Any, center: Iterable[float], size: Iterable[float], **looks: Any) -> None:
        """Show a box; `size` is its whole extent."""
        half = [max(x / 2, 1e-4) for x in size]
        body.add_geom(type=GEOM.mjGEOM_BOX, pos=list(center), size=half, contype=0, conaffinity=0, **looks)

    # ------------------------------------------------------------------ the room
    def _room(self) -> None:
        """Add floor, ceiling, walls with skirting, rugs and what hangs on the walls."""
        room = self.scene.room
        (x0, x1), (y0, y1), top = room.x, room.y, room.height_m
        floor = np.array([[x0, y0, 0], [x1, y0, 0], [x1, y1, 0], [x0, y1, 0]], float)
        self._quad('floor', floor, self._material('floor', textures.floor(room, self.scene.furniture)))
        ceiling = self._material('ceiling', textures.wall((0.93, 0.92, 0.90), 9))
        self._quad('ceiling', floor[[1, 0, 3, 2]] + [0, 0, top], ceiling)
        colors = dict(room.colors)
        for number, (wall, (low, high)) in enumerate(self._walls().items()):
            material = self._material(f'wall:{wall}', textures.wall(colors[wall], number))
            self._quad(f'wall:{wall}', _upright(low, high, 0.0, top), material)
            self._skirting(low, high)
        for number, decor in enumerate(room.decor):
            self._decor(number, decor)
        for number, rug in enumerate(room.rugs):
            self._material(f'rug:{number}', textures.rug())
            dx, dy = rug.deep_m / 2, rug.wide_m / 2
            flat = np.array([[rug.x - dx, rug.y + dy], [rug.x - dx, rug.y - dy], [rug.x + dx, rug.y - dy], [rug.x + dx, rug.y + dy]])
            self._quad(f'rug:{number}', np.c_[flat, np.full(4, 0.006)], f'rug:{number}')

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
        self._box(self.world, [*middle, 0.045], [*size, 0.09], rgba=[0.9, 0.89, 0.86, 1])

    def _decor(self, number: int, decor: Decor) -> None:
        """Hang a window, painting or door on its wall."""
        low, high = self._walls()[decor.wall]
        run = (high - low) / np.linalg.norm(high - low)
        inward = np.array([run[1], -run[0]])
        axis = int(np.abs(run).argmax())
        middle = (low + high) / 2
        middle[axis] = decor.along_m
        left, right = (middle + s * run * decor.width_m / 2 + inward * 0.03 for s in (-1, 1))
        painter = {
            'window': partial(textures.view, number),
            'painting': partial(textures.painting, number),
            'door': textures.door,
        }[decor.kind]
        name = self._material(f'decor:{number}', painter())
        if decor.kind == 'window':
            self.spec.material(name).emission = 0.45
        self._quad(name, _upright(left, right, decor.foot_m, decor.foot_m + decor.height_m), name)
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
            self._box(self.world, [*post, up], size, rgba=color)
        for z in (decor.foot_m, decor.foot_m + decor.height_m):
            self._box(self.world, [*middle, z], [*(across + depth), thick], rgba=color)

    # ------------------------------------------------------------------ what stands in it
    def _furniture(self, piece: Furniture) -> None:
        """Add a piece of furniture."""
        place = {'pos': [piece.x, piece.y, piece.z], 'quat': yaw_quat(piece.heading_rad)}
        if piece.model.name in ('table', 'stool'):
            self._table(piece.id, self.world.add_body(**place), piece.model.size_m)
        else:
            self._mesh_geoms(self.world, piece.model.name, **place)

    def _table(self, name: str, body: Any, size: tuple[float, float, float]) -> None:
        """Build a wooden table or stool: top, apron, four legs."""
        deep, wide, high = size
        top = self._material(name, textures.wood((156, 108, 68), 3))
        x, y = deep / 2, wide / 2
        flat = np.array([[-x, y, high], [-x, -y, high], [x, -y, high], [x, y, high]]) + [0, 0, 5e-4]
        self._quad(name, flat, top, body)
        dark = [0.50, 0.34, 0.21, 1]
        self._box(body, [0, 0, high - TABLE_TOP_M / 2], [deep, wide, TABLE_TOP_M], rgba=dark)
        self._box(body, [0, 0, high - 0.08], [deep - 0.12, wide - 0.12, 0.08], rgba=[0.42, 0.28, 0.17, 1])
        for sx in (-1, 1):
            for sy in (-1, 1):
                foot = [sx * (x - TABLE_LEG_M), sy * (y - TABLE_LEG_M), (high - TABLE_TOP_M) / 2]
                self._box(body, foot, [TABLE_LEG_M, TABLE_LEG_M, high - TABLE_TOP_M], rgba=dark)

    def _person(self, person: str, mesh: Body) -> None:
        """Add a skin on a mocap body, and the soft shadow at its feet."""
        name = f'person:{person}'
        body = self.world.add_body(name=name, mocap=True)
        body.add_geom(type=GEOM.mjGEOM_SPHERE, size=[0.01, 0, 0], rgba=[0, 0, 0, 0], contype=0, conaffinity=0)
        skin = self.spec.add_skin(name=name, material=self._material(name, mesh.picture))
        vertices = mesh.deform()
        skin.vert, skin.texcoord, skin.face = vertices.ravel(), mesh.uv.ravel(), mesh.faces.ravel()
        skin.bodyname = [name]
        skin.bindpos, skin.bindquat = np.zeros(3, np.float32), np.array([1, 0, 0, 0], np.float32)
        skin.vertid, skin.vertweight = [list(range(len(vertices)))], [[1.0] * len(vertices)]
        shadow = self.world.add_body(name=f'shadow:{person}', mocap=True)
        for step in range(6):
            size = [0.12 + 0.05 * step, 0.16 + 0.05 * step, 0.001]
            looks = {'pos': [0, 0, 0.0005 * step], 'rgba': [0, 0, 0, 0.05]}
            shadow.add_geom(type=GEOM.mjGEOM_ELLIPSOID, size=size, contype=0, conaffinity=0, **looks)

    def _gripper(self) -> None:
        """Build the two fingers that the robot sees when it holds something."""
        body = self.world.add_body(name='gripper', mocap=True)
        for side in (-1, 1):
            body.add_geom(type=GEOM.mjGEOM_CAPSULE, fromto=[-0.12, side * 0.052, -0.02, 0.01, side * 0.05, 0.04], size=[0.011, 0, 0], rgba=[0.25, 0.26, 0.29, 1], contype=0, conaffinity=0)
        body.add_geom(type=GEOM.mjGEOM_CAPSULE, fromto=[-0.12, -0.052, -0.02, -0.12, 0.052, -0.02], size=[0.02, 0, 0], rgba=[0.8, 0.81, 0.83, 1], contype=0, conaffinity=0)
        body.add_geom(type=GEOM.mjGEOM_CAPSULE, fromto=[-0.14, 0, -0.03, -0.4, 0.02, -0.22], size=[0.032, 0, 0], rgba=[0.86, 0.87, 0.89, 1], contype=0, conaffinity=0)


def yaw_quat(yaw_rad: float) -> list[float]:
    """Return the quaternion (w, x, y, z) of a turn about z."""
    return [math.cos(yaw_rad / 2), 0.0, 0.0, math.sin(yaw_rad / 2)]


def _upright(left: Array, right: Array, foot: float, top: float) -> Array:
    """Return the corners of an upright rectangle over a line on the floor."""
    return np.array([[*left, foot], [*right, foot], [*right, top], [*left, top]], float)
