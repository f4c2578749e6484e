"""Scenario files: the shipped ones are sound, and bad ones say everything that is wrong."""

from __future__ import annotations

import pytest
from robochat_sim.reading import SceneError
from robochat_sim.room import load_scene
from robochat_sim.scenario import load_scenario, scenario_names

BAD = """
name: broken
about: 7
duration_sec: -3
robot: {place: moon, tilt_deg: 4}
settings: {engagement.local_tim: '23:30', engagement.threshold: 7}
people:
  - {id: anna, body: anne, at: [1, 2], mood: gloomy, colour: red}
  - {id: anna, body: ben, at: [1], gaze: somebody}
script:
  - {at: 1, person: nobody, walk_to: here}
  - {at: 2, thing: sofa, fall_to: [0, 0]}
replies:
  - {person: anna, to: '(', say: hello}
expect:
  - speaks: {trigger: shouting, within: [0, 3]}
  - nothing: {}
"""


@pytest.fixture
def problems_of(tmp_path):
    """The problems that loading a text as a scenario reports."""

    def problems(text):
        path = tmp_path / 'scenario.yaml'
        path.write_text(text)
        with pytest.raises(SceneError) as caught:
            load_scenario(path)
        return caught.value.problems

    return problems


@pytest.mark.parametrize('name', scenario_names())
def test_every_shipped_scenario_loads(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.about.endswith('.')
    assert scenario.expect
    assert scenario.duration_sec <= 30 or name == 'greeted_returns'


@pytest.mark.parametrize('name', scenario_names())
def test_expectations_lie_within_the_scenario(name):
    scenario = load_scenario(name)
    for expectation in scenario.expect:
        assert expectation.start_sec < scenario.duration_sec
        if expectation.kind == 'silent':
            assert expectation.end_sec <= scenario.duration_sec


def test_at_least_a_third_of_the_scenarios_expect_silence():
    silent = [name for name in scenario_names() if load_scenario(name).expects_silence]
    assert len(silent) * 3 >= len(scenario_names()) >= 9


def test_a_bad_scenario_reports_every_mistake_at_once(problems_of):
    text = '\n'.join(problems_of(BAD))
    for path in (
        'about: 7',
        'duration_sec: -3',
        "robot.place: 'moon'",
        'settings.engagement.local_tim',
        'settings.engagement.threshold',
        "people[0].body: 'anne'",
        "people[0].mood: 'gloomy'",
        'people[0].colour',
        "people[1].id: 'anna'",
        'people[1].at: [1]',
        "people[1].gaze: 'somebody'",
        "script[0].person: 'nobody'",
        "script[0].walk_to: 'here'",
        "script[1].thing: 'sofa'",
        "replies[0].to: '('",
        'expect[0].speaks.trigger',
        'expect[1]',
    ):
        assert path in text, path


def test_a_mistake_says_what_is_allowed_and_suggests_the_nearest_name(problems_of):
    problems = problems_of(BAD)
    body = next(p for p in problems if p.startswith('people[0].body'))
    assert 'must be one of anna, ben, chidi, mei, tim, olga' in body
    assert 'did you mean anna?' in body


def test_a_file_that_is_no_yaml_is_refused(problems_of):
    assert "can't be read as YAML" in problems_of('people: [')[0]


def test_a_file_that_is_no_mapping_is_refused(problems_of):
    assert 'must be a mapping' in problems_of('- 1\n- 2\n')[0]


def test_an_unknown_scenario_names_the_shipped_ones():
    with pytest.raises(SceneError, match='sad_homecoming'):
        load_scenario('no_such_story')


def test_an_unknown_scene_names_the_shipped_ones():
    with pytest.raises(SceneError, match='home'):
        load_scene('no_such_scene')


def test_a_scenario_may_add_furniture_and_move_things():
    scene = load_scenario('falling_cup').scene
    assert scene.piece('stool') is not None
    cup = next(t for t in scene.things if t.id == 'cup_1')
    assert cup.x == pytest.approx(1.47)
    assert len([t for t in scene.things if t.id == 'cup_1']) == 1
