"""The steps that a model may write next, so that what it writes can run.

Method: as affordances score a language model's skills in SayCan (Ahn et al. 2022, arXiv
2204.01691), only with yes or no: a skill is offered with an argument when its preconditions hold
after the steps written so far, its limits allow it, and it would change something.

A server with structured output gets the same vocabulary as a JSON schema, which can't follow the
state; the checker then does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import itertools
from typing import Any

from robochat.plan.checker import completed, shown, step_problem
from robochat.plan.predicates import SIGNATURES
from robochat.plan.state import PlanState, Referent, state_from
from robochat.plan.table import Parameter, Skill, SkillTable
from robochat.values import PlanStep, WorldView

MAX_CANDIDATES = 60
MAX_REFERENTS = 12
MAX_CALL_CHARS = 400
ALL = frozenset(SIGNATURES)
LASTING = frozenset(('known', 'graspable', 'surface'))


class CallError(ValueError):
    """A call that a model wrote can't be read; the message says what is allowed."""


@dataclass(frozen=True)
class ReplySchema:
    """What an answer may be: words, and steps over the skills of `table` from `state` on.

    `referents` are the names in the model's sentence, the most relevant first. Without `want_plan`
    there are no steps.
    """

    max_words: int
    referents: tuple[str, ...]
    want_plan: bool
    table: SkillTable
    state: PlanState
    max_steps: int

    def next_steps(self, steps: tuple[PlanStep, ...] = ()) -> tuple[PlanStep, ...]:
        """List the steps that may follow, at most 60, the most relevant of each skill first.

        Texts are left out where the skill file offers no fixed ones.
        """
        if not self.want_plan or len(steps) >= self.max_steps:
            return ()
        state = self.after(steps)
        if state is None:
            return ()
        groups = [
            list(itertools.islice(self._offers(skill, steps, state), MAX_CANDIDATES))
            for skill in self.table.skills
        ]
        return tuple(_fair(groups, MAX_CANDIDATES))

    def after(self, steps: Sequence[PlanStep]) -> PlanState | None:
        """Simulate the steps; None when one of them can't be."""
        state = self.state
        for number, step in enumerate(steps):
            if step_problem(step, steps[:number], state, self.table):
                return None
            state = state.apply(step, self.table)
        return state

    def _offers(
        self, skill: Skill, steps: Sequence[PlanStep], state: PlanState
    ) -> Iterator[PlanStep]:
        """Yield the possible calls of one skill that would change something."""
        choices = [self._values(p, skill, state) for p in skill.parameters]
        for values in itertools.product(*choices):
            step = step_of(skill, values, len(steps) + 1, self.table)
            possible = not step_problem(step, steps, state, self.table)
            if possible and not (skill.effects and state.apply(step, self.table) == state):
                yield step

    def _values(self, parameter: Parameter, skill: Skill, state: PlanState) -> tuple[str, ...]:
        """List the values worth trying for a parameter."""
        if not parameter.is_referent:
            return parameter.values
        fits = [r for r in state.referents if _fits(r, parameter, skill, state, ALL)]
        return most_relevant(fits, self.referents, state)

    def json_schema(self) -> dict[str, Any]:
        """Return a JSON schema (2020-12) of `{"say": ..., "plan": [{"skill", "arguments"}]}`."""
        properties: dict[str, Any] = {
            'say': {'type': 'string', 'minLength': 1, 'maxLength': self.max_words * 8}
        }
        if self.want_plan:
            steps = [s for skill in self.table.skills if (s := self._step_schema(skill))]
            plan: dict[str, Any] = {'type': 'array', 'maxItems': self.max_steps if steps else 0}
            if steps:
                plan['items'] = {'anyOf': steps}
            properties['plan'] = plan
        return _closed(properties)

    def _step_schema(self, skill: Skill) -> dict[str, Any]:
        """Return the schema of one skill's calls; empty when an argument has no possible value."""
        arguments = {p.name: self._argument_schema(p, skill) for p in skill.parameters}
        if not all(arguments.values()):
            return {}
        return _closed({'skill': {'const': skill.name}, 'arguments': _closed(arguments)})

    def _argument_schema(self, parameter: Parameter, skill: Skill) -> dict[str, Any]:
        """Return the schema of an argument; empty when nothing fits."""
        kind = parameter.kinds[0]
        if kind == 'text':
            return {'type': 'string', 'minLength': 1, 'maxLength': parameter.max_chars}
        if kind == 'number':
            bounds = {'minimum': parameter.low, 'maximum': parameter.high}
            return {'type': 'number', **{k: v for k, v in bounds.items() if v is not None}}
        if kind == 'choice':
            return {'enum': list(parameter.values)}
        able = (r for r in self.state.referents if _fits(r, parameter, skill, self.state, LASTING))
        names = most_relevant(list(able), self.referents, self.state)
        return {'enum': list(names)} if names else {}

    def parse_call(self, text: str) -> PlanStep:
        """Read `pick(cup_1)`; a label or a person's name will do where only one has it.

        Raises CallError when it isn't a call of a known skill with as many arguments. Whether the
        step is possible is for the checker.
        """
        name, values = _split_call(text)
        skill = self.table.skill(name)
        if skill is None:
            known = ', '.join(self.table.names)
            raise CallError(f'{shown(name)!r}: no such skill; known: {known}')
        values = _fitted(values, skill)
        resolved = [self._resolved(v, p) for v, p in zip(values, skill.parameters, strict=True)]
        return step_of(skill, resolved, 0, self.table)

    def parse_step(self, item: Mapping[str, Any]) -> PlanStep:
        """Read `{"skill": ..., "arguments": {...}}`, an item of the schema's plan.

        Raises CallError as `parse_call` does.
        """
        name, given = item.get('skill'), item.get('arguments', {})
        skill = self.table.skill(name) if isinstance(name, str) else None
        if skill is None:
            known = ', '.join(self.table.names)
            raise CallError(f'{shown(str(name))!r}: no such skill; known: {known}')
        if not isinstance(given, Mapping) or set(given) != {p.name for p in skill.parameters}:
            raise CallError(f'{skill.name}: arguments must be those of {skill.signature}')
        values = [self._resolved(_plain(given[p.name]), p) for p in skill.parameters]
        return step_of(skill, values, 0, self.table)

    def _resolved(self, word: str, parameter: Parameter) -> str:
        """Turn a label into the name of the only referent that has it."""
        if not parameter.is_referent:
            return word
        referent = self.state.named(word.strip('<>'), parameter.kinds)
        return referent.name if referent else word


