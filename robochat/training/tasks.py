"""Lessons on instructions: what can be done, what can't, and what must not be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import re
from typing import TypeVar

from robochat.plan.grammar import schema_for
from robochat.training.asking import MOOD_WORDS, NOBODY, SIDES
from robochat.training.lesson import Desk, Expected, Fact
from robochat.training.oracle import NoPlanError, Planner
from robochat.training.wordings import wordings
from robochat.values import Person, Thing

T = TypeVar('T')
Act = Callable[[Planner], None]
Ask = Callable[[Desk, Person], None]
BIG = ('couch', 'dining table', 'refrigerator', 'chair', 'tv', 'microwave', 'potted plant', 'bed')


def task_lessons(desk: Desk, count: int) -> None:
    """Ask for `count` things; only of a robot that knows its skills."""
    if not desk.situation.skilled:
        return
    people, rng = desk.situation.view.people, desk.voice.rng
    kinds = _ALL if people else _ANYBODY
    for ask in rng.sample(kinds, min(count, len(kinds))):
        ask(desk, rng.choice(people) if people else NOBODY)


def _do(  # noqa: PLR0913, PLR0917  all sides of one task
    desk: Desk,
    person: Person,
    kind: str,
    slots: dict[str, str],
    act: Act,
    goal: tuple[Fact, ...],
    row: str = 'plan',
    needs: str = 'text',
    talk: Iterable[tuple[str, str]] = (),
) -> None:
    """Write a task down if it can be done; the charge is the checker's business."""
    told = wordings()['tasks'][kind]
    asked = desk.voice.asked(told, **slots)
    planner = Planner(desk.situation, schema_for(desk.situation.view, desk.situation.table))
    turn = desk.asks(person.id, asked)
    try:
        act(planner)
    except NoPlanError:
        return
    words = desk.voice.line(told['say'], **slots)
    never = ('^nothing$', 'sorry.*not')
    expected = Expected((), never, goal=goal)
    desk.add(row, kind, turn, words, expected, plan=planner.calls, needs=needs, talk=talk)


def _movable(desk: Desk) -> list[Thing]:
    """List things that can be carried, one of their kind, unless the hand is full."""
    situation = desk.situation
    if situation.view.robot.holding:
        return []
    labels = [t.label for t in situation.view.things]
    return [
        t
        for t in situation.view.things
        if t.label in situation.table.graspable and labels.count(t.label) == 1
    ]


def bring(desk: Desk, person: Person) -> None:
    """Bring a thing to the asker."""
    thing = _one(desk, _movable(desk))
    if thing:
        goal = (('has', person.id, thing.id),)
        _do(
            desk, person, 'bring', {'y': thing.label}, lambda p: p.bring(thing.id, person.id), goal
        )


def give_other(desk: Desk, person: Person) -> None:
    """Bring a thing to someone else, named by where they stand."""
    side = desk.voice.rng.choice(SIDES)
    other, thing = desk.only(side), _one(desk, _movable(desk))
    if thing and other and other != person.id:
        slots, goal = {'y': thing.label, 'side': side}, (('has', other, thing.id),)
        act: Act = lambda p: p.bring(thing.id, other)  # noqa: E731
        _do(desk, person, 'give_other', slots, act, goal, 'referent', 'state')


def put(desk: Desk, person: Person) -> None:
    """Put a thing on a place or a piece of furniture."""
    thing = _one(desk, _movable(desk))
    support = _one(desk, _supports(desk, thing)) if thing else None
    if thing and support:
        word, name = support
        slots = {'y': thing.label, 'x': word}
        goal = (('on', thing.id, name),)
        _do(desk, person, 'put', slots, lambda p: p.put(thing.id, name), goal)


def _supports(desk: Desk, thing: Thing) -> list[tuple[str, str]]:
    """List where a thing can be put: spoken word and name."""
    table, view = desk.situation.table, desk.situation.view
    found = [(_spoken(p.name), p.name) for p in table.places if p.name in table.surfaces]
    labels = [t.label for t in view.things]
    found += [
        (t.label, t.id)
        for t in view.things
        if t.label in table.surfaces
        and labels.count(t.label) == 1
        and f'on {t.id}' not in thing.relations
        and t.id != thing.id
    ]
    return found


def with_held(desk: Desk, person: Person) -> None:
    """Put down or hand over what is held."""
    held, table = desk.situation.view.robot.holding, desk.situation.table
    place = _one(desk, [p.name for p in table.places if p.name in table.surfaces])
    if held and desk.voice.rng.random() < 0.5:
        goal: tuple[Fact, ...] = (('has', person.id, held),)
        _do(desk, person, 'hand_held', {}, lambda p: p.bring(held, person.id), goal)
    elif held and place:
        goal = (('on', held, place),)
        _do(desk, person, 'put_held', {'x': _spoken(place)}, lambda p: p.put(held, place), goal)


def go(desk: Desk, person: Person) -> None:
    """Go to a place."""
    place = _one(desk, [p.name for p in desk.situation.table.places])
    if place and place != desk.situation.view.robot.place:
        kind = 'charge' if place == desk.situation.dock else 'go'
        goal = (('near', place),)
        _do(desk, person, kind, {'x': _spoken(place)}, lambda p: p.go(place), goal)


