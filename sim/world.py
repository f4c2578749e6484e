"""The simulated home as it changes: robot, people, things, and what names mean in it.

A skill's arguments carry names that robochat made up from what it saw (`person_1`, `cup_2`,
`dining table_1`); `find_*` says which person, thing or piece of furniture is meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import math
import re

from .actors import Actor
from .paths import clearance, FloorMap
from .room import Furniture, Place, Scene, Thing
from .state import CAMERA_HEIGHT_M, RobotPose, ThingState, wrap

FALL_MPS2 = 9.81
SLIDE_MPS = 0.9
Point3 = tuple[float, float, float]


@dataclass
class RobotBody:
    """The robot's base and head; the head rests at `rest_tilt_rad` when nothing is looked at."""

    x: float
    y: float
    heading_rad: float
    rest_tilt_rad: float
    place: str
    pan_rad: float = 0.0
    tilt_rad: float = 0.0
    holding: str = ''
    skill: str = ''
    called_help: bool = False
    speaking_until_sec: float = -1.0
    look_until_sec: float = -1.0

    def pose(self, now_sec: float) -> RobotPose:
        """Return the frozen view of it."""
        return RobotPose(
            x=self.x,
            y=self.y,
            heading_rad=self.heading_rad,
            pan_rad=self.pan_rad,
            tilt_rad=self.tilt_rad,
            place=self.place,
            holding=self.holding,
            speaking=now_sec < self.speaking_until_sec,
            skill=self.skill,
            called_help=self.called_help,
        )

    def distance(self, x: float, y: float) -> float:
        """Return how far a spot on the floor is."""
        return math.hypot(x - self.x, y - self.y)

    def bearing(self, x: float, y: float) -> float:
        """Return the angle to the left from where the camera looks to a spot."""
        return wrap(math.atan2(y - self.y, x - self.x) - self.heading_rad - self.pan_rad)


@dataclass
class Carried:
    """A thing that may stand, be held, or fall from `fall_from` to `fall_to` (both x, y, z)."""

    thing: Thing
    x: float
    y: float
    z: float
    on: str
    tilt_rad: float = 0.0
    fall_from: Point3 | None = None
    fall_to: Point3 = (0.0, 0.0, 0.0)
    lands_on: str = 'floor'
    upright: bool = False
    fall_sec: float = 0.0

    def state(self) -> ThingState:
        """Return the frozen view of it."""
        model = self.thing.model
        return ThingState(
            id=self.thing.id,
            model=model.name,
            label=model.label,
            x=self.x,
            y=self.y,
            z=self.z,
            heading_rad=self.thing.heading_rad,
            tilt_rad=self.tilt_rad,
            on=self.on,
        )

    def start_falling(self, goal: Point3, lands_on: str, upright: bool) -> None:
        """Begin to slide and fall toward a spot on the floor or on a piece of furniture."""
        lying_m = 0.0 if upright else self.thing.model.size_m[0] / 2
        self.fall_from, self.fall_sec, self.on = (self.x, self.y, self.z), 0.0, ''
        self.fall_to, self.lands_on = (goal[0], goal[1], goal[2] + lying_m), lands_on
        self.upright = upright

    def tick(self, step_sec: float) -> None:
        """Slide to the edge, fall freely (tipping over if it lands lying), then be still."""
        if self.fall_from is None:
            return
        self.fall_sec += step_sec
        x, y, z = self.fall_from
        goal_x, goal_y, goal_z = self.fall_to
        way = math.dist((x, y), (goal_x, goal_y))
        share = min(1.0, SLIDE_MPS * self.fall_sec / way) if way else 1.0
        self.x, self.y = x + (goal_x - x) * share, y + (goal_y - y) * share
        flight_sec = max(0.0, self.fall_sec - 0.5 * way / SLIDE_MPS)
        self.z = max(goal_z, z - 0.5 * FALL_MPS2 * flight_sec**2)
        lying_rad = 0.0 if self.upright else math.pi / 2
        self.tilt_rad = min(lying_rad, 4.5 * flight_sec)
        if self.z == goal_z and share == 1.0 and self.tilt_rad == lying_rad:
            self.fall_from, self.on = None, self.lands_on


