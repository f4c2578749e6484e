"""The robot's camera: `Renderer(scene, bodies).frame(state)` is a 640x480 RGB picture.

Flow: state -> poses of mocap bodies and vertices of skins -> a picture of the room -> people laid
over it. While neither the robot nor a thing moves, the room is drawn once, finely, and kept; only
the people are drawn anew. While they move, the room is drawn quickly.
Threads: one; make and use a Renderer in the same thread.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from robochat.values import RgbImage

from .canvas import Canvas, GROUPS, import_mujoco, Layer
from .compose import Floor, floor_of, overlay, shade
from .people import Body, load_body
from .room import Scene
from .state import PersonState, RobotPose, SimState, ThingState

if TYPE_CHECKING:
    from .shapes import Paint

GRIP_FORWARD_M = 0.46
GRIP_RIGHT_M = 0.13
GRIP_DOWN_M = 0.19
AWAY_M = -5.0
Still = tuple[RobotPose, tuple[ThingState, ...]]


class Renderer:
    """Draws states of one scene with some people (`bodies` maps ids to names of bodies).

    `samples` (0, 2 or 4) smooths the edges of the room; `paints` is as for `build.build`.
    Raises canvas.RenderError without OpenGL.
    """

    def __init__(
        self,
        scene: Scene,
        bodies: Mapping[str, str] | None = None,
        samples: int = 4,
        paints: Mapping[str, Paint] | None = None,
    ) -> None:
        self._mujoco = import_mujoco()
        from .build import build

        loaded = {name: load_body(name) for name in sorted(set((bodies or {}).values()))}
        self._bodies: dict[str, Body] = {
            person: loaded[name] for person, name in (bodies or {}).items()
        }
        self._model = build(scene, self._bodies, paints)
        self._data = self._mujoco.MjData(self._model)
        self._canvas = Canvas(self._model, samples)
        self._drawn: dict[str, PersonState] = {}
        self._still: Still | None = None
        self._kept: tuple[Layer, Floor] | None = None

    def frame(self, state: SimState) -> RgbImage:
        """Return the camera's picture (480, 640, 3) uint8 RGB of a state."""
        self.place(state)
        layer, floor = self._room(state)
        image = layer.image.copy()
        people = [p for p in state.people if p.present]
        shade(image, floor, state.robot, people)
        if people:
            overlay(image, layer.depth_m, self._canvas.draw(self._data, fine=False, room=False))
        return image

    def _room(self, state: SimState) -> tuple[Layer, Floor]:
        """Return the picture of the room: a kept one, or a new one, fine once all is still."""
        still = (_seen(state.robot), state.things)
        if still == self._still and self._kept is not None:
            return self._kept
        fine = still == self._still or self._still is None
        layer = self._canvas.draw(self._data, fine=fine, people=False)
        found = layer, floor_of(layer, state.robot)
        self._still, self._kept = still, found if fine else None
        return found

    @property
    def model(self) -> Any:
        """The compiled MuJoCo model; change only its looks."""
        return self._model

    @property
    def data(self) -> Any:
        """Where everything is in the model since the last `frame`, `place` or `numbers`."""
        return self._data

    def body(self, person: str) -> Body:
        """Return the mesh of a person."""
        return self._bodies[person]

    def numbers(self, state: SimState) -> NDArray[np.int32]:
        """Return what each pixel (480, 640) of a state shows, as `Canvas.numbers` does."""
        self.place(state)
        return self._canvas.numbers(self._data)

    def relight(self) -> None:
        """Draw the room anew next time, because the light of `model` was changed."""
        self._still = self._kept = None

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._canvas.close()

    # ------------------------------------------------------------------ placing
    def place(self, state: SimState) -> None:
        """Bring the model into a state without drawing it."""
        self._place_things(state)
        for person in state.people:
            self._place_person(person)
        self._place_camera(state.robot)
        self._mujoco.mj_forward(self._model, self._data)

    def _set(self, name: str, place: tuple[float, float, float], quat: tuple[float, ...]) -> None:
        """Move a mocap body."""
        body = self._mujoco.mj_name2id(self._model, self._mujoco.mjtObj.mjOBJ_BODY, name)
        number = int(self._model.body_mocapid[body])
        self._data.mocap_pos[number] = place
        self._data.mocap_quat[number] = quat

    def _place_things(self, state: SimState) -> None:
        """Put every thing where it is; a held one goes into the gripper before the camera."""
        robot, held = state.robot, state.robot.holding
        grip = _grip(robot) if held else (0.0, 0.0, AWAY_M)
        self._set('gripper', grip, _quat(robot.view_rad))
        for thing in state.things:
            place, quat = (thing.x, thing.y, thing.z), _quat(thing.heading_rad, thing.tilt_rad)
            if thing.id == held:
                place, quat = (grip[0], grip[1], grip[2] - 0.04), _quat(robot.view_rad + math.pi)
            self._set(f'thing:{thing.id}', place, quat)

    def _place_person(self, person: PersonState) -> None:
        """Move a person's body and bend its skin, where anything changed."""
        name = f'person:{person.id}'
        skin = self._mujoco.mj_name2id(self._model, self._mujoco.mjtObj.mjOBJ_SKIN, name)
        self._model.skin_group[skin] = 0 if person.present else GROUPS - 1
        self._set(name, (person.x, person.y, person.z), _quat(person.heading_rad))
        before = self._drawn.get(person.id)
        if not person.present or (
            before and (before.units, before.pose) == (person.units, person.pose)
        ):
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


def _seen(robot: RobotPose) -> RobotPose:
    """Return only what of a robot changes its picture."""
    return RobotPose(
        robot.x, robot.y, robot.heading_rad, robot.pan_rad, robot.tilt_rad, holding=robot.holding
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
