"""The small closed language of preconditions and effects.

Method: STRIPS (Fikes and Nilsson 1971). A precondition must hold, or with `not` mustn't, before a
step; an effect is what the step makes true or, with `not`, untrue. All else stays as it was. An
argument is a parameter of the skill or a declared place.

| predicate | holds when | as an effect |
|---|---|---|
| `known(x)` | the newest view has the person or thing; a place is declared | |
| `visible(x)` | the camera sees the person or thing now | |
| `graspable(x)` | the thing's label is among the file's `graspable` | |
| `surface(x)` | the place or the thing's label is among the file's `surfaces` | |
| `charged` | the battery isn't reported below the file's `low_battery` | `charged` |
| `near(x)` | the robot is at x, holds it, or is at what x stands on or belongs to | one x only |
| `facing(x)` | the robot looks at x | one x only |
| `holding(x)` | the gripper has x | x is taken from where it was |
| `hand_empty` | the gripper has nothing | lets go of everything |
| `on(x, y)` | the thing x stands on y | |
| `has(p, x)` | the robot gave x to person p | |

What this doesn't do: predict what the camera will see. `known` and `visible` stay as they are
while a plan is simulated, and are asked again before each step when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import difflib
import re

Fact = tuple[str, ...]

ANYTHING = frozenset(('place', 'person', 'thing'))
SEEN = frozenset(('person', 'thing'))
THING = frozenset(('thing',))
PERSON = frozenset(('person',))
SUPPORT = frozenset(('place', 'thing'))

_FORM = re.compile(r'(not\s+)?([a-z_]+)\s*(?:\(\s*([^()]*?)\s*\))?')


class PredicateError(ValueError):
    """A predicate can't be read; the message says what is allowed."""


@dataclass(frozen=True)
class Signature:
    """What a predicate takes, by position, and whether a step can bring it about."""

    takes: tuple[frozenset[str], ...]
    is_effect: bool

    def written(self, name: str) -> str:
        """Write the predicate as it is declared: `has(person, thing)`."""
        takes = ', '.join('|'.join(sorted(kinds)) for kinds in self.takes)
        return f'{name}({takes})' if takes else name


SIGNATURES: Mapping[str, Signature] = {
    'known': Signature((ANYTHING,), False),
    'visible': Signature((SEEN,), False),
    'graspable': Signature((THING,), False),
    'surface': Signature((SUPPORT,), False),
    'charged': Signature((), True),
    'near': Signature((ANYTHING,), True),
    'facing': Signature((ANYTHING,), True),
    'holding': Signature((THING,), True),
    'hand_empty': Signature((), True),
    'on': Signature((THING, SUPPORT), True),
    'has': Signature((PERSON, THING), True),
}


@dataclass(frozen=True)
class Predicate:
    """One predicate over a skill's parameters and declared places."""

    name: str
    arguments: tuple[str, ...] = ()
    negated: bool = False

    def bind(self, values: Mapping[str, str]) -> Fact:
        """Put the arguments of a step in place of the parameters; the sign stays in `negated`."""
        return (self.name, *(values.get(name, name) for name in self.arguments))

    def __str__(self) -> str:
        """Write it as in the skill file."""
        return ('not ' if self.negated else '') + written((self.name, *self.arguments))


def written(fact: Fact) -> str:
    """Write a fact as in the skill file: `near(table)`."""
    return f'{fact[0]}({", ".join(fact[1:])})' if fact[1:] else fact[0]


def allowed(effects: bool) -> str:
    """List the predicates that may stand among the preconditions, or the effects."""
    forms = (s.written(n) for n, s in SIGNATURES.items() if s.is_effect or not effects)
    return ', '.join(forms)


def parse_predicate(
    text: str, kinds: Mapping[str, frozenset[str]], places: frozenset[str], *, effect: bool
) -> Predicate:
    """Read one predicate; `kinds` maps each parameter to what it may be.

    Raises PredicateError when it isn't in the language or doesn't fit the parameters.
    """
    match = _FORM.fullmatch(text.strip())
    if text.count('(') != text.count(')'):
        raise PredicateError('the comma ends the entry in YAML: put the whole of it in quotes')
    if match is None:
        raise PredicateError('must look like name, name(parameter) or not name(parameter)')
    name = match[2]
    arguments = tuple(a.strip() for a in match[3].split(',')) if match[3] else ()
    signature = _signature(name, effect)
    if len(arguments) != len(signature.takes):
        raise PredicateError(f'must be written {signature.written(name)}')
    for argument, takes in zip(arguments, signature.takes, strict=True):
        _judge(argument, takes, kinds, places)
    return Predicate(name, arguments, bool(match[1]))


def _signature(name: str, effect: bool) -> Signature:
    """Look a predicate up; raise PredicateError where it isn't allowed."""
    signature = SIGNATURES.get(name)
    if signature is None:
        near = difflib.get_close_matches(name, SIGNATURES, n=1)
        hint = f'; did you mean {near[0]}?' if near else ''
        raise PredicateError(f'no predicate is called {name}{hint}')
    if effect and not signature.is_effect:
        raise PredicateError(f'no step can bring {name} about')
    return signature


def _judge(
    argument: str,
    takes: frozenset[str],
    kinds: Mapping[str, frozenset[str]],
    places: frozenset[str],
) -> None:
    """Raise PredicateError unless the argument is a parameter of a fitting kind or a place."""
    if argument in kinds:
        unfit = sorted(kinds[argument] - takes)
        if unfit:
            wanted = '|'.join(sorted(takes))
            raise PredicateError(f'{argument} may be a {unfit[0]}, here it must be {wanted}')
    elif argument not in places or 'place' not in takes:
        names = ', '.join(sorted(kinds)) or 'none'
        raise PredicateError(f'{argument!r} is neither a parameter ({names}) nor a fitting place')
