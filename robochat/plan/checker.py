"""Judges a plan on the newest view: every step known, typed, within limits and possible in turn.

Method: the preconditions and effects of the steps are simulated one after the other from the facts
that hold now (STRIPS, Fikes and Nilsson 1971). The first step that fails refuses the whole plan.

Safety: a plan is a model's text and so untrusted; whatever is in it, `check` answers and never
raises. Only a plan that `check` accepted may run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from robochat.plan.predicates import Fact, Predicate, written
from robochat.plan.state import PlanState, state_from
from robochat.plan.table import ON_FAILURE, Parameter, Skill, SkillTable
from robochat.values import ActionPlan, PlanStep, WorldView

SHOWN_CHARS = 60


def check(plan: ActionPlan, view: WorldView, table: SkillTable, max_steps: int) -> ActionPlan:
    """Return the plan accepted, or refused with the first step that can't be and why.

    Steps of an accepted plan have ids, and failure policy, retries and timeout within what the
    skill file allows.
    """
    reason = _problem_of_length(plan, max_steps)
    if not reason:
        steps, reason = _checked(plan.steps, state_from(view, table), table)
    if reason:
        return replace(plan, status='refused', refusal=reason)
    return replace(plan, steps=steps, status='accepted', refusal='')


def _problem_of_length(plan: ActionPlan, max_steps: int) -> str:
    """Judge the number of steps."""
    count = len(plan.steps)
    if count == 0:
        return 'the plan has no steps'
    return f'the plan has {count} steps, at most {max_steps} may be' if count > max_steps else ''


def _checked(
    steps: Sequence[PlanStep], state: PlanState, table: SkillTable
) -> tuple[tuple[PlanStep, ...], str]:
    """Simulate the steps; return them completed, and why the first bad one can't be."""
    done: list[PlanStep] = []
    for number, raw in enumerate(steps, 1):
        step = completed(raw, number, table)
        reason = step_problem(step, done, state, table) or _problem_of_order(step, done)
        if reason:
            return (), f'step {number}, {shown(step.call)}: {reason}'
        state = state.apply(step, table)
        done.append(step)
    return tuple(done), ''


def completed(step: PlanStep, number: int, table: SkillTable) -> PlanStep:
    """Give a step an id, and failure policy, retries and timeout within its skill's."""
    named = replace(step, id=step.id or f's{number}')
    skill = table.skill(step.skill)
    if skill is None:
        return named
    in_time = 0 < step.timeout_sec <= skill.timeout_sec
    return replace(
        named,
        on_failure=step.on_failure if step.on_failure in ON_FAILURE else skill.on_failure,
        retry_budget=max(0, min(step.retry_budget, skill.retry_budget)),
        timeout_sec=step.timeout_sec if in_time else skill.timeout_sec,
    )


def _problem_of_order(step: PlanStep, done: Sequence[PlanStep]) -> str:
    """Judge the id and the ids of steps that must have succeeded before."""
    earlier = {s.id for s in done}
    if step.id in earlier:
        return f'its id {shown(step.id)} is taken by an earlier step'
    missing = [name for name in step.requires if name not in earlier]
    return f'it requires {shown(missing[0])}, which is no earlier step' if missing else ''


def step_problem(
    step: PlanStep, done: Sequence[PlanStep], state: PlanState, table: SkillTable
) -> str:
    """Say why a step can't follow the steps done, or return an empty string."""
    skill = table.skill(step.skill)
    if skill is None:
        return f'no such skill; known: {", ".join(table.names)}'
    return (
        _problem_of_arguments(step, skill, state)
        or _problem_of_limits(step, skill, done)
        or unmet(step, skill, state)
    )


def _problem_of_arguments(step: PlanStep, skill: Skill, state: PlanState) -> str:
    """Judge names, types and ranges of the arguments, and whether referents are known."""
    if tuple(name for name, _ in step.arguments) != tuple(p.name for p in skill.parameters):
        return f'must be written {skill.signature}'
    for parameter, (_, value) in zip(skill.parameters, step.arguments, strict=True):
        problem = _problem_of_argument(parameter, value, state)
        if problem:
            return problem
    return ''


def _problem_of_argument(parameter: Parameter, value: str, state: PlanState) -> str:
    """Judge one argument."""
    problem = parameter.problem(value)
    if problem:
        return f'{parameter.name} = {shown(value)} {problem}; allowed: {parameter.allows}'
    if not parameter.is_referent:
        return ''
    referent = state.referent(value)
    if referent is None:
        gone = 'has left' if value in state.left else 'is not known'
        return f'{parameter.name} = {shown(value)} {gone}; allowed: {parameter.allows}'
    if referent.kind not in parameter.kinds:
        return f'{parameter.name} = {value} is a {referent.kind}; allowed: {parameter.allows}'
    return ''


def _problem_of_limits(step: PlanStep, skill: Skill, done: Sequence[PlanStep]) -> str:
    """Judge how often the skill, and this very call, is in the plan already."""
    of_skill = [s for s in done if s.skill == step.skill]
    if 0 < skill.per_plan <= len(of_skill):
        return f'{skill.name} may be in a plan {skill.per_plan} times'
    same = sum(s.arguments == step.arguments for s in of_skill)
    if 0 < skill.same_call <= same:
        return f'this very call may be in a plan {skill.same_call} times'
    return ''


def unmet(step: PlanStep, skill: Skill, state: PlanState) -> str:
    """Say which precondition doesn't hold and what is so instead, or return an empty string."""
    values = dict(step.arguments)
    for predicate in skill.preconditions:
        fact = predicate.bind(values)
        if state.holds(fact) == predicate.negated:
            return (
                f'needs {_sign(predicate)}{written(fact)}, but {_instead(fact, predicate, state)}'
            )
    return ''


def _sign(predicate: Predicate) -> str:
    return 'not ' if predicate.negated else ''


def _instead(fact: Fact, predicate: Predicate, state: PlanState) -> str:
    """Say what is so where a precondition doesn't hold."""
    if predicate.negated:
        return 'it is so'
    name = fact[0]
    subject = fact[1] if len(fact) > 1 else ''
    if name in ('hand_empty', 'holding'):
        return f'the robot holds {state.held or "nothing"}'
    if name == 'near':
        return f'the robot is at {state.near or "no known place"}'
    if name == 'charged':
        return f'the battery is at {state.battery or 0:.0%}'
    if name in ('known', 'visible'):
        return f'{subject} {"has left" if subject in state.left else "is not seen now"}'
    referent = state.referent(subject)
    return f'{subject} is a {referent.label}' if referent and name != 'on' else 'it is not'


def shown(text: str) -> str:
    """Write untrusted text short and without control characters."""
    clean = ''.join(c if c.isprintable() else '?' for c in str(text)[: SHOWN_CHARS + 1])
    return clean if len(clean) <= SHOWN_CHARS else clean[:SHOWN_CHARS] + '...'
