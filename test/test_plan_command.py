from __future__ import annotations

import json
from pathlib import Path

import pytest
from robochat.cli import main
from robochat.cli.scenes import read_scene, SceneError

SCENE = """
people: [{id: person_1, name: Anna, distance_m: 1.0, mood: happy}]
things: [dining table, cup, {label: cup, on: dining table_1}]
robot: {place: door, battery: 0.8}
place: kitchen
hour: 9
"""


@pytest.fixture
def scene(tmp_path: Path) -> str:
    path = tmp_path / 'scene.yaml'
    path.write_text(SCENE)
    return str(path)


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_prints_an_accepted_plan(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    steps = 'navigate_to(table); pick(cup_2); navigate_to(anna); hand_over(cup_2, anna)'
    assert main(['plan', '--scene', scene, '--steps', steps, 'bring me the cup']) == 0
    plan = printed(capsys)
    assert (plan['kind'], plan['status'], plan['goal']) == ('plan', 1, 'bring me the cup')
    step = plan['steps'][3]  # type: ignore[index]
    assert step['arguments'][1] == {'key': 'person', 'value': 'person_1'}
    assert step['timeout'] == {'sec': 30, 'nanosec': 0}


def test_prints_a_refused_plan_with_its_reason(
    scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['plan', '--scene', scene, '--steps', 'pick(cup_1)', 'take it']) == 3
    plan = printed(capsys)
    assert plan['status'] == 2
    assert 'needs near(cup_1)' in str(plan['refusal'])


@pytest.mark.parametrize(
    ('extra', 'words'),
    [
        (['--steps', 'fly(away)', 'go'], 'no such skill'),
        (['--scene', 'none.yaml', '--steps', 'wait(5)', 'go'], 'unreadable'),
        (['--image', 'none.png', '--steps', 'wait(5)', 'go'], 'no picture'),
        (['--params', 'none.yaml', 'go'], 'none.yaml'),
        (['--steps', 'wait(5)', ' \x00 '], 'no words'),
    ],
)
def test_bad_input_is_told_on_stderr(
    extra: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['plan', *extra]) == 2
    streams = capsys.readouterr()
    assert streams.out == ''
    assert words in streams.err


def test_reads_a_scene() -> None:
    view = read_scene(SCENE)
    assert [t.id for t in view.things] == ['dining table_1', 'cup_1', 'cup_2']
    assert view.things[2].relations == ('on dining table_1',)
    assert (view.people[0].name, view.robot.battery, view.hour) == ('Anna', 0.8, 9.0)


def test_reads_a_scene_in_json() -> None:
    assert (
        read_scene('{"things": ["cup"], "robot": {"holding": "cup_1"}}').robot.holding == 'cup_1'
    )


def test_reports_every_mistake_of_a_scene() -> None:
    text = """
people: [{mood: glad}]
things: [{id: a, label: cup}, {id: a, label: cup}, {}]
robot: {battery: 80}
weather: fine
"""
    with pytest.raises(SceneError) as caught:
        read_scene(text)
    told = str(caught.value)
    for words in ("mood is 'glad'", "'a' is there twice", "lacks 'label'", "is '80'", "'weather'"):
        assert words in told