class World:
    """Everything that changes, and who is meant by a name."""

    def __init__(self, scene: Scene, robot: RobotBody, actors: Iterable[Actor]) -> None:
        self.scene = scene
        self.floor = FloorMap(scene)
        self.robot = robot
        self.actors = {actor.id: actor for actor in actors}
        self.things = {t.id: Carried(t, t.x, t.y, t.z, t.on) for t in scene.things}
        self.now_sec = 0.0
        self.said: list[str] = []

    # ------------------------------------------------------------------ names
    def find_person(self, name: str) -> Actor | None:
        """Return the person with this id; for `person_2` and such the nearest, if any in view."""
        if name in self.actors:
            return self.actors[name]
        here = [a for a in self.actors.values() if a.present]
        if not re.fullmatch(r'(person|face)(_\d+)?', name) or not here:
            return None
        robot = self.robot
        seen = [a for a in here if abs(robot.bearing(a.x, a.y)) < 0.6]
        return min(seen or here, key=lambda a: robot.distance(a.x, a.y))

    def find_thing(self, name: str) -> Carried | None:
        """Return the thing with this id, else the held or nearest one with its label."""
        if name in self.things:
            return self.things[name]
        alike = [t for t in self.things.values() if t.thing.model.label == _label(name)]
        held = [t for t in alike if t.on == 'gripper']
        return min(held or alike, key=lambda t: self.robot.distance(t.x, t.y), default=None)

    def find_place(self, name: str) -> Place | None:
        """Return the place with this name, written with spaces or underscores."""
        return self.scene.place(name.replace(' ', '_'))

    def find_furniture(self, name: str) -> Furniture | None:
        """Return a piece by its id, by the place it serves, or the nearest that looks like it."""
        place = self.find_place(name)
        piece = self.scene.piece(place.surface if place else name)
        if piece is not None:
            return piece
        alike = [f for f in self.scene.furniture if f.model.label == _label(name)]
        return min(alike, key=lambda f: self.robot.distance(f.x, f.y), default=None)

    # ------------------------------------------------------------------ gazes
    def gaze_target(self, actor: Actor) -> Point3 | None:
        """Return the point that a person looks at; None looks straight ahead."""
        gaze = actor.gaze
        if gaze == 'robot':
            x, y, _ = self.robot.pose(self.now_sec).camera
            return x, y, CAMERA_HEIGHT_M
        if gaze == 'away':
            return self._aside(actor)
        if gaze in self.actors:
            return self.actors[gaze].eye
        if gaze in self.things:
            thing = self.things[gaze]
            return thing.x, thing.y, thing.z
        if ',' in gaze:
            x, y = (float(part) for part in gaze.split(','))
            return x, y, 1.2
        return None

    def _aside(self, actor: Actor) -> Point3:
        """Return a point to the side and behind, as seen from the robot."""
        course = math.atan2(actor.y - self.robot.y, actor.x - self.robot.x) - 1.2
        return actor.x + 2.0 * math.cos(course), actor.y + 2.0 * math.sin(course), 1.1

    # ------------------------------------------------------------------ where things are
    def drop(self, thing_id: str, goal: tuple[float, float], upright: bool) -> None:
        """Let a thing fall to a spot, on to whatever is below, unless someone holds it."""
        thing = self.things[thing_id]
        if thing.on == 'gripper' or thing.on in self.actors:
            return
        below = [
            f for f in self.scene.furniture if f.surface_m < thing.z and clearance(f, goal) == 0
        ]
        piece = max(below, key=lambda f: f.surface_m, default=None)
        height = piece.surface_m if piece else 0.0
        thing.start_falling((*goal, height), piece.id if piece else 'floor', upright)

    def reachable_from(self, piece: Furniture) -> float:
        """Return how far the robot stands from a piece of furniture."""
        return clearance(piece, (self.robot.x, self.robot.y))

    def carry(self) -> None:
        """Let held things follow the hand that holds them."""
        for thing in self.things.values():
            if thing.on == 'gripper':
                pose = self.robot.pose(self.now_sec)
                thing.x, thing.y = (
                    pose.x + 0.5 * math.cos(pose.view_rad),
                    pose.y + 0.5 * math.sin(pose.view_rad),
                )
                thing.z, thing.tilt_rad = 1.0, 0.0
            elif thing.on in self.actors:
                x, y, z = self.actors[thing.on].hand
                thing.x, thing.y, thing.z, thing.tilt_rad = (
                    x,
                    y,
                    z - thing.thing.model.size_m[2] / 3,
                    0.0,
                )


def _label(name: str) -> str:
    """Cut the number off a name: `dining table_1` is a `dining table`."""
    return re.sub(r'_\d+$', '', name).replace('_', ' ')
