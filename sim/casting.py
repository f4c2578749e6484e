"""How the people of random pictures hold themselves: standing, seated, their look and their mood.

Units and frames: as in `state`; a `Seat` looks along its heading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
import math

from .actors import FACE_UP_RAD, HIP_OVER_SEAT_M
from .colors import Rng
from .people import Pose, STATURES, Units
from .state import PersonState, RobotPose, wrap
from .view import eye_of

FACING_SHARE = 0.6


@dataclass(frozen=True)
class Seat:
    """Where somebody can sit."""

    furniture: str
    x: float
    y: float
    heading_rad: float
    height_m: float


class Cast:
    """Poses people; all that is random comes from `rng`.

    `expressions` are the face units of each mood.
    """

    def __init__(self, rng: Rng, expressions: Mapping[str, Units]) -> None:
        self._rng = rng
        self._expressions = expressions
        self._moods = tuple(expressions)

    def stand(self, body: str, x: float, y: float, robot: RobotPose) -> PersonState:
        """Return a standing person who often looks at the robot."""
        course = math.atan2(robot.camera[1] - y, robot.camera[0] - x)
        facing = self._chance(FACING_SHARE)
        heading = course + (
            self._rng.normal(0.0, 0.35) if facing else self._rng.uniform(-math.pi, math.pi)
        )
        return self._faced(PersonState(body, body, x, y, 0.0, wrap(heading)), robot, facing)

    def seat(self, body: str, seat: Seat, robot: RobotPose) -> PersonState:
        """Return a person who sits."""
        z = seat.height_m + HIP_OVER_SEAT_M - STATURES[body].hip_height_m
        pose = Pose(seated=1.0)
        person = PersonState(body, body, seat.x, seat.y, z, seat.heading_rad, pose)
        return self._faced(person, robot, self._chance(FACING_SHARE))

    def _faced(self, person: PersonState, robot: RobotPose, facing: bool) -> PersonState:
        """Give a person a look and a mood."""
        gaze = 'robot' if facing else 'away'
        person = self._mooded(replace(person, gaze=gaze), str(self._rng.choice(self._moods)))
        if facing:
            return self.looking(person, robot.camera)
        yaw, pitch = self._rng.normal(0.0, 0.4), self._rng.normal(0.05, 0.15)
        return _headed(person, float(yaw), float(pitch))

    def _mooded(self, person: PersonState, mood: str) -> PersonState:
        """Give a person an expression, and sometimes a speaking mouth."""
        strength = self._rng.uniform(0.75, 1.1)
        units: Units = tuple((n, float(w * strength)) for n, w in self._expressions[mood])
        speaking = self._chance(0.2)
        if speaking:
            opened, rounded = self._rng.uniform(0.15, 0.34), self._rng.uniform(0.0, 0.25)
            units += (('jawOpen', float(opened)), ('mouthFunnel', float(rounded)))
        if self._chance(0.04):
            units += (('eyeBlink', 0.9),)
        return replace(person, units=units, mood=mood, speaking=speaking)

    def turned_mood(self, person: PersonState) -> PersonState:
        """Return the person in another mood."""
        others = [m for m in self._moods if m != person.mood]
        return self._mooded(person, str(self._rng.choice(others)))

    def looking(self, person: PersonState, point: tuple[float, float, float]) -> PersonState:
        """Turn a person's head to a point, as far as heads turn; the body follows if it stands."""
        yaw = wrap(math.atan2(point[1] - person.y, point[0] - person.x) - person.heading_rad)
        if abs(yaw) > 1.0 and person.pose.seated == 0:
            person = replace(person, heading_rad=wrap(person.heading_rad + yaw))
            yaw = 0.0
        eye = eye_of(person)
        away = math.hypot(point[0] - eye[0], point[1] - eye[1])
        pitch = math.atan2(eye[2] - point[2], away) - FACE_UP_RAD
        jitter = self._rng.normal(0.0, 0.05, 2)
        return _headed(person, float(yaw + jitter[0]), float(pitch + jitter[1]))

    def _chance(self, share: float) -> bool:
        """Return True with this probability."""
        return bool(self._rng.random() < share)


def _headed(person: PersonState, yaw: float, pitch: float) -> PersonState:
    """Turn a head within its limits."""
    pose = replace(
        person.pose,
        head_yaw_rad=max(-1.1, min(1.1, yaw)),
        head_pitch_rad=max(-0.45, min(0.45, pitch)),
    )
    return replace(person, pose=pose)