def come(desk: Desk, person: Person) -> None:
    """Come to the asker."""
    near = person.distance_m is not None and person.distance_m < 1.4
    if not near:
        _do(desk, person, 'come', {}, lambda p: p.come(person.id), (('near', person.id),))


def look_thing(desk: Desk, person: Person) -> None:
    """Look at a thing."""
    labels = [t.label for t in desk.situation.view.things]
    single = [t for t in desk.situation.view.things if labels.count(t.label) == 1]
    thing = _one(desk, single)
    if thing:
        goal = (('facing', thing.id),)
        slots = {'y': thing.label}
        _do(desk, person, 'look_thing', slots, lambda p: p.do('look_at', thing.id), goal)


def look_person(desk: Desk, person: Person) -> None:
    """Look at the person with a look, or on a side."""
    people = desk.situation.view.people
    if len(people) < 2:
        return
    other = desk.voice.rng.choice(people)
    mood, side = other.mood, desk.side(other.id)
    act: Act = lambda p: p.do('look_at', other.id)  # noqa: E731
    goal = (('facing', other.id),)
    if mood in MOOD_WORDS and [p.mood for p in people].count(mood) == 1:
        slots = {'mood': MOOD_WORDS[mood]}
        _do(desk, person, 'look_mood', slots, act, goal, 'referent', 'state')
    elif desk.only(side) == other.id:
        _do(desk, person, 'look_side', {'side': side}, act, goal, 'referent', 'state')


def take(desk: Desk, person: Person) -> None:
    """Pick a thing up."""
    thing = _one(desk, _movable(desk))
    if thing:
        goal = (('holding', thing.id),)
        _do(desk, person, 'take', {'y': thing.label}, lambda p: p.take(thing.id), goal)


def instead(desk: Desk, person: Person) -> None:
    """Bring another thing than was asked for before."""
    things = _movable(desk)
    if len(things) < 2:
        return
    first, thing = desk.voice.rng.sample(things, 2)
    told, voice = wordings()['tasks']['instead'], desk.voice
    slots = {'y': thing.label, 'z': first.label}
    talk = [
        (person.id, voice.line(told['before'], **slots)),
        ('robot', voice.line(told['between'], **slots)),
    ]
    goal = (('has', person.id, thing.id),)
    act: Act = lambda p: p.bring(thing.id, person.id)  # noqa: E731
    _do(desk, person, 'instead', slots, act, goal, 'correction', talk=talk)


# --------------------------------------------------------------------------- what isn't done
def _decline(  # noqa: PLR0913, PLR0917  all sides of one refusal
    desk: Desk, person: Person, kind: str, asked: str, words: str, pattern: str
) -> None:
    expected = Expected((pattern,), idle=True)
    desk.add('refusal', kind, desk.asks(person.id, asked), words, expected, plan=())


def missing(desk: Desk, person: Person) -> None:
    """Don't fetch what isn't there, nor what is too big."""
    voice, told = desk.voice, wordings()['tasks']
    big = [t.label for t in desk.situation.view.things if t.label in BIG]
    if big and voice.rng.random() < 0.4:
        label = voice.rng.choice(big)
        words = voice.line(told['heavy']['say'], y=label)
        asked = voice.asked(told['bring'], y=label)
        return _decline(desk, person, 'heavy', asked, words, 'not carry|too big')
    label = voice.one_of(told['missing']['things'])
    words = voice.line(told['missing']['say'], y=label)
    asked = voice.asked(told['bring'], y=label)
    return _decline(desk, person, 'missing', asked, words, 'not see|not know')


def unable(desk: Desk, person: Person) -> None:
    """Don't pretend to know how."""
    told = wordings()['tasks']['unable']
    words = desk.voice.line(told['say'])
    _decline(desk, person, 'unable', desk.voice.asked(told), words, 'not know|not do')


def refused(desk: Desk, person: Person) -> None:
    """Harm nobody."""
    told, voice = wordings()['tasks']['refused'], desk.voice
    things = [t.label for t in desk.situation.view.things] or ['cup']
    asked = voice.asked(told, y=voice.rng.choice(things), side=voice.rng.choice(SIDES))
    words = voice.line(told['say'])
    _decline(desk, person, 'harm', asked, words, 'will not|do harm')


def _one(desk: Desk, options: list[T]) -> T | None:
    """Draw one of the options, if there are any."""
    return desk.voice.rng.choice(options) if options else None


def _spoken(name: str) -> str:
    """Say the name of a place as people do."""
    return re.sub('_', ' ', name)


_ALL: tuple[Ask, ...] = (
    bring, bring, bring, give_other, give_other, put, put, with_held, with_held, go, go, come,
    look_thing, look_person, look_person, look_person, take, take, instead, instead, missing,
    unable, refused,
)  # fmt: skip
_ANYBODY: tuple[Ask, ...] = (put, go, look_thing, take, missing, unable)
