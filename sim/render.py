"""The robot's camera: `Renderer(scene, bodies).frame(state)` is a 640x480 RGB picture.

Flow: state -> poses of mocap bodies and vertices of skins -> MuJoCo's off-screen renderer.
Threads: an OpenGL context belongs to one thread; make and use a Renderer in the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
import os
from typing import Any

import numpy as np
from robochat.values import RgbImage
from robochat_sim.people import Body, load_body
from robochat_sim.room import Scene
from robochat_sim.state import HEIGHT_PX, PersonState, RobotPose, SimState, WIDTH_PX

BACKENDS = ('egl', 'osmesa')
HIDDEN_GROUP = 5
GRIP_FORWARD_M = 0.46
GRIP_RIGHT_M = 0.13
GRIP_DOWN_M = 0.19


class RenderError(RuntimeError):
    """No OpenGL backend works; the message names the packages to install."""


class Renderer:
    """Draws states of one scene with some people (`bodies` maps ids to names of bodies).

    `samples` (0, 2 or 4) smooths edges and costs time. Raises RenderError without OpenGL.
    """

    def __init__(self, scene: Scene, bodies: Mapping[str, str] | None = None, samples: int = 4) -> None:
        self._mujoco = _import_mujoco()
        from robochat_sim.build import build

        loaded = {name: load_body(name) for name in sorted(set((bodies or {}).values()))}
        self._bodies: dict[str, Body] = {person: loaded[name] for person, name in (bodies or {}).items()}
        self._model = build(scene, self._bodies, samples)
        self._data = self._mujoco.MjData(self._model)
        self._drawn: dict[str, PersonState] = {}
        self._renderer = self._open()
        self._option = self._mujoco.MjvOption()
        self._option.skingroup[HIDDEN_GROUP] = 0

    def frame(self, state: SimState) -> RgbImage:
        """Return the camera's picture (480, 640, 3) uint8 RGB of a state."""
        self._place_things(state)
        for person in state.people:
            self._place_person(person)
        self._place_camera(state.robot)
        self._mujoco.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, 'robot', self._option)
        return np.asarray(self._renderer.render(), np.uint8)

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._renderer.close()

    def _open(self) -> Any:
        """Open MuJoCo's renderer, and say what is missing when that fails."""
        try:
            return self._mujoco.Renderer(self._model, HEIGHT_PX, WIDTH_PX)
        except Exception as error:
            raise RenderError(_advice(str(error))) from error

    def _mocap(self, name: str) -> int:
        """Return the mocap number of a body."""
        body = self._mujoco.mj_name2id(self._model, self._mujoco.mjtObj.mjOBJ_BODY, name)
        return int(self._model.body_mocapid[body])

    def _set(self, name: str, place: tuple[float, float, float], quat: tuple[float, ...]) -> None:
        number = self._mocap(name)
        self._data.mocap_pos[number] = place
        self._data.mocap_quat[number] = quat

    def _place_things(self, state: SimState) -> None:
        """Put every thing where it is; a held one goes into the gripper before the camera."""
        held = state.robot.holding
        grip = _grip(state.robot) if held else (0.0, 0.0, -5.0)
        self._set('gripper', grip, _quat(state.robot.view_rad))
        for thing in state.things:
            if thing.id == held:
                self._set(f'thing:{thing.id}', (grip[0], grip[1], grip[2] - 0.04), _quat(state.robot.view_rad + math.pi))
            else:
                self._set(f'thing:{thing.id}', (thing.x, thing.y, thing.z), _quat(thing.heading_rad, thing.tilt_rad))

    def _place_person(self, person: PersonState) -> None:
        """Move a person's body and bend its skin, where anything changed."""
        name = f'person:{person.id}'
        skin = self._mujoco.mj_name2id(self._model, self._mujoco.mjtObj.mjOBJ_SKIN, name)
        self._model.skin_group[skin] = 0 if person.present else HIDDEN_GROUP
        low = 0.0 if person.present else -5.0
        self._set(name, (person.x, person.y, person.z + low), _quat(person.heading_rad))
        self._set(f'shadow:{person.id}', (person.x, person.y, 0.012 + low), _quat(person.heading_rad))
        before = self._drawn.get(person.id)
        if not person.present or (before and (before.units, before.pose) == (person.units, person.pose)):
            return
        first, count = self._model.skin_vertadr[skin], self._model.skin_vertnum[skin]
        vertices = self._bodies[person.id].deform(person.units, person.pose)
        self._model.skin_vert[first : first + count] = vertices
        self._drawn[person.id] = person

    def _place_camera(self, robot: RobotPose) -> None:
        """Point the camera: level with the pan, then down by the tilt."""
        c, s = math.cos(robot.view_rad), math.sin(robot.view_rad)
        down, level = math.sin(robot.tilt_rad), math.cos(robot.tilt_rad)
        right, up = (s, -c, 0.0), (c * down, s * down, level)
        back = np.cross(right, up)
        self._model.cam_pos[0] = robot.camera
        matrix = np.stack([right, up, back], axis=1).ravel()
        self._mujoco.mju_mat2Quat(self._model.cam_quat[0], matrix)


def _import_mujoco() -> Any:
    """Import MuJoCo with the first OpenGL backend that loads; `MUJOCO_GL` decides if it is set."""
    if 'MUJOCO_GL' not in os.environ:
        os.environ['MUJOCO_GL'] = next((b for b in BACKENDS if _loads(b)), BACKENDS[0])
    try:
        import mujoco
        import mujoco.renderer
    except ImportError as error:
        raise RenderError(_advice(str(error))) from error
    return mujoco


def _loads(backend: str) -> bool:
    """Say whether the backend's system library is there."""
    import ctypes.util

    return ctypes.util.find_library('EGL' if backend == 'egl' else 'OSMesa') is not None


def _advice(problem: str) -> str:
    """Say what to install."""
    return (
        f'the simulator can\'t draw with MUJOCO_GL={os.environ.get("MUJOCO_GL", "")}: {problem}. '
        'It needs the mujoco package and one of: "apt-get install libegl1 libgl1-mesa-dri" '
        '(MUJOCO_GL=egl) or "apt-get install libosmesa6" (MUJOCO_GL=osmesa)'
    )


def _quat(yaw_rad: float, tilt_rad: float = 0.0) -> tuple[float, float, float, float]:
    """Return the quaternion of a tilt about y (forward) followed by a turn about z."""
    cy, sy = math.cos(yaw_rad / 2), math.sin(yaw_rad / 2)
    ct, st = math.cos(tilt_rad / 2), math.sin(tilt_rad / 2)
    return cy * ct, -sy * st, cy * st, sy * ct


def _grip(robot: RobotPose) -> tuple[float, float, float]:
    """Return where the gripper holds a thing: low on the right of the picture."""
    x, y, z = robot.camera
    c, s = math.cos(robot.view_rad), math.sin(robot.view_rad)
    ahead, right = GRIP_FORWARD_M, GRIP_RIGHT_M
    drop = GRIP_DOWN_M + ahead * math.tan(robot.tilt_rad)
    return x + c * ahead + s * right, y + s * ahead - c * right, z - drop
