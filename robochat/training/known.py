"""Questions about what the states and names tell, and about what would happen if."""

from __future__ import annotations

from robochat.persona import day_part
from robochat.training.asking import add, line, MOOD_WORDS, NUMBERS, side_of, worded
from robochat.training.lesson import Desk, Expected
from robochat.training.openings import MOOD_PATTERNS
from robochat.training.situations import label_of
from robochat.training.wordings import listed, wordings
from robochat.values import Person

UNSURE_LEFT_OUT = 0.5  # or it becomes the favourite answer


def how_many(desk: Desk, person: Person) -> None:
    """How many people there are."""
    number = NUMBERS[len(desk.situation.view.people)]
    words = line(desk, 'how_many', x=number)
    words = words if words[0] == 'I' else f'{words[0].upper()}{words[1:]}.'
    expected = Expected((number.partition(' ')[0],))
    add(desk, person, 'how many', worded(desk, 'how_many'), words, expected, 'text')


def my_mood(desk: Desk, person: Person) -> None:
    """How the asker looks, or that it is not sure."""
    sure = person.emotion is not None and person.emotion.certain
    if not sure and desk.voice.rng.random() < UNSURE_LEFT_OUT:
        return
    words = line(desk, 'my_mood', 'sure' if sure else 'unsure', mood=person.mood or 'neutral')
    if sure:
        others = tuple(p for m, p in MOOD_PATTERNS.items() if m != person.mood)
        expected = Expected((MOOD_PATTERNS[person.mood],), others)
    else:
        expected = Expected(('not|hard',), tuple(MOOD_PATTERNS.values()))
    row = 'mood' if sure else 'unsure'
    desk.add(
        row,
        'my mood',
        desk.says(person.id, worded(desk, 'my_mood')),
        words,
        expected,
        needs='state',
    )


def who_mood(desk: Desk, person: Person) -> None:
    """On which side the person with a look stands."""
    mood = desk.voice.rng.choice(tuple(MOOD_WORDS))
    people = desk.situation.view.people
    found = [p for p in people if p.mood == mood]
    unsure = any(p.emotion is None or not p.emotion.certain for p in people)
    if len(found) > 1 or (unsure and not found):
        return
    asked = worded(desk, 'who_mood', mood=MOOD_WORDS[mood])
    if found:
        side = desk.side(found[0].id)
        words, expected = line(desk, 'who_mood', x=side), Expected((rf'\b{side}\b',))
    else:
        words, expected = (
            line(desk, 'who_mood', 'none', mood=MOOD_WORDS[mood]),
            Expected(('nobody',)),
        )
    turn = desk.says(person.id, asked)
    desk.add('referent', 'who looks so', turn, words, expected, needs='state')


def where_thing(desk: Desk, person: Person) -> None:
    """Where a thing is, or that it is not seen."""
    rng = desk.voice.rng
    things = [t for t in desk.singles if t.visible]
    if rng.random() < 0.3 or not things:
        label = rng.choice(wordings()['tasks']['missing']['things'][desk.voice.split])
        expected = Expected(('not see',))
        words = line(desk, 'where_thing', 'no', y=label)
        return add(
            desk,
            person,
            'where not',
            worded(desk, 'where_thing', y=label),
            words,
            expected,
            'text',
        )
    thing = rng.choice(things)
    asked = worded(desk, 'where_thing', y=thing.label)
    on = next((label_of(r[3:]) for r in thing.relations if r.startswith('on ')), '')
    if on:
        words, expected = line(desk, 'where_thing', x=on, y=thing.label), Expected((on,))
        return add(desk, person, 'where on', asked, words, expected, 'text')
    side = side_of(thing)
    form = 'middle' if side == 'middle' else 'bare'
    words = line(desk, 'where_thing', form, y=thing.label, side=side)
    expected = Expected(('middle|front',) if side == 'middle' else (rf'\b{side}\b',))
    return add(desk, person, 'where side', asked, words, expected, 'state')


