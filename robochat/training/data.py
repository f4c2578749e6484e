"""Makes training data: rendered scenes, what the robot knows of them, and lessons about both.

Everything comes from the seed. Held-out scenes have other people, other things, other wordings,
other names of skills, places and personas than those for training.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
import json
from multiprocessing import get_context
from pathlib import Path
import random
from typing import Any, TYPE_CHECKING

import numpy as np
from robochat.mllm.palm_e.layout import (
    nearness,
    PERSON_LOOK,
    Picture,
    Piece,
    Quote,
    State,
    THING_LOOK,
)
from robochat.sentence import Vector
from robochat.training import records
from robochat.training.asking import DECOR, side_of
from robochat.training.lesson import Desk, Lesson
from robochat.training.openings import (
    care_lessons,
    greeting_lessons,
    incident_lessons,
    open_to_talk,
    silent_lessons,
)
from robochat.training.questions import question_lessons
from robochat.training.records import Branch, Record, Still
from robochat.training.situations import Situation, situation_of
from robochat.training.talk import talk_lessons
from robochat.training.tasks import task_lessons
from robochat.training.wordings import Voice
from robochat.values import Person

if TYPE_CHECKING:
    from robochat_sim.shots import SeenPerson, Shot, Shots

TRAIN_BODIES = ('anna', 'chidi', 'tim', 'olga')
HELD_BODIES = ('mei', 'ben')
SCENES_A_SHARD = 100
JPEG_QUALITY = 92
HELD_SEED = 1_000_003
MOOD_NAMES = {
    'happy': 'happy', 'sad': 'sad', 'angry': 'upset', 'fear': 'worried', 'surprise': 'surprised',
    'disgust': 'displeased', 'neutral': 'calm',
}  # fmt: skip
METRES = ('', 'one', 'two', 'three', 'four', 'five')
Told = tuple[tuple[str, ...], ...]
QUESTIONS, TALKS, TASKS = 7, 3, 10


@dataclass(frozen=True, eq=False)
class Scene:
    """One situation and the lessons about it, which share what the model is told of it."""

    number: int
    situation: Situation
    lessons: tuple[Lesson, ...]


def scenes_from(seed: int, split: str = 'train', first: int = 0) -> Iterator[Scene]:
    """Yield scenes without end, beginning with number `first`.

    `split` is `train`, `val` (as train, another seed) or `held`. Each block of scenes has a seed
    of its own, so that any of them can be made again alone.
    """
    number = first
    while True:
        block = number // SCENES_A_SHARD
        yield from _block(seed, split, block, number % SCENES_A_SHARD)
        number = (block + 1) * SCENES_A_SHARD


def _block(seed: int, split: str, block: int, skip: int) -> Generator[Scene, None, None]:
    """Yield the scenes of one block."""
    shots = _shots(seed, split, block)
    try:
        for index in range(SCENES_A_SHARD):
            shot = shots.take()
            if index < skip:
                continue
            number = block * SCENES_A_SHARD + index
            rng = random.Random(f'{seed}:{split}:{number}')
            voice = Voice(rng, 'held' if split == 'held' else 'train')
            situation = situation_of(shot, voice)
            yield Scene(number, situation, tuple(lessons_about(situation, voice)))
    finally:
        shots.close()


def _shots(seed: int, split: str, block: int) -> Shots:
    """Open the simulator for one block."""
    from robochat_sim.shots import Shots

    bodies = HELD_BODIES if split == 'held' else TRAIN_BODIES
    offset = {'train': 0, 'val': 500_000, 'held': HELD_SEED}[split]
    return Shots(seed * 7919 + offset + block, bodies)


def lessons_about(situation: Situation, voice: Voice) -> list[Lesson]:
    """Teach everything that this situation is good for."""
    desk = Desk(situation, voice)
    greeting_lessons(desk)
    care_lessons(desk)
    silent_lessons(desk)
    incident_lessons(desk)
    question_lessons(desk, QUESTIONS)
    talk_lessons(desk, TALKS)
    task_lessons(desk, TASKS)
    return desk.lessons


# --------------------------------------------------------------------------- records
def generate(out: Path, scenes: int, seed: int = 1, split: str = 'train', jobs: int = 2) -> int:
    """Write scenes to Parquet shards under `out`, `jobs` shards at a time.

    Goes on where an earlier run stopped; returns the number of shards that were written now.
    Raises OSError where it can't be written.
    """
    from robochat.training.records import shards, Writer
    from tqdm import tqdm

    done = len(shards(out, split))
    blocks = range(done, -(-scenes // SCENES_A_SHARD))
    tasks = [(seed, split, n, min(SCENES_A_SHARD, scenes - n * SCENES_A_SHARD)) for n in blocks]
    with (
        ProcessPoolExecutor(jobs, mp_context=get_context('spawn')) as pool,
        tqdm(total=scenes, initial=scenes - sum(t[3] for t in tasks), unit='scene') as bar,
        Writer(out, split) as writer,
    ):
        for task, rows in zip(tasks, pool.map(_records, tasks), strict=True):
            for row in rows:
                writer.write(row)
            writer.flush()
            bar.update(task[3])
    return len(tasks)


def _records(task: tuple[int, str, int, int]) -> list[Record]:
    """Make the records of a shard, in a process of its own."""
    seed, split, block, count = task
    source = _block(seed, 'held' if split == 'test' else split, block, 0)
    made = [scene for _, scene in zip(range(count), source, strict=False)]
    source.close()
    return [record_of(scene) for scene in made if scene.lessons]


def record_of(scene: Scene) -> Record:
    """Write a scene as a record."""
    situation, pieces = scene.situation, _told(scene)
    words = {id(vector): names for vector, names in _state_words(situation, pieces)}
    shown = situation.shot if situation.frames else None
    frames = shown.frames if shown else ()
    return Record(
        name=f'scene_{scene.number}',
        frames=tuple(Still(_jpeg(image), age_sec) for image, age_sec in frames),
        region_words=_picture_words(shown) if shown else (),
        prefix=tuple(_piece(piece, situation, words) for piece in pieces),
        branches=tuple(_branch(lesson) for lesson in scene.lessons),
    )


def _told(scene: Scene) -> tuple[Piece, ...]:
    """Return what all lessons of a scene begin with."""
    if not scene.lessons:
        return ()
    layout = scene.lessons[0].layout
    return (*layout.fixed, *layout.scene)


def _piece(piece: Piece, situation: Situation, words: dict[int, Told]) -> records.Piece:
    """Write one piece of what is told."""
    if isinstance(piece, Picture):
        stamps = [frame.stamp_sec for frame in situation.frames]
        return records.Image(stamps.index(piece.frame.stamp_sec))
    if isinstance(piece, State):
        vector = tuple(round(float(x), 4) for x in piece.vector)
        return records.State(piece.kind, vector, words.get(id(piece.vector), ()))
    return records.Text(piece.text if isinstance(piece, Quote) else piece)


def _picture_words(shot: Shot) -> Told:
    """Say what the tokens of a picture tell: its regions, then wall, light and decoration."""
    light = 'dark' if shot.light == 'dim' else 'bright'
    decor = tuple(name for name in DECOR if name in shot.decor)
    regions = tuple(tuple(words) for words in shot.region_words)
    return (*regions, (shot.wall,) if shot.wall else (), (light,), decor)


def _state_words(situation: Situation, pieces: tuple[Piece, ...]) -> Iterator[tuple[Vector, Told]]:
    """Say in words what each token of each vector tells, for the alignment."""
    people = iter(sorted(situation.view.people, key=nearness))
    things = iter(sorted(situation.view.things, key=lambda t: (not t.visible, -t.score)))
    for piece in pieces:
        if not isinstance(piece, State):
            continue
        if piece.kind == 'robot':
            yield piece.vector, (_charge_words(situation.view.robot.battery),)
        elif piece.kind == 'person':
            person = next(people)
            yield piece.vector, _person_words(person, situation.people[person.id].column)
        elif piece.kind == PERSON_LOOK:
            yield piece.vector, _look_words(situation.people[person.id], piece.vector)
        elif piece.kind == 'thing':
            thing = next(things)
            yield piece.vector, ((side_of(thing) if thing.visible else 'hidden',),)
        elif piece.kind == THING_LOOK:
            seen = situation.things.get(thing.id)
            yield piece.vector, ((seen.color,) if seen and seen.color else (),)


def _charge_words(charge: float | None) -> tuple[str, ...]:
    if charge is None:
        return ()
    return ('low' if charge < 0.3 else 'half' if charge < 0.7 else 'full',)


def _person_words(person: Person, column: str) -> Told:
    """Say mood, side, distance, gaze and company, a token each."""
    halves = min(10, max(1, round((person.distance_m or 0.0) * 2)))
    metres = (METRES[halves // 2],) if halves > 1 else ()
    return (
        (MOOD_NAMES[person.mood] if person.mood else 'unsure',),
        (column,),
        (*metres, *(('half',) if halves % 2 else ())),
        ('looking' if person.facing else 'away',),
        ('free' if open_to_talk(person) else 'talking',),
    )


def _look_words(truth: SeenPerson, look: Vector) -> Told:
    """Say the colour of the clothes and the posture, where they can be seen."""
    if not look.any():
        return ((), ())
    return (truth.top_color,), ('sitting' if truth.seated else 'standing',)


def _branch(lesson: Lesson) -> Branch:
    """Write what is asked and answered."""
    ask = ''.join(p.text if isinstance(p, Quote) else str(p) for p in lesson.layout.ask)
    meta = json.dumps({'needs': lesson.needs})
    return Branch(f'{lesson.row}/{lesson.kind}', ask, lesson.answer, meta)


def _jpeg(image: np.ndarray[Any, Any]) -> bytes:
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    done, data = cv2.imencode('.jpg', cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise OSError('a frame could not be written as JPEG')
    return bytes(data)
