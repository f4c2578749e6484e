"""What passes between the stages: frozen values, with tuples inside.

Units and frames: seconds on one monotonic clock that the caller chooses, metres, radians, pixels.
Image x grows to the right and y downward; `bearing_rad` is positive to the robot's left (REP-103).
`None` always means *unknown*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]

EMOTIONS = ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')


# --------------------------------------------------------------------------- what is seen
@dataclass(frozen=True)
class Frame:
    """One camera picture: `image` is (height, width, 3) uint8 RGB, taken at `stamp_sec`."""

    image: RgbImage
    stamp_sec: float
    number: int = 0

    @property
    def width_px(self) -> int:
        """Width of the picture."""
        return int(self.image.shape[1])

    @property
    def height_px(self) -> int:
        """Height of the picture."""
        return int(self.image.shape[0])


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in pixels; may reach beyond the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        """Middle of the box (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    def iou(self, other: Box) -> float:
        """Intersection over union with `other`, 0 to 1."""
        wide = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        high = min(self.bottom, other.bottom) - max(self.y, other.y)
        shared = max(0.0, wide) * max(0.0, high)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


@dataclass(frozen=True)
class HeadPose:
    """Where a face points, seen from the camera: all zero looks straight into it.

    Yaw is positive when the face turns to the image's right, pitch when it looks up, roll when it
    tilts clockwise in the image.
    """

    yaw_rad: float
    pitch_rad: float
    roll_rad: float


@dataclass(frozen=True)
class Emotion:
    """What an expression looks like, never what a person feels.

    `scores` follow EMOTIONS and sum to 1. `certain` is false where the estimate abstains: then
    `label` is only the best guess, and nothing may be said or decided because of it.
    """

    label: str
    score: float
    scores: tuple[float, ...]
    valence: float
    arousal: float
    certain: bool


@dataclass(frozen=True)
class FaceObservation:
    """One tracked face in one frame; `person` is an id, stable through short occlusions."""

    person: str
    box: Box
    score: float
    bearing_rad: float
    distance_m: float | None = None
    pose: HeadPose | None = None
    facing: bool = False
    mouth_open: float | None = None
    mouth_active: bool = False
    emotion: Emotion | None = None
    eyes_closed: bool = False


@dataclass(frozen=True)
class ObjectObservation:
    """One tracked object; `id` looks like `cup_1`, `label` is a COCO class name."""

    id: str
    label: str
    score: float
    box: Box


@dataclass(frozen=True)
class Place:
    """A guess at the kind of room, such as `kitchen`; an empty label means no idea."""

    label: str = ''
    score: float = 0.0


@dataclass(frozen=True)
class Observation:
    """What the frequent, cheap part of perception found in one frame: the faces."""

    stamp_sec: float
    width_px: int
    height_px: int
    faces: tuple[FaceObservation, ...] = ()


@dataclass(frozen=True)
class SceneObservation:
    """What the rare, dear part of perception found in one frame: objects and place."""

    stamp_sec: float
    width_px: int
    height_px: int
    objects: tuple[ObjectObservation, ...] = ()
    place: Place = field(default_factory=Place)
    caption: str = ''


# --------------------------------------------------------------------------- what is believed
class EventKind(str, Enum):
    """Things that happen in the world; each may be a reason to speak, or not to."""

    ARRIVED = 'arrived'
    LEFT = 'left'
    APPROACHED = 'approached'
    LOOKED_AT_ROBOT = 'looked_at_robot'
    MOOD_TURNED = 'mood_turned'
    OBJECT_APPEARED = 'object_appeared'
    OBJECT_VANISHED = 'object_vanished'
    OBJECT_FELL = 'object_fell'
    HAZARD = 'hazard'
    SILENCE = 'silence'
    SPOKE = 'spoke'
    PLAN_ENDED = 'plan_ended'


@dataclass(frozen=True)
class Event:
    """Something that happened at `stamp_sec` to `subject` (a person's or object's id)."""

    kind: EventKind
    subject: str
    stamp_sec: float
    detail: str = ''
    score: float = 1.0


class EngagementState(str, Enum):
    """Whether someone interacts with the robot, in the terms of REP-155."""

    UNKNOWN = 'unknown'
    DISENGAGED = 'disengaged'
    ENGAGING = 'engaging'
    ENGAGED = 'engaged'
    DISENGAGING = 'disengaging'


@dataclass(frozen=True)
class Person:
    """A person as believed now.

    `mood` is the smoothed, certain expression that has lasted since `mood_since_sec`; it is empty
    while nothing certain has lasted. `approach_mps` is positive when coming nearer, `lateral_mps`
    is the speed across the view, never negative. `facing_sec` is how long the head has pointed at
    the robot without a break, `with_others` the share of the last seconds in which the head was
    turned toward another person who turned toward them.
    `engagement` is the probability that they want to interact, as `robochat.intention` estimates
    it. `eyes_closed` and `on_phone` hold once they have lasted, `on_screen` for a face that was
    never seen anywhere but within a screen. `phone_seen_sec` is when a phone was last seen at the
    head, however short. `came_sec` is when they last appeared or came nearer, `attention` the
    share of the last minute, the newest part counting most, in which they looked at the robot.
    `mood_seen_sec` is when the mood was last seen (infinity: now), and `mood_wavers` tells that it
    turned from its opposite within seconds.
    """

    id: str
    first_seen_sec: float
    last_seen_sec: float
    box: Box
    bearing_rad: float
    visible: bool = True
    distance_m: float | None = None
    approach_mps: float = 0.0
    lateral_mps: float = 0.0
    pose: HeadPose | None = None
    facing: bool = False
    facing_sec: float = 0.0
    mouth_active: bool = False
    emotion: Emotion | None = None
    mood: str = ''
    mood_since_sec: float = 0.0
    with_others: float = 0.0
    name: str = ''
    engagement: float = 0.5
    engagement_state: EngagementState = EngagementState.UNKNOWN
    eyes_closed: bool = False
    on_phone: bool = False
    on_screen: bool = False
    phone_seen_sec: float = -math.inf
    came_sec: float = -math.inf
    attention: float = 0.0
    mood_seen_sec: float = math.inf
    mood_wavers: bool = False


@dataclass(frozen=True)
class Thing:
    """An object as believed now; `relations` are words such as `on dining table_1`."""

    id: str
    label: str
    score: float
    box: Box
    first_seen_sec: float
    last_seen_sec: float
    visible: bool = True
    relations: tuple[str, ...] = ()


@dataclass(frozen=True)
class RobotState:
    """What the robot reports; `battery` is 0 to 1, `holding` a thing's id or label."""

    place: str = ''
    holding: str = ''
    battery: float | None = None
    speaking: bool = False


@dataclass(frozen=True)
class Speech:
    """Words that were said: by a person (`speaker` empty when unknown) or by the robot itself.

    `seen` tells whether the speaker's lips were seen to move; None where they can't be read.
    `gaze` is the share of the time during the words, the last ones counting most, in which the
    head of the speaker pointed at the robot, and `by` the speaker as they were then. `listener` is
    another person whom the speaker looked at, or who looked at the speaker.
    """

    speaker: str
    text: str
    stamp_sec: float
    by_robot: bool = False
    seen: bool | None = None
    gaze: float | None = None
    by: Person | None = None
    listener: str = ''


@dataclass(frozen=True)
class WorldView:
    """A snapshot of the world that stages may keep: people, things, place, robot, recent events.

    `speech` holds the newest words last; `hour` is the local time of day in hours (0 to 24).
    """

    now_sec: float
    hour: float = 12.0
    people: tuple[Person, ...] = ()
    things: tuple[Thing, ...] = ()
    place: Place = field(default_factory=Place)
    robot: RobotState = field(default_factory=RobotState)
    events: tuple[Event, ...] = ()
    speech: tuple[Speech, ...] = ()

    def person(self, person_id: str) -> Person | None:
        """Return the person with this id, or None."""
        return next((p for p in self.people if p.id == person_id), None)

    def thing(self, thing_id: str) -> Thing | None:
        """Return the thing with this id, or None."""
        return next((t for t in self.things if t.id == thing_id), None)


# --------------------------------------------------------------------------- what is decided
class Trigger(str, Enum):
    """Why the robot might open its mouth."""

    NONE = 'none'
    HAZARD = 'hazard'
    REPLY = 'reply'
    GREETING = 'greeting'
    CARE = 'care'
    HELP = 'help'
    SMALL_TALK = 'small_talk'
    TASK = 'task'


@dataclass(frozen=True)
class Decision:
    """Speak to whom, why, how urgently; or stay silent, why.

    `priority` is 0 to 255 with 128 normal; `onset_sec` is when the cue behind it was first seen,
    so that reaction times can be told from the policy's own dwell time. `features` are what the
    score was made of, by name, and `weights` what each counts (`robochat.decision_model`); both
    are empty where a rule decided.
    """

    speak: bool
    reason: str
    stamp_sec: float
    trigger: Trigger = Trigger.NONE
    addressee: str = ''
    topic: str = ''
    score: float = 0.0
    evidence: tuple[str, ...] = ()
    priority: int = 128
    onset_sec: float | None = None
    features: tuple[tuple[str, float], ...] = ()
    weights: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Turn:
    """One answer asked of the model: why, to which words or instruction, with which pictures."""

    id: str
    decision: Decision
    heard: str = ''
    instruction: str = ''
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class PlanStep:
    """One call of a declared skill; `arguments` keep the order of the skill's parameters."""

    skill: str
    arguments: tuple[tuple[str, str], ...] = ()
    id: str = ''
    requires: tuple[str, ...] = ()
    on_failure: str = 'fail'
    retry_budget: int = 0
    timeout_sec: float = 30.0

    @property
    def call(self) -> str:
        """Write the step the way the model does: `place(cup_1, dining table_1)`."""
        return f'{self.skill}({", ".join(value for _, value in self.arguments)})'


@dataclass(frozen=True)
class ActionPlan:
    """Steps toward a goal; `refusal` says why a checked plan may not run."""

    id: str
    goal: str
    steps: tuple[PlanStep, ...]
    stamp_sec: float
    version: int = 1
    parent_id: str = ''
    rationale: str = ''
    requested_by: str = ''
    confidence: float = 0.0
    status: str = 'proposed'
    refusal: str = ''


@dataclass(frozen=True)
class PlanStatus:
    """How far a running plan has come."""

    plan_id: str
    version: int
    status: str
    step_id: str = ''
    progress: float = 0.0
    message: str = ''


@dataclass(frozen=True)
class Utterance:
    """Words for a text-to-speech node, with all that explains them."""

    id: str
    text: str
    stamp_sec: float
    language: str = 'en'
    addressee: str = ''
    proactive: bool = True
    reason: str = ''
    evidence: tuple[str, ...] = ()
    expression: str = 'neutral'
    confidence: float = 0.0
    priority: int = 128
    lifetime_sec: float = 5.0
    in_reply_to: str = ''
    trigger: str = ''


@dataclass(frozen=True)
class Hush:
    """A person took the floor: whatever voice speaks the utterance with this id must stop."""

    utterance: str
    reason: str
    stamp_sec: float


@dataclass(frozen=True)
class Refusal:
    """Something the model wanted and the robot won't do.

    `what` is `utterance` or `plan`, or `turn` where the moment for any words has passed.
    """

    what: str
    reason: str
    stamp_sec: float


@dataclass(frozen=True)
class ModelCall:
    """One call of a model, measured: seconds from the request, tokens in and out.

    `fallback` says why a phrase was said instead of the model's words; empty when it was not.
    """

    turn: str
    stamp_sec: float
    trigger: str
    model: str
    tokens_in: int
    tokens_out: int
    first_text_sec: float | None
    seconds: float
    fallback: str = ''


def softmax(values: NDArray[Any]) -> NDArray[Any]:
    """Turn scores along the last axis into shares that sum to 1."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def finite(value: float | None) -> bool:
    """Tell whether `value` is a real number."""
    return value is not None and math.isfinite(value)
