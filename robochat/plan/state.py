"""What a plan may rely on: the world as facts, and what each step makes of them.

The predicates and their meaning stand in `robochat.plan.predicates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
import re

from robochat.plan.predicates import Fact, Predicate
from robochat.plan.table import SkillTable
from robochat.values import Person, PlanStep, RobotState, Thing, WorldView

NEAR_PERSON_M = 1.2
DEPTH = 3
WRITABLE = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_ .:-]{0,47}')


class StepError(ValueError):
    """A step names a skill that the table doesn't have."""


@dataclass(frozen=True)
class Referent:
    """Something an argument may name: a person's or thing's id, or a declared place."""

    name: str
    kind: str
    label: str
    visible: bool = False


@dataclass(frozen=True)
class PlanState:
    """Facts that hold, and the referents they are about; nothing else holds.

    `left` are people that were here lately, so that a refusal can say so.
    """

    referents: tuple[Referent, ...] = ()
    facts: frozenset[Fact] = frozenset()
    battery: float | None = None
    left: tuple[str, ...] = ()

    def referent(self, name: str) -> Referent | None:
        """Return the referent with this name, or None."""
        return next((r for r in self.referents if r.name == name), None)

    def named(self, word: str, kinds: Iterable[str]) -> Referent | None:
        """Find what a word means: a name, or a label that only one referent of the kinds has."""
        exact = self.referent(word)
        if exact is not None and exact.kind in kinds:
            return exact
        folded = word.casefold()
        alike = [r for r in self.referents if r.kind in kinds and r.label.casefold() == folded]
        return alike[0] if len(alike) == 1 else None

    def holds(self, fact: Fact) -> bool:
        """Tell whether a fact holds, derived ones included."""
        if fact[0] == 'hand_empty':
            return not self.held
        if fact[0] == 'near':
            return self._near(fact[1], DEPTH)
        return fact in self.facts

    def _near(self, name: str, depth: int) -> bool:
        """Tell whether the robot is at something, directly or through what it stands on."""
        if ('near', name) in self.facts or ('holding', name) in self.facts:
            return True
        return depth > 0 and any(self._near(base, depth - 1) for base in self.bases.get(name, ()))

    @cached_property
    def bases(self) -> dict[str, tuple[str, ...]]:
        """What each thing stands on or belongs to; kept, since it is asked for again and again."""
        bases: dict[str, tuple[str, ...]] = {}
        for fact in self.facts:
            if fact[0] in ('on', 'at'):
                bases[fact[1]] = (*bases.get(fact[1], ()), fact[2])
        return bases

    @property
    def held(self) -> str:
        """Name of what the robot holds, or an empty string."""
        return self._only('holding')

    @property
    def near(self) -> str:
        """Name of where the robot is, or an empty string."""
        return self._only('near')

    def _only(self, name: str) -> str:
        """Return the argument of the first fact with this name, in the order of names."""
        return min((f[1] for f in self.facts if f[0] == name), default='')

    def apply(self, step: PlanStep, table: SkillTable) -> PlanState:
        """Return the state after a step, its preconditions taken for granted.

        Raises StepError when the table doesn't have the skill.
        """
        skill = table.skill(step.skill)
        if skill is None:
            raise StepError(f'{step.skill}: no such skill; known: {", ".join(table.names)}')
        return self.after(skill.effects, dict(step.arguments))

    def after(self, effects: Iterable[Predicate], values: Mapping[str, str]) -> PlanState:
        """Return the state after effects with these arguments."""
        facts = self.facts
        for effect in effects:
            facts = _changed(facts, effect.bind(values), effect.negated)
        return replace(self, facts=facts)


def _changed(facts: frozenset[Fact], fact: Fact, negated: bool) -> frozenset[Fact]:
    """Make one fact true or untrue, with what that implies."""
    if fact[0] == 'hand_empty':
        return frozenset(f for f in facts if f[0] != 'holding')
    if negated:
        return facts - {fact}
    replaced = _REPLACES.get(fact[0], _nothing)
    return frozenset(f for f in facts if not replaced(f, fact)) | {fact}


