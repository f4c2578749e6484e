"""Judges an answer by what must hold of any good one."""

from __future__ import annotations

from dataclasses import dataclass
import re

from robochat.mllm.palm_e.layout import NOTHING
from robochat.mllm.protocol import Answer
from robochat.plan.checker import check
from robochat.plan.state import PlanState
from robochat.reply import parse, Reply, ReplyError
from robochat.training.lesson import Lesson
from robochat.values import ActionPlan, PlanStep

MAX_STEPS = 6


@dataclass(frozen=True)
class Verdict:
    """What is right with an answer; None where it isn't asked for.

    `words`: the words are as they must be, silence where it is due. `silent`: nothing was said.
    `plan`: the plan reaches its
    goal, or is empty where it must be. `valid`: the checker accepts the plan.
    """

    words: bool
    silent: bool
    plan: bool | None
    valid: bool | None

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return self.words and self.plan is not False and self.valid is not False


def judge(lesson: Lesson, answer: Answer | None) -> Verdict:
    """Judge an answer; None stands for a model that had no fit words."""
    reply = _read(lesson, answer)
    silent = answer is not None and (answer.silent or reply.text.strip('. ').lower() == NOTHING)
    words = _words_fit(lesson, '' if silent else reply.text, silent)
    if not (lesson.schema.want_plan and lesson.skilled):
        return Verdict(words, silent, None, None)
    plan, valid = _goal_reached(lesson, reply.steps), _valid(lesson, reply.steps)
    return Verdict(words, silent, plan, valid)


def _read(lesson: Lesson, answer: Answer | None) -> Reply:
    """Parse an answer; an empty reply where nothing in it can be used."""
    try:
        return parse(answer.text, lesson.schema) if answer is not None else Reply('')
    except ReplyError:
        return Reply('')


def _words_fit(lesson: Lesson, words: str, silent: bool) -> bool:
    """Tell whether the words are as they must be."""
    expected = lesson.expected
    if expected.silent:
        return silent
    plain = words.lower()
    said = all(re.search(pattern.lower(), plain) for pattern in expected.says)
    return bool(plain) and said and not any(re.search(p.lower(), plain) for p in expected.never)


def _goal_reached(lesson: Lesson, steps: tuple[PlanStep, ...]) -> bool | None:
    """Simulate the plan and look for its goal."""
    expected = lesson.expected
    if expected.idle:
        return not steps
    if expected.call:
        return any(step.call == expected.call for step in steps)
    if not expected.goal:
        return None
    state: PlanState = lesson.schema.state
    for step in steps:
        state = state.apply(step, lesson.schema.table)
    return all(state.holds(fact) for fact in expected.goal)


def _valid(lesson: Lesson, steps: tuple[PlanStep, ...]) -> bool:
    """Ask the checker; an empty plan is no plan and thus valid."""
    view = lesson.sentence.view
    plan = ActionPlan('p', lesson.sentence.turn.instruction, steps, view.now_sec)
    return not steps or not check(plan, view, lesson.schema.table, MAX_STEPS).refusal
