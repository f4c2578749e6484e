"""The skill table: what the robot can do, as its skill file declares it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import math
import re

from robochat.plan.predicates import Predicate

REFERENTS = ('place', 'person', 'thing')
KINDS = (*REFERENTS, 'text', 'number', 'choice')
ON_FAILURE = ('fail', 'continue', 'replan', 'ask')
DECIMAL = re.compile(r'[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})(e[+-]?\d{1,2})?', re.ASCII)


@dataclass(frozen=True)
class Parameter:
    """One typed argument of a skill.

    `kinds` has one entry, or several of place, person and thing. `values` are the words of a
    choice, or the few numbers or sentences that are offered to a model that can't be trusted to
    write its own. `low` and `high` bound a number in `unit`, `max_chars` a text.
    """

    name: str
    kinds: tuple[str, ...]
    text: str = ''
    unit: str = ''
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    max_chars: int = 0

    @property
    def is_referent(self) -> bool:
        """Tell whether the argument names something in the world."""
        return self.kinds[0] in REFERENTS

    @property
    def allows(self) -> str:
        """Say what the argument may be."""
        kind = self.kinds[0]
        if kind == 'choice':
            return f'one of {", ".join(self.values)}'
        if kind == 'number':
            return f'a number {_bounds(self.low, self.high)} {self.unit}'.rstrip()
        if kind == 'text':
            return f'1 to {self.max_chars} characters'
        return f'a known {" or ".join(self.kinds)}'

    def problem(self, value: str) -> str:
        """Say what is wrong with an argument; whether a referent is known isn't judged here."""
        kind = self.kinds[0]
        if kind == 'text':
            return '' if 0 < len(value) <= self.max_chars else f'has {len(value)} characters'
        if kind == 'choice':
            return '' if value in self.values else 'is not among the choices'
        if kind == 'number':
            return self._problem_of_number(as_number(value))
        return ''

    def _problem_of_number(self, number: float | None) -> str:
        """Judge a number by the range."""
        if number is None:
            return 'is not a number'
        below = self.low is not None and number < self.low
        above = self.high is not None and number > self.high
        return 'is out of range' if below or above else ''


def as_number(text: str) -> float | None:
    """Read a finite decimal number; None for anything else, `1_0` and `0x1` included."""
    return float(text) if DECIMAL.fullmatch(text) else None


def _bounds(low: float | None, high: float | None) -> str:
    """Write a range that may be open."""
    if low is None and high is None:
        return 'that is finite'
    return f'from {-math.inf if low is None else low:g} to {math.inf if high is None else high:g}'


@dataclass(frozen=True)
class RosTarget:
    """What carries a skill out: `interface` is action, service or topic.

    `fields` map fields of the goal, request or message, dots going inward, to templates over the
    arguments such as `{text}`. Without fields, an action gets the whole step.
    """

    interface: str
    name: str
    type: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Skill:
    """One thing the robot can do; `per_plan` and `same_call` say how often, 0 without bound."""

    name: str
    text: str
    parameters: tuple[Parameter, ...]
    preconditions: tuple[Predicate, ...]
    effects: tuple[Predicate, ...]
    ros: RosTarget
    per_plan: int = 0
    same_call: int = 0
    timeout_sec: float = 30.0
    retry_budget: int = 0
    on_failure: str = 'fail'

    @property
    def signature(self) -> str:
        """Write name and parameters: `place(object: thing, target: place|thing)`."""
        inner = ', '.join(f'{p.name}: {"|".join(p.kinds)}' for p in self.parameters)
        return f'{self.name}({inner})'


@dataclass(frozen=True)
class PlaceOnMap:
    """A place the robot can go to; things with one of `things` as label belong to it.

    The pose is in the map frame: metres, and radians counter-clockwise from x; None where the
    skill server knows the place by name.
    """

    name: str
    things: tuple[str, ...] = ()
    x_m: float | None = None
    y_m: float | None = None
    yaw_rad: float | None = None


@dataclass(frozen=True)
class SkillTable:
    """All skills and places of one file."""

    skills: tuple[Skill, ...]
    places: tuple[PlaceOnMap, ...] = ()
    graspable: frozenset[str] = frozenset()
    surfaces: frozenset[str] = frozenset()
    low_battery: float = 0.1

    def skill(self, name: str) -> Skill | None:
        """Return the skill with this name, or None."""
        return next((s for s in self.skills if s.name == name), None)

    def place(self, name: str) -> PlaceOnMap | None:
        """Return the place with this name, or None."""
        return next((p for p in self.places if p.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the skills, in the order of the file."""
        return tuple(s.name for s in self.skills)

    def described(self) -> Iterator[str]:
        """Write each skill on a line, for a model to read."""
        for skill in self.skills:
            yield f'{skill.signature}: {skill.text}'