def _nothing(old: Fact, new: Fact) -> bool:
    return False


def _same_name(old: Fact, new: Fact) -> bool:
    return old[0] == new[0]


def _elsewhere(old: Fact, new: Fact) -> bool:
    """What is taken is no longer where it was, nor with whom."""
    thing = new[1]
    return (old[0] in ('on', 'at', 'near') and old[1] == thing) or (
        old[0] == 'has' and old[2] == thing
    )


_REPLACES: Mapping[str, Callable[[Fact, Fact], bool]] = {
    'near': _same_name,
    'facing': _same_name,
    'holding': _elsewhere,
}


def state_from(view: WorldView, table: SkillTable) -> PlanState:
    """Make the facts that the newest view supports.

    Ids that can't be written in a call, which only other nodes could send, are left out.
    """
    referents = tuple(_distinct(_referents(view, table)))
    state = PlanState(referents, frozenset(), view.robot.battery, _left(view))
    facts = {f for r in referents for f in _facts_of(r, table)}
    facts |= {f for t in view.things for f in _facts_of_thing(t)}
    facts |= {('near', p.id) for p in view.people if _is_near(p)}
    facts |= set(_facts_of_robot(view.robot, state, table))
    return replace(state, facts=frozenset(facts))


def _referents(view: WorldView, table: SkillTable) -> Iterator[Referent]:
    """Yield places, people and things, and what the robot holds even where it isn't seen."""
    yield from (Referent(p.name, 'place', p.name) for p in table.places)
    yield from (Referent(p.id, 'person', p.name or 'person', p.visible) for p in view.people)
    yield from (Referent(t.id, 'thing', t.label, t.visible) for t in view.things)
    held = view.robot.holding
    if held and not any(held in (t.id, t.label) for t in view.things):
        yield Referent(held, 'thing', re.sub(r'_\d+$', '', held))


def _distinct(referents: Iterable[Referent]) -> Iterator[Referent]:
    """Yield the first of each name that can be written in a call."""
    seen: set[str] = set()
    for referent in referents:
        if referent.name not in seen and WRITABLE.fullmatch(referent.name):
            seen.add(referent.name)
            yield referent


def _facts_of(referent: Referent, table: SkillTable) -> Iterator[Fact]:
    """Yield what is so by being seen and by the skill file."""
    name = referent.name
    yield 'known', name
    if referent.visible:
        yield 'visible', name
    if referent.kind == 'thing' and referent.label in table.graspable:
        yield 'graspable', name
    if referent.kind != 'person' and referent.label in table.surfaces:
        yield 'surface', name
    if referent.kind == 'thing':
        yield from (('at', name, p.name) for p in table.places if referent.label in p.things)


def _facts_of_thing(thing: Thing) -> Iterator[Fact]:
    """Yield what a thing stands on."""
    for relation in thing.relations:
        word, _, base = relation.partition(' ')
        if word == 'on' and base:
            yield 'on', thing.id, base


def _is_near(person: Person) -> bool:
    return person.distance_m is not None and person.distance_m <= NEAR_PERSON_M


def _facts_of_robot(robot: RobotState, state: PlanState, table: SkillTable) -> Iterator[Fact]:
    """Yield what the robot reports of itself."""
    if robot.battery is None or robot.battery >= table.low_battery:
        yield ('charged',)
    if robot.place:
        place = state.named(robot.place, ('place', 'person', 'thing'))
        yield 'near', place.name if place else robot.place
    if robot.holding:
        thing = state.named(robot.holding, ('thing',))
        yield 'holding', thing.name if thing else robot.holding


def _left(view: WorldView) -> tuple[str, ...]:
    """List people that left lately and aren't back."""
    gone = (e.subject for e in view.events if e.kind == 'left' and not view.person(e.subject))
    return tuple(dict.fromkeys(gone))
