"""Skill tables as other robots have them: other names, other places, skills that few have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
import random
import string
from typing import Any

from robochat.plan.skills import load_skills
from robochat.plan.table import Parameter, PlaceOnMap, RosTarget, Skill, SkillTable
from robochat.resources import named_file
from robochat.training.wordings import extra_skills, Voice, wordings

CODED_SHARE = 0.3
CODES = ('skill', 'action', 'do', 'task', 'robot', 'run', 'step')
NEEDED = ('navigate_to', 'look_at', 'pick')
USEFUL = ('approach', 'place', 'hand_over')
RARE = ('wait', 'call_for_help')


@cache
def shipped_table() -> SkillTable:
    """Read the shipped skill file once."""
    return load_skills(named_file('home', 'config/skills'))


def table_of(voice: Voice) -> tuple[SkillTable, Mapping[str, str], str]:
    """Rename skills and places; returns the table, names by role, and the name of the dock."""
    rng, base = voice.rng, shipped_table()
    roles = [*NEEDED, *(r for r in USEFUL if rng.random() < 0.85)]
    roles += [r for r in RARE if rng.random() < 0.2]
    skills, names = [], {}
    coded = voice.split == 'train' and rng.random() < CODED_SHARE
    for skill in base.skills:
        if skill.name in roles:
            renamed = _coded(skill, voice) if coded else _renamed(skill, voice)
            names[skill.name] = renamed.name
            skills.append(renamed)
    rng.shuffle(skills)
    places = rng.sample(wordings()['places'][voice.split], rng.randint(2, 4))
    dock = voice.one_of(wordings()['docks'])
    extra = frozenset(w for s in wordings()['extra_things'].values() for w in s)
    table = SkillTable(
        skills=tuple(skills),
        places=tuple(PlaceOnMap(p) for p in rng.sample([*places, dock], len(places) + 1)),
        graspable=base.graspable | extra,
        surfaces=base.surfaces - set(places) | (set(places) - set(wordings()['bare_places'])),
        low_battery=base.low_battery,
    )
    return table, names, dock


def with_extras(table: SkillTable, voice: Voice) -> tuple[SkillTable, Mapping[str, Any]]:
    """Add up to three skills that only this robot has; returns their wordings by name too."""
    rng, own = voice.rng, {}
    skills = list(table.skills)
    for told in rng.sample(extra_skills()[voice.split], rng.choice([0, 1, 2, 2, 3, 3])):
        name = rng.choice(told['names'])
        takes = (Parameter('target', (told['takes'],)),) if told['takes'] else ()
        target = RosTarget('action', 'execute_skill', 'robochat_msgs/action/ExecuteSkill')
        skill = Skill(name, rng.choice(told['texts']), takes, (), (), target)
        coded = voice.split == 'train' and rng.random() < CODED_SHARE
        skills.append(replace(skill, name=_code(rng)) if coded else skill)
        own[skills[-1].name] = told
    rng.shuffle(skills)
    return replace(table, skills=tuple(skills)), own


def _coded(skill: Skill, voice: Voice) -> Skill:
    """Give a skill a name that says nothing, so that its description must be read."""
    rng = voice.rng
    text = rng.choice(wordings()['skills'][skill.name]['texts'])
    return replace(skill, name=_code(rng), text=text)


def _code(rng: random.Random) -> str:
    """Make up a name that says nothing."""
    return f'{rng.choice(CODES)}_{rng.choice(string.ascii_lowercase)}{rng.randint(1, 99)}'


def _renamed(skill: Skill, voice: Voice) -> Skill:
    """Give a skill another name and description."""
    told = wordings()['skills'][skill.name]
    name = voice.one_of(told['names'])
    return replace(skill, name=name, text=voice.rng.choice(told['texts']))
