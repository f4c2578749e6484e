"""What is the case in the simulated home at one moment: frozen values.

Units and frames: seconds since the scenario's start, metres, radians; x and y lie on the floor,
headings turn counter-clockwise from x. `SimState` has all that a picture needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import math

from .people import Pose, Units

CAMERA_HEIGHT_M = 1.3
CAMERA_FORWARD_M = 0.12
CAMERA_HFOV_DEG = 65.0
WIDTH_PX = 640
HEIGHT_PX = 480


@dataclass(frozen=True)
class PersonState:
    """One person; `gaze` is `robot`, `away`, a person's id, a thing's id or `x,y`."""

    id: str
    body: str
    x: float
    y: float
    z: float
    heading_rad: float
    pose: Pose = field(default_factory=Pose)
    units: Units = ()
    mood: str = 'neutral'
    gaze: str = 'robot'
    speaking: bool = False
    present: bool = True


@dataclass(frozen=True)
class ThingState:
    """One movable thing; `on` is a piece of furniture, `floor`, `gripper` or a person's id."""

    id: str
    model: str
    label: str
    x: float
    y: float
    z: float
    heading_rad: float = 0.0
    tilt_rad: float = 0.0
    on: str = ''


@dataclass(frozen=True)
class RobotPose:
    """The robot's base, head and doings; `tilt_rad` is positive when the camera looks down."""

    x: float
    y: float
    heading_rad: float
    pan_rad: float = 0.0
    tilt_rad: float = 0.0
    place: str = ''
    holding: str = ''
    speaking: bool = False
    skill: str = ''
    called_help: bool = False

    @property
    def view_rad(self) -> float:
        """Direction on the floor in which the camera looks."""
        return self.heading_rad + self.pan_rad

    @property
    def camera(self) -> tuple[float, float, float]:
        """Position of the camera."""
        x = self.x + CAMERA_FORWARD_M * math.cos(self.heading_rad)
        y = self.y + CAMERA_FORWARD_M * math.sin(self.heading_rad)
        return x, y, CAMERA_HEIGHT_M


@dataclass(frozen=True)
class SimState:
    """Everything at `time_sec`."""

    time_sec: float
    robot: RobotPose
    people: tuple[PersonState, ...] = ()
    things: tuple[ThingState, ...] = ()

    def person(self, person_id: str) -> PersonState | None:
        """Return the person with this id, or None."""
        return next((p for p in self.people if p.id == person_id), None)

    def thing(self, thing_id: str) -> ThingState | None:
        """Return the thing with this id, or None."""
        return next((t for t in self.things if t.id == thing_id), None)


def wrap(angle_rad: float) -> float:
    """Bring an angle into -pi to pi."""
    return math.remainder(angle_rad, math.tau)


def toward(value: float, target: float, most: float) -> float:
    """Move a value toward a target by at most `most`."""
    return value + max(-most, min(most, target - value))


def turn_toward(angle_rad: float, target_rad: float, most_rad: float) -> float:
    """Turn the short way toward a target by at most `most_rad`."""
    return wrap(angle_rad + toward(0.0, wrap(target_rad - angle_rad), most_rad))


def smooth(share: float) -> float:
    """Ease a share from 0 to 1 in and out."""
    t = max(0.0, min(1.0, share))
    return t * t * (3.0 - 2.0 * t)
