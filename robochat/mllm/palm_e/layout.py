"""Lays a multimodal sentence out as the model was trained to read it: words, pictures, states.

What has a name stands as text, what has a size stands as a vector beside that name, and pictures
stand in the order of time, after PaLM-E (Driess et al., arXiv 2303.03378, section 3). Distances,
moods, poses, boxes and charge are in the vectors alone, so that the model must read them there.
Whoever and whatever the newest picture shows has a second vector, of how it looks there.

The fixed part (persona and skills) begins every prompt and never changes, so that what the model
made of it is kept from turn to turn. Safety: words of people and names are untrusted; they come as
`Quote`, in which nothing stands for a token of the chat format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from robochat.mllm.palm_e.looks import person_look, thing_look
from robochat.persona import day_part, Example, Persona
from robochat.prompt import clean, quoted
from robochat.sentence import (
    ImagePart,
    person_state,
    robot_state,
    Sentence,
    thing_state,
    Vector,
)
from robochat.values import (
    Event,
    EventKind,
    Frame,
    Person,
    Speech,
    Thing,
    Trigger,
    WorldView,
)

MAX_PEOPLE = 6
MAX_THINGS = 12
MAX_EVENTS = 3
MAX_FRAMES = 3
EVENTS_SEC = 20.0
NAME_CHARS = 40
HEARD_CHARS = 240
LINE_CHARS = 160
FAR_M = 99.0
DEFAULT_SIZE_PX = (640, 480)
PERSON_LOOK, THING_LOOK = LOOKS = ('person_look', 'thing_look')
NOTHING = 'nothing'
GOAL, DONE = 'Goal:', 'done'
END_OF_ASK = '<|im_end|>\n<|im_start|>assistant\n'
_EVENTS = {EventKind.OBJECT_FELL: 'fell', EventKind.HAZARD: 'is dangerous'}


@dataclass(frozen=True)
class Quote:
    """Untrusted words, to be read letter by letter."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A camera picture at its place in the sentence."""

    frame: Frame


@dataclass(frozen=True, eq=False)
class State:
    """A vector of a kind at its place in the sentence.

    `person`, `thing` and `robot` tell a state, `person_look` and `thing_look` what is seen.
    """

    kind: str
    vector: Vector

    @property
    def is_look(self) -> bool:
        """Tell whether it comes from a picture."""
        return self.kind in LOOKS


Piece = str | Quote | Picture | State


@dataclass(frozen=True, eq=False)
class Layout:
    """A sentence in three parts: `fixed` for a persona and its skills, the scene, the question.

    `dropped` says what had to be left out for want of room.
    """

    fixed: tuple[Piece, ...]
    scene: tuple[Piece, ...]
    ask: tuple[Piece, ...]
    dropped: tuple[str, ...] = ()


def lay_out(
    sentence: Sentence,
    skills: Iterable[str] = (),
    examples: tuple[Example, ...] = (),
    max_lines: int = 6,
) -> Layout:
    """Lay a sentence out; `skills` are lines on what can be a goal (`plan.goals.goal_lines`).

    At most 6 people, 12 things and 3 pictures are told, the nearest, surest and newest of them,
    and `dropped` says when there were more. Skills and states are never cut.
    """
    view, dropped = sentence.view, []
    people = sorted((p for p in view.people if p.visible), key=nearness)
    things = sorted(view.things, key=lambda t: (not t.visible, -t.score))
    frames = _frames(sentence)
    for name, found, most in (
        ('people', people, MAX_PEOPLE),
        ('things', things, MAX_THINGS),
        ('pictures', frames, MAX_FRAMES),
    ):
        if len(found) > most:
            dropped.append(f'{len(found) - most} of {len(found)} {name}')
    before = _said_before(sentence)
    lines = before[-max_lines:] if max_lines else ()
    if len(lines) < len(before):
        dropped.append(f'{len(before) - len(lines)} lines of the dialogue')
    frames = frames[-MAX_FRAMES:]
    scene = [*_pictures(frames), *_people(people[:MAX_PEOPLE], len(people), frames)]
    scene += [*_things(things[:MAX_THINGS], frames), *_robot(view)]
    return Layout(
        fixed=fixed_part(sentence.persona, skills),
        scene=tuple(scene),
        ask=(*_examples(examples), *_events(view), *_talk(lines), *_why(sentence)),
        dropped=tuple(dropped),
    )


def nearness(person: Person) -> float:
    """Sort people by distance, who is at an unknown one last."""
    return person.distance_m if person.distance_m is not None else FAR_M


def fixed_part(persona: Persona, skills: Iterable[str]) -> tuple[Piece, ...]:
    """Lay out who the robot is and what it can do."""
    table = '\n'.join(skills)
    told = f'\nGoals: {table}' if table else ''
    return ('<|im_start|>system\n', Quote(f'{persona.system.strip()}{told}'), _USER)


_USER = '<|im_end|>\n<|im_start|>user\n'


# --------------------------------------------------------------------------- the scene
def _frames(sentence: Sentence) -> list[Frame]:
    """Take the pictures, the oldest first."""
    frames = [part.frame for part in sentence.parts if isinstance(part, ImagePart)]
    return sorted(frames, key=lambda frame: frame.stamp_sec)


