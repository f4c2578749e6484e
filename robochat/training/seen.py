"""Questions about what only the picture shows."""

from __future__ import annotations

from robochat.training.asking import add, color, DECOR, line, SIDES, worded
from robochat.training.lesson import Desk, Expected
from robochat.training.wordings import wordings
from robochat.values import Person


def my_top(desk: Desk, person: Person) -> None:
    """What colour the asker wears."""
    if not _in_sight(person):
        return
    paint = desk.situation.people[person.id].top_color
    words = line(desk, 'my_top', x=paint)
    add(
        desk,
        person,
        'top colour',
        worded(desk, 'my_top'),
        words,
        color(paint),
        'image',
    )


def their_top(desk: Desk, person: Person) -> None:
    """What colour someone on one side wears."""
    side = desk.voice.rng.choice(SIDES)
    other = desk.only(side)
    if not other or not _in_sight(desk.situation.view.person(other)):
        return my_top(desk, person)
    paint = desk.situation.people[other].top_color
    words, asked = (
        line(desk, 'their_top', x=paint),
        worded(desk, 'their_top', side=side),
    )
    return add(desk, person, 'their top colour', asked, words, color(paint), 'image')


def _in_sight(person: Person | None) -> bool:
    """Tell whether someone has been found in the picture."""
    return person is not None and person.box.area > 0


def wall(desk: Desk, person: Person) -> None:
    """What colour the wall has."""
    paint = desk.situation.shot.wall
    if paint:
        words = line(desk, 'wall', x=paint)
        add(
            desk,
            person,
            'wall colour',
            worded(desk, 'wall'),
            words,
            color(paint),
            'image',
        )


def decor(desk: Desk, person: Person) -> None:
    """Whether something is there that only the picture shows."""
    rng, seen = desk.voice.rng, desk.situation.shot.decor
    there = rng.random() < 0.5 and bool(seen)
    absent = [name for name in DECOR if name not in seen]
    if not there and not absent:
        return
    name = rng.choice([n for n in seen if n in DECOR] or ['']) if there else rng.choice(absent)
    if name:
        expected = Expected((r'^yes',) if there else (r'^no\b',))
        words = line(desk, 'is_there', 'yes' if there else 'no', x=name)
        add(
            desk,
            person,
            'is it there',
            worded(desk, 'is_there', x=name),
            words,
            expected,
            'image',
        )


def light(desk: Desk, person: Person) -> None:
    """Whether it is bright or dark."""
    is_dim = desk.situation.shot.light == 'dim'
    words = line(desk, 'light', 'dim' if is_dim else 'bright')
    expected = Expected((r'\bdark\b',)) if is_dim else Expected((r'\bbright\b',), (r'\bdark\b',))
    add(desk, person, 'light', worded(desk, 'light'), words, expected, 'image')


def posture(desk: Desk, person: Person) -> None:
    """Whether the asker sits or stands."""
    if not _in_sight(person):
        return
    form = 'sitting' if desk.situation.people[person.id].seated else 'standing'
    words = line(desk, 'posture', form)
    add(desk, person, 'posture', worded(desk, 'posture'), words, Expected((form,)), 'image')


def color_of(desk: Desk, person: Person) -> None:
    """What colour a thing has."""
    things = desk.situation.things.values()
    labels = [t.label for t in things]
    painted = [t for t in things if t.color and labels.count(t.label) == 1]
    if not painted:
        return my_top(desk, person)
    thing = desk.voice.rng.choice(painted)
    words = line(desk, 'color_of', x=thing.color, y=thing.label)
    asked = worded(desk, 'color_of', y=thing.label)
    return add(desk, person, 'thing colour', asked, words, color(thing.color), 'image')


def changed(desk: Desk, person: Person) -> None:
    """What changed between two pictures."""
    change = desk.situation.shot.change
    forms = wordings()['questions']['changed']
    if change is None or len(desk.situation.frames) < 2 or change.kind not in forms:
        return
    subject = str(change.subject)
    patterns = {
        'person_came': 'came in|come in', 'person_left': 'left|gone', 'person_moved': 'moved',
        'sat_down': 'sat', 'stood_up': 'stood', 'thing_gone': f'{subject}.*(gone|away)',
        'thing_new': f'{subject}.*(appear|now)', 'thing_moved': f'{subject}.*moved',
        'mood_turned': 'different|changed', 'nothing': 'nothing|no change',
    }  # fmt: skip
    words = line(desk, 'changed', change.kind, x=subject)
    add(
        desk, person, 'what changed', worded(desk, 'changed'), words,
        Expected((patterns[change.kind],)), 'image',
    )  # fmt: skip
