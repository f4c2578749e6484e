"""Makes what a robot would know out of a rendered scene: a world with its doubts, and skills.

The truth stays with the simulator's labels. What goes into the world is what perception would
report of it: expressions with scores that are sometimes unsure, things that are sometimes missed,
noisy distances and boxes. Skills and places get new names, so that a model must read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
import math
import random
from typing import Any, TYPE_CHECKING

from robochat.perception.emotion import emotion_from
from robochat.persona import Persona
from robochat.plan.table import SkillTable
from robochat.training.tables import table_of, with_extras
from robochat.training.wordings import Voice, wordings
from robochat.values import (
    Box,
    Emotion,
    EMOTIONS,
    Frame,
    HeadPose,
    Person,
    RobotState,
    Thing,
    WorldView,
)

if TYPE_CHECKING:
    from robochat_sim.shots import SeenPerson, SeenThing, Shot

NOW_SEC = 1000.0
CARE_MOODS = ('sad', 'angry', 'fear')
SURE = 0.6
BLIND_SHARE = 0.08
WIDTH_PX = 640
FACE_YAW_RAD = 1.0
MISSED_SHARE = 0.12
SKILLED_SHARE = 0.75
LOW_SHARE, NO_BATTERY_SHARE = 0.2, 0.1


@dataclass(frozen=True)
class Situation:
    """What is the case and what the robot knows of it.

    `people` and `things` map ids to the truth, `extras` maps names of skills that few robots have
    to their wordings; without `skilled` the model isn't told of skills.
    """

    view: WorldView
    frames: tuple[Frame, ...]
    shot: Shot
    people: Mapping[str, SeenPerson]
    things: Mapping[str, SeenThing]
    persona: Persona
    table: SkillTable
    extras: Mapping[str, Any]
    dock: str
    skilled: bool

    @property
    def blind(self) -> bool:
        """Whether the model gets no picture."""
        return not self.frames


def situation_of(shot: Shot, voice: Voice) -> Situation:
    """Imagine what the robot knows of a shot."""
    rng = voice.rng
    people = dict(zip(_ids(rng, 'person', len(shot.people)), shot.people, strict=True))
    seen = [t for t in shot.things if rng.random() > MISSED_SHARE]
    things = _numbered(seen, rng)
    believed = [_thing(name, thing, things, shot, rng) for name, thing in things.items()]
    table, _, dock = table_of(voice)
    table, own = with_extras(table, voice)
    extras = list(_extras(believed, voice))
    robot = _robot(believed, extras, table, rng)
    if robot.holding and not any(t.id == robot.holding for t in extras):
        believed = [replace(t, relations=()) if t.id == robot.holding else t for t in believed]
    frames = () if rng.random() < BLIND_SHARE else _frames(shot)
    view = WorldView(
        now_sec=NOW_SEC,
        hour=rng.uniform(6.0, 23.5),
        people=tuple(_person(name, truth, rng) for name, truth in people.items()),
        things=(*believed, *extras),
        robot=robot,
    )
    skilled = rng.random() < SKILLED_SHARE
    return Situation(
        view, frames, shot, people, things, persona_of(voice), table, own, dock, skilled
    )


def _frames(shot: Shot) -> tuple[Frame, ...]:
    return tuple(Frame(image, NOW_SEC - age) for image, age in shot.frames)


def _ids(rng: random.Random, kind: str, count: int) -> list[str]:
    """Draw track numbers, which say nothing about where someone stands."""
    return [f'{kind}_{number}' for number in rng.sample(range(1, 8), count)]


def _numbered(things: list[SeenThing], rng: random.Random) -> dict[str, SeenThing]:
    """Name things by label and number, in random order."""
    counts: dict[str, int] = {}
    named = {}
    for thing in rng.sample(things, len(things)):
        counts[thing.label] = counts.get(thing.label, 0) + 1
        named[thing_id(thing.label, counts[thing.label])] = thing
    return named


def thing_id(label: str, number: int) -> str:
    """Name a thing as the world does."""
    return f'{label.replace(" ", "_")}_{number}'


def label_of(name: str) -> str:
    """Return the kind of thing that an id such as `dining_table_1` names."""
    return name.rpartition('_')[0].replace('_', ' ')


# --------------------------------------------------------------------------- people and things
def _person(name: str, truth: SeenPerson, rng: random.Random) -> Person:
    """Report a person the way perception does."""
    emotion = seen_emotion(truth, rng)
    mood = emotion.label if emotion is not None and emotion.certain else ''
    yaw, pitch = (a + rng.gauss(0, 0.05) for a in (truth.head_yaw_rad, truth.head_pitch_rad))
    return Person(
        id=name,
        first_seen_sec=NOW_SEC - rng.uniform(2, 60),
        last_seen_sec=NOW_SEC,
        box=_jittered(truth.box, rng),
        bearing_rad=truth.bearing_rad + rng.gauss(0, 0.01),
        distance_m=truth.distance_m * rng.uniform(0.93, 1.07),
        approach_mps=rng.choice([0.0, 0.0, rng.uniform(-0.6, 0.8)]),
        pose=HeadPose(yaw, pitch, rng.gauss(0, 0.05)),
        facing=truth.facing,
        facing_sec=rng.uniform(0.8, 5) if truth.facing else 0.0,
        mouth_active=truth.speaking,
        emotion=emotion,
        mood=mood,
        mood_since_sec=NOW_SEC - rng.uniform(1.5, 8),
        with_others=rng.uniform(0.5, 1.0) if truth.with_other else rng.choice([0.0, 0.0, 0.1]),
    )


def seen_emotion(truth: SeenPerson, rng: random.Random) -> Emotion | None:
    """Read an expression: mostly right and sure, now and then unsure, hardly ever not at all."""
    if rng.random() < 0.04 or not _shows_face(truth):
        return None
    unsure = rng.random() < (0.1 if abs(truth.head_yaw_rad) < 0.6 else 0.6)
    strength = rng.uniform(0.2, 1.3) if unsure else rng.uniform(2.8, 5.0)
    raw = [rng.gauss(0, 0.5) + strength * (label == truth.mood) for label in EMOTIONS]
    shares = [math.exp(x) for x in raw]
    scores = tuple(x / sum(shares) for x in shares)
    best = max(range(len(scores)), key=scores.__getitem__)
    certain = scores[best] >= SURE and EMOTIONS[best] == truth.mood
    return emotion_from(scores, certain)


def _shows_face(truth: SeenPerson) -> bool:
    """Tell whether a face is turned to the camera, and within the picture."""
    x, y, w, h = truth.box
    inside = min(x, y) > -0.25 * h and x + w < WIDTH_PX + 0.25 * w
    return bool(abs(truth.head_yaw_rad) < FACE_YAW_RAD and inside and w > 0)


def _thing(
    name: str, thing: SeenThing, named: Mapping[str, SeenThing], shot: Shot, rng: random.Random
) -> Thing:
    """Report a thing, and what it stands on where that was found too."""
    base = shot.things[thing.on_index] if thing.on_index >= 0 else None
    under = next((key for key, other in named.items() if other is base), '')
    return Thing(
        id=name,
        label=thing.label,
        score=rng.uniform(0.45, 0.9),
        box=_jittered(thing.box, rng),
        first_seen_sec=NOW_SEC - 5,
        last_seen_sec=NOW_SEC,
        relations=(f'on {under}',) if under else (),
    )


def _extras(known: list[Thing], voice: Voice) -> Iterator[Thing]:
    """Remember a thing or two that is out of sight, with a name of its own."""
    rng = voice.rng
    if rng.random() > 0.45:
        return
    tables = [t.id for t in known if t.label in ('dining table', 'couch', 'chair')]
    labels = wordings()['extra_things'][voice.split]
    for label in rng.sample(labels, rng.choice([1, 1, 2])):
        on = (f'on {rng.choice(tables)}',) if tables and rng.random() < 0.6 else ()
        box = Box(rng.uniform(0, 500), rng.uniform(100, 400), 40, 40)
        yield Thing(thing_id(label, 1), label, 0.5, box, NOW_SEC - 60, NOW_SEC - 20, False, on)


def _robot(
    known: list[Thing], extras: list[Thing], table: SkillTable, rng: random.Random
) -> RobotState:
    """Report the robot's hand, charge and place."""
    held = ''
    if rng.random() < 0.2:
        held = f'{rng.choice(["cup", "book", "bottle", "apple"])}_{rng.randint(7, 9)}'
        held = thing_id(extras[0].label, 2) if extras and rng.random() < 0.5 else held
    low = rng.random() < LOW_SHARE
    battery = rng.uniform(0.02, 0.3) if low else rng.uniform(0.2, 1.0)
    place = rng.choice([p.name for p in table.places]) if rng.random() < 0.6 else ''
    reported = None if rng.random() < NO_BATTERY_SHARE else battery
    return RobotState(place, held, reported, rng.random() < 0.1)


def _jittered(box: Any, rng: random.Random) -> Box:
    """Move the corners of a box by a few percent of its size."""
    x, y, w, h = box
    return Box(
        x + rng.gauss(0, 0.03) * w,
        y + rng.gauss(0, 0.03) * h,
        w * rng.uniform(0.93, 1.07),
        h * rng.uniform(0.93, 1.07),
    )


# --------------------------------------------------------------------------- who and what it is
def persona_of(voice: Voice) -> Persona:
    """Make up a persona."""
    told = wordings()['personas']
    name = voice.one_of(told['names'])
    system = voice.line(told['texts'], robot=name)
    return Persona(name, 'en', system, (), (), (), ())
