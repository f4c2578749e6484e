"""A scenario played in Gazebo 11: `frame(state)` moves everything and returns a picture of it.

Flow: at the start, furniture of the scenario and all looks of its people are spawned, hidden under
the floor; then each state becomes the poses that changed. Things are left to Gazebo's physics
until the scenario first moves them. It stands in for `render.Renderer` in the simulator's node.
Threads: pictures arrive in a thread of the transport's; all else runs in the caller's.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol
from xml.etree.ElementTree import Element

import numpy as np
from robochat.values import RgbImage

from ..script import Scenario
from ..state import PersonState, SimState, ThingState
from . import sdf, worlds
from .cast import HIDDEN, part, parts
from .looks import body_of, head_of, wardrobes, YAW_STEP_RAD
from .transport import Address, GazeboError, Master, Publisher, Subscriber
from .wire import block, block_of, blocks_of, Fields, fields, real, text_of, whole, whole_of

RGB_INT8 = 3
LOADING_SEC = 60.0
Quaternion = tuple[float, float, float, float]


class Eye(Protocol):
    """Whatever makes pictures of states."""

    def frame(self, state: SimState) -> RgbImage | None:
        """Return the newest picture (480, 640, 3) uint8 RGB; None when there is no new one."""

    def close(self) -> None:
        """Give everything back."""


class GazeboStage:
    """Drives one Gazebo 11 that has loaded a scenario's world.

    `dropped` counts pictures that weren't as announced. Raises GazeboError when Gazebo isn't
    there, doesn't answer, or ends.
    """

    def __init__(self, address: Address, scenario: Scenario, wait_sec: float = 60.0) -> None:
        self.dropped = 0
        self._lock = threading.Lock()
        self._picture: RgbImage | None = None
        self._wardrobes = wardrobes(scenario)
        self._poses: dict[str, sdf.Pose6] = {}
        self._shown: dict[str, tuple[str, ...]] = {}
        self._taken: set[str] = set()
        self._still: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._closing: list[Master | Subscriber | Publisher] = []
        root = f'/gazebo/{scenario.scene.name}'
        master = Master(address, wait_sec)
        self._closing.append(master)
        try:
            topic = f'{root}/{worlds.ROBOT}/head/camera/image'
            self._pictures = Subscriber(master, topic, self._on_picture, wait_sec)
            self._closing.append(self._pictures)
            places = Subscriber(master, f'{root}/pose/info', self._on_places, wait_sec)
            self._closing.append(places)
            self._modify = Publisher(master, f'{root}/model/modify', 'gazebo.msgs.Model')
            self._closing.append(self._modify)
            self._factory = Publisher(master, f'{root}/factory', 'gazebo.msgs.Factory')
            self._closing.append(self._factory)
            for publisher in (self._modify, self._factory):
                publisher.wait(wait_sec)
            self._spawn(scenario)
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------------ what comes from Gazebo
    def _on_picture(self, message: Fields) -> None:
        """Keep the newest picture; drop and count what isn't one."""
        image = fields(block_of(message, 2))
        wide, high = whole_of(image, 1), whole_of(image, 2)
        data = block_of(image, 5)
        if whole_of(image, 3) != RGB_INT8 or len(data) != wide * high * 3 or not len(data):
            self.dropped += 1
            return
        picture = np.frombuffer(data, np.uint8).reshape(high, wide, 3)
        with self._lock:
            self._picture = picture

    def _on_places(self, message: Fields) -> None:
        """Note the numbers of what has moved, by which alone Gazebo finds a link."""
        for place in map(fields, blocks_of(message, 2)):
            self._numbers[text_of(place, 1)] = whole_of(place, 2)

    # ------------------------------------------------------------------ what goes to Gazebo
    def frame(self, state: SimState) -> RgbImage | None:
        """Move everything to a state and return the newest picture, if there is a new one."""
        self.place(state)
        if self._pictures.failure:
            raise GazeboError(f'Gazebo has gone: {self._pictures.failure}')
        with self._lock:
            picture, self._picture = self._picture, None
        return picture

    def place(self, state: SimState) -> None:
        """Bring everything where it is in a state."""
        self._move(worlds.ROBOT, worlds.camera_pose(state.robot))
        for person in state.people:
            self._place_person(person)
        for thing in state.things:
            self._place_thing(thing)

    def _place_person(self, person: PersonState) -> None:
        """Show a person by one head and one body; hide those that were shown before."""
        wardrobe = self._wardrobes[person.id]
        head, body = wardrobe.head(head_of(person)), wardrobe.posture(body_of(person))
        shown = (part(person.id, body), part(person.id, head)) if person.present else ()
        # The still head points in whole steps; the person turns by what is left.
        left_rad = person.pose.head_yaw_rad - head.yaw * YAW_STEP_RAD
        turned_rad = max(-YAW_STEP_RAD / 2, min(YAW_STEP_RAD / 2, left_rad))
        pose = sdf.Pose6(person.x, person.y, person.z, yaw_rad=person.heading_rad + turned_rad)
        for name in shown:
            self._move(name, pose)
        for name in self._shown.get(person.id, ()):
            if name not in shown:
                self._move(name, HIDDEN)
        self._shown[person.id] = shown

    def _place_thing(self, thing: ThingState) -> None:
        """Move a thing that the scenario moves; from then on Gazebo's physics lets it be."""
        pose = sdf.Pose6(
            thing.x,
            thing.y,
            thing.z,
            pitch_rad=thing.tilt_rad,
            yaw_rad=thing.heading_rad,
        )
        if pose != self._poses.setdefault(thing.id, pose):
            self._taken.add(thing.id)
        if thing.id not in self._taken:
            return
        # Again in every frame, because a link keeps the speed that it had.
        self._put(thing.id, pose)
        # Gazebo tells the number of a link once it has moved.
        number = self._numbers.get(f'{thing.id}::link')
        if number and thing.id not in self._still:
            self._still.add(thing.id)
            self._modify.send(block(1, thing.id) + block(6, _still_link(thing.id, number)))

    def _move(self, name: str, pose: sdf.Pose6) -> None:
        """Move a model, if it isn't there already."""
        if self._poses.get(name) != pose:
            self._put(name, pose)

    def _put(self, name: str, pose: sdf.Pose6) -> None:
        """Move a model."""
        self._poses[name] = pose
        self._modify.send(block(1, name) + block(4, pose_message(pose)))

    # ------------------------------------------------------------------ the start
    def _spawn(self, scenario: Scenario) -> None:
        """Add what the scenario has beyond the world's file, and wait until it is there."""
        there = {piece.id: piece for piece in worlds.pieces(worlds.plain(scenario.scene))}
        for piece in worlds.pieces(scenario.scene):
            pose = worlds.pose_of(piece)
            if piece.id not in there:
                self.spawn(sdf.include(worlds.folder_of(piece), piece.id, pose))
            elif there[piece.id] != piece:
                self._move(piece.id, pose)
        for person, wardrobe in self._wardrobes.items():
            for element in parts(person, wardrobe):
                self.spawn(element)
                # Where they were shown in an earlier run, they are still there.
                self._move(element.get('name', ''), HIDDEN)
        self._await_loading()

    def spawn(self, element: Element) -> None:
        """Add a model or an include to the world."""
        self._factory.send(block(1, sdf.document(element)))

    def _await_loading(self) -> None:
        """Wait for pictures to come regularly: Gazebo draws nothing while it loads meshes."""
        end_sec = time.monotonic() + LOADING_SEC
        regular = 0
        while regular < 5:
            asked_sec = time.monotonic()
            with self._lock:
                self._picture = None
            while self._picture is None:
                if time.monotonic() > end_sec:
                    raise GazeboError(f'Gazebo sent no picture for {LOADING_SEC:.0f} s')
                time.sleep(0.01)
            regular = regular + 1 if time.monotonic() - asked_sec < 0.5 else 0

    def close(self) -> None:
        """End all connections."""
        while self._closing:
            self._closing.pop().close()


