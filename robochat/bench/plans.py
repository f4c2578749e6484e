"""Plans without a model: what the grammar offers is accepted, what is spoilt is refused, how fast.

Plans are drawn by chance from the steps that the grammar offers, in scenes drawn by chance with up
to 30 things and 5 people. Each accepted plan is then spoilt in five ways that must all be refused.
The seed is fixed, so that only the times differ between two runs; they are processor time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
import random
import time

from robochat.bench.rows import Row
from robochat.plan.checker import check
from robochat.plan.grammar import MAX_CANDIDATES, ReplySchema, schema_for
from robochat.plan.skills import load_skills
from robochat.plan.table import SkillTable
from robochat.resources import named_file
from robochat.values import ActionPlan, Box, Person, PlanStep, Thing, WorldView

SEED = 7
SCENES = 200
MAX_STEPS = 6
LABELS = ('cup', 'bottle', 'book', 'dining table', 'couch', 'chair', 'tv', 'potted plant')
BOX = Box(0.0, 0.0, 10.0, 10.0)


@dataclass
class _Tally:
    """What was counted and timed."""

    accepted: list[bool] = field(default_factory=list)
    refused: list[bool] = field(default_factory=list)
    most: int = 0
    offer_sec: list[float] = field(default_factory=list)
    check_sec: list[float] = field(default_factory=list)


def run(skills: str = 'home', scenes: int = SCENES) -> tuple[Row, ...]:
    """Draw, check, spoil and check again."""
    table = load_skills(named_file(skills, 'config/skills'))
    dice = random.Random(SEED)
    tally = _Tally()
    for _ in range(scenes):
        view = scene(dice.randint(0, 30), dice.randint(0, 5), dice)
        _one(view, table, dice, tally)
    return tuple(_rows(tally))


def scene(things: int, people: int, dice: random.Random) -> WorldView:
    """Make a scene; about a third of the things stand on the first table."""
    return WorldView(
        now_sec=1.0,
        people=tuple(
            Person(f'person_{i}', 0.0, 1.0, BOX, 0.0, distance_m=dice.uniform(0.5, 4.0))
            for i in range(1, people + 1)
        ),
        things=tuple(_thing(i, dice) for i in range(things)),
    )


def _thing(number: int, dice: random.Random) -> Thing:
    label = LABELS[number % len(LABELS)]
    on = ('on dining table_1',) if label != 'dining table' and dice.random() < 0.33 else ()
    name = f'{label}_{number // len(LABELS) + 1}'
    return Thing(name, label, 0.8, BOX, 0.0, 1.0, dice.random() < 0.8, on)


def _one(view: WorldView, table: SkillTable, dice: random.Random, tally: _Tally) -> None:
    """Draw one plan and judge it, whole and spoilt."""
    schema = schema_for(view, table, max_steps=MAX_STEPS)
    steps = _drawn(schema, dice, tally)
    plan = ActionPlan('bench', 'bench', steps, view.now_sec)
    began_sec = time.thread_time()
    judged = check(plan, view, table, MAX_STEPS)
    tally.check_sec.append(time.thread_time() - began_sec)
    tally.accepted.append(judged.status == 'accepted')
    for spoilt in _spoilt(plan, dice):
        tally.refused.append(check(spoilt, view, table, MAX_STEPS).status == 'refused')


def _drawn(schema: ReplySchema, dice: random.Random, tally: _Tally) -> tuple[PlanStep, ...]:
    """Choose among the offered steps until the plan is full."""
    steps: tuple[PlanStep, ...] = ()
    while True:
        began_sec = time.thread_time()
        offered = schema.next_steps(steps)
        tally.offer_sec.append(time.thread_time() - began_sec)
        tally.most = max(tally.most, len(offered))
        if not offered:
            return steps
        steps += (dice.choice(offered),)


def _spoilt(plan: ActionPlan, dice: random.Random) -> Iterator[ActionPlan]:
    """Spoil a plan in five ways: skill, argument, number of arguments, length, order."""
    at = dice.randrange(len(plan.steps))
    step = plan.steps[at]
    first, *rest = step.arguments
    yield _with(plan, at, replace(step, skill='open_the_window'))
    yield _with(plan, at, replace(step, arguments=((first[0], 'ghost_9'), *rest)))
    yield _with(plan, at, replace(step, arguments=(*step.arguments, ('force', '9'))))
    yield replace(plan, steps=plan.steps * 2)
    yield _with(plan, 0, PlanStep('place', (('object', 'ghost_9'), ('target', 'table'))))


def _with(plan: ActionPlan, at: int, step: PlanStep) -> ActionPlan:
    return replace(plan, steps=(*plan.steps[:at], step, *plan.steps[at + 1 :]))


def _rows(tally: _Tally) -> Iterator[Row]:
    """Write the table."""
    accepted = sum(tally.accepted) / len(tally.accepted)
    refused = sum(tally.refused) / len(tally.refused)
    plans = f'share of {len(tally.accepted)}'
    yield Row('plans of offered steps accepted', accepted, plans, '= 1', accepted == 1)
    spoilt = f'share of {len(tally.refused)}'
    yield Row('spoilt plans refused', refused, spoilt, '= 1', refused == 1)
    fits = tally.most <= MAX_CANDIDATES
    yield Row('most steps offered at once', tally.most, '', f'<= {MAX_CANDIDATES}', fits)
    for what, seconds, bar_ms in (
        ('listing the next steps, p99', tally.offer_sec, 20.0),
        ('checking a plan, p99', tally.check_sec, 5.0),
    ):
        p99_ms = 1e3 * sorted(seconds)[int(0.99 * (len(seconds) - 1))]
        yield Row(what, p99_ms, 'ms', f'<= {bar_ms:g}', p99_ms <= bar_ms)
