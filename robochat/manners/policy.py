"""Policies that decide when to speak: ours and four baselines, behind one interface.

Ours weighs with the shipped weights, `robochat_rule` by the rule that stands in without them.

The baselines are what robots do today, at their best: each also answers whoever talks to it, as
far as its own idea of attention goes. None names a reason, so that the score asks them for none.

- `duty_cycle`: asks itself every N-th tick and then says something (agents that poll a model).
- `greet_on_face`: zones with hysteresis, as on Pepper and Furhat: greets who enters, answers who
  is inside.
- `gaze_distance`: the visual social engagement of Webb and Lemaignan ("Measuring Visual Social
  Engagement from Proxemics and Gaze", RO-MAN 2022), voted on over ten seconds with the levels of
  ROS4HRI's `hri_engagement`: opens when someone becomes engaged.
- `silent`: never says a word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
import math
from typing import Protocol

from robochat.company import BUSY_SHARE
from robochat.decision_model import DecisionModel, DecisionModelError, load_decision_model
from robochat.engagement import Engagement
from robochat.restraint import talks
from robochat.settings import EngagementSettings
from robochat.values import Decision, Person, Speech, Trigger, WorldView

OURS, RULE = 'robochat', 'robochat_rule'
DUTY_TICKS = 100
ENTER_M, LEAVE_M = 2.0, 2.6
LOST_SEC = 2.0
LISTEN_SEC = 8.0
FRESH_SEC = 0.35
WINDOW_TICKS = 100
REACH_M = 4.0
FIELD_RAD = math.radians(60.0)
SOCIAL = 0.5


class Policy(Protocol):
    """What the player asks of a policy; all times are those of the views, in seconds."""

    def decide(self, view: WorldView) -> Decision:
        """Judge one snapshot; called once a tick."""

    def spoke(self, decision: Decision, now_sec: float) -> None:
        """Take note of an opening that is on its way."""

    def took_back(self, decision: Decision, talk_sec: float | None = None) -> None:
        """Take note that it was cancelled, where talk cut it off also when."""

    def heard(self, speech: Speech) -> object:
        """Take note of words, which may ask for silence."""

    def shift(self, by_sec: float) -> None:
        """Take note that the clock was set back, by so many seconds below zero."""

    def listens(self, view: WorldView) -> bool:
        """Tell whether it takes someone to be talking to the robot now, and attends."""


class Robochat:
    """Our policy, with the shipped weights of its decision as the node has them."""

    def __init__(self, settings: EngagementSettings, model: DecisionModel | None = None) -> None:
        self._engagement = Engagement(settings, model)
        self.decide = self._engagement.decide
        self.spoke = self._engagement.spoke
        self.took_back = self._engagement.took_back
        self.heard = self._engagement.heard
        self.shift = self._engagement.shift

    def listens(self, view: WorldView) -> bool:
        """Someone who faces the robot, and not another person, moves the mouth as in speech."""
        return not view.robot.speaking and any(
            p.facing and talks(p) and p.with_others < BUSY_SHARE for p in view.people
        )


class _Baseline:
    """A policy that keeps no promises."""

    def __init__(self, settings: EngagementSettings) -> None:
        self.settings = settings

    def decide(self, view: WorldView) -> Decision:
        """Say nothing."""
        return Decision(False, 'never speaks', view.now_sec)

    def spoke(self, decision: Decision, now_sec: float) -> None:
        """Note nothing."""

    def took_back(self, decision: Decision, talk_sec: float | None = None) -> None:
        """Note nothing."""

    def heard(self, speech: Speech) -> object:
        """Note nothing."""

    def shift(self, by_sec: float) -> None:
        """Start again."""
        self.__init__(self.settings)  # type: ignore[misc]

    def listens(self, view: WorldView) -> bool:
        """Never listen."""
        return False


class Silent(_Baseline):
    """Never says a word."""


class DutyCycle(_Baseline):
    """Speaks every N-th tick to the nearest person in view."""

    def __init__(self, settings: EngagementSettings) -> None:
        super().__init__(settings)
        self._ticks = 0

    def decide(self, view: WorldView) -> Decision:
        """Count the ticks."""
        self._ticks += 1
        person = _nearest(view)
        if person is None or self._ticks % DUTY_TICKS:
            return Decision(False, 'not its turn', view.now_sec)
        return _open(person.id, 'its turn', view)


class GreetOnFace(_Baseline):
    """Greets who enters the inner zone, answers who is inside, until they leave the outer zone."""

    def __init__(self, settings: EngagementSettings) -> None:
        super().__init__(settings)
        self._users: dict[str, float] = {}
        self._spoke_sec = -math.inf

    def decide(self, view: WorldView) -> Decision:
        """Keep the users of the zones and greet new ones."""
        new = self._fold(view)
        if view.robot.speaking:
            return Decision(False, 'is speaking', view.now_sec)
        speaker = _just_heard(view)
        if speaker is not None and self._users:
            return _open(speaker or next(iter(self._users)), 'heard words', view)
        if new:
            return _open(new, 'entered the zone', view)
        return Decision(False, 'nobody new in the zone', view.now_sec)

    def _fold(self, view: WorldView) -> str:
        """Note who is inside and return the first who just came in."""
        new = ''
        for person in view.people:
            away_m = person.distance_m if person.distance_m is not None else 1.0
            inside = person.visible and away_m <= (
                LEAVE_M if person.id in self._users else ENTER_M
            )
            if inside and person.id not in self._users:
                new = new or person.id
            if inside and (person.id in self._users or person.id == new):
                self._users[person.id] = view.now_sec
        self._users = {
            who: sec for who, sec in self._users.items() if view.now_sec - sec <= LOST_SEC
        }
        return new

    def spoke(self, decision: Decision, now_sec: float) -> None:
        """Listen after one's own words."""
        self._spoke_sec = now_sec

    def listens(self, view: WorldView) -> bool:
        """Listen for some seconds after speaking to someone who is still inside."""
        recent = view.now_sec - self._spoke_sec < LISTEN_SEC
        return recent and bool(self._users) and not view.robot.speaking