def _still_link(model: str, number: int) -> bytes:
    """Return the message that takes a link out of Gazebo's physics: no gravity, kinematic."""
    return whole(1, number) + block(2, f'{model}::link') + whole(4, 0) + whole(5, 1)


def clock_of(message: Fields) -> tuple[float, float]:
    """Return simulated and real seconds since the beginning from `gazebo.msgs.WorldStatistics`."""
    sim, real_time = (fields(block_of(message, field)) for field in (2, 4))
    sim_sec, real_sec = (whole_of(t, 1) + 1e-9 * whole_of(t, 2) for t in (sim, real_time))
    return sim_sec, real_sec


def pose_message(pose: sdf.Pose6) -> bytes:
    """Return a `gazebo.msgs.Pose`."""
    w, x, y, z = quaternion(pose)
    place = b''.join(real(n + 1, v) for n, v in enumerate((pose.x, pose.y, pose.z)))
    turn = b''.join(real(n + 2, v) for n, v in enumerate((x, y, z, w)))
    return block(3, place) + block(4, turn)


def quaternion(pose: sdf.Pose6) -> Quaternion:
    """Return (w, x, y, z) of roll, pitch and yaw about the fixed axes, in this order."""
    cr, sr = math.cos(pose.roll_rad / 2), math.sin(pose.roll_rad / 2)
    cp, sp = math.cos(pose.pitch_rad / 2), math.sin(pose.pitch_rad / 2)
    cy, sy = math.cos(pose.yaw_rad / 2), math.sin(pose.yaw_rad / 2)
    return (
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
    )
