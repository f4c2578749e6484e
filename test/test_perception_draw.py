from dataclasses import replace

import numpy as np
from perception_pictures import blank, frames, picture
import pytest
from robochat.config import Config
from robochat.perception.draw import annotate, describe, FACING, mood_color, MOODS, UNSURE
from robochat.perception.perceiver import Perceiver
from robochat.values import (
    Box,
    EMOTIONS,
    FaceObservation,
    ObjectObservation,
    Observation,
    Place,
    SceneObservation,
)

NOTHING = Observation(0.0, 640, 480)


def seen(name='happy'):
    perceiver = Perceiver(Config())
    return [perceiver.see(frame) for frame in frames(name, 12)][-1]


def changed(before, after):
    return (before != after).any(axis=2)


def test_the_given_picture_is_left_alone():
    rgb = picture('happy')
    kept = rgb.copy()
    assert changed(rgb, annotate(rgb, seen())).any()
    assert np.array_equal(rgb, kept)


def test_nothing_is_drawn_where_nothing_was_seen():
    assert np.array_equal(annotate(blank(), NOTHING), blank())


def test_a_certain_mood_has_its_colour_and_an_uncertain_one_a_question_mark():
    (face,) = seen().faces
    assert mood_color(face.emotion) == MOODS['happy']
    assert '?' not in describe(face)
    doubt = replace(face, emotion=replace(face.emotion, certain=False))
    assert mood_color(doubt.emotion) == UNSURE
    assert 'happy?' in describe(doubt)


def test_a_face_without_mood_or_distance_is_named_only():
    assert describe(FaceObservation('person_7', Box(0, 0, 9, 9), 0.8, 0.0)) == 'person_7'


def test_who_faces_the_robot_gets_the_green_mark():
    rgb = annotate(picture('happy'), seen())
    assert (rgb == FACING).all(axis=2).any()


def test_things_and_place_are_drawn():
    cup = ObjectObservation('cup_1', 'cup', 0.8, Box(300, 200, 60, 80))
    scene = SceneObservation(0.0, 640, 480, (cup,), Place('kitchen', 0.7))
    mask = changed(blank(), annotate(blank(), NOTHING, scene))
    assert mask[200:280, 300].any()
    assert mask[:20, :60].any()


def test_words_stand_along_the_lower_edge():
    mask = changed(blank(), annotate(blank(), NOTHING, caption='Hello \u2014 it\u2019s me. ' * 8))
    assert mask[470:].any()
    assert not mask[:200].any()


@pytest.mark.parametrize(
    'box', [Box(-500, -500, 80, 80), Box(630, 470, 400, 400), Box(5, 5, 0, 0)]
)
def test_boxes_beyond_the_picture_are_no_error(box):
    face = replace(seen().faces[0], box=box)
    thing = ObjectObservation('cup_1', 'cup', 0.8, box)
    scene = SceneObservation(0.0, 640, 480, (thing,))
    assert annotate(blank(), replace(NOTHING, faces=(face,)), scene).shape == (480, 640, 3)


@pytest.mark.parametrize('size', [(1, 1), (20, 30), (1080, 1920)])
def test_any_size_of_picture_will_do(size):
    rgb = np.zeros((*size, 3), np.uint8)
    assert annotate(rgb, seen(), caption='hello').shape == rgb.shape


def test_every_expression_has_a_colour():
    assert set(MOODS) == set(EMOTIONS)
