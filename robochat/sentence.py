"""The multimodal sentence: text, pictures and state vectors in one order, with referents.

After PaLM-E (Driess et al., arXiv 2303.03378): a model that takes continuous input reads all
parts, one that takes pictures reads text and image parts, one that only reads words takes the text
parts, which say the same as the state parts.

Units and frames: state vectors are float32; every field is scaled to about -1 to 1, as
`PERSON_FIELDS`, `THING_FIELDS` and `ROBOT_FIELDS` say; unknown is 0 with its `knows` field at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import math

import numpy as np
from numpy.typing import NDArray
from robochat.persona import Persona
from robochat.values import EMOTIONS, Frame, Person, RobotState, Speech, Thing, Turn, WorldView

Vector = NDArray[np.float32]

FAR_M = 5.0
HALF_PI = math.pi / 2
PERSON_FIELDS = (
    'knows_distance', 'distance_5m', 'bearing_pi', 'approach_mps', 'facing', 'mouth_active',
    'with_others', 'knows_pose', 'yaw_half_pi', 'pitch_half_pi', 'knows_emotion', 'certain',
    'valence', 'arousal', *(f'score_{label}' for label in EMOTIONS),
)  # fmt: skip
THING_FIELDS = ('visible', 'score', 'x_share', 'y_share', 'width_share', 'height_share')
ROBOT_FIELDS = ('knows_battery', 'battery', 'holding', 'speaking', 'hour_sine', 'hour_cosine')


class Topic(str, Enum):
    """What a text part is about."""

    SYSTEM = 'system'
    SKILLS = 'skills'
    PEOPLE = 'people'
    THINGS = 'things'
    PLACE = 'place'
    ROBOT = 'robot'
    EVENTS = 'events'
    DIALOGUE = 'dialogue'
    WHY = 'why'
    HEARD = 'heard'
    TASK = 'task'


@dataclass(frozen=True)
class Referent:
    """A name in the sentence, such as `<person_1>` or `<obj_2>`, for an id of the world."""

    token: str
    id: str


@dataclass(frozen=True)
class TextPart:
    """Words; those that came from people are quoted and cleaned already."""

    topic: Topic
    text: str


@dataclass(frozen=True)
class ImagePart:
    """A picture, the oldest first when there are several."""

    frame: Frame


@dataclass(frozen=True, eq=False)
class StatePart:
    """What is known of a referent, as numbers; the fields are those of its kind."""

    referent: str
    vector: Vector


Part = TextPart | ImagePart | StatePart


@dataclass(frozen=True, eq=False)
class Sentence:
    """Everything a model is told in one turn.

    `view` is the world when the sentence was made, `said_before` the openings that were already
    used with the addressee, oldest first.
    """

    turn: Turn
    view: WorldView
    persona: Persona
    parts: tuple[Part, ...]
    referents: tuple[Referent, ...] = ()
    lines: tuple[Speech, ...] = ()
    said_before: tuple[str, ...] = ()

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The pictures."""
        return tuple(part.frame for part in self.parts if isinstance(part, ImagePart))

    @property
    def states(self) -> tuple[StatePart, ...]:
        """The state vectors."""
        return tuple(part for part in self.parts if isinstance(part, StatePart))

    def texts(self, *topics: Topic) -> tuple[str, ...]:
        """Return the text parts about any of `topics`, or all of them when none is named."""
        parts = (part for part in self.parts if isinstance(part, TextPart))
        return tuple(part.text for part in parts if not topics or part.topic in topics)

    def id_of(self, token: str) -> str | None:
        """Return the world's id behind a referent, or None."""
        return next((r.id for r in self.referents if r.token == token), None)

    @property
    def addressee(self) -> Person | None:
        """The person to be spoken to, when known and in the world."""
        return self.view.person(self.turn.decision.addressee)

    @property
    def mood(self) -> str:
        """The addressee's certain expression, or nothing; one of trouble must have lasted."""
        person = self.addressee
        if person is None or person.emotion is None or not person.emotion.certain:
            return ''
        return person.mood or (person.emotion.label if person.emotion.label == 'happy' else '')


def referents_of(view: WorldView) -> tuple[Referent, ...]:
    """Name everyone and everything in a view; people keep the number of their track."""
    people = [Referent(f'<{_word(p.id)}>', p.id) for p in view.people]
    things = [Referent(f'<obj_{number}>', t.id) for number, t in enumerate(view.things, 1)]
    return (*people, *things)


def person_state(person: Person) -> Vector:
    """Return the (21,) vector of a person, in the order of PERSON_FIELDS."""
    emotion, pose = person.emotion, person.pose
    knows_far = person.distance_m is not None
    looks = (pose.yaw_rad / HALF_PI, pose.pitch_rad / HALF_PI) if pose else (0.0, 0.0)
    feels = (emotion.certain, emotion.valence, emotion.arousal) if emotion else (0.0, 0.0, 0.0)
    known_scores = emotion is not None and len(emotion.scores) == len(EMOTIONS)
    scores = emotion.scores if emotion and known_scores else (0.0,) * len(EMOTIONS)
    moves = (person.bearing_rad / math.pi, person.approach_mps, person.facing)
    company = (person.mouth_active, person.with_others)
    return _vector(
        [knows_far, (person.distance_m or 0.0) / FAR_M, *moves, *company]
        + [pose is not None, *looks, emotion is not None, *feels, *scores]
    )


def thing_state(thing: Thing, width_px: int, height_px: int) -> Vector:
    """Return the (6,) vector of a thing, in the order of THING_FIELDS."""
    x, y = thing.box.center
    wide, high = max(1, width_px), max(1, height_px)
    shares = (x / wide, y / high, thing.box.width / wide, thing.box.height / high)
    return _vector([thing.visible, thing.score, *shares])


def robot_state(robot: RobotState, hour: float) -> Vector:
    """Return the (6,) vector of the robot and the hour, in the order of ROBOT_FIELDS."""
    angle = hour / 24 * 2 * math.pi
    charge = robot.battery if robot.battery is not None else 0.0
    known = robot.battery is not None
    return _vector(
        [known, charge, bool(robot.holding), robot.speaking, math.sin(angle), math.cos(angle)]
    )


def _vector(values: list[float]) -> Vector:
    """Make a finite float32 vector within -10 to 10."""
    numbers = np.asarray(values, dtype=np.float32)
    return np.clip(np.nan_to_num(numbers, nan=0.0), -10, 10).astype(np.float32)


def _word(name: str) -> str:
    """Make an id fit to stand in a referent."""
    return ''.join(c if c.isalnum() else '_' for c in name)
