"""Runs the comparison on held-out scenes: ours, ours with parts missing or mixed up, the bare LM.

The scenes are made anew from their seed, with people, things, wordings and names of skills that
training never saw; they are asked as the robot asks, one after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
import time
from typing import Any

from robochat.evaluation.contenders import Altered, Bare, mix, without
from robochat.evaluation.judge import judge
from robochat.evaluation.rows import Graded, MEASURES, Score, scores
from robochat.mllm.palm_e.layout import Picture, State
from robochat.mllm.palm_e.model import PalmE
from robochat.mllm.protocol import Answer, ModelError
from robochat.training.data import scenes_from
from robochat.training.lesson import Lesson

OURS = 'ours'
DEADLINE_SEC = 60.0
# The bare model reads long prompts; a part of the questions tells enough.
BARE_EVERY = 3
NEEDED = {
    'no picture': 'image',
    'shuffled picture': 'image',
    'no state': 'state',
    'shuffled state': 'state',
}


@dataclass(frozen=True)
class Contest:
    """What each contender scored, and all answers; `photographs` are those to real pictures."""

    answers: Mapping[str, tuple[Graded, ...]]
    seconds: float
    photographs: tuple[Graded, ...] = ()

    @property
    def table(self) -> Mapping[str, Mapping[str, Score]]:
        """Scores by contender and row."""
        return {name: scores(graded) for name, graded in self.answers.items()}


def lessons_of(count: int, seed: int, split: str = 'held') -> list[Lesson]:
    """Make the lessons of `count` scenes."""
    return [
        lesson for scene in islice(scenes_from(seed, split), count) for lesson in scene.lessons
    ]


def contest(
    model: PalmE, lessons: Sequence[Lesson], ablations: bool = True, threads: int = 1
) -> Contest:
    """Ask every contender; ablations only get what depends on the part that they lack."""
    started_sec = time.monotonic()
    answers = {}
    for name, stage in _contenders(model, lessons, ablations, threads):
        needed = NEEDED.get(name)
        asked = [x for x in lessons if needed is None or x.needs == needed]
        asked = asked[::BARE_EVERY] if isinstance(stage, Bare) else asked
        with stage as contender:
            answers[name] = tuple(answered(contender, asked, name))
    return Contest(answers, time.monotonic() - started_sec)


def _contenders(
    model: PalmE, lessons: Sequence[Lesson], ablations: bool, threads: int
) -> Iterator[tuple[str, AbstractContextManager[Any]]]:
    """Yield the contenders one by one; each is opened only when it is its turn."""
    yield OURS, nullcontext(model)
    if ablations:
        yield 'no picture', Altered(model, without(Picture))
        yield 'shuffled picture', Altered(model, mix(Picture, lessons, 1))
        yield 'no state', Altered(model, without(State))
        yield 'shuffled state', Altered(model, mix(State, lessons, 2))
        yield 'zero-shot LM, state in words', Bare(model, threads=threads)


def answered(model: PalmE, lessons: Sequence[Lesson], name: str) -> Iterator[Graded]:
    """Ask one contender everything, with a progress bar."""
    from tqdm import tqdm

    for lesson in tqdm(lessons, desc=f'{name:28}', unit='answer'):
        started_sec = time.monotonic()
        answer: Answer | None = None
        try:
            answer = model.generate(lesson.sentence, lesson.schema, deadline_sec=DEADLINE_SEC)
            text = answer.text or ('(silent)' if answer.silent else '')
        except ModelError as error:
            text = f'({error})'
        yield Graded(lesson, judge(lesson, answer), text, time.monotonic() - started_sec)


def costs(contest: Contest) -> Mapping[str, Mapping[str, tuple[Score, Score]]]:
    """Compare ours with each ablation, on the answers that depend on the part it lacks."""
    found: dict[str, dict[str, tuple[Score, Score]]] = {}
    for name, needed in NEEDED.items():
        if name in contest.answers:
            ours = scores(g for g in contest.answers[OURS] if g.lesson.needs == needed)
            less = contest.table[name]
            rows = (m.name for m in MEASURES if m.needs == needed)
            found[name] = {row: (ours[row], less[row]) for row in rows}
    return found
