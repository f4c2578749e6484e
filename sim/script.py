"""What a scenario is made of: people, acts, replies, expectations; frozen values.

Times are in the scenario's seconds, lengths in metres, angles in radians.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
import re
from typing import Any

from .reading import Point
from .room import Scene

STROLL_MPS = 0.9


@dataclass(frozen=True)
class PersonSpec:
    """A person at the start."""

    id: str
    body: str
    at: Point
    heading_rad: float
    mood: str
    gaze: str
    seated: bool
    present: bool


@dataclass(frozen=True)
class Act:
    """Something that happens at `at_sec`: what `person` does, or what happens to `thing`."""

    at_sec: float
    person: str = ''
    thing: str = ''
    walk_to: Point | None = None
    speed_mps: float = STROLL_MPS
    leave: bool = False
    gaze: str = ''
    mood: str = ''
    say: str = ''
    sit: bool | None = None
    fall_to: Point | None = None
    upright: bool = False


@dataclass(frozen=True)
class Reply:
    """How a person answers: `act` follows `after_sec` after the robot's words have ended."""

    person: str
    to: str
    after_sec: float
    once: bool
    act: Act

    def fits(self, text: str) -> bool:
        """Say whether the robot's words call for this answer."""
        return self.to == 'any' or re.search(self.to, text, re.IGNORECASE) is not None


@dataclass(frozen=True)
class Expectation:
    """What must be true of the events; see `expectations.judge` for each kind."""

    kind: str
    start_sec: float = 0.0
    end_sec: float = math.inf
    triggers: tuple[str, ...] = ()
    to: str = ''
    matching: str = ''
    not_matching: str = ''
    any_skill: tuple[str, ...] = ()
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True)
class Scenario:
    """A story: the scene, the robot, the people, the script and what should come of it."""

    name: str
    about: str
    duration_sec: float
    scene: Scene
    robot_at: Point
    robot_heading_rad: float
    robot_tilt_rad: float
    robot_place: str
    settings: tuple[tuple[str, Any], ...]
    people: tuple[PersonSpec, ...]
    script: tuple[Act, ...]
    replies: tuple[Reply, ...]
    expect: tuple[Expectation, ...]

    @property
    def expects_silence(self) -> bool:
        """Whether the robot must hold its tongue for some time."""
        return any(e.kind == 'silent' or e.at_most == 0 for e in self.expect)