def _pictures(frames: list[Frame]) -> Iterator[Piece]:
    """Yield each picture after its age; the newest has none."""
    if not frames:
        yield 'No picture.\n'
    for frame in frames:
        age_sec = round(frames[-1].stamp_sec - frame.stamp_sec)
        yield f'Picture {age_sec} s ago:' if frame is not frames[-1] else 'Picture:'
        yield Picture(frame)
        yield '\n'


def _people(people: list[Person], count: int, frames: list[Frame]) -> Iterator[Piece]:
    """Yield each person as a name, a state and a look."""
    if not people:
        yield 'Nobody is here.\n'
        return
    yield 'People:'
    for number, person in enumerate(people):
        called = f' called {quoted(person.name, NAME_CHARS)}' if person.name else ''
        yield Quote(f'{";" if number else ""} {person.id}{called}')
        yield State('person', person_state(person))
        if frames:
            yield State(PERSON_LOOK, person_look(frames[-1], person.box))
    yield f' and {count - len(people)} more.\n' if count > len(people) else '.\n'


def _things(things: list[Thing], frames: list[Frame]) -> Iterator[Piece]:
    """Yield each thing as a name, a state, a look and where it stands."""
    if not things:
        yield 'No things.\n'
        return
    newest = frames[-1] if frames else None
    size_px = (newest.width_px, newest.height_px) if newest else DEFAULT_SIZE_PX
    yield 'Things:'
    for number, thing in enumerate(things):
        kind = '' if thing.label in thing.id else f' ({clean(thing.label, NAME_CHARS)})'
        yield Quote(f'{";" if number else ""} {clean(thing.id, NAME_CHARS)}{kind}')
        yield State('thing', thing_state(thing, *size_px))
        if newest and thing.visible:
            yield State(THING_LOOK, thing_look(newest, thing.box))
        where = next((r for r in thing.relations if r.startswith('on ')), '')
        if where:
            yield Quote(f' {clean(where, NAME_CHARS)}')
    yield '.\n'


def _robot(view: WorldView) -> Iterator[Piece]:
    """Yield the robot: its vector, place, hand, and the part of the day."""
    robot = view.robot
    yield 'Robot'
    yield State('robot', robot_state(robot, view.hour))
    place = robot.place or view.place.label
    at = f' at {clean(place, NAME_CHARS)}' if place else ''
    yield Quote(f'{at}, holds {clean(robot.holding, NAME_CHARS) or NOTHING}')
    yield f'. It is {day_part(view.hour)}.\n'


# --------------------------------------------------------------------------- the question
def _examples(examples: tuple[Example, ...]) -> Iterator[Piece]:
    """Yield how this persona speaks in like cases."""
    for example in examples:
        yield Quote(f'For example: {clean(example.situation)} Say: {clean(example.say)}')
        yield '\n'


def _events(view: WorldView) -> Iterator[Piece]:
    """Yield what just happened, the newest last."""
    recent = [e for e in view.events if view.now_sec - e.stamp_sec <= EVENTS_SEC]
    told = [text for event in recent if (text := _event(event))][-MAX_EVENTS:]
    if told:
        yield Quote(f'Just now: {"; ".join(told)}.')
        yield '\n'


def _event(event: Event) -> str:
    """Name an event, or nothing where pictures and states tell it, as they do of comings."""
    happened = _EVENTS.get(event.kind, '')
    subject = clean(event.subject, NAME_CHARS) or clean(event.detail, NAME_CHARS)
    return f'{subject} {happened}' if happened and subject else ''


def _said_before(sentence: Sentence) -> tuple[Speech, ...]:
    """Return what was said before the words that are to be answered."""
    lines, heard = sentence.lines, sentence.turn.heard
    newest = bool(lines) and bool(heard) and not lines[-1].by_robot and lines[-1].text == heard
    return lines[:-1] if newest else lines


def _talk(lines: tuple[Speech, ...]) -> Iterator[Piece]:
    """Yield what was said before, the oldest first."""
    for line in lines:
        who = 'robot' if line.by_robot else clean(line.speaker, NAME_CHARS) or 'someone'
        yield Quote(f'{who}: {quoted(line.text, LINE_CHARS)}')
        yield '\n'


def _why(sentence: Sentence) -> Iterator[Piece]:
    """Yield what the model is asked for."""
    turn = sentence.turn
    decision = turn.decision
    who = clean(decision.addressee, NAME_CHARS) or 'someone'
    if turn.instruction:
        yield Quote(f'{who} asks: {quoted(turn.instruction, HEARD_CHARS)}')
    elif turn.heard:
        yield Quote(f'{who} says: {quoted(turn.heard, HEARD_CHARS)}')
    else:
        yield Quote(f'Speak to {who}: {_matter(decision.trigger, decision.topic)}.')
    yield END_OF_ASK


def _matter(trigger: Trigger, topic: str) -> str:
    """Name what an opening is about: `care`, `hazard cup_1`, `help battery`."""
    subject = clean(topic.rpartition(':')[2], NAME_CHARS)
    about = subject if trigger in (Trigger.HAZARD, Trigger.HELP) else ''
    return f'{trigger.value.replace("_", " ")} {about}'.strip()
