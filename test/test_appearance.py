"""Recognising who was just here by their clothes."""

import numpy as np
from robochat.perception.appearance import Acquaintances, Recall, signature_of
from robochat.values import Box

FACE = Box(300, 80, 60, 70)


def dressed(colour: tuple[int, int, int], seed: int = 0, light: float = 1.0) -> np.ndarray:
    """A picture whose chest region has one colour with a little noise."""
    rng = np.random.default_rng(seed)
    picture = np.full((480, 640, 3), 200, np.uint8)
    noise = rng.normal(0, 6, (300, 240, 3))
    picture[160:460, 210:450] = np.clip(np.array(colour) * light + noise, 0, 255).astype(np.uint8)
    return picture


def signature(colour: tuple[int, int, int], seed: int = 0, light: float = 1.0) -> np.ndarray:
    found = signature_of(dressed(colour, seed, light), FACE)
    assert found is not None
    return found


def test_knows_again_who_comes_back_in_the_same_clothes_and_other_light():
    known = Acquaintances(300)
    known.note('person_1', signature((60, 120, 120)), 10.0)
    assert known.recognise(signature((60, 120, 120), 1, 0.85), 70.0, set()) == 'person_1'


def test_takes_nobody_for_someone_in_other_clothes():
    known = Acquaintances(300)
    known.note('person_1', signature((60, 120, 120)), 10.0)
    assert known.recognise(signature((170, 60, 50)), 70.0, set()) is None


def test_takes_nobody_for_someone_who_is_still_in_view():
    known = Acquaintances(300)
    known.note('person_1', signature((60, 120, 120)), 10.0)
    assert known.recognise(signature((60, 120, 120), 1), 11.0, {'person_1'}) is None


def test_does_not_guess_between_two_who_dress_alike():
    known = Acquaintances(300)
    known.note('person_1', signature((60, 120, 120)), 10.0)
    known.note('person_2', signature((60, 120, 120), 2), 10.0)
    assert known.recognise(signature((60, 120, 120), 3), 20.0, set()) is None


def test_forgets_after_the_time_given():
    known = Acquaintances(300)
    known.note('person_1', signature((60, 120, 120)), 10.0)
    assert known.recognise(signature((60, 120, 120)), 400.0, set()) is None


def test_forgets_when_the_clock_jumps_back():
    known = Acquaintances(300)
    known.note('person_1', signature((60, 120, 120)), 1000.0)
    assert known.recognise(signature((60, 120, 120)), 10.0, set()) is None


def test_has_no_signature_of_clothes_outside_the_picture():
    assert signature_of(dressed((60, 120, 120)), Box(300, 430, 60, 70)) is None


def test_a_new_track_of_someone_who_comes_back_gets_the_old_name():
    recall = Recall(300)
    teal, red = dressed((60, 120, 120)), dressed((170, 60, 50))
    assert recall.names(teal, {'person_1': FACE}, 0.0) == {'person_1': 'person_1'}
    assert recall.names(teal, {'person_2': FACE}, 70.0) == {'person_2': 'person_1'}
    assert recall.names(red, {'person_3': FACE}, 80.0) == {'person_3': 'person_3'}


def test_a_name_does_not_change_once_it_is_settled():
    recall = Recall(300)
    recall.names(dressed((60, 120, 120)), {'person_1': FACE}, 0.0)
    recall.names(dressed((170, 60, 50)), {'person_2': FACE}, 60.0)
    assert recall.names(dressed((60, 120, 120)), {'person_2': FACE}, 62.0) == {
        'person_2': 'person_2'
    }


def test_recalls_nobody_when_told_not_to():
    recall = Recall(0)
    recall.names(dressed((60, 120, 120)), {'person_1': FACE}, 0.0)
    assert recall.names(dressed((60, 120, 120)), {'person_2': FACE}, 9.0) == {
        'person_2': 'person_2'
    }
