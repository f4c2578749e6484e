"""Lessons on instructions: what can be done, what can't, and what must not be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import re
from typing import TypeVar

from robochat.plan.goals import aims, Goal
from robochat.plan.grammar import step_of
from robochat.plan.predicates import Fact
from robochat.training.asking import MOOD_WORDS, NOBODY, SIDES
from robochat.training.lesson import Desk, Expected
from robochat.training.wordings import extra_skills, wordings
from robochat.values import Person, Thing

T = TypeVar('T')
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


def _do(  # noqa: PLR0913  all sides of one task
    desk: Desk,
    person: Person,
    kind: str,
    slots: dict[str, str],
    goal: Fact,
    *,
    row: str = 'plan',
    needs: str = 'text',
    talk: Iterable[tuple[str, str]] = (),
) -> None:
    """Write a task down if it can be done, and a refusal where no skill is for it."""
    told = wordings()['tasks'][kind]
    asked = desk.voice.asked(told, **slots)
    if not any(a.name == goal[0] for s in desk.situation.table.skills for a in aims(s)):
        return _unable(desk, person, asked)
    goals = desk.worth(goal)
    if not goals:
        return None
    words = desk.voice.line(told['say'], **slots)
    expected = Expected((), ('^nothing$', 'sorry.*not'), goal=(goal,))
    turn = desk.asks(person.id, asked)
    return desk.add(row, kind, turn, words, expected, goals=goals, needs=needs, talk=talk)


def _movable(desk: Desk) -> list[Thing]:
    """List things that can be carried, one of their kind, unless the hand is full."""
    situation = desk.situation
    if situation.view.robot.holding:
        return []
    return [t for t in desk.singles if t.label in situation.table.graspable]


def bring(desk: Desk, person: Person) -> None:
    """Bring a thing to the asker."""
    thing = _one(desk, _movable(desk))
    if thing:
        _do(desk, person, 'bring', {'y': thing.label}, ('has', person.id, thing.id))


def give_other(desk: Desk, person: Person) -> None:
    """Bring a thing to someone else, named by where they stand."""
    side = desk.voice.rng.choice(SIDES)
    other, thing = desk.only(side), _one(desk, _movable(desk))
    if thing and other and other != person.id:
        slots, goal = {'y': thing.label, 'side': side}, ('has', other, thing.id)
        _do(desk, person, 'give_other', slots, goal, row='referent', needs='state')


def put(desk: Desk, person: Person) -> None:
    """Put a thing on a place or a piece of furniture."""
    thing = _one(desk, _movable(desk))
    support = _one(desk, _supports(desk, thing)) if thing else None
    if thing and support:
        word, name = support
        _do(desk, person, 'put', {'y': thing.label, 'x': word}, ('on', thing.id, name))


def _supports(desk: Desk, thing: Thing) -> list[tuple[str, str]]:
    """List where a thing can be put: spoken word and name."""
    table = desk.situation.table
    found = [(_spoken(p.name), p.name) for p in table.places if p.name in table.surfaces]
    found += [
        (t.label, t.id)
        for t in desk.singles
        if t.label in table.surfaces and f'on {t.id}' not in thing.relations and t.id != thing.id
    ]
    return found


def with_held(desk: Desk, person: Person) -> None:
    """Put down or hand over what is held."""
    held, table = desk.situation.view.robot.holding, desk.situation.table
    place = _one(desk, [p.name for p in table.places if p.name in table.surfaces])
    if held and desk.voice.rng.random() < 0.5:
        _do(desk, person, 'hand_held', {}, ('has', person.id, held))
    elif held and place:
        _do(desk, person, 'put_held', {'x': _spoken(place)}, ('on', held, place))


def go(desk: Desk, person: Person) -> None:
    """Go to a place."""
    place = _one(desk, [p.name for p in desk.situation.table.places])
    if place and place != desk.situation.view.robot.place:
        kind = 'charge' if place == desk.situation.dock else 'go'
        _do(desk, person, kind, {'x': _spoken(place)}, ('near', place))


def come(desk: Desk, person: Person) -> None:
    """Come to the asker."""
    near = person.distance_m is not None and person.distance_m < 1.4
    if not near:
        _do(desk, person, 'come', {}, ('near', person.id))


def look_thing(desk: Desk, person: Person) -> None:
    """Look at a thing."""
    thing = _one(desk, desk.singles)
    if thing:
        _do(desk, person, 'look_thing', {'y': thing.label}, ('facing', thing.id))


def look_person(desk: Desk, person: Person) -> None:
    """Look at the person with a look, or on a side."""
    people = desk.situation.view.people
    if len(people) < 2:
        return
    other = desk.voice.rng.choice(people)
    mood, side = other.mood, desk.side(other.id)
    goal = ('facing', other.id)
    if mood in MOOD_WORDS and [p.mood for p in people].count(mood) == 1:
        slots = {'mood': MOOD_WORDS[mood]}
        _do(desk, person, 'look_mood', slots, goal, row='referent', needs='state')
    elif desk.only(side) == other.id:
        _do(desk, person, 'look_side', {'side': side}, goal, row='referent', needs='state')


def take(desk: Desk, person: Person) -> None:
    """Pick a thing up."""
    thing = _one(desk, _movable(desk))
    if thing:
        _do(desk, person, 'take', {'y': thing.label}, ('holding', thing.id))


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
    goal = ('has', person.id, thing.id)
    _do(desk, person, 'instead', slots, goal, row='correction', talk=talk)


def extra(desk: Desk, person: Person) -> None:
    """Ask for a skill that only this robot has, which must be read in its list."""
    own = _one(desk, list(desk.situation.extras.items()))
    if own is None:
        return
    name, told = own
    word, argument = _argument(desk, told['takes'])
    skill = desk.situation.table.skill(name)
    if skill is None or (told['takes'] and not argument):
        return
    step = step_of(skill, (argument,) if argument else (), 0, desk.situation.table)
    asked = desk.voice.line(told['asks'], x=word, y=word)
    words = desk.voice.line(told['says'], x=word, y=word)
    expected = Expected((), ('^nothing$', 'sorry.*not'), call=step.call)
    goals = [step.call] if desk.steps_to(Goal(step=step)) else []
    if goals:
        desk.add('plan', 'extra skill', desk.asks(person.id, asked), words, expected, goals=goals)


def _argument(desk: Desk, takes: str) -> tuple[str, str]:
    """Choose what an extra skill is for: the spoken word and the name."""
    if takes == 'place':
        place = desk.voice.rng.choice(desk.situation.table.places).name
        return _spoken(place), place
    thing = _one(desk, desk.singles) if takes == 'thing' else None
    return (thing.label, thing.id) if thing else ('', '')


# --------------------------------------------------------------------------- what isn't done
def _decline(  # noqa: PLR0913, PLR0917  all sides of one refusal
    desk: Desk, person: Person, kind: str, asked: str, words: str, pattern: str
) -> None:
    expected = Expected((pattern,), idle=True)
    desk.add('refusal', kind, desk.asks(person.id, asked), words, expected, goals=())


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
    voice, table = desk.voice, desk.situation.table
    lacking = [s for s in extra_skills()[voice.split] if not any(map(table.skill, s['names']))]
    if voice.rng.random() < 0.5 and lacking:
        told = voice.rng.choice(lacking)
        word, _ = _argument(desk, told['takes'])
        if word or not told['takes']:
            return _unable(desk, person, voice.line(told['asks'], x=word, y=word))
    return _unable(desk, person, voice.asked(wordings()['tasks']['unable']))


def _unable(desk: Desk, person: Person, asked: str) -> None:
    words = desk.voice.line(wordings()['tasks']['unable']['say'])
    _decline(desk, person, 'unable', asked, words, 'not know|not do|can not')


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
    unable, unable, extra, extra, refused,
)  # fmt: skip
_ANYBODY: tuple[Ask, ...] = (put, go, look_thing, take, missing, unable, extra)
