"""Plans by a teacher who knows the roles of the skills, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass, field

from robochat.plan.checker import step_problem
from robochat.plan.grammar import ReplySchema, step_of
from robochat.plan.state import PlanState
from robochat.training.situations import Situation
from robochat.values import PlanStep


class NoPlanError(ValueError):
    """The goal can't be reached with these skills from this state."""


@dataclass
class Planner:
    """Writes the shortest plan step by step; every method raises NoPlanError where it can't."""

    situation: Situation
    schema: ReplySchema
    steps: list[PlanStep] = field(default_factory=list)
    state: PlanState = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.schema.state

    @property
    def calls(self) -> list[str]:
        """The plan as it is written."""
        return [step.call for step in self.steps]

    def do(self, role: str, *values: str) -> None:
        """Add a step."""
        skill = self.schema.table.skill(self.situation.skills.get(role, ''))
        if skill is None:
            raise NoPlanError(f'this robot has no skill like {role}')
        step = step_of(skill, values, len(self.steps) + 1, self.schema.table)
        problem = step_problem(step, self.steps, self.state, self.schema.table)
        if problem:
            raise NoPlanError(problem)
        self.steps.append(step)
        self.state = self.state.apply(step, self.schema.table)

    def go(self, name: str) -> None:
        """Be near something."""
        if not self.state.holds(('near', name)):
            self.do('navigate_to', name)

    def take(self, thing: str) -> None:
        """Hold a thing."""
        if self.state.held != thing:
            self.go(thing)
            self.do('pick', thing)

    def bring(self, thing: str, person: str) -> None:
        """Give a thing to a person."""
        self.take(thing)
        self.go(person)
        self.do('hand_over', thing, person)

    def put(self, thing: str, target: str) -> None:
        """Put a thing on something."""
        self.take(thing)
        self.go(target)
        self.do('place', thing, target)

    def come(self, person: str) -> None:
        """Come to a person."""
        if self.state.holds(('near', person)) and self.state.holds(('facing', person)):
            return
        if 'approach' in self.situation.skills and self.situation.view.person(person):
            self.do('approach', person)
        else:
            self.go(person)