def schema_for(  # noqa: PLR0913  all but two have defaults and are named
    view: WorldView,
    table: SkillTable,
    *,
    want_plan: bool = True,
    max_words: int = 28,
    max_steps: int = 6,
    referents: tuple[str, ...] = (),
) -> ReplySchema:
    """Make the schema of an answer from the newest view."""
    state = state_from(view, table)
    return ReplySchema(max_words, referents, want_plan, table, state, max_steps)


def step_of(skill: Skill, values: Sequence[str], number: int, table: SkillTable) -> PlanStep:
    """Make a step with the skill's own policy; number 0 leaves the id to the checker."""
    names = (p.name for p in skill.parameters)
    arguments = tuple(zip(names, values, strict=True))
    step = PlanStep(
        skill.name,
        arguments,
        on_failure=skill.on_failure,
        retry_budget=skill.retry_budget,
        timeout_sec=skill.timeout_sec,
    )
    return completed(step, number, table) if number else step


def _fits(
    referent: Referent, parameter: Parameter, skill: Skill, state: PlanState, asked: frozenset[str]
) -> bool:
    """Tell whether the preconditions of these names about this parameter alone hold."""
    if referent.kind not in parameter.kinds:
        return False
    alone = (
        p for p in skill.preconditions if p.arguments == (parameter.name,) and p.name in asked
    )
    return all(state.holds(p.bind({parameter.name: referent.name})) != p.negated for p in alone)


def most_relevant(
    referents: Sequence[Referent], named: Sequence[str], state: PlanState
) -> tuple[str, ...]:
    """Keep the dozen most relevant of each kind: held, in the sentence, at hand, visible."""
    rank = {name: place for place, name in enumerate(named)}

    def weight(referent: Referent) -> tuple[bool, int, bool, bool]:
        name = referent.name
        return (
            name != state.held,
            rank.get(name, len(rank)),
            not state.holds(('near', name)),
            not referent.visible,
        )

    ordered = sorted(referents, key=weight)
    kept: list[str] = []
    for kind in ('person', 'place', 'thing'):
        kept += [r.name for r in ordered if r.kind == kind][:MAX_REFERENTS]
    return tuple(r.name for r in ordered if r.name in kept)


def _fair(groups: Sequence[Sequence[PlanStep]], limit: int) -> Iterator[PlanStep]:
    """Yield what the skills offer, trimming the longest lists first when there is too much."""
    longest = max(map(len, groups), default=0)
    while sum(min(len(g), longest) for g in groups) > limit:
        longest -= 1
    for group in groups:
        yield from group[:longest]


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    """Write an object schema with exactly these properties."""
    return {
        'type': 'object',
        'properties': properties,
        'required': list(properties),
        'additionalProperties': False,
    }


def _split_call(text: str) -> tuple[str, list[str]]:
    """Split `name(a, b)` into its name and arguments."""
    call = text.strip()
    name, opened, rest = call.partition('(')
    if len(call) > MAX_CALL_CHARS or not opened or not rest.endswith(')'):
        raise CallError(f'{shown(call)!r}: must look like skill(argument, argument)')
    inner = rest[:-1].strip()
    return name.strip(), [part.strip() for part in inner.split(',')] if inner else []


def _fitted(values: list[str], skill: Skill) -> list[str]:
    """Join what commas inside a last text have parted, and drop quotes and `name=`."""
    count = len(skill.parameters)
    if count and len(values) > count and skill.parameters[-1].kinds == ('text',):
        values = [*values[: count - 1], ', '.join(values[count - 1 :])]
    if len(values) != count:
        raise CallError(f'{skill.name}: {len(values)} arguments; must be {skill.signature}')
    return [_bare(v, p.name) for v, p in zip(values, skill.parameters, strict=True)]


def _bare(value: str, name: str) -> str:
    """Drop `name=` before a value and quotes around it."""
    value = value.removeprefix(f'{name}=').strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in '\'"'
    return value[1:-1] if quoted else value


def _plain(value: Any) -> str:
    """Write a JSON scalar as an argument."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ''
    return f'{value:g}' if isinstance(value, float) else str(value)
