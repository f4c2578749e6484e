"""Made-up shots for the tests of lessons: labels as the simulator gives them, black pictures."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
from robochat.mllm.protocol import line_format
from robochat.plan.goals import goals, plan_for
from robochat.training.asking import COLORS
from robochat.training.data import lessons_about, Scene
from robochat.training.lesson import Lesson
from robochat.training.situations import situation_of
from robochat.training.wordings import Voice
from robochat.values import EMOTIONS, PlanStep

LABELS = ('cup', 'book', 'laptop', 'bottle', 'bowl', 'apple', 'teddy bear', 'chair')


def made_shot(rng: random.Random) -> Any:
    """A shot of up to three people, a table, and four things on it or on the floor."""
    places = sorted(rng.sample([80, 300, 500], rng.choice([0, 1, 1, 2, 2, 3])))
    table = _thing('dining table', (100, 300, 300, 100), -1, False, '')
    things = [
        _thing(label, (rng.uniform(0, 600), 250, 30, 30), rng.choice([0, 0, -1]), True, 'red')
        for label in rng.sample(LABELS, 4)
    ]
    ages = (2.0, 0.0) if rng.random() < 0.3 else (0.0,)
    return SimpleNamespace(
        frames=tuple((np.zeros((48, 64, 3), np.uint8), age) for age in ages),
        people=tuple(_person(rng, x) for x in places),
        things=(table, *things),
        decor=tuple(rng.sample(['window', 'painting', 'door', 'rug', 'lamp'], 2)),
        wall=rng.choice(COLORS),
        light=rng.choice(['bright', 'dim']),
        room='kitchen',
        change=SimpleNamespace(kind='thing_new', subject='cup', detail='')
        if len(ages) > 1
        else None,
        region_words=((),) * 12,
    )


def _person(rng: random.Random, x: float) -> Any:
    return SimpleNamespace(
        body='anna', mood=rng.choice(EMOTIONS), box=(x, 100, 60, 60), bearing_rad=0.3 - x / 1000,
        distance_m=rng.uniform(0.8, 4), head_yaw_rad=rng.uniform(-0.9, 0.9), head_pitch_rad=0.0,
        facing=rng.random() < 0.6, seated=rng.random() < 0.3, speaking=rng.random() < 0.2,
        top_color=rng.choice(COLORS), column={80: 'left', 300: 'middle', 500: 'right'}[int(x)],
        visible_share=1.0, with_other=rng.random() < 0.15,
    )  # fmt: skip


def _thing(label: str, box: tuple[float, ...], on_index: int, light: bool, color: str) -> Any:
    on = 'floor' if on_index < 0 else 'dining table'
    return SimpleNamespace(
        label=label, model=label, box=box, on=on, on_index=on_index, graspable=light,
        column='left', visible_share=1.0, color=color,
    )  # fmt: skip


def made_scene(number: int, split: str = 'train') -> Scene:
    """A situation of a made-up shot, and the lessons about it."""
    rng = random.Random(f'made:{split}:{number}')
    voice = Voice(rng, split)
    situation = situation_of(made_shot(rng), voice)
    return Scene(number, situation, tuple(lessons_about(situation, voice)))


def played(lesson: Lesson) -> str:
    """The answer that is taught as a model gives it: with the steps to the goals it names."""
    lines = dict(line.split(': ', 1) for line in lesson.answer.split('\n'))
    known = {goal.text: goal for goal in goals(lesson.schema)}
    steps: tuple[PlanStep, ...] = ()
    for text in lines.get('Goal', 'done').split('; ')[:-1]:
        steps += plan_for(known[text], lesson.schema, steps) or ()
    return line_format(lines['Say'], tuple(step.call for step in steps))
