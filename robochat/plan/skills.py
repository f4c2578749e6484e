"""Reads a skill file: what the robot can do, in YAML, with every mistake named at once.

`config/skills/home.yaml` is the commented example. A file has `places`, `graspable` and `surfaces`
(labels of things, names of places), `low_battery` and `skills`.
"""

from __future__ import annotations

from pathlib import Path

from robochat.plan.declaration import SkillReader
from robochat.plan.mapping import POSE_KEYS, SLOT
from robochat.plan.marked import Problem, Reader
from robochat.plan.table import PlaceOnMap, Skill, SkillTable
import yaml

__all__ = ['load_skills', 'read_skills', 'SkillFileError', 'SkillTable']

FILE_KEYS = ('skills', 'places', 'graspable', 'surfaces', 'low_battery')


class SkillFileError(ValueError):
    """A skill file has mistakes; `problems` has one entry for each, with its line."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        lines = '\n'.join(f'  {problem}' for problem in problems)
        super().__init__(f'{source} has {len(problems)} mistakes:\n{lines}')


def load_skills(path: str | Path) -> SkillTable:
    """Read a skill file.

    Raises SkillFileError with every mistake, or with the reason why the file can't be read.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        unread = Problem(1, f'unreadable: {error}', 'UTF-8 text', 'check path and encoding')
        raise SkillFileError(str(path), (unread,)) from error
    return read_skills(text, str(path))


def read_skills(text: str, source: str = 'skill file') -> SkillTable:
    """Read the text of a skill file; raises SkillFileError with every mistake."""
    reader = Reader()
    root = reader.compose(text)
    if root is None and not reader.problems:
        reader.problems.append(Problem(1, 'the file is empty', 'skills', 'add `skills:`'))
    table = _table(reader, root)
    if reader.problems:
        raise SkillFileError(source, tuple(sorted(reader.problems, key=lambda p: p.line)))
    return table


def _table(reader: Reader, root: yaml.Node | None) -> SkillTable:
    """Read the whole file."""
    keys = reader.section(root, 'the file', FILE_KEYS, needed=('skills',))
    places = tuple(
        _place(reader, node, name)
        for name, node in reader.entries(keys.get('places'), '`places`')
        if reader.name(node, name, 'a place')
    )
    names = frozenset(p.name for p in places)
    skills = tuple(
        SkillReader(reader, name, names).read(node)
        for name, node in reader.entries(keys.get('skills'), '`skills`')
        if reader.name(node, name, 'a skill')
    )
    _judge_poses(reader, keys.get('places'), places, skills)
    if 'skills' in keys and not skills:
        reader.wrong(keys['skills'], 'no skill is declared', 'one or more', 'declare one')
    low_battery = reader.number(keys.get('low_battery'), '`low_battery`', 0.1, 0.0, 1.0)
    return SkillTable(
        skills=skills,
        places=places,
        graspable=frozenset(w for _, w in reader.words(keys.get('graspable'), '`graspable`')),
        surfaces=frozenset(w for _, w in reader.words(keys.get('surfaces'), '`surfaces`')),
        low_battery=0.1 if low_battery is None else low_battery,
    )


def _judge_poses(
    reader: Reader,
    node: yaml.Node | None,
    places: tuple[PlaceOnMap, ...],
    skills: tuple[Skill, ...],
) -> None:
    """Note places without the pose that a skill's fields use."""
    templates = [template for skill in skills for _, template in skill.ros.fields]
    used = any('.' in slot for template in templates for slot in SLOT.findall(template))
    for place in places:
        if used and node is not None and place.x_m is None:
            fact = f'place {place.name} has no pose, which `fields` of a skill use'
            reader.wrong(node, fact, ', '.join(POSE_KEYS), 'give the place a pose')


def _place(reader: Reader, node: yaml.Node, name: str) -> PlaceOnMap:
    """Read one place."""
    what = f'place {name}'
    keys = reader.section(node, what, ('things', *POSE_KEYS))
    pose = {key: reader.number(keys.get(key), f'{key} of {what}') for key in POSE_KEYS}
    if 0 < len(keys.keys() & set(POSE_KEYS)) < len(POSE_KEYS):
        reader.wrong(node, f'{what} has half a pose', ', '.join(POSE_KEYS), 'give all or none')
    things = tuple(word for _, word in reader.words(keys.get('things'), f'`things` of {what}'))
    return PlaceOnMap(name, things, pose['x_m'], pose['y_m'], pose['yaw_rad'])
