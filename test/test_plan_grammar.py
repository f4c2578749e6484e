from __future__ import annotations

import json

from plan_views import crowded, HOME, home_view, person, thing
import pytest
from robochat.plan.grammar import CallError, ReplySchema, schema_for
from robochat.plan.skills import load_skills, read_skills
from robochat.plan.table import SkillTable
from robochat.values import RobotState


@pytest.fixture(scope='module')
def table() -> SkillTable:
    return load_skills(HOME)


def calls(schema: ReplySchema, *before: str) -> set[str]:
    steps = tuple(schema.parse_call(call) for call in before)
    return {step.call for step in schema.next_steps(steps)}


def test_offers_only_what_can_be_done_now(table: SkillTable) -> None:
    offered = calls(schema_for(home_view(), table))
    assert {'navigate_to(table)', 'navigate_to(cup_1)', 'approach(person_1)'} <= offered
    assert not any(c.startswith(('pick', 'place', 'hand_over', 'say')) for c in offered)


def test_follows_what_the_steps_change(table: SkillTable) -> None:
    schema = schema_for(home_view(), table)
    at_table = calls(schema, 'navigate_to(table)')
    assert 'pick(cup_1)' in at_table
    assert 'pick(bottle_1)' not in at_table
    assert 'navigate_to(table)' not in at_table
    with_cup = calls(schema, 'navigate_to(table)', 'pick(cup_1)')
    assert 'place(cup_1, table)' in with_cup
    assert not any(c.startswith('pick') for c in with_cup)


def test_offers_nothing_after_an_impossible_step(table: SkillTable) -> None:
    assert calls(schema_for(home_view(), table), 'pick(cup_1)') == set()


def test_offers_nothing_when_no_plan_is_wanted_or_the_plan_is_full(table: SkillTable) -> None:
    assert schema_for(home_view(), table, want_plan=False).next_steps() == ()
    full = schema_for(home_view(), table, max_steps=1)
    assert full.next_steps((full.parse_call('wait(5)'),)) == ()


def test_offers_an_empty_room_no_person_or_thing(table: SkillTable) -> None:
    offered = calls(schema_for(home_view(people=(), things=()), table))
    assert 'navigate_to(kitchen)' in offered
    assert not any('_1)' in call for call in offered)


def test_keeps_what_the_sentence_names_when_there_is_too_much(table: SkillTable) -> None:
    view = crowded(30, 5)
    schema = schema_for(view, table, referents=('potted plant_3', 'person_5'))
    offered = calls(schema)
    assert 'look_at(potted plant_3)' in offered
    assert 'navigate_to(person_5)' in offered
    assert len(offered) <= 60


def test_offers_the_fixed_sentences_of_a_skill_file() -> None:
    text = """
skills:
  say:
    text: Speak
    parameters: {text: {type: text, values: [Here you are.]}}
    ros: {topic: say, type: std_msgs/msg/String}
"""
    assert calls(schema_for(home_view(), read_skills(text))) == {'say(Here you are.)'}


@pytest.mark.parametrize(
    ('text', 'call'),
    [
        ('pick(cup_1)', 'pick(cup_1)'),
        (' pick( cup ) ', 'pick(cup_1)'),
        ('pick(object=cup_1)', 'pick(cup_1)'),
        ('pick("Cup")', 'pick(cup_1)'),
        ('place(cup, dining table)', 'place(cup_1, dining table_1)'),
        ('approach(person)', 'approach(person_1)'),
        ('approach(<person_1>)', 'approach(person_1)'),
        ('say(Here, this is (really) yours.)', 'say(Here, this is (really) yours.)'),
        ('wait(5)', 'wait(5)'),
    ],
)
def test_reads_a_call(table: SkillTable, text: str, call: str) -> None:
    assert schema_for(home_view(), table).parse_call(text).call == call


def test_reads_a_persons_name_that_was_reported(table: SkillTable) -> None:
    anna = person('person_7')
    view = home_view(people=(person('person_1'), type(anna)(**{**vars(anna), 'name': 'Anna'})))
    assert schema_for(view, table).parse_call('approach(anna)').call == 'approach(person_7)'


def test_leaves_an_ambiguous_label_for_the_checker_to_refuse(table: SkillTable) -> None:
    view = home_view(things=(thing('cup_1'), thing('cup_2')))
    assert schema_for(view, table).parse_call('pick(cup)').call == 'pick(cup)'


@pytest.mark.parametrize(
    'text',
    ['', 'pick', 'pick(', 'pick)', 'fly(cup_1)', 'pick(cup_1, cup_1)', 'pick()', 'a' * 999 + '()'],
)
def test_refuses_what_is_no_call(table: SkillTable, text: str) -> None:
    with pytest.raises(CallError):
        schema_for(home_view(), table).parse_call(text)


def test_schema_names_only_what_is_there(table: SkillTable) -> None:
    schema = schema_for(home_view(), table).json_schema()
    written = json.dumps(schema)
    assert '"cup_1"' in written
    assert schema['required'] == ['say', 'plan']
    skills = [
        s['properties']['skill']['const'] for s in schema['properties']['plan']['items']['anyOf']
    ]
    assert skills == list(table.names)


def test_schema_leaves_out_skills_that_lack_a_referent(table: SkillTable) -> None:
    schema = schema_for(home_view(people=(), things=()), table).json_schema()
    skills = {
        s['properties']['skill']['const'] for s in schema['properties']['plan']['items']['anyOf']
    }
    assert skills == {'navigate_to', 'say', 'wait', 'call_for_help'}


def test_schema_without_plan_has_words_alone(table: SkillTable) -> None:
    schema = schema_for(home_view(), table, want_plan=False).json_schema()
    assert list(schema['properties']) == ['say']


def test_schema_stays_small_in_a_crowd(table: SkillTable) -> None:
    assert len(json.dumps(schema_for(crowded(30, 5), table).json_schema())) < 5000


def test_reads_a_step_of_the_schema(table: SkillTable) -> None:
    schema = schema_for(home_view(), table)
    step = schema.parse_step({'skill': 'wait', 'arguments': {'seconds': 5.0}})
    assert (step.call, step.timeout_sec) == ('wait(5)', 70.0)


@pytest.mark.parametrize(
    'item',
    [
        {},
        {'skill': 'wait'},
        {'skill': 'wait', 'arguments': [5]},
        {'skill': ['wait'], 'arguments': {'seconds': 5}},
        {'skill': 'wait', 'arguments': {'seconds': 5, 'more': 1}},
    ],
)
def test_refuses_a_step_unlike_the_schema(table: SkillTable, item: dict[str, object]) -> None:
    with pytest.raises(CallError):
        schema_for(home_view(), table).parse_step(item)


def test_offers_to_put_down_what_is_held_though_unseen(table: SkillTable) -> None:
    view = home_view(robot=RobotState(place='table', holding='mug_7'))
    assert 'place(mug_7, table)' in calls(schema_for(view, table))
