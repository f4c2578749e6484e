"""The command that answers one question about pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from robochat.cli import main


@pytest.fixture
def grey(tmp_path: Path) -> str:
    """A picture with nobody in it."""
    path = tmp_path / 'grey.png'
    cv2.imwrite(str(path), np.full((240, 320, 3), 128, np.uint8))
    return str(path)


@pytest.fixture
def phrases(tmp_path: Path) -> str:
    """Parameters that need no weights of a language model."""
    path = tmp_path / 'params.yaml'
    path.write_text('/**:\n  ros__parameters:\n    model:\n      backend: phrases\n')
    return str(path)


def test_prints_one_json_object(
    grey: str, phrases: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['ask', grey, grey, 'What do you see?', '--params', phrases]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed['answer']
    assert printed['model'] == 'phrases'
    assert printed['people'] == []


@pytest.mark.model
def test_the_embedded_model_answers(grey: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip('xllamacpp', reason='needs robochat[smollm2]')
    assert main(['ask', grey, 'What is your name?']) == 0
    assert 'Robi' in json.loads(capsys.readouterr().out)['answer']


def test_a_missing_picture_is_named(phrases: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['ask', '/nowhere/x.png', 'Who?', '--params', phrases]) == 2
    assert '/nowhere/x.png: no picture that can be read' in capsys.readouterr().err


def test_a_file_that_is_no_picture_is_refused(
    tmp_path: Path, phrases: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'text.png'
    path.write_text('not a picture')
    assert main(['ask', str(path), 'Who?', '--params', phrases]) == 2
    assert 'text.png' in capsys.readouterr().err


@pytest.mark.parametrize('question', ['', '   ', '\x00\x01'])
def test_a_question_without_words_is_refused(
    question: str, grey: str, phrases: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['ask', grey, question, '--params', phrases]) == 2
    assert 'no words' in capsys.readouterr().err


def test_an_unknown_model_is_refused(
    tmp_path: Path, grey: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / 'params.yaml'
    path.write_text('/**:\n  ros__parameters:\n    model:\n      backend: gpt9\n')
    assert main(['ask', grey, 'Who?', '--params', str(path)]) == 2
    assert 'known are' in capsys.readouterr().err
