"""Dialogues on disk: only of those who agreed, pictures only where everybody in view did."""

from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from robochat.learning.dataset import DatasetError, Dialogues, export, forget, nobody
from robochat.learning.learner import Learner
from robochat.settings import LearningSettings
from robochat.values import Box, Decision, Frame, Person, Trigger, Turn, Utterance, WorldView

ANN = Person('ann', 0.0, 10.0, Box(300, 100, 60, 70), 0.0, facing=True, name='Ann')
BOB = Person('bob', 0.0, 10.0, Box(100, 100, 60, 70), 0.0, name='Bob')
PICTURE = np.zeros((48, 64, 3), np.uint8)
PICTURE[:, :, 0] = 200


def agreed(person: Person) -> str:
    """Ann agreed, and nobody else."""
    return 'id:ann' if person.id == 'ann' else ''


def turn(number: int = 1, heard: str = '', who: str = 'ann') -> Turn:
    decision = Decision(True, 'came', 10.0, Trigger.GREETING, who)
    return Turn(f'turn_{number}', decision, heard, frames=(Frame(PICTURE, 10.0),))


def said(made: Turn, text: str = 'Hello!') -> Utterance:
    who = made.decision.addressee
    evidence = ('1.2 m away',)
    return Utterance(
        made.id, text, 10.0, addressee=who, reason='came', evidence=evidence, trigger='greeting'
    )


def kept(folder: Path, turns, people=(ANN,), frames: bool = True, who=agreed) -> list[bool]:
    """Keep turns of (seconds, heard, words), and tell which were."""
    dialogues = Dialogues(folder, 1_000_000, frames, who)
    answers = []
    for number, (now_sec, heard, words) in enumerate(turns):
        made = turn(number, heard)
        answers.append(dialogues.keep(made, said(made, words), WorldView(now_sec, people=people)))
    assert dialogues.close() and dialogues.lost == 0
    return answers


def exported(folder: Path, out: Path, agrees=lambda key: key == 'id:ann') -> list[dict]:
    export(folder, out, agrees)
    return [json.loads(line) for line in (out / 'train.jsonl').read_text().splitlines()]


# ------------------------------------------------------------------ export
def test_a_dialogue_is_exported_as_messages_with_its_pictures(tmp_path):
    turns = [(10.0, '', 'Hello!'), (20.0, 'Hi, how are you?', 'Well, thanks.')]
    assert kept(tmp_path / 'd', turns) == [True, True]
    [row] = exported(tmp_path / 'd', tmp_path / 'out')
    assert [m['role'] for m in row['messages']] == ['user', 'assistant'] * 2
    assert row['messages'][1]['content'][0]['text'] == 'Hello!'
    assert 'Hi, how are you?' in row['messages'][2]['content'][-1]['text']
    assert len(row['images']) == 2
    picture = cv2.imread(str(tmp_path / 'out' / row['images'][0]))
    assert picture.shape == (48, 64, 3)
    assert abs(int(picture[20, 20, 2]) - 200) < 8, 'red must stay red'


def test_talks_a_minute_apart_are_two_dialogues(tmp_path):
    kept(tmp_path / 'd', [(10.0, '', 'Hello!'), (75.0, '', 'Hello again!')])
    assert len(exported(tmp_path / 'd', tmp_path / 'out')) == 2


def test_the_key_and_the_name_of_a_person_are_not_in_the_export(tmp_path):
    kept(tmp_path / 'd', [(10.0, '', 'Hello!')])
    exported(tmp_path / 'd', tmp_path / 'out')
    text = ''.join(p.read_text() for p in (tmp_path / 'out').glob('*.*'))
    assert 'ann' not in text.casefold().replace('channel', '')


# ------------------------------------------------------------------ consent
def test_nobody_agreed_until_asked(tmp_path):
    assert kept(tmp_path / 'd', [(10.0, '', 'Hello!')], who=nobody) == [False]
    assert not (tmp_path / 'd').exists()


def test_words_with_someone_who_did_not_agree_are_not_kept(tmp_path):
    dialogues = Dialogues(tmp_path, 1_000_000, True, agreed)
    made = turn(who='bob')
    assert not dialogues.keep(made, said(made), WorldView(10.0, people=(ANN, BOB)))
    made = turn(who='')
    assert not dialogues.keep(made, said(made), WorldView(10.0, people=(ANN,)))
    dialogues.close()
    assert not list(tmp_path.iterdir())