class GazeDistance(_Baseline):
    """Opens when someone becomes engaged, by gaze and distance voted on over ten seconds."""

    def __init__(self, settings: EngagementSettings) -> None:
        super().__init__(settings)
        self._votes: dict[str, deque[int]] = {}
        self._levels: dict[str, str] = {}

    def decide(self, view: WorldView) -> Decision:
        """Vote for everybody in view, then open or answer."""
        fresh = [p.id for p in view.people if p.visible and self._fold(p)]
        gone = self._votes.keys() - {p.id for p in view.people}
        for who in gone:
            self._votes.pop(who)
            self._levels.pop(who, None)
        if view.robot.speaking:
            return Decision(False, 'is speaking', view.now_sec)
        speaker = _just_heard(view)
        if speaker is not None and self._engaged():
            return _open(speaker or self._engaged()[0], 'heard words', view)
        if fresh:
            return _open(fresh[0], 'became engaged', view)
        return Decision(False, 'nobody became engaged', view.now_sec)

    def _engaged(self) -> list[str]:
        return [who for who, level in self._levels.items() if level == 'engaged']

    def _fold(self, person: Person) -> bool:
        """Add a vote and tell whether this person just became engaged."""
        votes = self._votes.setdefault(person.id, deque(maxlen=WINDOW_TICKS))
        votes.append(1 if social_engagement(person) > SOCIAL else -1)
        if len(votes) < WINDOW_TICKS // 2:
            return False
        mean, before = sum(votes) / len(votes), self._levels.get(person.id, 'unknown')
        self._levels[person.id] = after = _next_level(before, mean)
        return after == 'engaged' != before

    def listens(self, view: WorldView) -> bool:
        """Listen as long as someone is engaged."""
        return bool(self._engaged()) and not view.robot.speaking


def social_engagement(person: Person) -> float:
    """Mutual gaze times a factor of distance, 0 to 1 (Webb and Lemaignan, section 3)."""
    if person.pose is None or person.distance_m is None or person.distance_m >= REACH_M:
        return 0.0
    gaze = _gaze(math.hypot(person.pose.yaw_rad, person.pose.pitch_rad))
    back = _gaze(abs(person.bearing_rad))
    return gaze * back * math.log(REACH_M + 1.0 - person.distance_m) / math.log(REACH_M + 1.0)


def _gaze(off_axis_rad: float) -> float:
    """How near a gaze comes to its target: 1 on the axis, 0 at the edge of the field of view."""
    if off_axis_rad >= FIELD_RAD:
        return 0.0
    return max(0.0, 1.0 - math.tan(off_axis_rad) / math.tan(FIELD_RAD))


def _next_level(level: str, mean: float) -> str:
    """Step the levels of engagement; `mean` of the votes is -1 to 1."""
    steps = {
        'unknown': (('disengaged', True),),
        'disengaged': (('engaging', mean > -0.4),),
        'engaging': (('disengaged', mean < -0.6), ('engaged', mean > 0.5)),
        'engaged': (('disengaging', mean < 0.4),),
        'disengaging': (('engaged', mean > 0.6), ('disengaged', mean < -0.5)),
    }
    return next((name for name, holds in steps[level] if holds), level)


def ours(settings: EngagementSettings) -> Policy:
    """Make our policy with the shipped weights, or by rule where there are none."""
    return Robochat(settings, _shipped())


@cache
def _shipped() -> DecisionModel | None:
    try:
        return load_decision_model()
    except DecisionModelError:
        return None


POLICIES: Mapping[str, Callable[[EngagementSettings], Policy]] = {
    OURS: ours,
    'duty_cycle': DutyCycle,
    'greet_on_face': GreetOnFace,
    'gaze_distance': GazeDistance,
    'silent': Silent,
    RULE: Robochat,
}
SIDE_BY_SIDE = tuple(name for name in POLICIES if name != RULE)


# --------------------------------------------------------------------------- what they share
def _open(who: str, reason: str, view: WorldView) -> Decision:
    return Decision(True, reason, view.now_sec, Trigger.NONE, who)


def _nearest(view: WorldView) -> Person | None:
    visible = (p for p in view.people if p.visible)
    return min(visible, key=lambda p: p.distance_m or math.inf, default=None)


def _just_heard(view: WorldView) -> str | None:
    """Return who was just heard (empty when unknown), or None."""
    words = next((s for s in reversed(view.speech) if not s.by_robot), None)
    fresh = words is not None and 0 <= view.now_sec - words.stamp_sec < FRESH_SEC
    return words.speaker if words is not None and fresh else None
