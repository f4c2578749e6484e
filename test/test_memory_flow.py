"""The whole flow with a memory: what a robot that was restarted says, and what not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
import time

import pytest
from robochat.config import Config, config_from
from robochat.memory.acquaintances import Acquaintances
from robochat.memory.crypto import MemoryKeyError
from robochat.memory.people import people_memory, PeopleMemory
from robochat.memory.store import Store
from robochat.mllm.phrases import Phrases
from robochat.mllm.protocol import Answer
from robochat.persona import load_persona
from robochat.pipeline import Pipeline
from robochat.plan.skills import load_skills
from robochat.resources import share_path
from robochat.response import Output, Responder
from robochat.values import (
    Box,
    Emotion,
    EMOTIONS,
    FaceObservation,
    HeadPose,
    Observation,
    Refusal,
    Utterance,
)

DAY_SEC = 86400.0
MORNING_SEC = time.mktime((2026, 11, 28, 9, 0, 0, 0, 0, -1))


class Parrot:
    """Says the same to everybody."""

    name = 'parrot'

    def __init__(self, text: str) -> None:
        self.text = text

    def generate(self, sentence, schema, on_text=None, deadline_sec=6.0, cancelled=lambda: False):
        return Answer(f'Say: {self.text}', self.name, 1, 1, 0.1, 0.1)

    def close(self) -> None:
        """Nothing to free."""


class Robot:
    """One run of a robot with a memory; the next one may begin later."""

    def __init__(self, file: Path, wall_sec: float, text: str = 'Hello, nice to see you.') -> None:
        self.wall_sec = wall_sec
        self.memory = PeopleMemory(file, clock=lambda: self.wall_sec)
        persona = load_persona('companion')
        table = load_skills(share_path('config/skills/home.yaml'))
        responder = Responder(Config(), persona, table, Parrot(text), Phrases(persona, 1))
        who = Acquaintances(self.memory)
        self.pipeline = Pipeline(Config(), responder, None, acquaintances=who)
        self.now_sec = 0.0
        self.out: list[Output] = []

    def watch(self, person: str = 'anna_7', seconds: float = 4.0) -> Robot:
        """Let someone stand before the robot, who speaks where it wants to."""
        rest = 0.2 / (len(EMOTIONS) - 1)
        scores = tuple(0.8 if name == 'neutral' else rest for name in EMOTIONS)
        look = Emotion('neutral', 0.8, scores, 0.0, 0.0, True)
        box, pose = Box(300, 100, 60, 70), HeadPose(0, 0, 0)
        face = FaceObservation(person, box, 0.9, 0.0, 1.3, pose, True, emotion=look)
        for _ in range(round(seconds * 10)):
            self.now_sec += 0.1
            self.wall_sec += 0.1
            self.pipeline.felt(Observation(self.now_sec, 640, 480, (face,)))
            _, turn = self.pipeline.decide(self.now_sec)
            if turn is not None:
                self.pipeline.respond(turn, lambda: self.now_sec, self.out.append)
        return self

    def hear(self, text: str) -> None:
        self.pipeline.hear(text, self.now_sec)

    def said(self) -> list[str]:
        return [o.text for o in self.out if isinstance(o, Utterance)]

    def openings(self) -> list[str]:
        return [o.text for o in self.out if isinstance(o, Utterance) and o.proactive]

    def refusals(self) -> list[str]:
        return [o.reason for o in self.out if isinstance(o, Refusal)]

    def end(self) -> float:
        """End the run; returns when that was."""
        assert self.memory.close(5.0)
        return self.wall_sec


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / 'people.sqlite'


def test_greets_once_and_not_again_after_a_restart(file: Path) -> None:
    first = Robot(file, MORNING_SEC).watch()
    assert first.openings() == ['Hello, nice to see you.']
    again = Robot(file, first.end() + 60.0).watch()
    assert again.said() == []
    assert again.end()


def test_greets_later_that_day_in_other_words(file: Path) -> None:
    first = Robot(file, MORNING_SEC).watch()
    later = Robot(file, first.end() + 3 * 3600.0).watch()
    [opening] = later.openings()
    assert opening not in first.openings()
    assert 'these words were an opening to this person today' in later.refusals()
    later.end()


def test_greets_the_next_day_in_the_same_words(file: Path) -> None:
    first = Robot(file, MORNING_SEC).watch()
    tomorrow = Robot(file, first.end() + DAY_SEC).watch()
    assert tomorrow.openings() == first.openings()
    tomorrow.end()


def test_greets_a_stranger_after_a_restart_as_it_cannot_know_better(file: Path) -> None:
    first = Robot(file, MORNING_SEC).watch('person_1')
    first.end()
    again = Robot(file, MORNING_SEC + 60.0).watch('person_1')
    assert len(again.openings()) == 1
    again.end()
    assert not file.exists()


def test_not_now_holds_beyond_a_restart(file: Path) -> None:
    first = Robot(file, MORNING_SEC)
    first.watch(seconds=0.3)
    first.hear('Not now, please.')
    first.watch()
    assert first.openings() == []
    again = Robot(file, first.end() + 60.0).watch()
    assert again.openings() == []
    late = Robot(file, again.end() + 3600.0).watch()
    assert len(late.openings()) == 1
    late.end()


def test_who_does_not_want_to_be_greeted_never_is(file: Path) -> None:
    first = Robot(file, MORNING_SEC).watch(seconds=0.5)
    first.hear("Don't greet me.")
    first.watch()
    again = Robot(file, first.end() + DAY_SEC).watch()
    assert again.openings() == []
    again.end()


def test_an_opening_does_not_touch_what_someone_does_not_want_to_hear(file: Path) -> None:
    first = Robot(file, MORNING_SEC).watch(seconds=0.5)
    first.hear("Don't tell me about the weather.")
    again = Robot(file, first.end() + DAY_SEC, 'Hello, lovely weather today.').watch()
    assert 'this person asked not to be told of that' in again.refusals()
    assert not any('weather' in text for text in again.said())
    again.end()


def test_a_name_that_was_given_is_in_the_view_and_on_disk(file: Path) -> None:
    robot = Robot(file, MORNING_SEC).watch('person_1')
    robot.hear('My name is Anna.')
    assert robot.pipeline.view(robot.now_sec).people[0].name == 'Anna'
    robot.end()
    with closing(Store(file)) as store:
        assert set(store.load()) == {'name:anna'}


def test_a_step_of_the_clock_makes_no_strangers(file: Path) -> None:
    robot = Robot(file, MORNING_SEC).watch('person_1')
    robot.hear('My name is Anna.')
    robot.now_sec = 0.5
    robot.watch('person_1', seconds=1.0)
    assert robot.pipeline.view(robot.now_sec).people[0].name == 'Anna'
    robot.end()


# --------------------------------------------------------------------------- settings
def settings(**values: object):
    return config_from({f'memory.{name}': value for name, value in values.items()}).memory


def test_the_settings_choose_file_and_key(tmp_path: Path) -> None:
    key = tmp_path / 'key'
    key.write_text('a long enough key')
    memory = people_memory(settings(file=str(tmp_path / 'm'), key_file=str(key)))
    memory.named('name:anna', 'Anna')
    assert memory.flush()
    memory.close()
    assert b'nna' not in (tmp_path / 'm').read_bytes()


def test_a_memory_that_is_off_writes_nothing(tmp_path: Path) -> None:
    memory = people_memory(settings(enabled=False, file=str(tmp_path / 'm')))
    memory.named('name:anna', 'Anna')
    memory.close()
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MemoryKeyError, match='nowhere'):
        people_memory(settings(file=str(tmp_path / 'm'), key_file=str(tmp_path / 'nowhere')))


def test_the_usual_file_lies_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    memory = people_memory(settings())
    memory.named('name:anna', 'Anna')
    assert memory.flush()
    memory.close()
    assert (tmp_path / 'robochat' / 'people.sqlite').is_file()


def test_the_report_names_nobody(tmp_path: Path) -> None:
    memory = PeopleMemory(tmp_path / 'm')
    memory.named('name:anna', 'Anna')
    text = str(memory.report()).lower()
    memory.close()
    assert 'anna' not in text
    assert 'on disk' in text
