"""Goals, as a model names them, and the plans that reach them.

A model says what should be so, such as `has(person_1, cup_2)`; which steps make it so follows
from the preconditions and effects in the skill file, whatever the skills are called. Method: a
language model states the goal and a planner finds the plan, as in LLM+P (Liu et al. 2023, arXiv
2304.11477). The search is breadth first over the states that steps lead to: the shortest plan.

A skill without effects, such as one that plays music, is a goal of its own: its call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
import itertools

from robochat.plan.checker import completed, step_problem
from robochat.plan.grammar import most_relevant, ReplySchema, step_of
from robochat.plan.predicates import Fact, Predicate, written
from robochat.plan.state import DEPTH, PlanState
from robochat.plan.table import Parameter, Skill, SkillTable
from robochat.values import PlanStep

MAX_STATES = 2000
MAX_GOALS = 600
Steps = tuple[PlanStep, ...]


@dataclass(frozen=True)
class Goal:
    """What should be so: a fact, or that a step was made."""

    fact: Fact = ()
    step: PlanStep | None = None

    @property
    def text(self) -> str:
        """The goal as it is written: `on(cup_1, table)`, or `play_music()`."""
        return self.step.call if self.step is not None else written(self.fact)

    @property
    def names(self) -> tuple[str, ...]:
        """What it is about."""
        return tuple(v for _, v in self.step.arguments) if self.step else self.fact[1:]

    def is_reached(self, step: PlanStep, after: PlanState) -> bool:
        """Tell whether a step that led to a state was the last one needed."""
        return step.call == self.step.call if self.step else after.holds(self.fact)


def aims(skill: Skill) -> tuple[Predicate, ...]:
    """Return the effects of a skill that someone may want: what it makes true."""
    return tuple(e for e in skill.effects if not e.negated and e.name != 'hand_empty')


def goal_lines(table: SkillTable) -> tuple[str, ...]:
    """Tell what can be a goal, for a model to read: predicates in one line, other skills, places.

    `near(place|person|thing), has(person, thing)`, then lines such as `dance(): Dance to music`.
    """
    takes: dict[str, list[dict[str, None]]] = {}
    for skill in table.skills:
        kinds = {p.name: p.kinds for p in skill.parameters}
        for aim in aims(skill):
            known = takes.setdefault(aim.name, [{} for _ in aim.arguments])
            for merged, argument in zip(known, aim.arguments, strict=True):
                merged.update(dict.fromkeys(kinds.get(argument, ('place',))))
    facts = (f'{name}({", ".join(map("|".join, kinds))})' for name, kinds in takes.items())
    others = (
        f'{s.name}({", ".join(p.name for p in s.parameters)}): {s.text}'
        for s in table.skills
        if not aims(s) and all(p.is_referent or p.values for p in s.parameters)
    )
    places = f'Places: {", ".join(p.name for p in table.places) or "none"}'
    return (', '.join(facts) or 'nothing', *others, places)


def goals(schema: ReplySchema) -> Iterator[Goal]:
    """Yield at most 600 goals about what is known, whether they can be reached or not."""
    if not schema.want_plan:
        return iter(())
    return itertools.islice(dict.fromkeys(_goals(schema)), MAX_GOALS)


def _goals(schema: ReplySchema) -> Iterator[Goal]:
    for skill in schema.table.skills:
        for values in itertools.product(*(_values(p, schema) for p in skill.parameters)):
            bound = {p.name: v for p, v in zip(skill.parameters, values, strict=True)}
            if not aims(skill):
                yield Goal(step=step_of(skill, values, 0, schema.table))
            for aim in aims(skill):
                fact = aim.bind(bound)
                if len(set(fact)) == len(fact):
                    yield Goal(fact)


def _values(parameter: Parameter, schema: ReplySchema) -> tuple[str, ...]:
    """List what an argument may be."""
    if not parameter.is_referent:
        return parameter.values
    fits = [r for r in schema.state.referents if r.kind in parameter.kinds]
    return most_relevant(fits, schema.referents, schema.state)


def plan_for(goal: Goal, schema: ReplySchema, before: Steps = ()) -> Steps | None:
    """Find the fewest steps that reach a goal after others; none where it is reached already.

    Returns None where it can't be reached within the steps that a plan may have.
    """
    start = schema.after(before)
    if start is None:
        return None
    if goal.fact and start.holds(goal.fact):
        return ()
    skills = _useful(goal, schema.table)
    names = _about(goal, start)
    paths: list[tuple[Steps, PlanState]] = [(before, start)]
    seen = {start.facts}
    for steps, state in paths:  # grows while it is read
        if len(steps) >= schema.max_steps or len(seen) > MAX_STATES:
            continue
        for step in _steps(goal, skills, names, steps, state, schema.table):
            after = state.apply(step, schema.table)
            if goal.is_reached(step, after):
                return (*steps, step)[len(before) :]
            if after.facts not in seen:
                seen.add(after.facts)
                paths.append(((*steps, step), after))
    return None


def _steps(  # noqa: PLR0913, PLR0917  all sides of one state
    goal: Goal,
    skills: tuple[Skill, ...],
    names: Mapping[str, str],
    done: Steps,
    state: PlanState,
    table: SkillTable,
) -> Iterator[PlanStep]:
    """Yield the possible steps that may help."""
    for skill in skills:
        choices = (
            [n for n, kind in names.items() if kind in p.kinds] if p.is_referent else p.values
            for p in skill.parameters
        )
        for values in itertools.product(*choices):
            step = step_of(skill, values, len(done) + 1, table)
            if not step_problem(step, done, state, table):
                yield step
    if goal.step is not None:
        last = completed(goal.step, len(done) + 1, table)
        if not step_problem(last, done, state, table):
            yield last


def _useful(goal: Goal, table: SkillTable) -> tuple[Skill, ...]:
    """Return the skills that can bring the goal about, or what such skills need.

    Those made for the goal come first, and of these the more special: of two that lead to a
    person, the one made for people.
    """
    wanted: set[str] = {goal.fact[0]} if goal.fact else set()
    if goal.step is not None:
        skill = table.skill(goal.step.skill)
        wanted |= {p.name for p in skill.preconditions} if skill else set()
    useful: list[Skill] = []
    while True:
        more = [s for s in table.skills if s not in useful and _changes(s) & wanted]
        if not more:
            return tuple(sorted(useful, key=lambda s: _far_from(goal, s)))
        useful += more
        wanted |= {p.name for s in more for p in s.preconditions}


def _far_from(goal: Goal, skill: Skill) -> tuple[bool, int]:
    """Rate a skill by what its first effect is, then by how much its arguments may be."""
    for_goal = bool(aims(skill)) and aims(skill)[0].name == (goal.fact or ('',))[0]
    return not for_goal, sum(len(p.kinds) for p in skill.parameters)


def _changes(skill: Skill) -> set[str]:
    """Name the predicates that a skill changes; letting go empties the hand."""
    changed = {e.name for e in skill.effects}
    lets_go = any(e.name == 'holding' and e.negated for e in skill.effects)
    return changed | ({'hand_empty'} if lets_go else set())


def _about(goal: Goal, state: PlanState) -> dict[str, str]:
    """Return the names that a plan may speak of, with their kinds.

    Those of the goal, and what they stand on or belong to: nothing else is moved on the way.
    """
    names = dict.fromkeys(goal.names)
    for _ in range(DEPTH):
        names |= dict.fromkeys(base for name in names for base in state.bases.get(name, ()))
    found: Iterable[tuple[str, str]] = (
        (r.name, r.kind) for name in names if (r := state.referent(name)) is not None
    )
    return dict(found)
