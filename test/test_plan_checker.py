from __future__ import annotations

from dataclasses import replace
import random
import string

from plan_views import crowded, HOME, home_view, person, thing
import pytest
from robochat.plan.checker import check
from robochat.plan.grammar import CallError, schema_for
from robochat.plan.skills import load_skills
from robochat.plan.state import state_from, StepError
from robochat.plan.table import SkillTable
from robochat.values import (
    ActionPlan,
    Event,
    EventKind,
    PlanStep,
    RobotState,
    WorldView,
)


@pytest.fixture(scope='module')
def table() -> SkillTable:
    return load_skills(HOME)


def plan_of(table: SkillTable, view: WorldView, *calls: str) -> ActionPlan:
    schema = schema_for(view, table)
    return ActionPlan('p', 'goal', tuple(schema.parse_call(c) for c in calls), 1.0)


def refusal(table: SkillTable, *calls: str, view: WorldView | None = None) -> str:
    view = view or home_view()
    judged = check(plan_of(table, view, *calls), view, table, 6)
    assert judged.status == 'refused'
    return judged.refusal


def test_accepts_fetching_and_handing_over(table: SkillTable) -> None:
    calls = ('navigate_to(table)', 'pick(cup_1)', 'navigate_to(person_1)')
    view = home_view()
    judged = check(plan_of(table, view, *calls, 'hand_over(cup_1, person_1)'), view, table, 6)
    assert (judged.status, judged.refusal) == ('accepted', '')
    assert [s.id for s in judged.steps] == ['s1', 's2', 's3', 's4']
    assert judged.steps[0].timeout_sec == 60.0
    assert judged.steps[0].on_failure == 'replan'


def test_accepts_putting_down_what_the_robot_already_holds(table: SkillTable) -> None:
    view = home_view(robot=RobotState(place='table', holding='mug_7'))
    judged = check(plan_of(table, view, 'place(mug_7, table)'), view, table, 6)
    assert judged.status == 'accepted'


@pytest.mark.parametrize(
    ('calls', 'words'),
    [
        (['pick(cup_1)'], 'needs near(cup_1), but the robot is at no known place'),
        (['navigate_to(tv_1)', 'pick(tv_1)'], 'needs graspable(tv_1), but tv_1 is a tv'),
        (
            ['navigate_to(cup_1)', 'pick(cup_1)', 'navigate_to(bottle_1)', 'pick(bottle_1)'],
            'step 4, pick(bottle_1): needs hand_empty, but the robot holds cup_1',
        ),
        (['place(cup_1, table)'], 'needs holding(cup_1), but the robot holds nothing'),
        (
            ['navigate_to(cup_1)', 'pick(cup_1)', 'navigate_to(tv_1)', 'place(cup_1, tv_1)'],
            'needs surface(tv_1)',
        ),
        (['navigate_to(garage)'], 'target = garage is not known'),
        (['approach(cup_1)'], 'person = cup_1 is a thing'),
        (['approach(person_2)'], 'person = person_2 is not known'),
        (['wait(61)'], 'is out of range; allowed: a number from 1 to 60 s'),
        (['wait(soon)'], 'is not a number'),
        (['wait(1e999)'], 'is not a number'),
        (['call_for_help(boredom)'], 'allowed: one of fall, fire, no_answer, asked'),
        (['wait(5)', 'wait(6)'], 'step 2, wait(6): wait may be in a plan 1 times'),
        (['look_at(tv_1)', 'look_at(cup_1)', 'look_at(tv_1)'], 'this very call'),
        (['say()'], 'must be written say(text: text)'),
        ([f'say({"x" * 161})'], 'has 161 characters'),
        (['wait(5)'] * 7, 'the plan has 7 steps, at most 6 may be'),
        ([], 'the plan has no steps'),
    ],
)
def test_refuses(table: SkillTable, calls: list[str], words: str) -> None:
    view = home_view()
    steps = tuple(_raw(table, view, call) for call in calls)
    judged = check(ActionPlan('p', 'goal', steps, 1.0), view, table, 6)
    assert judged.status == 'refused'
    assert words in judged.refusal


def _raw(table: SkillTable, view: WorldView, call: str) -> PlanStep:
    """Write a step without asking whether it can be read."""
    try:
        return schema_for(view, table).parse_call(call)
    except CallError:
        return PlanStep(call.partition('(')[0])


def test_refuses_who_has_left_since_the_model_looked(table: SkillTable) -> None:
    plan = plan_of(table, home_view(), 'approach(person_1)')
    later = home_view(people=(), events=(Event(EventKind.LEFT, 'person_1', 1.0),))
    assert check(plan, later, table, 6).refusal.endswith(
        'person = person_1 has left; allowed: a known person'
    )


def test_refuses_to_approach_who_is_out_of_sight(table: SkillTable) -> None:
    view = home_view(people=(person('person_1', visible=False),))
    assert 'person_1 is not seen now' in refusal(table, 'approach(person_1)', view=view)


