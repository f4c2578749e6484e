"""Verdicts: what a run has to show, and what spoils it."""

from __future__ import annotations

import pytest
from robochat_sim.expectations import judge
from robochat_sim.script import Expectation

FACES = {'anna': [300.0, 100.0, 60.0, 70.0], 'ben': [100.0, 100.0, 60.0, 70.0]}


def truth(t, *people):
    """A truth event with these people's faces in view, 2 s before the scenario's own clock."""
    shown = [{'id': who, 'face_box': FACES[who]} for who in people]
    return {'t': t, 'kind': 'truth', 'scenario_sec': t - 2.0, 'people': shown}


def said(t, text, trigger='greeting', addressee='person_1'):
    return {'t': t, 'kind': 'utterance', 'text': text, 'trigger': trigger, 'addressee': addressee}


def seen(t, **tracks):
    emotions = [{'person': track, 'box': FACES[who]} for track, who in tracks.items()]
    return {'t': t, 'kind': 'emotions', 'emotions': emotions}


def plan(t, *skills, refusal=''):
    return {'t': t, 'kind': 'plan', 'refusal': refusal, 'steps': [{'skill': s} for s in skills]}


def ok(expectation, *events):
    (verdict,) = judge([expectation], events)
    return verdict.ok


GREETS = Expectation('speaks', 3.0, 8.0, triggers=('greeting', 'care'), to='anna')
QUIET = Expectation('silent', 3.0, 8.0)


# --------------------------------------------------------------------------- speaks
def test_the_right_words_at_the_right_time_are_accepted():
    assert ok(GREETS, truth(2.0, 'anna'), truth(7.0, 'anna'), said(7.0, 'Hello!'))


@pytest.mark.parametrize(
    'utterance',
    [
        said(4.0, 'Hello!'),
        said(12.0, 'Hello!'),
        said(7.0, 'Hello!', trigger='small_talk'),
    ],
)
def test_words_at_another_time_or_for_another_reason_are_not(utterance):
    assert not ok(GREETS, truth(2.0, 'anna'), truth(7.0, 'anna'), utterance)


def test_the_addressee_is_found_by_the_face_among_several():
    events = (
        truth(2.0, 'anna', 'ben'),
        truth(7.0, 'anna', 'ben'),
        seen(6.9, person_1='ben', person_2='anna'),
    )
    assert ok(GREETS, *events, said(7.0, 'Hello!', addressee='person_2'))
    assert not ok(GREETS, *events, said(7.0, 'Hello!', addressee='person_1'))
    assert not ok(GREETS, *events, said(7.0, 'Hello!', addressee='person_9'))


def test_words_can_be_asked_for_and_forbidden():
    kind = Expectation('speaks', matching='tea|coffee', not_matching='depress')
    assert ok(kind, said(1.0, 'Would some Tea help?'))
    assert not ok(kind, said(1.0, 'Hello!'))
    assert not ok(kind, said(1.0, 'You look depressed, have some tea.'))


def test_without_a_trigger_the_reason_counts():
    event = {'t': 1.0, 'kind': 'utterance', 'text': 'Oh!', 'reason': 'hazard: cup fell down'}
    assert ok(Expectation('speaks', triggers=('hazard',)), event)
    assert not ok(Expectation('speaks', triggers=('care',)), event)


def test_a_miss_says_what_was_heard_instead():
    (verdict,) = judge([GREETS], [truth(2.0, 'anna'), said(12.0, 'Too late.')])
    assert '"Too late." at 10.0 s (outside that time)' in verdict.text


# --------------------------------------------------------------------------- the others
def test_silence_is_kept_or_broken():
    assert ok(QUIET, truth(2.0), said(4.0, 'Before.'), said(11.0, 'After.'))
    assert not ok(QUIET, truth(2.0), said(6.0, 'During.'))


def test_a_refused_plan_is_no_plan():
    kind = Expectation('plan', any_skill=('pick', 'hand_over'))
    assert ok(kind, plan(1.0, 'navigate_to', 'pick'))
    assert not ok(kind, plan(1.0, 'navigate_to'))
    assert not ok(kind, plan(1.0, 'pick', refusal='the gripper is full'))
    assert not ok(kind)


def test_utterances_are_counted():
    kind = Expectation('utterances', at_least=1, at_most=2)
    assert not ok(kind)
    assert ok(kind, said(1.0, 'One.'))
    assert not ok(kind, said(1.0, 'One.'), said(2.0, 'Two.'), said(3.0, 'Three.'))


def test_model_calls_are_counted():
    kind = Expectation('model_calls', at_most=0)
    assert ok(kind, said(1.0, 'A phrase.'))
    assert not ok(kind, {'t': 1.0, 'kind': 'turn'})
