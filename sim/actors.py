"""People who walk, look, sit, speak and change their mood: one `Actor` each, moved by ticks.

Flow: `Simulation` calls `do` when the script says so and `tick` at a fixed rate; `state` tells how
the person looks now. Blinking and swaying come from the seed and the time alone.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
import random

from .people import Pose, STATURES, Units
from .script import Act, PersonSpec
from .state import PersonState, smooth, toward, turn_toward, wrap

BLEND_SEC = 0.5
HEAD_TURN_RADPS = 3.0
BODY_TURN_RADPS = 2.4
HEAD_YAW_MOST_RAD = 1.15
HEAD_PITCH_MOST_RAD = 0.5
SEAT_M = 0.46
HIP_OVER_SEAT_M = 0.09
SIT_PER_SEC = 1.2
STEP_M = 0.62
# The sculpted faces look down a little where their eye line is level.
FACE_UP_RAD = 0.04
SECONDS_PER_CHAR = 0.06
BLINK_EVERY_SEC = 4.0
BLINK_SEC = 0.16
Point3 = tuple[float, float, float]


@dataclass(frozen=True)
class Mood:
    """A change of expression that began at `since_sec`."""

    before: Units
    name: str
    since_sec: float


class Actor:
    """One person; positions in metres, angles in radians, time in the scenario's seconds."""

    def __init__(self, spec: PersonSpec, expressions: dict[str, Units], seed: int) -> None:
        self.spec = spec
        self.id = spec.id
        self.x, self.y = spec.at
        self.heading_rad = spec.heading_rad
        self.present = spec.present
        self.gaze = spec.gaze
        self.reaching = False
        self.speaking_until_sec = -1.0
        self._expressions = expressions
        self._mood = Mood((), spec.mood, -BLEND_SEC)
        self._goal: tuple[float, float] | None = None
        self._speed_mps = 0.0
        self._leaving = False
        self._sits = spec.seated
        self._seated = float(spec.seated)
        self._head = (0.0, 0.0)
        self._walked_m = 0.0
        self._stride = 0.0
        self._seed = f'{seed}:{spec.id}'

    # ------------------------------------------------------------------ what the script asks
    def do(self, act: Act, now_sec: float) -> None:
        """Begin what an act asks for; what it doesn't mention goes on."""
        if act.mood:
            self._mood = Mood(self._expression(now_sec), act.mood, now_sec)
        if act.gaze:
            self.gaze = act.gaze
        if act.sit is not None:
            self._sits = act.sit
        if act.walk_to is not None:
            self.present, self._goal, self._speed_mps = True, act.walk_to, act.speed_mps
            self._leaving = act.leave
        if act.say:
            self.speaking_until_sec = now_sec + SECONDS_PER_CHAR * len(act.say) + 0.4

    @property
    def mood(self) -> str:
        """Name of the expression that is worn or being put on."""
        return self._mood.name

    @property
    def eye(self) -> Point3:
        """Where the eyes are."""
        size = STATURES[self.spec.body]
        ahead = size.eye_forward_m
        x = self.x + ahead * math.cos(self.heading_rad)
        return x, self.y + ahead * math.sin(self.heading_rad), self._z + size.eye_height_m

    @property
    def hand(self) -> Point3:
        """Where the right hand is when it reaches out."""
        size = STATURES[self.spec.body]
        c, s = math.cos(self.heading_rad), math.sin(self.heading_rad)
        ahead, right = 0.29 * size.height_m, 0.15 * size.height_m
        x, y = self.x + c * ahead + s * right, self.y + s * ahead - c * right
        return x, y, self._z + 0.69 * size.height_m

    @property
    def _z(self) -> float:
        """How far the body is shifted up (or, seated, down)."""
        hip = STATURES[self.spec.body].hip_height_m
        return self._seated * (SEAT_M + HIP_OVER_SEAT_M - hip)

    # ------------------------------------------------------------------ motion
    def tick(self, step_sec: float, target: Point3 | None) -> None:
        """Move on by one step; `target` is where the gaze goes, None looks straight ahead."""
        if not self.present:
            return
        self._seated = toward(self._seated, float(self._sits), SIT_PER_SEC * step_sec)
        moving = self._walk(step_sec)
        self._stride = toward(self._stride, float(moving), 4.0 * step_sec)
        yaw, pitch = self._gaze_angles(target)
        if not moving and not self._sits and abs(yaw) > 0.02:
            self.heading_rad = turn_toward(
                self.heading_rad, self.heading_rad + yaw, BODY_TURN_RADPS * step_sec
            )
        if moving and abs(yaw) > HEAD_YAW_MOST_RAD:
            yaw, pitch = 0.0, 0.0
        most = HEAD_TURN_RADPS * step_sec
        yaw = max(-HEAD_YAW_MOST_RAD, min(HEAD_YAW_MOST_RAD, yaw))
        pitch = max(-HEAD_PITCH_MOST_RAD, min(HEAD_PITCH_MOST_RAD, pitch))
        self._head = (toward(self._head[0], yaw, most), toward(self._head[1], pitch, most))

    def _walk(self, step_sec: float) -> bool:
        """Take a step toward the goal; tell whether still on the way."""
        if self._goal is None:
            return False
        if self._seated > 0.05:
            self._sits = False
            return False
        dx, dy = self._goal[0] - self.x, self._goal[1] - self.y
        left = math.hypot(dx, dy)
        if left < 0.02:
            self._goal = None
            self.present = not self._leaving
            return False
        course = math.atan2(dy, dx)
        self.heading_rad = turn_toward(self.heading_rad, course, BODY_TURN_RADPS * step_sec)
        if abs(wrap(course - self.heading_rad)) > 0.7:
            return True
        step = min(left, self._speed_mps * step_sec)
        self.x, self.y = self.x + dx / left * step, self.y + dy / left * step
        self._walked_m += step
        return True

    def _gaze_angles(self, target: Point3 | None) -> tuple[float, float]:
        """Return yaw (to the left) and pitch (down) from the body's front to the target."""
        if target is None:
            return 0.0, 0.0
        x, y, z = self.eye
        dx, dy = target[0] - x, target[1] - y
        yaw = wrap(math.atan2(target[1] - self.y, target[0] - self.x) - self.heading_rad)
        return yaw, math.atan2(z - target[2], math.hypot(dx, dy)) - FACE_UP_RAD

    # ------------------------------------------------------------------ looks
    def state(self, now_sec: float) -> PersonState:
        """Return how the person looks now."""
        phase = math.tau * random.Random(self._seed).random()
        sway = 0.025 * math.sin(0.9 * now_sec + phase)
        nod = 0.015 * math.sin(1.3 * now_sec + 2 * phase)
        bob = 0.02 * self._stride * abs(math.sin(math.pi * self._walked_m / STEP_M))
        pose = Pose(
            head_yaw_rad=round(self._head[0] + sway, 4),
            head_pitch_rad=round(self._head[1] + nod, 4),
            seated=round(smooth(self._seated), 4),
            stride_rad=round(math.pi * self._walked_m / STEP_M, 4),
            stride=round(self._stride, 4),
            reach=float(self.reaching),
        )
        return PersonState(
            id=self.id,
            body=self.spec.body,
            x=self.x,
            y=self.y,
            z=self._z + bob,
            heading_rad=self.heading_rad,
            pose=pose,
            units=self._face(now_sec),
            mood=self.mood,
            gaze=self.gaze,
            speaking=now_sec < self.speaking_until_sec,
            present=self.present,
        )

    def _expression(self, now_sec: float) -> Units:
        """Blend the last expression into the present one."""
        share = smooth((now_sec - self._mood.since_sec) / BLEND_SEC)
        mixed = {name: weight * (1 - share) for name, weight in self._mood.before}
        for name, weight in self._expressions[self._mood.name]:
            mixed[name] = mixed.get(name, 0.0) + weight * share
        return tuple((name, round(weight, 4)) for name, weight in mixed.items() if weight > 1e-3)

    def _face(self, now_sec: float) -> Units:
        """Add the blink and the speaking mouth to the expression."""
        return (*self._expression(now_sec), *self._blink(now_sec), *self._mouth(now_sec))

    def _blink(self, now_sec: float) -> Units:
        """Close the eyes once in each span of time, at a moment that the seed decides."""
        span = math.floor(now_sec / BLINK_EVERY_SEC)
        start = random.Random(f'{self._seed}:{span}').uniform(0, BLINK_EVERY_SEC - BLINK_SEC)
        through = (now_sec - span * BLINK_EVERY_SEC - start) / BLINK_SEC
        return (('eyeBlink', round(math.sin(math.pi * through), 4)),) if 0 < through < 1 else ()

    def _mouth(self, now_sec: float) -> Units:
        """Open and round the mouth in the rhythm of syllables."""
        if now_sec >= self.speaking_until_sec:
            return ()
        opened = 0.12 + 0.22 * abs(math.sin(11.0 * now_sec)) * (
            0.7 + 0.3 * math.sin(3.1 * now_sec)
        )
        rounded = 0.25 * max(0.0, math.sin(6.7 * now_sec))
        return ('jawOpen', round(opened, 4)), ('mouthFunnel', round(rounded, 4))
