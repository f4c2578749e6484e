"""Goals as a model names them: which there are, which plans reach them, and what has none."""

from __future__ import annotations

from dataclasses import replace

from language import SKILLS
from plan_views import crowded, home_view
import pytest
from robochat.plan.checker import check
from robochat.plan.goals import Goal, goal_lines, goals, plan_for
from robochat.plan.grammar import ReplySchema, schema_for
from robochat.plan.predicates import parse_predicate
from robochat.plan.table import Parameter, Skill, SkillTable
from robochat.values import ActionPlan, RobotState

ROS = SKILLS.skills[0].ros
DANCE = Skill('dance', 'Dance to music', (), (), (), ROS)
WIPE = Skill(
    'wipe',
    'Wipe a thing',
    (Parameter('object', ('thing',)),),
    (
        parse_predicate(
            'near(object)', {'object': frozenset(('thing',))}, frozenset(), effect=False
        ),
    ),
    (),
    ROS,
)


def schema(table: SkillTable = SKILLS, **changes: object) -> ReplySchema:
    return schema_for(home_view(**changes), table)


def with_skills(*more: Skill) -> SkillTable:
    return replace(SKILLS, skills=(*SKILLS.skills, *more))


def calls(text: str, within: ReplySchema) -> list[str] | None:
    """The plan for the goal that is written so, as calls."""
    goal = next(g for g in goals(within) if g.text == text)
    steps = plan_for(goal, within)
    return None if steps is None else [step.call for step in steps]


# ------------------------------------------------------------------ what can be reached
@pytest.mark.parametrize(
    ('goal', 'wanted'),
    [
        ('near(person_1)', ['approach(person_1)']),
        ('facing(cup_1)', ['look_at(cup_1)']),
        ('near(kitchen)', ['navigate_to(kitchen)']),
        ('holding(cup_1)', ['navigate_to(cup_1)', 'pick(cup_1)']),
        (
            'on(cup_1, table)',
            ['navigate_to(table)', 'pick(cup_1)', 'place(cup_1, table)'],
        ),
        (
            'has(person_1, cup_1)',
            [
                'navigate_to(cup_1)',
                'pick(cup_1)',
                'approach(person_1)',
                'hand_over(cup_1, person_1)',
            ],
        ),
        ('wait(5)', ['wait(5)']),
    ],
)
def test_a_goal_has_the_shortest_plan(goal: str, wanted: list[str]) -> None:
    assert calls(goal, schema()) == wanted


def test_names_of_skills_do_not_matter() -> None:
    renamed = tuple(replace(s, name=f'x{n}') for n, s in enumerate(SKILLS.skills))
    plan = calls('holding(cup_1)', schema(replace(SKILLS, skills=renamed)))
    assert plan == ['x0(cup_1)', 'x3(cup_1)']


def test_every_plan_is_accepted_by_the_checker() -> None:
    within, reached = schema(), 0
    for goal in goals(within):
        steps = plan_for(goal, within)
        if steps:
            reached += 1
            plan = ActionPlan('p', goal.text, steps, 1.0)
            assert not check(plan, home_view(), SKILLS, within.max_steps).refusal, goal.text
    assert reached > 20


def test_a_second_goal_goes_on_from_the_first() -> None:
    within = schema()
    first = plan_for(Goal(('holding', 'cup_1')), within)
    assert first is not None
    second = plan_for(Goal(('has', 'person_1', 'cup_1')), within, first)
    assert [s.call for s in second or ()] == ['approach(person_1)', 'hand_over(cup_1, person_1)']


def test_what_a_robot_holds_is_not_fetched_again() -> None:
    within = schema(robot=RobotState(holding='cup_1'))
    assert calls('has(person_1, cup_1)', within) == [
        'approach(person_1)',
        'hand_over(cup_1, person_1)',
    ]


def test_a_skill_without_effects_is_a_goal_itself_and_gets_what_it_needs() -> None:
    within = schema(with_skills(DANCE, WIPE))
    assert calls('dance()', within) == ['dance()']
    assert calls('wipe(cup_1)', within) == ['navigate_to(cup_1)', 'wipe(cup_1)']


def test_a_robot_that_only_goes_to_places_goes_where_the_thing_stands() -> None:
    places = tuple(
        replace(s, parameters=(replace(s.parameters[0], kinds=('place',)),))
        if s.name == 'navigate_to'
        else s
        for s in SKILLS.skills
    )
    plan = calls('holding(cup_1)', schema(replace(SKILLS, skills=places)))
    assert plan == ['navigate_to(table)', 'pick(cup_1)']


def test_a_model_is_told_all_goals_in_a_few_lines() -> None:
    lines = goal_lines(with_skills(DANCE))
    assert lines[0].startswith('near(place|person|thing), ')
    assert 'has(person, thing)' in lines[0]
    assert 'dance(): Dance to music' in lines
    assert not any('navigate_to' in line or line.startswith('say(') for line in lines)


# ------------------------------------------------------------------ what can't
@pytest.mark.parametrize(
    'goal', ['holding(tv_1)', 'has(person_1, dining table_1)', 'on(cup_1, bottle_1)']
)
def test_what_can_not_be_has_no_plan(goal: str) -> None:
    assert calls(goal, schema()) is None


def test_a_full_hand_takes_nothing_else_and_puts_nothing_down_unasked() -> None:
    assert calls('holding(cup_1)', schema(robot=RobotState(holding='bottle_1'))) is None


def test_an_empty_battery_has_no_plan_for_errands_but_one_for_the_dock() -> None:
    within = schema(robot=RobotState(battery=0.02))
    assert calls('holding(cup_1)', within) is None
    assert calls('near(dock)', within) == ['navigate_to(dock)']


def test_what_is_so_already_needs_no_steps() -> None:
    within = schema(robot=RobotState(place='kitchen'))
    assert calls('near(kitchen)', within) == []


def test_unknown_names_and_predicates_are_never_goals() -> None:
    texts = {goal.text for goal in goals(schema())}
    assert not any('unicorn' in text or text.startswith(('visible', 'known')) for text in texts)
    assert plan_for(Goal(('holding', 'unicorn_1')), schema()) is None
    assert plan_for(Goal(('loves', 'person_1')), schema()) is None


def test_a_plan_keeps_to_the_steps_it_may_have() -> None:
    short = replace(schema(), max_steps=3)
    assert plan_for(Goal(('has', 'person_1', 'cup_1')), short) is None


def test_there_are_no_goals_where_no_plan_is_wanted() -> None:
    assert list(goals(schema_for(home_view(), SKILLS, want_plan=False))) == []


def test_a_crowded_room_has_a_bounded_number_of_goals() -> None:
    many = list(goals(schema_for(crowded(100, 20), SKILLS)))
    assert 100 < len(many) <= 600
    assert len(set(many)) == len(many)