def on_what(desk: Desk, person: Person) -> None:
    """What stands on a piece of furniture."""
    bases = [t for t in desk.singles if t.label in ('dining table', 'couch', 'chair')]
    if not bases:
        return
    base = desk.voice.rng.choice(bases)
    found = [t for t in desk.situation.view.things if f'on {base.id}' in t.relations][:3]
    names = listed(list(dict.fromkeys(t.label for t in found)))
    words = line(desk, 'on_what', 'say' if found else 'none', x=names, y=base.label)
    expected = Expected(tuple(t.label for t in found) or ('nothing',))
    asked = worded(desk, 'on_what', y=base.label)
    add(desk, person, 'on what', asked, f'{words[0].upper()}{words[1:]}', expected, 'text')


def how_far(desk: Desk, person: Person) -> None:
    """How far away the asker is, to half a metre."""
    halves = max(1, round((person.distance_m or 0.0) * 2))
    spoken = ['half a metre', 'one metre', 'one and a half metres', 'two metres',
              'two and a half metres', 'three metres', 'three and a half metres', 'four metres',
              'four and a half metres', 'five metres']  # fmt: skip
    near = [spoken[i] for i in (halves - 2, halves - 1, halves) if 0 <= i < len(spoken)]
    words = line(desk, 'how_far', x=spoken[min(halves, len(spoken)) - 1])
    expected = Expected((rf'(?:about|are) (?:about )?(?:{"|".join(near)})',))
    add(desk, person, 'how far', worded(desk, 'how_far'), words, expected, 'state')


def battery(desk: Desk, person: Person) -> None:
    """How full the battery is."""
    charge = desk.situation.view.robot.battery
    if charge is None or min(abs(charge - 0.3), abs(charge - 0.7)) < 0.05:
        return
    form = 'low' if charge < 0.3 else 'half' if charge < 0.7 else 'full'
    pattern = {'low': r'\blow\b', 'half': 'half', 'full': 'nearly full|almost full'}[form]
    asked = worded(desk, 'battery')
    add(
        desk,
        person,
        'battery',
        asked,
        line(desk, 'battery', form),
        Expected((pattern,)),
        'state',
    )


def looking(desk: Desk, person: Person) -> None:
    """Whether the asker looks at the robot."""
    words = line(desk, 'looking', 'yes' if person.facing else 'no')
    expected = Expected((r'^yes',) if person.facing else (r'^no\b',))
    add(desk, person, 'looking', worded(desk, 'looking'), words, expected, 'state')


# --------------------------------------------------------------------------- in the words
def holding(desk: Desk, person: Person) -> None:
    """What the robot holds."""
    label = label_of(desk.situation.view.robot.holding)
    words = line(desk, 'holding', 'say' if label else 'none', x=label)
    expected = Expected((label,) if label else ('nothing|empty',))
    add(desk, person, 'holding', worded(desk, 'holding'), words, expected, 'text')


def where_robot(desk: Desk, person: Person) -> None:
    """Where the robot is."""
    place = desk.situation.view.robot.place.replace('_', ' ')
    if place:
        words = line(desk, 'where_robot', x=place)
        add(
            desk,
            person,
            'where robot',
            worded(desk, 'where_robot'),
            words,
            Expected((place,)),
            'text',
        )


def day(desk: Desk, person: Person) -> None:
    """What time of day it is."""
    part = day_part(desk.situation.view.hour)
    words = line(desk, 'day_part', day=part)
    add(
        desk,
        person,
        'time of day',
        worded(desk, 'day_part'),
        words,
        Expected((part,)),
        'text',
    )


def if_fell(desk: Desk, person: Person) -> None:
    """What would happen if a thing fell, or got wet."""
    rng, told = desk.voice.rng, wordings()
    table = rng.choice(['falls', 'spills'])
    kinds = {label: kind for kind, labels in told[table].items() for label in labels}
    things = [t.label for t in desk.situation.view.things if t.label in kinds]
    if not things:
        return
    label = rng.choice(things)
    question, kind = 'if_fell' if table == 'falls' else 'if_spilt', kinds[label]
    pattern = {
        'breaks': r'(?<!not )break', 'soft': 'not break', 'bruises': 'bruise',
        'damaged': 'damage', 'soaked': 'wet', 'fine': 'fine|wiped',
    }[kind]  # fmt: skip
    words = line(desk, question, kind, y=label)
    asked = worded(desk, question, y=label)
    add(desk, person, 'what if', asked, words, Expected((pattern,)), 'text')