def test_a_picture_is_not_kept_where_someone_else_is_in_view(tmp_path):
    kept(tmp_path / 'd', [(10.0, '', 'Hello!')], people=(ANN, BOB))
    [row] = exported(tmp_path / 'd', tmp_path / 'out')
    assert row['images'] == [] and not list(tmp_path.rglob('*.jpg'))


def test_a_picture_is_not_kept_unless_the_setting_says_so(tmp_path):
    assert LearningSettings().keep_frames is False
    kept(tmp_path / 'd', [(10.0, '', 'Hello!')], frames=False)
    assert not list(tmp_path.rglob('*.jpg'))


def test_words_that_name_someone_else_are_not_kept(tmp_path):
    turns = [(10.0, 'Bob is ill.', 'Oh no.'), (11.0, '', 'Where is Bob?')]
    assert kept(tmp_path / 'd', turns, people=(ANN, BOB)) == [False, False]


def test_who_took_consent_back_is_left_out_of_the_export(tmp_path):
    kept(tmp_path / 'd', [(10.0, '', 'Hello!')])
    with pytest.raises(DatasetError, match='1 turns, none with a person who agrees'):
        exported(tmp_path / 'd', tmp_path / 'out', lambda key: False)
    assert not (tmp_path / 'out').exists()


def test_forgetting_someone_deletes_their_words_and_pictures(tmp_path):
    kept(tmp_path, [(10.0, '', 'Hello!'), (11.0, 'Hi', 'Yes?')])
    assert forget(tmp_path, 'id:ann') == 2
    assert (tmp_path / 'turns.jsonl').read_text() == '' and not list(tmp_path.rglob('*.jpg'))
    assert forget(tmp_path / 'none', 'id:ann') == 0


def test_the_learner_keeps_no_dialogues_without_a_way_to_ask_for_consent(tmp_path):
    path = str(tmp_path / 'd')
    learner = Learner.load(LearningSettings(journal=False, dialogues_folder=path))
    learner.saw(WorldView(10.0, people=(ANN,)))
    learner.took(turn(), said(turn()), 10.0)
    learner.close()
    assert not (tmp_path / 'd').exists()


def test_the_learner_keeps_dialogues_with_those_who_agreed(tmp_path):
    path = str(tmp_path / 'd')
    settings = LearningSettings(journal=False, dialogues_folder=path)
    learner = Learner.load(settings, agreed)
    learner.saw(WorldView(10.0, people=(ANN,)))
    learner.took(turn(), said(turn()), 10.0)
    learner.took(turn(2), said(turn(2)), 11.0, aloud=False)
    learner.close()
    assert len((tmp_path / 'd' / 'turns.jsonl').read_text().splitlines()) == 1


# ------------------------------------------------------------------ bounds, bad input
def test_a_folder_that_is_in_use_is_not_written_over(tmp_path):
    kept(tmp_path / 'd', [(10.0, '', 'Hello!')])
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'mine.txt').write_text('mine')
    with pytest.raises(DatasetError, match='there already'):
        exported(tmp_path / 'd', tmp_path / 'out')


def test_bad_lines_and_names_that_lead_elsewhere_are_passed_over(tmp_path):
    kept(tmp_path / 'd', [(10.0, '', 'Hello!')])
    secret = tmp_path / 'secret.jpg'
    secret.write_bytes(b'secret')
    line = {'run': 'r', 'who': 'id:ann', 'said': 'x', 'time': 1.0, 'frames': ['../../secret.jpg']}
    with (tmp_path / 'd' / 'turns.jsonl').open('a') as file:
        for bad in (line, {**line, 'said': 3}, {**line, 'time': 'now'}, {**line, 'frames': 'x'}):
            file.write(json.dumps(bad) + '\n')
    rows = exported(tmp_path / 'd', tmp_path / 'out')
    assert len([i for row in rows for i in row['images']]) == 1
    assert secret.exists()


def test_pictures_stay_below_the_limit_and_the_newest_stay(tmp_path):
    random = np.random.default_rng(1)
    noisy = random.integers(0, 255, (240, 320, 3), dtype=np.uint8)
    dialogues = Dialogues(tmp_path, 200_000, True, agreed)
    for number in range(12):
        made = replace(turn(number), frames=(Frame(noisy, 10.0),))
        while not dialogues.keep(made, said(made), WorldView(10.0, people=(ANN,))):
            pass
    assert dialogues.close(), 'in time'
    pictures = list(tmp_path.rglob('*.jpg'))
    assert sum(p.stat().st_size for p in pictures) <= 200_000
    assert any('turn_11' in p.name for p in pictures) and len(pictures) < 12
