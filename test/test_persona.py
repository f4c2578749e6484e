"""Personas: the shipped ones and broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from robochat.config import Config
from robochat.mllm.fitness import LOOK_WORDS
from robochat.persona import load_persona, persona_from, PersonaError, SPOKEN
from robochat.resources import MissingFileError
from robochat.safety import judge_utterance
from robochat.values import Trigger

SHIPPED = ('companion', 'receptionist')


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_personas_have_examples_and_phrases_for_every_trigger(name: str) -> None:
    persona = load_persona(name)
    for trigger in SPOKEN:
        assert persona.examples_for(trigger)
        assert persona.phrases_for(trigger)


def test_the_companion_has_many_words_for_greeting_and_care() -> None:
    persona = load_persona('companion')
    for trigger, whens in (
        (Trigger.GREETING, ('any',)),
        (Trigger.CARE, ('any', 'sad', 'angry', 'fear')),
    ):
        for when in whens:
            assert sum(p.when == when for p in persona.phrases_for(trigger)) >= 8


@pytest.mark.parametrize('name', SHIPPED)
def test_everything_a_persona_would_say_passes_the_content_gate(name: str) -> None:
    persona = load_persona(name)
    slots = {'day': 'morning', 'robot': persona.name, 'thing': 'cup', 'what': 'cup fell down'}
    texts = [example.say for example in persona.examples]
    texts += [phrase.text.format(**slots) for phrase in persona.phrases]
    refused = [(t, r.reason) for t in texts if (r := judge_utterance(t, Config())[1]) is not None]
    assert refused == []


@pytest.mark.parametrize('name', SHIPPED)
def test_no_persona_says_what_it_says_that_it_never_says(name: str) -> None:
    persona = load_persona(name)
    assert [e.say for e in persona.examples if persona.forbids(e.say)] == []
    assert [p.text for p in persona.phrases if persona.forbids(p.text)] == []


def test_phrases_for_no_special_case_do_not_remark_on_looks() -> None:
    for name in SHIPPED:
        general = [p.text for p in load_persona(name).phrases if p.when not in LOOK_WORDS]
        assert [text for text in general if 'you look' in text.lower()] == []


def test_an_unknown_persona_is_refused_with_the_known_names() -> None:
    with pytest.raises(MissingFileError, match='companion'):
        load_persona('pirate')


def test_all_mistakes_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / 'bad.yaml'
    path.write_text(
        'name: ""\nlanguage: 5\nhobby: chess\nrules: []\nnever: [1]\n'
        'examples: {greeting: {any: [{situation: x}], later: [y]}}\n'
        'phrases: {greeting: {any: ["Hi {whom}", "{broken"]}, dance: {any: [x]}}\n'
    )
    with pytest.raises(PersonaError) as error:
        load_persona(str(path))
    text = '\n'.join(error.value.problems)
    for fact in (
        'hobby: unknown', 'name: must be', 'language: must be', 'system: must be',
        'rules: must be', 'never[0]', 'examples.greeting.any[0]', 'examples.greeting.later',
        'examples.care: missing', 'no slot whom', 'phrases.dance: no such trigger',
        'phrase without slots',
    ):  # fmt: skip
        assert fact in text


@pytest.mark.parametrize('text', ['a: [', '\xff\xfe', '- just\n- a list', '', '5'])
def test_what_is_no_persona_at_all_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / 'bad.yaml'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(PersonaError):
        load_persona(str(path))


def test_unquoted_yes_and_no_are_pointed_out() -> None:
    with pytest.raises(PersonaError, match='quote yes and no'):
        persona_from({'examples': {'reply': {'any': [], True: []}}})
