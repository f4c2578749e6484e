"""Whether a person wants to interact with the robot: a probability, and the state of REP-155.

Flow: `cues_of` reads one person now, each cue between -1 and 1; a logistic form weighs them;
`Intention.fold` low-passes the result over time and steps the state. Rising and falling take about
half a second, so that one frame changes nothing and a change of mind shows within two seconds.

States have hysteresis: someone is ENGAGING from `ENGAGE` on and ENGAGED once that is high and has
lasted; DISENGAGING when it falls under the middle, and DISENGAGED when it stays there. Cues follow
the literature on engagement with robots: gaze and its duration, distance and approach (Michalowski
2006, Bohus and Horvitz 2009), company (Kendon 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from robochat.values import EngagementState, finite, Person, Speech

RISE_SEC = 0.4
FALL_SEC = 0.5
LONGEST_STEP_SEC = 5.0
PRIOR = 0.2
LOOK_SEC = 0.5
HELD_SEC = 2.0
IN_TALK_SEC = 15.0
SPOKE_SEC = 6.0

ENGAGE, STAY, ENGAGED, BACK, GONE = 0.5, 0.4, 0.65, 0.6, 0.3
ENGAGING_SEC = 0.4
DISENGAGING_SEC = 1.5

CUES = (
    'facing',  # the head points at the robot
    'held',  # for how long without a break, full after 2 s
    'near',  # 1 up to 1 m, 0 from 3.5 m on; a half when unknown
    'approach',  # speed toward the robot, full at 0.5 m/s; negative when going away
    'passing',  # speed across the view, full at 0.6 m/s
    'company',  # share of the last seconds spent turned to someone who turned back
    'in_talk',  # they and the robot spoke within the last quarter of a minute
    'spoke',  # they spoke a moment ago and face the robot
    'mouth',  # the mouth moves as in speech while the head points at the robot
    'eyes_closed',
    'on_phone',
)
# Log-odds at a full cue, by `robochat.manners.fitting`: on other made timelines the folded
# probabilities have an expected calibration error of 0.04.
WEIGHTS = (3.15, 1.89, 1.16, 1.40, -2.12, -2.60, 0.27, 0.57, 0.09, -3.86, -2.80)
BIAS = -4.12


@dataclass(frozen=True)
class Talk:
    """When each person last spoke, by id, and when the robot did; minus infinity for never."""

    spoke_sec: tuple[tuple[str, float], ...] = ()
    robot_sec: float = -math.inf

    @classmethod
    def of(cls, speech: Sequence[Speech]) -> Talk:
        """Sum up what was said; the newest words come last."""
        spoke = {s.speaker: s.stamp_sec for s in speech if not s.by_robot and s.speaker}
        robot = max((s.stamp_sec for s in speech if s.by_robot), default=-math.inf)
        return cls(tuple(spoke.items()), robot)

    def spoke_of(self, person_id: str) -> float:
        """When this person last spoke."""
        return next((at for who, at in self.spoke_sec if who == person_id), -math.inf)


def cues_of(person: Person, talk: Talk, now_sec: float) -> tuple[float, ...]:
    """Read the cues of one person now, in the order of CUES."""
    since_spoke_sec = now_sec - talk.spoke_of(person.id)
    since_robot_sec = now_sec - talk.robot_sec
    in_talk = max(since_spoke_sec, since_robot_sec) < IN_TALK_SEC
    distance_m = person.distance_m
    return (
        float(person.facing),
        _clip(person.facing_sec / HELD_SEC),
        _clip((3.5 - distance_m) / 2.5) if distance_m is not None else 0.5,
        _clip(person.approach_mps / 0.5, -1.0),
        _clip(person.lateral_mps / 0.6),
        _clip(person.with_others),
        float(in_talk),
        float(person.facing and since_spoke_sec < SPOKE_SEC),
        float(person.facing and person.mouth_active),
        float(person.eyes_closed),
        float(person.on_phone),
    )


def probability_of(cues: Sequence[float]) -> float:
    """Weigh the cues of one moment; 0 to 1."""
    total = BIAS + sum(w * c for w, c in zip(WEIGHTS, cues, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))


@dataclass
class Intention:
    """The running estimate of one person."""

    probability: float = PRIOR
    state: EngagementState = EngagementState.UNKNOWN
    first_sec: float | None = None
    folded_sec: float = -math.inf
    state_since_sec: float = -math.inf

    def fold(self, person: Person, talk: Talk, now_sec: float) -> None:
        """Take one look at the person in; the same moment twice changes nothing."""
        if self.first_sec is None:
            self.first_sec = self.folded_sec = self.state_since_sec = now_sec
        elapsed_sec = min(LONGEST_STEP_SEC, now_sec - self.folded_sec)
        if elapsed_sec <= 0:
            return
        self.folded_sec = now_sec
        target = probability_of(cues_of(person, talk, now_sec)) if person.visible else 0.0
        constant_sec = RISE_SEC if target > self.probability else FALL_SEC
        share = 1.0 - math.exp(-elapsed_sec / constant_sec)
        self.probability += share * (target - self.probability)
        self._step(now_sec)

    def _step(self, now_sec: float) -> None:
        """Move to the state that the probability calls for."""
        state = self._next(now_sec - self.state_since_sec)
        if state is not self.state:
            self.state, self.state_since_sec = state, now_sec

    def _next(self, lasted_sec: float) -> EngagementState:
        """The state after the present one, which has lasted for `lasted_sec`."""
        chance = self.probability
        steps: dict[EngagementState, tuple[tuple[bool, EngagementState], ...]] = {
            EngagementState.UNKNOWN: (
                (lasted_sec < LOOK_SEC, EngagementState.UNKNOWN),
                (chance >= ENGAGE, EngagementState.ENGAGING),
                (True, EngagementState.DISENGAGED),
            ),
            EngagementState.DISENGAGED: ((chance >= ENGAGE, EngagementState.ENGAGING),),
            EngagementState.ENGAGING: (
                (chance < STAY, EngagementState.DISENGAGED),
                (chance >= ENGAGED and lasted_sec >= ENGAGING_SEC, EngagementState.ENGAGED),
            ),
            EngagementState.ENGAGED: ((chance < STAY, EngagementState.DISENGAGING),),
            EngagementState.DISENGAGING: (
                (chance >= BACK, EngagementState.ENGAGED),
                (chance < GONE or lasted_sec >= DISENGAGING_SEC, EngagementState.DISENGAGED),
            ),
        }
        return next((state for holds, state in steps[self.state] if holds), self.state)


def _clip(value: float, low: float = 0.0) -> float:
    """Clip to the range from `low` to 1; what is no number counts as nothing."""
    return max(low, min(1.0, value)) if finite(value) else 0.0
