"""A replay for the Rerun viewer: what is written, and what is said where that can't be."""

from __future__ import annotations

from pathlib import Path
import stat
import sys

import pytest

pytest.importorskip('mcap', reason='recordings need the extra "record"')

from robochat.cli import main
from robochat.recording.rerun import face_label, weighed, words_of
from robochat.values import (
    ActionPlan,
    Box,
    Decision,
    Emotion,
    FaceObservation,
    PlanStep,
    Speech,
    Utterance,
)

RECORDING = Path(__file__).resolve().parents[1] / 'sim' / 'recordings' / 'sad_homecoming.mcap'


def test_without_the_package_it_says_what_to_install_and_leaves_no_file(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.setitem(sys.modules, 'rerun', None)
    path = tmp_path / 'out.rrd'
    assert main(['replay', str(RECORDING), '--quiet', '--rerun', str(path)]) == 2
    assert 'pip install "robochat[rerun]"' in capsys.readouterr().err
    assert not path.exists()


def test_everything_is_in_the_file_and_only_its_owner_reads_it(capsys, tmp_path):
    pytest.importorskip('rerun', reason='needs the extra "rerun"')
    path = tmp_path / 'out.rrd'
    assert main(['replay', str(RECORDING), '--quiet', '--rerun', str(path)]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    assert data.startswith(b'RRF') and len(data) > 500_000  # the pictures are the most of it
    names = ('camera', 'camera/people', 'camera/things', 'dialogue', 'decisions')
    for name in (*names, *(f'decision/{n}' for n in ('score', 'value', 'cost'))):
        assert f'/{name}'.encode() in data, name


def test_a_file_that_exists_is_left_alone(capsys, tmp_path):
    pytest.importorskip('rerun', reason='needs the extra "rerun"')
    path = tmp_path / 'out.rrd'
    path.write_text('mine')
    assert main(['replay', str(RECORDING), '--quiet', '--rerun', str(path)]) == 2
    assert 'exists already' in capsys.readouterr().err
    assert path.read_text() == 'mine'


def test_a_replay_without_it_does_not_look_for_the_package(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'rerun', None)
    assert main(['replay', str(RECORDING), '--quiet']) == 0


def test_an_uncertain_face_has_a_question_mark():
    box = Box(0, 0, 9, 9)
    face = FaceObservation('person_1', box, 0.9, 0.0)
    sad = Emotion('sad', 0.5, (), -0.5, 0.0, certain=False)
    assert face_label(face) == 'person_1'
    assert face_label(FaceObservation('person_1', box, 0.9, 0.0, emotion=sad)) == 'person_1 sad?'


def test_words_and_plans_are_told_and_measures_are_not():
    said = Utterance('turn_1', 'Hello!', 1.0, addressee='person_1')
    step = PlanStep('pick', (('object', 'cup_1'),))
    assert words_of(said) == 'robot to person_1: Hello!'
    assert words_of(Speech('', 'Good day.', 1.0)) == 'person: Good day.'
    plan = ActionPlan('p1', 'tea', (step,), 1.0, status='accepted')
    assert words_of(plan) == 'plan p1 accepted: pick(cup_1)'
    assert words_of(Box(0, 0, 1, 1)) == ''


def test_value_and_cost_are_what_features_add_and_take():
    features, weights = (('near', 0.5), ('company', 1.0)), (('near', 2.0), ('company', -3.0))
    decision = Decision(True, 'why', 1.0, features=features, weights=weights)
    assert weighed(decision) == (('value', 1.0), ('cost', 3.0))
    assert weighed(Decision(False, 'nobody is in view', 1.0)) == ()
