"""REP-155 messages as values: what is read, what is refused, what goes out."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace as Message

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not installed')

from robochat.ros.fields import ConvertError
from robochat.ros.hri import convert
from robochat.values import ActionPlan, Box, Emotion, EngagementState, PlanStep, Utterance
from std_msgs.msg import String

nan = math.nan


def roi(xmin=0.25, ymin=0.25, xmax=0.5, ymax=0.75):
    return Message(xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax, c=0.9)


def expression(name='sad', confidence=0.9, valence=-0.5, arousal=0.1):
    return Message(expression=name, confidence=confidence, valence=valence, arousal=arousal)


# --------------------------------------------------------------------------- ids
@pytest.mark.parametrize('name', ['a', 'anna', 'person_1', '_x', 'abcde', 'A' * 64])
def test_takes_what_can_stand_in_a_topic_name(name):
    assert convert.is_id(name)


@pytest.mark.parametrize(
    'name', ['', 'a/b', '../x', 'a b', '1abc', 'é', 'a\n', '~', 'x{y}', 'A' * 65, 'A' * 300]
)
def test_refuses_ids_that_no_topic_name_can_carry(name):
    assert not convert.is_id(name)
    if name:
        with pytest.raises(ConvertError):
            convert.id_from_msg(String(data=name))


def test_reads_a_list_and_counts_what_it_leaves_out():
    ids, bad = convert.ids_from_msg(Message(ids=['a', 'b', 'a', '', 'c/d', 'x' * 300]), 32)
    assert ids == ('a', 'b') and bad == 3


def test_bounds_a_list_of_a_million():
    ids, bad = convert.ids_from_msg(Message(ids=[f'p{n}' for n in range(100_000)]), 32)
    assert len(ids) == 32 and bad == 99_968


def test_an_empty_id_takes_an_old_one_back():
    assert convert.id_from_msg(String(data='')) == ''


# --------------------------------------------------------------------------- faces
def test_a_normalised_region_becomes_pixels():
    assert convert.box_from_msg(roi(), 640, 480) == Box(160.0, 120.0, 160.0, 240.0)


def test_an_older_region_has_pixels_already():
    old = Message(x_offset=10, y_offset=20, width=30, height=40)
    assert convert.box_from_msg(old, 640, 480) == Box(10.0, 20.0, 30.0, 40.0)


@pytest.mark.parametrize(
    'message',
    [
        roi(xmin=nan),
        roi(ymax=math.inf),
        roi(xmax=1e9),
        roi(xmin=-40.0),
        roi(xmin=0.5, xmax=0.5),
        roi(xmin=0.6, xmax=0.4),
        Message(x_offset=0, y_offset=0, width=2**32 - 1, height=10),
        Message(x_offset=0, y_offset=0, width=0, height=0),
    ],
)
def test_regions_that_are_none_are_refused(message):
    with pytest.raises(ConvertError):
        convert.box_from_msg(message, 640, 480)


@pytest.mark.parametrize(
    ('theirs', 'ours'),
    [('sad', 'sad'), ('scared', 'fear'), ('furious', 'angry'), ('Surprised', 'surprise')],
)
def test_an_expression_is_read_under_our_name(theirs, ours):
    emotion = convert.emotion_from_msg(expression(theirs), certain_from=0.6)
    assert emotion.label == ours and emotion.certain
    assert emotion.score == pytest.approx(0.9) and sum(emotion.scores) == pytest.approx(1.0)


def test_an_expression_that_is_not_sure_of_itself_is_uncertain():
    assert not convert.emotion_from_msg(expression(confidence=0.4), certain_from=0.6).certain


@pytest.mark.parametrize('name', ['', 'bored', 'asleep', 'wat', 'x' * 5000])
def test_an_expression_without_a_likeness_is_no_emotion(name):
    assert convert.emotion_from_msg(expression(name), certain_from=0.6) is None


@pytest.mark.parametrize('field', ['confidence', 'valence', 'arousal'])
def test_an_expression_that_is_not_a_number_is_refused(field):
    with pytest.raises(ConvertError):
        convert.emotion_from_msg(expression(**{field: nan}), certain_from=0.6)


def test_engagement_levels_follow_rep_155():
    names = [convert.engagement_from_msg(Message(level=n)).name for n in range(5)]
    assert names == ['UNKNOWN', 'DISENGAGED', 'ENGAGING', 'ENGAGED', 'DISENGAGING']
    with pytest.raises(ConvertError):
        convert.engagement_from_msg(Message(level=5))


# --------------------------------------------------------------------------- speech
@pytest.mark.parametrize('field', ['locale', 'language'])
def test_the_language_is_read_under_both_names(field):
    message = Message(final='Bonjour', incremental='', confidence=0.9, **{field: 'fr-FR'})
    speech = convert.speech_from_msg(message)
    assert speech.final == 'Bonjour' and speech.speaking
    assert speech.is_in('fr') and not speech.is_in('en')


def test_speech_of_a_version_without_a_language_is_taken():
    assert convert.speech_from_msg(Message(final='Hi', incremental='')).is_in('en')


def test_words_that_only_begin_are_not_final():
    speech = convert.speech_from_msg(Message(final='', incremental='Could you', locale='en_GB'))
    assert speech.speaking and not speech.final and speech.is_in('en')


def test_nothing_heard_is_nobody_speaking():
    assert not convert.speech_from_msg(Message(final=' \n', incremental='')).speaking


# --------------------------------------------------------------------------- what goes out
def test_an_expression_goes_out_under_their_name():
    emotion = Emotion('fear', 0.8, (0.0, 0.0, 0.8, 0.0, 0.1, 0.0, 0.1), -0.4, 0.6, True)
    message = convert.expression_to_msg(emotion, 5.0, Message)
    assert (message.expression, message.confidence) == ('scared', 0.8)
    assert message.header.stamp.sec == 5


def test_what_goes_out_comes_back_the_same():
    for state in EngagementState:
        message = convert.engagement_to_msg(state, 1.0, Message)
        assert convert.engagement_from_msg(message) is state


def test_words_are_an_intent_of_the_robot_itself():
    said = Utterance('turn_1', 'Good morning!', 1.0, addressee='anna', priority=999)
    intent = convert.utterance_to_intent(said, Message)
    assert (intent.intent, intent.source) == ('__intent_say__', '__myself__')
    assert intent.modality == '__modality_internal__' and intent.priority == 255
    data = json.loads(intent.data)
    assert data['object'] == 'Good morning!' and data['recipient'] == 'anna'


def test_a_plan_is_one_intent_with_its_steps():
    steps = tuple(PlanStep('pick', (('thing', f'cup_{n}'),)) for n in range(200))
    plan = ActionPlan('p1', 'fetch "cups"', steps, 1.0, status='accepted')
    data = json.loads(convert.plan_to_intent(plan, Message).data)
    assert data['object'] == 'fetch "cups"' and 'recipient' not in data
    assert data['other_data']['steps'][1] == 'pick(cup_1)'
    assert len(data['other_data']['steps']) == 200