def test_refuses_an_errand_on_an_empty_battery_but_not_the_way_to_the_dock(
    table: SkillTable,
) -> None:
    view = home_view(robot=RobotState(place='table', battery=0.04))
    assert 'the battery is at 4%' in refusal(table, 'pick(cup_1)', view=view)
    dock = plan_of(table, view, 'navigate_to(dock)')
    assert check(dock, view, table, 6).status == 'accepted'


def test_refuses_an_undeclared_skill_whatever_it_is_called(table: SkillTable) -> None:
    for name in ('shutdown', '__class__', 'navigate_to\n', '', 'pick ', '\u202epick'):
        judged = check(ActionPlan('p', 'g', (PlanStep(name),), 1.0), home_view(), table, 6)
        assert judged.status == 'refused'
        assert 'no such skill' in judged.refusal
        assert judged.refusal.isprintable()


def test_refuses_steps_that_require_what_isnt_before_them(table: SkillTable) -> None:
    step = plan_of(table, home_view(), 'wait(5)').steps[0]
    judged = check(
        ActionPlan('p', 'g', (replace(step, requires=('s9',)),), 1.0), home_view(), table, 6
    )
    assert 'requires s9' in judged.refusal


def test_refuses_an_id_used_twice(table: SkillTable) -> None:
    steps = tuple(
        replace(s, id='a')
        for s in plan_of(table, home_view(), 'wait(5)', 'navigate_to(door)').steps
    )
    judged = check(ActionPlan('p', 'g', steps, 1.0), home_view(), table, 6)
    assert 'id a is taken' in judged.refusal


def test_brings_policy_retries_and_timeout_within_the_skill_file(table: SkillTable) -> None:
    wild = PlanStep(
        'wait', (('seconds', '5'),), on_failure='explode', retry_budget=99, timeout_sec=1e9
    )
    step = check(ActionPlan('p', 'g', (wild,), 1.0), home_view(), table, 6).steps[0]
    assert (step.on_failure, step.retry_budget, step.timeout_sec) == ('continue', 0, 70.0)


def test_judges_the_newest_view_not_the_plans_own_status(table: SkillTable) -> None:
    plan = replace(plan_of(table, home_view(), 'navigate_to(cup_1)'), status='accepted')
    assert check(plan, home_view(things=()), table, 6).status == 'refused'


def test_leaves_out_ids_that_cant_be_written_in_a_call(table: SkillTable) -> None:
    hostile = ('a, b', 'x)', '; rm -rf /', '\n', 'a' * 100, '')
    view = home_view(things=tuple(replace(thing('cup_1'), id=name) for name in hostile))
    assert {r.kind for r in state_from(view, table).referents} == {'place', 'person'}


def test_a_thing_cant_pass_for_a_place(table: SkillTable) -> None:
    view = home_view(things=(replace(thing('cup_1'), id='dock'),))
    referent = state_from(view, table).referent('dock')
    assert referent is not None
    assert referent.kind == 'place'


def test_state_refuses_to_apply_an_unknown_skill(table: SkillTable) -> None:
    with pytest.raises(StepError, match='no such skill'):
        state_from(home_view(), table).apply(PlanStep('fly'), table)


def test_given_things_are_out_of_reach(table: SkillTable) -> None:
    view = home_view()
    calls = ('navigate_to(cup_1)', 'pick(cup_1)', 'navigate_to(person_1)')
    state = state_from(view, table)
    for step in plan_of(table, view, *calls, 'hand_over(cup_1, person_1)').steps:
        state = state.apply(step, table)
    assert state.holds(('has', 'person_1', 'cup_1'))
    assert not state.holds(('near', 'cup_1'))
    assert state.holds(('hand_empty',))


@pytest.mark.parametrize('seed', range(40))
def test_every_plan_made_of_offered_steps_is_accepted(table: SkillTable, seed: int) -> None:
    dice = random.Random(seed)
    view = crowded(dice.randint(0, 30), dice.randint(0, 5))
    schema = schema_for(view, table)
    steps: tuple[PlanStep, ...] = ()
    while offered := schema.next_steps(steps):
        assert len(offered) <= 60
        assert len({s.call for s in offered}) == len(offered)
        steps += (dice.choice(offered),)
    assert len(steps) == 6
    judged = check(ActionPlan('p', 'g', steps, 1.0), view, table, 6)
    assert judged.refusal == ''


@pytest.mark.parametrize('seed', range(40))
def test_garbage_is_refused_and_never_raises(table: SkillTable, seed: int) -> None:
    dice = random.Random(seed)
    letters = string.printable + '\u202e\u0000\ud800<|>|é'

    def junk() -> str:
        return ''.join(dice.choice(letters) for _ in range(dice.randint(0, 80)))

    view = crowded(5, 2)
    schema = schema_for(view, table)
    names = (*table.names, junk())
    for _ in range(20):
        arguments = tuple((junk(), junk()) for _ in range(dice.randint(0, 3)))
        step = PlanStep(dice.choice(names), arguments, id=junk(), requires=(junk(),))
        judged = check(ActionPlan(junk(), junk(), (step,), 1.0), view, table, 6)
        assert judged.status == 'refused'
        with pytest.raises(CallError):
            schema.parse_call(f'{junk()}({junk()}')
        with pytest.raises(CallError):
            schema.parse_step({'skill': junk(), 'arguments': {junk(): junk()}})
