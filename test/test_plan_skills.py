from __future__ import annotations

from pathlib import Path

import pytest
from robochat.plan.mapping import filled_fields
from robochat.plan.skills import load_skills, read_skills, SkillFileError
from robochat.values import PlanStep

SKILLS = Path(__file__).parent.parent / 'config' / 'skills'

GOOD = """
places:
  kitchen: {x_m: 1.0, y_m: 2.0, yaw_rad: 3.14159265}
skills:
  go:
    text: Drive
    parameters: {target: place}
    effects: [near(target)]
    ros:
      action: navigate_to_pose
      type: nav2_msgs/action/NavigateToPose
      fields: {pose.pose.position.x: '{target.x_m}', pose.pose.orientation.z: '{target.qz}'}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(SkillFileError) as caught:
        read_skills(text)
    return [str(problem) for problem in caught.value.problems]


def skill(body: str) -> str:
    ros = 'ros: {action: go, type: a_msgs/action/Go}'
    return f'places: {{dock: {{}}}}\nskills:\n  go: {{text: Go, {ros}, {body}}}\n'


@pytest.mark.parametrize('path', sorted(SKILLS.glob('*.yaml')), ids=lambda p: p.stem)
def test_reads_every_shipped_file(path: Path) -> None:
    table = load_skills(path)
    assert table.skills
    assert all(skill.text and skill.ros.type for skill in table.skills)


def test_home_declares_what_the_design_names() -> None:
    table = load_skills(SKILLS / 'home.yaml')
    names = 'navigate_to approach look_at pick place hand_over say wait call_for_help'
    assert table.names == tuple(names.split())
    pick = table.skill('pick')
    assert pick is not None
    assert pick.signature == 'pick(object: thing)'
    assert [str(p) for p in pick.effects] == ['holding(object)']


def test_fills_message_fields_with_the_pose_of_a_place() -> None:
    table = read_skills(GOOD)
    filled = filled_fields(PlanStep('go', (('target', 'kitchen'),)), table.skills[0], table)
    assert filled == (('pose.pose.position.x', '1'), ('pose.pose.orientation.z', '1'))


def test_reports_all_mistakes_at_once_each_with_its_line() -> None:
    found = problems(
        """
places: {Kitchen: {}}
graspable: cup
skils: {}
skills:
  pick:
    txt: Take
    parameters: {object: thingy, seconds: {type: number, low: 5, high: 1}}
    preconditions: [hand_emty, near(objekt)]
    limits: {per_plan: many}
    on_failure: explode
    ros: {action: go, type: std_msgs/msg/String}
  pick:
    text: Again
"""
    )
    assert [problem.split(':')[0] for problem in found] == sorted(
        (problem.split(':')[0] for problem in found), key=lambda line: int(line.split()[1])
    )
    told = '\n'.join(found)
    for words in (
        "line 2: a place is called 'Kitchen'",
        "line 3: `graspable` is 'cup'; allowed: a list",
        "the file has no 'skils'",
        "did you mean 'skills'",
        "pick has no 'txt'",
        "pick lacks 'text'",
        "has the type 'thingy'",
        'has low 5 above high 1',
        'no predicate is called hand_emty; did you mean hand_empty?',
        "'objekt' is neither a parameter",
        "per_plan of pick is 'many'",
        "on_failure of pick is 'explode'; allowed: fail, continue, replan, ask",
        "ros type of pick is 'std_msgs/msg/String'",
        "`skills` has 'pick' twice, first in line 6",
    ):
        assert words in told


@pytest.mark.parametrize(
    ('body', 'words'),
    [
        ('effects: [visible(dock)]', 'no step can bring visible about'),
        ('preconditions: [visible(dock)]', 'neither a parameter'),
        ('preconditions: ["near(dock, dock)"]', 'must be written near('),
        ('preconditions: [near(dock, dock)]', 'put the whole of it in quotes'),
        ('preconditions: [near dock]', 'must look like'),
        ('parameters: {p: place}, preconditions: [holding(p)]', 'p may be a place'),
        ('parameters: {p: place|text}', "type 'place|text'"),
        ('parameters: {p: {type: choice}}', 'has no values'),
        ('parameters: {p: {type: number, low: 1, high: 5, values: [9]}}', "offers '9'"),
        ('parameters: {p: {type: number, low: .inf}}', "low of parameter p of go is '.inf'"),
        ('parameters: {p: {type: thing, unit: m}}', "has no 'unit'"),
        ('timeout_sec: 0', "timeout_sec of go is '0'"),
        ('retry_budget: 1.5', 'retry_budget of go is 1.5'),
        ('limits: [1]', 'is a list'),
        ('preconditions: {a: b}', 'is a mapping'),
    ],
)
def test_refuses_a_skill_with(body: str, words: str) -> None:
    assert words in '\n'.join(problems(skill(body)))


@pytest.mark.parametrize(
    ('ros', 'words'),
    [
        ('{type: a/action/B}', 'names 0 interfaces'),
        ('{action: a, topic: b, type: a/action/B}', 'names 2 interfaces'),
        ('{topic: a, type: String}', 'package/msg/Name'),
        ('{service: a, type: a/msg/B}', 'package/srv/Name'),
        ("{topic: 'a b', type: a/msg/B}", "topic of go is 'a b'"),
        ("{topic: a, type: a/msg/B, fields: {data: '{text}'}}", 'uses {text}'),
        ('{topic: a, type: a/msg/B, fields: {Data: x}}', "is called 'Data'"),
        ('say', "is 'say'"),
    ],
)
def test_refuses_a_mapping_like(ros: str, words: str) -> None:
    found = problems(f'skills:\n  go:\n    text: Go\n    ros: {ros}\n')
    assert words in '\n'.join(found)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'the file is empty'),
        ('skills: {', 'not YAML'),
        ('- a', 'the file is a list'),
        ('skills: {}', 'no skill is declared'),
        ('places: {}', "lacks 'skills'"),
        ('&a [*a]', 'the file is a list'),
    ],
)
def test_refuses_a_file_that_is(text: str, words: str) -> None:
    assert words in '\n'.join(problems(text))


def test_wants_a_pose_for_every_place_when_fields_use_one() -> None:
    text = GOOD.replace('{x_m: 1.0, y_m: 2.0, yaw_rad: 3.14159265}', '{}')
    assert 'place kitchen has no pose' in '\n'.join(problems(text))


def test_says_why_a_file_cant_be_read(tmp_path: Path) -> None:
    with pytest.raises(SkillFileError, match='unreadable'):
        load_skills(tmp_path / 'none.yaml')
    (tmp_path / 'bad.yaml').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(SkillFileError, match='unreadable'):
        load_skills(tmp_path / 'bad.yaml')


def test_takes_words_as_they_are_written() -> None:
    table = read_skills(skill('parameters: {p: {type: choice, values: [yes, no, 1_0]}}'))
    assert table.skills[0].parameters[0].values == ('yes', 'no', '1_0')
